//! The same run under several loads: its table, and which load to try next. Not the runs.

use super::plan::Slo;
use super::report::page::{self, Column};
use super::report::units;
use super::stats::number;
use super::stats::quantile::Ranked;
use super::summary::{Figures, Metric, Summary, TargetSummary, millis};

/// The largest share of failures under a load that holds.
const ERRORS: f64 = 0.01;
/// A limit is known when the next rate that fails is no more than this much higher.
const NEAR: f64 = 1.1;
/// Rates below and above which nothing is sought, calls a second.
const SLOWEST: f64 = 0.05;
const FASTEST: f64 = 10_000.0;

const COLUMNS: [Column; 10] = [
    Column { group: "", title: "load", drop: 0, right: true },
    Column { group: "", title: "deployment", drop: 0, right: false },
    Column { group: "", title: "calls", drop: 6, right: true },
    Column { group: "TTFT ms", title: "p50", drop: 0, right: true },
    Column { group: "TTFT ms", title: "p95", drop: 1, right: true },
    Column { group: "E2E s", title: "p50", drop: 5, right: true },
    Column { group: "tok/s", title: "user", drop: 4, right: true },
    Column { group: "tok/s", title: "all", drop: 2, right: true },
    Column { group: "errors", title: "95 % CI", drop: 0, right: false },
    Column { group: "", title: "client", drop: 3, right: false },
];

/// A row for each load and target, in the order given; the load is what was varied, in flight or calls a second.
#[must_use]
pub fn table(runs: &[(f64, Summary)], width: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> = runs
        .iter()
        .flat_map(|(load, summary)| summary.targets.iter().map(move |target| row(*load, summary, target)))
        .collect();
    page::table(&COLUMNS, &rows, width)
}

fn row(load: f64, summary: &Summary, target: &TargetSummary) -> Vec<String> {
    let none = || units::NONE.to_owned();
    let figures = |metric, of: fn(&Figures) -> String| target.figures(metric).map_or_else(none, of);
    vec![
        units::plain(load).trim_end_matches(".00").to_owned(),
        page::name(&target.name),
        target.calls.to_string(),
        figures(Metric::TtftMs, |figures| units::whole(figures.median())),
        figures(Metric::TtftMs, |figures| units::quantile(figures.p95, units::whole)),
        figures(Metric::E2eMs, |figures| units::seconds(figures.median())),
        figures(Metric::TokensPerS, |figures| units::whole(figures.median())),
        target.output_tokens_per_s.map_or_else(none, units::whole),
        target.error_rate.as_ref().map_or_else(none, units::share),
        if summary.client.is_valid() { "valid" } else { "INVALID" }.to_owned(),
    ]
}

/// Whether a target holds a load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Errors are at most 1 %, and the p95 of TTFT is within the objective.
    Holds,
    /// More calls failed; their share.
    Errors(f64),
    /// More starts were not made, because the service limits its rate; their share. Of all targets of the run:
    /// a search has one.
    RateLimited(f64),
    /// The p95 of TTFT, failures included, is longer than the objective; ms, infinite when it is a failure.
    Slow(f64),
    /// So many more calls are needed for a p95.
    TooFew(usize),
    /// We could not make this load.
    Client,
}

/// Judges one target under one load.
#[must_use]
pub fn judge(summary: &Summary, target: usize, slo: &Slo) -> Verdict {
    let found = &summary.targets[target];
    if !summary.client.is_valid() {
        return Verdict::Client;
    }
    let limited = limited_share(summary);
    if limited > ERRORS {
        return Verdict::RateLimited(limited);
    }
    let Some(errors) = found.error_rate else { return Verdict::TooFew(super::stats::quantile::needs(0.95)) };
    if errors.at > ERRORS {
        return Verdict::Errors(errors.at);
    }
    let Some(limit) = slo.ttft.map(millis) else { return Verdict::Holds };
    match found.ttft_p95_with_failures {
        Ranked::Value(p95) if p95 <= limit => Verdict::Holds,
        Ranked::Value(p95) => Verdict::Slow(p95),
        Ranked::Infinite => Verdict::Slow(f64::INFINITY),
        Ranked::Missing(more) => Verdict::TooFew(more),
    }
}

/// The share of starts that were not made because of rate limits.
fn limited_share(summary: &Summary) -> f64 {
    let limited = usize::try_from(summary.client.rate_limited).map_or(f64::MAX, number);
    let asked: usize = summary.targets.iter().map(|target| target.calls + target.void).sum();
    if limited > 0.0 { limited / (limited + number(asked)) } else { 0.0 }
}

