//! Removes secrets from foreign text: servers repeat keys in their messages.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter secrets are placeholders for servers that take no key; hiding them would garble messages.
const SHORTEST: usize = 8;
/// A run of this many characters of a secret gives it away, whole or cut, encoded or broken up.
const RUN: usize = 8;
/// The replacement of a secret.
const HIDDEN: &str = "[redacted]";

/// `text` without any run of eight or more characters of one of `secrets`.
///
/// Runs catch what whole matches miss: a key that was cut, or of which only `/` or `+` was
/// percent-encoded or escaped. Invisible characters are dropped first. The Base64 of a secret is hidden too, whatever
/// stands before it in the encoded text, and so is a secret in another case.
#[must_use]
pub fn redact(text: &str, secrets: &[&str]) -> String {
    if secrets.iter().all(|secret| secret.len() < SHORTEST) {
        return text.to_owned();
    }
    let seen: Vec<char> = text.chars().filter(|c| !is_invisible(*c)).collect();
    let mut hidden = vec![false; seen.len()];
    let folded: Vec<char> = seen.iter().map(char::to_ascii_lowercase).collect();
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        let secret_folded: Vec<char> = secret.chars().map(|c| c.to_ascii_lowercase()).collect();
        hide(&folded, &secret_folded, &mut hidden);
        for encoded in encodings(secret) {
            hide(&seen, &encoded, &mut hidden);
        }
    }
    if !hidden.contains(&true) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    for (index, c) in seen.iter().enumerate() {
        match (hidden[index], index > 0 && hidden[index - 1]) {
            (true, false) => clean.push_str(HIDDEN),
            (true, true) => {}
            (false, _) => clean.push(*c),
        }
    }
    clean
}

/// Marks the places in `text` that hold a run of `secret`.
fn hide(text: &[char], secret: &[char], hidden: &mut [bool]) {
    for start in 0..text.len().saturating_sub(RUN - 1) {
        let window = &text[start..start + RUN];
        if secret.windows(RUN).any(|run| run == window) {
            hidden[start..start + RUN].fill(true);
        }
    }
}

/// Returns the Base64 forms of `secret`: both alphabets, at each of the three offsets that it can have in a longer
/// text, without the characters that depend on its neighbours.
fn encodings(secret: &str) -> Vec<Vec<char>> {
    let mut forms = Vec::new();
    for offset in 0..3 {
        let padded = ["\0".repeat(offset).as_str(), secret].concat();
        let whole = padded.len() / 3 * 3;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&padded.as_bytes()[..whole]);
            let skipped = if offset == 0 { 0 } else { 4 };
            forms.push(encoded.chars().skip(skipped).collect());
        }
    }
    forms
}

/// `text` without whole `secrets`, `None` when it holds none: for bodies that are still to be read.
#[must_use]
pub(crate) fn without_whole(text: &str, secrets: &[&str]) -> Option<String> {
    let long = secrets.iter().filter(|secret| secret.len() >= SHORTEST);
    long.fold(None, |clean: Option<String>, secret| {
        let now = clean.as_deref().unwrap_or(text);
        if now.contains(*secret) { Some(now.replace(*secret, HIDDEN)) } else { clean }
    })
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{202a}'..='\u{202e}')
        || (c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-secretKEY123/abcdefXYZ0987";

    fn check(text: &str, want: &str) {
        assert_eq!(redact(text, &[KEY, "x"]), want);
    }

    #[test]
    fn a_secret_that_looks_like_what_stands_in_its_place_is_replaced_once() {
        assert_eq!(without_whole("my redacted key", &["redacted"]).as_deref(), Some("my [redacted] key"));
        assert_eq!(without_whole("my key", &["redacted"]), None);
    }

    #[test]
    fn a_whole_key_is_hidden() {
        check(&format!("bad key {KEY}!"), "bad key [redacted]!");
    }

    #[test]
    fn a_cut_or_encoded_key_is_hidden() {
        check("bad key sk-secretKEY123/abcd…", "bad key [redacted]…");
        check("sk-secretKEY123%2FabcdefXYZ0987", "[redacted]%2F[redacted]");
        check("sk-secretKEY123\\/abcdefXYZ0987", "[redacted]\\[redacted]");
        check("sk-sec\u{200b}retKEY123", "[redacted]");
    }

    #[test]
    fn the_base64_of_a_key_and_another_case_are_hidden() {
        for before in ["", "x", "xy", "me:", "Bearer "] {
            let encoded = STANDARD_NO_PAD.encode(format!("{before}{KEY}"));
            let clean = redact(&format!("got {encoded} here"), &[KEY]);
            assert!(clean.contains("[redacted]"), "{before}: {clean}");
            assert!(clean.len() < 40, "{before}: {clean}");
        }
        check("SK-SECRETKEY123/ABCDEFXYZ0987", "[redacted]");
    }

    #[test]
    fn other_text_stays() {
        check("model x not found", "model x not found");
        check("sk-secr", "sk-secr");
    }
}
