//! Whom the limits keep shut, marked on the snapshot of one request. What fits is decided in `routing::limits`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::shared::reservation::scope_key;
use crate::engine::shared::session::StateSession;
use llmroute_core::model::Timestamp;
use llmroute_core::routing::failover::RequestAttributes;
use llmroute_core::routing::limits::{Demand, LimitExceeded, LimitScope, Meter, ScopedLimit, headroom};
use llmroute_core::routing::{DeploymentId, GroupId};

impl StateSession {
    /// Marks on the snapshot whom the limits keep shut at `now`, by what the store said.
    pub(in crate::engine) fn mark_eligibility(
        &mut self,
        groups: &[GroupId],
        attributes: &RequestAttributes,
        now: Timestamp,
        meters: &BTreeMap<String, Meter>,
    ) {
        let map = Arc::clone(&self.map);
        for (group, member) in
            groups.iter().flat_map(|id| map.group(*id).members.iter().map(move |member| (*id, member)))
        {
            let id = member.deployment;
            let scopes = map.limits.scopes(&map, group, id);
            let quota = self.quota(id);
            let need = Demand::of(attributes, map.deployment(id).price, quota.expected_output());
            let need = quota.turn(need, self.ticket, now);
            // Its gate stands on the snapshot by itself.
            let gate = quota.gated(now);
            let shut = quota.check(&need, now).err().filter(|_| gate.is_none());
            let known: Vec<(ScopedLimit, Meter)> = scopes
                .into_iter()
                .map(|scope| {
                    let meter = meters.get(&scope_key(&map, &scope.place)).cloned().unwrap_or_default();
                    (scope, meter)
                })
                .collect();
            let share = headroom(known.iter().map(|(scope, meter)| (&scope.limits, meter)), &quota, now);
            let mut own = shut;
            for (scope, mut meter) in known {
                let Err(shut) = meter.check(&scope.limits, &need, now, &scope.of) else { continue };
                match scope.place {
                    LimitScope::Group(_) => self.shut_in(group, id, shut),
                    LimitScope::Deployment(_) | LimitScope::Provider(_) => {
                        own = own.into_iter().chain([shut]).reduce(LimitExceeded::later)
                    }
                }
            }
            let cell = &mut self.snapshot.deployments[id.0];
            // A deployment of two groups has the room of the fuller one.
            cell.headroom.share = cell.headroom.share.into_iter().chain(share).min_by(f64::total_cmp);
            cell.gate = cell.gate.max(gate);
            if let Some(shut) = own {
                self.shut(&LimitScope::Deployment(id), shut);
            }
        }
    }

    /// Deployments that share what the provider limits.
    pub(in crate::engine) fn alike(&self, quota: &str) -> Vec<DeploymentId> {
        let all = (0..self.map.deployments.len()).map(DeploymentId);
        all.filter(|id| self.map.limits.quota(&self.map, *id) == quota).collect()
    }

    pub(in crate::engine) fn shut_quota(&mut self, quota: &str, shut: LimitExceeded) {
        for id in self.alike(quota) {
            self.shut_one(id, shut.clone());
        }
    }

    /// Shuts everybody for this request whom a limit of `place` holds for; the members of a group only
    /// there.
    pub(in crate::engine) fn shut(&mut self, place: &LimitScope, shut: LimitExceeded) {
        let map = Arc::clone(&self.map);
        let all = || (0..map.deployments.len()).map(DeploymentId);
        let ids: Vec<DeploymentId> = match place {
            LimitScope::Deployment(id) => {
                all().filter(|other| map.deployment(*other).state_key == map.deployment(*id).state_key).collect()
            }
            LimitScope::Group(id) => {
                let members = map.group(*id).members.iter();
                return members.for_each(|member| self.shut_in(*id, member.deployment, shut.clone()));
            }
            LimitScope::Provider(_) => {
                let limited = |id: &DeploymentId| map.limits.own(&map, *id).iter().any(|scope| scope.place == *place);
                all().filter(limited).collect()
            }
        };
        ids.into_iter().for_each(|id| self.shut_one(id, shut.clone()));
    }

    fn shut_in(&mut self, group: GroupId, id: DeploymentId, shut: LimitExceeded) {
        let full = &mut self.snapshot.full;
        let old = full.remove(&(group, id));
        full.insert((group, id), old.into_iter().chain([shut]).reduce(LimitExceeded::later).expect("there is one"));
    }

    fn shut_one(&mut self, id: DeploymentId, shut: LimitExceeded) {
        let headroom = &mut self.snapshot.deployments[id.0].headroom;
        headroom.exceeded = Some(headroom.exceeded.take().map_or(shut.clone(), |old| old.later(shut)));
    }
}
