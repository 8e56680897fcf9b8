//! Calls that could not be made because another process was first. They do not count as calls.

use super::eligibility::closed;
use super::{Failover, PlannedCall, SkipReason};
use crate::model::Timestamp;
use crate::routing::snapshot::StateSnapshot;
use crate::routing::{DeploymentId, GroupId, strategy};

impl Failover<'_> {
    /// Another process won the probe of `deployment`; it is not called now.
    pub fn probe_taken(&mut self, deployment: DeploymentId, until: Timestamp, now: Timestamp) {
        if let Some(group) = self.undo_call(deployment) {
            let class = String::from("probed by another process");
            self.skip(group, deployment, SkipReason::CoolingDown { left: until.since(now), class });
        }
    }

    /// A limit in the refreshed snapshot has no room for `call`: it is not made.
    pub fn limit_reached(&mut self, call: &PlannedCall, snapshot: &StateSnapshot, now: Timestamp) {
        if self.undo_call(call.deployment).is_some() {
            self.waited += call.wait;
            let reason = snapshot.limit_exceeded(call.group, call.deployment).and_then(|shut| closed(&shut, now));
            if let Some(reason) = reason.filter(|_| !self.blocked.contains(&call.deployment)) {
                self.skip(call.group, call.deployment, reason);
            }
            self.blocked.push(call.deployment);
        }
    }

    /// The first turn of the call's group was taken: the call is not made, and the deployments that
    /// were not called there are ranked anew.
    pub fn rerank(&mut self, call: &PlannedCall, snapshot: &StateSnapshot, now: Timestamp, rng: &mut fastrand::Rng) {
        let Some(group) = self.undo_call(call.deployment) else { return };
        let members = &self.map.group(group).members;
        let Some(visit) = self.visits.iter().find(|visit| visit.group == group) else { return };
        let left = |id: DeploymentId| id == call.deployment || visit.untried.contains(&id);
        let eligible: Vec<usize> = (0..members.len()).filter(|position| left(members[*position].deployment)).collect();
        let input = strategy::RankingInput { map: self.map, group, attributes: &self.attributes, snapshot, now };
        let ranked = strategy::rank(&input, &eligible, rng);
        if let Some(visit) = self.visits.iter_mut().find(|visit| visit.group == group) {
            visit.untried = ranked.iter().map(|ranked| members[ranked.position].deployment).collect();
            visit.ranked = ranked;
        }
    }

    /// Undoes the last call of `deployment`, and returns its group; `None` if
    /// another one was.
    fn undo_call(&mut self, deployment: DeploymentId) -> Option<GroupId> {
        if let Some(last) = self.last.take()
            && self.called[last].deployment == deployment
        {
            self.attempts -= 1;
            let group = self.called[last].group;
            if let Some(visit) = self.visits.iter_mut().find(|visit| visit.group == group) {
                visit.attempts_left += 1;
                visit.made -= 1;
            }
            self.called.retain_mut(|called| {
                called.times -= u32::from(called.deployment == deployment);
                called.times > 0
            });
            return Some(group);
        }
        None
    }
}
