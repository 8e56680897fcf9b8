//! `adaptive`: the least expected cost of time, money and failure together.

use super::latency::{load_penalty, normal, two_choices};
use super::ranked::by_score;
use super::{Candidate, RankReason, Ranked};
use crate::routing::estimate::Prior;

/// What the parts are worth, in one unit: a second of waiting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaptiveArgs {
    /// A second until the answer is whole.
    pub latency: f64,
    /// A US dollar.
    pub cost: f64,
    /// A failed attempt, beyond the time it takes.
    pub failure: f64,
    /// How many standard deviations one draw strays, as in `latency-based-routing`.
    pub explore: f64,
}

impl AdaptiveArgs {
    /// What holds when nothing is said, for processes that make one call: a cent is worth a second,
    /// a failed attempt ten.
    pub const ONE_SHOT: Self = Self { latency: 1.0, cost: 100.0, failure: 10.0, explore: 1.0 };
    /// What holds when nothing is said, for processes that make many.
    pub const LONG_LIVED: Self = Self { explore: 0.5, ..Self::ONE_SHOT };
}

/// Lowest expected cost first.
pub(super) fn rank(candidates: &[Candidate<'_>], args: &AdaptiveArgs, rng: &mut fastrand::Rng) -> Vec<Ranked> {
    // A price that is unknown is no reason to prefer it: it is taken for the highest that is known.
    let dearest = candidates.iter().filter_map(|candidate| candidate.usd).fold(0.0, f64::max);
    let mut ranked = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let first = candidate.ttft.at(args.explore * normal(rng)) * (Prior::TTFT.noise / 2.0).exp();
        let first = first * load_penalty(candidate.in_flight);
        let seconds = first + candidate.output * candidate.seconds_per_token.expected(&Prior::SECONDS_PER_TOKEN);
        let usd = candidate.usd.unwrap_or(dearest);
        let failure = 1.0 - candidate.success;
        let score = args.latency * seconds + args.cost * usd / candidate.success + args.failure * failure;
        let why = RankReason::Adaptive { seconds, usd, failure };
        ranked.push(Ranked { position: candidate.position, score, why });
    }
    two_choices(by_score(ranked, rng), rng)
}
