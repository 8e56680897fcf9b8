//! SVG plots of every sample, readable without colour.

use std::fmt::Write as _;

use crate::record::Run;
use crate::stats::number;
use crate::summary::{Metric, MetricStats, Summary, latency_origin, value};

use super::{layout, units};

/// Widths of a plot, of its names and of its margin, in user units.
const WIDTH: f64 = 900.0;
const NAMES: f64 = 210.0;
const MARGIN: f64 = 20.0;
/// Heights of a row of distributions and of a panel of rounds.
const ROW: f64 = 44.0;
const PANEL: f64 = 90.0;

/// A logarithmic scale between two coordinates.
struct SvgScale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl SvgScale {
    fn of(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Option<Self> {
        let values = values.filter(|value| *value > 0.0);
        let (low, high) = (values.clone().reduce(f64::min)?, values.reduce(f64::max)?);
        Some(Self { low: low / 1.1, high: (high * 1.1).max(low * 1.5), from, to })
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value.max(self.low) / self.low).ln() / (self.high / self.low).ln();
        self.from + (self.to - self.from) * part
    }

    fn ticks(&self) -> Vec<f64> {
        units::ticks(self.low, self.high)
    }
}

/// The data of one target.
struct SvgRow<'a> {
    name: String,
    /// `None` if every call failed.
    figures: Option<&'a MetricStats>,
    /// Rounds with their times to first token.
    times: Vec<(u32, f64)>,
    failed: Vec<u32>,
}

fn rows<'a>(run: &Run, summary: &'a Summary) -> Vec<SvgRow<'a>> {
    let from = latency_origin(&run.plan);
    let row = |at: usize| {
        let mine = || run.samples.iter().filter(move |sample| sample.target == at);
        let time = |sample| Some((sample, value(sample, Metric::TtftMs, from)?));
        let times = mine().filter(|sample| sample.is_good()).filter_map(time).map(|(sample, ms)| (sample.round, ms));
        SvgRow {
            name: escape(&layout::name(&summary.targets[at].name)),
            figures: summary.targets[at].figures(Metric::TtftMs),
            times: times.collect(),
            failed: mine().filter(|sample| sample.failure.is_some()).map(|sample| sample.round).collect(),
        }
    };
    summary.ranking().into_iter().map(row).collect()
}

