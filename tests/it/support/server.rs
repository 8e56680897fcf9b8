//! A loopback server with its own sockets: it listens, logs every call, and replies as `faults` defines.
//!
//! Nothing sleeps: what is slow or stalls waits for the client to leave, for the gate, or for the server to be dropped.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use socket2::{Domain, SockRef, Socket, Type};

use super::dialect::{Dialect, Writer};
use super::faults::{self, End, Fault, Packets, Reply, Step};
pub use super::request::Call;

/// The server. Panics when dropped if it was never called, or if a client followed a redirect to its trap.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptors: Vec<JoinHandle<()>>,
    may_be_idle: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    more: Vec<Fault>,
    trap: SocketAddr,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    /// The models whose client left before the reply was over.
    left: Vec<String>,
    trapped: usize,
    gate_open: bool,
    closing: bool,
    /// The open connections, to be woken up at the end.
    streams: HashMap<usize, TcpStream>,
    workers: Vec<JoinHandle<()>>,
}

impl Server {
    /// A server on a free port with the rows of [`faults::FAULTS`].
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same with rows of the test's own, which come first.
    pub fn with(more: &[Fault]) -> Self {
        let (listener, address) = listen();
        let (trap, trap_address) = listen();
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            more: more.to_vec(),
            trap: trap_address,
        });
        let (for_calls, for_trap) = (Arc::clone(&shared), Arc::clone(&shared));
        let acceptors = vec![
            thread::spawn(move || accept(&listener, &for_calls, Shared::spawn)),
            thread::spawn(move || accept(&trap, &for_trap, |shared, _| shared.state().trapped += 1)),
        ];
        Self { address, shared, acceptors, may_be_idle: false }
    }

    /// Being never called is then no mistake.
    pub fn may_be_idle(mut self) -> Self {
        self.may_be_idle = true;
        self
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All calls so far, in the order in which they came.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.clone()
    }

    /// The requested models, in order.
    pub fn models(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.model).collect()
    }

    /// The number of calls of this model.
    pub fn count(&self, model: &str) -> usize {
        self.shared.state().calls.iter().filter(|call| call.model == model).count()
    }

    /// Lets every stream go on that waits at the gate, now and later.
    pub fn open_gate(&self) {
        self.shared.state().gate_open = true;
        self.shared.changed.notify_all();
    }

    /// Returns `true` if this model is called within `limit`.
    pub fn wait_for_call(&self, model: &str, limit: Duration) -> bool {
        self.shared.wait(limit, |state| state.calls.iter().any(|call| call.model == model))
    }

    /// Returns `true` if the client of this model disconnects within `limit`, before its reply is complete.
    pub fn wait_until_left(&self, model: &str, limit: Duration) -> bool {
        self.shared.wait(limit, |state| state.left.iter().any(|left| left == model))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let (streams, workers) = {
            let mut state = self.shared.state();
            state.closing = true;
            (std::mem::take(&mut state.streams), std::mem::take(&mut state.workers))
        };
        self.shared.changed.notify_all();
        for stream in streams.values() {
            // It may be closed already.
            drop(stream.shutdown(Shutdown::Both));
        }
        for address in [self.address, self.shared.trap] {
            drop(TcpStream::connect(address));
        }
        for thread in self.acceptors.drain(..).chain(workers) {
            assert!(thread.join().is_ok() || thread::panicking(), "a thread of the test server panicked");
        }
        if !thread::panicking() {
            let state = self.shared.state();
            assert!(self.may_be_idle || !state.calls.is_empty(), "the test server was never called");
            assert_eq!(state.trapped, 0, "a redirect was followed");
        }
    }
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    (listener, address)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, mut serve: impl FnMut(&Arc<Shared>, TcpStream)) {
    for stream in listener.incoming() {
        if shared.state().closing {
            return;
        }
        serve(shared, stream.expect("loopback accepts"));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }

    fn wait(&self, limit: Duration, holds: impl Fn(&State) -> bool) -> bool {
        let (state, _) = self
            .changed
            .wait_timeout_while(self.state(), limit, |state| !holds(state))
            .expect("nobody panics while holding it");
        holds(&state)
    }

    fn spawn(shared: &Arc<Self>, stream: TcpStream) {
        let mut state = shared.state();
        let id = state.workers.len();
        state.streams.insert(id, stream.try_clone().expect("a socket can be cloned"));
        let shared = Arc::clone(shared);
        state.workers.push(thread::spawn(move || {
            let mut model = String::new();
            let over = shared.serve(&stream, &mut model);
            // The clone goes first: a socket is closed, or reset, with its last owner.
            let mut state = shared.state();
            state.streams.remove(&id);
            drop(stream);
            if over.is_err() {
                state.left.push(model);
            }
            drop(state);
            shared.changed.notify_all();
        }));
    }

    /// Answers one call. An error means that the client left before the reply was over.
    fn serve(&self, stream: &TcpStream, model: &mut String) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let Some(call) = Call::read(stream)? else { return Ok(()) };
        model.clone_from(&call.model);
        let reply = {
            let mut state = self.state();
            let before = state.calls.iter().any(|earlier| earlier.model == call.model);
            state.calls.push(call.clone());
            self.reply(&call, before)
        };
        self.changed.notify_all();
        let dialect = Dialect::of(&call.path);
        match reply {
            Some(Reply::Plain { status, headers, body }) => {
                self.plain(stream, status, headers, &dialect.body(body, &call.model))
            }
            Some(Reply::Stream { packets, gzip, steps }) => {
                let prefill = call.last_message().filter(|(role, _)| role == "assistant").map(|(_, text)| text);
                let writer = Writer::new(dialect, &call.model, prefill.as_deref().unwrap_or_default());
                self.stream(Body::begin(stream, packets, gzip)?, writer, steps)
            }
            Some(Reply::Raw(bytes, end)) => {
                (&*stream).write_all(bytes.as_bytes())?;
                finish(stream, end)
            }
            None => self.plain(stream, 404, &[], &format!("the test server has no row `{}`", call.model)),
        }
    }

    fn reply(&self, call: &Call, before: bool) -> Option<Reply> {
        if call.method == "GET" && call.path.contains("/moved/") {
            let headers = &[("location", "http://127.0.0.1:{trap}/v1/models")];
            return Some(Reply::Plain { status: 308, headers, body: faults::Body::Text("") });
        }
        // A list for those with a good key.
        let key = call.header("authorization").filter(|key| !key.ends_with("-revoked"));
        if call.method == "GET" && call.path.contains("/closed/") && key.is_none() {
            let body = faults::Body::Error { kind: "invalid_api_key", message: "this key is not valid" };
            return Some(Reply::Plain { status: 401, headers: &[], body });
        }
        if call.method == "GET" && call.path.contains("/page/") {
            let headers = &[("content-type", "text/html")];
            return Some(Reply::Plain { status: 200, headers, body: faults::Body::Text("<html>Welcome</html>") });
        }
        if call.method == "GET" && call.path.contains("/limited/") {
            let headers = &[
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "42"),
                ("x-ratelimit-reset-requests", "300s"),
            ];
            return Some(Reply::Plain { status: 200, headers, body: faults::Body::Text(r#"{"data":[]}"#) });
        }
        if call.method == "GET" && call.path.ends_with("/models") {
            let list = r#"{"object":"list","data":[{"id":"good","object":"model"}]}"#;
            let headers = &[("content-type", "application/json")];
            return Some(Reply::Plain { status: 200, headers, body: faults::Body::Text(list) });
        }
        // A key that was good once.
        if call.header("authorization").is_some_and(|key| key.ends_with("-revoked")) {
            let body = faults::Body::Error { kind: "invalid_api_key", message: "this key is not valid" };
            return Some(Reply::Plain { status: 401, headers: &[], body });
        }
        let fault = self.more.iter().find(|fault| fault.name == call.model).or_else(|| faults::find(&call.model))?;
        Some(if before { fault.later } else { fault.first })
    }

    fn plain(&self, mut stream: &TcpStream, status: u16, headers: &[(&str, &str)], body: &str) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {status} {}\r\nconnection: close\r\n", reason(status));
        for (name, value) in headers {
            let value = value.replace("{trap}", &self.trap.port().to_string()).replace("{in 7 s}", &in_7_seconds());
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
    }

    fn stream(&self, mut body: Body<'_>, mut writer: Writer, steps: &[Step]) -> io::Result<()> {
        for event in writer.opening() {
            body.send(&event)?;
        }
        for &step in steps {
            match step {
                Step::End(end) => return body.end(end),
                Step::Gate => drop(self.wait(Duration::MAX, |state| state.gate_open || state.closing)),
                Step::Forever => loop {
                    writer.events(step).iter().try_for_each(|event| body.send(event))?;
                },
                _ => writer.events(step).iter().try_for_each(|event| body.send(event))?,
            }
        }
        body.end(End::Complete)
    }
}

/// The body of a streamed reply: events in, HTTP chunks out.
struct Body<'a> {
    stream: &'a TcpStream,
    packets: Packets,
    gzip: Option<GzEncoder<Vec<u8>>>,
}

