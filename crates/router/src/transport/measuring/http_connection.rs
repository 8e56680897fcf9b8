//! One call at a time on one HTTP connection, each piece with the timestamp of the read that completed it.
//!
//! Connection and call are polled together in one task: the data of a read is consumed before the
//! next read, in HTTP/1 and HTTP/2, with TLS and without.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;

use super::clock::{ClockOrigin, WallClock};
use super::open::Opened;
use super::proxy::Proxy;
use super::read_timestamps::{LastRead, ReadTimestamps};
use crate::ports::{ConnectionInfo, ConnectionTimings, MeasuredConnection, ReplyHead, StampedChunk};
use crate::transport::http::USER_AGENT;
use crate::transport::http::error::{self, Server};
pub use llmroute_core::model::{Class, Failure};
use llmroute_core::wire::WireRequest;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
type Awaited = Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>> + Send>>;

/// The connection, and the call on it.
pub(crate) struct HttpConnection {
    origin: ClockOrigin,
    peer: Server,
    /// The target in requests that a proxy reads.
    proxy: Option<Proxy>,
    tap: ReadTimestamps,
    opening: ConnectionTimings,
    sender: HttpSender,
    tasks: ConnectionTasks,
    call: CallPhase,
    /// Both clocks when the call began.
    bridge: WallClock,
}

enum HttpSender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

enum CallPhase {
    /// No call yet, or the last one is complete.
    None,
    /// The request could not be sent.
    Unfit(Failure),
    Asked(Awaited),
    Answered(Incoming),
    /// The connection broke.
    Broken,
}

/// Drives the connection: polled by the waiting call, and not between calls.
#[derive(Clone, Default)]
struct ConnectionTasks(Arc<Mutex<Vec<Task>>>);

impl ConnectionTasks {
    fn push(&self, task: Task) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    fn poll(&self, cx: &mut Context<'_>) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.retain_mut(|task| task.as_mut().poll(cx).is_pending());
        // Tasks spawned meanwhile are polled at once.
        loop {
            let mut started = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
            if started.is_empty() {
                break;
            }
            started.retain_mut(|task| task.as_mut().poll(cx).is_pending());
            tasks.append(&mut started);
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
    }
}

impl<F: Future<Output: Send> + Send + 'static> hyper::rt::Executor<F> for ConnectionTasks {
    fn execute(&self, task: F) {
        self.push(Box::pin(async {
            task.await;
        }));
    }
}

impl HttpConnection {
    /// Starts HTTP on an open connection.
    pub(crate) async fn new(
        opened: Opened,
        peer: Server,
        proxy: Option<Proxy>,
        origin: ClockOrigin,
    ) -> Result<Self, Failure> {
        let Opened { bytes, tap, opening, http2 } = opened;
        let (io, tasks) = (TokioIo::new(bytes), ConnectionTasks::default());
        let broke = |error: hyper::Error| error::of_line(&error, &peer, "while it was made");
        let sender = if http2 {
            let (sender, connection) = http2::handshake(tasks.clone(), io).await.map_err(broke)?;
            tasks.push(quiet(connection));
            HttpSender::Two(sender)
        } else {
            let (sender, connection) = http1::handshake(io).await.map_err(broke)?;
            tasks.push(quiet(connection));
            HttpSender::One(sender)
        };
        tap.hold();
        let mut line =
            Self { bridge: origin.bridge(), origin, peer, proxy, tap, opening, sender, tasks, call: CallPhase::None };
        line.settle();
        Ok(line)
    }

    /// Lets the connection process events between calls: the HTTP/2 preface, a close by the server.
    fn settle(&mut self) {
        let cx = &mut Context::from_waker(Waker::noop());
        loop {
            let reads = self.tap.open();
            self.tasks.poll(cx);
            if self.tap.reads() == reads {
                break;
            }
        }
    }

