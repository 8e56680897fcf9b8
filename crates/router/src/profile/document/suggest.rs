//! What a misspelt name was meant to be.

/// Names from other tools, and what they are called here.
const ALIASES: &[(&str, &str)] = &[
    ("api_base", "base_url"),
    ("url", "base_url"),
    ("endpoint", "base_url"),
    ("key", "api_key"),
    ("token", "api_key"),
    ("api_keys", "api_key"),
    ("max_attempts", "num_retries"),
    ("max_retries", "num_retries"),
    ("retries", "num_retries"),
    ("strategy", "routing_strategy"),
    ("stream_timeout", "first_token_timeout"),
    ("ttft_timeout", "first_token_timeout"),
    ("request_timeout", "timeout"),
    ("priority", "order"),
    ("cooldown", "cooldown_time"),
    ("max_input_tokens", "context_window"),
    ("context_length", "context_window"),
    ("fallback", "fallbacks"),
    ("models", "deployments"),
    ("members", "deployments"),
    ("model_list", "deployments"),
    ("model_name", "model"),
    ("router_settings", "router"),
    ("provider", "providers"),
    ("group", "groups"),
    ("default_model", "default_group"),
    ("type", "protocol"),
    ("extra_headers", "headers"),
    ("extra_body", "params"),
];

/// How alike two names must be, by Jaro-Winkler.
const ALIKE: f64 = 0.8;

/// The candidate that is most like `word`, if one is alike.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| (likeness(&word, &plain(candidate)), candidate))
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The field that `word` was meant to be, among `names`; knows what other tools call them.
pub(crate) fn field<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let aliases = || ALIASES.iter().filter(|(_, name)| names.contains(name)).map(|(alias, _)| *alias);
    let found = nearest(word, names.iter().copied().chain(aliases()))?;
    let name = ALIASES.iter().find(|(alias, _)| *alias == found && !names.contains(alias)).map_or(found, |row| row.1);
    names.iter().copied().find(|known| *known == name)
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
    if names.is_empty() { "there is none yet".into() } else { format!("one of {}", names.join(", ")) }
}

/// Jaro-Winkler, which is too strict for one wrong letter in a short name.
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
