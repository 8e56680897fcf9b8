//! One call to one deployment: send, read, decode, judge. No retries and no policy.

use std::future::Future;
use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::StreamExt;

use crate::ports::{Clock, HttpReply, Transport};
use llmroute_core::model::redact::{redact, without_whole};
use llmroute_core::model::{
    Answer, Class, Event, Failure, Finish, OutputFault, Prompt, Secret, TimeoutKind, Timestamp,
};
use llmroute_core::protocols::{Endpoint, ReplyReader};
use llmroute_core::routing::Timeouts;
use llmroute_core::wire::{ErrorReply, rate_limit, sigv4};

/// The longest answer that is kept, in bytes; a stream without end is stopped here.
const MAX_ANSWER: usize = 64 << 20;
/// As much of an error's body as is worth reading.
pub const MAX_ERROR_BODY: usize = 256 << 10;
/// How long the body of an error may take.
pub const ERROR_BODY_TIME: Duration = Duration::from_secs(5);
/// How long usage may trail after the finish before the answer counts as whole without it.
pub const TRAILER_TIME: Duration = Duration::from_secs(2);

/// What one attempt needs.
pub(in crate::engine) struct Attempt<'a> {
    pub(in crate::engine) endpoint: &'a Endpoint,
    pub(in crate::engine) key: Option<&'a Secret>,
    pub(in crate::engine) prompt: &'a Prompt,
    pub(in crate::engine) timeouts: Timeouts,
    pub(in crate::engine) transport: &'a dyn Transport,
    pub(in crate::engine) clock: Clock,
}

/// Where the events of an attempt go; `Break` when nobody wants them.
pub(in crate::engine) type Sink<'a> = dyn FnMut(CallEvent<'_>) -> ControlFlow<()> + Send + 'a;

/// What an attempt tells as it goes on.
pub(in crate::engine) enum CallEvent<'a> {
    /// The head of a reply came, whatever its status: when, and what it says of the provider's limits.
    Head((Timestamp, Vec<llmroute_core::model::RateLimitReading>)),
    Dropped(&'a [&'static str]),
    Event(&'a Event),
}

/// How an attempt ended without an answer.
pub(in crate::engine) struct CallError {
    pub(in crate::engine) cause: Cause,
    /// What had come by then.
    pub(in crate::engine) answer: Answer,
    pub(in crate::engine) first_token: Option<Duration>,
}

pub(in crate::engine) enum Cause {
    /// The deployment failed, or the request does not suit it.
    Failed(Failure),
    /// The request could not be put into its protocol: nobody was asked.
    NotSent(Failure),
    /// Nobody reads the answer any more.
    ReaderGone,
}

/// A whole answer.
pub(in crate::engine) struct CallSuccess {
    pub(in crate::engine) answer: Answer,
    pub(in crate::engine) first_token: Option<Duration>,
}

