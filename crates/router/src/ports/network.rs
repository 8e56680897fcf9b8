//! The network, for calls and for measurements.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::Stream;
use http::HeaderMap;

use super::BoxFuture;
pub use llmroute_core::model::{Failure, Timestamp};
use llmroute_core::wire::WireRequest;

/// The network.
pub trait Transport: Send + Sync {
    /// Sends `request` once: no retries, no redirects. Resolves when the head of the reply has arrived.
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

/// Connections that are opened only to be measured.
pub trait ConnectionChecker: Send + Sync {
    /// Connects to the host of `url`, of scheme `http` or `https`, within `limit`, and closes the connection.
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
    /// The time at which the server's certificate expires.
    pub cert_expires: Option<Timestamp>,
    /// True if there is a proxy in between, or no connection to measure.
    pub unmeasured: bool,
    /// The failure that ended the check.
    pub failure: Option<Failure>,
}

/// The network for measurements: separate connections, and one clock for all timestamps.
pub trait MeasuringNetwork: Send + Sync {
    /// Returns the time on the clock of all timestamps, since its origin; it never steps.
    fn now(&self) -> Duration;

    /// Returns the CPU time of this process, if it is known and meaningful.
    fn cpu(&self) -> Option<Duration> {
        None
    }

    /// Waits until `at` on that clock, as precisely as the machine allows.
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

    /// Polls for the head of the reply.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ReplyHead, Failure>>;

    /// Polls for the next piece of the body; `None` at its end. Pieces with the same timestamp came from one read.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<StampedChunk, Failure>>>;

    /// Returns the time at which the first byte of the last call was handed to the kernel; `None` before that.
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

/// The head of a reply, with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyHead {
    /// The time of its last byte on the clock of the measurement.
    pub at: Duration,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
}

/// A piece of a body, with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampedChunk {
    /// The time of its last byte on the clock of the measurement: where the kernel stamps what it receives, its stamp.
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
