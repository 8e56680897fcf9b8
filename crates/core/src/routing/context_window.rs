//! The context window that a server names when it refuses a prompt.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Class, Failure, Timestamp};

/// Time for which a window is remembered.
const MEMORY: Duration = Duration::from_secs(7 * 24 * 3600);
/// The range of plausible windows, in tokens.
const PLAUSIBLE: std::ops::RangeInclusive<u64> = 128..=100_000_000;

/// A context window that an error named. Written as `[tokens, time]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, Timestamp)", into = "(u64, Timestamp)")]
pub struct NamedWindow {
    tokens: u64,
    at: Timestamp,
}

impl NamedWindow {
    /// The window that the message of `failure` names, if the prompt did not fit.
    #[must_use]
    pub fn of(failure: &Failure, at: Timestamp) -> Option<Self> {
        let tokens = (failure.class == Class::ContextWindow).then(|| named_in(&failure.message))??;
        Some(Self { tokens, at })
    }

    /// The window, unless it is forgotten at `now`.
    pub(crate) fn tokens(self, now: Timestamp) -> Option<u64> {
        (now.since(self.at) < MEMORY).then_some(self.tokens)
    }
}

impl From<(u64, Timestamp)> for NamedWindow {
    fn from((tokens, at): (u64, Timestamp)) -> Self {
        Self { tokens, at }
    }
}

impl From<NamedWindow> for (u64, Timestamp) {
    fn from(window: NamedWindow) -> Self {
        (window.tokens, window.at)
    }
}

/// The window in a message of the forms that servers use.
fn named_in(message: &str) -> Option<u64> {
    // The number follows.
    const BEFORE: [&str; 11] = [
        "context length is only ",
        "context length is ",
        "context length of ",
        "context size (",
        "context size of ",
        "context window of ",
        "context window is ",
        "context window (",
        "context limit of ",
        "tokens allowed (",
        "n_ctx = ",
    ];
    // The number precedes.
    const AFTER: [&str; 4] = [" maximum context length", " tokens maximum", " maximum", " token limit"];
    let text = message.to_ascii_lowercase();
    let is_part = |char: char| char.is_ascii_digit() || char == ',' || char == '_';
    let number = |digits: &str| digits.replace([',', '_'], "").parse().ok();
    let following = |words: &&str| {
        let (_, rest) = text.split_once(*words)?;
        number(&rest[..rest.find(|char| !is_part(char)).unwrap_or(rest.len())])
    };
    let preceding = |words: &&str| {
        let (start, _) = text.split_once(*words)?;
        number(&start[start.rfind(|char| !is_part(char)).map_or(0, |space| space + 1)..])
    };
    let found = BEFORE.iter().find_map(following).or_else(|| AFTER.iter().find_map(preceding));
    found.filter(|tokens| PLAUSIBLE.contains(tokens))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, want: Option<u64>) {
        let failure = Failure::new(Class::ContextWindow, message);
        let window = NamedWindow::of(&failure, Timestamp(0));
        assert_eq!(window.and_then(|window| window.tokens(Timestamp(1))), want, "{message}");
    }

    #[test]
    fn windows_are_read_from_the_messages_of_servers() {
        check("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens", Some(8192));
        check("request (2252 tokens) exceeds the available context size (2048 tokens), try increasing it", Some(2048));
        check("prompt is too long: 210000 tokens > 200000 maximum", Some(200_000));
        check(
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            Some(1_048_576),
        );
        check("Prompt contains 40000 tokens, too large for model with 32768 maximum context length", Some(32_768));
        check("maximum context length of 131,072 tokens", Some(131_072));
    }

    #[test]
    fn a_message_without_a_plausible_window_names_none() {
        check("the prompt is too long", None);
        check("This model's maximum context length is 0 tokens", None);
        check("maximum context length is 99999999999999999999999 tokens", None);
        check("maximum context length is é", None);
    }

    #[test]
    fn other_failures_name_no_window_and_a_week_forgets_it() {
        let failure = Failure::new(Class::BadRequest, "maximum context length is 8192 tokens");
        assert_eq!(NamedWindow::of(&failure, Timestamp(0)), None);
        let window = NamedWindow { tokens: 8192, at: Timestamp(0) };
        assert_eq!(window.tokens(Timestamp(0).after(MEMORY)), None);
    }
}
