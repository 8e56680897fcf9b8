//! The same run under several loads: the table of results, and the search for the highest rate that a target holds.

use std::fmt;

use super::plan::Slo;
use super::report::layout::{self, Column};
use super::report::units;
use super::stats::number;
use super::stats::quantile::{self, RankedQuantile};
use super::summary::{Metric, MetricStats, Summary, millis};

/// The highest share of failures at which a target still holds a load.
const ERRORS: f64 = 0.01;
/// The search ends when the next failing rate is at most this factor higher.
const NEAR: f64 = 1.1;
/// The range of the search, calls per second.
const SLOWEST: f64 = 0.05;
const FASTEST: f64 = 10_000.0;

const COLUMNS: [Column; 11] = [
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
    Column { group: "", title: "verdict", drop: 0, right: false },
];

/// Renders one row per load and target, in the given order. The load is what varies: calls in flight or calls per
/// second. The verdict follows the objective given with each summary.
#[must_use]
pub fn table(runs: &[(f64, Summary, Slo)], width: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> = runs
        .iter()
        .flat_map(|(load, summary, slo)| {
            (0..summary.targets.len()).map(move |at| row(*load, summary, at, judge(summary, at, slo)))
        })
        .collect();
    layout::table(&COLUMNS, &rows, width)
}

fn row(load: f64, summary: &Summary, at: usize, verdict: LoadVerdict) -> Vec<String> {
    let target = &summary.targets[at];
    let none = || units::NONE.to_owned();
    let figures = |metric, of: fn(&MetricStats) -> String| target.figures(metric).map_or_else(none, of);
    vec![
        units::plain(load).trim_end_matches(".00").to_owned(),
        layout::name(&target.name),
        target.calls.to_string(),
        figures(Metric::TtftMs, |figures| units::whole(figures.median())),
        figures(Metric::TtftMs, |figures| units::quantile(figures.p95, units::whole)),
        figures(Metric::E2eMs, |figures| units::seconds(figures.median())),
        figures(Metric::TokensPerS, |figures| units::whole(figures.median())),
        target.output_tokens_per_s.map_or_else(none, units::whole),
        target.error_rate.as_ref().map_or_else(none, units::share),
        if summary.client.is_valid() { "valid" } else { "INVALID" }.to_owned(),
        verdict.to_string(),
    ]
}

/// The verdict on a target under one load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoadVerdict {
    /// At most 1 % of the calls failed, and the p95 of TTFT meets the objective.
    Holds,
    /// More calls failed; their share.
    Errors(f64),
    /// More starts were skipped because the service limits its rate; their share among all starts of the run.
    RateLimited(f64),
    /// The p95 of TTFT, failures included, exceeds the objective; ms, infinite if it falls on a failure.
    Slow(f64),
    /// This many more calls are needed for a verdict.
    TooFew(usize),
    /// The client could not generate this load.
    ClientTooSlow,
}

/// Judges one target under one load.
#[must_use]
pub fn judge(summary: &Summary, target: usize, slo: &Slo) -> LoadVerdict {
    let found = &summary.targets[target];
    if !summary.client.is_valid() {
        return LoadVerdict::ClientTooSlow;
    }
    let limited = limited_share(summary);
    if limited > ERRORS {
        return LoadVerdict::RateLimited(limited);
    }
    let Some(errors) = found.error_rate else { return LoadVerdict::TooFew(quantile::min_sample_size(0.95)) };
    if errors.at > ERRORS {
        return LoadVerdict::Errors(errors.at);
    }
    let Some(limit) = slo.ttft.map(millis) else {
        // Fewer calls cannot show a share of 1 % either.
        let missing = quantile::min_sample_size(0.95).saturating_sub(found.calls);
        return if missing > 0 { LoadVerdict::TooFew(missing) } else { LoadVerdict::Holds };
    };
    match found.ttft_p95_with_failures {
        RankedQuantile::Value(p95) if p95 <= limit => LoadVerdict::Holds,
        RankedQuantile::Value(p95) => LoadVerdict::Slow(p95),
        RankedQuantile::Infinite => LoadVerdict::Slow(f64::INFINITY),
        RankedQuantile::Missing(more) => LoadVerdict::TooFew(more),
    }
}

/// The share of starts that were skipped because of rate limits.
fn limited_share(summary: &Summary) -> f64 {
    let limited = usize::try_from(summary.client.rate_limited).map_or(f64::MAX, number);
    let asked: usize = summary.targets.iter().map(|target| target.calls + target.void).sum();
    if limited > 0.0 { limited / (limited + number(asked)) } else { 0.0 }
}

