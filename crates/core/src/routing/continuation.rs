//! Joining a second answer to text that is already printed, without a trace of the join.

/// Joins a second answer to the text that was printed before the first one broke.
#[derive(Debug, Clone)]
pub struct Continuation {
    written: String,
    kind: ContinuationKind,
    /// The second answer so far, while it is undecided how to print it.
    held: String,
    settled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ContinuationKind {
    /// A fresh second answer: it must begin with exactly the printed text.
    Restarted,
    /// The second answer continues a prefill: it may echo the prefill or repeat the white space.
    Prefilled,
    /// A continuation: it may also repeat only the last words.
    Instructed,
}

/// The shortest repetition that counts as an echo, in characters; shorter ones can be coincidence.
const ECHO: usize = 16;

/// The treatment of a piece of the second answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContinuationStep {
    /// Not clear yet; nothing to print.
    Pending,
    /// Print this (it may be empty).
    Print(String),
    /// It is another text; nothing of it may be printed.
    Diverged,
}

impl Continuation {
    /// For a fresh second answer, which must begin with `written`.
    #[must_use]
    pub fn restarted(written: impl Into<String>) -> Self {
        Self { written: written.into(), kind: ContinuationKind::Restarted, held: String::new(), settled: false }
    }

    /// The second answer was given [`prefill`]`(written)` as its beginning.
    #[must_use]
    pub fn prefilled(written: impl Into<String>) -> Self {
        Self { written: written.into(), kind: ContinuationKind::Prefilled, held: String::new(), settled: false }
    }

    /// For a continuation of [`prefill`]`(written)`.
    #[must_use]
    pub fn instructed(written: impl Into<String>) -> Self {
        Self { written: written.into(), kind: ContinuationKind::Instructed, held: String::new(), settled: false }
    }

    /// Takes the next piece of the second answer.
    pub fn feed(&mut self, text: &str) -> ContinuationStep {
        if self.settled {
            return ContinuationStep::Print(text.to_owned());
        }
        self.held.push_str(text);
        let step = match self.kind {
            ContinuationKind::Restarted => self.feed_restarted(),
            ContinuationKind::Prefilled | ContinuationKind::Instructed => self.feed_continued(),
        };
        self.settled = matches!(step, ContinuationStep::Print(_));
        step
    }

    /// The second answer ended: what is held must be printed, or did not fit.
    pub fn end(&mut self) -> ContinuationStep {
        match (self.settled, self.kind) {
            (true, _) => ContinuationStep::Print(String::new()),
            (false, ContinuationKind::Restarted) if self.held == self.written => ContinuationStep::Print(String::new()),
            (false, ContinuationKind::Restarted) => ContinuationStep::Diverged,
            (false, ContinuationKind::Prefilled | ContinuationKind::Instructed) => {
                self.settled = true;
                ContinuationStep::Print(self.without_repeated_space(&self.held))
            }
        }
    }

    fn feed_restarted(&self) -> ContinuationStep {
        if let Some(rest) = self.held.strip_prefix(&self.written) {
            ContinuationStep::Print(rest.to_owned())
        } else if self.written.starts_with(&self.held) {
            ContinuationStep::Pending
        } else {
            ContinuationStep::Diverged
        }
    }

    fn feed_continued(&self) -> ContinuationStep {
        let came = self.held.trim_start();
        if came.is_empty() || self.echoes().any(|echo| came.len() < echo.len() && echo.starts_with(came)) {
            return ContinuationStep::Pending;
        }
        // The longest one comes first.
        let rest = self.echoes().find_map(|echo| came.strip_prefix(echo));
        ContinuationStep::Print(self.without_repeated_space(rest.unwrap_or(&self.held)))
    }

    /// The printed texts with which the second answer can begin, longest first.
    fn echoes(&self) -> impl Iterator<Item = &str> {
        let given = prefill(&self.written);
        let tails = match self.kind {
            ContinuationKind::Restarted | ContinuationKind::Prefilled => 0,
            ContinuationKind::Instructed => given.chars().count().saturating_sub(ECHO),
        };
        given.char_indices().take(tails + 1).map(|(at, _)| &given[at..])
    }

