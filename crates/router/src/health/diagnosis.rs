//! The status of a deployment and of its group, as pure functions of the evidence.

use std::time::Duration;

use super::{Evidence, LiveCall};
use crate::engine::{ModelList, ProbeKey, ProbeOutcome, ProbeReply};
pub use llmroute_core::model::{Class, Failure};
pub use llmroute_core::routing::breaker;

/// The factor over the usual time to the first token from which a deployment is slow.
const SLOW: f64 = 3.0;
/// The smallest usual time, since the log counts milliseconds.
const FINEST: Duration = Duration::from_millis(1);

/// The status of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthState {
    /// It answered, or its server accepted the key.
    Ok,
    /// It answered, much later than usual.
    Slow,
    /// It is simulated, and was not called.
    Simulated,
    /// Nothing shows that it works or fails.
    Unknown,
    /// A rate limit excludes it for a while.
    Limited,
    /// Its breaker is open: recent calls failed, and nothing shows a recovery.
    Cooling,
    /// It has no key.
    NoKey,
    /// It cannot answer.
    Down,
}

impl HealthState {
    /// The name in the table and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Slow => "slow",
            Self::Simulated => "simulated",
            Self::Unknown => "unknown",
            Self::Limited => "limited",
            Self::Cooling => "cooling",
            Self::NoKey => "no_key",
            Self::Down => "down",
        }
    }

    /// Returns `true` if a group can rely on it.
    #[must_use]
    pub fn is_live(self) -> bool {
        match self {
            Self::Ok | Self::Slow | Self::Simulated | Self::Unknown | Self::Limited => true,
            Self::Cooling | Self::NoKey | Self::Down => false,
        }
    }
}

/// A status and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The status.
    pub state: HealthState,
    /// The class of failure behind it.
    pub class: Option<&'static str>,
    /// The reason in words.
    pub why: Option<String>,
    /// Only a valid key is missing.
    pub lacks_key: bool,
}

impl Diagnosis {
    fn plain(state: HealthState) -> Self {
        Self { state, class: None, why: None, lacks_key: false }
    }

    fn because(state: HealthState, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..Self::plain(state) }
    }

    fn of(state: HealthState, failure: &Failure) -> Self {
        Self { class: Some(failure.class.as_str()), ..Self::because(state, &failure.message) }
    }

    fn down(failure: &Failure) -> Self {
        let lacks_key = matches!(failure.class, Class::Authentication | Class::Permission);
        Self { lacks_key, ..Self::of(HealthState::Down, failure) }
    }
}

/// The problem of a group without a live deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// None of them has a valid key.
    Key,
    /// At least one of them has another problem.
    Other,
}

/// The problem of a group with these `members`; `None` if one of them is live.
#[must_use]
pub fn problem(members: &[&Diagnosis]) -> Option<Problem> {
    if members.iter().any(|diagnosis| diagnosis.state.is_live()) {
        return None;
    }
    let keys = !members.is_empty() && members.iter().all(|diagnosis| diagnosis.lacks_key);
    Some(if keys { Problem::Key } else { Problem::Other })
}

/// The problem of all groups together: keys, if no group has another problem.
#[must_use]
pub fn common_problem(subjects: &[(String, Option<Problem>)]) -> Option<Problem> {
    let lacks = subjects.iter().filter_map(|(_, lack)| *lack);
    lacks.reduce(|one, other| if one == other { one } else { Problem::Other })
}

/// Diagnoses a deployment.
#[must_use]
pub(crate) fn diagnose(evidence: &Evidence) -> Diagnosis {
    match &evidence.probed.key {
        ProbeKey::Missing(why) => {
            return Diagnosis {
                lacks_key: true,
                class: Some("authentication"),
                ..Diagnosis::because(HealthState::NoKey, why)
            };
        }
        ProbeKey::TimedOut => {
            return Diagnosis {
                lacks_key: true,
                ..Diagnosis::because(HealthState::NoKey, "the key did not come in time")
            };
        }
        ProbeKey::NotNeeded | ProbeKey::Found { .. } | ProbeKey::NotResolved => {}
    }
    match &evidence.live {
        Some(live) => called(live, evidence),
        None => remembered(asked(evidence), evidence),
    }
}

