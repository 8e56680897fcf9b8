//! Reports of a run and its summary, in several formats.

mod csv;
mod html;
mod json;
pub(super) mod layout;
mod markdown;
mod metric_tables;
mod notes;
mod plan;
mod plots;
mod svg;
mod table;
#[cfg(test)]
mod tests;
pub(super) mod units;
mod verdict;

pub use csv::csv;
pub use html::html;
pub use json::json;
pub use markdown::markdown;
pub use plan::plan_lines;

use super::plan::{Load, Plan, Stop};
use super::record::Run;
use super::summary::{LatencyOrigin, Metric, Summary, latency_origin};

/// The style of a text report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportStyle {
    /// The width in columns; no line is longer.
    pub width: usize,
    /// Uses ASCII only.
    pub ascii: bool,
    /// Adds every statistic of every metric.
    pub detail: bool,
}

/// The default width.
const WIDTH: usize = 100;

impl Default for ReportStyle {
    fn default() -> Self {
        Self { width: WIDTH, ascii: false, detail: false }
    }
}

/// Renders the report for a terminal: table, notes, verdicts, plots, definitions. It uses no colour.
#[must_use]
pub fn text(run: &Run, summary: &Summary, style: &ReportStyle) -> String {
    let wrapped = |lines: Vec<String>, indent| -> Vec<String> {
        lines.iter().flat_map(|line| layout::wrap(line, style.width, indent)).collect()
    };
    let mut parts = vec![
        layout::wrap(&heading(run, summary), style.width, 2),
        table::render(summary, style.width),
        wrapped(notes::all(run, summary), 2),
    ];
    for verdicts in verdict::all(summary) {
        let mut lines = vec![title(verdicts.metric).to_owned()];
        for line in &verdicts.lines {
            lines.extend(
                layout::wrap(line, style.width.saturating_sub(2), 2).into_iter().map(|line| format!("  {line}")),
            );
        }
        parts.push(lines);
    }
    parts.push(plots::distributions(summary, style));
    parts.push(plots::timeline(run, summary, style));
    if style.detail {
        parts.extend(metric_tables::tables(summary, style.width));
    }
    parts.push(wrapped(definitions(run, summary, style.detail), 4));
    parts.push(wrapped(notes::last(run, summary), 2));
    parts.retain(|lines| !lines.is_empty());
    let block =
        |lines: &Vec<String>| lines.iter().map(|line| layout::cut(line, style.width) + "\n").collect::<String>();
    let text = parts.iter().map(block).collect::<Vec<_>>().join("\n");
    if style.ascii { layout::ascii(&text) } else { text }
}

/// The rounds, targets, load and sizes of the run.
#[must_use]
fn heading(run: &Run, summary: &Summary) -> String {
    let targets = units::count(summary.targets.len(), "deployment");
    let planned = match stop(&run.plan) {
        Stop::Rounds(planned) if planned as usize > summary.rounds => format!(" of {planned}"),
        Stop::Rounds(_) | Stop::After(_) => String::new(),
    };
    format!(
        "{}{planned} × {targets}, {}, ~{} tokens in, ≤{} out, seed {}",
        units::count(summary.rounds, "round"),
        load(&run.plan),
        run.plan.prompt_tokens,
        run.plan.max_tokens,
        run.plan.seed
    )
}

fn stop(plan: &Plan) -> Stop {
    match plan.load {
        Load::Rounds { stop, .. } | Load::Arrivals { stop, .. } => stop,
    }
}

/// Describes the load.
fn load(plan: &Plan) -> String {
    match plan.load {
        Load::Rounds { in_flight, .. } => format!("{in_flight} in flight"),
        Load::Arrivals { rate, pattern, .. } => {
            let pattern = match pattern {
                super::plan::Arrival::Constant => "evenly spaced",
                super::plan::Arrival::Poisson => "at random times",
            };
            format!("{} calls/s per deployment, {pattern} (latency from the intended start)", units::plain(rate))
        }
    }
}

fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::TtftMs => "Time to first token",
        Metric::TpotMs => "Time per token",
        _ => "Time to the last token",
    }
}

/// The definitions of the metrics: those of the table, or all that have values.
fn definitions(run: &Run, summary: &Summary, all: bool) -> Vec<String> {
    let named = [Metric::TtftMs, Metric::E2eMs, Metric::GapMs, Metric::TpotMs, Metric::TokensPerS];
    let measured = |metric: &Metric| summary.targets.iter().any(|target| target.figures(*metric).is_some());
    let shown = |metric: &Metric| if all { measured(metric) } else { named.contains(metric) };
    let start = match latency_origin(&run.plan) {
        LatencyOrigin::FirstByteSent => "first byte sent",
        LatencyOrigin::IntendedStart => "intended start",
    };
    let line = |metric: Metric| format!("{}: {}", metric.label(), metric.definition().replace("{start}", start));
    let mut lines: Vec<String> = Metric::ALL.into_iter().filter(shown).map(line).collect();
    lines.push(STATISTICS.to_owned());
    lines
}

/// The definitions of the intervals.
const STATISTICS: &str = "errors: share of calls without a complete answer, with Wilson's 95 % interval; differences \
    and ×: medians over rounds in which both answered, with bootstrap 95 % intervals of each pair alone; × is the \
    second's time divided by the first's; verdicts are corrected for the number of comparisons (Holm)";
