//! The protocols by name. A new one is a folder with a `SPEC`, its `mod` line, and one line in the table below.

use super::Adapter;
use super::{anthropic, azure, bedrock, cohere, gemini, mock, ollama, openai, responses, vertex};
use crate::catalog::Quirks;

/// Everything that the rest of the program needs to know about a protocol.
pub(crate) struct ProtocolSpec {
    /// The name in a profile.
    pub(super) name: &'static str,
    /// The quirks of an unknown server that speaks it.
    pub(crate) quirks: Quirks,
    pub(super) adapter: &'static dyn Adapter,
}

macro_rules! protocols {
    ($($(#[doc = $doc:literal])+ $variant:ident => $module:ident,)+) => {
        /// A protocol that a provider speaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Protocol {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Protocol {
            /// All protocols, in the order of the documentation.
            pub const ALL: [Self; [$(Self::$variant),+].len()] = [$(Self::$variant),+];

            pub(crate) const fn spec(self) -> &'static ProtocolSpec {
                match self {
                    $(Self::$variant => &$module::SPEC,)+
                }
            }
        }
    };
}

protocols! {
    /// OpenAI chat completions, and servers compatible with them.
    Openai => openai,
    /// OpenAI Responses, and servers compatible with them.
    Responses => responses,
    /// Anthropic Messages.
    Anthropic => anthropic,
    /// The Gemini API.
    Gemini => gemini,
    /// Vertex AI, which serves each publisher's models in the publisher's own format.
    Vertex => vertex,
    /// Chat completions at Azure: different addresses and a different header for the key.
    Azure => azure,
    /// Converse of Amazon Bedrock.
    Bedrock => bedrock,
    /// Ollama's own chat.
    Ollama => ollama,
    /// Cohere Chat, version 2.
    Cohere => cohere,
    /// Simulated within this process.
    Mock => mock,
}

impl Protocol {
    /// The adapter for this protocol.
    #[must_use]
    pub fn adapter(self) -> &'static dyn Adapter {
        self.spec().adapter
    }

    /// The protocol with this name in a profile.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name)
    }

    /// The name in a profile.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.spec().name
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn names_are_unique() {
        for protocol in Protocol::ALL {
            assert_eq!(Protocol::named(protocol.as_str()), Some(protocol));
        }
    }

    /// The recipe for a protocol in CONTRIBUTING.md: nothing else in this crate names one.
    #[test]
    fn a_protocol_is_named_in_the_registry_and_in_rows_of_the_catalog_only() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![source.clone()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                let name = path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
                if path.is_dir() {
                    folders.extend((!name.ends_with("tests")).then_some(path));
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                let named =
                    Protocol::ALL.into_iter().find(|protocol| code.contains(&format!("Protocol::{protocol:?}")));
                let is_allowed = name == "catalog/providers.rs" || name.ends_with("tests.rs");
                assert!(is_allowed || named.is_none(), "{name} names {named:?}");
            }
        }
    }
}
