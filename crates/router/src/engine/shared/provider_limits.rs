//! The providers' limits as this process knows them since it began: newer than the shared state,
//! which learns of a call when it is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use llmroute_core::model::Timestamp;
pub use llmroute_core::routing::limits::{Demand, LimitExceeded, LimitObservation, ProviderLimit, Ticket};

/// Calls in flight to one whose limits are unknown, until its first reply.
///
/// This holds within a process. One call alone never meets it, so `ask` never waits here; and a
/// hundred processes that each make one call are not held back for a limit that may not exist.
const COLD_START_CALLS: usize = 4;

/// By the identity of what the provider limits.
#[derive(Debug, Default)]
pub(in crate::engine) struct ProviderLimits {
    by_key: Mutex<HashMap<String, KnownLimit>>,
}

#[derive(Debug)]
struct KnownLimit {
    quota: ProviderLimit,
    /// Closed by the first reply.
    cold_start_permits: Arc<Semaphore>,
}

impl Default for KnownLimit {
    fn default() -> Self {
        Self { quota: ProviderLimit::default(), cold_start_permits: Arc::new(Semaphore::new(COLD_START_CALLS)) }
    }
}

impl ProviderLimits {
    /// Waits while too many are in flight to one that never replied. The permit is held until the
    /// call is over; `None` when a reply came.
    pub(in crate::engine) async fn cold_start_permit(&self, key: &str, heard: bool) -> Option<OwnedSemaphorePermit> {
        let cold_start_permits = Arc::clone(&self.lock().entry(key.to_owned()).or_default().cold_start_permits);
        if heard {
            cold_start_permits.close();
        }
        cold_start_permits.acquire_owned().await.ok()
    }

    /// Checks that a call may begin.
    pub(in crate::engine) fn check(
        &self,
        key: &str,
        need: Demand,
        ticket: Ticket,
        now: Timestamp,
    ) -> Result<(), LimitExceeded> {
        let mut known = self.lock();
        let quota = &known.entry(key.to_owned()).or_default().quota;
        quota.turn(need, ticket, now).check(|demand| quota.check(demand, now))
    }

    /// Takes or renews the place of a request that waits for its turn.
    pub(in crate::engine) fn join(&self, key: &str, ticket: Ticket, now: Timestamp) {
        self.lock().entry(key.to_owned()).or_default().quota.join(ticket, now);
    }

    /// Gives up the place of a request.
    pub(in crate::engine) fn leave(&self, key: &str, ticket: Ticket) {
        self.lock().entry(key.to_owned()).or_default().quota.leave(ticket);
    }

    /// Counts a call that begins.
    pub(in crate::engine) fn take(&self, key: &str, need: &Demand, now: Timestamp) {
        self.lock().entry(key.to_owned()).or_default().quota.take(need, now);
    }

    /// Learns from a reply or the end of a call.
    pub(in crate::engine) fn observe(&self, key: &str, heard: &LimitObservation, now: Timestamp) {
        let mut known = self.lock();
        let known = known.entry(key.to_owned()).or_default();
        known.quota.observe(heard, now);
        if known.quota.heard {
            known.cold_start_permits.close();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, KnownLimit>> {
        // Every change leaves it consistent, and it is only advice.
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
