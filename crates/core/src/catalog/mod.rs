//! Facts about providers: rows of data, chosen by name and read by the adapters.
//!
//! A difference between providers is a value here; the adapters use values, never names.

mod address;
pub mod aliases;
pub mod models;
mod providers;
mod quirks;

use url::Url;

pub use address::{base_url, is_home};
pub use quirks::{Attachments, Auth, EffortField, Prefill, Quirks, SchemaDialect, SchemaSupport};

use crate::protocols::{Endpoint, Protocol};

/// One provider.
#[derive(Debug, Clone, Copy)]
pub struct ProviderRow {
    /// The name in `provider/model`.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// The address of its API; `{NAME}` is replaced by the value of a variable, `{region}` by the region.
    pub base_url: &'static str,
    /// Variables that may hold its key, the usual one first; empty when it takes none.
    pub env: &'static [&'static str],
    /// The variable that overrides `base_url`, if there is a usual one.
    pub base_env: Option<&'static str>,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// Its differences from the protocol.
    pub quirks: Quirks,
    /// The row to take at its own address for models that call tools in full only there.
    pub for_tools: Option<&'static str>,
    /// A current general model of it, for a start without a profile.
    pub default_model: Option<&'static str>,
}

impl ProviderRow {
    /// Returns `true` if its address contains a region.
    fn is_regional(&self) -> bool {
        self.base_url.contains("{region}")
    }

    /// `true` if it answers without a key (usually a server on this machine).
    #[must_use]
    pub fn key_is_optional(&self) -> bool {
        self.base_url.starts_with("http://localhost")
    }
}

/// The row of `id`, if the provider is known.
#[must_use]
pub fn provider(id: &str) -> Option<&'static ProviderRow> {
    providers().iter().find(|row| row.id == id)
}

/// The row of the service that alone speaks `protocol`, in many regions.
#[must_use]
pub fn regional_provider(protocol: Protocol) -> Option<&'static ProviderRow> {
    providers().iter().find(|row| row.protocol == protocol && row.is_regional())
}

/// All rows.
#[must_use]
pub fn providers() -> &'static [ProviderRow] {
    providers::PROVIDERS
}

/// Returns `true` if `to` supports prefill.
#[must_use]
pub fn takes_prefill(to: &Endpoint) -> bool {
    let known = || to.known.as_ref().and_then(|model| model.prefill);
    match to.quirks.prefill {
        Prefill::Never => false,
        Prefill::KnownModels => known() == Some(true),
        Prefill::Always => known() != Some(false),
    }
}

/// The base URL that the value of a row's `base_env` means: it may lack the scheme and, for a
/// server on this machine, the port; an address to listen on (`0.0.0.0`) is reached over loopback.
#[must_use]
pub fn base_from_env(row: &ProviderRow, value: &str) -> Option<Url> {
    let value = value.trim();
    let usual = Url::parse(row.base_url).ok()?;
    let bare = !value.contains("://");
    let mut url = Url::parse(&if bare { format!("{}://{value}", usual.scheme()) } else { value.to_owned() }).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return None;
    }
    // An explicit `:80` in a bare value is intended, and `Url` hides it.
    let port_written = value.rsplit(']').next()?.split('/').next()?.contains(':');
    if bare && !port_written && url.port().is_none() && usual.port().is_some() {
        url.set_port(usual.port()).ok()?;
    }
    if matches!(url.host_str(), Some("0.0.0.0" | "[::]")) {
        url.set_host(Some("127.0.0.1")).ok()?;
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Prompt, Secret};

    #[test]
    fn rows_have_unique_names_and_valid_addresses() {
        let mut ids: Vec<_> = providers().iter().map(|row| row.id).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
        for row in providers() {
            let url = Url::parse(&base_url(row, |_| Some("x.example")).unwrap()).unwrap();
            assert!(url.scheme() == "https" || row.key_is_optional(), "{}", row.id);
            assert!(!row.id.contains('/') && !row.base_url.ends_with('/') && !row.name.is_empty(), "{}", row.id);
            let has_own = row.quirks.auth == Auth::GoogleToken;
            assert!(!row.env.is_empty() || row.key_is_optional() || has_own, "{}", row.id);
            for name in row.env.iter().chain(&row.base_env) {
                assert!(name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'), "{name}");
            }
        }
        assert!(providers().len() >= 40);
    }

    /// The recipe for a compatible provider in CONTRIBUTING.md: a row like this one, and nothing else.
    #[test]
    fn a_compatible_provider_is_one_row() {
        const ROW: ProviderRow = ProviderRow {
            quirks: Quirks { seed: Some("random_seed"), ..Quirks::PLAIN },
            ..providers::chat("lab", "Lab", "https://api.lab.test", &["LAB_API_KEY"])
        };
        let to = Endpoint {
            protocol: ROW.protocol,
            base_url: Url::parse(ROW.base_url).unwrap(),
            quirks: ROW.quirks,
            ..crate::protocols::tests::endpoint(ROW.id, "m")
        };
        let mut prompt = Prompt::user("hello");
        prompt.sampling.seed = Some(7);
        let request = to.encode(Some(&Secret::new("sk-1")), &prompt).unwrap().request;
        assert_eq!(request.url.as_str(), "https://api.lab.test/v1/chat/completions");
        assert_eq!(request.headers["authorization"], "Bearer sk-1");
        assert!(String::from_utf8_lossy(&request.body).contains("\"random_seed\":7"));
        let reply = b"data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n";
        assert_eq!(crate::protocols::tests::decode_all(&to, &[reply]).unwrap().text, "hi");
        assert!(is_home(&ROW, &to.base_url));
    }

    #[test]
    fn a_row_for_tools_is_at_the_same_address_with_the_same_keys() {
        for (one, other) in providers().iter().filter_map(|one| Some((one, provider(one.for_tools?).unwrap()))) {
            assert_eq!((one.base_url, one.env, one.base_env), (other.base_url, other.env, other.base_env));
            assert_ne!(one.protocol, other.protocol);
        }
        assert_eq!(provider("openai").unwrap().for_tools, Some("openai-responses"));
    }

    #[test]
    fn default_models_are_in_the_table_and_in_service() {
        for row in providers() {
            let Some(name) = row.default_model else { continue };
            let model = models::find(row.id, name).unwrap_or_else(|| panic!("{}/{name}", row.id));
            assert_eq!(model.status, models::Status::Current, "{}/{name}", row.id);
        }
        assert!(providers().iter().filter(|row| row.default_model.is_some()).count() >= 10);
    }

    #[test]
    fn a_base_from_the_environment_may_be_short() {
        let check = |id: &str, value: &str, want: Option<&str>| {
            let got = base_from_env(provider(id).unwrap(), value);
            assert_eq!(got.as_ref().map(Url::as_str), want, "{value}");
        };
        check("ollama", "192.168.0.2", Some("http://192.168.0.2:11434/"));
        check("ollama", "0.0.0.0", Some("http://127.0.0.1:11434/"));
        check("ollama", "box:80", Some("http://box/"));
        check("ollama", "[::1]", Some("http://[::1]:11434/"));
        check("ollama", "https://box/ollama", Some("https://box/ollama"));
        check("ollama", "http://box", Some("http://box/"));
        check("openai", "http://127.0.0.1:8080/v1", Some("http://127.0.0.1:8080/v1"));
        check("openai", "proxy.test", Some("https://proxy.test/"));
        check("openai", "ftp://x", None);
        check("openai", "", None);
    }
}
