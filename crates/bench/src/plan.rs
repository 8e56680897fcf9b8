//! Who is asked what and when, decided before the first call; not the calls.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use llmroute_core::model::Price;

/// A whole run. The same plan and seed give the same prompts, orders and times of start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Who is compared.
    pub targets: Vec<Target>,
    /// What the calls come from.
    pub load: Load,
    /// The most tokens of an answer.
    pub max_tokens: u64,
    /// Prompt tokens of a call, estimated.
    pub prompt_tokens: u64,
    /// What a good call is, for goodput.
    #[serde(default)]
    pub slo: Slo,
    /// Seed of the orders, the prompts, the arrivals and the resampling.
    pub seed: u64,
}

/// One deployment that is compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its name in the profile, or `provider/model`.
    pub name: String,
    /// The model as the provider calls it.
    pub model: String,
    /// What its tokens cost; `None`: not known, which is not the same as nothing.
    pub price: Option<Price>,
    /// Targets with the same host take turns inside of a round: they would slow each other down.
    pub host: String,
}

/// Where calls come from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// A closed loop: rounds, each asking every target once in a random order, so many rounds at a time.
    Rounds {
        /// When it ends.
        stop: Stop,
        /// Rounds in flight, which is calls in flight per target.
        in_flight: u32,
    },
    /// An open loop: calls start at times fixed beforehand, whether earlier ones are done or not.
    Arrivals {
        /// When it ends; a round is one arrival at every target.
        stop: Stop,
        /// Arrivals a second at each target.
        rate: f64,
        /// How they are spread.
        pattern: Arrival,
    },
}

/// When a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// After so many rounds.
    Rounds(u32),
    /// No round begins after this, nor is a rate limit waited out; a round that has begun is finished. In an
    /// open loop, no call starts after this.
    After(Duration),
}

/// How arrivals of an open loop are spread over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// At equal distances.
    Constant,
    /// Independent of each other: exponential distances.
    Poisson,
}

/// A service level objective; what is not named does not matter.
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
