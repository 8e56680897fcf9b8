//! The only ways out of the process, as traits: the network, the shared state, the keys, the time.
//!
//! The engine speaks to these; `transport`, `state` and `cli` implement them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::Stream;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

pub use llmroute_core::model::{Failure, KeySource, Secret, Timestamp, Usage};
use llmroute_core::wire::WireRequest;

/// A future that can be stored behind a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The network.
pub trait Transport: Send + Sync {
    /// Sends `request` once: no retries, no redirects. Resolves when the head of the reply is there.
    ///
    /// Dropping the future or the reply closes the connection. The failure is of class
    /// `connection`, `timeout` (connect) or `malformed`.
    fn send(&self, request: WireRequest, connect_timeout: Duration) -> BoxFuture<'_, Result<HttpReply, Failure>>;
}

/// The head of a reply, and its body as it comes.
pub struct HttpReply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>,
}

/// Connections that are made to be measured, and for nothing else.
pub trait ConnectionChecker: Send + Sync {
    /// Connects to the host of `url`, of scheme `http` or `https`, within `limit`, and hangs up.
    fn dial<'a>(&'a self, url: &'a url::Url, limit: Duration) -> BoxFuture<'a, ConnectionCheck>;
}

/// The steps of a connection, with their durations.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConnectionCheck {
    /// Looking up the name.
    pub dns: Option<Duration>,
    /// Connecting, to the address that was fastest.
    pub tcp: Option<Duration>,
    /// The handshake; none for plain `http`.
    pub tls: Option<Duration>,
    /// The protocol that was agreed on (`h2`, `http/1.1`).
    pub alpn: Option<String>,
    /// When the server's certificate ends.
    pub cert_expires: Option<Timestamp>,
    /// A proxy stands between, or there is no connection to measure.
    pub unmeasured: bool,
    /// The reason why it went no further.
    pub failure: Option<Failure>,
}

/// The network as an instrument: connections of our own, and everything stamped on one clock.
pub trait MeasuringNetwork: Send + Sync {
    /// The time on the clock of all stamps, since its origin; it never steps.
    fn now(&self) -> Duration;

    /// The time of processor that this process used so far, where it is known and means something.
    fn cpu(&self) -> Option<Duration> {
        None
    }

    /// Waits until `at` on that clock, as exactly as the machine allows.
    fn wait(&self, at: Duration) -> BoxFuture<'_, ()>;

    /// Opens a connection of its own to the server of `url`; a simulated one is open at once.
    ///
    /// The failure is of class `connection`, `timeout` (connect) or `unsupported`.
    fn connect<'a>(
        &'a self,
        url: &'a url::Url,
        limit: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn MeasuredConnection>, Failure>>;
}

/// A connection on which one call at a time is made: [`begin`](Self::begin), then the head, then the
/// pieces until there are no more. Dropping it closes the connection and ends the call.
pub trait MeasuredConnection: Send {
    /// Returns the time that it took to open; `None` for a simulated one.
    fn opening(&self) -> Option<ConnectionTimings>;

    /// Returns true if another call can be made on it: the last one was read to its end, and the server kept it open.
    fn is_open(&mut self) -> bool;

    /// Starts a call: hands over `request`, which is sent by polling for the head.
    fn begin(&mut self, request: WireRequest);

    /// The head of the reply.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ReplyHead, Failure>>;

    /// The next piece of the body; `None` at its end. Between two stamps that differ lies a read.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<StampedChunk, Failure>>>;

    /// When the first byte of the last call was handed to the kernel; `None` before that.
    fn sent(&self) -> Option<Duration>;

    /// Returns facts about the call that ended last.
    fn facts(&self) -> ConnectionInfo;
}

/// The times that it took to open a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionTimings {
    /// To resolve the name; nothing for an address.
    pub dns: Option<Duration>,
    /// To open the TCP connection.
    pub tcp: Option<Duration>,
    /// To agree on TLS; nothing for plain HTTP.
    pub tls: Option<Duration>,
}

/// The head of a reply, and when it came.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyHead {
    /// When its last byte came, on the meter's clock.
    pub at: Duration,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
}

/// A piece of a body, and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampedChunk {
    /// When its last byte came, on the meter's clock: where the kernel stamps what it receives, its stamp.
    pub at: Duration,
    /// From the kernel's stamp to our own read; `None` where only our own clock is known.
    pub lag: Option<Duration>,
    /// The bytes, not compressed.
    pub bytes: Bytes,
}

