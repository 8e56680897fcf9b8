//! A loopback server with a known token schedule. It runs on its own thread and records when each token left.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;
use url::Url;

/// The times of the tokens, counted from the arrival of the request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenSchedule {
    /// Time to the first token.
    pub ttft: Duration,
    /// Time between tokens.
    pub itl: Duration,
    /// Number of tokens.
    pub tokens: u32,
    /// Relative jitter: each time is drawn uniformly from this share below to this share above its value.
    pub jitter: f64,
    /// Seed of the jitter.
    pub seed: u64,
}

impl Default for TokenSchedule {
    /// 50 tokens: the first after 200 ms, the others 20 ms apart.
    fn default() -> Self {
        Self { ttft: Duration::from_millis(200), itl: Duration::from_millis(20), tokens: 50, jitter: 0.0, seed: 1 }
    }
}

/// The times at which the tokens of a call left.
#[derive(Debug, Clone, PartialEq)]
pub struct SentTimes {
    /// The number of the call.
    pub call: u32,
    /// The time after each write returned.
    pub left: Vec<Instant>,
}

impl SentTimes {
    /// Gaps between tokens.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = Duration> {
        self.left.windows(2).map(|pair| pair[1] - pair[0])
    }

    /// Mean gap between tokens.
    #[must_use]
    pub(crate) fn mean_gap(&self) -> Duration {
        let (first, last) = (self.left.first(), self.left.last());
        let span = first.zip(last).map_or(Duration::ZERO, |(first, last)| *last - *first);
        let gaps = u32::try_from(self.left.len().saturating_sub(1)).unwrap_or(u32::MAX);
        span.checked_div(gaps).unwrap_or_default()
    }
}

/// The server. Dropping it stops it.
#[derive(Debug)]
pub struct ReferenceServer {
    url: Url,
    truths: Arc<Mutex<Vec<SentTimes>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<Option<Duration>>>,
}

impl ReferenceServer {
    /// Starts the server on a free port.
    ///
    /// # Errors
    /// No port is free, or the thread cannot start.
    pub fn start(schedule: TokenSchedule) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let url = Url::parse(&format!("http://{}/v1", listener.local_addr()?)).map_err(io::Error::other)?;
        let truths = Arc::default();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let kept = Arc::clone(&truths);
        let thread = std::thread::Builder::new().name("truth".to_owned()).spawn(move || {
            runtime.block_on(async {
                let serving = async {
                    let listener = TcpListener::from_std(listener)?;
                    accept(&listener, schedule, &kept).await
                };
                tokio::select! {
                    _ = stopped => {}
                    _ = serving => {}
                }
            });
            thread_cpu()
        })?;
        Ok(Self { url, truths, stop: Some(stop), thread: Some(thread) })
    }

    /// The base URL of the server.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Stops the server; returns its records and its CPU time, if known.
    #[must_use]
    pub fn stop(mut self) -> (Vec<SentTimes>, Option<Duration>) {
        drop(self.stop.take());
        let used = self.thread.take().and_then(|thread| thread.join().ok()).flatten();
        let truths = std::mem::take(&mut *self.truths.lock().unwrap_or_else(PoisonError::into_inner));
        (truths, used)
    }
}

/// CPU time of this thread; `/proc` reports nanoseconds (`proc_pid_schedstat(5)`).
fn thread_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

async fn accept(
    listener: &TcpListener,
    schedule: TokenSchedule,
    truths: &Arc<Mutex<Vec<SentTimes>>>,
) -> io::Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        let truths = Arc::clone(truths);
        tokio::spawn(async move {
            // A client that disconnects ends only its own connection.
            let _ = serve(socket, schedule, &truths).await;
        });
    }
}

/// Serves requests on one connection.
async fn serve(mut socket: TcpStream, schedule: TokenSchedule, truths: &Mutex<Vec<SentTimes>>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut seen = Vec::new();
    loop {
        seen.clear();
        let call = loop {
            if socket.read_buf(&mut seen).await? == 0 {
                return Ok(());
            }
            if let Some(call) = call_of(&seen) {
                break call;
            }
        };
        let truth = answer(&mut socket, schedule, call).await?;
        truths.lock().unwrap_or_else(PoisonError::into_inner).push(truth);
    }
}

/// The number in `call=N;`, once the request is complete.
fn call_of(seen: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(seen);
    let (_, rest) = text.split_once("call=")?;
    let (number, rest) = rest.split_once(';')?;
    // The body ends with the closing brace.
    rest.ends_with('}').then(|| number.parse().ok())?
}

async fn answer(socket: &mut TcpStream, schedule: TokenSchedule, call: u32) -> io::Result<SentTimes> {
    let mut rng = fastrand::Rng::with_seed(schedule.seed ^ (u64::from(call) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut draw = |span: Duration| span.mul_f64(1.0 + schedule.jitter * (2.0 * rng.f64() - 1.0));
    let mut due = now() + draw(schedule.ttft);
    socket
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        .await?;
    let mut left = Vec::new();
    for _ in 0..schedule.tokens {
        tokio::time::sleep_until(due).await;
        socket.write_all(chunk("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"token \"}}]}").as_bytes()).await?;
        left.push(now());
        due += draw(schedule.itl);
    }
    let usage = format!(
        "{{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}],\
         \"usage\":{{\"prompt_tokens\":4,\"completion_tokens\":{}}}}}",
        schedule.tokens
    );
    let last = chunk(&usage) + &chunk("[DONE]") + "0\r\n\r\n";
    socket.write_all(last.as_bytes()).await?;
    Ok(SentTimes { call, left })
}

fn chunk(data: &str) -> String {
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}

#[expect(clippy::disallowed_methods, reason = "the truth is a reading of the clock")]
fn now() -> Instant {
    Instant::now()
}
