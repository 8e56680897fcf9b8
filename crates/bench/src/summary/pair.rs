//! The comparison of two targets and its four possible outcomes.

use fastrand::Rng;
use serde::{Deserialize, Serialize};

use crate::record::Run;
use crate::stats::paired::{self, PairedComparison};
use crate::stats::{LEVEL, autocorrelation, holm, more_rounds};

use super::call_metrics::{self, LatencyOrigin};
use super::metric::Metric;
use super::target::{TargetSummary, latency_origin};

/// Differences below this factor do not matter: ±10 %.
pub(crate) const EQUIVALENCE_BAND: f64 = 1.1;

/// The metrics by which targets are compared.
pub(crate) const COMPARED: [Metric; 3] = [Metric::TtftMs, Metric::TpotMs, Metric::E2eMs];

/// The comparison of two targets by one metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Position of the first target in the plan.
    pub a: usize,
    /// Position of the second target in the plan.
    pub b: usize,
    /// The metric.
    pub metric: Metric,
    /// The paired comparison; `None` if both were good in fewer than six rounds.
    pub paired: Option<PairedComparison>,
    /// The p-value after Holm's correction over all pairs of this metric.
    pub p_adjusted: Option<f64>,
    /// The outcome for `a`.
    pub outcome: Outcome,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is faster.
    Faster,
    /// It is slower.
    Slower,
    /// The interval lies within ±10 %.
    Same,
    /// The data allow no conclusion.
    CannotTell(Uncertainty),
}

/// The reason why the data allow no conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uncertainty {
    /// About this many more rounds would decide.
    MoreRounds(u32),
    /// No affordable number of rounds would decide.
    TooClose,
    /// Both were good in fewer than six rounds.
    TooFewPairs,
    /// The interval and the test of this pair alone show a difference, but the correction for this many comparisons
    /// (Holm) removes it.
    Corrected(usize),
    /// The interval excludes zero, but the signed-rank test is not significant.
    NotInTest,
    /// The faster target fails more often.
    FailsMore,
}

impl Outcome {
    fn reversed(self) -> Self {
        match self {
            Self::Faster => Self::Slower,
            Self::Slower => Self::Faster,
            Self::Same => Self::Same,
            Self::CannotTell(doubt) => Self::CannotTell(doubt),
        }
    }
}

impl Pair {
    /// The comparison from the view of `b`.
    #[must_use]
    pub(crate) fn reversed(&self) -> Self {
        let paired = self.paired.map(|paired| paired.reversed());
        Self { a: self.b, b: self.a, paired, outcome: self.outcome.reversed(), ..*self }
    }

    /// Reports whether rounds resembled the previous ones, so that the interval was widened.
    #[must_use]
    pub(crate) fn is_correlated(&self) -> bool {
        self.paired.and_then(|paired| paired.autocorrelation).is_some_and(|r| r > autocorrelation::NOTABLE)
    }
}

/// Compares all pairs by all compared metrics.
#[must_use]
pub(crate) fn all(run: &Run, targets: &[TargetSummary]) -> Vec<Pair> {
    let mut rng = Rng::with_seed(run.plan.seed);
    COMPARED.into_iter().flat_map(|metric| by(run, targets, metric, &mut rng)).collect()
}

fn by(run: &Run, targets: &[TargetSummary], metric: Metric, rng: &mut Rng) -> Vec<Pair> {
    let from = latency_origin(&run.plan);
    let columns: Vec<Vec<Option<f64>>> = (0..targets.len()).map(|at| column(run, at, metric, from)).collect();
    let mut pairs = Vec::new();
    for a in 0..targets.len() {
        for b in a + 1..targets.len() {
            let both: Vec<(f64, f64)> = columns[a].iter().zip(&columns[b]).filter_map(|(a, b)| (*a).zip(*b)).collect();
            pairs.push((a, b, paired::compare(&both, rng)));
        }
    }
    let p_values: Vec<f64> = pairs.iter().filter_map(|(.., paired)| paired.map(|paired| paired.p)).collect();
    let of = p_values.len();
    let mut adjusted = holm::adjust(&p_values).into_iter();
    let judged = |(a, b, paired): (usize, usize, Option<PairedComparison>)| {
        let p_adjusted = paired.and_then(|_| adjusted.next());
        let judged = |(paired, p): (PairedComparison, f64)| judge(&paired, p, of, &targets[a], &targets[b]);
        let outcome = paired.zip(p_adjusted).map_or(Outcome::CannotTell(Uncertainty::TooFewPairs), judged);
        Pair { a, b, metric, paired, p_adjusted, outcome }
    };
    pairs.into_iter().map(judged).collect()
}

