//! `usage-based-routing`: the largest share of its limits left first.

use std::sync::Arc;

use super::ranked::sort_by_score;
use super::{Candidate, RankReason, Ranked, RankingContext, Strategy, StrategyEntry};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "usage-based-routing",
    aliases: &["usage-based-routing-v2"],
    summary: "the largest share of its rate limits left first",
    arguments: &[],
    parse_args: |_| Arc::new(UsageBased),
};

/// The share that is assumed where the use of a limit is unknown: behind deployments that are known
/// to be free, before those that are known to be full.
const UNKNOWN: f64 = 0.5;

/// The largest share of its limits left first; ties in random order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageBased;

impl Strategy for UsageBased {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn rank(&self, candidates: &[Candidate<'_>], _: &RankingContext<'_>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
        let score = |candidate: &Candidate<'_>| {
            let score = 1.0 - candidate.headroom.unwrap_or(UNKNOWN);
            Ranked { position: candidate.position, score, reason: RankReason::Headroom(candidate.headroom) }
        };
        sort_by_score(candidates.iter().map(score).collect(), rng)
    }

    fn counts_calls(&self) -> bool {
        false
    }
}
