//! `round-robin`: in turn, by a count of requests that all processes share.

use std::sync::Arc;

use super::{Candidate, RankReason, Ranked, RankingContext, Strategy, StrategyEntry};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "round-robin",
    aliases: &[],
    summary: "in turn, counted over all processes",
    arguments: &[],
    parse_args: |_| Arc::new(RoundRobin),
};

/// The members in turn.
///
/// The turn goes round the eligible members, so that the share of one that is not eligible is split
/// evenly rather than given to its neighbour. There are no ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundRobin;

impl Strategy for RoundRobin {
    fn name(&self) -> &str {
        ENTRY.name
    }

    #[expect(clippy::cast_precision_loss, reason = "a group has few members")]
    fn rank(&self, candidates: &[Candidate<'_>], context: &RankingContext<'_>, _: &mut fastrand::Rng) -> Vec<Ranked> {
        let count = candidates.len();
        let first = usize::try_from(context.turn % count.max(1) as u64).unwrap_or(0);
        let ranked = (0..count).map(|after| {
            let position = candidates[(first + after) % count].position;
            Ranked { position, score: after as f64, reason: RankReason::Turn(after) }
        });
        ranked.collect()
    }

    fn counts_calls(&self) -> bool {
        false
    }

    fn takes_turns(&self) -> bool {
        true
    }
}
