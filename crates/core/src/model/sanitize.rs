//! Text that cannot move a cursor, change a colour or turn the reading direction: what a model or a
//! server sends must not steer the terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with its line breaks and tabs, and a visible mark for every other control.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    // A line break of two characters is one, and no harm.
    let text = text.replace("\r\n", "\n");
    Cow::Owned(text.chars().map(harmless).collect())
}

/// As [`text`], but keeps sequences that only choose a colour, for text coloured by us.
#[must_use]
pub fn styled(given: &str) -> String {
    let mut out = String::with_capacity(given.len());
    let mut rest = given;
    while let Some(at) = rest.find("\u{1b}[") {
        let (before, sequence) = rest.split_at(at);
        out.push_str(&text(before));
        let end = sequence[2..].find(|c: char| !c.is_ascii_digit() && c != ';').map_or(sequence.len(), |end| 2 + end);
        let end = if sequence[end..].starts_with('m') { end + 1 } else { 0 };
        out.push_str(&sequence[..end]);
        // Other sequences lose their escape character.
        if end == 0 {
            out.push(harmless('\u{1b}'));
        }
        rest = &sequence[end.max(1)..];
    }
    out.push_str(&text(rest));
    out
}

/// `c`, or a visible mark for a control that is neither a line break nor a tab.
#[must_use]
pub fn harmless(c: char) -> char {
    if is_harmful(c) { picture(c) } else { c }
}

/// `line` of JSON with what serde leaves unescaped escaped: the same value, in harmless bytes.
#[must_use]
pub fn json(line: &str) -> Cow<'_, str> {
    if !line.contains(is_harmful) {
        return Cow::Borrowed(line);
    }
    let mut escaped = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if is_harmful(c) {
            write!(escaped, "\\u{:04x}", u32::from(c)).expect("a string takes everything");
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

fn is_harmful(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && c != '\n' && c != '\t')
}

/// Unicode has pictures for ASCII's controls only.
fn picture(c: char) -> char {
    match u32::from(c) {
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or(char::REPLACEMENT_CHARACTER),
        0x7f => '\u{2421}',
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, want: &str) {
        assert_eq!(text(given), want);
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        check("a\tb\nç 🙂 ‍", "a\tb\nç 🙂 ‍");
    }

    #[test]
    fn only_colours_of_our_own_stay() {
        assert_eq!(
            styled("\u{1b}[1;31merror\u{1b}[0m: a\u{1b}[2Jb\u{1b}[31\u{1b}"),
            "\u{1b}[1;31merror\u{1b}[0m: a␛[2Jb␛[31␛"
        );
        assert_eq!(styled("plain"), "plain");
    }

    #[test]
    fn escape_sequences_lose_their_escape() {
        check("\u{1b}[31mred\u{9b}0m\u{7f}\r", "␛[31mred\u{fffd}0m␡␍");
    }

    #[test]
    fn a_line_break_of_two_characters_is_one() {
        check("a\r\nb\rc", "a\nb␍c");
    }

    #[test]
    fn the_reading_direction_cannot_be_turned() {
        check("a\u{202e}b\u{2066}", "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({"text": "a\u{9b}b\u{1b}c\u{202e}d\u{7f}"});
        let line = json(&value.to_string()).into_owned();
        assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
    }
}
