//! The limits in the way of one request: asked for room before a call, told how it went after it.

use std::time::Duration;

use super::attempt::{Cause, Lost, Won};
use super::note::{Note, Watcher};
use super::reserve::{Denied, Outcome};
use super::router::Run;
use crate::route::course::{Call, Course, Stop};

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
        self.pilot = tokio::time::timeout(call.first_token, pilot).await.ok().flatten();
        let now = self.router.clock.now();
        match self.ledger.reserve(call, &self.request.facts, rng, now).await {
            Ok(()) => Ok(true),
            Err(Denied::Full) => {
                self.pilot = None;
                course.lost_slot(call, &self.ledger.board, now);
                Ok(false)
            }
            Err(Denied::Busy(reason)) => {
                watcher.note(Note::State(&format!("no limit can be checked: {reason}")));
                Err(Stop::RateLimited { next: BUSY })
            }
        }
    }

    /// Settles what the call reserved.
    pub(super) fn close_slot(&mut self, call: &Call, result: &Result<Won, Lost>) {
        let (answer, failure, sent) = match result {
            Ok(won) => (&won.answer, None, true),
            Err(Lost { cause: Cause::Failed(failure), answer, .. }) => (answer, Some(failure), true),
            Err(Lost { cause: Cause::NotAsked(_), answer, .. }) => (answer, None, false),
            Err(Lost { cause: Cause::Unread, answer, .. }) => (answer, None, true),
        };
        let outcome = Outcome { heard: self.head.take(), answer, failure, sent };
        self.pilot = None;
        self.ledger.close(call.deployment, outcome, self.router.clock.now());
        if !matches!(result, Ok(_) | Err(Lost { cause: Cause::Failed(_), .. })) {
            self.ledger.flush();
        }
    }
}
