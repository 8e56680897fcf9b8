//! Asking a second deployment at the same time: who it would be, and what the course remembers of it.

use std::time::Duration;

use super::{Call, Course, Moment, Want};
use crate::model::{Failure, Timestamp};
use crate::route::DeploymentId;
use crate::route::board::Board;
use crate::route::hedge::{Rival, refusal};

impl Course<'_> {
    /// Who could be asked besides the one that was asked last and is silent: a member of the same
    /// group that was not asked yet, an independent one if there is one.
    #[must_use]
    pub fn rival(&self, board: &Board, now: Timestamp) -> Option<DeploymentId> {
        let group = self.asked[self.last?].group;
        let leg = self.legs.iter().find(|leg| leg.group == group && leg.attempts_left > 0)?;
        if self.want != Want::Anyone {
            return None;
        }
        let silent = self.map.deployment(self.asked[self.last?].deployment);
        let budget = &board.group(group).hedges;
        let members = &self.map.group(group).members;
        let max_cost = self.map.group(group).policy.hedge_max_cost;
        let moment = Moment::new(self.map, &self.facts, board, now);
        let fit = leg.untried.iter().copied().filter(|id| {
            let deployment = self.map.deployment(*id);
            let cost = deployment.price.map(|price| {
                let estimates = &board.cell(*id).estimates;
                price.cost(&estimates.usage(self.facts.prompt_tokens, self.facts.max_tokens, now))
            });
            let gated = board.gated(group, *id, now).is_some();
            let rival = Rival { cell: board.cell(*id), state: moment.state(*id), gated, cost };
            let member = members.iter().find(|member| member.deployment == *id);
            !self.was_asked(*id)
                && member.is_some_and(|member| moment.unfit(member).is_none())
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
    pub fn join(&mut self, rival: DeploymentId, board: &Board, now: Timestamp) -> Option<Call> {
        let group = self.asked[self.last?].group;
        Some(self.call(group, rival, Duration::ZERO, board, now))
    }

    /// One of two calls failed and the other, to `left`, goes on.
    pub fn fell(&mut self, deployment: DeploymentId, failure: &Failure, left: DeploymentId, now: Timestamp) {
        if let Some(position) = self.position(deployment) {
            self.react(failure, position, now);
        }
        self.last = self.position(left);
    }

    /// The call to `winner` goes on alone; the one to `loser` was broken off, which says nothing
    /// against it.
    pub fn decided(&mut self, winner: DeploymentId, loser: DeploymentId, now: Timestamp) {
        if let Some(position) = self.position(loser) {
            self.asked[position].again = Some(now);
        }
        self.last = self.position(winner);
    }

    fn position(&self, id: DeploymentId) -> Option<usize> {
        self.asked.iter().position(|asked| asked.deployment == id)
    }
}
