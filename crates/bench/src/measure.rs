//! One measured call on an open connection: collects stamped chunks, feeds them to the call, makes the sample.
//!
//! Chunks are only collected as they come. They are parsed a few times a second, at a time limit and at the end, so
//! that parsing never delays a read.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::sample::{CallFailure, Connection, Sample, TokenUsage};
use super::sample_builder::{self, SampleBuilder, chars};
use llmroute_core::call::{self, CallEnd, HttpCall, redacted, secrets};
use llmroute_core::model::redact::redact;
use llmroute_core::model::{
    Class, ConnectionFault, Event, Failure, OutputFault, Price, Prompt, Secret, TimeoutKind, Usage,
};
use llmroute_core::protocols::{Endpoint, classify};
use llmroute_core::routing::Timeouts;
use llmroute_core::wire::WireRequest;
pub use llmroute_router::ports::{Clock, MeasuredConnection, MeasuringNetwork, ReplyHead, StampedChunk};

/// The interval at which collected chunks are parsed.
const TICK: Duration = Duration::from_millis(250);
/// The number of collected bytes that are parsed at once.
const GATHERED: usize = 1 << 20;

/// The way to call a target.
#[derive(Debug, Clone, Copy)]
pub struct CallTarget<'a> {
    /// Its endpoint.
    pub endpoint: &'a Endpoint,
    /// Its key.
    pub key: Option<&'a Secret>,
    /// Its time limits; `attempt` is the limit for the whole call.
    pub timeouts: Timeouts,
}

/// The place of a call in its run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) target: usize,
    pub(super) round: u32,
    /// The intended start, on the clock of the measuring network.
    pub(super) due: Duration,
    /// The estimated number of prompt tokens.
    pub(super) input: u64,
    pub(super) price: Option<Price>,
}

/// The clocks of a run.
#[derive(Clone, Copy)]
pub(super) struct RunClocks<'a> {
    pub(super) meter: &'a dyn MeasuringNetwork,
    /// Wall time, for signatures and for dates in replies.
    pub(super) wall: Clock,
    /// The start of the run on the clock of the measuring network.
    pub(super) start: Duration,
}

/// Reports the progress of a call: chunks with tokens, and the time to the first token.
pub(super) type Watch<'a> = dyn FnMut(usize, Option<Duration>) + Send + 'a;

/// Returns the signed request for `prompt`.
pub(super) fn request(target: &CallTarget<'_>, prompt: &Prompt, wall: Clock) -> Result<WireRequest, Failure> {
    Ok(call::request(target.endpoint, target.key, prompt, wall.now())?.request)
}

/// Writes `request` at once, as far as the kernel accepts it.
pub(super) fn begin(line: &mut dyn MeasuredConnection, request: WireRequest) -> Option<Result<ReplyHead, Failure>> {
    line.begin(request);
    match line.poll_head(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(head) => Some(head),
        Poll::Pending => None,
    }
}

/// Waits for the end of the call that was begun on the connection. Returns the sample and its failure.
pub(super) async fn finish(
    line: &mut dyn MeasuredConnection,
    head: Option<Result<ReplyHead, Failure>>,
    target: &CallTarget<'_>,
    call: Call,
    connection: Connection,
    clocks: RunClocks<'_>,
    watch: &mut Watch<'_>,
) -> (Sample, Option<Failure>) {
    let sent = line.sent().unwrap_or_else(|| clocks.meter.now());
    let reading = Reading {
        line,
        clocks,
        sent,
        call: HttpCall::new(target.endpoint, target.key, target.timeouts, sent),
        head: None,
        builder: SampleBuilder::default(),
        events: Vec::new(),
        gathered: Vec::new(),
        bytes: 0,
        lag: None,
        watch,
    };
    reading.read(head).await.sample(target, call, connection)
}

