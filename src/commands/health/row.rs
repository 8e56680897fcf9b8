//! The findings about one deployment, in words.

use std::time::Duration;

use crate::ui::text::{self, NONE, money, short_count, time_left};
use llmroute_core::model::{Class, Resource};
use llmroute_core::protocols::probe::Listed;
use llmroute_core::routing::breaker;
use llmroute_router::engine::{ProbeKey, ProbeOutcome};
pub(crate) use llmroute_router::health::{DeploymentHealth, HealthState, LiveCall};
use llmroute_router::history::LastCall;

/// A row of the report.
pub(crate) struct DeploymentRow {
    /// The findings.
    pub row: DeploymentHealth,
    /// Its provider.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// The source of its key.
    pub source: String,
    /// The result of the latest call to it.
    pub last: Option<LastCall>,
}

impl DeploymentRow {
    /// `true` if the key was accepted; `None` if that is unknown, or there is no key.
    pub(crate) fn authorised(&self) -> Option<bool> {
        let seen = &self.row.evidence;
        match (&seen.live, &seen.probed.outcome, &seen.probed.key) {
            (_, _, ProbeKey::NotNeeded | ProbeKey::NotResolved) => None,
            (_, _, ProbeKey::Missing(_) | ProbeKey::TimedOut) => Some(false),
            (Some(LiveCall::Answered { .. }), _, ProbeKey::Found { .. }) => Some(true),
            (Some(LiveCall::Failed { failure, .. }), _, ProbeKey::Found { .. }) if is_of_key(failure.class) => {
                Some(false)
            }
            (_, ProbeOutcome::Replied(reply), ProbeKey::Found { .. }) => match &reply.refusal {
                Some(failure) if failure.class == Class::Authentication => Some(false),
                Some(_) => None,
                None => reply.key_proved.then_some(true),
            },
            (
                _,
                ProbeOutcome::NoFreeRequest
                | ProbeOutcome::Simulated
                | ProbeOutcome::NoTime
                | ProbeOutcome::NotSent(_)
                | ProbeOutcome::Failed(_),
                ProbeKey::Found { .. },
            ) => None,
        }
    }

    /// The same as a word.
    pub(crate) fn authorised_word(&self) -> &'static str {
        match (self.authorised(), &self.row.evidence.probed.key) {
            (Some(true), _) => "yes",
            (Some(false), _) => "no",
            (None, ProbeKey::NotNeeded) => NONE,
            (None, ProbeKey::Found { .. } | ProbeKey::Missing(_) | ProbeKey::TimedOut | ProbeKey::NotResolved) => {
                "unknown"
            }
        }
    }

    /// The source of the key, and its last characters.
    pub(crate) fn key(&self) -> String {
        match &self.row.evidence.probed.key {
            ProbeKey::NotNeeded => "not needed".to_owned(),
            ProbeKey::Found { tail: Some(tail) } => format!("{} …{tail}", self.source),
            ProbeKey::Found { tail: None } | ProbeKey::NotResolved => self.source.clone(),
            ProbeKey::Missing(_) => "missing".to_owned(),
            ProbeKey::TimedOut => format!("{} (too slow)", self.source),
        }
    }

    /// The presence of the model in the list.
    pub(crate) fn listed(&self) -> &'static str {
        match self.row.evidence.listed {
            Listed::Yes => "listed",
            Listed::No => "not listed",
            Listed::Unknown => NONE,
        }
    }

    /// The remaining provider limits.
    pub(crate) fn left(&self) -> String {
        let left = self.row.evidence.standing.quota.left(self.row.at);
        let words = left.iter().map(|(resource, count, _)| format!("{} {}", short_count(*count), unit(*resource)));
        let words: Vec<String> = words.collect();
        if words.is_empty() { NONE.to_owned() } else { words.join(" ") }
    }

    /// The state of its breaker, and for how long.
    pub(crate) fn breaker(&self) -> String {
        let seen = &self.row.evidence;
        let gate = seen.gated.map(|until| format!("rate limited for {}", time_left(until.since(self.row.at))));
        let reason = seen.reason.as_deref().map(|class| format!(" ({class})")).unwrap_or_default();
        match (seen.breaker, gate) {
            (breaker::BreakerState::Closed, Some(gate)) => gate,
            (breaker::BreakerState::Closed, None) => "closed".to_owned(),
            (breaker::BreakerState::HalfOpen, _) => format!("half-open{reason}"),
            (breaker::BreakerState::Open { until }, _) => {
                format!("open for {}{reason}", time_left(until.since(self.row.at)))
            }
        }
    }

    /// The result of the latest call, and its age.
    pub(crate) fn last(&self) -> String {
        let Some(LastCall { at, outcome, class }) = &self.last else { return NONE.to_owned() };
        format!("{} {} ago", class.as_ref().unwrap_or(outcome), text::duration(self.row.at.since(*at)))
    }

    /// Time to the first token of the live call.
    pub(crate) fn ttft(&self) -> String {
        time(self.row.evidence.live.as_ref().and_then(LiveCall::ttft))
    }

    /// The cost of the live call.
    pub(crate) fn cost(&self) -> String {
        self.row.evidence.live.as_ref().and_then(LiveCall::cost).map_or_else(|| NONE.to_owned(), money)
    }

    /// The reason why it is not `ok`.
    pub(crate) fn note(&self) -> String {
        let why = self.row.diagnosis.why.clone().unwrap_or_default();
        match (self.row.diagnosis.state, self.row.diagnosis.class) {
            (
                HealthState::Ok
                | HealthState::Slow
                | HealthState::Simulated
                | HealthState::Unknown
                | HealthState::Cooling
                | HealthState::NoKey,
                _,
            ) => why,
            (HealthState::Limited | HealthState::Down, Some(class)) => format!("{class}: {why}"),
            (HealthState::Limited | HealthState::Down, None) => why,
        }
    }
}

fn is_of_key(class: Class) -> bool {
    matches!(class, Class::Authentication | Class::Permission)
}

/// Milliseconds, or nothing.
pub(crate) fn time(span: Option<Duration>) -> String {
    span.map_or_else(|| NONE.to_owned(), text::duration)
}

/// Whole milliseconds.
pub(crate) fn whole(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn unit(resource: Resource) -> &'static str {
    match resource {
        Resource::Requests => "req",
        Resource::Tokens => "tok",
        Resource::InputTokens => "tok in",
        Resource::OutputTokens => "tok out",
    }
}
