//! Marks the deployments that limits exclude, on the snapshot of one request.
//!
//! `routing::limits` decides what fits.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::shared::keys::scope_key;
use llmroute_core::model::Timestamp;
pub use llmroute_core::routing::failover::RequestAttributes;
pub use llmroute_core::routing::limits::{
    Demand, LimitExceeded, LimitScope, Meter, ProviderLimit, ScopedLimit, Ticket, headroom,
};
pub use llmroute_core::routing::snapshot::StateSnapshot;
use llmroute_core::routing::{DeploymentId, GroupId, Map};

/// The state of all limits that a request can meet.
pub(in crate::engine) struct LimitStates<'a> {
    /// The limits of the providers, by identity.
    pub(in crate::engine) providers: &'a BTreeMap<String, ProviderLimit>,
    /// The counters of the limits in the profile, by key.
    pub(in crate::engine) meters: &'a BTreeMap<String, Meter>,
}

/// The snapshot of a request while limits are marked on it.
pub(in crate::engine) struct Eligibility<'a> {
    pub(in crate::engine) map: &'a Map,
    pub(in crate::engine) snapshot: &'a mut StateSnapshot,
}

impl Eligibility<'_> {
    /// Marks what the limits exclude at `now` from a request that waits with `ticket`.
    pub(in crate::engine) fn mark(
        &mut self,
        groups: &BTreeSet<GroupId>,
        attributes: &RequestAttributes,
        ticket: Ticket,
        now: Timestamp,
        limits: &LimitStates<'_>,
    ) {
        let map = self.map;
        for (group, member) in
            groups.iter().flat_map(|id| map.group(*id).members.iter().map(move |member| (*id, member)))
        {
            let id = member.deployment;
            let provider = limits.providers.get(map.limits.quota(map, id)).cloned().unwrap_or_default();
            let demand = Demand::of(attributes, map.deployment(id).price, provider.expected_output());
            let turn = provider.turn(demand, ticket, now);
            // The gate has a field of its own in the snapshot.
            let gate = provider.gated(now);
            let mut own = turn.check(|demand| provider.check(demand, now)).err().filter(|_| gate.is_none());
            let meter = |scope: &ScopedLimit| limits.meters.get(&scope_key(map, &scope.place)).cloned();
            let known: Vec<(ScopedLimit, Meter)> = map
                .limits
                .scopes(map, group, id)
                .into_iter()
                .map(|scope| (meter(&scope).unwrap_or_default(), scope))
                .map(|(meter, scope)| (scope, meter))
                .collect();
            let share = headroom(known.iter().map(|(scope, meter)| (&scope.limits, meter)), &provider, now);
            for (scope, mut meter) in known {
                let check = |demand: &Demand| meter.check(&scope.limits, demand, now, &scope.of);
                let Err(exceeded) = turn.check(check) else { continue };
                match scope.place {
                    LimitScope::Group(_) => self.exclude_member(group, id, exceeded),
                    LimitScope::Deployment(_) | LimitScope::Provider(_) => {
                        own = own.into_iter().chain([exceeded]).reduce(LimitExceeded::later);
                    }
                }
            }
            let state = &mut self.snapshot.deployments[id.0];
            // A deployment of two groups has the headroom of the fuller one.
            state.headroom.share = state.headroom.share.into_iter().chain(share).min_by(f64::total_cmp);
            state.gate = state.gate.max(gate);
            if let Some(exceeded) = own {
                self.exclude(&LimitScope::Deployment(id), exceeded);
            }
        }
    }

    /// Excludes every deployment that the limit covers; the members of a group only in that group.
    pub(in crate::engine) fn exclude(&mut self, scope: &LimitScope, exceeded: LimitExceeded) {
        let map = self.map;
        let all = || (0..map.deployments.len()).map(DeploymentId);
        let ids: Vec<DeploymentId> = match scope {
            LimitScope::Deployment(id) => {
                all().filter(|other| map.deployment(*other).state_key == map.deployment(*id).state_key).collect()
            }
            LimitScope::Group(id) => {
                let members = map.group(*id).members.iter();
                return members.for_each(|member| self.exclude_member(*id, member.deployment, exceeded.clone()));
            }
            LimitScope::Provider(_) => {
                let limited = |id: &DeploymentId| map.limits.own(map, *id).iter().any(|own| own.place == *scope);
                all().filter(limited).collect()
            }
        };
        ids.into_iter().for_each(|id| self.exclude_deployment(id, exceeded.clone()));
    }

    /// Excludes every deployment that shares the provider's limit `identity`.
    pub(in crate::engine) fn exclude_provider(&mut self, identity: &str, exceeded: LimitExceeded) {
        for id in sharing(self.map, identity) {
            self.exclude_deployment(id, exceeded.clone());
        }
    }

    /// Gates every deployment that shares the provider's limit `identity`.
    pub(in crate::engine) fn gate(&mut self, identity: &str, until: Option<Timestamp>) {
        for id in sharing(self.map, identity) {
            let state = &mut self.snapshot.deployments[id.0];
            state.gate = state.gate.max(until);
        }
    }

    fn exclude_member(&mut self, group: GroupId, id: DeploymentId, exceeded: LimitExceeded) {
        let full = &mut self.snapshot.full;
        let later = match full.remove(&(group, id)) {
            Some(old) => old.later(exceeded),
            None => exceeded,
        };
        full.insert((group, id), later);
    }

    fn exclude_deployment(&mut self, id: DeploymentId, exceeded: LimitExceeded) {
        let headroom = &mut self.snapshot.deployments[id.0].headroom;
        headroom.exceeded = Some(headroom.exceeded.take().map_or(exceeded.clone(), |old| old.later(exceeded)));
    }
}

/// The deployments that share the provider's limit `identity`.
fn sharing(map: &Map, identity: &str) -> Vec<DeploymentId> {
    let all = (0..map.deployments.len()).map(DeploymentId);
    all.filter(|id| map.limits.quota(map, *id) == identity).collect()
}
