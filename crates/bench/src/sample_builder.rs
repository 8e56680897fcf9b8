//! From the stamped pieces of a reply to the figures of a sample: pure, and never between two reads.

use std::time::Duration;

use super::sample::{Gap, TokenUsage};
use llmroute_core::model::{Answer, Class, Event, Failure, Usage};
use llmroute_core::protocols::{Endpoint, ReplyReader};
use llmroute_router::engine::{is_token, judge, size};

/// The longest answer that is kept, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// What a reply has said so far; times are those of the stamps.
pub struct SampleBuilder {
    reader: ReplyReader,
    answer: Answer,
    size: usize,
    /// When the last piece came, whatever was in it.
    last_piece: Duration,
    pub first_token: Option<Duration>,
    pub first_answer: Option<Duration>,
    pub last_token: Option<Duration>,
    pub finished: Option<Duration>,
    pub first_bytes: u32,
    pub gaps: Vec<Gap>,
}

impl SampleBuilder {
    pub fn new(endpoint: &Endpoint) -> Self {
        Self {
            reader: ReplyReader::new(endpoint),
            answer: Answer::default(),
            size: 0,
            last_piece: Duration::ZERO,
            first_token: None,
            first_answer: None,
            last_token: None,
            finished: None,
            first_bytes: 0,
            gaps: Vec::new(),
        }
    }

    /// Takes a piece that came at `at`.
    pub fn feed(&mut self, at: Duration, bytes: &[u8]) -> Result<(), Failure> {
        if self.reader.done() {
            return Ok(());
        }
        self.last_piece = at;
        let mut events = Vec::new();
        let fed = self.reader.feed(bytes, &mut events);
        self.take(&events, at)?;
        fed
    }

    /// The body ended: whether a whole answer came.
    pub fn end(&mut self) -> Result<(), Failure> {
        let mut events = Vec::new();
        let ended = self.reader.end(&mut events);
        self.take(&events, self.last_piece)?;
        ended?;
        judge(&self.answer)
    }

    /// Whether nothing that may follow matters.
    pub fn done(&self) -> bool {
        self.reader.done()
    }

    fn take(&mut self, events: &[Event], at: Duration) -> Result<(), Failure> {
        for event in events {
            self.size += size(event);
            if self.size > MAX_ANSWER {
                let message = format!("the answer is longer than {} MiB", MAX_ANSWER >> 20);
                return Err(Failure::new(Class::Malformed, message));
            }
            if is_token(event) {
                self.token(event, at);
            }
            if matches!(event, Event::Finish(_)) {
                self.finished.get_or_insert(at);
            }
            self.answer.push(event);
        }
        Ok(())
    }

    fn token(&mut self, event: &Event, at: Duration) {
        let bytes = u32::try_from(size(event)).unwrap_or(u32::MAX);
        match self.last_token {
            None => self.first_bytes = bytes,
            // One stamp is one read.
            Some(last) => self.gaps.push(Gap { after: at.saturating_sub(last), bytes, coalesced: at == last }),
        }
        self.first_token.get_or_insert(at);
        if !matches!(event, Event::Reasoning(_)) {
            self.first_answer.get_or_insert(at);
        }
        self.last_token = Some(at);
    }

    /// Pieces with tokens in them.
    pub fn pieces(&self) -> usize {
        self.gaps.len() + usize::from(self.first_token.is_some())
    }

    /// Characters of text and shown reasoning.
    pub fn chars(&self) -> u64 {
        count(&self.answer.text) + self.reasoning_chars()
    }

    /// Characters of shown reasoning.
    pub fn reasoning_chars(&self) -> u64 {
        count(&self.answer.reasoning)
    }

    /// What was consumed: counted by the server, or estimated for a prompt of `input` tokens.
    pub fn tokens(&self, input: u64) -> TokenUsage {
        if let Some(usage) = self.answer.usage {
            return TokenUsage::Counted(usage);
        }
        if self.first_token.is_none() {
            return TokenUsage::Estimated(Usage::default());
        }
        let (output, reasoning) = (self.chars().div_ceil(4), self.reasoning_chars().div_ceil(4));
        TokenUsage::Estimated(Usage { input, output, reasoning, ..Usage::default() })
    }
}

