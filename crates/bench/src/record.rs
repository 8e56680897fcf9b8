//! A run as it is kept: the plan, every sample, and what is known of ourselves; the summary is computed from it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::sample::Sample;
use llmroute_core::model::Timestamp;

/// The version of the form in which runs are kept and printed.
pub const SCHEMA: u32 = 1;

/// A run, whole or as far as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// [`SCHEMA`] at the time.
    pub schema: u32,
    /// The version of the program.
    pub version: String,
    /// When it began.
    pub started: Timestamp,
    /// What was to be done.
    pub plan: Plan,
    /// Every call, in the order in which they ended.
    pub samples: Vec<Sample>,
    /// What is known of the measuring side.
    pub client: ClientStats,
    /// Why there are no more samples.
    pub ended: EndReason,
}

/// The measuring side, for the verdict on itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientStats {
    /// How long the run took.
    pub wall: Duration,
    /// Time of processor that we used during the run; nothing where it is not known or the time is simulated.
    pub cpu: Option<Duration>,
    /// Starts of an open loop that could not be made because too many calls were in flight.
    pub dropped: u64,
    /// Starts of an open loop that were not made because the target limits its rate and was left alone: its
    /// doing, not ours.
    pub rate_limited: u64,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The plan was carried out.
    Done,
    /// A person stopped it.
    Interrupted,
    /// The cap on cost would have been passed.
    MaxCost,
    /// No target is left: each failed in a way that goes on.
    #[serde(rename = "nobody_left")]
    NoTargetLeft,
}
