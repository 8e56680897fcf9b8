//! Turns the stamped events of a call into the figures of its sample.

use std::time::Duration;

use super::sample::{Gap, TokenUsage};
use llmroute_core::call::{content_size, is_token};
use llmroute_core::model::{Answer, Event, Usage};

/// The figures of a call so far; times are stamps of reads.
#[derive(Debug, Default)]
pub(crate) struct SampleBuilder {
    pub first_token: Option<Duration>,
    pub first_answer: Option<Duration>,
    pub last_token: Option<Duration>,
    pub first_bytes: u32,
    pub gaps: Vec<Gap>,
}

impl SampleBuilder {
    /// Adds an event whose last byte came at `at`.
    pub(crate) fn add(&mut self, at: Duration, event: &Event) {
        if !is_token(event) {
            return;
        }
        let bytes = u32::try_from(content_size(event)).unwrap_or(u32::MAX);
        match self.last_token {
            None => self.first_bytes = bytes,
            // Chunks with the same stamp came in one read.
            Some(last) => self.gaps.push(Gap { after: at.saturating_sub(last), bytes, coalesced: at == last }),
        }
        self.first_token.get_or_insert(at);
        if !matches!(event, Event::Reasoning(_)) {
            self.first_answer.get_or_insert(at);
        }
        self.last_token = Some(at);
    }

    /// Returns the number of chunks with tokens in them.
    pub(crate) fn pieces(&self) -> usize {
        self.gaps.len() + usize::from(self.first_token.is_some())
    }
}

/// Counts the characters of `text`.
pub(crate) fn chars(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}

/// Returns the tokens of `answer`: counted by the server, or estimated for a prompt of `input` tokens.
pub(crate) fn tokens(answer: &Answer, input: u64) -> TokenUsage {
    if let Some(usage) = answer.usage {
        return TokenUsage::Counted(usage);
    }
    if answer.text.is_empty() && answer.reasoning.is_empty() && answer.tool_calls.is_empty() {
        return TokenUsage::Estimated(Usage::default());
    }
    let reasoning = chars(&answer.reasoning);
    let output = (chars(&answer.text) + reasoning).div_ceil(4);
    TokenUsage::Estimated(Usage { input, output, reasoning: reasoning.div_ceil(4), ..Usage::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{endpoint, timeouts};
    use llmroute_core::call::HttpCall;
    use llmroute_core::model::Timestamp;

    const MS: Duration = Duration::from_millis(1);
    const DONE: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    fn text(text: &str) -> String {
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    }

    fn reasoning(text: &str) -> String {
        format!("data: {{\"choices\":[{{\"delta\":{{\"reasoning_content\":\"{text}\"}}}}]}}\n\n")
    }

    /// Reads a script of (ms, bytes).
    fn read(pieces: &[(u32, String)]) -> (SampleBuilder, Answer) {
        let (to, mut builder, mut events) = (endpoint(), SampleBuilder::default(), Vec::new());
        let mut call = HttpCall::new(&to, None, timeouts(), Duration::ZERO);
        call.head(Duration::ZERO, 200, &Default::default(), Timestamp(0));
        for (at, bytes) in pieces {
            call.feed(*at * MS, bytes.as_bytes(), &mut events);
            events.drain(..).for_each(|event| builder.add(*at * MS, &event));
        }
        (builder, call.finish().answer)
    }

    fn gap(after: u32, bytes: u32, coalesced: bool) -> Gap {
        Gap { after: after * MS, bytes, coalesced }
    }

    fn check_gaps(pieces: &[(u32, String)], first: u32, gaps: &[Gap]) {
        let (builder, _) = read(pieces);
        assert_eq!((builder.first_token, &builder.gaps[..]), (Some(first * MS), gaps));
        assert_eq!(builder.pieces(), gaps.len() + 1);
    }

    #[test]
    fn gaps_lie_between_pieces() {
        let pieces = [(200, text("a")), (220, text("bcd")), (250, text("e")), (251, DONE.into())];
        check_gaps(&pieces, 200, &[gap(20, 3, false), gap(30, 1, false)]);
    }

    #[test]
    fn chunks_of_one_read_are_marked() {
        let pieces = [(200, text("a")), (240, text("b") + &text("c")), (260, text("d") + DONE)];
        check_gaps(&pieces, 200, &[gap(40, 1, false), gap(0, 1, true), gap(20, 1, false)]);
    }

    #[test]
    fn a_token_counts_from_its_last_byte() {
        let whole = text("ab");
        let (left, right) = whole.split_at(30);
        check_gaps(&[(10, left.into()), (30, right.into()), (31, DONE.into())], 30, &[]);
    }

    #[test]
    fn an_empty_delta_is_not_a_token() {
        check_gaps(&[(5, text("")), (30, text("a")), (31, DONE.into())], 30, &[]);
        assert_eq!(read(&[(5, text(""))]).0.pieces(), 0);
    }

    #[test]
    fn reasoning_is_a_token_but_not_an_answer() {
        let (builder, answer) = read(&[(100, reasoning("hm")), (150, text("a")), (151, DONE.into())]);
        assert_eq!((builder.first_token, builder.first_answer), (Some(100 * MS), Some(150 * MS)));
        assert_eq!((chars(&answer.text), chars(&answer.reasoning)), (1, 2));
    }

    #[test]
    fn reasoning_in_one_read_with_the_answer_is_counted() {
        let (builder, answer) = read(&[(100, reasoning("hmm") + &text("a")), (101, DONE.into())]);
        assert_eq!((builder.first_token, builder.first_answer), (Some(100 * MS), Some(100 * MS)));
        assert_eq!(chars(&answer.reasoning), 3);
    }

    #[test]
    fn tokens_that_the_server_does_not_count_are_estimated() {
        let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":70,\
                     \"completion_tokens_details\":{\"reasoning_tokens\":64}}}\n\n";
        let check = |pieces: &[(u32, String)], want: TokenUsage| assert_eq!(tokens(&read(pieces).1, 50), want);
        let counted = Usage { input: 9, output: 70, reasoning: 64, ..Usage::default() };
        check(&[(1, text("abcde")), (2, usage.to_owned() + DONE)], TokenUsage::Counted(counted));
        let estimated = Usage { input: 50, output: 2, ..Usage::default() };
        check(&[(1, text("abcde")), (2, DONE.into())], TokenUsage::Estimated(estimated));
        check(&[], TokenUsage::Estimated(Usage::default()));
    }
}
