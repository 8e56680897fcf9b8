//! Observes one turn: shows it as `ask` does, and records its results.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::commands::ask::printer::{Printer, skip};
use llmroute_core::model::{Event, Failure, Timestamp};
use llmroute_core::routing::{DeploymentId, GroupId, Map};
use llmroute_router::engine::{AttemptRecord, Disposition, Engine, Observer, Request, RoutedAnswer, RouterEvent};
use llmroute_router::ports::Clock;

/// Shows and records a turn.
pub(crate) struct TurnObserver<'a> {
    /// The printer that shows it.
    pub printer: Printer<'a>,
    /// The printed part of the answer.
    pub text: String,
    /// The skipped deployments with reasons, one line each.
    pub skips: Vec<String>,
    map: &'a Map,
    group: GroupId,
    clock: Clock,
    /// The calls with their times, as far as events report them.
    asked: Vec<(AttemptRecord, Timestamp)>,
    router: &'a Engine,
    request: &'a Request,
    /// The time at which the text was last saved.
    kept: Option<Timestamp>,
}

/// The interval at which the text is saved: the most that `kill -9` can lose.
const KEEP: Duration = Duration::from_secs(1);

impl<'a> TurnObserver<'a> {
    /// Shows `request` with `printer` while `router` runs it.
    pub(crate) fn new(printer: Printer<'a>, router: &'a Engine, request: &'a Request, clock: Clock) -> Self {
        let (map, group) = (router.map(), request.group);
        let (text, skips, asked) = (String::new(), Vec::new(), Vec::new());
        Self { printer, text, skips, map, group, clock, asked, router, request, kept: None }
    }

    /// Saves the text now and then.
    fn keep(&mut self) {
        let now = self.clock.now();
        if self.kept.is_none_or(|kept| now.since(kept) >= KEEP) {
            self.kept = Some(now);
            let deployment = self.asked.last().map(|(attempt, _)| attempt.deployment);
            self.router.keep(self.request, deployment, &self.text);
        }
    }

    /// The calls so far, for a turn that is stopped now.
    pub(crate) fn attempts(&self) -> Vec<AttemptRecord> {
        let now = self.clock.now();
        let ended = |(attempt, since): &(AttemptRecord, Timestamp)| match attempt.failure {
            Some(_) => attempt.clone(),
            None => AttemptRecord { duration: now.since(*since), ..attempt.clone() },
        };
        self.asked.iter().map(ended).collect()
    }

    fn calling(&mut self, deployment: DeploymentId, waited: Duration) {
        let (group, share) = (self.group, Disposition::Cancelled);
        let (failure, duration, first_token, cost) = (None, Duration::ZERO, None, None);
        let attempt =
            AttemptRecord { deployment, group, failure, waited, duration, first_token, cost, disposition: share };
        self.asked.push((attempt, self.clock.now().after(waited)));
    }

    fn failed(&mut self, deployment: DeploymentId, failure: &Failure) {
        let now = self.clock.now();
        let of = |(attempt, _): &&mut (AttemptRecord, Timestamp)| {
            attempt.deployment == deployment && attempt.failure.is_none()
        };
        if let Some((attempt, since)) = self.asked.iter_mut().rev().find(of) {
            let duration = now.since(*since);
            *attempt = AttemptRecord {
                failure: Some(failure.clone()),
                disposition: Disposition::Discarded,
                duration,
                ..attempt.clone()
            };
        }
    }
}

impl Observer for TurnObserver<'_> {
    fn on_event(&mut self, note: RouterEvent<'_>) {
        match &note {
            RouterEvent::Restarted { .. } => self.text.clear(),
            RouterEvent::Calling { deployment, wait } => self.calling(*deployment, *wait),
            RouterEvent::Failed { deployment, failure } => self.failed(*deployment, failure),
            RouterEvent::Skipped { deployment, reason } => {
                self.skips.push(format!("{}: {}", self.map.deployment(*deployment).name, skip(reason)));
            }
            _ => {}
        }
        self.printer.on_event(note);
    }

    fn on_output(&mut self, event: &Event) -> ControlFlow<()> {
        // Shown first: the log must not delay it.
        let shown = self.printer.on_output(event);
        if let Event::Text(text) = event {
            self.text.push_str(text);
            self.keep();
        }
        shown
    }

    fn on_complete(&mut self, done: &RoutedAnswer) {
        self.printer.on_complete(done);
    }
}
