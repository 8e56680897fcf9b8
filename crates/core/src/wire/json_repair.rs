//! Repairs JSON that common servers write although no JSON parser accepts it.
//!
//! The repair runs only after a parser has refused the text, so well-formed replies do not pay for it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The first character that stands for a surrogate: the last 2,048 code points of Unicode, which are for private
/// use, mirror U+D800 to U+DFFF.
const MARKS: u32 = 0x10_F800;
/// The first surrogate.
const SURROGATES: u32 = 0xD800;

/// Returns `text` as JSON that a parser accepts, or `None` when there is nothing to repair.
///
/// `NaN`, infinities and numbers beyond the range of a float become `null`. Control characters in strings are
/// escaped. A surrogate without its other half becomes a mark that `surrogate` recognises: the other half may
/// stand in the next frame.
#[must_use]
pub fn repair(text: &str) -> Option<String> {
    let (mut out, mut rest, mut changed) = (String::with_capacity(text.len()), text, false);
    while let Some(first) = rest.chars().next() {
        let (taken, written) = match first {
            '"' => string(rest),
            'N' | 'I' | '-' | '0'..='9' => number(rest),
            _ => (first.len_utf8(), Cow::Borrowed(&rest[..first.len_utf8()])),
        };
        changed |= written != rest[..taken];
        out.push_str(&written);
        rest = &rest[taken..];
    }
    changed.then_some(out)
}

/// Returns the surrogate that a mark of [`repair`] stands for.
#[must_use]
pub(crate) fn surrogate(mark: char) -> Option<u16> {
    u16::try_from(u32::from(mark).checked_sub(MARKS)? + SURROGATES).ok()
}

/// Takes a number or a word for one; `null` replaces what JSON does not have.
fn number(text: &str) -> (usize, Cow<'_, str>) {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
    let end = text.find(|c| !part(c)).unwrap_or(text.len()).max(1);
    let token = &text[..end];
    let is_finite = token.parse::<f64>().map_or(true, f64::is_finite);
    (end, Cow::Borrowed(if is_finite { token } else { "null" }))
}

/// Takes a string, from quote to quote or to the end of the text.
fn string(text: &str) -> (usize, Cow<'_, str>) {
    let end = end_of_string(text);
    let token = &text[..end];
    let is_odd = |at: usize| token.as_bytes()[at] < 0x20 || is_surrogate(escaped(token, at));
    if !(0..end).any(is_odd) {
        return (end, Cow::Borrowed(token));
    }
    let (mut out, mut at) = (String::with_capacity(end), 0);
    while let Some(c) = token[at..].chars().next() {
        match (c, escaped(token, at)) {
            ('\\', Some(0xD800..=0xDBFF)) if matches!(escaped(token, at + 6), Some(0xDC00..=0xDFFF)) => {
                out.push_str(&token[at..at + 12]);
                at += 12;
            }
            ('\\', Some(unit)) if is_surrogate(Some(unit)) => {
                out.extend(char::from_u32(u32::from(unit) - SURROGATES + MARKS));
                at += 6;
            }
            ('\\', _) => {
                let next = token[at + 1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&token[at..at + 1 + next]);
                at += 1 + next;
            }
            (c, _) if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
                at += 1;
            }
            (c, _) => {
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
    (end, Cow::Owned(out))
}

fn end_of_string(text: &str) -> usize {
    let mut escape = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escape => escape = false,
            b'\\' => escape = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the code unit of the escape `\uXXXX` at `at`.
fn escaped(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

fn is_surrogate(unit: Option<u16>) -> bool {
    matches!(unit, Some(0xD800..=0xDFFF))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(text: &str, want: &Value) {
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text} needs no repair");
        let repaired = repair(text).expect(text);
        assert_eq!(&serde_json::from_str::<Value>(&repaired).expect(&repaired), want, "{repaired}");
    }

    fn marked(text: &str) -> String {
        text.chars().map(|c| surrogate(c).map_or_else(|| c.to_string(), |unit| format!("<{unit:x}>"))).collect()
    }

    #[test]
    fn numbers_that_json_does_not_have_become_null() {
        check(r#"{"a":NaN,"b":[-Infinity,Infinity,1]}"#, &json!({"a": null, "b": [null, null, 1]}));
        check(r#"{"a":1e999,"b":"NaN"}"#, &json!({"a": null, "b": "NaN"}));
    }

    #[test]
    fn a_lone_surrogate_becomes_a_mark() {
        for (text, want) in [
            (r#""cut \ud83d here""#, "cut <d83d> here"),
            (r#""\ude00 bye""#, "<de00> bye"),
            (r#""\ud83d\ude00 \ud83d""#, "😀 <d83d>"),
            (r#""\ud83d\ud83d\ude00""#, "<d83d>😀"),
            (r#""\\ud83d \ud83d""#, "\\ud83d <d83d>"),
        ] {
            let repaired = repair(text).expect(text);
            assert_eq!(marked(&serde_json::from_str::<String>(&repaired).expect(&repaired)), want);
        }
    }

    #[test]
    fn control_characters_in_strings_are_escaped() {
        check("{\"a\":\"x\ny\t\"}", &json!({"a": "x\ny\t"}));
    }

    #[test]
    fn valid_json_and_other_text_are_left_alone() {
        for text in ["{\"a\":1.5e3,\"b\":\"\\ud83d\\ude00\"}", "", "hello", "{\"a\":", "Information", "\"\\"] {
            assert_eq!(repair(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(pieces in prop::collection::vec(prop::sample::select(vec![
            "\"", "\\", "\\u", "\\ud83d", "\\ude00", "é", "NaN", "-", "1e999", "{", "\n", "a",
        ]), 0..20)) {
            let text = pieces.concat();
            if let Some(repaired) = repair(&text) {
                // A second repair finds nothing left to do.
                prop_assert_eq!(repair(&repaired), None);
            }
        }
    }
}