/// Facts about a call that ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// True if the wall clock stepped against the monotonic one during the call, so that its stamps are wrong.
    pub clock_stepped: bool,
}

/// The source of keys, which resolves them when a call needs them.
pub trait KeyProvider: Send + Sync {
    /// The key that `source` names; `Ok(None)` when the endpoint needs none.
    fn get<'a>(&'a self, source: &'a KeySource) -> BoxFuture<'a, Result<Option<Secret>, KeyError>>;
}

/// A key that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct KeyError {
    /// The reason, without the key.
    pub reason: String,
}

/// The state that processes share: small values by key, changed in transactions, and the log of requests.
///
/// Calls block; a store waits for a lock no longer than its own bound.
pub trait Store: Send + Sync {
    /// The values of `keys`, in their order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError>;

    /// Reads `keys`, lets `change` edit their values, and writes them, as one transaction: no other
    /// process comes between. `change` may run more than once (optimistic stores try again).
    ///
    /// # Errors
    /// When the store cannot be locked or written; then nothing was changed.
    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError>;

    /// As [`Store::update`], for what must be known by all processes or not be done: a store that
    /// stands in for the shared one while that is busy does not do it here.
    ///
    /// # Errors
    /// As [`Store::update`].
    fn update_shared(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        self.update(keys, change)
    }

    /// Writes down what is about to be asked. A second beginning with the same id changes nothing.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn begin(&self, entry: &LogStart) -> Result<(), StoreError>;

    /// Writes down how the request `id` ended; of two ends the later one stands. An end without a
    /// beginning is dropped.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError>;

    /// As [`Store::read`], but waits no longer than `limit`.
    ///
    /// # Errors
    /// As [`Store::read`], and when `limit` has passed.
    fn read_within(&self, keys: &[String], limit: Duration) -> Result<Vec<Option<String>>, StoreError> {
        let _ = limit;
        self.read(keys)
    }

    /// Makes `writes` in order, as one transaction where the store can, and waits no longer than `limit`.
    /// Returns a result for each of them.
    fn write(&self, writes: &mut Vec<StoreWrite>, limit: Duration) -> Vec<Result<(), StoreError>> {
        let _ = limit;
        writes.iter_mut().map(|write| write.perform(self)).collect()
    }

    /// Returns the time now by the clock of the store, if that is not the clock of this machine and is known.
    fn shared_time(&self) -> Option<Timestamp> {
        None
    }

    /// Returns true if no operation can block.
    fn is_immediate(&self) -> bool {
        false
    }

    /// The keys that begin with `prefix`, sorted; all of them when it is empty.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// Forgets the values of `keys`, as one transaction. Returns how many of them there were.
    ///
    /// # Errors
    /// When the store cannot be locked or written; then nothing was forgotten.
    fn delete(&self, keys: &[String]) -> Result<usize, StoreError>;

    /// Forgets every request in the log. Returns how many there were.
    ///
    /// # Errors
    /// When the store cannot be locked or written; then nothing was forgotten.
    fn clear_log(&self) -> Result<usize, StoreError>;

    /// Returns a warning about the state that was not reported before.
    fn take_warning(&self) -> Option<String> {
        None
    }
}

/// A write to a store, as a value that can be queued and grouped.
#[expect(clippy::large_enum_variant, reason = "few values, each queued once")]
pub enum StoreWrite {
    /// Changes values; see [`Store::update`].
    Update(StateUpdate),
    /// Logs the start of a request; see [`Store::begin`].
    Begin(LogStart),
    /// Logs the end of a request; see [`Store::finish`].
    Finish {
        /// The id of the request.
        id: String,
        /// The end.
        end: LogEnd,
    },
}

impl StoreWrite {
    /// Makes this one write.
    ///
    /// # Errors
    /// When `store` cannot be written.
    pub(crate) fn perform<S: Store + ?Sized>(&mut self, store: &S) -> Result<(), StoreError> {
        match self {
            Self::Update(StateUpdate { keys, change, shared, written }) => {
                let mut change = |values: &mut [Option<String>]| {
                    change(values);
                    written.clear();
                    written.extend_from_slice(values);
                };
                if *shared { store.update_shared(keys, &mut change) } else { store.update(keys, &mut change) }
            }
            Self::Begin(start) => store.begin(start),
            Self::Finish { id, end } => store.finish(id, end),
        }
    }
}

