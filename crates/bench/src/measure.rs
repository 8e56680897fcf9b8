//! One measured call on an open line: gathers stamped pieces, keeps the time limits, and makes the sample.
//!
//! Pieces are only gathered as they come; they are parsed a few times a second, at the end, or when a time
//! limit asks what came.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::sample::{CallFailure, Connection, Sample};
use super::sample_builder::SampleBuilder;
use llmroute_core::model::redact::{redact, without_whole};
use llmroute_core::model::{Class, ConnectionFault, Failure, OutputFault, Price, Prompt, Secret, TimeoutKind};
use llmroute_core::protocols::{Endpoint, classify};
use llmroute_core::routing::Timeouts;
use llmroute_core::wire::{ErrorReply, WireRequest, sigv4};
use llmroute_router::engine::{ERROR_BODY_TIME, MAX_ERROR_BODY, TRAILER_TIME, secrets};
use llmroute_router::ports::{Clock, MeasuredConnection, MeasuringNetwork, ReplyHead, StampedChunk};

/// How often what was gathered is parsed.
const TICK: Duration = Duration::from_millis(250);
/// What is gathered before it is parsed anyway, in bytes.
const GATHERED: usize = 1 << 20;

/// How one target is called.
#[derive(Debug, Clone, Copy)]
pub struct CallTarget<'a> {
    /// Where.
    pub endpoint: &'a Endpoint,
    /// With which key.
    pub key: Option<&'a Secret>,
    /// How patiently; `attempt` is the limit for the whole call.
    pub timeouts: Timeouts,
}

/// Which call it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) target: usize,
    pub(super) round: u32,
    /// When it was to start, on the meter's clock.
    pub(super) due: Duration,
    /// Prompt tokens, estimated.
    pub(super) input: u64,
    pub(super) price: Option<Price>,
}

/// The clocks of a run.
#[derive(Clone, Copy)]
pub(super) struct RunClocks<'a> {
    pub(super) meter: &'a dyn MeasuringNetwork,
    /// Wall time, for signatures and for dates in replies.
    pub(super) wall: Clock,
    /// The start of the run on the meter's clock.
    pub(super) start: Duration,
}

/// How far a call came, for those who watch.
pub(super) type Watch<'a> = dyn FnMut(usize, Option<Duration>) + Send + 'a;

/// The request for `prompt`, ready to be sent.
pub(super) fn request(seat: &CallTarget<'_>, prompt: &Prompt, wall: Clock) -> Result<WireRequest, Failure> {
    let mut encoded = seat.endpoint.encode(seat.key, prompt)?;
    sigv4::sign(&mut encoded.request, wall.now());
    Ok(encoded.request)
}

/// Hands `request` to the kernel at once, as far as it takes it.
pub(super) fn begin(line: &mut dyn MeasuredConnection, request: WireRequest) -> Option<Result<ReplyHead, Failure>> {
    line.begin(request);
    match line.poll_head(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(head) => Some(head),
        Poll::Pending => None,
    }
}

/// Waits for the reply to what was begun on `line`; the sample, and the failure behind its fault.
pub(super) async fn finish(
    line: &mut dyn MeasuredConnection,
    head: Option<Result<ReplyHead, Failure>>,
    seat: &CallTarget<'_>,
    call: Call,
    connection: Connection,
    clocks: RunClocks<'_>,
    watch: &mut Watch<'_>,
) -> (Sample, Option<Failure>) {
    let sent = line.sent().unwrap_or_else(|| clocks.meter.now());
    let mut reading = Reading {
        line,
        seat,
        clocks,
        sent,
        head: None,
        builder: SampleBuilder::new(seat.endpoint),
        gathered: Vec::new(),
        bytes: 0,
        heard: sent,
        lag: None,
        watch,
    };
    let ended = reading.read(head).await;
    reading.sample(ended, call, connection)
}

