//! Asking again: repeats, waits for a gate, the least bad of the open ones, and the reason to stop.

use std::time::Duration;

use super::reaction::{Reaction, reaction};
use super::{Asked, Call, Course, Leg, MAX_ATTEMPTS, Moment, Stop, Want};
use crate::model::{Failure, Timestamp};
use crate::route::board::Board;
use crate::route::breaker::State;
use crate::route::limits::Shut;
use crate::route::{DeploymentId, GroupId, backoff};

impl Course<'_> {
    /// Another attempt on the same deployment, if the group stays on one for several or its answer was
    /// of no use for the first time.
    pub(super) fn stay(
        &mut self,
        last: Option<&Failure>,
        board: &Board,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Option<Call> {
        let asked = &self.asked[self.last?];
        let policy = &self.map.group(asked.group).policy;
        let backoff = match reaction(last?.class) {
            Reaction::Next if asked.in_a_row < policy.attempts_per_deployment => backoff::wait(asked.times - 1, rng),
            // It is well: nothing has to pass.
            Reaction::OnceMore if asked.rejected == 1 => Duration::ZERO,
            Reaction::Next
            | Reaction::OnceMore
            | Reaction::NextGated
            | Reaction::NextNeverThis
            | Reaction::OtherProvider
            | Reaction::LargerWindow
            | Reaction::PolicyGroups => return None,
        };
        if !self.may_repeat(asked, board, now) {
            return None;
        }
        let (group, deployment) = (asked.group, asked.deployment);
        let wait = self.wait_for(asked, backoff, board, now)?;
        Some(self.call(group, deployment, wait, board, now))
    }

    /// Asks somebody again, or waits for a gate, when no one new is left: whoever is ready first.
    pub(super) fn repeat(&mut self, board: &Board, now: Timestamp, rng: &mut fastrand::Rng) -> Option<Call> {
        let mut best: Option<(Duration, GroupId, DeploymentId)> = None;
        for asked in self.asked.iter().filter(|asked| self.may_repeat(asked, board, now)) {
            let backoff = backoff::wait(asked.times - 1, rng);
            if let Some(wait) = self.wait_for(asked, backoff, board, now)
                && best.is_none_or(|(least, ..)| wait < least)
            {
                best = Some((wait, asked.group, asked.deployment));
            }
        }
        for (group, deployment, until) in self.gated(board, now) {
            let wait = until.since(now);
            if self.affordable(group, wait, now) && best.is_none_or(|(least, ..)| wait < least) {
                best = Some((wait, group, deployment));
            }
        }
        let (wait, group, deployment) = best?;
        Some(self.call(group, deployment, wait, board, now))
    }

    /// Whether a deployment that failed may be asked once more in this request.
    fn may_repeat(&self, asked: &Asked, board: &Board, now: Timestamp) -> bool {
        let left = self.legs.iter().find(|leg| leg.group == asked.group).map_or(0, |leg| leg.attempts_left);
        asked.again.is_some()
            && left > 0
            && self.attempts < MAX_ATTEMPTS
            && self.wanted(asked.group, asked.deployment)
            && matches!(self.want, Want::Anyone | Want::Larger(_))
            && board.group(asked.group).retries.allows_repeat(now)
    }

    /// How long to wait before `asked` is asked again, if that can be afforded.
    fn wait_for(&self, asked: &Asked, backoff: Duration, board: &Board, now: Timestamp) -> Option<Duration> {
        let floor = asked.again.map_or(Duration::ZERO, |at| at.since(now));
        let gate = board.gated(asked.group, asked.deployment, now).map_or(Duration::ZERO, |until| until.since(now));
        let wait = backoff.max(floor).max(gate);
        self.affordable(asked.group, wait, now).then_some(wait)
    }

    fn affordable(&self, group: GroupId, wait: Duration, now: Timestamp) -> bool {
        self.waited + wait <= self.map.group(group).policy.max_wait && now.after(wait) < self.deadline
    }

    /// Fit members of the entered groups that were never asked and are shut by a rate limit only.
    fn gated(&self, board: &Board, now: Timestamp) -> Vec<(GroupId, DeploymentId, Timestamp)> {
        if !matches!(self.want, Want::Anyone | Want::Larger(_)) {
            return Vec::new();
        }
        let moment = &Moment::new(self.map, &self.facts, board, now);
        let legs = self.legs.iter().filter(|leg| leg.attempts_left > 0);
        legs.flat_map(|leg| {
            let members = self.map.group(leg.group).members.iter();
            members.filter_map(move |member| {
                // One that was shut when its turn came is ready by now.
                let opened = || self.shut.contains(&member.deployment).then_some(now);
                let until = board.gated(leg.group, member.deployment, now).or_else(opened)?;
                let shut = board.shut(leg.group, member.deployment);
                let never = matches!(shut, Some(Shut::Never { .. } | Shut::Unpriced));
                let fit = !never
                    && moment.unfit(member).is_none()
                    && !matches!(moment.state(member.deployment), State::Open { .. });
                (fit && !self.was_asked(member.deployment) && self.wanted(leg.group, member.deployment)).then_some((
                    leg.group,
                    member.deployment,
                    until,
                ))
            })
        })
        .collect()
    }

    /// Whether breakers alone keep everybody shut: nobody waits for a rate limit.
    pub(super) fn all_open(&self, board: &Board, now: Timestamp) -> bool {
        let moment = Moment::new(self.map, &self.facts, board, now);
        let open = |asked: &Asked| matches!(moment.state(asked.deployment), State::Open { .. });
        self.asked.iter().all(open) && self.gated(board, now).is_empty()
    }

    /// Breakers are advice: when nobody else is left, the one that opens first is asked all the
    /// same, then the next.
    pub(super) fn least_bad(&mut self, board: &Board, now: Timestamp) -> Option<Call> {
        if !matches!(self.want, Want::Anyone | Want::Larger(_)) {
            return None;
        }
        let mut best: Option<((bool, Timestamp), GroupId, DeploymentId)> = None;
        let moment = Moment::new(self.map, &self.facts, board, now);
        for leg in self.legs.iter().filter(|leg| leg.attempts_left > 0) {
            for member in &self.map.group(leg.group).members {
                let id = member.deployment;
                // One that is well itself and shut only with its host, or that is well by now, goes first.
                let own = matches!(board.cell(id).breaker.state(now), State::Open { .. });
                let until = match moment.state(id) {
                    State::Open { until } => (own, until),
                    State::Closed | State::HalfOpen => (own, now),
                };
                let fresh = !self.was_asked(id) && self.wanted(leg.group, id);
                let ready = board.gated(leg.group, id, now).is_none() && moment.unfit(member).is_none();
                if fresh && ready && best.is_none_or(|(least, ..)| until < least) {
                    best = Some((until, leg.group, id));
                }
            }
        }
        let (_, group, deployment) = best?;
        Some(self.call(group, deployment, Duration::ZERO, board, now))
    }

    pub(super) fn stop(&self, board: &Board, now: Timestamp) -> Stop {
        let too_long = self.attempts == 0 && self.legs.iter().any(|leg| leg.too_small);
        if self.refused || too_long {
            return Stop::Refused;
        }
        let open = |asked: &&Asked| !matches!(board.shut(asked.group, asked.deployment), Some(Shut::Never { .. }));
        let asked_gates = self.asked.iter().filter(|asked| asked.again.is_some()).filter(open);
        let asked_gates = asked_gates.filter_map(|asked| board.gated(asked.group, asked.deployment, now));
        let gates = self.gated(board, now).into_iter().map(|(_, _, until)| until).chain(asked_gates);
        if let Some(until) = gates.min() {
            return Stop::RateLimited { next: until.since(now) };
        }
        let members = |leg: &Leg| self.map.group(leg.group).members.iter();
        let mut all = self.legs.iter().flat_map(members).peekable();
        let keyless = all.peek().is_some() && all.all(|member| self.map.deployment(member.deployment).no_key.is_some());
        if keyless && self.attempts == 0 { Stop::NoKey } else { Stop::Exhausted }
    }
}
