//! `least-busy`: the fewest calls under way, those of other processes included.

use super::ranked::by_score;
use super::{Candidate, RankReason, Ranked};

/// Fewest first; ties by luck, not by the place in the list.
pub(super) fn rank(candidates: &[Candidate<'_>], rng: &mut fastrand::Rng) -> Vec<Ranked> {
    let score = |candidate: &Candidate<'_>| {
        let calls = candidate.in_flight;
        Ranked { position: candidate.position, score: f64::from(calls), why: RankReason::Busy(calls) }
    };
    by_score(candidates.iter().map(score).collect(), rng)
}