/// What to do after the rates that were tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Try this rate, calls a second.
    Try(f64),
    /// The highest rate that holds, to within 10 %; nothing when none does.
    Done(Option<f64>),
}

/// The next rate: doubled until one fails, halved until one holds, then between the two (geometric middle).
///
/// A rate that holds above one that failed is luck: only those below the lowest failure count.
#[must_use]
pub fn next(first: f64, tried: &[(f64, Verdict)]) -> Step {
    let failed = tried.iter().filter(|(_, verdict)| *verdict != Verdict::Holds).map(|(rate, _)| *rate);
    let lowest_failure = failed.reduce(f64::min);
    let held = tried.iter().filter(|(_, verdict)| *verdict == Verdict::Holds).map(|(rate, _)| *rate);
    let highest = held.filter(|rate| lowest_failure.is_none_or(|failure| *rate < failure)).reduce(f64::max);
    match (highest, lowest_failure) {
        (None, None) => Step::Try(first.clamp(SLOWEST, FASTEST)),
        (Some(held), None) if held * 2.0 > FASTEST => Step::Done(Some(held)),
        (Some(held), None) => Step::Try(held * 2.0),
        (None, Some(failure)) if failure / 2.0 < SLOWEST => Step::Done(None),
        (None, Some(failure)) => Step::Try(failure / 2.0),
        (Some(held), Some(failure)) if failure / held <= NEAR => Step::Done(Some(held)),
        (Some(held), Some(failure)) => Step::Try((held * failure).sqrt()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::synthetic::{Shape, run};

    /// Searches a service that holds up to a rate.
    fn search(first: f64, limit: f64) -> (Option<f64>, usize) {
        let mut tried = Vec::new();
        loop {
            match next(first, &tried) {
                Step::Try(rate) => {
                    tried.push((rate, if rate <= limit { Verdict::Holds } else { Verdict::Errors(0.1) }));
                }
                Step::Done(found) => return (found, tried.len()),
            }
        }
    }

    fn check(first: f64, limit: f64) {
        let (found, runs) = search(first, limit);
        let found = found.unwrap();
        assert!(found <= limit && limit < found * NEAR, "{found} for {limit}");
        assert!(runs <= 16, "{runs}");
    }

    #[test]
    fn the_limit_is_found_from_below_and_above() {
        for (first, limit) in [(1.0, 37.0), (100.0, 3.3), (1.0, 1.0), (8.0, 8.5)] {
            check(first, limit);
        }
    }

    #[test]
    fn a_service_that_holds_nothing_has_no_limit() {
        assert_eq!(search(1.0, 0.0).0, None);
    }

    #[test]
    fn luck_above_a_failure_does_not_count() {
        let tried = [(8.0, Verdict::Holds), (4.0, Verdict::Slow(900.0)), (2.0, Verdict::Holds)];
        assert_eq!(next(1.0, &tried), Step::Try(8.0_f64.sqrt()));
    }

    #[test]
    fn a_load_is_judged_by_errors_and_the_objective() {
        let verdict = |shape: Shape, rounds, ms| {
            let slo = Slo { ttft: Some(Duration::from_millis(ms)), ..Slo::default() };
            judge(&Summary::of(&run(1, &[shape], rounds)), 0, &slo)
        };
        assert_eq!(verdict(Shape::new("a", 200.0), 100, 1000), Verdict::Holds);
        assert!(matches!(verdict(Shape::new("a", 200.0), 100, 100), Verdict::Slow(_)));
        assert!(matches!(verdict(Shape::new("a", 200.0).failing(0.2), 100, 1000), Verdict::Errors(_)));
        assert_eq!(verdict(Shape::new("a", 200.0), 40, 1000), Verdict::TooFew(32));
    }

    #[test]
    fn a_pause_for_a_rate_limit_does_not_hold() {
        let mut run = run(1, &[Shape::new("a", 200.0)], 80);
        run.client.rate_limited = 20;
        assert_eq!(judge(&Summary::of(&run), 0, &Slo::default()), Verdict::RateLimited(0.2));
    }

    #[test]
    fn the_table_has_a_row_for_each_load_and_target() {
        let of = |load| (load, Summary::of(&run(1, &[Shape::new("a", 200.0), Shape::new("b", 100.0)], 80)));
        let lines = table(&[of(1.0), of(2.0)], 100);
        assert_eq!(lines.len(), 3 + 4, "{lines:#?}");
        assert!(lines.iter().all(|line| line.chars().count() <= 100));
    }
}
