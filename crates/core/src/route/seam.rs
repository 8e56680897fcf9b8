//! Joining a second answer to text that is already printed, without a trace of the join.

/// How a second answer is fitted to the text that was written before the first one broke.
#[derive(Debug, Clone)]
pub struct Seam {
    written: String,
    kind: Kind,
    /// What came of the second answer while it was not yet clear how to print it.
    held: String,
    settled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The second answer was asked afresh: it must begin with exactly what is written.
    Afresh,
    /// The second answer continues a prefill: it may echo the prefill or repeat the white space.
    Continued,
    /// The second answer was told to continue: it may echo only the last words, too.
    Instructed,
}

/// Fewer characters than this at the end of a text may well come twice; more are an echo.
const ECHO: usize = 16;

/// What to do with a piece of the second answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// Not clear yet; nothing to print.
    Held,
    /// Print this (it may be empty).
    Print(String),
    /// It is another text; nothing of it may be printed.
    Diverged,
}

impl Seam {
    /// The second answer is asked afresh, unseen, and must begin with `written`.
    #[must_use]
    pub fn afresh(written: impl Into<String>) -> Self {
        Self { written: written.into(), kind: Kind::Afresh, held: String::new(), settled: false }
    }

    /// The second answer was given [`prefill`]`(written)` as its beginning.
    #[must_use]
    pub fn continued(written: impl Into<String>) -> Self {
        Self { written: written.into(), kind: Kind::Continued, held: String::new(), settled: false }
    }

    /// The second answer was told to continue [`prefill`]`(written)`.
    #[must_use]
    pub fn instructed(written: impl Into<String>) -> Self {
        Self { written: written.into(), kind: Kind::Instructed, held: String::new(), settled: false }
    }

    /// Takes the next piece of the second answer.
    pub fn feed(&mut self, text: &str) -> Fit {
        if self.settled {
            return Fit::Print(text.to_owned());
        }
        self.held.push_str(text);
        let fit = match self.kind {
            Kind::Afresh => self.fit_afresh(),
            Kind::Continued | Kind::Instructed => self.fit_continued(),
        };
        self.settled = matches!(fit, Fit::Print(_));
        fit
    }

    /// The second answer ended: what is held must be printed, or did not fit.
    pub fn end(&mut self) -> Fit {
        match (self.settled, self.kind) {
            (true, _) => Fit::Print(String::new()),
            (false, Kind::Afresh) if self.held == self.written => Fit::Print(String::new()),
            (false, Kind::Afresh) => Fit::Diverged,
            (false, Kind::Continued | Kind::Instructed) => {
                self.settled = true;
                Fit::Print(self.without_repeated_space(&self.held))
            }
        }
    }

    fn fit_afresh(&self) -> Fit {
        if let Some(rest) = self.held.strip_prefix(&self.written) {
            Fit::Print(rest.to_owned())
        } else if self.written.starts_with(&self.held) {
            Fit::Held
        } else {
            Fit::Diverged
        }
    }

    fn fit_continued(&self) -> Fit {
        let came = self.held.trim_start();
        if came.is_empty() || self.echoes().any(|echo| came.len() < echo.len() && echo.starts_with(came)) {
            return Fit::Held;
        }
        // The longest one comes first.
        let rest = self.echoes().find_map(|echo| came.strip_prefix(echo));
        Fit::Print(self.without_repeated_space(rest.unwrap_or(&self.held)))
    }

    /// What the second answer may begin with that is already written, longest first.
    fn echoes(&self) -> impl Iterator<Item = &str> {
        let given = prefill(&self.written);
        let tails = match self.kind {
            Kind::Afresh | Kind::Continued => 0,
            Kind::Instructed => given.chars().count().saturating_sub(ECHO),
        };
        given.char_indices().take(tails + 1).map(|(at, _)| &given[at..])
    }

