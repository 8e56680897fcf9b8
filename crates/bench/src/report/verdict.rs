//! The verdict on each pair, in words.

use crate::stats::Interval;
use crate::stats::paired::PairedComparison;
use crate::summary::{Metric, Outcome, Pair, Summary, Uncertainty};

use super::{layout, units};

/// Up to this many targets, all pairs are described; above, only those with the first.
const ALL_PAIRS: usize = 3;

/// The verdicts by one metric.
pub(crate) struct MetricVerdicts {
    /// The metric.
    pub metric: Metric,
    /// One sentence per pair.
    pub lines: Vec<String>,
}

/// The verdicts on time to first token, time per token and time to the last token.
#[must_use]
pub(crate) fn all(summary: &Summary) -> Vec<MetricVerdicts> {
    let of = |metric| MetricVerdicts { metric, lines: by(summary, metric) };
    crate::summary::COMPARED.into_iter().map(of).filter(|verdicts| !verdicts.lines.is_empty()).collect()
}

fn by(summary: &Summary, metric: Metric) -> Vec<String> {
    let ranking = summary.ranking();
    let firsts = if ranking.len() <= ALL_PAIRS { ranking.len() } else { 1 };
    let mut lines = Vec::new();
    for (place, a) in ranking.iter().enumerate().take(firsts) {
        for b in &ranking[place + 1..] {
            lines.extend(summary.pair(*a, *b, metric).map(|pair| sentence(summary, &pair)));
        }
    }
    lines
}

/// Describes a pair, the faster target first; `×` is the second's time divided by the first's.
#[must_use]
pub(crate) fn sentence(summary: &Summary, pair: &Pair) -> String {
    let name = |at: usize| layout::name(&summary.targets[at].name);
    let (a, b) = (name(pair.a), name(pair.b));
    let Some(paired) = pair.paired else {
        return format!("{a} and {b}: both answered in fewer than 6 rounds");
    };
    match pair.outcome {
        Outcome::Slower => sentence(summary, &pair.reversed()),
        Outcome::Faster => {
            let faster = span(&paired.difference.negated(), pair.metric);
            format!("{a} is {faster} faster {} than {b} ({})", what(pair.metric), ratio(&paired))
        }
        Outcome::Same => format!("{a} and {b}: equal within ±10 % ({})", ratio(&paired)),
        Outcome::CannotTell(doubt) => {
            format!("{a} and {b}: {} ({})", why(summary, pair, doubt), ratio(&paired))
        }
    }
}

fn why(summary: &Summary, pair: &Pair, doubt: Uncertainty) -> String {
    match doubt {
        Uncertainty::MoreRounds(more) => format!("no difference detected; about {more} more rounds would decide"),
        Uncertainty::TooClose => "no difference detected, and no practical number of rounds would decide".to_owned(),
        Uncertainty::TooFewPairs => "both answered in fewer than 6 rounds".to_owned(),
        Uncertainty::Corrected(of) => format!("they differ, but not after correction for {of} comparisons"),
        Uncertainty::NotInTest => "the interval shows a difference, the signed-rank test does not".to_owned(),
        Uncertainty::FailsMore => {
            let faster = if pair.paired.is_some_and(|paired| paired.log_ratio.at < 0.0) { pair.a } else { pair.b };
            format!("{} is faster but fails more often", layout::name(&summary.targets[faster].name))
        }
    }
}

/// The second's time divided by the first's.
fn ratio(paired: &PairedComparison) -> String {
    let (ratio, n) = (paired.reversed().ratio(), paired.n);
    format!("{}, {}; n {n}", units::factor(ratio.at), units::range(ratio.low, ratio.high, units::digits))
}

/// `142 ms (95–190)`, in the unit of the table.
fn span(ms: &Interval, metric: Metric) -> String {
    let unit: fn(f64) -> String = match metric {
        Metric::E2eMs => units::seconds,
        Metric::TpotMs => units::plain,
        _ => units::whole,
    };
    let name = if metric == Metric::E2eMs { "s" } else { "ms" };
    format!("{} {name} ({})", unit(ms.at), units::range(ms.low, ms.high, unit))
}

fn what(metric: Metric) -> &'static str {
    match metric {
        Metric::TtftMs => "to first token",
        Metric::TpotMs => "per token",
        _ => "to last token",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{SimulatedTarget, run};

    /// Asserts the start of the sentence for an outcome; `b` takes 1.5 times as long as `a`.
    fn check(outcome: Outcome, want: &str) {
        let summary = Summary::of(&run(3, &[SimulatedTarget::new("a", 200.0), SimulatedTarget::new("b", 300.0)], 40));
        let pair = Pair { outcome, ..summary.pair(0, 1, Metric::TtftMs).expect("two targets are a pair") };
        let sentence = sentence(&summary, &pair);
        assert!(sentence.starts_with(want) && sentence.contains("(×1."), "{sentence}");
    }

    #[test]
    fn the_ratio_has_the_same_direction_in_every_verdict() {
        check(Outcome::Faster, "a is ");
        check(Outcome::Same, "a and b: equal within ±10 %");
        check(
            Outcome::CannotTell(Uncertainty::MoreRounds(40)),
            "a and b: no difference detected; about 40 more rounds would decide",
        );
        check(Outcome::CannotTell(Uncertainty::FailsMore), "a and b: a is faster but fails more often");
    }

    #[test]
    fn a_corrected_interval_is_not_reported_as_no_difference() {
        let want = "a and b: they differ, but not after correction for 3 comparisons";
        check(Outcome::CannotTell(Uncertainty::Corrected(3)), want);
        let want = "a and b: the interval shows a difference, the signed-rank test does not";
        check(Outcome::CannotTell(Uncertainty::NotInTest), want);
    }
}