/// From a live call, the strongest evidence.
fn called(live: &LiveCall, evidence: &Evidence) -> Diagnosis {
    match live {
        LiveCall::Answered { ttft, .. } => match (ttft, evidence.usual) {
            (Some(ttft), Some(usual)) => match ttft.as_secs_f64() / usual.max(FINEST).as_secs_f64() {
                times if times > SLOW => {
                    Diagnosis::because(HealthState::Slow, format!("TTFT {times:.1} times the usual"))
                }
                _ => Diagnosis::plain(HealthState::Ok),
            },
            (Some(_), None) | (None, Some(_) | None) => Diagnosis::plain(HealthState::Ok),
        },
        LiveCall::Failed { failure, .. } => match failure.class {
            Class::RateLimit => Diagnosis::of(HealthState::Limited, failure),
            // It is reachable and accepts the key, but refuses so small a request.
            Class::BadRequest
            | Class::Unsupported
            | Class::ContextWindow
            | Class::ContentPolicy
            | Class::InvalidOutput(_)
            | Class::Budget => Diagnosis::of(HealthState::Unknown, failure),
            Class::Authentication
            | Class::Permission
            | Class::NotFound
            | Class::Quota
            | Class::Overloaded
            | Class::ServerError
            | Class::Timeout(_)
            | Class::Connection(_)
            | Class::Malformed
            | Class::Truncated => Diagnosis::down(failure),
        },
        LiveCall::Gated => Diagnosis::because(HealthState::Limited, "a rate limit leaves no room for a call"),
        LiveCall::NotMade(why) => remembered(Diagnosis { why: Some(why.clone()), ..asked(evidence) }, evidence),
        LiveCall::TimedOut => Diagnosis::down(&LiveCall::timed_out()),
    }
}

/// From the free probe.
fn asked(evidence: &Evidence) -> Diagnosis {
    match &evidence.probed.outcome {
        ProbeOutcome::NotSent(failure) | ProbeOutcome::Failed(failure) => Diagnosis::down(failure),
        ProbeOutcome::Simulated => Diagnosis::plain(HealthState::Simulated),
        ProbeOutcome::NoTime => Diagnosis::because(HealthState::Unknown, "not asked: no time left"),
        ProbeOutcome::NoFreeRequest => match &evidence.dialed.failure {
            Some(failure) => Diagnosis::down(failure),
            None => Diagnosis::because(HealthState::Unknown, "there is nothing to ask it for free; `--live` asks"),
        },
        ProbeOutcome::Replied(ProbeReply { refusal: Some(failure), .. }) => refused(failure),
        ProbeOutcome::Replied(ProbeReply { list: ModelList::Unreadable, key_proved: false, .. }) => Diagnosis::because(
            HealthState::Unknown,
            "what it replied is no list of models: check its base URL; `--live` asks",
        ),
        ProbeOutcome::Replied(reply) => match &evidence.probed.key {
            ProbeKey::Found { .. } if !reply.key_proved => {
                Diagnosis::because(HealthState::Unknown, "anybody may read its list of models; `--live` tries the key")
            }
            ProbeKey::Found { .. }
            | ProbeKey::NotNeeded
            | ProbeKey::Missing(_)
            | ProbeKey::TimedOut
            | ProbeKey::NotResolved => Diagnosis::plain(HealthState::Ok),
        },
    }
}

/// A refused model list is weaker evidence than a refused call.
fn refused(failure: &Failure) -> Diagnosis {
    match failure.class {
        Class::RateLimit => Diagnosis::of(HealthState::Limited, failure),
        // A key may be valid only for calls, and not every server has a model list.
        Class::Permission
        | Class::NotFound
        | Class::BadRequest
        | Class::Unsupported
        | Class::ContextWindow
        | Class::ContentPolicy
        | Class::InvalidOutput(_)
        | Class::Budget => {
            let why = format!("it does not show its list of models ({}); `--live` asks", failure.message);
            Diagnosis { class: Some(failure.class.as_str()), ..Diagnosis::because(HealthState::Unknown, why) }
        }
        Class::Authentication
        | Class::Quota
        | Class::Overloaded
        | Class::ServerError
        | Class::Timeout(_)
        | Class::Connection(_)
        | Class::Malformed
        | Class::Truncated => Diagnosis::down(failure),
    }
}

/// From recent calls, where the free probe does not disprove them.
fn remembered(asked: Diagnosis, evidence: &Evidence) -> Diagnosis {
    if !asked.state.is_live() {
        return asked;
    }
    if let breaker::BreakerState::Open { .. } = evidence.breaker {
        let class = evidence.reason.as_deref().unwrap_or("failures");
        let of_key = [Class::Authentication, Class::Permission].iter().any(|known| known.as_str() == class);
        let proved = asked.state == HealthState::Ok;
        let why = format!("calls failed lately ({class}); `--live` asks again");
        return Diagnosis { lacks_key: of_key && !proved, ..Diagnosis::because(HealthState::Cooling, why) };
    }
    match evidence.gated {
        Some(_) => Diagnosis::because(HealthState::Limited, "it said that there are too many requests"),
        None => asked,
    }
}

#[cfg(test)]
mod tests;
