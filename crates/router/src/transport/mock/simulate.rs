//! From a script and a random generator to a timed reply: pure, so that a simulation is a value.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};

pub use llmroute_core::wire::script::{Fault, FaultKind, MAX_TOKENS, Script, Simulation};

/// The behaviour of a simulated deployment in one call; times count from the start of the call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SimulatedCall {
    /// The connection is refused.
    Refuse,
    /// A reply.
    Reply {
        /// The time of the head.
        head_at: Duration,
        /// The HTTP status.
        status: u16,
        /// The headers.
        headers: HeaderMap,
        /// The body.
        script: SimulatedBody,
    },
}

/// The body of a reply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SimulatedBody {
    /// The timed pieces, in order.
    pub steps: Vec<TimedChunk>,
    /// The end after the last piece.
    pub end: BodyEnd,
}

/// A piece of a body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TimedChunk {
    /// Its time.
    pub at: Duration,
    /// Its bytes.
    pub bytes: Bytes,
}

/// The end of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// The connection is closed.
    Close,
    /// It never ends.
    Silence,
}

/// Decides the whole call. The number of random draws depends only on the script.
pub(crate) fn decide(simulation: &Simulation, rng: &mut fastrand::Rng) -> SimulatedCall {
    let orders = &simulation.script;
    let id = format!("mock-{:016x}", rng.u64(..));
    let hits: Vec<FaultKind> = orders.faults.iter().filter(|fault| hit(fault, rng)).map(|fault| fault.what).collect();
    let slow = hits.iter().map(|what| if let FaultKind::Slow(delay) = what { *delay } else { Duration::ZERO }).sum();
    let head_at = spread(orders.latency, orders.jitter, rng) + slow;
    let first_at = (spread(orders.ttft, orders.jitter, rng) + slow).max(head_at);
    let decisive = hits.into_iter().find(|what| !matches!(what, FaultKind::Slow(_)));
    let answer = || SimulatedAnswer::new(simulation, &id);
    let (status, headers, script) = match decisive {
        Some(FaultKind::Refuse) => return SimulatedCall::Refuse,
        Some(FaultKind::Status { status, retry_after }) => error_reply(status, retry_after, head_at),
        Some(FaultKind::Stall) => stream(Vec::new(), BodyEnd::Silence),
        Some(FaultKind::CutAfter(count)) => {
            stream(answer().truncated(count).steps(orders, first_at, rng), BodyEnd::Close)
        }
        Some(FaultKind::Empty) => stream(answer().emptied().steps(orders, first_at, rng), BodyEnd::Close),
        Some(FaultKind::Garbage) => stream(vec![garbage(first_at)], BodyEnd::Close),
        // `Slow` was counted above.
        Some(FaultKind::Slow(_)) | None => stream(answer().steps(orders, first_at, rng), BodyEnd::Close),
    };
    SimulatedCall::Reply { head_at, status, headers, script }
}

fn hit(fault: &Fault, rng: &mut fastrand::Rng) -> bool {
    rng.f64() < fault.chance
}

/// `span` times a log-normal factor with median 1 (Box and Muller, 1958), at most a hundredfold.
fn spread(span: Duration, sigma: f64, rng: &mut fastrand::Rng) -> Duration {
    if sigma <= 0.0 || !sigma.is_finite() {
        return span;
    }
    let (radius, angle) = (1.0 - rng.f64(), rng.f64());
    let normal = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
    let factor = (sigma * normal).exp().min(100.0);
    Duration::try_from_secs_f64(span.as_secs_f64() * factor).unwrap_or(span)
}

fn stream(steps: Vec<TimedChunk>, end: BodyEnd) -> (u16, HeaderMap, SimulatedBody) {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    (200, headers, SimulatedBody { steps, end })
}

fn error_reply(status: u16, retry_after: Option<Duration>, at: Duration) -> (u16, HeaderMap, SimulatedBody) {
    let (kind, code) = match status {
        401 => ("invalid_request_error", json!("invalid_api_key")),
        403 => ("invalid_request_error", json!("permission_denied")),
        404 => ("invalid_request_error", json!("model_not_found")),
        429 => ("requests", json!("rate_limit_exceeded")),
        400..=499 => ("invalid_request_error", Value::Null),
        _ => ("server_error", Value::Null),
    };
    let message = format!("simulated error {status}");
    let body = json!({ "error": { "message": message, "type": kind, "param": null, "code": code } });
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = retry_after {
        // RFC 9110 uses whole seconds; rounding up is never too early.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    (
        status,
        headers,
        SimulatedBody { steps: vec![TimedChunk { at, bytes: body.to_string().into() }], end: BodyEnd::Close },
    )
}

fn garbage(at: Duration) -> TimedChunk {
    TimedChunk { at, bytes: Bytes::from_static(b"data: {\"choices\":[{\"delta\":{\"content\":<html>\n\n") }
}

