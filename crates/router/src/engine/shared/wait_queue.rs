//! Standing in line where a limit is full, so that who came first is served first. Whose turn it is, is
//! decided in `routing::limits`.

use std::sync::Arc;

use crate::engine::shared::reservation::quota_key;
use crate::engine::shared::session::{StateSession, edit};
use crate::ports::StoreError;
use llmroute_core::model::Timestamp;
use llmroute_core::routing::failover::PlannedCall;
use llmroute_core::routing::limits::ProviderLimit;

impl StateSession {
    /// The request waits before `call`: where a limit is the reason, all others see it by now, and
    /// those of other processes soon. It leaves when it asks for room, and is forgotten when it does not.
    pub(in crate::engine) fn stand_in_line(&mut self, call: &PlannedCall, rng: &mut fastrand::Rng, now: Timestamp) {
        if self.snapshot.gated(call.group, call.deployment, now).is_none() {
            return;
        }
        if self.ticket.id == 0 {
            self.ticket.id = rng.u64(1..);
        }
        let (identity, _) = self.identity(call.deployment);
        let (ticket, at) = (self.ticket, now.after(call.wait));
        self.quotas.join(&identity, ticket, at, now);
        let store = Arc::clone(&self.store);
        self.pending.push(tokio::task::spawn_blocking(move || {
            // Not written, it is served later than it might be.
            let mut change = |values: &mut [Option<String>]| {
                edit(&mut values[0], |quota: &mut ProviderLimit| quota.join(ticket, at, now))
            };
            let _: Result<(), StoreError> = store.update(&[quota_key(&identity)], &mut change);
        }));
    }
}
