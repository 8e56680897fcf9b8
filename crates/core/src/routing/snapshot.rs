//! A snapshot of the shared state: values about every deployment and group.
//!
//! A snapshot to decide by. What an attempt teaches is applied to it at once and, by the same
//! function, to the newest value in the store, so that no process overwrites another's lesson.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::breaker::{Breaker, BreakerContext, BreakerEvent, BreakerState};
use super::context_window::NamedWindow;
use super::estimate::Estimates;
use super::hedge::HedgeBudget;
use super::host_breaker::HostBreakers;
use super::lease::Leases;
use super::limits::{Headroom, LimitExceeded};
use super::retry_budget::RetryBudget;
use super::{DeploymentId, GroupId, Map, Member};
use crate::model::refused_parameters::RefusedParameters;
use crate::model::{Class, Failure, Timestamp};

/// The shared state of one deployment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeploymentState {
    /// Its circuit breaker.
    pub breaker: Breaker,
    /// The gate of a rate limit: no call before this time. Never broken, never lowered.
    pub gate: Option<Timestamp>,
    /// The time of its last rate limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limited: Option<Timestamp>,
    /// Its speed, answer length and reliability.
    pub estimates: Estimates,
    /// Calls under way, of all processes.
    #[serde(skip_serializing_if = "Leases::is_empty")]
    pub leases: Leases,
    /// The parameters that it refused, so that the next request is right at once.
    #[serde(skip_serializing_if = "RefusedParameters::is_empty")]
    pub refused: RefusedParameters,
    /// The context window that it named when it refused a prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<NamedWindow>,
    /// The headroom of its limits at the time of the snapshot; not stored.
    #[serde(skip)]
    pub headroom: Headroom,
}

/// The shared state of one group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupState {
    /// Its retry budget.
    pub retries: RetryBudget,
    /// Its hedge budget.
    pub hedges: HedgeBudget,
    /// The `round-robin` counter: the number of started requests.
    pub turn: u64,
}

impl GroupState {
    /// Counts the end of one attempt.
    pub fn observe(&mut self, success: bool, now: Timestamp) {
        self.retries.observe(success, now);
        self.hedges.earn();
    }
}

/// A rate limit without a time is believed for this long.
const GATE_DEFAULT: Duration = Duration::from_secs(5);
/// A server that closes the gate for longer is not believed.
const GATE_MAX: Duration = Duration::from_secs(3600);

impl DeploymentState {
    /// Until when a rate limit keeps the deployment shut, if it does at `now`.
    #[must_use]
    pub fn gated(&self, now: Timestamp) -> Option<Timestamp> {
        self.gate(now).max(self.headroom.exceeded.as_ref().and_then(|shut| shut.until(now)))
    }

    /// Until when a 429 keeps the deployment shut, if it does at `now`.
    #[must_use]
    pub(crate) fn gate(&self, now: Timestamp) -> Option<Timestamp> {
        // A gate far ahead is from a clock that stepped back since.
        self.gate.filter(|until| now < *until && until.since(now) <= GATE_MAX)
    }

    /// Learns from one attempt.
    pub fn observe(&mut self, lesson: &HealthSignal, context: &BreakerContext) {
        match *lesson {
            HealthSignal::Breaker(seen) => self.breaker.observe(seen, context),
            HealthSignal::Gate { wait } => {
                let until = context.now.after(wait.min(GATE_MAX));
                self.gate = Some(self.gated(context.now).map_or(until, |gate| gate.max(until)));
                self.limited = Some(context.now);
                if context.rules.allowed_of_class.is_some() {
                    // A rate limit counts against it only if the profile configures that.
                    let seen = BreakerEvent::Failed { class: Class::RateLimit, retry_after: Some(wait) };
                    return self.breaker.observe(seen, context);
                }
                // It answered, so a probe of a half-open breaker found it alive.
                if self.breaker.state(context.now) != BreakerState::Closed {
                    self.breaker.observe(BreakerEvent::Alive, context);
                }
            }
        }
    }
}

/// The result of an attempt for the breaker and the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthSignal {
    /// It is alive or failing.
    Breaker(BreakerEvent),
    /// It works, and requests a pause.
    Gate {
        /// For how long.
        wait: Duration,
    },
}

impl HealthSignal {
    /// The lesson of an answer.
    pub const ANSWERED: Self = Self::Breaker(BreakerEvent::Alive);

    /// The lesson of a failure. The caller's own faults prove that the deployment is alive.
    #[must_use]
    pub fn of(failure: &Failure) -> Option<Self> {
        match failure.class {
            Class::RateLimit => Some(Self::Gate { wait: failure.retry_after.unwrap_or(GATE_DEFAULT) }),
            Class::BadRequest | Class::Unsupported | Class::ContextWindow | Class::ContentPolicy => {
                Some(Self::ANSWERED)
            }
            Class::InvalidOutput(_) => Some(Self::ANSWERED),
            // No call was made.
            Class::Budget => None,
            class @ (Class::Authentication
            | Class::Permission
            | Class::NotFound
            | Class::Quota
            | Class::Overloaded
            | Class::ServerError
            | Class::Timeout(_)
            | Class::Connection(_)
            | Class::Malformed
            | Class::Truncated) => {
                Some(Self::Breaker(BreakerEvent::Failed { class, retry_after: failure.retry_after }))
            }
        }
    }
}

/// A snapshot of the shared state, by position.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StateSnapshot {
    /// One for each deployment of the map.
    pub deployments: Vec<DeploymentState>,
    /// One for each group of the map.
    pub groups: Vec<GroupState>,
    /// Members that a limit of their group keeps shut there, and only there.
    pub full: BTreeMap<(GroupId, DeploymentId), LimitExceeded>,
    /// The order of a group's members that its `exec:` command gave for this request, by group.
    pub orders: BTreeMap<GroupId, Vec<usize>>,
}