/// Returns the sample of a call that was not sent because of `failure`.
pub(super) fn unsent(
    failure: Failure,
    target: &CallTarget<'_>,
    call: Call,
    clocks: RunClocks<'_>,
) -> (Sample, Option<Failure>) {
    let failure = redacted(failure, &secrets(target.endpoint, target.key));
    let sample = Sample {
        target: call.target,
        round: call.round,
        due: call.due.saturating_sub(clocks.start),
        sent: call.due.saturating_sub(clocks.start),
        connection: Connection::Unknown,
        head: None,
        first_token: None,
        first_answer: None,
        end: clocks.meter.now().saturating_sub(call.due),
        gaps: Vec::new(),
        first_bytes: 0,
        chars: 0,
        reasoning_chars: 0,
        usage: TokenUsage::Estimated(Usage::default()),
        cost_usd: None,
        read_lag: None,
        clock_stepped: false,
        request_id: None,
        failure: Some(fault(&failure)),
    };
    (sample, Some(failure))
}

struct Reading<'a> {
    line: &'a mut dyn MeasuredConnection,
    clocks: RunClocks<'a>,
    sent: Duration,
    call: HttpCall<'a>,
    head: Option<ReplyHead>,
    builder: SampleBuilder,
    /// Reused between chunks.
    events: Vec<Event>,
    gathered: Vec<StampedChunk>,
    /// Bytes in `gathered`.
    bytes: usize,
    lag: Option<Duration>,
    watch: &'a mut Watch<'a>,
}

/// The end of a wait.
enum Woken {
    Piece(Option<Result<StampedChunk, Failure>>),
    Tick,
}

impl Reading<'_> {
    /// Reads to the end of the call.
    async fn read(mut self, head: Option<Result<ReplyHead, Failure>>) -> Self {
        let head = match head {
            Some(head) => Some(head),
            None => self.wait_for_head().await,
        };
        match head {
            Some(Ok(head)) => {
                self.call.head(head.at, head.status, &head.headers, self.clocks.wall.now());
                self.head = Some(head);
            }
            Some(Err(failure)) => self.call.fail(self.now(), failure, &mut self.events),
            None => self.call.tick(self.now(), &mut self.events),
        }
        let mut tick = pin!(tokio::time::sleep(self.next_look()));
        while !self.call.is_over() {
            match self.wait(tick.as_mut()).await {
                Woken::Piece(Some(Ok(piece))) => self.gather(piece),
                Woken::Piece(Some(Err(failure))) => {
                    self.digest();
                    self.call.fail(self.now(), failure, &mut self.events);
                }
                Woken::Piece(None) => {
                    self.digest();
                    self.call.end(self.now(), &mut self.events);
                }
                Woken::Tick => {
                    self.digest();
                    self.call.tick(self.now(), &mut self.events);
                    tick.set(tokio::time::sleep(self.next_look()));
                }
            }
        }
        // Events of the end of the body.
        let at = self.call.heard();
        self.take(at);
        self
    }

    /// Waits for the head of the reply until the deadline.
    async fn wait_for_head(&mut self) -> Option<Result<ReplyHead, Failure>> {
        let left = self.call.deadline().0.saturating_sub(self.now());
        tokio::time::timeout(left, poll_fn(|cx| self.line.poll_head(cx))).await.ok()
    }

    async fn wait(&mut self, mut tick: Pin<&mut tokio::time::Sleep>) -> Woken {
        poll_fn(|cx| {
            if let Poll::Ready(piece) = self.line.poll_piece(cx) {
                return Poll::Ready(Woken::Piece(piece));
            }
            tick.as_mut().poll(cx).map(|()| Woken::Tick)
        })
        .await
    }

    fn now(&self) -> Duration {
        self.clocks.meter.now()
    }

    /// The time until the gathered pieces are parsed.
    fn next_look(&self) -> Duration {
        self.call.deadline().0.saturating_sub(self.now()).min(TICK)
    }

    fn gather(&mut self, piece: StampedChunk) {
        self.lag = self.lag.max(piece.lag);
        self.bytes += piece.bytes.len();
        self.gathered.push(piece);
        if self.bytes > GATHERED {
            self.digest();
        }
    }

    /// Parses the gathered pieces.
    fn digest(&mut self) {
        self.bytes = 0;
        let mut gathered = std::mem::take(&mut self.gathered);
        for piece in gathered.drain(..) {
            self.call.feed(piece.at, &piece.bytes, &mut self.events);
            self.take(piece.at);
        }
        // Its memory is reused.
        self.gathered = gathered;
        let first = self.builder.first_token.map(|at| at.saturating_sub(self.sent));
        (self.watch)(self.builder.pieces(), first);
    }

    fn take(&mut self, at: Duration) {
        for event in self.events.drain(..) {
            self.builder.add(at, &event);
        }
    }

    fn sample(self, target: &CallTarget<'_>, call: Call, connection: Connection) -> (Sample, Option<Failure>) {
        let since = |at: Duration| at.saturating_sub(self.sent);
        let run = |at: Duration| at.saturating_sub(self.clocks.start);
        let CallEnd { result, answer, ended, .. } = self.call.finish();
        let (failure, end) = match result {
            Ok(()) => (None, self.builder.last_token.unwrap_or(ended)),
            Err(failure) => (Some(failure), ended),
        };
        let usage = sample_builder::tokens(&answer, call.input);
        let used = *usage.usage() != Usage::default();
        let named = self.head.as_ref().and_then(|head| classify::request_id(&head.headers));
        let request_id = named.map(|id| redact(&id, &secrets(target.endpoint, target.key)));
        let status = self.head.as_ref().map(|head| head.status);
        let fault = failure.as_ref().map(|failure| CallFailure { status: failure.status.or(status), ..fault(failure) });
        let reasoning_chars = chars(&answer.reasoning);
        let sample = Sample {
            target: call.target,
            round: call.round,
            due: run(call.due),
            sent: run(self.sent),
            connection,
            head: self.head.as_ref().map(|head| since(head.at)),
            first_token: self.builder.first_token.map(since),
            first_answer: self.builder.first_answer.map(since),
            end: since(end),
            chars: chars(&answer.text) + reasoning_chars,
            reasoning_chars,
            first_bytes: self.builder.first_bytes,
            gaps: self.builder.gaps,
            cost_usd: call.price.filter(|_| used).map(|price| price.cost(usage.usage())),
            usage,
            read_lag: self.lag,
            clock_stepped: self.line.facts().clock_stepped,
            request_id,
            failure: fault,
        };
        (sample, failure)
    }
}