fn count(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::endpoint;

    const MS: Duration = Duration::from_millis(1);
    const DONE: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    fn text(text: &str) -> String {
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    }

    fn reasoning(text: &str) -> String {
        format!("data: {{\"choices\":[{{\"delta\":{{\"reasoning_content\":\"{text}\"}}}}]}}\n\n")
    }

    /// What a script of (ms, bytes) gives, and how it ended.
    fn read(pieces: &[(u32, String)]) -> (SampleBuilder, Result<(), Class>) {
        let mut builder = SampleBuilder::new(&endpoint());
        let fed = pieces.iter().try_for_each(|(at, bytes)| builder.feed(*at * MS, bytes.as_bytes()));
        let end = fed.and_then(|()| builder.end());
        (builder, end.map_err(|failure| failure.class))
    }

    fn gap(after: u32, bytes: u32, coalesced: bool) -> Gap {
        Gap { after: after * MS, bytes, coalesced }
    }

    fn check_gaps(pieces: &[(u32, String)], first: u32, gaps: &[Gap]) {
        let (builder, end) = read(pieces);
        assert_eq!((builder.first_token, &builder.gaps[..], end), (Some(first * MS), gaps, Ok(())));
    }

    fn check_failure(pieces: &[(u32, String)], want: Class, tokens: usize) {
        let (builder, end) = read(pieces);
        assert_eq!((end, builder.pieces()), (Err(want), tokens));
    }

    #[test]
    fn gaps_lie_between_pieces() {
        let pieces = [(200, text("a")), (220, text("bcd")), (250, text("e")), (251, DONE.into())];
        check_gaps(&pieces, 200, &[gap(20, 3, false), gap(30, 1, false)]);
    }

    #[test]
    fn what_one_read_gave_is_marked() {
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
    fn an_empty_delta_is_no_token() {
        check_gaps(&[(5, text("")), (30, text("a")), (31, DONE.into())], 30, &[]);
    }

    #[test]
    fn reasoning_is_a_token_and_no_answer() {
        let (builder, end) = read(&[(100, reasoning("hm")), (150, text("a")), (151, DONE.into())]);
        assert_eq!((builder.first_token, builder.first_answer, end), (Some(100 * MS), Some(150 * MS), Ok(())));
        assert_eq!(builder.chars(), 3);
    }

    #[test]
    fn reasoning_is_counted_even_in_one_read_with_the_answer() {
        let (builder, end) = read(&[(100, reasoning("hmm") + &text("a")), (101, DONE.into())]);
        assert_eq!((builder.first_token, builder.first_answer, end), (Some(100 * MS), Some(100 * MS), Ok(())));
        assert_eq!((builder.chars(), builder.reasoning_chars()), (4, 3));
    }

    #[test]
    fn a_cut_stream_is_a_failure() {
        check_failure(&[(200, text("a")), (220, text("b"))], Class::Truncated, 2);
        check_failure(&[], Class::Malformed, 0);
    }

    #[test]
    fn an_error_inside_is_a_failure() {
        let error = "data: {\"error\":{\"message\":\"slow down\",\"code\":429}}\n\n".to_owned();
        check_failure(&[(200, text("a")), (220, error)], Class::RateLimit, 1);
    }

    #[test]
    fn an_empty_answer_is_a_failure() {
        check_failure(&[(200, DONE.into())], Class::Malformed, 0);
        check_failure(&[(200, reasoning("hm")), (201, DONE.into())], Class::Malformed, 1);
    }

    #[test]
    fn a_refusal_is_a_failure() {
        let refused = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n".to_owned();
        check_failure(&[(200, text("a")), (220, refused)], Class::ContentPolicy, 1);
    }

    #[test]
    fn the_server_counts_or_we_estimate() {
        let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":70,\
                     \"completion_tokens_details\":{\"reasoning_tokens\":64}}}\n\n";
        let (builder, _) = read(&[(1, text("abcde")), (2, usage.to_owned() + DONE)]);
        let counted = Usage { input: 9, output: 70, reasoning: 64, ..Usage::default() };
        assert_eq!(builder.tokens(50), TokenUsage::Counted(counted));
        let (builder, _) = read(&[(1, text("abcde")), (2, DONE.into())]);
        assert_eq!(builder.tokens(50), TokenUsage::Estimated(Usage { input: 50, output: 2, ..Usage::default() }));
        let (builder, _) = read(&[]);
        assert_eq!(builder.tokens(50), TokenUsage::Estimated(Usage::default()));
    }
}
