//! How a request went, for whoever asked: every attempt, the answer, or why there is none.

use std::time::Duration;

use crate::model::{Answer, Failure};
use crate::route::course::{Skip, Stop};
use crate::route::rules::RuleError;
use crate::route::{DeploymentId, GroupId, Map};

/// One call that was made.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// To whom.
    pub deployment: DeploymentId,
    /// Through which group.
    pub group: GroupId,
    /// How it failed, if it did.
    pub failure: Option<Failure>,
    /// It was given up because nobody wanted its answer any more.
    pub cancelled: bool,
    /// How long it was waited before.
    pub waited: Duration,
    /// How long it took.
    pub duration: Duration,
    /// Time to the first token of this call.
    pub first_token: Option<Duration>,
    /// What it cost, when usage and price are known.
    pub cost: Option<f64>,
}

/// One complete answer.
#[derive(Debug, Clone)]
pub struct Done {
    /// The answer, with the whole text that was given out.
    pub answer: Answer,
    /// Who gave it (the last part of it, if it was resumed).
    pub deployment: DeploymentId,
    /// Every call, the last one answered.
    pub attempts: Vec<Attempt>,
    /// From the question to the first token that was given out.
    pub first_token: Option<Duration>,
    /// From the question to the end.
    pub duration: Duration,
    /// Text that was given out was replaced.
    pub restarted: bool,
    /// Characters after which another deployment continued.
    pub resumed_at: Option<usize>,
}

/// No complete answer.
#[derive(Debug, Clone)]
pub struct RouteError {
    /// Why.
    pub why: Why,
    /// Every call.
    pub attempts: Vec<Attempt>,
    /// Who was passed over, and why.
    pub skips: Vec<Skip>,
    /// From the question to the end.
    pub duration: Duration,
}

/// Why there is no complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The course ended before anything was given out.
    Stopped(Stop),
    /// A part was given out and could not be completed.
    Interrupted {
        /// Another deployment gave a whole answer that does not continue it; the log has it.
        second_answer: bool,
    },
    /// A rule cannot be evaluated: nobody may be asked.
    Rule(RuleError),
    /// The reader went away.
    Unread,
}

impl Attempt {
    /// The attempt as `--json` and the log show it.
    #[must_use]
    pub fn json(&self, map: &Map) -> serde_json::Value {
        let failure = self.failure.as_ref();
        serde_json::json!({
            "deployment": map.deployment(self.deployment).name,
            "outcome": match (failure, self.cancelled) {
                (Some(_), _) => "failed",
                (None, true) => "cancelled",
                (None, false) => "ok",
            },
            "class": failure.map(|failure| failure.class.as_str()),
            "status": failure.and_then(|failure| failure.status),
            "message": failure.map(|failure| failure.message.as_str()),
            "waited_ms": millis(self.waited),
            "duration_ms": millis(self.duration),
            "request_id": failure.and_then(|failure| failure.request_id.as_deref()),
        })
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
