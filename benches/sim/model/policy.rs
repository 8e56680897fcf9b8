//! The inputs and decisions of a policy, the same for ours and for others.

use http::HeaderMap;
use llmroute_core::model::Timestamp;

/// Seconds since the beginning of the world.
pub type Seconds = f64;

/// The beginning of the world.
pub const START: Timestamp = Timestamp(1_790_000_000_000);
/// The number of deployments.
pub const COUNT: usize = 3;
/// The longest time until the first token.
pub const LIMIT: Seconds = 30.0;
/// Seconds for a generated token, the same everywhere.
pub const PACE: Seconds = 0.01;
/// USD per generated token: the fast one is dear.
pub const PRICE: [f64; COUNT] = [10e-6, 4e-6, 1e-6];

/// The next step of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// Call a deployment after a wait, and leave it when no token came within the limit.
    Call { deployment: usize, wait: Seconds, limit: Seconds },
    /// Wait and decide again: no deployment can be called now.
    Wait(Seconds),
    /// Fail.
    GiveUp,
}

/// The result of asking for a call after its wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Begin {
    /// It goes out.
    Now,
    /// It stands in a line: to be asked the same after so long.
    Later(Seconds),
    /// It does not: there is another decision to make.
    Never,
}

/// The end of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// Whole.
    Answered { ttft: Seconds, duration: Seconds, tokens: u64 },
    /// By a 5xx.
    Refused { elapsed: Seconds },
    /// By a 429 that asks for whole seconds of patience.
    Limited { retry_after: u64 },
    /// By the limit.
    Silent { elapsed: Seconds },
}

/// Routes requests, which are known by number.
pub trait Policy {
    /// A request begins.
    fn begin(&mut self, request: usize, now: Seconds);
    /// Decides its next step, at its beginning and after each failure.
    fn next(&mut self, request: usize, now: Seconds) -> Action;
    /// Its call is about to go out.
    fn begins(&mut self, request: usize, deployment: usize, now: Seconds) -> Begin;
    /// The head of its reply came.
    fn heard(&mut self, _request: usize, _deployment: usize, _headers: &HeaderMap, _now: Seconds) {}
    /// Its call ended.
    fn ended(&mut self, request: usize, deployment: usize, outcome: Outcome, now: Seconds);
    /// Nothing further happens to it.
    fn done(&mut self, request: usize);
}

/// A draw of the standard normal distribution.
pub fn normal(rng: &mut fastrand::Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
}
