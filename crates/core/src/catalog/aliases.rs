//! Aliases of providers, and the providers of bare model names.

use std::borrow::Cow;

/// Providers that make the models they offer: a bare `gpt-4o` is theirs, and not that of the many hosts that
/// offer it, too.
pub const FIRST_PARTY: &[&str] = &[
    "openai",
    "anthropic",
    "gemini",
    "mistral",
    "deepseek",
    "xai",
    "cohere",
    "moonshot",
    "zai",
    "alibaba",
    "minimax",
    "perplexity",
    "upstage",
    "inception",
];

/// The provider names of LiteLLM (its documentation, "Supported Models & Providers") and of other tools.
const ELSEWHERE: &[(&str, &str)] = &[
    ("cohere_chat", "cohere"),
    ("dashscope", "alibaba"),
    ("fireworks_ai", "fireworks"),
    ("friendliai", "friendli"),
    ("google", "gemini"),
    ("hosted_vllm", "vllm"),
    ("litellm_proxy", "litellm"),
    ("lm_studio", "lmstudio"),
    ("moonshotai", "moonshot"),
    ("nvidia_nim", "nvidia"),
    ("ollama_chat", "ollama"),
    ("together_ai", "together"),
    ("vercel_ai_gateway", "vercel"),
    ("vertex_ai", "vertex"),
];

/// Providers whose models are partly listed under another provider: one service with two rows.
const TWO_ROWS: &[(&str, &str)] = &[
    ("vertex", "vertex-anthropic"),
    ("vertex-anthropic", "vertex"),
    ("openai-responses", "openai"),
    ("azure-responses", "azure"),
];

/// Publishers whose name can precede a model at a service with several publishers.
const PUBLISHERS: &[&str] = &["google/", "anthropic/"];

/// The name of the default version of a model.
const UNASKED: &str = "@default";

/// The names that a table of models may have for `model` at `provider`, as provider and model; the
/// nearest first.
pub fn in_table<'n>(provider: &'n str, model: &'n str) -> impl Iterator<Item = (&'n str, Cow<'n, str>)> {
    let other = TWO_ROWS.iter().find(|(row, _)| *row == provider).map(|(_, other)| *other);
    let short = PUBLISHERS.iter().find_map(|publisher| model.strip_prefix(publisher)).unwrap_or(model);
    let rows = other.into_iter().flat_map(move |other| {
        let plain = [(provider, Cow::Borrowed(short)), (other, Cow::Borrowed(short))];
        plain.into_iter().chain([provider, other].map(|row| (row, Cow::Owned(format!("{short}{UNASKED}")))))
    });
    std::iter::once((provider, Cow::Borrowed(model))).chain(rows)
}

/// The name here of what others call `name`.
#[must_use]
pub fn canonical(name: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
}

#[cfg(test)]
mod tests {
    use super::super::provider;
    use super::*;

    fn is_known(name: &str) -> bool {
        provider(name).is_some()
    }

    #[test]
    fn every_name_leads_to_a_provider() {
        for name in FIRST_PARTY.iter().chain(ELSEWHERE.iter().map(|(_, ours)| ours)) {
            assert!(is_known(name), "{name}");
        }
    }

    #[test]
    fn a_service_with_two_rows_is_looked_up_in_both() {
        let names = |provider, model| -> Vec<String> {
            in_table(provider, model).map(|(row, name)| format!("{row}/{name}")).collect()
        };
        assert_eq!(names("openai", "gpt-4o"), ["openai/gpt-4o"]);
        assert_eq!(
            names("vertex", "anthropic/claude-x"),
            [
                "vertex/anthropic/claude-x",
                "vertex/claude-x",
                "vertex-anthropic/claude-x",
                "vertex/claude-x@default",
                "vertex-anthropic/claude-x@default",
            ]
        );
    }

    #[test]
    fn a_name_of_our_own_is_no_other_name() {
        for (theirs, ours) in ELSEWHERE {
            assert!(!is_known(theirs), "{theirs}");
            assert_eq!(canonical(theirs), Some(*ours));
        }
        assert_eq!(canonical("openai"), None);
    }
}
