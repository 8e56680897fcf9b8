//! The same run under several loads: its table, and which load to try next. Not the runs.

use std::fmt;

use super::plan::Slo;
use super::report::layout::{self, Column};
use super::report::units;
use super::stats::number;
use super::stats::quantile::{self, RankedQuantile};
use super::summary::{Metric, MetricStats, Summary, millis};

/// The largest share of failures under a load that holds.
const ERRORS: f64 = 0.01;
/// A limit is known when the next rate that fails is no more than this much higher.
const NEAR: f64 = 1.1;
/// Rates below and above which nothing is sought, calls a second.
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

/// A row for each load and target, in the order given; the load is what was varied, in flight or calls a second,
/// and the verdict is by the objective beside the summary.
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

/// Whether a target holds a load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoadVerdict {
    /// Errors are at most 1 %, and the p95 of TTFT is within the objective.
    Holds,
    /// More calls failed; their share.
    Errors(f64),
    /// More starts were not made, because the service limits its rate; their share. Of all targets of the run:
    /// a search has one.
    RateLimited(f64),
    /// The p95 of TTFT, failures included, is longer than the objective; ms, infinite when it is a failure.
    Slow(f64),
    /// So many more calls are needed to judge.
    TooFew(usize),
    /// We could not make this load.
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
        // Of fewer calls, a share of 1 % cannot be said either.
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

/// The share of starts that were not made because of rate limits.
fn limited_share(summary: &Summary) -> f64 {
    let limited = usize::try_from(summary.client.rate_limited).map_or(f64::MAX, number);
    let asked: usize = summary.targets.iter().map(|target| target.calls + target.void).sum();
    if limited > 0.0 { limited / (limited + number(asked)) } else { 0.0 }
}

/// What to do after the rates that were tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SearchStep {
    /// Try this rate, calls a second.
    Try(f64),
    /// The search is over.
    Done(MaxRate),
}

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxRate {
    /// The highest rate that holds, to within 10 %, calls a second.
    Known(f64),
    /// No rate that was tried holds.
    Nothing,
    /// The last rate could not be judged, and no other would tell more.
    Unsure {
        /// That rate, calls a second.
        rate: f64,
        /// Why not.
        unknown: Inconclusive,
        /// The highest rate that holds for certain.
        held: Option<f64>,
    },
}

/// Why it cannot be said whether a rate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inconclusive {
    /// So many more calls are needed to judge.
    TooFew(usize),
    /// We could not make this load.
    ClientTooSlow,
}

impl LoadVerdict {
    /// Whether the rate holds, where that can be said.
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
            Self::Slow(p95) if p95.is_infinite() => f.write_str("p95 never comes"),
            Self::Slow(p95) => write!(f, "p95 {} ms", units::whole(*p95)),
            Self::TooFew(more) => write!(f, "{more} calls missing"),
            Self::ClientTooSlow => f.write_str("client too slow"),
        }
    }
}

impl MaxRate {
    /// What the search says of `name`.
    #[must_use]
    pub fn sentence(&self, name: &str) -> String {
        match *self {
            Self::Known(rate) => {
                format!("{name} holds {rate:.2} calls a second (the next rate that was tried is at most 10 % higher)")
            }
            Self::Nothing => format!("{name} holds no rate that was tried"),
            Self::Unsure { rate, unknown, held } => {
                let known = match held {
                    Some(held) => format!("{name} holds {held:.2} calls a second at least"),
                    None => format!("{name}: no limit found"),
                };
                let why = match unknown {
                    Inconclusive::TooFew(more) => format!("too few calls ended to judge, {more} more are needed"),
                    Inconclusive::ClientTooSlow => "the client was the bottleneck, not the deployment".to_owned(),
                };
                format!("{known}; cannot say of {rate:.2}: {why}")
            }
        }
    }
}

/// The next rate: doubled until one fails, halved until one holds, then between the two (geometric middle).
///
/// A rate that holds above one that failed is luck: only those below the lowest failure count. One that could
/// not be judged ends the search: it says nothing of the service, in either direction.
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
    fn a_few_calls_hold_nothing_even_without_an_objective() {
        let verdict = judge(&Summary::of(&run(1, &[SimulatedTarget::new("a", 200.0)], 4)), 0, &Slo::default());
        assert_eq!(verdict, LoadVerdict::TooFew(68));
    }

    /// Searches a service that holds up to a rate.
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
    fn the_limit_is_found_from_below_and_above() {
        for (first, limit) in [(1.0, 37.0), (100.0, 3.3), (1.0, 1.0), (8.0, 8.5)] {
            check(first, limit);
        }
    }

    #[test]
    fn a_service_that_holds_nothing_has_no_limit() {
        assert_eq!(search(1.0, 0.0).0, MaxRate::Nothing);
    }

    #[test]
    fn luck_above_a_failure_does_not_count() {
        let tried = [(8.0, LoadVerdict::Holds), (4.0, LoadVerdict::Slow(900.0)), (2.0, LoadVerdict::Holds)];
        assert_eq!(next(1.0, &tried), SearchStep::Try(8.0_f64.sqrt()));
    }

    fn check_unsure(tried: &[(f64, LoadVerdict)], want: &str) {
        let SearchStep::Done(limit) = next(1.0, tried) else { panic!("it goes on after {tried:?}") };
        assert_eq!(limit.sentence("a"), want);
    }

    #[test]
    fn a_load_that_we_could_not_make_is_no_limit_of_the_service() {
        let tried = [(1.0, LoadVerdict::Holds), (2.0, LoadVerdict::Holds), (4.0, LoadVerdict::ClientTooSlow)];
        let want = "a holds 2.00 calls a second at least; cannot say of 4.00: the client was the bottleneck, not the \
                    deployment";
        check_unsure(&tried, want);
    }

    #[test]
    fn too_few_calls_end_the_search_and_do_not_halve_the_rate() {
        let want = "a: no limit found; cannot say of 1.00: too few calls ended to judge, 62 more are needed";
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
    fn a_pause_for_a_rate_limit_does_not_hold() {
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
