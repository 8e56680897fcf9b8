//! Leases: the calls in flight that all processes count.

use crate::engine::shared::keys::edit;
use crate::state::StateHandle;
use llmroute_core::model::Timestamp;
use llmroute_core::routing::DeploymentId;
pub use llmroute_core::routing::snapshot::DeploymentState;

/// The leases of one request. What is left when it is dropped is released.
pub(in crate::engine) struct Leases {
    state: StateHandle,
    held: Vec<Lease>,
}

/// One call that is counted as in flight.
struct Lease {
    id: u64,
    deployment: DeploymentId,
    /// The key of the deployment's state.
    key: String,
    since: Timestamp,
}

impl Leases {
    pub(in crate::engine) fn new(state: StateHandle) -> Self {
        Self { state, held: Vec::new() }
    }

    /// Counts a call from `since` until it is released, and until `until` at the latest.
    pub(in crate::engine) fn take(
        &mut self,
        id: u64,
        deployment: DeploymentId,
        key: String,
        since: Timestamp,
        until: Timestamp,
    ) {
        self.state.post(vec![key.clone()], move |values| {
            edit(&mut values[0], |state: &mut DeploymentState| state.leases.take(id, until, since));
        });
        self.held.push(Lease { id, deployment, key, since });
    }

    /// Ends the count of the call to `deployment`, whose release the caller writes. Returns the id of the lease.
    pub(in crate::engine) fn end(&mut self, deployment: DeploymentId) -> Option<u64> {
        let position = self.held.iter().position(|lease| lease.deployment == deployment)?;
        Some(self.held.swap_remove(position).id)
    }

    /// Releases the lease of the call to `deployment`, if it has one.
    pub(in crate::engine) fn release(&mut self, deployment: DeploymentId, now: Timestamp) -> Option<u64> {
        let position = self.held.iter().position(|lease| lease.deployment == deployment)?;
        let lease = self.held.swap_remove(position);
        let id = lease.id;
        post_release(&self.state, lease, now);
        Some(id)
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        for lease in std::mem::take(&mut self.held) {
            let now = lease.since;
            post_release(&self.state, lease, now);
        }
    }
}

fn post_release(state: &StateHandle, lease: Lease, now: Timestamp) {
    // A lease that cannot be released expires.
    state.post(vec![lease.key], move |values| {
        edit(&mut values[0], |state: &mut DeploymentState| state.leases.release(lease.id, now));
    });
}
