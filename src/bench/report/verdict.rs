//! What may be said of each pair, in words.

use crate::bench::stats::Interval;
use crate::bench::summary::{Doubt, Metric, Outcome, Pair, Summary};

use super::{page, units};

/// Up to so many targets, each is compared with each in words; above, with the first only.
const ALL_PAIRS: usize = 3;

/// The verdicts of one metric, the clearest first where they are many.
pub struct Verdicts {
    /// By what.
    pub metric: Metric,
    /// A sentence a pair.
    pub lines: Vec<String>,
}

/// The verdicts on time to first token, on time per token and on time to the last token.
#[must_use]
pub fn all(summary: &Summary) -> Vec<Verdicts> {
    let of = |metric| Verdicts { metric, lines: by(summary, metric) };
    crate::bench::summary::COMPARED.into_iter().map(of).filter(|verdicts| !verdicts.lines.is_empty()).collect()
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

/// One pair in a sentence, the faster one first.
#[must_use]
pub fn sentence(summary: &Summary, pair: &Pair) -> String {
    let name = |at: usize| page::name(&summary.targets[at].name);
    let (a, b) = (name(pair.a), name(pair.b));
    let Some(paired) = pair.paired else {
        return format!("{a} and {b}: both answered in fewer than 6 rounds");
    };
    match pair.outcome {
        Outcome::Slower => sentence(summary, &pair.reversed()),
        Outcome::Faster => {
            let faster = span(&paired.difference.negated(), pair.metric);
            let ratio = paired.reversed().ratio();
            let ratio = format!("{}, {}", units::factor(ratio.at), units::range(ratio.low, ratio.high, units::digits));
            format!("{a} is {faster} faster {} than {b} ({ratio}; n {})", what(pair.metric), paired.n)
        }
        Outcome::Same => format!("{a} and {b}: the same within ±10 % ({})", ratio(&paired.ratio(), paired.n)),
        Outcome::CannotTell(doubt) => {
            format!("{a} and {b}: {} ({})", why(summary, pair, doubt), ratio(&paired.ratio(), paired.n))
        }
    }
}

fn why(summary: &Summary, pair: &Pair, doubt: Doubt) -> String {
    match doubt {
        Doubt::MoreRounds(more) => format!("no difference shown, about {more} more rounds would tell"),
        Doubt::TooClose => "no difference shown, and no sensible number of rounds would tell".to_owned(),
        Doubt::TooFewPairs => "both answered in fewer than 6 rounds".to_owned(),
        Doubt::FailsMore => {
            let faster = if pair.paired.is_some_and(|paired| paired.log_ratio.at < 0.0) { pair.a } else { pair.b };
            format!("{} takes less time but fails more often", page::name(&summary.targets[faster].name))
        }
    }
}

fn ratio(ratio: &Interval, n: usize) -> String {
    format!("{}, {}; n {n}", units::factor(ratio.at), units::range(ratio.low, ratio.high, units::digits))
}

/// `142 ms (95–190)`, in the unit that the table has.
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
