//! Limits the size of logged texts.

use std::borrow::Cow;

/// The longest logged text, in bytes, for each text of a request.
const TEXT_BYTES: usize = 16 << 20;

/// Returns `text`, or its beginning and a mark if it is too long.
pub(crate) fn truncate(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_BYTES {
        return Cow::Borrowed(text);
    }
    let kept = (0..=TEXT_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    Cow::Owned(format!("{}\n[cut: the log keeps {kept} of {} bytes]", &text[..kept], text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        assert!(truncate(text) == want, "{} bytes became {}", text.len(), truncate(text).len());
    }

    #[test]
    fn a_text_of_the_limit_is_kept_whole() {
        let text = "x".repeat(TEXT_BYTES);
        check(&text, &text);
    }

    #[test]
    fn a_longer_text_is_cut_between_characters_and_says_so() {
        let text = format!("{}é", "x".repeat(TEXT_BYTES - 1));
        check(&text, &format!("{}\n[cut: the log keeps 16777215 of 16777217 bytes]", &text[..TEXT_BYTES - 1]));
    }
}