/// The sample of a call that was never sent, because of `failure` at this moment.
pub(super) fn unsent(
    failure: Failure,
    seat: &CallTarget<'_>,
    call: Call,
    clocks: RunClocks<'_>,
) -> (Sample, Option<Failure>) {
    let now = clocks.meter.now();
    let builder = SampleBuilder::new(seat.endpoint);
    let sent = call.due;
    let failure = clean(failure, seat);
    let sample = Sample {
        target: call.target,
        round: call.round,
        due: call.due.saturating_sub(clocks.start),
        sent: sent.saturating_sub(clocks.start),
        connection: Connection::Unknown,
        head: None,
        first_token: None,
        first_answer: None,
        end: now.saturating_sub(sent),
        gaps: Vec::new(),
        first_bytes: 0,
        chars: 0,
        reasoning_chars: 0,
        usage: builder.tokens(call.input),
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
    seat: &'a CallTarget<'a>,
    clocks: RunClocks<'a>,
    sent: Duration,
    head: Option<ReplyHead>,
    builder: SampleBuilder,
    gathered: Vec<StampedChunk>,
    /// Bytes in `gathered`.
    bytes: usize,
    /// When something came last.
    heard: Duration,
    lag: Option<Duration>,
    watch: &'a mut Watch<'a>,
}

/// What waiting ended with.
enum Woken {
    Piece(Option<Result<StampedChunk, Failure>>),
    Tick,
}

impl Reading<'_> {
    /// Reads to the end of the answer; `Err` with the failure and when it was known.
    async fn read(&mut self, head: Option<Result<ReplyHead, Failure>>) -> Result<(), (Failure, Duration)> {
        let head = match head {
            Some(head) => head,
            None => self.head().await?,
        };
        let head = head.map_err(|failure| (failure, self.clocks.meter.now()))?;
        let (status, at) = (head.status, head.at);
        self.head = Some(head);
        self.heard = at;
        if (200..300).contains(&status) { self.body().await } else { Err((self.refusal().await, at)) }
    }

    async fn head(&mut self) -> Result<Result<ReplyHead, Failure>, (Failure, Duration)> {
        let (limit, kind) = self.patience();
        let left = limit.saturating_sub(self.clocks.meter.now());
        let waited = tokio::time::timeout(left, poll_fn(|cx| self.line.poll_head(cx))).await;
        waited.map_err(|_| (timed_out(kind, &self.seat.timeouts), self.clocks.meter.now()))
    }

    async fn body(&mut self) -> Result<(), (Failure, Duration)> {
        let mut tick = pin!(tokio::time::sleep(self.next_look()));
        loop {
            match self.wait(tick.as_mut()).await {
                Woken::Piece(Some(Ok(piece))) => self.gather(piece)?,
                Woken::Piece(Some(Err(failure))) => {
                    self.digest()?;
                    // A whole answer is not lost to a connection that is closed badly.
                    return if self.builder.finished.is_some() { self.end() } else { Err((failure, self.now())) };
                }
                Woken::Piece(None) => return self.end(),
                Woken::Tick => {
                    self.digest()?;
                    if self.builder.done() {
                        return self.end();
                    }
                    let (limit, kind) = self.patience();
                    if limit <= self.now() {
                        let late = (timed_out(kind, &self.seat.timeouts), self.now());
                        return if self.builder.finished.is_some() { self.end() } else { Err(late) };
                    }
                    tick.set(tokio::time::sleep(self.next_look()));
                }
            }
        }
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

    /// How long until what came is looked at again.
    fn next_look(&self) -> Duration {
        self.patience().0.saturating_sub(self.now()).min(TICK)
    }

    fn gather(&mut self, piece: StampedChunk) -> Result<(), (Failure, Duration)> {
        self.heard = piece.at;
        self.lag = self.lag.max(piece.lag);
        self.bytes += piece.bytes.len();
        self.gathered.push(piece);
        if self.bytes > GATHERED { self.digest() } else { Ok(()) }
    }

    /// Parses what was gathered.
    fn digest(&mut self) -> Result<(), (Failure, Duration)> {
        self.bytes = 0;
        for piece in self.gathered.drain(..) {
            self.builder.feed(piece.at, &piece.bytes).map_err(|failure| (failure, piece.at))?;
        }
        let first = self.builder.first_token.map(|at| at.saturating_sub(self.sent));
        (self.watch)(self.builder.pieces(), first);
        Ok(())
    }

    fn end(&mut self) -> Result<(), (Failure, Duration)> {
        self.digest()?;
        self.builder.end().map_err(|failure| (failure, self.heard))
    }

    /// Until when silence is borne, by what was parsed, and what it is called when it goes on.
    fn patience(&self) -> (Duration, TimeoutKind) {
        let limits = &self.seat.timeouts;
        let total = (self.sent + limits.attempt, TimeoutKind::Total);
        let silence = if let Some(finished) = self.builder.finished {
            (finished + TRAILER_TIME.min(limits.idle), TimeoutKind::Idle)
        } else if self.builder.first_token.is_some() {
            (self.heard + limits.idle, TimeoutKind::Idle)
        } else {
            (self.sent + limits.first_token, TimeoutKind::FirstToken)
        };
        if silence.0 < total.0 { silence } else { total }
    }

    /// The failure that a reply with an error status means.
    async fn refusal(&mut self) -> Failure {
        let mut body = Vec::new();
        let read = async {
            while let Some(Ok(piece)) = poll_fn(|cx| self.line.poll_piece(cx)).await {
                body.extend_from_slice(&piece.bytes);
                if body.len() > MAX_ERROR_BODY {
                    break;
                }
            }
        };
        // What came of the body by then is enough: the status says the most.
        let _ = tokio::time::timeout(ERROR_BODY_TIME, read).await;
        body.truncate(MAX_ERROR_BODY);
        if let Some(clean) = without_whole(&String::from_utf8_lossy(&body), &secrets(self.seat.endpoint, self.seat.key))
        {
            body = clean.into_bytes();
        }
        let Some(head) = &self.head else { return Failure::new(Class::Malformed, "there was no reply") };
        let reply =
            ErrorReply { status: head.status, headers: &head.headers, body: &body, now: self.clocks.wall.now() };
        self.seat.endpoint.protocol.adapter().classify(self.seat.endpoint, &reply)
    }

    fn sample(
        self,
        ended: Result<(), (Failure, Duration)>,
        call: Call,
        connection: Connection,
    ) -> (Sample, Option<Failure>) {
        let since = |at: Duration| at.saturating_sub(self.sent);
        let run = |at: Duration| at.saturating_sub(self.clocks.start);
        let (failure, end) = match ended {
            Ok(()) => (None, self.builder.last_token.unwrap_or(self.heard)),
            Err((failure, at)) => (Some(clean(failure, self.seat)), at),
        };
        let (facts, usage) = (self.line.facts(), self.builder.tokens(call.input));
        let used = *usage.usage() != llmroute_core::model::Usage::default();
        let named = self.head.as_ref().and_then(|head| classify::request_id(&head.headers));
        let request_id = named.map(|id| redact(&id, &secrets(self.seat.endpoint, self.seat.key)));
        let status = self.head.as_ref().map(|head| head.status);
        let fault = failure.as_ref().map(|failure| CallFailure { status: failure.status.or(status), ..fault(failure) });
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
            chars: self.builder.chars(),
            reasoning_chars: self.builder.reasoning_chars(),
            first_bytes: self.builder.first_bytes,
            gaps: self.builder.gaps,
            cost_usd: call.price.filter(|_| used).map(|price| price.cost(usage.usage())),
            usage,
            read_lag: self.lag,
            clock_stepped: facts.clock_stepped,
            request_id,
            failure: fault,
        };
        (sample, failure)
    }
}

/// Some servers repeat the key in their messages; it must not reach a terminal or a file.
fn clean(mut failure: Failure, seat: &CallTarget<'_>) -> Failure {
    failure.message = redact(&failure.message, &secrets(seat.endpoint, seat.key));
    failure
}

fn timed_out(kind: TimeoutKind, limits: &Timeouts) -> Failure {
    let message = match kind {
        TimeoutKind::Connect => format!("no connection within {:?}", limits.connect),
        TimeoutKind::FirstToken => format!("no token within {:?}", limits.first_token),
        TimeoutKind::Idle => format!("silence for {:?}", limits.idle),
        TimeoutKind::Total | TimeoutKind::Upstream => format!("not done within {:?}", limits.attempt),
    };
    Failure::new(Class::Timeout(kind), message)
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
