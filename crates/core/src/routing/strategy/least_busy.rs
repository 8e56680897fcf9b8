//! `least-busy`: the fewest calls under way first, calls of other processes included.

use std::sync::Arc;

use super::ranked::sort_by_score;
use super::{Candidate, RankReason, Ranked, RankingContext, Strategy, StrategyEntry};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "least-busy",
    aliases: &[],
    summary: "the fewest calls under way first",
    arguments: &[],
    parse_args: |_| Arc::new(LeastBusy),
};

/// The fewest calls under way first; ties in random order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeastBusy;

impl Strategy for LeastBusy {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn rank(&self, candidates: &[Candidate<'_>], _: &RankingContext<'_>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
        let score = |candidate: &Candidate<'_>| {
            let calls = candidate.in_flight;
            Ranked { position: candidate.position, score: f64::from(calls), reason: RankReason::Busy(calls) }
        };
        sort_by_score(candidates.iter().map(score).collect(), rng)
    }
}
