//! A run as it is saved: the plan, every sample, and data about the client. The summary is computed from it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::sample::Sample;
use llmroute_core::model::Timestamp;

/// The version of the format in which runs are saved and printed.
pub const SCHEMA: u32 = 1;

/// A run, complete or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The value of [`SCHEMA`] when the run was saved.
    pub schema: u32,
    /// The version of the program.
    pub version: String,
    /// The start of the run.
    pub started: Timestamp,
    /// The plan of the run.
    pub plan: Plan,
    /// The samples, in the order in which the calls ended.
    pub samples: Vec<Sample>,
    /// Data about the client, for its self-check.
    pub client: ClientStats,
    /// The reason why the run ended.
    pub ended: EndReason,
}

/// Data about the measuring client, for its self-check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientStats {
    /// Duration of the run.
    pub wall: Duration,
    /// CPU time of the client during the run; `None` if unknown or if time is simulated.
    pub cpu: Option<Duration>,
    /// Starts of an open loop that were skipped because too many calls were in flight.
    pub dropped: u64,
    /// Starts of an open loop that were skipped because the target was rate limiting; not a fault of the client.
    pub rate_limited: u64,
}

/// The reason why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The plan is complete.
    Done,
    /// The user interrupted it.
    Interrupted,
    /// Another call could have exceeded the cost cap.
    MaxCost,
    /// Every target was stopped after permanent failures.
    #[serde(rename = "nobody_left")]
    NoTargetLeft,
}