impl Attempt<'_> {
    /// Makes the call.
    pub(in crate::engine) async fn run(self, sink: &mut Sink<'_>) -> Result<CallSuccess, CallError> {
        let mut reading = Reading::new(&self);
        match self.read(&mut reading, sink).await {
            Ok(()) => Ok(CallSuccess { answer: reading.answer, first_token: reading.first_token }),
            Err(cause) => Err(CallError {
                cause: self.without_secrets(cause),
                answer: reading.answer,
                first_token: reading.first_token,
            }),
        }
    }

    fn secrets(&self) -> Vec<&str> {
        secrets(self.endpoint, self.key)
    }

    /// Takes secrets out of a body before anybody cuts it into messages.
    fn redact(&self, body: &mut Vec<u8>) {
        if let Some(clean) = without_whole(&String::from_utf8_lossy(body), &self.secrets()) {
            *body = clean.into_bytes();
        }
    }

    /// Some servers repeat the key in their messages; it must not reach a terminal or the log.
    fn without_secrets(&self, mut cause: Cause) -> Cause {
        if let Cause::Failed(failure) | Cause::NotSent(failure) = &mut cause {
            let secrets = self.secrets();
            failure.message = redact(&failure.message, &secrets);
            failure.request_id = failure.request_id.take().map(|id| redact(&id, &secrets));
        }
        cause
    }

    async fn read(&self, reading: &mut Reading, sink: &mut Sink<'_>) -> Result<(), Cause> {
        let mut encoded = self.endpoint.encode(self.key, self.prompt).map_err(Cause::NotSent)?;
        if !encoded.dropped.is_empty() && sink(CallEvent::Dropped(&encoded.dropped)).is_break() {
            return Err(Cause::ReaderGone);
        }
        sigv4::sign(&mut encoded.request, self.clock.now());
        let sent = self.transport.send(encoded.request, self.timeouts.connect);
        let reply = reading.within(sent).await?.map_err(Cause::Failed)?;
        let now = self.clock.now();
        if sink(CallEvent::Head((now, rate_limit::readings(&reply.headers, now)))).is_break() {
            return Err(Cause::ReaderGone);
        }
        if !(200..300).contains(&reply.status) {
            return Err(Cause::Failed(self.refusal(reply, reading.started).await));
        }
        reading.body(reply, sink).await?;
        judge(&reading.answer).map_err(Cause::Failed)
    }

    /// The failure that a reply with an error status means.
    async fn refusal(&self, mut reply: HttpReply, started: tokio::time::Instant) -> Failure {
        let mut body = Vec::new();
        let read = async {
            while let Some(Ok(chunk)) = reply.body.next().await {
                body.extend_from_slice(&chunk);
                if body.len() > MAX_ERROR_BODY {
                    break;
                }
            }
        };
        // What came of the body by then is enough: the status says the most.
        let limit = (self.clock.instant() + ERROR_BODY_TIME).min(started + self.timeouts.attempt);
        let _ = tokio::time::timeout_at(limit, read).await;
        body.truncate(MAX_ERROR_BODY);
        self.redact(&mut body);
        let error = ErrorReply { status: reply.status, headers: &reply.headers, body: &body, now: self.clock.now() };
        self.endpoint.protocol.adapter().classify(self.endpoint, &error)
    }
}

/// What must not come back in a message: the key, and the headers that the profile adds.
pub fn secrets<'a>(endpoint: &'a Endpoint, key: Option<&'a Secret>) -> Vec<&'a str> {
    let headers = endpoint.headers.iter().filter_map(|(_, value)| value.to_str().ok());
    // Gateways take keys as parameters of the query, too.
    let query = endpoint.query.iter().map(|(_, value)| value.as_str());
    key.into_iter().flat_map(Secret::parts).chain(headers).chain(query).collect()
}

