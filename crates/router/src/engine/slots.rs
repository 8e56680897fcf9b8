//! The limits in the way of one request: asked for room before a call, told how it went after it.

use std::time::Duration;

use futures_util::FutureExt;

use super::attempt::{CallError, CallSuccess, Cause};
use super::note::{Note, Watcher};
use super::reserve::{Claim, Denied, Outcome};
use super::run::Run;
use llmroute_core::model::Answer;
use llmroute_core::route::course::{Call, Course, Stop};

/// When a state that others hold locked may be asked again.
const BUSY: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Whether every limit has room for the call; what it takes is then reserved. `Err` when that
    /// cannot be known.
    pub(super) async fn may_begin(
        &mut self,
        call: &Call,
        course: &mut Course<'_>,
        rng: &mut fastrand::Rng,
        watcher: &mut dyn Watcher,
    ) -> Result<bool, Stop> {
        let (identity, heard) = self.ledger.identity(call.deployment);
        let pilot = self.router.quotas.pilot(&identity, heard);
        let pilot = tokio::time::timeout(call.first_token, pilot).await.ok().flatten();
        self.pilots.extend(pilot.map(|pilot| (call.deployment, pilot)));
        match self.ledger.reserve(call, &self.request.facts, rng, self.router.clock).await {
            Ok(()) => Ok(true),
            Err(Denied::Full) => {
                self.land(call);
                course.lost_slot(call, &self.ledger.board, self.router.clock.now());
                Ok(false)
            }
            Err(Denied::Busy(reason)) => {
                watcher.note(Note::State(&format!("no limit can be checked: {reason}")));
                Err(Stop::RateLimited { next: BUSY })
            }
        }
    }

    /// Settles what the call reserved.
    pub(super) fn close_slot(&mut self, call: &Call, result: &Result<CallSuccess, CallError>) {
        let (answer, failure, sent) = match result {
            Ok(won) => (&won.answer, None, true),
            Err(CallError { cause: Cause::Failed(failure), answer, .. }) => (answer, Some(failure), true),
            Err(CallError { cause: Cause::NotSent(_), answer, .. }) => (answer, None, false),
            Err(CallError { cause: Cause::ReaderGone, answer, .. }) => (answer, None, true),
        };
        let outcome = Outcome { answer, failure, sent };
        self.land(call);
        self.ledger.close(call.deployment, outcome, self.router.clock.now());
        if !matches!(result, Ok(_) | Err(CallError { cause: Cause::Failed(_), .. })) {
            self.ledger.flush();
        }
    }

    /// The call is not one of the first to its deployment any more.
    fn land(&mut self, call: &Call) {
        self.pilots.retain(|(deployment, _)| *deployment != call.deployment);
    }

    /// Asks for room for a second call beside another of the same request, and for the group's leave
    /// to make it; `None` when it is known by now that there is none.
    pub(super) fn may_race(&mut self, rival: &Call, rng: &mut fastrand::Rng) -> Option<Claim> {
        let (identity, heard) = self.ledger.identity(rival.deployment);
        // One that would have to wait for the first calls of others is no help.
        let pilot = self.router.quotas.pilot(&identity, heard).now_or_never()?;
        let claim = self.ledger.claim(rival, &self.request.facts, rng, self.router.clock)?;
        self.pilots.extend(pilot.map(|pilot| (rival.deployment, pilot)));
        Some(claim)
    }

    /// A call that asked for room was not made after all.
    pub(super) fn not_made(&mut self, rival: &Call) {
        self.land(rival);
        let outcome = Outcome { answer: &Answer::default(), failure: None, sent: false };
        self.ledger.close(rival.deployment, outcome, self.router.clock.now());
        self.ledger.flush();
    }
}
