//! One HTTP call without I/O: bytes and times go in, events and a result come out.
//!
//! The caller moves the bytes and watches the clock. It reports the head of the reply, each piece of the body
//! and the end of the body, waits no longer than [`HttpCall::deadline`], and stops as soon as
//! [`HttpCall::is_over`]. The call decodes the answer, keeps the time limits, classifies refusals, and decides
//! whether the answer is complete.

pub mod adaptation;
#[cfg(test)]
mod tests;

use std::time::Duration;

use http::HeaderMap;

use crate::model::failure::one_line;
use crate::model::format::{self, duration};
use crate::model::redact::{redact, without_whole};
use crate::model::{Answer, Class, Event, Failure, Finish, OutputFault, Prompt, Secret, TimeoutKind, Timestamp};
use crate::protocols::{EncodedRequest, Endpoint, ReplyReader};
use crate::routing::Timeouts;
use crate::wire::{ErrorReply, sigv4};

/// The longest answer that is kept, in bytes; it bounds the memory that an endless stream takes.
const MAX_ANSWER: usize = 64 << 20;
/// The part of an error body that is read.
const MAX_ERROR_BODY: usize = 256 << 10;
/// The time limit for an error body, from the head of the reply.
const ERROR_BODY_TIME: Duration = Duration::from_secs(5);
/// The time limit for usage after the finish; without it the answer is complete, too.
const TRAILER_TIME: Duration = Duration::from_secs(2);

/// Encodes `prompt` for `endpoint` and signs the request at `now`.
///
/// # Errors
/// Fails when the protocol cannot express the prompt; nothing was sent then.
pub fn request(
    endpoint: &Endpoint,
    key: Option<&Secret>,
    prompt: &Prompt,
    now: Timestamp,
) -> Result<EncodedRequest, Failure> {
    let mut encoded = endpoint.encode(key, prompt).map_err(|failure| redacted(failure, &secrets(endpoint, key)))?;
    sigv4::sign(&mut encoded.request, now);
    Ok(encoded)
}

/// Classifies a reply with an error status. Secrets are removed from the body before it is cut into messages.
#[must_use]
pub fn refusal(endpoint: &Endpoint, key: Option<&Secret>, reply: &ErrorReply<'_>) -> Failure {
    let secrets = secrets(endpoint, key);
    let clean = without_whole(&String::from_utf8_lossy(reply.body), &secrets);
    let body = clean.as_deref().map_or(reply.body, str::as_bytes);
    redacted(endpoint.protocol.adapter().classify(endpoint, &ErrorReply { body, ..*reply }), &secrets)
}

/// Returns what must not appear in messages: the key, and the headers and query parameters of the profile.
#[must_use]
pub fn secrets<'a>(endpoint: &'a Endpoint, key: Option<&'a Secret>) -> Vec<&'a str> {
    let headers = endpoint.headers.iter().filter_map(|(_, value)| value.to_str().ok());
    // Gateways take keys as query parameters, too.
    let query = endpoint.query.iter().map(|(_, value)| value.as_str());
    key.into_iter().flat_map(Secret::parts).chain(headers).chain(query).collect()
}

/// Removes `secrets` from what a server wrote: some repeat the key in their messages.
#[must_use]
pub fn redacted(mut failure: Failure, secrets: &[&str]) -> Failure {
    // What stands in the place of a secret may be longer than it.
    failure.message = one_line(&redact(&failure.message, secrets));
    failure.request_id = failure.request_id.map(|id| redact(&id, secrets));
    failure
}

/// Returns true for content and reasoning, also if it is encrypted. Names, counts and empty pieces are not tokens.
#[must_use]
pub fn is_token(event: &Event) -> bool {
    let is_reasoning = match event {
        Event::Reasoning(text) => !text.is_empty(),
        Event::ReasoningBlock(_) => true,
        _ => false,
    };
    is_reasoning || is_content(event)
}

/// Returns true for an event that begins the visible answer: text or a tool call.
#[must_use]
pub fn is_content(event: &Event) -> bool {
    match event {
        Event::Text(text) => !text.is_empty(),
        Event::ToolStart { .. } | Event::ToolArguments { .. } => true,
        Event::Reasoning(_)
        | Event::ReasoningBlock(_)
        | Event::ToolSignature { .. }
        | Event::Start { .. }
        | Event::Usage(_)
        | Event::Warning(_)
        | Event::Finish(_) => false,
    }
}

/// Returns the number of bytes that an event adds to the answer.
#[must_use]
pub fn content_size(event: &Event) -> usize {
    match event {
        Event::Text(text)
        | Event::Reasoning(text)
        | Event::ToolArguments { text, .. }
        | Event::ToolSignature { text, .. } => text.len(),
        Event::ReasoningBlock(block) => block.size(),
        Event::ToolStart { id, name, .. } => id.len() + name.len(),
        Event::Start { .. } | Event::Usage(_) | Event::Warning(_) | Event::Finish(_) => 0,
    }
}