/// Whether a finished answer is one.
pub fn judge(answer: &Answer) -> Result<(), Failure> {
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

/// The state of reading one reply.
struct Reading {
    timeouts: Timeouts,
    started: tokio::time::Instant,
    clock: Clock,
    reader: ReplyReader,
    answer: Answer,
    first_token: Option<Duration>,
    /// When the model stopped.
    finished: Option<tokio::time::Instant>,
    /// Bytes of the answer so far.
    size: usize,
}

impl Reading {
    fn new(attempt: &Attempt<'_>) -> Self {
        Self {
            timeouts: attempt.timeouts,
            started: attempt.clock.instant(),
            clock: attempt.clock,
            reader: ReplyReader::new(attempt.endpoint),
            answer: Answer::default(),
            first_token: None,
            finished: None,
            size: 0,
        }
    }

    /// Waits for `future` as long as the attempt may be silent at this point.
    async fn within<T>(&self, future: impl Future<Output = T>) -> Result<T, Cause> {
        let (limit, kind) = self.patience();
        tokio::time::timeout_at(limit, future).await.map_err(|_| Cause::Failed(self.timed_out(kind)))
    }

    /// Until when silence is borne, and what it is called when it goes on.
    fn patience(&self) -> (tokio::time::Instant, TimeoutKind) {
        let total = (self.started + self.timeouts.attempt, TimeoutKind::Total);
        let silence = if self.answer.finish.is_some() {
            let finished = self.finished.unwrap_or_else(|| self.clock.instant());
            (finished + TRAILER_TIME.min(self.timeouts.idle), TimeoutKind::Idle)
        } else if self.first_token.is_some() {
            (self.clock.instant() + self.timeouts.idle, TimeoutKind::Idle)
        } else {
            (self.started + self.timeouts.first_token, TimeoutKind::FirstToken)
        };
        if silence.0 < total.0 { silence } else { total }
    }

    fn timed_out(&self, kind: TimeoutKind) -> Failure {
        let message = match kind {
            TimeoutKind::Connect => format!("no connection within {:?}", self.timeouts.connect),
            TimeoutKind::FirstToken => format!("no token within {:?}", self.timeouts.first_token),
            TimeoutKind::Idle => format!("silence for {:?}", self.timeouts.idle),
            TimeoutKind::Total | TimeoutKind::Upstream => format!("not done within {:?}", self.timeouts.attempt),
        };
        Failure::new(Class::Timeout(kind), message)
    }

    /// Reads the body to the end of the answer.
    async fn body(&mut self, mut reply: HttpReply, sink: &mut Sink<'_>) -> Result<(), Cause> {
        let mut events = Vec::new();
        while !self.reader.done() {
            let chunk = match self.within(reply.body.next()).await {
                Ok(Some(Ok(chunk))) => chunk,
                Ok(None) => break,
                // A whole answer is not lost to a connection that is closed badly or left open.
                Ok(Some(Err(_))) | Err(_) if self.answer.finish.is_some() => break,
                Ok(Some(Err(failure))) => return Err(Cause::Failed(failure)),
                Err(cause) => return Err(cause),
            };
            let fed = self.reader.feed(&chunk, &mut events);
            self.take(&mut events, sink)?;
            fed.map_err(Cause::Failed)?;
        }
        let ended = self.reader.end(&mut events);
        self.take(&mut events, sink)?;
        ended.map_err(Cause::Failed)
    }

    fn take(&mut self, events: &mut Vec<Event>, sink: &mut Sink<'_>) -> Result<(), Cause> {
        for event in events.drain(..) {
            if self.first_token.is_none() && is_token(&event) {
                self.first_token = Some(self.clock.instant() - self.started);
            }
            if matches!(event, Event::Finish(_)) {
                self.finished.get_or_insert_with(|| self.clock.instant());
            }
            self.size += size(&event);
            if self.size > MAX_ANSWER {
                return Err(too_long());
            }
            self.answer.push(&event);
            if sink(CallEvent::Event(&event)).is_break() {
                return Err(Cause::ReaderGone);
            }
        }
        Ok(())
    }
}

/// Bytes that an event adds to the answer.
pub fn size(event: &Event) -> usize {
    match event {
        Event::Text(text) | Event::Reasoning(text) | Event::ToolArguments { text, .. } => text.len(),
        Event::ToolSignature { text, .. } => text.len(),
        Event::ReasoningBlock(block) => block.size(),
        Event::ToolStart { id, name, .. } => id.len() + name.len(),
        Event::Start { .. } | Event::Usage(_) | Event::Finish(_) => 0,
    }
}

/// The first piece of content or reasoning is the first token; names, pings and counts are not.
pub fn is_token(event: &Event) -> bool {
    match event {
        Event::Text(text) | Event::Reasoning(text) => !text.is_empty(),
        Event::ToolStart { .. } | Event::ToolArguments { .. } => true,
        Event::Start { .. }
        | Event::ReasoningBlock(_)
        | Event::ToolSignature { .. }
        | Event::Usage(_)
        | Event::Finish(_) => false,
    }
}

fn too_long() -> Cause {
    Cause::Failed(Failure::new(Class::Malformed, format!("the answer is longer than {} MiB", MAX_ANSWER >> 20)))
}
