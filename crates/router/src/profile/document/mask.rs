//! Replaces secrets by stars, so that a snippet of the text can be shown. In doubt a value is a secret.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Replaces every secret of `table` in `text`, and the parts in `private`, by stars, byte for byte.
pub(crate) fn mask(text: &str, table: &DeTable<'_>, private: Vec<Range<usize>>) -> String {
    let mut spans = private;
    collect(table, false, &mut spans);
    stars(text, &spans)
}

/// Replaces everything that could be a secret in a text that is not TOML.
pub(crate) fn mask_unparsed(text: &str) -> String {
    let mut spans = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let (key, value) = line.split_once('=').unwrap_or(("", line));
        if is_secret_key(key) || key.is_empty() && line.contains(['"', '\'']) || could_hold_secret(value) {
            // The quotes stay, because the mistake is often there.
            let offset = start + line.len() - value.len();
            let inner = value.char_indices().filter(|(_, c)| !c.is_whitespace() && !"\"'[]{},#".contains(*c));
            spans.extend(inner.map(|(at, c)| offset + at..offset + at + c.len_utf8()));
        }
        start += line.len();
    }
    stars(text, &spans)
}

/// Returns `true` if the name of a key says that its value is a secret.
pub(crate) fn is_secret_key(name: &str) -> bool {
    let name = name.to_lowercase();
    ["key", "secret", "password", "authorization", "headers", "credential"].iter().any(|word| name.contains(word))
        || name.trim() == "token"
}

/// Returns `true` if `value` looks like a secret.
pub(crate) fn is_secret_value(value: &str) -> bool {
    let start = value.trim_start();
    ["sk-", "gsk_", "AIza", "Bearer ", "hf_", "xai-", "AKIA"].iter().any(|prefix| start.starts_with(prefix))
        || value.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
        || start.starts_with("http") && start.contains('?')
}

/// Returns `true` if `value` only names the source of a key.
pub(crate) fn is_reference(value: &str) -> bool {
    ["env:", "file:", "keyring:"].iter().any(|prefix| value.starts_with(prefix)) && !value.contains('\n')
}

fn could_hold_secret(value: &str) -> bool {
    value.split(['"', '\'']).any(is_secret_value)
}

fn collect(table: &DeTable<'_>, secret: bool, spans: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        value_spans(value, secret || is_secret_key(key.get_ref()), spans);
    }
}

fn value_spans(value: &Spanned<DeValue<'_>>, secret: bool, spans: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::String(text) if (secret && !is_reference(text)) || is_secret_value(text) => {
            let span = value.span();
            spans.push(span.start + 1..span.end.saturating_sub(1));
        }
        DeValue::Integer(_) | DeValue::Float(_) if secret => spans.push(value.span()),
        DeValue::Array(items) => items.iter().for_each(|item| value_spans(item, secret, spans)),
        DeValue::Table(table) => collect(table, secret, spans),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

fn stars(text: &str, spans: &[Range<usize>]) -> String {
    // A mark that turns the reading direction is not shown either.
    let mut bytes = text.replace('\u{61c}', "**").into_bytes();
    for span in spans {
        if let Some(part) = bytes.get_mut(span.clone()) {
            part.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| "*".repeat(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        let got = match DeTable::parse(text) {
            Ok(table) => mask(text, table.get_ref(), Vec::new()),
            Err(_) => mask_unparsed(text),
        };
        assert_eq!(got, want);
    }

    #[test]
    fn literal_keys_are_stars() {
        check(r#"api_key = "abc""#, r#"api_key = "***""#);
        check(r#"apikey = ["abc", "env:A"]"#, r#"apikey = ["***", "env:A"]"#);
        check("model = \"sk-abc\"", "model = \"******\"");
    }

    #[test]
    fn a_command_may_hold_a_secret() {
        check(r#"api_key = "cmd:x""#, r#"api_key = "*****""#);
    }

    #[test]
    fn passwords_in_urls_and_headers_are_stars() {
        check(r#"base_url = "http://a:b@c""#, r#"base_url = "************""#);
        check(r#"headers = { x = "abc" }"#, r#"headers = { x = "***" }"#);
        check(r#"base_url = "http://c/?k=1""#, r#"base_url = "*************""#);
    }

    #[test]
    fn other_values_stay() {
        check("tokens = 5\ntimeout = \"5s\"", "tokens = 5\ntimeout = \"5s\"");
    }

    #[test]
    fn a_text_that_is_not_toml_is_masked_by_its_looks() {
        check("api_key = \"abc\ntimeout = 5", "api_key = \"***\ntimeout = 5");
        check("x = \"sk-abc\" y", "x = \"******\" *");
    }
}
