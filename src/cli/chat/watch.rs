//! Watches one turn: shows it as `ask` does, and keeps what is wanted when it is over.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::cli::ask::printer::{Printer, skip};
use crate::engine::{Attempt, Done, Note, Share, Watcher};
use crate::model::{Event, Failure, Timestamp};
use crate::ports::Clock;
use crate::route::{DeploymentId, GroupId, Map};

/// Shows a turn and remembers it.
pub struct Watch<'a> {
    /// What shows it.
    pub printer: Printer<'a>,
    /// What of the answer was given out.
    pub text: String,
    /// Who was passed over, and why, a line each.
    pub skips: Vec<String>,
    map: &'a Map,
    group: GroupId,
    clock: Clock,
    /// Who was asked, as far as the notes say it, and when.
    asked: Vec<(Attempt, Timestamp)>,
}

impl<'a> Watch<'a> {
    /// Shows by `printer`, who was given what is asked of `group`.
    pub fn new(printer: Printer<'a>, map: &'a Map, group: GroupId, clock: Clock) -> Self {
        Self { printer, text: String::new(), skips: Vec::new(), map, group, clock, asked: Vec::new() }
    }

    /// Who was asked so far, for a turn that is stopped now: nobody else tells.
    pub fn attempts(&self) -> Vec<Attempt> {
        let now = self.clock.now();
        let ended = |(attempt, since): &(Attempt, Timestamp)| match attempt.failure {
            Some(_) => attempt.clone(),
            None => Attempt { duration: now.since(*since), ..attempt.clone() },
        };
        self.asked.iter().map(ended).collect()
    }

    fn calling(&mut self, deployment: DeploymentId, waited: Duration) {
        let (group, share) = (self.group, Share::Cancelled);
        let (failure, duration, first_token, cost) = (None, Duration::ZERO, None, None);
        let attempt = Attempt { deployment, group, failure, waited, duration, first_token, cost, share };
        self.asked.push((attempt, self.clock.now().after(waited)));
    }

    fn failed(&mut self, deployment: DeploymentId, failure: &Failure) {
        let now = self.clock.now();
        let of =
            |(attempt, _): &&mut (Attempt, Timestamp)| attempt.deployment == deployment && attempt.failure.is_none();
        if let Some((attempt, since)) = self.asked.iter_mut().rev().find(of) {
            let duration = now.since(*since);
            *attempt = Attempt { failure: Some(failure.clone()), share: Share::Void, duration, ..attempt.clone() };
        }
    }
}

impl Watcher for Watch<'_> {
    fn note(&mut self, note: Note<'_>) {
        match &note {
            Note::Restarted { .. } => self.text.clear(),
            Note::Calling { deployment, wait } => self.calling(*deployment, *wait),
            Note::Failed { deployment, failure } => self.failed(*deployment, failure),
            Note::Skipped { deployment, reason } => {
                self.skips.push(format!("{}: {}", self.map.deployment(*deployment).name, skip(reason)));
            }
            _ => {}
        }
        self.printer.note(note);
    }

    fn event(&mut self, event: &Event) -> ControlFlow<()> {
        if let Event::Text(text) = event {
            self.text.push_str(text);
        }
        self.printer.event(event)
    }

    fn complete(&mut self, done: &Done) {
        self.printer.complete(done);
    }
}
