//! Character plots: distributions, and the course of the rounds.

use crate::record::Run;
use crate::stats::{number, quantile};
use crate::summary::{Metric, MetricStats, Summary, latency_origin, value};

use super::{ReportStyle, layout, units};

/// Width of a name beside a plot.
const NAME: usize = 22;
/// Width of the numbers to the right.
const FIGURES: usize = 22;
/// The narrowest useful plot.
const NARROWEST: usize = 24;

/// A logarithmic axis, shared by all rows.
struct LogAxis {
    low: f64,
    high: f64,
    cells: usize,
}

impl LogAxis {
    fn over(values: impl Iterator<Item = f64> + Clone, cells: usize) -> Option<Self> {
        let positive = values.filter(|value| *value > 0.0);
        let low = positive.clone().reduce(f64::min)?;
        let high = positive.reduce(f64::max)?;
        // At least half an octave, so that equal targets do not look different.
        Some(Self { low: low / 1.1, high: (high * 1.1).max(low * 1.5), cells })
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the plot")]
    fn cell(&self, value: f64) -> usize {
        let part = (value / self.low).ln() / (self.high / self.low).ln();
        ((part * number(self.cells)).max(0.0) as usize).min(self.cells - 1)
    }
}

/// The distributions of TTFT, one row per target; empty if there is no space or no data.
#[must_use]
pub(crate) fn distributions(summary: &Summary, style: &ReportStyle) -> Vec<String> {
    let rows: Vec<(String, &MetricStats)> = summary
        .ranking()
        .into_iter()
        .filter_map(|at| Some((layout::name(&summary.targets[at].name), summary.targets[at].figures(Metric::TtftMs)?)))
        .collect();
    let Some(cells) = style.width.checked_sub(NAME + FIGURES + 4).filter(|cells| *cells >= NARROWEST) else {
        return Vec::new();
    };
    let Some(axis) = LogAxis::over(rows.iter().flat_map(|(_, figures)| [figures.min, figures.max]), cells) else {
        return Vec::new();
    };
    // Whiskers end at quantiles if the sample is large enough, otherwise at the extremes.
    let carried = rows.iter().all(|(_, figures)| figures.n >= quantile::min_sample_size(0.9));
    let legend = if carried {
        "├ p10   █ p25–p75   ┃ median   p90 ┤   ○ max"
    } else {
        "├ min   █ p25–p75   ┃ median   max ┤"
    };
    let mut lines = vec![format!("{}{legend}", layout::pad("TTFT ms, log scale", NAME + 2, false))];
    for (name, figures) in &rows {
        let numbers =
            format!("p50 {:>5}  p90 {:>5}", units::whole(figures.median()), units::quantile(figures.p90, units::whole));
        lines.push(format!("{}│{}│ {numbers}", layout::pad(name, NAME, false), bar(figures, &axis, carried)));
    }
    lines.extend(scale(&axis));
    lines
}

fn bar(figures: &MetricStats, axis: &LogAxis, carried: bool) -> String {
    let shape = &figures.shape;
    let (low, high) = if carried { (shape.p10, shape.p90) } else { (figures.min, figures.max) };
    let mut cells = vec![' '; axis.cells];
    let mut fill = |from: f64, to: f64, with: char| {
        for cell in &mut cells[axis.cell(from)..=axis.cell(to)] {
            *cell = with;
        }
    };
    fill(figures.max, figures.max, '○');
    fill(low, high, '─');
    fill(low, low, '├');
    fill(high, high, '┤');
    fill(shape.p25, shape.p75, '█');
    fill(figures.median(), figures.median(), '┃');
    cells.into_iter().collect()
}

fn scale(axis: &LogAxis) -> [String; 2] {
    let mut line = vec!['─'; axis.cells];
    let mut labels = String::new();
    for tick in units::ticks(axis.low, axis.high) {
        let cell = axis.cell(tick);
        line[cell] = '┴';
        let label = tick.to_string();
        let start = cell.saturating_sub(label.len() / 2);
        let used = labels.chars().count();
        if start >= used + usize::from(used > 0) && start + label.len() <= axis.cells {
            labels.push_str(&" ".repeat(start - used));
            labels.push_str(&label);
        }
    }
    let margin = " ".repeat(NAME);
    [format!("{margin}└{}┘", line.into_iter().collect::<String>()), format!("{margin} {labels}")]
}

/// TTFT by round, one row per target: higher means longer.
#[must_use]
pub(crate) fn timeline(run: &Run, summary: &Summary, style: &ReportStyle) -> Vec<String> {
    let Some(most) = style.width.checked_sub(NAME + FIGURES + 4).filter(|cells| *cells >= NARROWEST) else {
        return Vec::new();
    };
    let rounds = run.samples.iter().map(|sample| sample.round as usize + 1).max().unwrap_or(0);
    if rounds < 2 {
        return Vec::new();
    }
    let per_cell = rounds.div_ceil(most);
    let cells = rounds.div_ceil(per_cell);
    let rows: Vec<(usize, Vec<TimelineCell>)> =
        summary.ranking().into_iter().map(|at| (at, buckets(run, at, per_cell, cells))).collect();
    let medians = rows.iter().flat_map(|(_, cells)| cells).filter_map(|cell| match cell {
        TimelineCell::Median(ms) => Some(*ms),
        TimelineCell::Failed | TimelineCell::Empty => None,
    });
    let levels: Vec<char> = if style.ascii { "_.:-=+*#" } else { "▁▂▃▄▅▆▇█" }.chars().collect();
    let Some(axis) = LogAxis::over(medians, levels.len()) else { return Vec::new() };
    let each = if per_cell == 1 {
        "one round per column".to_owned()
    } else {
        format!("median of {per_cell} rounds per column")
    };
    let title = layout::pad("TTFT over the run", NAME + 2, false);
    let mut lines = vec![format!(
        "{title}{each}, log scale from {} to {} ms, × failure",
        units::whole(axis.low),
        units::whole(axis.high)
    )];
    let draw = |cell: &TimelineCell| match cell {
        TimelineCell::Median(ms) => levels[axis.cell(*ms)],
        TimelineCell::Failed => '×',
        TimelineCell::Empty => ' ',
    };
    for (at, cells) in &rows {
        let row: String = cells.iter().map(draw).collect();
        lines.push(format!("{}│{row}│", layout::pad(&layout::name(&summary.targets[*at].name), NAME, false)));
    }
    lines
}

/// A cell of the timeline.
enum TimelineCell {
    Median(f64),
    Failed,
    Empty,
}

fn buckets(run: &Run, target: usize, per_cell: usize, cells: usize) -> Vec<TimelineCell> {
    let from = latency_origin(&run.plan);
    let mut values: Vec<(Vec<f64>, bool)> = vec![(Vec::new(), false); cells];
    for sample in run.samples.iter().filter(|sample| sample.target == target) {
        let (times, failed) = &mut values[sample.round as usize / per_cell];
        *failed |= sample.failure.is_some();
        times.extend(value(sample, Metric::TtftMs, from).filter(|_| sample.is_good()));
    }
    let cell = |(mut times, failed): (Vec<f64>, bool)| {
        times.sort_by(f64::total_cmp);
        match (times.is_empty(), failed) {
            (_, true) => TimelineCell::Failed,
            (true, false) => TimelineCell::Empty,
            (false, false) => TimelineCell::Median(quantile::point(&times, 0.5)),
        }
    };
    values.into_iter().map(cell).collect()
}
