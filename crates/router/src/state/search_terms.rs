//! Words to search for in a text. The input has words only: no operators, no quotes.
//!
//! A word of the text is a run of letters and digits, compared case-insensitively. `word*` matches a
//! prefix. Scripts without spaces are searched anywhere in the text.

/// The words of a search; all of them must occur.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchTerms(Vec<SearchTerm>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct SearchTerm {
    text: String,
    kind: TermKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TermKind {
    Whole,
    Beginning,
    Anywhere,
}

impl SearchTerms {
    /// Parses the words in `typed`.
    #[must_use]
    pub fn of(typed: &str) -> Self {
        let terms = typed.split_whitespace().flat_map(|chunk| {
            let beginning = chunk.ends_with('*');
            let mut words: Vec<String> = runs(chunk).map(folded).collect();
            let last = words.len().saturating_sub(1);
            words
                .drain(..)
                .enumerate()
                .map(move |(at, text)| SearchTerm { kind: kind(&text, beginning && at == last), text })
                .collect::<Vec<_>>()
        });
        Self(terms.collect())
    }

    /// Returns `true` if there is nothing to search for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `true` if every word occurs in one of `texts`.
    #[must_use]
    pub(crate) fn all_occur_in(&self, texts: &[&str]) -> bool {
        let mut missing: Vec<&SearchTerm> = self.0.iter().collect();
        for text in texts {
            if missing.is_empty() {
                break;
            }
            if missing.iter().any(|term| term.kind == TermKind::Anywhere) {
                let text = folded(text);
                missing.retain(|term| term.kind != TermKind::Anywhere || !text.contains(&term.text));
            }
            for word in runs(text).map(folded) {
                missing.retain(|term| !term.is(&word));
            }
        }
        missing.is_empty()
    }

    /// The words that SQLite's index certainly contains, as an expression of it; `None` if it contains
    /// none of them. Its matches are checked again: it finds more rather than fewer.
    pub(super) fn expression(&self) -> Option<String> {
        let known = self.0.iter().filter(|term| term.is_indexed());
        let terms: Vec<String> = known
            .map(|term| match term.kind {
                TermKind::Beginning => format!("\"{}\"*", term.text),
                TermKind::Whole | TermKind::Anywhere => format!("\"{}\"", term.text),
            })
            .collect();
        (!terms.is_empty()).then(|| terms.join(" AND "))
    }
}

/// The words of `texts` for the index, so that its own treatment of other characters does not matter.
pub(super) fn indexed(texts: [&str; 2]) -> String {
    texts.iter().flat_map(|text| runs(text)).map(folded).collect::<Vec<_>>().join(" ")
}

impl SearchTerm {
    fn is(&self, word: &str) -> bool {
        match self.kind {
            TermKind::Whole => word == self.text,
            TermKind::Beginning => word.starts_with(&self.text),
            TermKind::Anywhere => false,
        }
    }

    /// Returns `true` if the tokenizer (Unicode 6.1) also treats its characters as letters and digits: those of the
    /// European alphabets are.
    fn is_indexed(&self) -> bool {
        self.kind != TermKind::Anywhere
            && self.text.chars().all(|c| matches!(u32::from(c), 0..0x250 | 0x386..0x482 | 0x48a..0x524))
    }
}

/// Runs of letters and digits.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty())
}

/// Lowercases character by character, independently of context.
fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn kind(text: &str, beginning: bool) -> TermKind {
    let spaceless = |c: char| matches!(u32::from(c), 0x0e00..0x1000 | 0x1780..0x1800 | 0x3040..0xa000 | 0xac00..0xd7b0 | 0xf900..0xfb00 | 0x2_0000..0x4_0000);
    match (text.contains(spaceless), beginning) {
        (true, _) => TermKind::Anywhere,
        (false, true) => TermKind::Beginning,
        (false, false) => TermKind::Whole,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(typed: &str, text: &str, want: bool) {
        assert_eq!(SearchTerms::of(typed).all_occur_in(&[text]), want, "`{typed}` in `{text}`");
    }

    #[test]
    fn words_are_whole_and_in_any_order_and_case() {
        check("sky BLUE", "Why is the blue Sky?", true);
        check("sky", "skyline", false);
        check("sky green", "the sky is blue", false);
        check("ÄRGER", "ärger", true);
    }

    #[test]
    fn a_star_finds_what_begins_so() {
        check("sky*", "skyline", true);
        check("line*", "skyline", false);
    }

    #[test]
    fn operators_and_quotes_are_nothing() {
        for typed in ["\"sky\"", "sky-", "(sky", "^sky", "sky:", "sky'; --", "{sky}", "+sky"] {
            check(typed, "the sky", true);
        }
        check("sky OR sea", "the sky", false);
        check("NOT sky", "the sky", false);
        check("don't", "I don't", true);
    }

    #[test]
    fn scripts_without_spaces_are_found_anywhere() {
        check("質問", "日本語の質問です", true);
        check("回答", "日本語の質問です", false);
    }

    #[test]
    fn the_words_may_be_in_different_texts() {
        assert!(SearchTerms::of("one two").all_occur_in(&["only one", "and two"]));
    }

    #[test]
    fn nothing_to_look_for_is_known_as_such() {
        for typed in ["", "  ", "\"*\"", "-- ( )"] {
            assert!(SearchTerms::of(typed).is_empty(), "{typed}");
        }
    }

    #[test]
    fn only_what_the_index_knows_is_asked_of_it() {
        let expression = |typed| SearchTerms::of(typed).expression();
        assert_eq!(expression("Sky blu* 質問").as_deref(), Some("\"sky\" AND \"blu\"*"));
        assert_eq!(expression("質問"), None);
    }

    proptest! {
        #[test]
        fn every_word_of_a_text_is_found_in_it(text in "\\PC{0,40}") {
            prop_assert!(SearchTerms::of(&text.replace('*', " ")).all_occur_in(&[&text]));
        }

        #[test]
        fn an_expression_has_words_in_quotes_only(typed: String) {
            for term in SearchTerms::of(&typed).expression().iter().flat_map(|all| all.split(" AND ")) {
                let word = term.strip_prefix('"').and_then(|term| term.trim_end_matches('*').strip_suffix('"'));
                prop_assert!(word.is_some_and(|word| !word.is_empty() && word.chars().all(char::is_alphanumeric)), "{term}");
            }
        }
    }
}
