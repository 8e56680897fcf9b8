//! `cost-based-routing`: the least expected cost of this request first.
//!
//! The cost is that of the prompt and of the usual length of this deployment's answers, divided by
//! the probability of an answer: failed attempts are paid for by those that succeed.

use std::sync::Arc;

use super::ranked::sort_by_score;
use super::{Candidate, RankReason, Ranked, RankingContext, Strategy, StrategyEntry};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "cost-based-routing",
    aliases: &[],
    summary: "the least expected cost of the request first",
    arguments: &[],
    parse_args: |_| Arc::new(CostBased),
};

/// The cheapest answer first; unknown prices last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostBased;

impl Strategy for CostBased {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn rank(&self, candidates: &[Candidate<'_>], _: &RankingContext<'_>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
        let score = |candidate: &Candidate<'_>| {
            let Candidate { usd, output, success, .. } = *candidate;
            let score = usd.map_or(f64::INFINITY, |usd| usd / success);
            Ranked { position: candidate.position, score, reason: RankReason::Cost { usd, output, success } }
        };
        sort_by_score(candidates.iter().map(score).collect(), rng)
    }

    fn counts_calls(&self) -> bool {
        false
    }

    fn uses_price(&self) -> bool {
        true
    }
}