fn fault(failure: &Failure) -> CallFailure {
    let kind = match failure.class {
        Class::Timeout(TimeoutKind::Connect) => Some("connect"),
        Class::Timeout(TimeoutKind::FirstToken) => Some("first_token"),
        Class::Timeout(TimeoutKind::Idle) => Some("idle"),
        Class::Timeout(TimeoutKind::Total) => Some("total"),
        Class::Timeout(TimeoutKind::Upstream) => Some("upstream"),
        Class::Connection(ConnectionFault::Dns) => Some("dns"),
        Class::Connection(ConnectionFault::Refused) => Some("refused"),
        Class::Connection(ConnectionFault::Tls) => Some("tls"),
        Class::Connection(ConnectionFault::Broken) => Some("broken"),
        Class::InvalidOutput(OutputFault::Cut) => Some("cut"),
        Class::InvalidOutput(OutputFault::Rejected) => Some("rejected"),
        Class::Authentication
        | Class::Permission
        | Class::NotFound
        | Class::BadRequest
        | Class::Unsupported
        | Class::ContextWindow
        | Class::ContentPolicy
        | Class::RateLimit
        | Class::Quota
        | Class::Overloaded
        | Class::ServerError
        | Class::Malformed
        | Class::Truncated
        | Class::Budget => None,
    };
    let class = kind.map_or_else(|| failure.class.to_string(), |kind| format!("{}/{kind}", failure.class));
    CallFailure { class, status: failure.status, message: failure.message.clone() }
}
