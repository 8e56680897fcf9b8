//! The record of a request: every attempt, the answer, or the reason why there is none.

use std::time::Duration;

use llmroute_core::model::{Answer, Failure};
pub use llmroute_core::routing::failover::{Skip, Stop};
pub use llmroute_core::routing::rules::RuleError;
use llmroute_core::routing::{DeploymentId, GroupId, Map};

/// One call that was made.
#[derive(Debug, Clone)]
pub struct AttemptRecord {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Through which group.
    pub group: GroupId,
    /// The failure, if the call failed.
    pub failure: Option<Failure>,
    /// The time that the request waited before the call.
    pub waited: Duration,
    /// The duration of the call.
    pub duration: Duration,
    /// Time to the first token of this call.
    pub first_token: Option<Duration>,
    /// The cost, if usage and price are known.
    pub cost: Option<f64>,
    /// The fate of its text.
    pub disposition: Disposition,
}

/// The use that was made of the text of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It is in the answer, or is a part of it.
    Delivered,
    /// Nothing of it stands: it failed, or it was replaced.
    Discarded,
    /// Another call for the same answer was faster, and this one was broken off.
    HedgeLoser,
    /// It was cancelled.
    Cancelled,
}

impl Disposition {
    /// The same, when what was given out is void.
    pub(in crate::engine) fn discarded(self) -> Self {
        match self {
            Self::Delivered | Self::Discarded => Self::Discarded,
            Self::HedgeLoser => Self::HedgeLoser,
            Self::Cancelled => Self::Cancelled,
        }
    }
}

/// The cost of the calls of a request, in USD, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CostSummary {
    /// The calls whose text was delivered out.
    pub delivered: Option<f64>,
    /// True if every delivered call has a known cost.
    pub complete: bool,
    /// All others; see [`wasted`](Self::wasted).
    pub wasted: f64,
    /// The number of other calls whose cost is not known.
    pub unknown: usize,
}

impl CostSummary {
    /// Returns the cost of calls that were not delivered; `None` if a part of it is unknown.
    #[must_use]
    pub fn wasted(&self) -> Option<f64> {
        (self.unknown == 0).then_some(self.wasted)
    }

    /// The sum of `attempts`.
    #[must_use]
    pub fn of(attempts: &[AttemptRecord]) -> Self {
        let (given, others): (Vec<&AttemptRecord>, Vec<&AttemptRecord>) =
            attempts.iter().partition(|attempt| attempt.disposition == Disposition::Delivered);
        let known: Vec<f64> = given.iter().filter_map(|attempt| attempt.cost).collect();
        let charged =
            |attempt: &&&AttemptRecord| attempt.first_token.is_some() || attempt.disposition == Disposition::HedgeLoser;
        Self {
            delivered: (!known.is_empty()).then(|| known.iter().sum()),
            complete: !given.is_empty() && known.len() == given.len(),
            // An empty sum of floats is minus zero.
            wasted: others.iter().filter_map(|attempt| attempt.cost).sum::<f64>() + 0.0,
            unknown: others.iter().filter(|attempt| attempt.cost.is_none()).filter(charged).count(),
        }
    }
}

/// A second deployment was asked for the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HedgeInfo {
    /// The time that the first call had been silent.
    pub after: Duration,
    /// The second deployment.
    pub rival: DeploymentId,
}

/// One complete answer.
#[derive(Debug, Clone)]
pub struct RoutedAnswer {
    /// The answer, with the whole text that was given out.
    pub answer: Answer,
    /// The deployment that gave the answer, or its last part.
    pub deployment: DeploymentId,
    /// Every call, the last one answered.
    pub attempts: Vec<AttemptRecord>,
    /// From the question to the first token that was given out.
    pub first_token: Option<Duration>,
    /// From the question to the end.
    pub duration: Duration,
    /// Text that was given out was replaced.
    pub restarted: bool,
    /// Characters after which another deployment continued.
    pub resumed_at: Option<usize>,
    /// The second deployment that was asked at the same time, if one was.
    pub hedged: Option<HedgeInfo>,
}

/// No complete answer.
#[derive(Debug, Clone)]
pub struct RouteError {
    /// The reason.
    pub why: RouteErrorKind,
    /// Every call.
    pub attempts: Vec<AttemptRecord>,
    /// The deployments that were passed over.
    pub skips: Vec<Skip>,
    /// From the question to the end.
    pub duration: Duration,
    /// The second deployment that was asked at the same time, if one was.
    pub hedged: Option<HedgeInfo>,
}

/// The reason why there is no complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteErrorKind {
    /// The failover ended before anything was given out.
    Stopped(Stop),
    /// A part was given out and could not be completed.
    Interrupted {
        /// Another deployment gave a whole answer that does not continue it; the log has it.
        second_answer: bool,
    },
    /// A rule cannot be evaluated; no deployment may be called.
    Rule(RuleError),
    /// The reader went away.
    ReaderGone,
}

impl AttemptRecord {
    /// The attempt as `--json` and the log show it.
    #[must_use]
    pub fn json(&self, map: &Map) -> serde_json::Value {
        let failure = self.failure.as_ref();
        serde_json::json!({
            "deployment": map.deployment(self.deployment).name,
            "outcome": match (self.disposition, failure) {
                (Disposition::HedgeLoser, _) => "lost",
                (Disposition::Cancelled, _) => "cancelled",
                (Disposition::Delivered | Disposition::Discarded, Some(_)) => "failed",
                (Disposition::Delivered | Disposition::Discarded, None) => "ok",
            },
            "class": failure.map(|failure| failure.class.as_str()),
            "status": failure.and_then(|failure| failure.status),
            "message": failure.map(|failure| failure.message.as_str()),
            "waited_ms": millis(self.waited),
            "duration_ms": millis(self.duration),
            "cost_usd": self.cost,
            "request_id": failure.and_then(|failure| failure.request_id.as_deref()),
        })
    }
}

pub(in crate::engine) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