/// The least and the greatest value of each target.
fn extremes<'a>(rows: &'a [SvgRow<'_>]) -> impl Iterator<Item = f64> + Clone + 'a {
    rows.iter().filter_map(|row| row.figures).flat_map(|figures| [figures.min, figures.max])
}

/// TTFT of every call with box and median, one row per target.
#[must_use]
pub(crate) fn distributions(run: &Run, summary: &Summary) -> String {
    let rows = rows(run, summary);
    let Some(scale) = SvgScale::of(extremes(&rows), NAMES, WIDTH - MARGIN) else { return String::new() };
    let height = ROW * number(rows.len()) + 30.0;
    let mut svg = open(height, "Time to first token of every call, ms, log scale");
    for tick in scale.ticks() {
        let x = scale.place(tick);
        put(
            &mut svg,
            &format!("<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{:.1}\"/>", height - 24.0),
        );
        put(&mut svg, &format!("<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick}</text>", height - 8.0));
    }
    for (at, row) in rows.iter().enumerate() {
        let middle = ROW * (number(at) + 0.5);
        put(&mut svg, &format!("<text x=\"0\" y=\"{:.1}\">{}</text>", middle + 4.0, row.name));
        match row.figures {
            Some(figures) => distribution(&mut svg, row, figures, &scale, middle),
            None => put(
                &mut svg,
                &format!("<text class=\"failed\" x=\"{NAMES}\" y=\"{:.1}\">{}</text>", middle + 4.0, no_answer(row)),
            ),
        }
    }
    svg + "</svg>\n"
}

/// Replaces the plot of a target without a good call.
fn no_answer(row: &SvgRow<'_>) -> String {
    format!("× no complete answer, {}", units::count(row.failed.len(), "failure"))
}

fn distribution(svg: &mut String, row: &SvgRow<'_>, figures: &MetricStats, scale: &SvgScale, middle: f64) {
    let shape = &figures.shape;
    let (left, right) = (scale.place(shape.p25), scale.place(shape.p75));
    let width = (right - left).max(1.0);
    let top = middle - 12.0;
    put(svg, &format!("<rect class=\"box\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"24\"/>"));
    for (round, ms) in &row.times {
        // Spread vertically by round, so that equal times do not overlap.
        let y = middle + f64::from(round % 9) * 2.0 - 8.0;
        put(svg, &format!("<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"2\"/>", scale.place(*ms)));
    }
    let median = scale.place(figures.median());
    let (top, bottom) = (middle - 15.0, middle + 15.0);
    put(
        svg,
        &format!("<line class=\"median\" x1=\"{median:.1}\" x2=\"{median:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\"/>"),
    );
}

/// TTFT by round, one panel per target on a common scale; crosses are failures.
#[must_use]
pub(crate) fn timeline(run: &Run, summary: &Summary) -> String {
    let rows = rows(run, summary);
    let last = run.samples.iter().map(|sample| sample.round).max().unwrap_or(0).max(1);
    let scale = SvgScale::of(extremes(&rows), PANEL - 12.0, 6.0);
    if rows.iter().all(|row| row.times.is_empty() && row.failed.is_empty()) {
        return String::new();
    }
    let mut svg = open(PANEL * number(rows.len()) + 20.0, "Time to first token by round, ms, log scale");
    for (at, row) in rows.iter().enumerate() {
        panel(&mut svg, row, scale.as_ref(), PANEL * number(at), last);
    }
    let bottom = PANEL * number(rows.len()) + 14.0;
    put(&mut svg, &format!("<text x=\"{NAMES}\" y=\"{bottom:.1}\">round 1</text>"));
    let (right, rounds) = (WIDTH - MARGIN, units::count(last as usize + 1, "round"));
    put(&mut svg, &format!("<text x=\"{right:.1}\" y=\"{bottom:.1}\" text-anchor=\"end\">{rounds}</text>"));
    svg + "</svg>\n"
}

fn panel(svg: &mut String, row: &SvgRow<'_>, scale: Option<&SvgScale>, top: f64, last: u32) {
    let x = |round: u32| NAMES + (WIDTH - MARGIN - NAMES) * f64::from(round) / f64::from(last);
    put(svg, &format!("<text x=\"0\" y=\"{:.1}\">{}</text>", top + PANEL / 2.0, row.name));
    if let Some(scale) = scale {
        for tick in scale.ticks() {
            let (y, right) = (top + scale.place(tick), WIDTH - MARGIN);
            put(svg, &format!("<line class=\"grid\" x1=\"{NAMES}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"));
            let (left, baseline) = (NAMES - 6.0, y + 4.0);
            put(svg, &format!("<text x=\"{left:.1}\" y=\"{baseline:.1}\" text-anchor=\"end\">{tick}</text>"));
        }
        let mut in_order = row.times.clone();
        in_order.sort_by_key(|(round, _)| *round);
        let points: Vec<String> =
            in_order.iter().map(|(round, ms)| format!("{:.1},{:.1}", x(*round), top + scale.place(*ms))).collect();
        put(svg, &format!("<polyline points=\"{}\"/>", points.join(" ")));
    }
    for round in &row.failed {
        let (x, y) = (x(*round), top + 12.0);
        put(svg, &format!("<text class=\"failed\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">×</text>"));
    }
}

fn open(height: f64, title: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n")
}

fn put(svg: &mut String, element: &str) {
    writeln!(svg, "{element}").expect("writing to a string does not fail");
}

/// Escapes text for HTML elements and attributes.
#[must_use]
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