/// A call whose request was sent.
///
/// All times are on the caller's monotonic clock, since an origin of its choice.
pub struct HttpCall<'a> {
    endpoint: &'a Endpoint,
    key: Option<Secret>,
    timeouts: Timeouts,
    sent: Duration,
    phase: Phase,
    /// The time of the last input.
    heard: Duration,
    first_token: Option<Duration>,
    finished: Option<Duration>,
    answer: Answer,
    /// Bytes of the answer so far.
    size: usize,
}

enum Phase {
    /// Waiting for the head of the reply.
    Sent,
    /// Reading the body of a successful reply.
    Answering(Box<ReplyReader>),
    /// Reading the body of an error reply.
    Refused(Box<Refusal>),
    Over(Result<(), Failure>),
}

struct Refusal {
    status: u16,
    headers: HeaderMap,
    /// The wall time of the head.
    now: Timestamp,
    at: Duration,
    body: Vec<u8>,
}

/// A call that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct CallEnd {
    /// Success means one complete answer.
    pub result: Result<(), Failure>,
    /// The answer, as far as it came.
    pub answer: Answer,
    /// The time from sending the request to the first token.
    pub first_token: Option<Duration>,
    /// The time of the input that ended the call; for a refusal, of the head of the reply.
    pub ended: Duration,
}

impl<'a> HttpCall<'a> {
    /// A call whose request was sent at `sent`.
    #[must_use]
    pub fn new(endpoint: &'a Endpoint, key: Option<&Secret>, timeouts: Timeouts, sent: Duration) -> Self {
        Self {
            endpoint,
            key: key.cloned(),
            timeouts,
            sent,
            phase: Phase::Sent,
            heard: sent,
            first_token: None,
            finished: None,
            answer: Answer::default(),
            size: 0,
        }
    }

    /// Takes the head of the reply. `now` is the wall time, for dates in an error reply.
    pub fn head(&mut self, at: Duration, status: u16, headers: &HeaderMap, now: Timestamp) {
        if !matches!(self.phase, Phase::Sent) {
            return;
        }
        self.heard = at;
        self.phase = if (200..300).contains(&status) {
            Phase::Answering(Box::new(ReplyReader::new(self.endpoint)))
        } else {
            Phase::Refused(Box::new(Refusal { status, headers: headers.clone(), now, at, body: Vec::new() }))
        };
    }

    /// Takes a piece of the body and appends what it means to `events`.
    pub fn feed(&mut self, at: Duration, bytes: &[u8], events: &mut Vec<Event>) {
        match &mut self.phase {
            Phase::Answering(reader) => {
                let from = events.len();
                let read = reader.feed(bytes, events);
                let done = reader.done();
                self.heard = at;
                match self.take(at, events, from).and(read) {
                    Ok(()) if done => self.end(at, events),
                    Ok(()) => {}
                    // Broken frames and errors after the finish do not take a complete answer back.
                    Err(_) if self.finished.is_some() && self.size <= MAX_ANSWER => self.over(judge(&self.answer)),
                    Err(failure) => self.over(Err(failure)),
                }
            }
            Phase::Refused(refusal) => {
                refusal.body.extend_from_slice(bytes);
                if refusal.body.len() >= MAX_ERROR_BODY {
                    refusal.body.truncate(MAX_ERROR_BODY);
                    self.refuse();
                }
            }
            Phase::Sent | Phase::Over(_) => {}
        }
    }

    /// Takes the end of the body.
    pub fn end(&mut self, at: Duration, events: &mut Vec<Event>) {
        match &mut self.phase {
            Phase::Answering(reader) => {
                let from = events.len();
                let read = reader.end(events);
                let taken = self.take(self.heard, events, from);
                let read = if self.finished.is_some() { Ok(()) } else { read };
                self.over(taken.and(read).and_then(|()| judge(&self.answer)));
            }
            Phase::Refused(_) => self.refuse(),
            Phase::Sent => self.fail(at, Failure::new(Class::Malformed, "no reply came"), events),
            Phase::Over(_) => {}
        }
    }

    /// Takes a failure of the connection. An answer that is already complete is not lost by it.
    pub fn fail(&mut self, at: Duration, failure: Failure, events: &mut Vec<Event>) {
        match &self.phase {
            Phase::Answering(_) if self.finished.is_some() => self.end(at, events),
            Phase::Answering(_) | Phase::Sent => {
                self.heard = at;
                self.over(Err(failure));
            }
            // The status says the most.
            Phase::Refused(_) => self.refuse(),
            Phase::Over(_) => {}
        }
    }

    /// Ends the call if its deadline has passed.
    pub fn tick(&mut self, at: Duration, events: &mut Vec<Event>) {
        let (limit, kind) = self.deadline();
        if limit <= at {
            self.fail(at, self.timed_out(kind), events);
        }
    }

