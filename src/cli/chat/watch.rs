//! Watches one turn: shows it as `ask` does, and keeps what is wanted when it is over.

use std::ops::ControlFlow;

use crate::cli::ask::printer::{Printer, skip};
use crate::engine::{Done, Note, Watcher};
use crate::model::Event;
use crate::route::Map;

/// Shows a turn and remembers it.
pub struct Watch<'a> {
    /// What shows it.
    pub printer: Printer<'a>,
    /// What of the answer was given out.
    pub text: String,
    /// Who was passed over, and why, a line each.
    pub skips: Vec<String>,
    map: &'a Map,
}

impl<'a> Watch<'a> {
    /// Shows by `printer`.
    pub fn new(printer: Printer<'a>, map: &'a Map) -> Self {
        Self { printer, text: String::new(), skips: Vec::new(), map }
    }
}

impl Watcher for Watch<'_> {
    fn note(&mut self, note: Note<'_>) {
        match &note {
            Note::Restarted { .. } => self.text.clear(),
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
