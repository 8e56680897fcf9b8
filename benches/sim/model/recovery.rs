//! Scenario D: one deployment, and how fast its clients recover from trouble.
//!
//! A hidden limit (a window of so many calls, or a bucket that fills steadily) refuses after 20 ms with
//! whole seconds of `Retry-After`, with or without headers; an outage answers 500 after 20 ms until it
//! ends. An answer takes 50 ms. Every request is a process of its own that shares the state on disk; one
//! after the other, or all at once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use http::{HeaderMap, HeaderValue};

use super::policy::{Action, Begin, Outcome, Policy, Seconds};

const ANSWER: Seconds = 0.05;
const REFUSAL: Seconds = 0.02;
/// From the end of a process to the beginning of the next.
const PAUSE: Seconds = 0.005;

/// The calls that the server refuses.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    /// More than so many calls in any window of so many seconds.
    Window(usize, Seconds),
    /// More than a bucket contains, which starts full and fills by so many a minute.
    Bucket(f64),
    /// Every call before this time, with a 500.
    Outage(Seconds),
    /// The call of this number, with a 429 that asks for a second.
    Once(usize),
}

/// The arrival of the requests.
#[derive(Debug, Clone, Copy)]
pub enum Arrival {
    /// Each after the end of the one before.
    Sequential,
    /// All at the same moment.
    AtOnce,
    /// One every so many seconds.
    Every(Seconds),
}

/// The result of a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recovery {
    /// Requests with an answer.
    pub answered: usize,
    /// Requests that a deployment other than the first answered.
    pub by_fallback: usize,
    /// Calls that the server refused.
    pub wasted: usize,
    /// Calls.
    pub calls: usize,
    /// Seconds to the end of the last request.
    pub seconds: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Begin(usize),
    Ask(usize),
    Call(usize, usize),
    Refused(usize, usize),
    Answered(usize, usize),
}

struct Server {
    limit: Limit,
    headers: bool,
    admitted: VecDeque<Seconds>,
    level: f64,
    at: Seconds,
    calls: usize,
}

impl Server {
    /// Admits a call, or returns the seconds to wait; 0 means a 500.
    fn call(&mut self, now: Seconds) -> Result<(), u64> {
        self.calls += 1;
        match self.limit {
            Limit::Window(most, span) => {
                while self.admitted.front().is_some_and(|at| at + span <= now) {
                    self.admitted.pop_front();
                }
                if self.admitted.len() >= most {
                    return Err((self.admitted[0] + span - now).ceil().max(1.0) as u64);
                }
                self.admitted.push_back(now);
                Ok(())
            }
            Limit::Bucket(per_minute) => {
                self.level = (self.level + (now - self.at) * per_minute / 60.0).min(per_minute);
                self.at = now;
                if self.level < 1.0 {
                    return Err(((1.0 - self.level) * 60.0 / per_minute).ceil().max(1.0) as u64);
                }
                self.level -= 1.0;
                Ok(())
            }
            Limit::Outage(end) if now < end => Err(0),
            Limit::Once(number) if self.calls == number => Err(1),
            Limit::Outage(_) | Limit::Once(_) => Ok(()),
        }
    }

    fn reply(&self, now: Seconds, retry_after: Option<u64>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let (limit, left, reset) = match self.limit {
            Limit::Window(most, span) => {
                let reset = self.admitted.front().map_or(0.0, |at| (at + span - now).max(0.0));
                (most as f64, (most - self.admitted.len()) as f64, reset)
            }
            Limit::Bucket(per_minute) => {
                (per_minute, self.level.floor(), (per_minute - self.level) * 60.0 / per_minute)
            }
            Limit::Outage(_) | Limit::Once(_) => return with_retry_after(headers, retry_after),
        };
        if self.headers {
            let value = |text: String| HeaderValue::try_from(text).expect("digits and letters");
            headers.insert("x-ratelimit-limit-requests", value(format!("{limit:.0}")));
            headers.insert("x-ratelimit-remaining-requests", value(format!("{left:.0}")));
            headers.insert("x-ratelimit-reset-requests", value(format!("{}ms", (reset * 1000.0).round())));
        }
        with_retry_after(headers, retry_after)
    }
}

fn with_retry_after(mut headers: HeaderMap, seconds: Option<u64>) -> HeaderMap {
    if let Some(seconds) = seconds.filter(|seconds| *seconds > 0) {
        headers.insert("retry-after", HeaderValue::from(seconds));
    }
    headers
}