    /// Polls for `T` in the data read already, then read by read.
    fn poll_turns<T>(
        &mut self,
        cx: &mut Context<'_>,
        look: impl Fn(&mut Self, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        loop {
            if let Poll::Ready(found) = look(self, cx) {
                return Poll::Ready(found);
            }
            let reads = self.tap.open();
            self.tasks.poll(cx);
            if let Poll::Ready(found) = look(self, cx) {
                return Poll::Ready(found);
            }
            if self.tap.reads() == reads {
                return Poll::Pending;
            }
        }
    }

    fn time_of(&self, mark: LastRead) -> (std::time::Duration, Option<std::time::Duration>) {
        // Nothing is received after it is read.
        let at = mark.stamp.map(|stamp| self.bridge.at(stamp).min(mark.read));
        (at.unwrap_or(mark.read), at.map(|at| mark.read - at))
    }

    fn look_for_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ReplyHead, Failure>> {
        let awaited = match &mut self.call {
            CallPhase::Asked(awaited) => awaited,
            CallPhase::Unfit(failure) => return Poll::Ready(Err(failure.clone())),
            CallPhase::None | CallPhase::Answered(_) | CallPhase::Broken => {
                return Poll::Ready(Err(Failure::new(Class::Malformed, "no reply is awaited")));
            }
        };
        let reply = match std::task::ready!(awaited.as_mut().poll(cx)) {
            Ok(reply) => reply,
            Err(error) => {
                self.call = CallPhase::Broken;
                return Poll::Ready(Err(error::of_line(&error, &self.peer, "before it answered")));
            }
        };
        let (parts, body) = reply.into_parts();
        self.call = CallPhase::Answered(body);
        let (at, _) = self.time_of(self.tap.last());
        Poll::Ready(Ok(ReplyHead { at, status: parts.status.as_u16(), headers: parts.headers }))
    }

    fn look_for_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<StampedChunk, Failure>>> {
        let CallPhase::Answered(body) = &mut self.call else { return Poll::Ready(None) };
        loop {
            match std::task::ready!(Pin::new(&mut *body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // Trailers are ignored.
                    let Ok(bytes) = frame.into_data() else { continue };
                    let (at, lag) = self.time_of(self.tap.last());
                    return Poll::Ready(Some(Ok(StampedChunk { at, lag, bytes })));
                }
                Some(Err(error)) => {
                    self.call = CallPhase::Broken;
                    let failure = error::of_line(&error, &self.peer, "in the middle of the reply");
                    return Poll::Ready(Some(Err(failure)));
                }
                None => {
                    self.call = CallPhase::None;
                    return Poll::Ready(None);
                }
            }
        }
    }

    /// The request as sent on this connection.
    fn framed(&self, request: WireRequest) -> Result<Request<Full<Bytes>>, Failure> {
        let url = &request.url;
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let whole = matches!(self.sender, HttpSender::Two(_)) || self.reads_proxy(url);
        let target = if whole { &url[..url::Position::AfterQuery] } else { path };
        let unfit = |_| Failure::new(Class::BadRequest, "the address cannot stand in a request");
        let target: Uri = target.parse().map_err(unfit)?;
        let mut framed = Request::new(Full::new(request.body));
        *framed.method_mut() = Method::POST;
        *framed.uri_mut() = target;
        let headers = framed.headers_mut();
        *headers = request.headers;
        if matches!(self.sender, HttpSender::One(_)) {
            let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
            let host = HeaderValue::from_str(host);
            let unfit = |_| Failure::new(Class::BadRequest, "the host cannot stand in a header");
            headers.entry(header::HOST).or_insert(host.map_err(unfit)?);
        }
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        // Compression would merge pieces that must stay apart.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let (true, Some(value)) = (self.reads_proxy(url), self.proxy.as_ref().and_then(|p| p.authorization.clone()))
        {
            headers.insert(header::PROXY_AUTHORIZATION, value);
        }
        Ok(framed)
    }

    /// Returns `true` if a proxy reads the request itself; it cannot see into a tunnel.
    fn reads_proxy(&self, url: &url::Url) -> bool {
        self.proxy.is_some() && url.scheme() == "http"
    }
}

/// The connection's own errors also surface through the call.
fn quiet<E>(connection: impl Future<Output = Result<(), E>> + Send + 'static) -> Task {
    Box::pin(async {
        let _ = connection.await;
    })
}

/// The HTTP/2 tasks hold the spawner, and thus each other.
impl Drop for HttpConnection {
    fn drop(&mut self) {
        drop(std::mem::take(&mut *self.tasks.0.lock().unwrap_or_else(PoisonError::into_inner)));
    }
}

impl MeasuredConnection for HttpConnection {
    fn opening(&self) -> Option<ConnectionTimings> {
        Some(self.opening)
    }

    fn is_open(&mut self) -> bool {
        if !matches!(self.call, CallPhase::None) {
            return false;
        }
        self.settle();
        match &self.sender {
            HttpSender::One(sender) => sender.is_ready(),
            HttpSender::Two(sender) => sender.is_ready() && !sender.is_closed(),
        }
    }

    fn begin(&mut self, request: WireRequest) {
        self.tap.arm();
        self.bridge = self.origin.bridge();
        self.call = match self.framed(request) {
            Ok(framed) => CallPhase::Asked(match &mut self.sender {
                HttpSender::One(sender) => Box::pin(sender.send_request(framed)),
                HttpSender::Two(sender) => Box::pin(sender.send_request(framed)),
            }),
            Err(failure) => CallPhase::Unfit(failure),
        };
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ReplyHead, Failure>> {
        self.poll_turns(cx, Self::look_for_head)
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<StampedChunk, Failure>>> {
        self.poll_turns(cx, Self::look_for_piece)
    }

    fn sent(&self) -> Option<std::time::Duration> {
        self.tap.sent()
    }

    fn facts(&self) -> ConnectionInfo {
        ConnectionInfo { clock_stepped: self.bridge.stepped(&self.origin.bridge()) }
    }
}
