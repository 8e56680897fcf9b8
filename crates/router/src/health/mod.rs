//! Checks which deployments can answer, and why the others cannot.
//!
//! The decisions are pure functions in `diagnosis` and `warnings`.

mod check;
mod diagnosis;
mod live_call;
mod warnings;

use std::time::Duration;

use crate::engine::{ProbeResult, Standing};
use crate::ports::ConnectionCheck;
use llmroute_core::model::{Failure, Timestamp};
pub use llmroute_core::protocols::probe::Listed;
pub use llmroute_core::routing::breaker;
use llmroute_core::routing::{DeploymentId, GroupId};

pub use check::{HealthTimeouts, check};
pub use diagnosis::{Diagnosis, HealthState, Problem, common_problem, problem};
pub use live_call::add_single_group;

/// A unit of the verdict: a group, or a named deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthSubject {
    /// The name of the group or of the deployment.
    pub name: String,
    /// Its deployments.
    pub members: Vec<DeploymentId>,
}

/// A deployment to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The deployment.
    pub id: DeploymentId,
    /// Its own group for a live call ([`add_single_group`]), if one is wanted.
    pub live: Option<GroupId>,
    /// The usual time to its first token, if there are enough calls.
    pub usual: Option<Duration>,
}

/// The findings of a check.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthReport {
    /// One for each deployment, in the given order.
    pub rows: Vec<DeploymentHealth>,
    /// The problem of each unit; `None` where a deployment is live.
    pub subjects: Vec<(String, Option<Problem>)>,
    /// The duration of the check.
    pub took: Duration,
}

/// The findings about one deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentHealth {
    /// The deployment.
    pub id: DeploymentId,
    /// Its name.
    pub name: String,
    /// The end of its check.
    pub at: Timestamp,
    /// The evidence.
    pub evidence: Evidence,
    /// The diagnosis.
    pub diagnosis: Diagnosis,
    /// The warnings, whatever the status.
    pub warnings: Vec<String>,
}

/// The evidence about one deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The connection check.
    pub dialed: ConnectionCheck,
    /// The key, and the free probe.
    pub probed: ProbeResult,
    /// The presence of its model in the list.
    pub listed: Listed,
    /// Its shared state, including the live call.
    pub standing: Standing,
    /// The state of its breaker, or of its host's.
    pub breaker: breaker::BreakerState,
    /// The class of failure that opened it.
    pub reason: Option<String>,
    /// The end of its rate-limit gate.
    pub gated: Option<Timestamp>,
    /// The usual time to its first token, if there are enough calls.
    pub usual: Option<Duration>,
    /// The live call, if requested.
    pub live: Option<LiveCall>,
}

/// The result of a live call.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveCall {
    /// An answer, at least a partial one.
    Answered {
        /// The time to its first token; none if all tokens were reasoning.
        ttft: Option<Duration>,
        /// The total duration.
        took: Duration,
        /// The cost in USD, if known.
        cost: Option<f64>,
    },
    /// The call failed.
    Failed {
        /// The failure.
        failure: Failure,
        /// The cost in USD, if known.
        cost: Option<f64>,
    },
    /// No call was made because of a rate limit.
    Gated,
    /// No call was made, for this reason.
    NotMade(String),
    /// It ran out of time, and teaches nothing.
    TimedOut,
}

impl LiveCall {
    /// The cost in USD, if known.
    #[must_use]
    pub fn cost(&self) -> Option<f64> {
        match self {
            Self::Answered { cost, .. } | Self::Failed { cost, .. } => *cost,
            Self::Gated | Self::NotMade(_) | Self::TimedOut => None,
        }
    }

    /// Time to the first token.
    #[must_use]
    pub fn ttft(&self) -> Option<Duration> {
        match self {
            Self::Answered { ttft, .. } => *ttft,
            Self::Failed { .. } | Self::Gated | Self::NotMade(_) | Self::TimedOut => None,
        }
    }
}
