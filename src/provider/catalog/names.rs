//! Other names of providers, and whose models are called by their name alone. Chooses nothing.

/// Providers that make the models they offer: a bare `gpt-4o` is theirs, and not that of the many who
/// offer it too.
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

/// What LiteLLM calls providers (its documentation, "Supported Models & Providers"), and others do.
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

/// The name here of what others call `name`.
#[must_use]
pub fn canonical(name: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
}

#[cfg(test)]
mod tests {
    use super::super::row;
    use super::*;

    fn is_known(name: &str) -> bool {
        row(name).is_some()
    }

    #[test]
    fn every_name_leads_to_a_provider() {
        for name in FIRST_PARTY.iter().chain(ELSEWHERE.iter().map(|(_, ours)| ours)) {
            assert!(is_known(name), "{name}");
        }
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
