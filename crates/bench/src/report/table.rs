//! The main table: one row per target, fastest first.

use crate::stats::quantile::Quantile;
use crate::summary::{Metric, MetricStats, Outcome, Summary, TargetSummary, Uncertainty};

use super::layout::{self, Column};
use super::units::{self, NONE};

const fn number(group: &'static str, title: &'static str, drop: u8) -> Column {
    Column { group, title, drop, right: true }
}

const COLUMNS: [Column; 11] = [
    Column { group: "", title: "deployment", drop: 0, right: false },
    number("TTFT ms", "p50", 0),
    number("TTFT ms", "p90", 3),
    number("TTFT ms", "p99", 4),
    number("E2E s", "p50", 5),
    number("E2E s", "p90", 6),
    number("gap ms", "p99", 7),
    number("tok/s", "user", 8),
    Column { group: "errors", title: "95 % CI", drop: 2, right: false },
    number("$ per", "1M out", 9),
    Column { group: "TTFT", title: "vs best", drop: 1, right: false },
];

/// Renders the table, at most `width` columns wide.
#[must_use]
pub(crate) fn render(summary: &Summary, width: usize) -> Vec<String> {
    layout::table(&COLUMNS, &rows(summary), width)
}

/// The column titles with their groups, and the cells, for other formats of the same table.
#[must_use]
pub(crate) fn cells(summary: &Summary) -> (Vec<String>, Vec<Vec<String>>) {
    let titles = COLUMNS.iter().map(|column| format!("{} {}", column.group, column.title).trim().to_owned()).collect();
    (titles, rows(summary))
}

fn rows(summary: &Summary) -> Vec<Vec<String>> {
    summary.ranking().into_iter().map(|at| row(summary, at)).collect()
}

fn row(summary: &Summary, at: usize) -> Vec<String> {
    let target = &summary.targets[at];
    let cost = target.cost.and_then(|cost| cost.per_million_output);
    vec![
        layout::name(&target.name),
        cell(target, Metric::TtftMs, |figures| figures.p50, units::whole),
        cell(target, Metric::TtftMs, |figures| figures.p90, units::whole),
        cell(target, Metric::TtftMs, |figures| figures.p99, units::whole),
        cell(target, Metric::E2eMs, |figures| figures.p50, units::seconds),
        cell(target, Metric::E2eMs, |figures| figures.p90, units::seconds),
        cell(target, Metric::GapMs, |figures| figures.p99, units::plain),
        speed(target),
        target.error_rate.as_ref().map_or_else(|| NONE.to_owned(), units::share),
        cost.map_or_else(|| NONE.to_owned(), units::money),
        versus(summary, at),
    ]
}

fn cell(target: &TargetSummary, metric: Metric, of: fn(&MetricStats) -> Quantile, unit: fn(f64) -> String) -> String {
    target.figures(metric).map_or_else(|| NONE.to_owned(), |figures| units::quantile(of(figures), unit))
}

fn speed(target: &TargetSummary) -> String {
    let speed = cell(target, Metric::TokensPerS, |figures| figures.p50, units::whole);
    if target.is_estimated() && speed != NONE { format!("~{speed}") } else { speed }
}

/// Calls the first of the ranking `best` only if it is faster than every other target.
fn versus(summary: &Summary, at: usize) -> String {
    let ranking = summary.ranking();
    let first = ranking[0];
    let outcome = |other: usize| summary.pair(first, other, Metric::TtftMs).map(|pair| pair.outcome);
    if ranking.len() == 1 || summary.targets[at].good == 0 {
        return NONE.to_owned();
    }
    if at == first {
        let best = ranking[1..].iter().all(|other| outcome(*other) == Some(Outcome::Faster));
        return if best { "best" } else { "lowest" }.to_owned();
    }
    let Some(pair) = summary.pair(at, first, Metric::TtftMs) else { return NONE.to_owned() };
    let ratio = pair.paired.map_or(1.0, |paired| paired.ratio().at);
    match pair.outcome {
        Outcome::Slower => format!("{} slower", units::factor(ratio)),
        // The first target fails less often, which is why it ranks first.
        Outcome::Faster => format!("{} faster", units::factor(1.0 / ratio)),
        Outcome::Same => "same".to_owned(),
        Outcome::CannotTell(Uncertainty::FailsMore) => "fails more".to_owned(),
        Outcome::CannotTell(
            Uncertainty::MoreRounds(_)
            | Uncertainty::TooClose
            | Uncertainty::TooFewPairs
            | Uncertainty::Corrected(_)
            | Uncertainty::NotInTest,
        ) => "cannot tell".to_owned(),
    }
}
