//! Calls that could not be made after all: another process was first. They count as not asked.

use super::moment::closed;
use super::{Call, Course, SkipReason};
use crate::model::Timestamp;
use crate::route::board::Board;
use crate::route::{DeploymentId, GroupId, strategy};

impl Course<'_> {
    /// Another process won the probe of `deployment`; it is not asked now.
    pub fn lost_probe(&mut self, deployment: DeploymentId, until: Timestamp, now: Timestamp) {
        if let Some(group) = self.unask(deployment) {
            let class = String::from("probed by another process");
            self.skip(group, deployment, SkipReason::CoolingDown { left: until.since(now), class });
        }
    }

    /// A limit has no room for `call`, as the board says by now: it is not made.
    pub fn lost_slot(&mut self, call: &Call, board: &Board, now: Timestamp) {
        if self.unask(call.deployment).is_some() {
            self.waited += call.wait;
            let reason = board.shut(call.group, call.deployment).and_then(|shut| closed(&shut, now));
            if let Some(reason) = reason.filter(|_| !self.shut.contains(&call.deployment)) {
                self.skip(call.group, call.deployment, reason);
            }
            self.shut.push(call.deployment);
        }
    }

    /// The turn of the group of `call` was taken, which is its first: the call is not made, and whoever
    /// was not asked there is ranked anew.
    pub fn rank_again(&mut self, call: &Call, board: &Board, now: Timestamp, rng: &mut fastrand::Rng) {
        let Some(group) = self.unask(call.deployment) else { return };
        let members = &self.map.group(group).members;
        let Some(leg) = self.legs.iter().find(|leg| leg.group == group) else { return };
        let left = |id: DeploymentId| id == call.deployment || leg.untried.contains(&id);
        let eligible: Vec<usize> = (0..members.len()).filter(|position| left(members[*position].deployment)).collect();
        let scene = strategy::Scene { map: self.map, group, facts: &self.facts, board, now };
        let ranked = strategy::rank(&scene, &eligible, rng);
        if let Some(leg) = self.legs.iter_mut().find(|leg| leg.group == group) {
            leg.untried = ranked.iter().map(|ranked| members[ranked.position].deployment).collect();
            leg.ranked = ranked;
        }
    }

    /// Takes back that `deployment` was asked last, through the group that it returns; `None` if
    /// another one was.
    fn unask(&mut self, deployment: DeploymentId) -> Option<GroupId> {
        if let Some(last) = self.last.take()
            && self.asked[last].deployment == deployment
        {
            self.attempts -= 1;
            let group = self.asked[last].group;
            if let Some(leg) = self.legs.iter_mut().find(|leg| leg.group == group) {
                leg.attempts_left += 1;
                leg.made -= 1;
            }
            self.asked.retain_mut(|asked| {
                asked.times -= u32::from(asked.deployment == deployment);
                asked.times > 0
            });
            return Some(group);
        }
        None
    }
}
