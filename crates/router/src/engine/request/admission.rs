//! The limits in the way of one request: asked for room before a call, told how it went after it.

use std::time::Duration;

use futures_util::FutureExt;

use crate::engine::call::attempt::{CallError, CallSuccess, Cause};
use crate::engine::event::{Observer, RouterEvent};
use crate::engine::request::run::Run;
use crate::engine::shared::reservation::{AdmissionError, FinishedCall, PendingReservation};
use llmroute_core::model::Answer;
use llmroute_core::routing::failover::{Failover, PlannedCall, Stop};

/// When a state that others hold locked may be asked again.
const BUSY: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Whether every limit has room for the call; what it takes is then reserved. `Err` when that
    /// cannot be known.
    pub(in crate::engine) async fn may_begin(
        &mut self,
        call: &PlannedCall,
        failover: &mut Failover<'_>,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> Result<bool, Stop> {
        let (identity, heard) = self.ledger.identity(call.deployment);
        let cold_start_permit = self.router.quotas.cold_start_permit(&identity, heard);
        let cold_start_permit = tokio::time::timeout(call.first_token, cold_start_permit).await.ok().flatten();
        self.cold_start_permits.extend(cold_start_permit.map(|cold_start_permit| (call.deployment, cold_start_permit)));
        match self.ledger.reserve(call, &self.request.attributes, rng, self.router.clock).await {
            Ok(()) => Ok(true),
            Err(AdmissionError::Full) => {
                self.land(call);
                failover.limit_reached(call, &self.ledger.snapshot, self.router.clock.now());
                Ok(false)
            }
            Err(AdmissionError::Busy(reason)) => {
                observer.on_event(RouterEvent::State(&format!("no limit can be checked: {reason}")));
                Err(Stop::RateLimited { next: BUSY })
            }
        }
    }

    /// Settles what the call reserved.
    pub(in crate::engine) fn close_slot(&mut self, call: &PlannedCall, result: &Result<CallSuccess, CallError>) {
        let (answer, failure, sent) = match result {
            Ok(won) => (&won.answer, None, true),
            Err(CallError { cause: Cause::Failed(failure), answer, .. }) => (answer, Some(failure), true),
            Err(CallError { cause: Cause::NotSent(_), answer, .. }) => (answer, None, false),
            Err(CallError { cause: Cause::ReaderGone, answer, .. }) => (answer, None, true),
        };
        let outcome = FinishedCall { answer, failure, sent };
        self.land(call);
        self.ledger.close(call.deployment, outcome, self.router.clock.now());
        if !matches!(result, Ok(_) | Err(CallError { cause: Cause::Failed(_), .. })) {
            self.ledger.flush();
        }
    }

    /// The call is not one of the first to its deployment any more.
    fn land(&mut self, call: &PlannedCall) {
        self.cold_start_permits.retain(|(deployment, _)| *deployment != call.deployment);
    }

    /// Asks for room for a second call beside another of the same request, and for the group's leave
    /// to make it; `None` when it is known by now that there is none.
    pub(in crate::engine) fn may_race(
        &mut self,
        rival: &PlannedCall,
        rng: &mut fastrand::Rng,
    ) -> Option<PendingReservation> {
        let (identity, heard) = self.ledger.identity(rival.deployment);
        // One that would have to wait for the first calls of others is no help.
        let cold_start_permit = self.router.quotas.cold_start_permit(&identity, heard).now_or_never()?;
        let claim = self.ledger.claim(rival, &self.request.attributes, rng, self.router.clock)?;
        self.cold_start_permits
            .extend(cold_start_permit.map(|cold_start_permit| (rival.deployment, cold_start_permit)));
        Some(claim)
    }

    /// A call that asked for room was not made after all.
    pub(in crate::engine) fn not_made(&mut self, rival: &PlannedCall) {
        self.land(rival);
        let outcome = FinishedCall { answer: &Answer::default(), failure: None, sent: false };
        self.ledger.close(rival.deployment, outcome, self.router.clock.now());
        self.ledger.flush();
    }
}
