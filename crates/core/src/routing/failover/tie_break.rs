//! The order of deployments beyond the strategy, and the availability of alternatives.

use std::collections::BTreeMap;

use super::Eligibility;
use super::Failover;
use crate::model::{Class, Timestamp};
use crate::routing::breaker::BreakerState;
use crate::routing::snapshot::StateSnapshot;
use crate::routing::{DeploymentId, GroupId, failure_domain};

impl<'a> Failover<'a> {
    /// The criteria before the strategy's ranking: the profile's `order`, and within it independence of
    /// those that failed.
    pub(super) fn preference(&self, group: GroupId) -> impl Fn(DeploymentId) -> (u32, bool) + use<'a> {
        let map = self.map;
        let members = map.group(group).members.iter();
        let orders: BTreeMap<DeploymentId, u32> = members.map(|member| (member.deployment, member.order)).collect();
        let failed = self.called.iter().filter_map(|called| Some((called.deployment, called.failed?)));
        let failed: Vec<(DeploymentId, Class)> = failed.collect();
        move |id| {
            let suspects = |(other, class): &(DeploymentId, Class)| {
                failure_domain::suspects(*class, map.deployment(*other), map.deployment(id))
            };
            (orders.get(&id).copied().unwrap_or(u32::MAX), failed.iter().any(suspects))
        }
    }

    /// Returns `true` if a closed deployment that was not called yet could take over from `id`.
    pub(super) fn has_alternative(&self, id: DeploymentId, snapshot: &StateSnapshot, now: Timestamp) -> bool {
        let here = self.visits.iter().filter(|visit| visit.attempts_left > 0).map(|visit| visit.group);
        let pending =
            self.visits.iter().filter(|visit| !visit.left).flat_map(|visit| &self.map.group(visit.group).fallbacks);
        let fallbacks = self.queue.iter().chain(pending).copied().filter(|_| self.fallbacks_left > 0);
        let eligibility = Eligibility::new(self.map, &self.attributes, snapshot, now);
        let members = |group| self.map.group(group).members.iter().map(move |member| (group, member));
        here.chain(fallbacks).flat_map(members).any(|(group, member)| {
            let other = member.deployment;
            other != id
                && self.called.iter().all(|called| called.deployment != other)
                && eligibility.skip_reason(group, member).is_none()
                && eligibility.state(other) == BreakerState::Closed
        })
    }
}
