//! Who goes before whom besides the strategy, and who stands ready to take over.

use std::collections::BTreeMap;

use super::Course;
use super::Moment;
use crate::model::{Class, Timestamp};
use crate::route::board::Board;
use crate::route::breaker::State;
use crate::route::{DeploymentId, GroupId, kin};

impl<'a> Course<'a> {
    /// What goes before the strategy's ranking: the profile's `order`, and within it independence of
    /// those that failed.
    pub(super) fn preference(&self, group: GroupId) -> impl Fn(DeploymentId) -> (u32, bool) + use<'a> {
        let map = self.map;
        let members = map.group(group).members.iter();
        let orders: BTreeMap<DeploymentId, u32> = members.map(|member| (member.deployment, member.order)).collect();
        let failed = self.asked.iter().filter_map(|asked| Some((asked.deployment, asked.failed?)));
        let failed: Vec<(DeploymentId, Class)> = failed.collect();
        move |id| {
            let suspects = |(other, class): &(DeploymentId, Class)| {
                kin::suspects(*class, map.deployment(*other), map.deployment(id))
            };
            (orders.get(&id).copied().unwrap_or(u32::MAX), failed.iter().any(suspects))
        }
    }

    /// Whether a closed deployment that was not asked yet could take over from `id`.
    pub(super) fn spare(&self, id: DeploymentId, board: &Board, now: Timestamp) -> bool {
        let here = self.legs.iter().filter(|leg| leg.attempts_left > 0).map(|leg| leg.group);
        let pending = self.legs.iter().filter(|leg| !leg.left).flat_map(|leg| &self.map.group(leg.group).fallbacks);
        let fallbacks = self.queue.iter().chain(pending).copied().filter(|_| self.fallbacks_left > 0);
        let moment = Moment::new(self.map, &self.facts, board, now);
        let members = |group| self.map.group(group).members.iter().map(move |member| (group, member));
        here.chain(fallbacks).flat_map(members).any(|(group, member)| {
            let other = member.deployment;
            other != id
                && self.asked.iter().all(|asked| asked.deployment != other)
                && moment.barred(group, member).is_none()
                && moment.state(other) == State::Closed
        })
    }
}
