//! Asking again: repeats, waits for a gate, the least bad of the open ones, and the reason to stop.

use std::time::Duration;

use super::eligibility::closed;
use super::reaction::{Reaction, reaction};
use super::{
    CalledDeployment, Eligibility, Failover, GroupVisit, MAX_ATTEMPTS, PlannedCall, Restriction, SkipReason, Stop,
};
use crate::model::{Class, Failure, Timestamp};
use crate::routing::breaker::BreakerState;
use crate::routing::limits::LimitExceeded;
use crate::routing::snapshot::StateSnapshot;
use crate::routing::{DeploymentId, GroupId, backoff};

impl Failover<'_> {
    /// Another attempt on the same deployment, if the group stays on one for several or its answer was
    /// of no use for the first time.
    pub(super) fn retry_same(
        &mut self,
        last: Option<&Failure>,
        snapshot: &StateSnapshot,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Option<PlannedCall> {
        let called = &self.called[self.last?];
        let policy = &self.map.group(called.group).policy;
        let backoff = match reaction(last?.class) {
            Reaction::Next if called.in_a_row < policy.attempts_per_deployment => backoff::wait(called.times - 1, rng),
            // It is well: nothing has to pass.
            Reaction::OnceMore if called.rejected == 1 => Duration::ZERO,
            Reaction::Next
            | Reaction::OnceMore
            | Reaction::NextGated
            | Reaction::NextNeverThis
            | Reaction::OtherProvider
            | Reaction::LargerWindow
            | Reaction::PolicyGroups => return None,
        };
        if !self.may_retry(called, snapshot, now) {
            return None;
        }
        let (group, deployment) = (called.group, called.deployment);
        let wait = self.wait_for(called, backoff, snapshot, now)?;
        Some(self.call(group, deployment, wait, snapshot, now))
    }

    /// Chooses a retry, or a wait for a gate, when no new deployment is left: the one that is available first.
    pub(super) fn retry(
        &mut self,
        snapshot: &StateSnapshot,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Option<PlannedCall> {
        let mut best: Option<(Duration, GroupId, DeploymentId)> = None;
        for called in self.called.iter().filter(|called| self.may_retry(called, snapshot, now)) {
            // A rate limit is over when its gate opens; calls are spread by their pace.
            let limited = called.failed == Some(Class::RateLimit);
            let backoff = if limited { Duration::ZERO } else { backoff::wait(called.times - 1, rng) };
            if let Some(wait) = self.wait_for(called, backoff, snapshot, now)
                && best.is_none_or(|(least, ..)| wait < least)
            {
                best = Some((wait, called.group, called.deployment));
            }
        }
        for (group, deployment, until) in self.gated(snapshot, now) {
            let wait = until.since(now);
            if self.affordable(group, wait, now) && best.is_none_or(|(least, ..)| wait < least) {
                best = Some((wait, group, deployment));
            }
        }
        let (wait, group, deployment) = best?;
        Some(self.call(group, deployment, wait, snapshot, now))
    }

    /// Returns `true` if a failed deployment can be retried in this request.
    fn may_retry(&self, called: &CalledDeployment, snapshot: &StateSnapshot, now: Timestamp) -> bool {
        let left = self.visits.iter().find(|visit| visit.group == called.group).map_or(0, |visit| visit.attempts_left);
        called.retry_at.is_some()
            && left > 0
            && self.attempts < MAX_ATTEMPTS
            && self.wanted(called.group, called.deployment)
            && matches!(self.restriction, Restriction::None | Restriction::Larger(_))
            && snapshot.group(called.group).retries.allows_retry(now)
    }

    /// The wait before a retry of `asked`, if it fits the limits.
    fn wait_for(
        &self,
        called: &CalledDeployment,
        backoff: Duration,
        snapshot: &StateSnapshot,
        now: Timestamp,
    ) -> Option<Duration> {
        let floor = called.retry_at.map_or(Duration::ZERO, |at| at.since(now));
        let gate = self.gate_of(called, snapshot, now).map_or(Duration::ZERO, |until| until.since(now));
        let wait = backoff.max(floor).max(gate);
        self.affordable(called.group, wait, now).then_some(wait)
    }

    /// Until when a rate limit excludes a deployment that was called. One that was called despite a reported limit is
    /// retried despite it.
    fn gate_of(&self, called: &CalledDeployment, snapshot: &StateSnapshot, now: Timestamp) -> Option<Timestamp> {
        let CalledDeployment { group, deployment, .. } = *called;
        match snapshot.limit_exceeded(group, deployment) {
            Some(LimitExceeded::Reported { .. }) if self.tried_limits.contains(&deployment) => {
                snapshot.deployment(deployment).gate(now)
            }
            Some(
                LimitExceeded::Reported { .. }
                | LimitExceeded::Until { .. }
                | LimitExceeded::Never { .. }
                | LimitExceeded::Unpriced,
            )
            | None => snapshot.gated(group, deployment, now),
        }
    }

    fn affordable(&self, group: GroupId, wait: Duration, now: Timestamp) -> bool {
        self.waited + wait <= self.map.group(group).policy.max_wait && now.after(wait) < self.deadline
    }

    /// Suitable members of the entered groups that were never called and are excluded only by a rate limit.
    fn gated(&self, snapshot: &StateSnapshot, now: Timestamp) -> Vec<(GroupId, DeploymentId, Timestamp)> {
        if !matches!(self.restriction, Restriction::None | Restriction::Larger(_)) {
            return Vec::new();
        }
        let eligibility = &Eligibility::new(self.map, &self.attributes, snapshot, now);
        let visits = self.visits.iter().filter(|visit| visit.attempts_left > 0);
        visits
            .flat_map(|visit| {
                let members = self.map.group(visit.group).members.iter();
                members.filter_map(move |member| {
                    // A deployment that was rate limited at its turn is available by now.
                    let opened = || self.blocked.contains(&member.deployment).then_some(now);
                    let until = snapshot.gated(visit.group, member.deployment, now).or_else(opened)?;
                    let shut = snapshot.limit_exceeded(visit.group, member.deployment);
                    let never = matches!(shut, Some(LimitExceeded::Never { .. } | LimitExceeded::Unpriced));
                    let fit = !never
                        && eligibility.unsuitable(member).is_none()
                        && !matches!(eligibility.state(member.deployment), BreakerState::Open { .. });
                    (fit && !self.was_called(member.deployment) && self.wanted(visit.group, member.deployment))
                        .then_some((visit.group, member.deployment, until))
                })
            })
            .collect()
    }

    /// Returns `true` if only breakers exclude the deployments, and no rate limit does.
    pub(super) fn all_open(&self, snapshot: &StateSnapshot, now: Timestamp) -> bool {
        let eligibility = Eligibility::new(self.map, &self.attributes, snapshot, now);
        let open =
            |called: &CalledDeployment| matches!(eligibility.state(called.deployment), BreakerState::Open { .. });
        self.called.iter().all(open) && self.gated(snapshot, now).is_empty()
    }

    /// Breakers are advice: when no other deployment is left, the one that opens first is tried
    /// same, then the next.
    pub(super) fn bypass_breaker(&mut self, snapshot: &StateSnapshot, now: Timestamp) -> Option<PlannedCall> {
        if !matches!(self.restriction, Restriction::None | Restriction::Larger(_)) {
            return None;
        }
        let mut best: Option<((bool, Timestamp), GroupId, DeploymentId)> = None;
        let eligibility = Eligibility::new(self.map, &self.attributes, snapshot, now);
        for visit in self.visits.iter().filter(|visit| visit.attempts_left > 0) {
            for member in &self.map.group(visit.group).members {
                let id = member.deployment;
                // One that is well itself and shut only with its host, or that is well by now, goes first.
                let own = matches!(snapshot.deployment(id).breaker.state(now), BreakerState::Open { .. });
                let until = match eligibility.state(id) {
                    BreakerState::Open { until } => (own, until),
                    BreakerState::Closed | BreakerState::HalfOpen => (own, now),
                };
                let fresh = !self.was_called(id) && self.wanted(visit.group, id);
                let ready = snapshot.gated(visit.group, id, now).is_none() && eligibility.unsuitable(member).is_none();
                if fresh && ready && best.is_none_or(|(least, ..)| until < least) {
                    best = Some((until, visit.group, id));
                }
            }
        }
        let (_, group, deployment) = best?;
        Some(self.call(group, deployment, Duration::ZERO, snapshot, now))
    }

    /// A limit that headers reported for a long time is advice, too: one header that is wrong would exclude a
    /// deployment for hours. Calls a deployment that only such a limit excludes, when no other is left.
    pub(super) fn try_limit(&mut self, snapshot: &StateSnapshot, now: Timestamp) -> Option<PlannedCall> {
        if !matches!(self.restriction, Restriction::None | Restriction::Larger(_)) {
            return None;
        }
        let (group, deployment, exceeded) = self.gated(snapshot, now).into_iter().find_map(|(group, id, _)| {
            let exceeded = snapshot.limit_exceeded(group, id)?;
            let reported = matches!(exceeded, LimitExceeded::Reported { .. });
            let gated = snapshot.deployment(id).gate(now).is_some();
            (reported && !gated && !self.tried_limits.contains(&id)).then_some((group, id, exceeded))
        })?;
        self.tried_limits.push(deployment);
        let call = self.call(group, deployment, Duration::ZERO, snapshot, now);
        if let Some(SkipReason::Limited { limit, left }) = closed(&exceeded, now) {
            self.skip(group, deployment, SkipReason::LimitTried { limit, left });
        }
        Some(call)
    }

    /// The size of a prompt is an estimate. Calls the deployment in which it most likely fits although it is estimated
    /// as too long, when no other is left.
    pub(super) fn try_window(&mut self, snapshot: &StateSnapshot, now: Timestamp) -> Option<PlannedCall> {
        if self.restriction != Restriction::None {
            return None;
        }
        let eligibility = Eligibility::new(self.map, &self.attributes, snapshot, now);
        let mut best: Option<(f64, GroupId, DeploymentId)> = None;
        for visit in self.visits.iter().filter(|visit| visit.attempts_left > 0) {
            for member in &self.map.group(visit.group).members {
                let fresh = !self.was_called(member.deployment);
                if let Some(fill) = eligibility.may_fit(visit.group, member).filter(|_| fresh)
                    && best.is_none_or(|(least, ..)| fill < least)
                {
                    best = Some((fill, visit.group, member.deployment));
                }
            }
        }
        let (_, group, deployment) = best?;
        Some(self.call(group, deployment, Duration::ZERO, snapshot, now))
    }

    pub(super) fn stop(&self, snapshot: &StateSnapshot, now: Timestamp) -> Stop {
        let too_long = self.attempts == 0 && self.visits.iter().any(|visit| visit.too_small);
        if self.refused || too_long {
            return Stop::Refused;
        }
        let open = |called: &&CalledDeployment| {
            !matches!(snapshot.limit_exceeded(called.group, called.deployment), Some(LimitExceeded::Never { .. }))
        };
        let asked_gates = self.called.iter().filter(|called| called.retry_at.is_some()).filter(open);
        let asked_gates = asked_gates.filter_map(|called| self.gate_of(called, snapshot, now));
        let gates = self.gated(snapshot, now).into_iter().map(|(_, _, until)| until).chain(asked_gates);
        if let Some(until) = gates.min() {
            return Stop::RateLimited { next: until.since(now) };
        }
        let members = |visit: &GroupVisit| self.map.group(visit.group).members.iter();
        let mut all = self.visits.iter().flat_map(members).peekable();
        let keyless = all.peek().is_some() && all.all(|member| self.map.deployment(member.deployment).no_key.is_some());
        if keyless && self.attempts == 0 { Stop::NoKey } else { Stop::Exhausted }
    }
}