impl StateSnapshot {
    /// A snapshot on which nothing was learnt yet.
    #[must_use]
    pub fn new(map: &Map) -> Self {
        Self {
            deployments: vec![DeploymentState::default(); map.deployments.len()],
            groups: vec![GroupState::default(); map.groups.len()],
            full: BTreeMap::new(),
            orders: BTreeMap::new(),
        }
    }

    /// The state of a deployment.
    #[must_use]
    pub fn deployment(&self, id: DeploymentId) -> &DeploymentState {
        &self.deployments[id.0]
    }

    /// The breaker state of a deployment: its own, or its host's if that is open.
    #[must_use]
    pub fn state(&self, map: &Map, id: DeploymentId, now: Timestamp) -> BreakerState {
        HostBreakers::read(map, self, now).state(map, self, id, now)
    }

    /// Until when a rate limit keeps `id` shut for calls through `group`, if one does.
    #[must_use]
    pub fn gated(&self, group: GroupId, id: DeploymentId, now: Timestamp) -> Option<Timestamp> {
        let full = self.full.get(&(group, id)).and_then(|shut| shut.until(now));
        self.deployment(id).gated(now).max(full)
    }

    /// The limit that has no room for `id` as a member of `group`.
    #[must_use]
    pub(crate) fn limit_exceeded(&self, group: GroupId, id: DeploymentId) -> Option<LimitExceeded> {
        let own = self.deployment(id).headroom.exceeded.iter();
        own.chain(self.full.get(&(group, id))).cloned().reduce(LimitExceeded::later)
    }

    /// The state of a group.
    #[must_use]
    pub(crate) fn group(&self, id: GroupId) -> &GroupState {
        &self.groups[id.0]
    }

    /// Returns `true` if another deployment than `id` of this group is available now.
    #[must_use]
    pub fn another_closed(&self, map: &Map, group: GroupId, id: DeploymentId, now: Timestamp) -> bool {
        let host_breakers = HostBreakers::read(map, self, now);
        map.group(group).members.iter().map(|member| member.deployment).any(|other| {
            other != id
                && map.deployment(other).no_key.is_none()
                && host_breakers.state(map, self, other, now) == BreakerState::Closed
                && self.gated(group, other, now).is_none()
        })
    }
}

/// The share of its rate limits that `member` has left (0 to 1): 1 without limits, `None` when it has
/// some and nothing is known of their use.
#[must_use]
pub(crate) fn headroom(state: &DeploymentState, member: &Member) -> Option<f64> {
    state.headroom.share.or_else(|| (member.rpm.is_none() && member.tpm.is_none()).then_some(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::breaker::BreakerPolicy;

    fn context(now: i64) -> BreakerContext {
        let rules = BreakerPolicy {
            cooldown: Duration::from_secs(120),
            cooldown_max: Duration::from_secs(1800),
            allowed_fails: None,
            allowed_of_class: None,
            remembered: 0,
        };
        BreakerContext { rules, another_closed: true, now: Timestamp(now), jitter: 0.5 }
    }

    fn gate(state: &mut DeploymentState, at: i64, seconds: u64) {
        state.observe(&HealthSignal::Gate { wait: Duration::from_secs(seconds) }, &context(at));
    }

    #[test]
    fn a_later_and_shorter_wait_never_lowers_a_gate() {
        let mut state = DeploymentState::default();
        gate(&mut state, 0, 60);
        gate(&mut state, 1000, 5);
        assert_eq!(state.gated(Timestamp(2000)), Some(Timestamp(60_000)));
        gate(&mut state, 2000, 100);
        assert_eq!(state.gated(Timestamp(2000)), Some(Timestamp(102_000)));
        assert_eq!(state.gated(Timestamp(102_000)), None);
    }

    #[test]
    fn a_gate_is_not_a_failure_of_the_deployment() {
        let mut state = DeploymentState::default();
        (0..20).for_each(|second| gate(&mut state, second * 1000, 1));
        assert_eq!(state.breaker.state(Timestamp(30_000)), BreakerState::Closed);
    }

    #[test]
    fn a_gate_counts_against_it_where_the_profile_says_so() {
        let mut state = DeploymentState::default();
        for second in 0..2 {
            let mut context = context(second * 1000);
            context.rules.allowed_of_class = Some(2);
            context.rules.remembered = 2;
            state.observe(&HealthSignal::Gate { wait: Duration::from_secs(1) }, &context);
        }
        assert!(matches!(state.breaker.state(Timestamp(30_000)), BreakerState::Open { .. }));
    }

    #[test]
    fn a_gate_from_a_clock_that_ran_ahead_is_ignored() {
        let mut state = DeploymentState::default();
        gate(&mut state, 100_000_000, 10);
        assert_eq!(state.gated(Timestamp(0)), None);
    }

    #[test]
    fn callers_faults_prove_that_it_is_alive() {
        for class in [Class::BadRequest, Class::ContextWindow, Class::ContentPolicy, Class::Unsupported] {
            assert_eq!(HealthSignal::of(&Failure::new(class, "")), Some(HealthSignal::ANSWERED), "{class}");
        }
    }

    #[test]
    fn a_cell_survives_its_own_json_and_an_empty_one() {
        let mut state = DeploymentState::default();
        gate(&mut state, 0, 60);
        let failed = BreakerEvent::Failed { class: Class::ServerError, retry_after: None };
        state.observe(&HealthSignal::Breaker(failed), &context(0));
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<DeploymentState>(&json).unwrap(), state);
        assert_eq!(serde_json::from_str::<DeploymentState>("{}").unwrap(), DeploymentState::default());
    }
}