/// A simulated answer before it has times.
struct SimulatedAnswer<'a> {
    simulation: &'a Simulation,
    id: &'a str,
    tokens: Vec<String>,
    /// `None`: it breaks off.
    finish: Option<&'static str>,
}

impl<'a> SimulatedAnswer<'a> {
    fn new(simulation: &'a Simulation, id: &'a str) -> Self {
        let mut tokens = tokens(&simulation.script, &simulation.model, &simulation.prompt);
        let limit = simulation.max_tokens.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let finish = if tokens.len() > limit { "length" } else { "stop" };
        tokens.truncate(limit);
        Self { simulation, id, tokens, finish: Some(finish) }
    }

    fn truncated(mut self, count: u32) -> Self {
        self.tokens.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        self.finish = None;
        self
    }

    fn emptied(mut self) -> Self {
        self.tokens.clear();
        self.finish = Some("stop");
        self
    }

    /// One step a token; the opening and closing frames travel with the first and the last token.
    fn steps(&self, orders: &Script, first_at: Duration, rng: &mut fastrand::Rng) -> Vec<TimedChunk> {
        let mut at = first_at;
        let mut steps =
            vec![TimedChunk { at, bytes: self.event(&json!({ "role": "assistant", "content": "" })).into() }];
        for (index, token) in self.tokens.iter().enumerate() {
            if index > 0 {
                at += spread(orders.itl, orders.jitter, rng);
            }
            steps.push(TimedChunk { at, bytes: self.event(&json!({ "content": token })).into() });
        }
        if let Some(reason) = self.finish {
            steps.push(TimedChunk { at, bytes: self.closing(reason).into() });
        }
        merged(steps)
    }

    fn event(&self, delta: &Value) -> String {
        self.chunk(&json!([{ "index": 0, "delta": delta, "finish_reason": null }]), None)
    }

    fn closing(&self, reason: &str) -> String {
        let input = self.simulation.prompt.split_whitespace().count().max(1);
        let output = self.tokens.len();
        let usage = json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output });
        let finish = self.chunk(&json!([{ "index": 0, "delta": {}, "finish_reason": reason }]), None);
        finish + &self.chunk(&json!([]), Some(&usage)) + "data: [DONE]\n\n"
    }

    fn chunk(&self, choices: &Value, usage: Option<&Value>) -> String {
        let model = &self.simulation.model;
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": 0, "model": model, "choices": choices,
        });
        if let Some(usage) = usage {
            chunk["usage"] = usage.clone();
        }
        format!("data: {chunk}\n\n")
    }
}

/// Joins steps that are due at the same time into one write, as a server's buffer would.
fn merged(steps: Vec<TimedChunk>) -> Vec<TimedChunk> {
    let mut merged: Vec<(Duration, Vec<u8>)> = Vec::with_capacity(steps.len());
    for step in steps {
        match merged.last_mut() {
            Some((at, bytes)) if *at == step.at => bytes.extend_from_slice(&step.bytes),
            _ => merged.push((step.at, step.bytes.to_vec())),
        }
    }
    merged.into_iter().map(|(at, bytes)| TimedChunk { at, bytes: bytes.into() }).collect()
}

/// The answer in words: the script's text or the default one, repeated or cut to the wanted length.
fn tokens(orders: &Script, model: &str, prompt: &str) -> Vec<String> {
    let text = orders.text.clone().unwrap_or_else(|| default_text(model, prompt));
    let mut words: Vec<String> = text.split_inclusive(char::is_whitespace).map(str::to_owned).collect();
    let Some(count) = orders.tokens else { return words };
    let count = usize::try_from(count.min(MAX_TOKENS)).unwrap_or(usize::MAX);
    if let Some(last) = words.last_mut().filter(|last| count > 1 && !last.ends_with(char::is_whitespace)) {
        last.push(' ');
    }
    words.iter().cycle().take(count).cloned().collect()
}

/// Words and characters of the prompt that the default text repeats.
const ECHO: (usize, usize) = (8, 60);

fn default_text(model: &str, prompt: &str) -> String {
    let words: Vec<&str> = prompt.split_whitespace().collect();
    let mut echo: String =
        words.iter().take(ECHO.0).copied().collect::<Vec<_>>().join(" ").chars().take(ECHO.1).collect();
    if words.join(" ").len() > echo.len() {
        echo.push('…');
    }
    let asked =
        if echo.is_empty() { "Nothing was asked".to_owned() } else { format!("You asked: \u{201c}{echo}\u{201d}") };
    format!(
        "This is a simulated answer from {model} (no model was asked, and nothing left this machine). {asked}. \
         A real deployment would answer here, word by word, as this text came; the routing, the failover and the \
         exit code are the real ones."
    )
}
