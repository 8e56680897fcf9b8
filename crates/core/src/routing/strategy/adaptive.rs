//! `adaptive`: the least expected cost of time, money and failure together first.

use std::sync::Arc;

use super::latency::{load_penalty, normal, two_choices};
use super::ranked::sort_by_score;
use super::{Argument, Candidate, RankReason, Ranked, RankingContext, Strategy, StrategyEntry};
use crate::routing::estimate::Prior;

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "adaptive",
    aliases: &[],
    summary: "the least expected cost of time, money and failure first",
    arguments: &[Argument::number("w_latency"), Argument::number("w_cost"), Argument::number("w_failure")],
    parse_args: |config| {
        let default = if config.long_lived { Adaptive::LONG_LIVED } else { Adaptive::ONE_SHOT };
        Arc::new(Adaptive {
            latency: config.number("w_latency", default.latency),
            cost: config.number("w_cost", default.cost),
            failure: config.number("w_failure", default.failure),
            ..default
        })
    },
};

/// The least expected cost first, in one unit: a second of waiting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adaptive {
    /// The weight of a second until the answer is complete.
    pub latency: f64,
    /// The weight of a US dollar.
    pub cost: f64,
    /// The weight of a failed attempt, beyond the time it takes.
    pub failure: f64,
    /// The standard deviations of one draw, as in `latency-based-routing`.
    pub explore: f64,
}

impl Adaptive {
    /// The defaults for a process that makes one call: a cent is worth a second, a failed attempt ten.
    pub const ONE_SHOT: Self = Self { latency: 1.0, cost: 100.0, failure: 10.0, explore: 1.0 };
    /// The defaults for a process that makes many calls.
    pub const LONG_LIVED: Self = Self { explore: 0.5, ..Self::ONE_SHOT };
}

impl Strategy for Adaptive {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn rank(&self, candidates: &[Candidate<'_>], _: &RankingContext<'_>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
        // An unknown price is not an advantage: it counts as the highest known price.
        let highest = candidates.iter().filter_map(|candidate| candidate.usd).fold(0.0, f64::max);
        let mut ranked = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let first = candidate.ttft.at(self.explore * normal(rng)) * (Prior::TTFT.noise / 2.0).exp();
            let first = first * load_penalty(candidate.in_flight);
            let seconds = first + candidate.output * candidate.seconds_per_token.expected(&Prior::SECONDS_PER_TOKEN);
            let usd = candidate.usd.unwrap_or(highest);
            let failure = 1.0 - candidate.success;
            let score = self.latency * seconds + self.cost * usd / candidate.success + self.failure * failure;
            let reason = RankReason::Adaptive { seconds, usd, failure };
            ranked.push(Ranked { position: candidate.position, score, reason });
        }
        two_choices(sort_by_score(ranked, rng), rng)
    }

    fn uses_price(&self) -> bool {
        true
    }
}
