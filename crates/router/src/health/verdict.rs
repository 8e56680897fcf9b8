//! What was seen of a deployment in one word, and what that means for its group: functions of values.

use std::time::Duration;

use super::{Live, Seen};
use crate::engine::{ModelList, ProbeKey, ProbeOutcome, ProbeReply};
use llmroute_core::model::{Class, Failure};
use llmroute_core::route::breaker;

/// A first token that takes so many times as long as usual is slow.
const SLOW: f64 = 3.0;
/// The log counts milliseconds: what is usual is not believed to be less.
const FINEST: Duration = Duration::from_millis(1);

/// How a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
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

impl State {
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
pub struct Verdict {
    /// How it is.
    pub state: State,
    /// The class of failure behind it.
    pub class: Option<&'static str>,
    /// Why, in words.
    pub why: Option<String>,
    /// Only a valid key is missing.
    pub lacks_key: bool,
}

impl Verdict {
    fn plain(state: State) -> Self {
        Self { state, class: None, why: None, lacks_key: false }
    }

    fn because(state: State, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..Self::plain(state) }
    }

    fn of(state: State, failure: &Failure) -> Self {
        Self { class: Some(failure.class.as_str()), ..Self::because(state, &failure.message) }
    }

    fn down(failure: &Failure) -> Self {
        let lacks_key = matches!(failure.class, Class::Authentication | Class::Permission);
        Self { lacks_key, ..Self::of(State::Down, failure) }
    }
}

/// What is lacking where nobody is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// A valid key for any of them.
    Key,
    /// Something else, for one of them at least.
    Other,
}

/// What `members` of a group lack; `None` when one of them is live.
#[must_use]
pub fn lack(members: &[&Verdict]) -> Option<Lack> {
    if members.iter().any(|verdict| verdict.state.is_live()) {
        return None;
    }
    let keys = !members.is_empty() && members.iter().all(|verdict| verdict.lacks_key);
    Some(if keys { Lack::Key } else { Lack::Other })
}

/// What all groups together lack: keys, when no group lacks anything else.
#[must_use]
pub fn exit(subjects: &[(String, Option<Lack>)]) -> Option<Lack> {
    let lacks = subjects.iter().filter_map(|(_, lack)| *lack);
    lacks.reduce(|one, other| if one == other { one } else { Lack::Other })
}

/// How a deployment of which this was seen is.
#[must_use]
pub fn verdict(seen: &Seen) -> Verdict {
    match &seen.probed.key {
        ProbeKey::Missing(why) => {
            return Verdict { lacks_key: true, class: Some("authentication"), ..Verdict::because(State::NoKey, why) };
        }
        ProbeKey::TimedOut => {
            return Verdict { lacks_key: true, ..Verdict::because(State::NoKey, "the key did not come in time") };
        }
        ProbeKey::NotNeeded | ProbeKey::Found { .. } | ProbeKey::NotResolved => {}
    }
    match &seen.live {
        Some(live) => called(live, seen),
        None => remembered(asked(seen), seen),
    }
}

/// By a live call, which is stronger than everything else.
fn called(live: &Live, seen: &Seen) -> Verdict {
    match live {
        Live::Answered { ttft, .. } => match (ttft, seen.usual) {
            (Some(ttft), Some(usual)) => match ttft.as_secs_f64() / usual.max(FINEST).as_secs_f64() {
                times if times > SLOW => Verdict::because(State::Slow, format!("TTFT {times:.1} times the usual")),
                _ => Verdict::plain(State::Ok),
            },
            (Some(_), None) | (None, Some(_) | None) => Verdict::plain(State::Ok),
        },
        Live::Failed { failure, .. } => match failure.class {
            Class::RateLimit => Verdict::of(State::Limited, failure),
            // It is there and takes the key; it does not take so small a question.
            Class::BadRequest
            | Class::Unsupported
            | Class::ContextWindow
            | Class::ContentPolicy
            | Class::InvalidOutput(_)
            | Class::Budget => Verdict::of(State::Unknown, failure),
            Class::Authentication
            | Class::Permission
            | Class::NotFound
            | Class::Quota
            | Class::Overloaded
            | Class::ServerError
            | Class::Timeout(_)
            | Class::Connection(_)
            | Class::Malformed
            | Class::Truncated => Verdict::down(failure),
        },
        Live::Gated => Verdict::because(State::Limited, "a rate limit leaves no room for a call"),
        Live::NotMade(why) => remembered(Verdict { why: Some(why.clone()), ..asked(seen) }, seen),
        Live::Late => Verdict::down(&Live::late()),
    }
}

/// By the question that costs nothing.
fn asked(seen: &Seen) -> Verdict {
    match &seen.probed.outcome {
        ProbeOutcome::NotSent(failure) | ProbeOutcome::Failed(failure) => Verdict::down(failure),
        ProbeOutcome::Simulated => Verdict::plain(State::Simulated),
        ProbeOutcome::NoTime => Verdict::because(State::Unknown, "not asked: no time left"),
        ProbeOutcome::NoFreeRequest => match &seen.dialed.failure {
            Some(failure) => Verdict::down(failure),
            None => Verdict::because(State::Unknown, "there is nothing to ask it for free; `--live` asks"),
        },
        ProbeOutcome::Replied(ProbeReply { refusal: Some(failure), .. }) => refused(failure),
        ProbeOutcome::Replied(ProbeReply { list: ModelList::Unreadable, key_proved: false, .. }) => {
            Verdict::because(State::Unknown, "what it replied is no list of models: check its base URL; `--live` asks")
        }
        ProbeOutcome::Replied(reply) => match &seen.probed.key {
            ProbeKey::Found { .. } if !reply.key_proved => {
                Verdict::because(State::Unknown, "anybody may read its list of models; `--live` tries the key")
            }
            ProbeKey::Found { .. }
            | ProbeKey::NotNeeded
            | ProbeKey::Missing(_)
            | ProbeKey::TimedOut
            | ProbeKey::NotResolved => Verdict::plain(State::Ok),
        },
    }
}

/// A list of models that is refused says less than a call that is.
fn refused(failure: &Failure) -> Verdict {
    match failure.class {
        Class::RateLimit => Verdict::of(State::Limited, failure),
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
            Verdict { class: Some(failure.class.as_str()), ..Verdict::because(State::Unknown, why) }
        }
        Class::Authentication
        | Class::Quota
        | Class::Overloaded
        | Class::ServerError
        | Class::Timeout(_)
        | Class::Connection(_)
        | Class::Malformed
        | Class::Truncated => Verdict::down(failure),
    }
}

/// What calls taught lately, over what a free question cannot disprove.
fn remembered(asked: Verdict, seen: &Seen) -> Verdict {
    if !asked.state.is_live() {
        return asked;
    }
    if let breaker::State::Open { .. } = seen.breaker {
        let class = seen.reason.as_deref().unwrap_or("failures");
        let of_key = [Class::Authentication, Class::Permission].iter().any(|known| known.as_str() == class);
        let proved = asked.state == State::Ok;
        let why = format!("calls failed lately ({class}); `--live` asks again");
        return Verdict { lacks_key: of_key && !proved, ..Verdict::because(State::Cooling, why) };
    }
    match seen.gated {
        Some(_) => Verdict::because(State::Limited, "it said that there are too many requests"),
        None => asked,
    }
}

#[cfg(test)]
mod tests;
