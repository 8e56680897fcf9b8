//! A table per target, with every statistic of every metric.

use crate::summary::{Metric, MetricStats, Summary, TargetSummary};

use super::layout::{self, Column};
use super::units;

const fn figure(title: &'static str, drop: u8) -> Column {
    Column { group: "", title, drop, right: true }
}

const COLUMNS: [Column; 9] = [
    Column { group: "", title: "", drop: 0, right: false },
    figure("n", 7),
    figure("mean", 6),
    figure("min", 5),
    figure("p50", 0),
    figure("p90", 1),
    figure("p95", 2),
    figure("p99", 3),
    figure("max", 4),
];

/// The column titles, for other formats of the same table.
pub(crate) const FIGURES: [&str; 8] = ["n", "mean", "min", "p50", "p90", "p95", "p99", "max"];

/// Renders a table for each target, under its name.
#[must_use]
pub(crate) fn tables(summary: &Summary, width: usize) -> Vec<Vec<String>> {
    summary.ranking().into_iter().map(|at| table(&summary.targets[at], width)).collect()
}

fn table(target: &TargetSummary, width: usize) -> Vec<String> {
    let mut lines = layout::table(&COLUMNS, &rows(target), width);
    lines.insert(0, layout::name(&target.name));
    lines
}

/// One row per metric: its label and its statistics.
#[must_use]
pub(crate) fn rows(target: &TargetSummary) -> Vec<Vec<String>> {
    target.metrics.iter().map(|(metric, figures)| row(*metric, figures)).collect()
}

fn row(metric: Metric, figures: &MetricStats) -> Vec<String> {
    let unit = units::plain;
    vec![
        metric.label().to_owned(),
        figures.n.to_string(),
        unit(figures.mean),
        unit(figures.min),
        units::quantile(figures.p50, unit),
        units::quantile(figures.p90, unit),
        units::quantile(figures.p95, unit),
        units::quantile(figures.p99, unit),
        unit(figures.max),
    ]
}
