//! The plan of a run, fixed before the first call: targets, load, limits and seed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use llmroute_core::model::Price;

/// The plan of a run. Equal plans give the same prompts, orders and start times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The deployments that are compared.
    pub targets: Vec<Target>,
    /// The pattern of calls.
    pub load: Load,
    /// The `max_tokens` of every call.
    pub max_tokens: u64,
    /// Estimated prompt tokens of a call.
    pub prompt_tokens: u64,
    /// The service level objective, for goodput.
    #[serde(default)]
    pub slo: Slo,
    /// Seed of call orders, prompts, arrivals and resampling.
    pub seed: u64,
}

/// A deployment under test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its name in the profile, or `provider/model`.
    pub name: String,
    /// The provider's name of the model.
    pub model: String,
    /// The price of its tokens; `None` if unknown, which is not the same as free.
    pub price: Option<Price>,
    /// The host. Targets on the same host are called one after another within a round, so that they do not slow
    /// each other down.
    pub host: String,
}

/// The pattern of calls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// A closed loop of rounds. Each round calls every target once, in random order.
    Rounds {
        /// The condition for the end.
        stop: Stop,
        /// Rounds in flight, which equals calls in flight per target.
        in_flight: u32,
    },
    /// An open loop: calls start at fixed times, whether or not earlier calls have finished.
    Arrivals {
        /// The condition for the end; a round is one arrival at every target.
        stop: Stop,
        /// Arrivals per second at each target.
        rate: f64,
        /// The distribution of arrivals over time.
        pattern: Arrival,
    },
}

/// The condition that ends a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// After this many rounds.
    Rounds(u32),
    /// After this time. A closed loop then starts no more rounds, finishes those that have begun, and waits out no
    /// rate limit; an open loop starts no more calls.
    After(Duration),
}

/// The distribution of arrivals over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// Evenly spaced.
    Constant,
    /// Independent of each other, with exponential gaps.
    Poisson,
}

/// A service level objective; an absent limit always holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slo {
    /// The longest time to first token.
    pub ttft: Option<Duration>,
    /// The longest time per output token after the first.
    pub tpot: Option<Duration>,
    /// The longest time to the last token.
    pub e2e: Option<Duration>,
}