/// Edits values in place; it can run more than once.
pub type ValueChange = Box<dyn FnMut(&mut [Option<String>]) + Send>;

/// A change of values in a store.
pub struct StateUpdate {
    /// The keys of the values.
    pub keys: Vec<String>,
    /// Edits the values. It may run more than once.
    pub change: ValueChange,
    /// True if it must fail rather than be made for this process only; see [`Store::update_shared`].
    pub shared: bool,
    /// The values after the last run of `change`.
    pub written: Vec<Option<String>>,
}

/// The shared state could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct StoreError {
    /// The kind, which says whether another try can help.
    pub kind: StoreErrorKind,
    /// The reason, with the file or address; a last line `hint: …` names the remedy.
    pub reason: String,
}

/// The meaning of a store error for the next operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Another process held the lock for too long; the next operation may succeed.
    Busy,
    /// The server does not answer, or not now. The values may still be there, so that what must be known by
    /// all processes cannot be decided without them.
    Unreachable,
    /// It will not succeed until a person has looked at it.
    Unusable,
    /// As [`Unusable`](Self::Unusable), because what is kept is itself damaged: only moving it away helps.
    Damaged,
}

/// A request as the log knows it before it has an outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogStart {
    /// Sorts by time; unique across processes.
    pub id: String,
    /// When it was asked.
    pub at: Timestamp,
    /// The command (`ask`, `chat`, …).
    pub command: String,
    /// The model group, or `provider/model`.
    pub group: String,
    /// The conversation it belongs to: the id of its first request.
    pub conversation_id: Option<String>,
    /// The request of the conversation that it follows. Two that follow the same one are two tries;
    /// the later one stands.
    #[serde(default)]
    pub parent: Option<String>,
    /// The system prompt.
    pub system: Option<String>,
    /// The last user message.
    pub prompt: String,
    /// Labels given with `--tag`.
    pub tags: Vec<String>,
}

impl LogStart {
    /// The conversation it belongs to; logs of the first version know it of no `ask`, each of which
    /// begins one of its own.
    #[must_use]
    pub fn conversation(&self) -> Option<&str> {
        let own = || Some(self.id.as_str()).filter(|_| self.command == "ask");
        self.conversation_id.as_deref().or_else(own)
    }
}

/// The end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestOutcome {
    /// One complete answer.
    Ok,
    /// A part of an answer was given out.
    Partial,
    /// No answer.
    Failed,
    /// The person stopped it.
    Cancelled,
}

impl RequestOutcome {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Partial, Self::Failed, Self::Cancelled];

    /// The name in the log and in `--json`.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The outcome of a request as the log keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogEnd {
    /// When it ended.
    pub at: Timestamp,
    /// The outcome.
    pub outcome: RequestOutcome,
    /// The deployment that answered (or was last asked).
    pub deployment: Option<String>,
    /// Its provider.
    pub provider: Option<String>,
    /// The model as the provider called it.
    pub model: Option<String>,
    /// The answer: whole, partial, or a second whole one that could not be printed.
    pub text: String,
    /// Shown reasoning.
    pub reasoning: String,
    /// The reason why the model stopped.
    pub finish_reason: Option<String>,
    /// The token counts.
    pub usage: Option<Usage>,
    /// The cost, if a price is known.
    pub cost_usd: Option<f64>,
    /// Time to first token.
    pub ttft_ms: Option<u64>,
    /// From the question to the end.
    pub duration_ms: u64,
    /// Every attempt, as in `--json`.
    pub attempts: serde_json::Value,
    /// The failure class and message, when it failed.
    pub error: Option<serde_json::Value>,
}

/// Wall time at the start of the process plus the monotonic time since.
///
/// It never steps back within a run, and it obeys tokio's paused clock in tests.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Timestamp,
    start: tokio::time::Instant,
}

impl Clock {
    /// A clock that reads `wall` now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one home of the monotonic clock")]
    pub fn starting_at(wall: Timestamp) -> Self {
        Self { origin: wall, start: tokio::time::Instant::now() }
    }

    /// The monotonic time now, for time limits.
    #[must_use]
    pub(crate) fn instant(&self) -> tokio::time::Instant {
        self.start + self.start.elapsed()
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.origin.after(self.start.elapsed())
    }
}