/// The next step of the search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SearchStep {
    /// Try this rate, calls per second.
    Try(f64),
    /// The search has ended.
    Done(MaxRate),
}

/// The result of the search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxRate {
    /// The highest rate that holds, within 10 %, calls per second.
    Known(f64),
    /// None of the tried rates holds.
    Nothing,
    /// The last rate could not be judged, and no other rate would help.
    Unsure {
        /// That rate, calls per second.
        rate: f64,
        /// The reason.
        unknown: Inconclusive,
        /// The highest rate that is known to hold.
        held: Option<f64>,
    },
}

/// The reason why a rate could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inconclusive {
    /// This many more calls are needed.
    TooFew(usize),
    /// The client could not generate this load.
    ClientTooSlow,
}

impl LoadVerdict {
    /// Reports whether the rate holds, if that is known.
    fn holds(self) -> Result<bool, Inconclusive> {
        match self {
            Self::Holds => Ok(true),
            Self::Errors(_) | Self::RateLimited(_) | Self::Slow(_) => Ok(false),
            Self::TooFew(more) => Err(Inconclusive::TooFew(more)),
            Self::ClientTooSlow => Err(Inconclusive::ClientTooSlow),
        }
    }
}

impl fmt::Display for LoadVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => f.write_str("holds"),
            Self::Errors(share) => write!(f, "{} failed", units::percent(*share)),
            Self::RateLimited(share) => write!(f, "{} rate limited", units::percent(*share)),
            Self::Slow(p95) if p95.is_infinite() => f.write_str("p95 is a failure"),
            Self::Slow(p95) => write!(f, "p95 {} ms", units::whole(*p95)),
            Self::TooFew(more) => write!(f, "needs {more} more calls"),
            Self::ClientTooSlow => f.write_str("client too slow"),
        }
    }
}

impl MaxRate {
    /// Describes the result for `name`.
    #[must_use]
    pub fn sentence(&self, name: &str) -> String {
        match *self {
            Self::Known(rate) => {
                format!("{name} holds {rate:.2} calls/s (the lowest failing rate is at most 10 % higher)")
            }
            Self::Nothing => format!("{name} holds none of the tried rates"),
            Self::Unsure { rate, unknown, held } => {
                let known = match held {
                    Some(held) => format!("{name} holds at least {held:.2} calls/s"),
                    None => format!("{name}: no limit found"),
                };
                let why = match unknown {
                    Inconclusive::TooFew(more) => format!("too few calls ended, {more} more are needed"),
                    Inconclusive::ClientTooSlow => "the client was the bottleneck, not the deployment".to_owned(),
                };
                format!("{known}; no verdict at {rate:.2} calls/s: {why}")
            }
        }
    }
}