impl<'a> Body<'a> {
    fn begin(mut stream: &'a TcpStream, packets: Packets, gzip: bool) -> io::Result<Self> {
        let encoding = if gzip { "content-encoding: gzip\r\n" } else { "" };
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\nx-request-id: req-test\r\n";
        stream.write_all(format!("{head}{encoding}content-type: text/event-stream\r\n\r\n").as_bytes())?;
        Ok(Self { stream, packets, gzip: gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast())) })
    }

    fn send(&mut self, event: &str) -> io::Result<()> {
        if let Some(gzip) = &mut self.gzip {
            gzip.write_all(event.as_bytes())?;
            gzip.flush()?;
            let packed = std::mem::take(gzip.get_mut());
            return self.chunk(&packed);
        }
        let (bytes, packets) = (event.as_bytes(), self.packets);
        let mut from = 0;
        for at in (1..bytes.len()).filter(|&at| packets.cut(event, at)) {
            self.chunk(&bytes[from..at])?;
            from = at;
        }
        self.chunk(&bytes[from..])
    }

    fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend(bytes);
        chunk.extend(b"\r\n");
        self.stream.write_all(&chunk)
    }

    fn end(mut self, end: End) -> io::Result<()> {
        if end == End::Complete {
            if let Some(gzip) = self.gzip.take() {
                let rest = gzip.finish()?;
                self.chunk(&rest)?;
            }
            self.stream.write_all(b"0\r\n\r\n")?;
        }
        finish(self.stream, end)
    }
}