/// Plays `count` requests.
pub fn play(policy: &mut dyn Policy, limit: Limit, headers: bool, arrival: Arrival, count: usize) -> Recovery {
    let level = if let Limit::Bucket(per_minute) = limit { per_minute } else { 0.0 };
    let mut server = Server { limit, headers, admitted: VecDeque::new(), level, at: 0.0, calls: 0 };
    let mut events: BinaryHeap<Reverse<(u64, usize, Event)>> = BinaryHeap::new();
    let mut number = 0;
    let mut push = |events: &mut BinaryHeap<_>, at: Seconds, event| {
        number += 1;
        events.push(Reverse(((at * 1e6).round() as u64, number, event)));
    };
    match arrival {
        Arrival::Sequential => push(&mut events, 0.0, Event::Begin(0)),
        Arrival::AtOnce => {
            (0..count).for_each(|request| push(&mut events, request as f64 * 1e-3, Event::Begin(request)))
        }
        Arrival::Every(gap) => {
            (0..count).for_each(|request| push(&mut events, request as f64 * gap, Event::Begin(request)))
        }
    }
    let mut run = Recovery::default();
    let mut replies: BTreeMap<usize, HeaderMap> = BTreeMap::new();
    while let Some(Reverse((at, _, event))) = events.pop() {
        let now = at as f64 / 1e6;
        let mut over = None;
        match event {
            Event::Begin(request) => {
                policy.begin(request, now);
                push(&mut events, now, Event::Ask(request));
            }
            Event::Ask(request) => match policy.next(request, now) {
                Action::Call { deployment, wait, .. } => {
                    push(&mut events, now + wait, Event::Call(request, deployment))
                }
                Action::Wait(wait) => push(&mut events, now + wait, Event::Ask(request)),
                Action::GiveUp => over = Some(request),
            },
            Event::Call(request, deployment) => match policy.begins(request, deployment, now) {
                Begin::Later(wait) => push(&mut events, now + wait, Event::Call(request, deployment)),
                Begin::Never => push(&mut events, now, Event::Ask(request)),
                Begin::Now => {
                    run.calls += 1;
                    // The fallback is never in trouble.
                    let admitted = if deployment == 0 { server.call(now) } else { Ok(()) };
                    let headers = if deployment == 0 { server.reply(now, admitted.err()) } else { HeaderMap::new() };
                    replies.insert(request, headers);
                    match admitted {
                        Ok(()) => push(&mut events, now + ANSWER, Event::Answered(request, deployment)),
                        Err(_) => push(&mut events, now + REFUSAL, Event::Refused(request, deployment)),
                    }
                }
            },
            Event::Refused(request, deployment) => {
                run.wasted += 1;
                let headers = replies.remove(&request).unwrap_or_default();
                let retry_after = headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                policy.heard(request, deployment, &headers, now);
                let outcome = match retry_after {
                    Some(retry_after) => Outcome::Limited { retry_after },
                    None => Outcome::Refused { elapsed: REFUSAL },
                };
                policy.ended(request, deployment, outcome, now);
                push(&mut events, now, Event::Ask(request));
            }
            Event::Answered(request, deployment) => {
                policy.heard(request, deployment, &replies.remove(&request).unwrap_or_default(), now);
                let outcome = Outcome::Answered { ttft: ANSWER, duration: ANSWER, tokens: 10 };
                policy.ended(request, deployment, outcome, now);
                run.answered += 1;
                run.by_fallback += usize::from(deployment != 0);
                over = Some(request);
            }
        }
        if let Some(request) = over {
            policy.done(request);
            run.seconds = run.seconds.max(now);
            if matches!(arrival, Arrival::Sequential) && request + 1 < count {
                push(&mut events, now + PAUSE, Event::Begin(request + 1));
            }
        }
    }
    run
}

/// LiteLLM's router (1.110) with one deployment in its group: it obeys whole seconds of `Retry-After` up to
/// a minute, backs off otherwise, makes two further attempts, and then goes to the fallback group.
pub struct LoneLiteLlm {
    fallback: bool,
    requests: BTreeMap<usize, (u32, Option<u64>)>,
    rng: fastrand::Rng,
}

