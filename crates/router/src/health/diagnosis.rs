//! What was evidence of a deployment in one word, and what that means for its group: functions of values.

use std::time::Duration;

use super::{Evidence, LiveCall};
use crate::engine::{ModelList, ProbeKey, ProbeOutcome, ProbeReply};
use llmroute_core::model::{Class, Failure};
use llmroute_core::routing::breaker;

/// A first token that takes so many times as long as usual is slow.
const SLOW: f64 = 3.0;
/// The log counts milliseconds: what is usual is not believed to be less.
const FINEST: Duration = Duration::from_millis(1);

/// How a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthState {
    /// It answered, or its server took the key.
    Ok,
    /// It answered, much later than usual.
    Slow,
    /// It is simulated, and nobody was asked.
    Simulated,
    /// Nothing speaks against it, and nothing proves it.
    Unknown,
    /// A rate limit keeps it shut for a while.
    Limited,
    /// Its breaker is open: calls failed lately, and nothing proves that they would not.
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

    /// Whether a group can count on it.
    #[must_use]
    pub fn is_live(self) -> bool {
        match self {
            Self::Ok | Self::Slow | Self::Simulated | Self::Unknown | Self::Limited => true,
            Self::Cooling | Self::NoKey | Self::Down => false,
        }
    }
}

/// A state, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// How it is.
    pub state: HealthState,
    /// The class of failure behind it.
    pub class: Option<&'static str>,
    /// Why, in words.
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

/// What is lacking where nobody is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// A valid key for any of them.
    Key,
    /// Something else, for one of them at least.
    Other,
}

/// What `members` of a group lack; `None` when one of them is live.
#[must_use]
pub fn problem(members: &[&Diagnosis]) -> Option<Problem> {
    if members.iter().any(|diagnosis| diagnosis.state.is_live()) {
        return None;
    }
    let keys = !members.is_empty() && members.iter().all(|diagnosis| diagnosis.lacks_key);
    Some(if keys { Problem::Key } else { Problem::Other })
}

/// What all groups together lack: keys, when no group lacks anything else.
#[must_use]
pub fn common_problem(subjects: &[(String, Option<Problem>)]) -> Option<Problem> {
    let lacks = subjects.iter().filter_map(|(_, lack)| *lack);
    lacks.reduce(|one, other| if one == other { one } else { Problem::Other })
}

/// How a deployment of which this was evidence is.
#[must_use]
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
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

/// By a live call, which is stronger than everything else.
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
            // It is there and takes the key; it does not take so small a question.
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

/// By the question that costs nothing.
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

/// A list of models that is refused says less than a call that is.
fn refused(failure: &Failure) -> Diagnosis {
    match failure.class {
        Class::RateLimit => Diagnosis::of(HealthState::Limited, failure),
        // Keys may be good for calls and for nothing else, and not every server has a list.
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

/// What calls taught lately, over what a free question cannot disprove.
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