/// Picks the next rate: doubles until one fails, halves until one holds, then takes the geometric mean of the two.
///
/// A rate that holds above one that failed is chance, so only rates below the lowest failure count. A rate that
/// could not be judged ends the search, because it says nothing about the service.
#[must_use]
pub fn next(first: f64, tried: &[(f64, LoadVerdict)]) -> SearchStep {
    let of = |held: bool| tried.iter().filter(move |(_, verdict)| verdict.holds() == Ok(held)).map(|(rate, _)| *rate);
    let lowest_failure = of(false).reduce(f64::min);
    let highest = of(true).filter(|rate| lowest_failure.is_none_or(|failure| *rate < failure)).reduce(f64::max);
    let unsure = tried.iter().find_map(|(rate, verdict)| Some((*rate, verdict.holds().err()?)));
    if let Some((rate, unknown)) = unsure {
        return SearchStep::Done(MaxRate::Unsure { rate, unknown, held: highest });
    }
    match (highest, lowest_failure) {
        (None, None) => SearchStep::Try(first.clamp(SLOWEST, FASTEST)),
        (Some(held), None) if held * 2.0 > FASTEST => SearchStep::Done(MaxRate::Known(held)),
        (Some(held), None) => SearchStep::Try(held * 2.0),
        (None, Some(failure)) if failure / 2.0 < SLOWEST => SearchStep::Done(MaxRate::Nothing),
        (None, Some(failure)) => SearchStep::Try(failure / 2.0),
        (Some(held), Some(failure)) if failure / held <= NEAR => SearchStep::Done(MaxRate::Known(held)),
        (Some(held), Some(failure)) => SearchStep::Try((held * failure).sqrt()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::synthetic::{SimulatedTarget, run};

    #[test]
    fn a_few_calls_are_not_enough_for_a_verdict() {
        let verdict = judge(&Summary::of(&run(1, &[SimulatedTarget::new("a", 200.0)], 4)), 0, &Slo::default());
        assert_eq!(verdict, LoadVerdict::TooFew(68));
    }

    /// Runs the search against a service that holds up to `limit`.
    fn search(first: f64, limit: f64) -> (MaxRate, usize) {
        let mut tried = Vec::new();
        loop {
            match next(first, &tried) {
                SearchStep::Try(rate) => {
                    tried.push((rate, if rate <= limit { LoadVerdict::Holds } else { LoadVerdict::Errors(0.1) }));
                }
                SearchStep::Done(found) => return (found, tried.len()),
            }
        }
    }

    fn check(first: f64, limit: f64) {
        let (found, runs) = search(first, limit);
        let MaxRate::Known(found) = found else { panic!("{found:?}") };
        assert!(found <= limit && limit < found * NEAR, "{found} for {limit}");
        assert!(runs <= 16, "{runs}");
    }

    #[test]
    fn the_limit_is_found_from_below_and_from_above() {
        for (first, limit) in [(1.0, 37.0), (100.0, 3.3), (1.0, 1.0), (8.0, 8.5)] {
            check(first, limit);
        }
    }

    #[test]
    fn a_service_that_holds_no_rate_has_no_limit() {
        assert_eq!(search(1.0, 0.0).0, MaxRate::Nothing);
    }

    #[test]
    fn a_success_above_a_failure_does_not_count() {
        let tried = [(8.0, LoadVerdict::Holds), (4.0, LoadVerdict::Slow(900.0)), (2.0, LoadVerdict::Holds)];
        assert_eq!(next(1.0, &tried), SearchStep::Try(8.0_f64.sqrt()));
    }

    fn check_unsure(tried: &[(f64, LoadVerdict)], want: &str) {
        let SearchStep::Done(limit) = next(1.0, tried) else { panic!("it goes on after {tried:?}") };
        assert_eq!(limit.sentence("a"), want);
    }

    #[test]
    fn a_client_that_is_too_slow_says_nothing_about_the_service() {
        let tried = [(1.0, LoadVerdict::Holds), (2.0, LoadVerdict::Holds), (4.0, LoadVerdict::ClientTooSlow)];
        let want = "a holds at least 2.00 calls/s; no verdict at 4.00 calls/s: the client was the bottleneck, not the \
                    deployment";
        check_unsure(&tried, want);
    }

    #[test]
    fn too_few_calls_end_the_search() {
        let want = "a: no limit found; no verdict at 1.00 calls/s: too few calls ended, 62 more are needed";
        check_unsure(&[(1.0, LoadVerdict::TooFew(62))], want);
    }

    #[test]
    fn a_load_is_judged_by_errors_and_the_objective() {
        let verdict = |shape: SimulatedTarget, rounds, ms| {
            let slo = Slo { ttft: Some(Duration::from_millis(ms)), ..Slo::default() };
            judge(&Summary::of(&run(1, &[shape], rounds)), 0, &slo)
        };
        assert_eq!(verdict(SimulatedTarget::new("a", 200.0), 100, 1000), LoadVerdict::Holds);
        assert!(matches!(verdict(SimulatedTarget::new("a", 200.0), 100, 100), LoadVerdict::Slow(_)));
        assert!(matches!(verdict(SimulatedTarget::new("a", 200.0).failing(0.2), 100, 1000), LoadVerdict::Errors(_)));
        assert_eq!(verdict(SimulatedTarget::new("a", 200.0), 40, 1000), LoadVerdict::TooFew(32));
    }

    #[test]
    fn a_pause_for_a_rate_limit_counts_as_a_failure() {
        let mut run = run(1, &[SimulatedTarget::new("a", 200.0)], 80);
        run.client.rate_limited = 20;
        assert_eq!(judge(&Summary::of(&run), 0, &Slo::default()), LoadVerdict::RateLimited(0.2));
    }

    #[test]
    fn the_table_has_a_row_for_each_load_and_target() {
        let shapes = [SimulatedTarget::new("a", 200.0), SimulatedTarget::new("b", 100.0).failing(0.3)];
        let of = |load| (load, Summary::of(&run(1, &shapes, 80)), Slo::default());
        let lines = table(&[of(1.0), of(2.0)], 100);
        assert_eq!(lines.len(), 3 + 4, "{lines:#?}");
        assert!(lines.iter().all(|line| line.chars().count() <= 100));
        assert!(lines[3].ends_with("holds") && lines[4].ends_with("% failed"), "{lines:#?}");
    }
}