    /// `rest` without the white space that already stands at the end of what is written.
    fn without_repeated_space(&self, rest: &str) -> String {
        let tail = &self.written[prefill(&self.written).len()..];
        let overlap = (0..=tail.len()).rev().filter(|&n| tail.is_char_boundary(tail.len() - n));
        let repeated = overlap.map(|n| &tail[tail.len() - n..]).find(|end| rest.starts_with(end));
        rest[repeated.map_or(0, str::len)..].to_owned()
    }
}

/// What of `written` is given to a model as the beginning of its answer: providers refuse white
/// space at the end of it.
#[must_use]
pub fn prefill(written: &str) -> &str {
    written.trim_end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds `pieces` and tells what is printed, or `DIVERGED`.
    fn check(mut seam: Seam, pieces: &[&str], want: &str) {
        let mut printed = String::new();
        for fit in pieces.iter().map(|piece| seam.feed(piece)).collect::<Vec<_>>().into_iter().chain([seam.end()]) {
            match fit {
                Fit::Held => {}
                Fit::Print(text) => printed.push_str(&text),
                Fit::Diverged => {
                    printed = "DIVERGED".to_owned();
                    break;
                }
            }
        }
        assert_eq!(printed, want);
    }

    #[test]
    fn afresh_prints_only_the_rest() {
        check(Seam::afresh("The sky"), &["The ", "sky is", " blue"], " is blue");
        check(Seam::afresh("The sky"), &["The sky"], "");
    }

    #[test]
    fn afresh_another_text_diverges() {
        check(Seam::afresh("The sky"), &["The s", "ea is"], "DIVERGED");
        check(Seam::afresh("The sky"), &["The"], "DIVERGED");
        check(Seam::afresh("The sky"), &[], "DIVERGED");
    }

    #[test]
    fn continued_prints_what_follows() {
        check(Seam::continued("The sky"), &[" is", " blue"], " is blue");
        check(Seam::continued("naï"), &["ve"], "ve");
    }

    #[test]
    fn continued_drops_an_echo_of_the_prefill() {
        check(Seam::continued("The sky "), &["The", " sky is", " blue"], "is blue");
    }

    #[test]
    fn continued_drops_white_space_that_is_already_there() {
        check(Seam::continued("The sky "), &[" is blue"], "is blue");
        check(Seam::continued("one\n\n"), &["\n\ntwo"], "two");
        check(Seam::continued("one\n"), &["\n\ntwo"], "\ntwo");
    }

    #[test]
    fn instructed_drops_an_echo_of_the_last_words() {
        let written = "The sky is blue because air scatters ";
        check(Seam::instructed(written), &["because air", " scatters more", " blue"], "more blue");
        check(Seam::instructed(written), &[written, "more"], "more");
        check(Seam::instructed(written), &["…blue"], "…blue");
    }

    #[test]
    fn instructed_keeps_a_short_word_that_comes_twice() {
        check(Seam::instructed("one two three four five six"), &[" six", " seven"], " six seven");
        check(Seam::instructed("ha ha"), &[" ha", "!"], " ha!");
    }

    #[test]
    fn instructed_that_ends_while_it_is_unclear_is_kept() {
        check(Seam::instructed("a long text that goes on and on"), &["goes"], "goes");
    }

    #[test]
    fn continued_that_merely_begins_alike_is_kept() {
        check(Seam::continued("The sky"), &["Th", "en"], "Then");
        check(Seam::continued("The sky"), &["Th"], "Th");
    }

    proptest! {
        #[test]
        fn afresh_is_exact_at_every_split(text in "\\PC{0,40}", cut in 0usize..40, split in 0usize..40) {
            let at = |n: usize| text.char_indices().map(|(i, _)| i).chain([text.len()]).nth(n).unwrap_or(text.len());
            let (cut, split) = (at(cut), at(split));
            check(Seam::afresh(&text[..cut]), &[&text[..split], &text[split..]], &text[cut..]);
        }
    }
}
