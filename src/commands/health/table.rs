//! The findings as a table, with warnings and a summary below.

use super::Findings;
use super::row::{DeploymentRow, time};
use crate::ui;
use crate::ui::table::{Column, Fit};
use crate::ui::text;
pub(crate) use llmroute_router::health::{HealthState, LiveCall};

const COLUMNS: [Column<DeploymentRow>; 14] = [
    Column { title: "DEPLOYMENT", from_width: 0, fit: Fit::Cut(40), cell: |line| line.row.name.clone() },
    Column { title: "STATE", from_width: 0, fit: Fit::Text, cell: |line| line.row.diagnosis.state.as_str().to_owned() },
    Column { title: "KEY", from_width: 120, fit: Fit::Cut(32), cell: DeploymentRow::key },
    Column { title: "DNS", from_width: 100, fit: Fit::Number, cell: |line| time(line.row.evidence.dialed.dns) },
    Column { title: "TCP", from_width: 70, fit: Fit::Number, cell: |line| time(line.row.evidence.dialed.tcp) },
    Column { title: "TLS", from_width: 70, fit: Fit::Number, cell: |line| time(line.row.evidence.dialed.tls) },
    Column { title: "AUTH", from_width: 60, fit: Fit::Text, cell: |line| line.authorised_word().to_owned() },
    Column { title: "MODEL", from_width: 110, fit: Fit::Text, cell: |line| line.listed().to_owned() },
    Column { title: "TTFT", from_width: 80, fit: Fit::Number, cell: DeploymentRow::ttft },
    Column { title: "COST", from_width: 130, fit: Fit::Number, cell: DeploymentRow::cost },
    Column { title: "LEFT", from_width: 150, fit: Fit::Cut(24), cell: DeploymentRow::left },
    Column { title: "BREAKER", from_width: 90, fit: Fit::Cut(36), cell: DeploymentRow::breaker },
    Column { title: "LAST CALL", from_width: 140, fit: Fit::Cut(32), cell: DeploymentRow::last },
    Column { title: "NOTE", from_width: 50, fit: Fit::Cut(80), cell: DeploymentRow::note },
];

/// The report for people, at most `width` columns wide.
pub(crate) fn page(found: &Findings, width: Option<u16>) -> String {
    let table = ui::table::render(&found.lines, &COLUMNS, width);
    let mut lines = vec![table];
    for line in &found.lines {
        lines.extend(line.row.warnings.iter().map(|warning| format!("warning: {}: {warning}", line.row.name)));
    }
    lines.push(summary(found));
    lines.join("\n")
}

/// `3 checked in 1.6 s: 1 ok, 1 slow, 1 down; cost $0.00001`.
fn summary(found: &Findings) -> String {
    const STATES: [HealthState; 8] = [
        HealthState::Ok,
        HealthState::Slow,
        HealthState::Simulated,
        HealthState::Unknown,
        HealthState::Limited,
        HealthState::Cooling,
        HealthState::NoKey,
        HealthState::Down,
    ];
    let count = |state: HealthState| found.lines.iter().filter(|line| line.row.diagnosis.state == state).count();
    let words = STATES.map(|state| (count(state), state.as_str().replace('_', " ")));
    let words = words.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let words: Vec<String> = words.collect();
    let spent = if found.live { format!("; {}", spent(found)) } else { String::new() };
    format!("{} checked in {}: {}{spent}", found.lines.len(), text::duration(found.report.took), words.join(", "))
}

/// The known cost of the live calls.
fn spent(found: &Findings) -> String {
    let live = || found.lines.iter().filter_map(|line| line.row.evidence.live.as_ref());
    let sum: f64 = live().filter_map(LiveCall::cost).sum::<f64>() + 0.0;
    let priced = live().any(|live| live.cost().is_some());
    match live().filter(|live| matches!(live, LiveCall::Answered { cost: None, .. })).count() {
        0 => format!("cost {}", text::money(sum)),
        1.. if !priced => "cost unknown: no price".to_owned(),
        unknown => format!("cost {} and that of {unknown} without a price", text::money(sum)),
    }
}
