//! Hedging: selects the second deployment, and records the results of both calls.

use std::time::Duration;

use super::{Eligibility, Failover, PlannedCall, Restriction};
use crate::model::{Failure, Timestamp};
use crate::routing::DeploymentId;
use crate::routing::hedge::{HedgeCandidate, refusal};
use crate::routing::snapshot::StateSnapshot;

impl Failover<'_> {
    /// Returns a deployment to call in parallel to the silent one: a member of the same
    /// group that was not called yet, preferably an independent one.
    #[must_use]
    pub fn hedge_candidate(&self, snapshot: &StateSnapshot, now: Timestamp) -> Option<DeploymentId> {
        let group = self.called[self.last?].group;
        let visit = self.visits.iter().find(|visit| visit.group == group && visit.attempts_left > 0)?;
        if self.restriction != Restriction::None {
            return None;
        }
        let silent = self.map.deployment(self.called[self.last?].deployment);
        let budget = &snapshot.group(group).hedges;
        let members = &self.map.group(group).members;
        let max_cost = self.map.group(group).policy.hedge_max_cost;
        let eligibility = Eligibility::new(self.map, &self.attributes, snapshot, now);
        let fit = visit.untried.iter().copied().filter(|id| {
            let deployment = self.map.deployment(*id);
            let cost = deployment.price.map(|price| {
                let estimates = &snapshot.deployment(*id).estimates;
                price.cost(&estimates.usage(self.attributes.prompt_tokens, self.attributes.max_tokens, now))
            });
            let gated = snapshot.gated(group, *id, now).is_some();
            let rival =
                HedgeCandidate { deployment: snapshot.deployment(*id), state: eligibility.state(*id), gated, cost };
            let member = members.iter().find(|member| member.deployment == *id);
            !self.was_called(*id)
                && member.is_some_and(|member| eligibility.unsuitable(member).is_none())
                && refusal(max_cost, &rival, budget, now).is_none()
        });
        // A copy that waits in the same queue gains nothing.
        let shared = |id: &DeploymentId| {
            let other = self.map.deployment(*id);
            other.host == silent.host || (!other.credential.is_empty() && other.credential == silent.credential)
        };
        let order = |id: &DeploymentId| {
            members.iter().find(|member| member.deployment == *id).map_or(u32::MAX, |member| member.order)
        };
        fit.min_by_key(|id| (order(id), shared(id)))
    }

    /// The call of `rival` beside the one that is out; it is a first visit like any other.
    pub fn start_hedge(
        &mut self,
        rival: DeploymentId,
        snapshot: &StateSnapshot,
        now: Timestamp,
    ) -> Option<PlannedCall> {
        let group = self.called[self.last?].group;
        Some(self.call(group, rival, Duration::ZERO, snapshot, now))
    }

    /// One of two calls failed; the call to `left` continues.
    pub fn hedge_call_failed(
        &mut self,
        deployment: DeploymentId,
        failure: &Failure,
        left: DeploymentId,
        now: Timestamp,
    ) {
        if let Some(position) = self.position(deployment) {
            self.react(failure, position, now);
        }
        self.last = self.position(left);
    }

    /// The call to `winner` continues alone; the call to `loser` was cancelled, which is no evidence
    /// against it.
    pub fn hedge_won(&mut self, winner: DeploymentId, loser: DeploymentId, now: Timestamp) {
        if let Some(position) = self.position(loser) {
            self.called[position].retry_at = Some(now);
        }
        self.last = self.position(winner);
    }

    fn position(&self, id: DeploymentId) -> Option<usize> {
        self.called.iter().position(|called| called.deployment == id)
    }
}
