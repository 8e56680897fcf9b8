//! The place of a request in the queue for a limit that is reached, so that the first to come is served first.
//!
//! `routing::limits` decides whose turn it is.

use crate::engine::shared::keys::{edit, quota_key};
use crate::engine::shared::provider_limits::ProviderLimits;
use crate::state::StateHandle;
use llmroute_core::model::Timestamp;
pub use llmroute_core::routing::limits::{ProviderLimit, Ticket};

/// The place of one request. It leaves the queue when it asks for admission, and is forgotten when it does not.
pub(in crate::engine) struct WaitQueue {
    /// Its id is 0 until the request waits.
    ticket: Ticket,
}

impl WaitQueue {
    pub(in crate::engine) fn new(since: Timestamp) -> Self {
        Self { ticket: Ticket { since, id: 0 } }
    }

    pub(in crate::engine) fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Waits for the limit `identity` until `until`: this process knows it at once, others soon.
    pub(in crate::engine) fn join(
        &mut self,
        identity: &str,
        until: Timestamp,
        now: Timestamp,
        limits: &ProviderLimits,
        state: &StateHandle,
        rng: &mut fastrand::Rng,
    ) {
        if self.ticket.id == 0 {
            self.ticket.id = rng.u64(1..);
        }
        let ticket = self.ticket;
        limits.join(identity, ticket, until, now);
        // If it is not written, the request is served later than it might be.
        state.post(vec![quota_key(identity)], move |values| {
            edit(&mut values[0], |limit: &mut ProviderLimit| limit.join(ticket, until, now));
        });
    }
}
