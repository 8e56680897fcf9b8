//! The place of a request in the queue for a limit that is reached, so that the first to come is served first.
//!
//! `routing::limits` decides whose turn it is.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::shared::keys::{edit, edit_shared, quota_key};
use crate::engine::shared::provider_limits::ProviderLimits;
use crate::state::StateHandle;
use llmroute_core::model::Timestamp;
pub use llmroute_core::routing::limits::{PLACE_LEASE, ProviderLimit, Ticket};

/// The interval at which a waiting request renews its place.
pub(in crate::engine) const PLACE_RENEWAL: Duration = Duration::from_millis(800);
const _: () = assert!(PLACE_RENEWAL.as_millis() * 3 < PLACE_LEASE.as_millis());

/// The place of one request. Dropping it leaves the queue.
pub(in crate::engine) struct WaitQueue {
    /// Its id is 0 until the request waits.
    ticket: Ticket,
    /// The identity of the limit that it waits for.
    place: Option<String>,
    limits: Arc<ProviderLimits>,
    state: StateHandle,
}

impl WaitQueue {
    pub(in crate::engine) fn new(since: Timestamp, limits: Arc<ProviderLimits>, state: StateHandle) -> Self {
        Self { ticket: Ticket { since, id: 0 }, place: None, limits, state }
    }

    pub(in crate::engine) fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Takes or renews a place in the queue for the limit `identity`: this process knows it at once, others soon.
    pub(in crate::engine) fn join(&mut self, identity: &str, now: Timestamp, rng: &mut fastrand::Rng) {
        if self.place.as_deref().is_some_and(|place| place != identity) {
            self.leave();
        }
        if self.ticket.id == 0 {
            self.ticket.id = rng.u64(1..);
        }
        let (ticket, ahead) = (self.ticket, self.state.clock_ahead(now));
        self.place = Some(identity.to_owned());
        self.limits.join(identity, ticket, now);
        // If it is not written, the request is served later than it might be.
        self.state.post(vec![quota_key(identity)], move |values| {
            edit_shared(&mut values[0], ahead, |limit: &mut ProviderLimit| limit.join(ticket, now));
        });
    }

    /// Gives up the place, if it has one.
    pub(in crate::engine) fn leave(&mut self) {
        let ticket = self.ticket;
        if let Some(identity) = self.leave_here() {
            self.state.post(vec![quota_key(&identity)], move |values| {
                edit(&mut values[0], |limit: &mut ProviderLimit| limit.leave(ticket));
            });
        }
    }

    /// Gives up a place that the shared state no longer holds, because the call was admitted there.
    pub(in crate::engine) fn admitted(&mut self) {
        self.leave_here();
    }

    fn leave_here(&mut self) -> Option<String> {
        let identity = self.place.take()?;
        self.limits.leave(&identity, self.ticket);
        Some(identity)
    }
}

impl Drop for WaitQueue {
    fn drop(&mut self) {
        self.leave();
    }
}
