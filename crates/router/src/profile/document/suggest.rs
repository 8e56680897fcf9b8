//! Suggestions for misspelt names, and for names that other tools use.

/// Keys of other tools, and their names here.
const ALIASES: &[(&str, &str)] = &[
    ("api_base", "base_url"),
    ("url", "base_url"),
    ("endpoint", "base_url"),
    ("key", "api_key"),
    ("token", "api_key"),
    ("api_keys", "api_key"),
    ("api_version", "query"),
    ("max_attempts", "num_retries"),
    ("max_retries", "num_retries"),
    ("retries", "num_retries"),
    ("retry_after", "max_wait"),
    ("strategy", "routing_strategy"),
    ("stream_timeout", "first_token_timeout"),
    ("ttft_timeout", "first_token_timeout"),
    ("request_timeout", "timeout"),
    ("priority", "order"),
    ("cooldown", "cooldown_time"),
    ("max_budget", "budget"),
    ("budget_duration", "budget"),
    ("max_input_tokens", "context_window"),
    ("context_length", "context_window"),
    ("fallback", "fallbacks"),
    ("models", "deployments"),
    ("members", "deployments"),
    ("model_list", "deployments"),
    ("model_name", "model"),
    ("router_settings", "router"),
    ("provider", "providers"),
    ("custom_llm_provider", "protocol"),
    ("group", "groups"),
    ("default_model", "default_group"),
    ("type", "protocol"),
    ("extra_headers", "headers"),
    ("extra_body", "params"),
];

/// Keys of other tools that have no single counterpart here.
const ADVICE: &[(&str, &str)] = &[
    ("model_list", "write `[groups.NAME]` with `deployments = [{ model = \"PROVIDER/MODEL\" }]` for each `model_name`"),
    ("litellm_params", "write its keys in the deployment itself: `{ model = \"PROVIDER/MODEL\", … }`"),
    ("litellm_settings", "routing is set in `[router]`"),
    ("general_settings", "there is no server to configure"),
];

/// Protocols by the names of other tools.
const PROTOCOLS: &[(&str, &str)] = &[
    ("custom", "openai"),
    ("custom_openai", "openai"),
    ("openai_like", "openai"),
    ("openai_compatible", "openai"),
    ("vertex_ai", "vertex"),
    ("google", "gemini"),
    ("aws", "bedrock"),
];

/// The least similarity of two names, by Jaro-Winkler.
const ALIKE: f64 = 0.8;

/// The candidate that is most like `word`, if one is similar enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| (likeness(&word, &plain(candidate)), candidate))
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The field among `names` that `word` is a misspelling or an alias of.
pub(crate) fn field<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let aliases = || ALIASES.iter().filter(|(alias, name)| names.contains(name) && !names.contains(alias));
    let found = nearest(word, names.iter().copied().chain(aliases().map(|(alias, _)| *alias)))?;
    let name = aliases().find(|(alias, _)| *alias == found).map_or(found, |(_, name)| name);
    names.iter().copied().find(|known| *known == name)
}

/// The name here of a key of another tool, if possible one of `names`.
pub(crate) fn alias(word: &str, names: &[&str]) -> Option<&'static str> {
    let word = plain(word);
    let known = || ALIASES.iter().filter(|(alias, _)| *alias == word).map(|(_, name)| *name);
    known().find(|name| names.contains(name)).or_else(|| known().next())
}

/// Advice about a key of another tool.
pub(crate) fn advice(word: &str) -> Option<&'static str> {
    ADVICE.iter().find(|(name, _)| *name == plain(word)).map(|(_, advice)| *advice)
}

/// The name here of a protocol of another tool.
pub(crate) fn protocol(word: &str) -> Option<&'static str> {
    PROTOCOLS.iter().find(|(alias, _)| *alias == plain(word)).map(|(_, name)| *name)
}

/// Returns `true` if `word` is one slip away from one of `names`.
pub(crate) fn is_slip(word: &str, names: &[&str]) -> bool {
    let word = plain(word);
    word.len() > 2 && names.iter().any(|name| strsim::osa_distance(&word, name) == 1)
}

/// `did you mean …`, or the list of what there is.
pub(crate) fn help<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, candidates.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => one_of(candidates),
    }
}

/// `one of a, b, c`.
pub(crate) fn one_of<'a>(candidates: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = candidates.into_iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "there are none".into() } else { format!("one of {}", names.join(", ")) }
}

/// Jaro-Winkler similarity, which alone is too strict for one wrong letter in a short name.
fn likeness(a: &str, b: &str) -> f64 {
    let score = strsim::jaro_winkler(a, b);
    if a.len().min(b.len()) >= 3 && strsim::osa_distance(a, b) == 1 { score.max(ALIKE) } else { score }
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, want: Option<&str>) {
        let names = ["num_retries", "timeout", "deadline", "routing_strategy", "fallbacks"];
        assert_eq!(field(word, &names), want, "{word}");
    }

    #[test]
    fn misspelt() {
        check("num_retrys", Some("num_retries"));
        check("dead-line", Some("deadline"));
    }

    #[test]
    fn called_differently_elsewhere_and_misspelt() {
        check("max-atempts", Some("num_retries"));
        check("strategy", Some("routing_strategy"));
    }

    #[test]
    fn unlike_everything() {
        check("colour", None);
    }

    #[test]
    fn an_alias_of_a_field_that_is_not_of_this_table_is_no_suggestion() {
        check("api_base", None);
    }
}