    /// Returns when the silence must end, and the kind of timeout that it is otherwise.
    #[must_use]
    pub fn deadline(&self) -> (Duration, TimeoutKind) {
        let total = (self.sent.saturating_add(self.timeouts.attempt), TimeoutKind::Total);
        let (from, span, kind) = match (&self.phase, self.finished) {
            (Phase::Over(_), _) => return total,
            (Phase::Refused(refusal), _) => (refusal.at, ERROR_BODY_TIME, TimeoutKind::Idle),
            (Phase::Answering(_), Some(finished)) => {
                (finished, TRAILER_TIME.min(self.timeouts.idle), TimeoutKind::Idle)
            }
            (Phase::Answering(_), None) if self.first_token.is_some() => {
                (self.heard, self.timeouts.idle, TimeoutKind::Idle)
            }
            (Phase::Sent | Phase::Answering(_), _) => (self.sent, self.timeouts.first_token, TimeoutKind::FirstToken),
        };
        let silence = (from.saturating_add(span), kind);
        if silence.0 < total.0 { silence } else { total }
    }

    /// Returns true when no further input matters.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
    }

    /// Returns the time of the last input that meant something.
    #[must_use]
    pub fn heard(&self) -> Duration {
        self.heard
    }

    /// Returns the result. A call that is not over was given up by its caller and counts as truncated.
    #[must_use]
    pub fn finish(self) -> CallEnd {
        let result = match self.phase {
            Phase::Over(result) => result,
            Phase::Sent | Phase::Answering(_) | Phase::Refused(_) => {
                Err(Failure::new(Class::Truncated, "the call was given up before its end"))
            }
        };
        let mut answer = self.answer;
        // Text costs tokens: counts without any output are unknown, and the cost is not zero.
        if !answer.text.is_empty() && answer.usage.is_some_and(|usage| usage.output == 0) {
            answer.usage = None;
        }
        CallEnd {
            result,
            first_token: self.first_token.map(|at| at.saturating_sub(self.sent)),
            answer,
            ended: self.heard,
        }
    }

    /// Adds the events from index `from` on to the answer.
    fn take(&mut self, at: Duration, events: &mut Vec<Event>, from: usize) -> Result<(), Failure> {
        for index in from..events.len() {
            self.hide_secrets(&mut events[index]);
            let event = &events[index];
            self.size += content_size(event);
            if self.size > MAX_ANSWER {
                events.truncate(index);
                let message = format!("the answer is longer than {}", format::bytes(MAX_ANSWER as u64));
                return Err(Failure::new(Class::Malformed, message));
            }
            if self.first_token.is_none() && is_token(event) {
                self.first_token = Some(at);
            }
            if matches!(event, Event::Finish(_)) {
                self.finished.get_or_insert(at);
            }
            self.answer.push(event);
        }
        Ok(())
    }

    /// Removes secrets from the names that a server gives an answer: they are logged and printed as metadata.
    fn hide_secrets(&self, event: &mut Event) {
        if let Event::Start { id, model } = event {
            let secrets = secrets(self.endpoint, self.key.as_ref());
            for name in [id, model].into_iter().flatten() {
                *name = redact(name, &secrets);
            }
        }
    }

    fn refuse(&mut self) {
        if let Phase::Refused(refusal) = &self.phase {
            let Refusal { status, headers, now, body, .. } = &**refusal;
            let reply = ErrorReply { status: *status, headers, body, now: *now };
            let failure = self::refusal(self.endpoint, self.key.as_ref(), &reply);
            self.phase = Phase::Over(Err(failure));
        }
    }

    fn over(&mut self, result: Result<(), Failure>) {
        let secrets = secrets(self.endpoint, self.key.as_ref());
        self.phase = Phase::Over(result.map_err(|failure| redacted(failure, &secrets)));
    }

    fn timed_out(&self, kind: TimeoutKind) -> Failure {
        let message = match kind {
            TimeoutKind::Connect => format!("no connection within {}", duration(self.timeouts.connect)),
            TimeoutKind::FirstToken => format!("no token within {}", duration(self.timeouts.first_token)),
            TimeoutKind::Idle => format!("silence for {}", duration(self.timeouts.idle)),
            TimeoutKind::Total | TimeoutKind::Upstream => {
                format!("not done within {}", duration(self.timeouts.attempt))
            }
        };
        Failure::new(Class::Timeout(kind), message)
    }
}

/// Decides whether an answer that ended is complete and usable.
fn judge(answer: &Answer) -> Result<(), Failure> {
    match answer.finish {
        Some(Finish::ContentFilter) => {
            Err(Failure::new(Class::ContentPolicy, "the answer was blocked by a filter or refused by the model"))
        }
        Some(Finish::Error) => Err(Failure::new(Class::ServerError, "the provider says that generation failed")),
        // The deployment did what it was asked; the limit is the caller's.
        Some(Finish::Length) if answer.is_empty() => Err(Failure::new(
            Class::InvalidOutput(OutputFault::Cut),
            "the token limit was spent before any text; raise --max-tokens or lower --reasoning-effort",
        )),
        _ if answer.is_empty() => Err(Failure::new(Class::Malformed, "the answer holds no text")),
        Some(Finish::Stop | Finish::Length | Finish::ToolCalls | Finish::Other) => Ok(()),
        None => Err(Failure::new(Class::Truncated, "the answer ended before its end")),
    }
}
