//! Which deployments could answer now, and what stands in the way of the others: asks them, and judges.
//!
//! It knows no command line. What it decides is in `diagnosis` and `warnings`, as functions of what was found.

mod check;
mod diagnosis;
mod live_call;
mod warnings;

use std::time::Duration;

use crate::engine::{ProbeResult, Standing};
use crate::ports::ConnectionCheck;
use llmroute_core::model::{Failure, Timestamp};
use llmroute_core::protocols::probe::Listed;
use llmroute_core::routing::breaker;
use llmroute_core::routing::{DeploymentId, GroupId};

pub use check::{HealthTimeouts, check};
pub use diagnosis::{Diagnosis, HealthState, Problem, common_problem, problem};
pub use live_call::add_single_group;

/// What is to be judged as one: a group, or a deployment that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthSubject {
    /// The name of the group or of the deployment.
    pub name: String,
    /// Who could answer.
    pub members: Vec<DeploymentId>,
}

/// A deployment that is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Which one.
    pub id: DeploymentId,
    /// The group of it single_deployment_group through which it is called ([`add_single_group`]), if it is to be called.
    pub live: Option<GroupId>,
    /// The usual time to its first token, if enough calls say it.
    pub usual: Option<Duration>,
}

/// What a look at everything found.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthReport {
    /// One for each deployment, in the order in which they were given.
    pub rows: Vec<DeploymentHealth>,
    /// What each subject lacks; `None` for those that have a live deployment.
    pub subjects: Vec<(String, Option<Problem>)>,
    /// How long it took.
    pub took: Duration,
}

/// What was found of one deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentHealth {
    /// Which one.
    pub id: DeploymentId,
    /// Its name.
    pub name: String,
    /// When the look at it was over.
    pub at: Timestamp,
    /// Everything that was evidence.
    pub evidence: Evidence,
    /// What it means.
    pub diagnosis: Diagnosis,
    /// What a person should look into, whatever the state.
    pub warnings: Vec<String>,
}

/// What was evidence of one deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// How far a connection came.
    pub dialed: ConnectionCheck,
    /// The key, and the question that costs nothing.
    pub probed: ProbeResult,
    /// Whether its model is on the list.
    pub listed: Listed,
    /// What the processes know of it, the live call included.
    pub standing: Standing,
    /// Where its breaker stands, or that of its host.
    pub breaker: breaker::BreakerState,
    /// The class of failure that opened it.
    pub reason: Option<String>,
    /// Until when a rate limit keeps it shut.
    pub gated: Option<Timestamp>,
    /// The usual time to its first token, if enough calls say it.
    pub usual: Option<Duration>,
    /// The live call, if one was wanted.
    pub live: Option<LiveCall>,
}

/// What became of a live call.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveCall {
    /// An answer came, if only a part of one.
    Answered {
        /// Until its first token; none for an answer that was spent on reasoning.
        ttft: Option<Duration>,
        /// From the question to the end.
        took: Duration,
        /// What it cost in USD, when that is known.
        cost: Option<f64>,
    },
    /// The call failed.
    Failed {
        /// How.
        failure: Failure,
        /// What it cost in USD, when that is known.
        cost: Option<f64>,
    },
    /// No call was made: a rate limit leaves no room for it.
    Gated,
    /// No call was made, for this reason.
    NotMade(String),
    /// It was given up for lack of time, and teaches nothing.
    TimedOut,
}

impl LiveCall {
    /// What it cost in USD, when that is known.
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
