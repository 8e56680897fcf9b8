//! The place of a request in the queue for a limit that is reached, so that the first to come is served first.
//!
//! `routing::limits` decides whose turn it is.

use std::sync::Arc;

use crate::engine::shared::keys::{edit, quota_key};
use crate::engine::shared::provider_limits::ProviderLimits;
use crate::state::StateHandle;
use llmroute_core::model::Timestamp;
pub use llmroute_core::routing::limits::{ProviderLimit, Ticket};

/// The place of one request. It leaves the queue when it is admitted or dropped; that of a process that was killed
/// or stopped expires, because it is not renewed.
pub(in crate::engine) struct WaitQueue {
    /// Its id is 0 until the request waits.
    ticket: Ticket,
    /// The limits in whose queue it is.
    joined: Vec<String>,
    limits: Arc<ProviderLimits>,
    state: StateHandle,
}

impl WaitQueue {
    pub(in crate::engine) fn new(since: Timestamp, limits: Arc<ProviderLimits>, state: StateHandle) -> Self {
        Self { ticket: Ticket { since, id: 0 }, joined: Vec::new(), limits, state }
    }

    pub(in crate::engine) fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Joins the queue for the limit `identity`: this process knows it at once, others soon.
    pub(in crate::engine) fn join(&mut self, identity: &str, now: Timestamp, rng: &mut fastrand::Rng) {
        if self.ticket.id == 0 {
            self.ticket.id = rng.u64(1..);
        }
        if !self.joined.iter().any(|joined| joined == identity) {
            self.joined.push(identity.to_owned());
        }
        let ticket = self.ticket;
        self.limits.join(identity, ticket, now);
        // If it is not written, the request is served later than it might be.
        self.state.post(vec![quota_key(identity)], move |values| {
            edit(&mut values[0], |limit: &mut ProviderLimit| limit.join(ticket, now));
        });
    }

    /// Leaves all queues.
    pub(in crate::engine) fn leave(&mut self) {
        let ticket = self.ticket;
        for identity in std::mem::take(&mut self.joined) {
            self.limits.leave(&identity, ticket);
            // If it is not written, the place expires.
            self.state.post(vec![quota_key(&identity)], move |values| {
                edit(&mut values[0], |limit: &mut ProviderLimit| limit.leave(ticket));
            });
        }
    }
}

impl Drop for WaitQueue {
    fn drop(&mut self) {
        self.leave();
    }
}
