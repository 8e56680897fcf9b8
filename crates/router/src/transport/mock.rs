//! Simulated deployments: plays a script on tokio's clock, so that a paused clock plays it instantly.
//!
//! `simulate` decides what happens, as a value; this file only waits and emits it.

mod measured;
mod simulate;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::time::{Instant, sleep_until};

use self::simulate::{BodyEnd, SimulatedBody, SimulatedCall};
use crate::ports::{BoxFuture, HttpReply, Transport};
pub use llmroute_core::model::{Class, ConnectionFault, Failure};
use llmroute_core::wire::WireRequest;
pub use llmroute_core::wire::script::Simulation;

pub(crate) use self::measured::MeasuringMock;

/// A transport for `mock://` requests, whose body is a [`Simulation`].
///
/// The n-th call of a transport with the same seed and script gives the same bytes at the same times.
#[derive(Debug, Default)]
pub(crate) struct MockTransport {
    seed: u64,
    calls: AtomicU64,
}

impl MockTransport {
    /// A transport whose randomness depends on `seed`, the script's own seed and the number of the call.
    #[must_use]
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, calls: AtomicU64::new(0) }
    }

    fn rng(&self, script_seed: u64) -> fastrand::Rng {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        // An odd constant (2^64 / golden ratio) keeps the seeds of neighbouring calls far apart.
        let mixed = self.seed.rotate_left(32) ^ script_seed ^ call.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        fastrand::Rng::with_seed(mixed)
    }
}

impl Transport for MockTransport {
    fn send(&self, request: WireRequest, _connect_timeout: Duration) -> BoxFuture<'_, Result<HttpReply, Failure>> {
        Box::pin(async move {
            let simulation = simulation(&request)?;
            let plan = simulate::decide(&simulation, &mut self.rng(simulation.script.seed));
            play(plan, &request).await
        })
    }
}

fn simulation(request: &WireRequest) -> Result<Simulation, Failure> {
    serde_json::from_slice(&request.body)
        .map_err(|error| Failure::new(Class::BadRequest, format!("the script cannot be read: {error}")))
}

fn refused(request: &WireRequest) -> Failure {
    let host = request.url.host_str().unwrap_or("mock");
    let class = Class::Connection(ConnectionFault::Refused);
    Failure::new(class, format!("connection refused by {host} (simulated)"))
}

async fn play(plan: SimulatedCall, request: &WireRequest) -> Result<HttpReply, Failure> {
    let start = start();
    match plan {
        SimulatedCall::Refuse => Err(refused(request)),
        SimulatedCall::Reply { head_at, status, headers, script } => {
            sleep_until(start + head_at).await;
            Ok(HttpReply { status, headers, body: Box::pin(body(script, start)) })
        }
    }
}

/// Every step is due at a time counted from the start, so that late wake-ups do not add up.
fn body(script: SimulatedBody, start: Instant) -> impl Stream<Item = Result<Bytes, Failure>> + Send {
    let end = script.end;
    stream::unfold(script.steps.into_iter(), move |mut steps| async move {
        match (steps.next(), end) {
            (Some(step), _) => {
                sleep_until(start + step.at).await;
                Some((Ok(step.bytes), steps))
            }
            (None, BodyEnd::Close) => None,
            (None, BodyEnd::Silence) => std::future::pending().await,
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "the clock that the script is played on; a test can pause it")]
fn start() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