    /// `rest` without the white space that already ends the printed text.
    fn without_repeated_space(&self, rest: &str) -> String {
        let tail = &self.written[prefill(&self.written).len()..];
        let overlap = (0..=tail.len()).rev().filter(|&n| tail.is_char_boundary(tail.len() - n));
        let repeated = overlap.map(|n| &tail[tail.len() - n..]).find(|end| rest.starts_with(end));
        rest[repeated.map_or(0, str::len)..].to_owned()
    }
}

/// The part of `written` that is sent as a prefill: providers refuse white
/// space at the end of it.
#[must_use]
pub fn prefill(written: &str) -> &str {
    written.trim_end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds `pieces` and returns the printed text, or `DIVERGED`.
    fn check(mut continuation: Continuation, pieces: &[&str], want: &str) {
        let mut printed = String::new();
        for step in pieces
            .iter()
            .map(|piece| continuation.feed(piece))
            .collect::<Vec<_>>()
            .into_iter()
            .chain([continuation.end()])
        {
            match step {
                ContinuationStep::Pending => {}
                ContinuationStep::Print(text) => printed.push_str(&text),
                ContinuationStep::Diverged => {
                    printed = "DIVERGED".to_owned();
                    break;
                }
            }
        }
        assert_eq!(printed, want);
    }

    #[test]
    fn afresh_prints_only_the_rest() {
        check(Continuation::restarted("The sky"), &["The ", "sky is", " blue"], " is blue");
        check(Continuation::restarted("The sky"), &["The sky"], "");
    }

    #[test]
    fn afresh_another_text_diverges() {
        check(Continuation::restarted("The sky"), &["The s", "ea is"], "DIVERGED");
        check(Continuation::restarted("The sky"), &["The"], "DIVERGED");
        check(Continuation::restarted("The sky"), &[], "DIVERGED");
    }

    #[test]
    fn continued_prints_what_follows() {
        check(Continuation::prefilled("The sky"), &[" is", " blue"], " is blue");
        check(Continuation::prefilled("naï"), &["ve"], "ve");
    }

    #[test]
    fn continued_drops_an_echo_of_the_prefill() {
        check(Continuation::prefilled("The sky "), &["The", " sky is", " blue"], "is blue");
    }

    #[test]
    fn continued_drops_white_space_that_is_already_there() {
        check(Continuation::prefilled("The sky "), &[" is blue"], "is blue");
        check(Continuation::prefilled("one\n\n"), &["\n\ntwo"], "two");
        check(Continuation::prefilled("one\n"), &["\n\ntwo"], "\ntwo");
    }

    #[test]
    fn instructed_drops_an_echo_of_the_last_words() {
        let written = "The sky is blue because air scatters ";
        check(Continuation::instructed(written), &["because air", " scatters more", " blue"], "more blue");
        check(Continuation::instructed(written), &[written, "more"], "more");
        check(Continuation::instructed(written), &["…blue"], "…blue");
    }

    #[test]
    fn instructed_keeps_a_short_word_that_comes_twice() {
        check(Continuation::instructed("one two three four five six"), &[" six", " seven"], " six seven");
        check(Continuation::instructed("ha ha"), &[" ha", "!"], " ha!");
    }

    #[test]
    fn instructed_that_ends_while_it_is_unclear_is_kept() {
        check(Continuation::instructed("a long text that goes on and on"), &["goes"], "goes");
    }

    #[test]
    fn continued_that_merely_begins_alike_is_kept() {
        check(Continuation::prefilled("The sky"), &["Th", "en"], "Then");
        check(Continuation::prefilled("The sky"), &["Th"], "Th");
    }

    proptest! {
        #[test]
        fn afresh_is_exact_at_every_split(text in "\\PC{0,40}", cut in 0usize..40, split in 0usize..40) {
            let at = |n: usize| text.char_indices().map(|(i, _)| i).chain([text.len()]).nth(n).unwrap_or(text.len());
            let (cut, split) = (at(cut), at(split));
            check(Continuation::restarted(&text[..cut]), &[&text[..split], &text[split..]], &text[cut..]);
        }
    }
}