impl LoneLiteLlm {
    pub fn new(fallback: bool, seed: u64) -> Self {
        Self { fallback, requests: BTreeMap::new(), rng: fastrand::Rng::with_seed(seed) }
    }
}

impl Policy for LoneLiteLlm {
    fn begin(&mut self, request: usize, _: Seconds) {
        self.requests.insert(request, (0, None));
    }

    fn next(&mut self, request: usize, _: Seconds) -> Action {
        let (attempts, retry_after) = self.requests[&request];
        let backoff = (0.5 * f64::from(1 << attempts.saturating_sub(1).min(5))).min(8.0);
        let wait = retry_after.filter(|seconds| *seconds <= 60).map_or(backoff, |seconds| seconds as f64);
        let wait = if attempts == 0 { 0.0 } else { wait + 0.75 * self.rng.f64() };
        self.requests.insert(request, (attempts + 1, None));
        match attempts {
            0..=2 => Action::Call { deployment: 0, wait, limit: 30.0 },
            // It sleeps once more before it goes on.
            3 if self.fallback => Action::Call { deployment: 1, wait, limit: 30.0 },
            _ => Action::GiveUp,
        }
    }

    fn begins(&mut self, _: usize, _: usize, _: Seconds) -> Begin {
        Begin::Now
    }

    fn ended(&mut self, request: usize, _: usize, outcome: Outcome, _: Seconds) {
        if let Outcome::Limited { retry_after } = outcome {
            self.requests.entry(request).or_default().1 = Some(retry_after);
        }
    }

    fn done(&mut self, request: usize) {
        self.requests.remove(&request);
    }
}

/// A name, the server, whether it sends headers, the arrivals and the number of requests.
pub type Scenario = (&'static str, Limit, bool, Arrival, usize);

pub const SCENARIOS: &[Scenario] = &[
    ("one 429 at the sixth call", Limit::Once(6), false, Arrival::Sequential, 30),
    ("5 in 1 s, one after the other", Limit::Window(5, 1.0), false, Arrival::Sequential, 60),
    ("5 in 1 s, one after the other, headers", Limit::Window(5, 1.0), true, Arrival::Sequential, 60),
    ("5 in 1 s, 30 at once", Limit::Window(5, 1.0), false, Arrival::AtOnce, 30),
    ("5 in 1 s, 30 at once, headers", Limit::Window(5, 1.0), true, Arrival::AtOnce, 30),
    ("10 in 2 s, one after the other", Limit::Window(10, 2.0), false, Arrival::Sequential, 60),
    ("10 in 2 s, one after the other, headers", Limit::Window(10, 2.0), true, Arrival::Sequential, 60),
    ("10 in 2 s, 30 at once", Limit::Window(10, 2.0), false, Arrival::AtOnce, 30),
    ("10 in 2 s, 30 at once, headers", Limit::Window(10, 2.0), true, Arrival::AtOnce, 30),
    ("60 a minute, one after the other", Limit::Bucket(60.0), false, Arrival::Sequential, 90),
    ("60 a minute, one after the other, headers", Limit::Bucket(60.0), true, Arrival::Sequential, 90),
    ("60 a minute, 70 at once", Limit::Bucket(60.0), false, Arrival::AtOnce, 70),
    ("60 a minute, 70 at once, headers", Limit::Bucket(60.0), true, Arrival::AtOnce, 70),
    ("500 a minute, one after the other", Limit::Bucket(500.0), false, Arrival::Sequential, 1200),
    ("500 a minute, one after the other, headers", Limit::Bucket(500.0), true, Arrival::Sequential, 1200),
    ("500 for 1.0 s", Limit::Outage(1.0), false, Arrival::Every(600.0), 1),
    ("500 for 1.5 s", Limit::Outage(1.5), false, Arrival::Every(600.0), 1),
    ("500 for 2.0 s", Limit::Outage(2.0), false, Arrival::Every(600.0), 1),
    ("500 for 2.0 s, 12 at once", Limit::Outage(2.0), false, Arrival::AtOnce, 12),
    ("500 for 2.0 s, 12 calls, one every 0.1 s", Limit::Outage(2.0), false, Arrival::Every(0.1), 12),
    ("500 for ever, 12 at once", Limit::Outage(1e9), false, Arrival::AtOnce, 12),
    ("500 for ever, 12 calls", Limit::Outage(1e9), false, Arrival::Sequential, 12),
];