impl Packets {
    /// Returns `true` if the bytes are split before position `at`.
    fn cut(self, text: &str, at: usize) -> bool {
        match self {
            Self::Events => false,
            Self::Bytes => true,
            Self::InsideCharacters => !text.is_char_boundary(at),
        }
    }
}

/// Ends the connection as `end` defines; its last owner closes it.
fn finish(mut stream: &TcpStream, end: End) -> io::Result<()> {
    match end {
        End::Complete | End::Cut => Ok(()),
        End::Reset => SockRef::from(stream).set_linger(Some(Duration::ZERO)),
        // A client that sends more is none of ours: whatever comes, it has left.
        End::Stall => Err(stream.read_exact(&mut [0]).err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into())),
    }
}

#[expect(clippy::disallowed_methods, reason = "the server is a program of its own, with a clock of its own")]
fn in_7_seconds() -> String {
    httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(7))
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown")
}

/// An address where nothing listens.
pub struct Nowhere {
    /// Reserves the port, so that nothing else can listen there.
    _socket: Socket,
    url: String,
}

impl Nowhere {
    /// A port that is taken by a socket that does not listen: connections are refused.
    pub fn refused() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be made");
        let address: SocketAddr = "127.0.0.1:0".parse().expect("it is an address");
        socket.bind(&address.into()).expect("loopback has a free port");
        let address = socket.local_addr().ok().and_then(|address| address.as_socket()).expect("it is bound");
        Self { _socket: socket, url: format!("http://{address}") }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A name that does not resolve (RFC 6761).
    pub const UNRESOLVED: &'static str = "http://nonexistent.invalid";
}
