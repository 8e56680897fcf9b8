//! Repeated checks: a redrawn page on a terminal, changes elsewhere.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Findings, HealthChecker, json, table};
use crate::error::CommandError;
use crate::ui::console::Console;
use crate::ui::text::{duration, full_time};
pub(crate) use llmroute_router::health::{DeploymentHealth, Diagnosis, HealthState};
use llmroute_router::history::rfc3339;

/// Clears a terminal and moves to its first line (ECMA-48, ED and CUP).
const CLEAR: &[u8] = b"\x1b[2J\x1b[H";

/// The part of a deployment's status whose change is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ReportedState {
    state: HealthState,
    /// The class of failure behind it.
    class: Option<String>,
}

impl ReportedState {
    fn of(row: &DeploymentHealth) -> Self {
        let Diagnosis { state, class, .. } = row.diagnosis;
        let class = match state {
            HealthState::Cooling => row.evidence.reason.clone(),
            HealthState::Ok
            | HealthState::Slow
            | HealthState::Simulated
            | HealthState::Unknown
            | HealthState::Limited
            | HealthState::NoKey
            | HealthState::Down => class.map(str::to_owned),
        };
        Self { state, class }
    }

    /// `down`, or `down (dns)` where `next` has the same status.
    fn before(&self, next: &Self) -> String {
        let class = self.class.as_ref().filter(|_| self.state == next.state);
        format!("{}{}", self.state.as_str(), class.map(|class| format!(" ({class})")).unwrap_or_default())
    }
}

/// The previous status of each deployment, by name.
type Before = BTreeMap<String, ReportedState>;

/// Checks until standard output cannot be written, and returns that error.
///
/// # Errors
/// `None` before the first check: a check that finds everything down is valid.
pub(crate) async fn run(
    checker: &mut HealthChecker,
    interval: Duration,
    as_json: bool,
    width: Option<u16>,
    console: &mut Console,
) -> Result<io::Error, CommandError> {
    let mut before = Before::new();
    loop {
        let found = checker.check_all().await;
        if let Some(warning) = checker.router.take_warning() {
            console.event(&warning);
        }
        let shown = match width {
            Some(width) if !as_json => redraw(&found, width, interval, console),
            Some(_) | None => tell(&changes(&found, &before), as_json, console),
        };
        if let Err(error) = shown {
            return Ok(error);
        }
        before = found.lines.iter().map(|line| (line.row.name.clone(), ReportedState::of(&line.row))).collect();
        tokio::time::sleep(interval).await;
    }
}

fn redraw(found: &Findings, width: u16, interval: Duration, console: &mut Console) -> io::Result<()> {
    console.writer().write_all(CLEAR)?;
    let again = format!("checking again in {}; press Ctrl-C to stop", duration(interval));
    console.data(&format!("{}\n{again}", table::page(found, Some(width))))
}

/// A deployment whose status changed.
struct Change {
    text: String,
    json: Value,
}

fn tell(changes: &[Change], as_json: bool, console: &mut Console) -> io::Result<()> {
    for change in changes {
        if as_json { console.json(&change.json)? } else { console.data(&change.text)? }
    }
    Ok(())
}

/// One for each deployment whose status or failure class changed; at first, one for each.
fn changes(found: &Findings, before: &Before) -> Vec<Change> {
    let zone = TimeZone::system();
    let changed = found.lines.iter().filter(|line| before.get(&line.row.name) != Some(&ReportedState::of(&line.row)));
    let change = |line: &super::DeploymentRow| {
        let (was, told) = (before.get(&line.row.name), ReportedState::of(&line.row));
        let now = told.state.as_str();
        let from = was.map(|was| format!("{} → ", was.before(&told))).unwrap_or_default();
        let note = Some(line.note()).filter(|note| !note.is_empty()).map(|note| format!(": {note}"));
        let text =
            format!("{} {} {from}{now}{}", full_time(line.row.at, &zone), line.row.name, note.unwrap_or_default());
        let mut object = json::line(line);
        object["was"] = was.map_or(Value::Null, |was| was.state.as_str().into());
        object["was_class"] = was.map_or(Value::Null, |was| was.class.clone().into());
        object["at"] = rfc3339(line.row.at).into();
        Change { text, json: object }
    };
    changed.map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_told_where_the_state_is_the_same() {
        let told = |state, class: &str| ReportedState { state, class: Some(class.to_owned()) };
        let before = told(HealthState::Down, "authentication");
        assert_eq!(before.before(&told(HealthState::Down, "connection")), "down (authentication)");
        assert_eq!(before.before(&told(HealthState::Cooling, "authentication")), "down");
    }
}