/// The values of a target by round; `None` for failed or missing calls.
fn column(run: &Run, target: usize, metric: Metric, from: LatencyOrigin) -> Vec<Option<f64>> {
    let rounds = run.samples.iter().map(|sample| sample.round as usize + 1).max().unwrap_or(0);
    let mut column = vec![None; rounds];
    for sample in run.samples.iter().filter(|sample| sample.target == target && sample.is_good()) {
        column[sample.round as usize] = call_metrics::value(sample, metric, from);
    }
    column
}

/// Requires both an interval without zero and a p-value that survives the correction for `of` comparisons.
fn judge(paired: &PairedComparison, p: f64, of: usize, a: &TargetSummary, b: &TargetSummary) -> Outcome {
    let ratio = &paired.log_ratio;
    if ratio.within(EQUIVALENCE_BAND.ln()) {
        return Outcome::Same;
    }
    if !ratio.excludes_zero() {
        let more = more_rounds(ratio, paired.n, EQUIVALENCE_BAND.ln());
        return Outcome::CannotTell(more.map_or(Uncertainty::TooClose, Uncertainty::MoreRounds));
    }
    if p > 1.0 - LEVEL {
        let alone = paired.p <= 1.0 - LEVEL;
        return Outcome::CannotTell(if alone { Uncertainty::Corrected(of) } else { Uncertainty::NotInTest });
    }
    let (faster, slower, outcome) = if ratio.at < 0.0 { (a, b, Outcome::Faster) } else { (b, a, Outcome::Slower) };
    if faster.fails_more_than(slower) { Outcome::CannotTell(Uncertainty::FailsMore) } else { outcome }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Interval;
    use crate::summary::Summary;
    use crate::synthetic::{SimulatedTarget, run};

    /// The outcome for an interval of `ln(a / b)`, a p-value, and its adjustment over three pairs.
    fn outcome((low, high): (f64, f64), (alone, adjusted): (f64, f64)) -> Outcome {
        let log_ratio = Interval { at: f64::midpoint(low, high), low, high };
        let paired = PairedComparison {
            n: 40,
            log_ratio,
            difference: log_ratio,
            p: alone,
            autocorrelation: None,
            effective: 40.0,
        };
        let summary = Summary::of(&run(1, &[SimulatedTarget::new("a", 100.0), SimulatedTarget::new("b", 100.0)], 40));
        judge(&paired, adjusted, 3, &summary.targets[0], &summary.targets[1])
    }

    fn check(interval: (f64, f64), p: (f64, f64), want: Outcome) {
        assert_eq!(outcome(interval, p), want);
    }

    #[test]
    fn a_verdict_needs_the_interval_and_the_corrected_test() {
        check((-0.5, -0.1), (0.01, 0.03), Outcome::Faster);
        check((0.1, 0.5), (0.01, 0.03), Outcome::Slower);
    }

    #[test]
    fn a_verdict_lost_to_the_correction_is_reported() {
        check((-0.5, -0.1), (0.03, 0.09), Outcome::CannotTell(Uncertainty::Corrected(3)));
    }

    #[test]
    fn an_interval_without_the_test_gives_no_verdict() {
        check((-0.5, -0.01), (0.06, 0.06), Outcome::CannotTell(Uncertainty::NotInTest));
    }

    #[test]
    fn an_interval_around_zero_suggests_more_rounds() {
        let Outcome::CannotTell(Uncertainty::MoreRounds(more)) = outcome((-0.5, 0.05), (0.03, 0.09)) else {
            panic!("another doubt")
        };
        assert!(more > 0);
    }
}
