//! Counting what is under way where other processes see it: calls (as leases) and turns. Not how it
//! is used: that is a strategy's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::shared::session::{StateSession, deployment_key, edit, group_key};
use crate::ports::StoreError;
use llmroute_core::model::Timestamp;
use llmroute_core::routing::failover::PlannedCall;
use llmroute_core::routing::snapshot::{DeploymentState, GroupState};
use llmroute_core::routing::{DeploymentId, GroupId};

/// A call that is counted as under way.
pub(in crate::engine) struct Lease {
    id: u64,
    deployment: DeploymentId,
    since: Timestamp,
    /// It is over. The lease is taken behind the caller's back: a short call can end before that.
    over: Arc<AtomicBool>,
}

impl Lease {
    /// Ends the call, and says which lease is to be released.
    pub(in crate::engine) fn end(&self) -> u64 {
        self.over.store(true, Ordering::SeqCst);
        self.id
    }
}

impl StateSession {
    /// Takes the turn of a request to `group` in one transaction, so that no two requests have the same;
    /// false when it has one, or needs none.
    pub(in crate::engine) fn take_turn(&mut self, group: GroupId) -> bool {
        if !self.map.group(group).strategy.takes_turns() || self.turns.contains(&group) {
            return false;
        }
        self.turns.push(group);
        let mut mine = self.snapshot.group(group).turn;
        let mut change = |values: &mut [Option<String>]| {
            edit(&mut values[0], |cell: &mut GroupState| {
                mine = cell.turn;
                cell.turn = cell.turn.wrapping_add(1);
            });
        };
        // Without a store the turns of this process have to do.
        let _: Result<(), StoreError> = self.store.update(&[group_key(&self.map, group)], &mut change);
        self.snapshot.groups[group.0].turn = mine;
        true
    }

    /// Counts the call that begins now and ends at `until` at the latest, if the group looks at that.
    pub(in crate::engine) fn hold(&mut self, call: &PlannedCall, id: u64, now: Timestamp, until: Timestamp) {
        if !self.map.group(call.group).strategy.counts_calls() {
            return;
        }
        let over = Arc::new(AtomicBool::new(false));
        self.held.push(Lease { id, deployment: call.deployment, since: now, over: Arc::clone(&over) });
        self.snapshot.deployments[call.deployment.0].leases.take(id, until, now);
        let keys = [deployment_key(&self.map, call.deployment)];
        let store = Arc::clone(&self.store);
        self.pending.push(tokio::task::spawn_blocking(move || {
            let mut change = |values: &mut [Option<String>]| {
                // Transactions come one after the other: either the release sees this lease, or this
                // sees that the call is over.
                if !over.load(Ordering::SeqCst) {
                    edit(&mut values[0], |cell: &mut DeploymentState| cell.leases.take(id, until, now));
                }
            };
            // What cannot be counted is not; the store says so by its warning.
            let _: Result<(), StoreError> = store.update(&keys, &mut change);
        }));
    }

    /// The call to `deployment` that is counted, which is counted no more.
    pub(in crate::engine) fn take_held(&mut self, deployment: DeploymentId) -> Option<Lease> {
        let position = self.held.iter().position(|held| held.deployment == deployment)?;
        Some(self.held.swap_remove(position))
    }

    /// Ends a call that is counted and ended without a lesson, behind the caller's back.
    pub(in crate::engine) fn let_go(&mut self, deployment: DeploymentId, now: Timestamp) {
        let Some(held) = self.take_held(deployment) else { return };
        let id = held.end();
        self.snapshot.deployments[deployment.0].leases.release(id, now);
        let keys = [deployment_key(&self.map, deployment)];
        let store = Arc::clone(&self.store);
        self.pending.push(tokio::task::spawn_blocking(move || {
            let mut change = |values: &mut [Option<String>]| {
                edit(&mut values[0], |cell: &mut DeploymentState| cell.leases.release(id, now));
            };
            // A lease that cannot be released expires.
            let _: Result<(), StoreError> = store.update(&keys, &mut change);
        }));
    }

    /// Ends a call that is counted when the request is dropped and nothing can be waited for.
    fn drop_held(&mut self, held: &Lease) {
        let (id, now) = (held.end(), held.since);
        self.snapshot.deployments[held.deployment.0].leases.release(id, now);
        let mut change = |values: &mut [Option<String>]| {
            edit(&mut values[0], |cell: &mut DeploymentState| cell.leases.release(id, now));
        };
        // A lease that cannot be released expires.
        let _: Result<(), StoreError> = self.store.update(&[deployment_key(&self.map, held.deployment)], &mut change);
    }
}

impl Drop for StateSession {
    fn drop(&mut self) {
        for held in std::mem::take(&mut self.held) {
            self.drop_held(&held);
        }
    }
}
