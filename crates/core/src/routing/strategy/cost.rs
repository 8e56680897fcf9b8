//! `cost-based-routing`: the least expected cost of this request, not of a token.
//!
//! Prompt tokens and the tokens that this deployment usually answers with, at their prices, divided
//! by the probability of an answer: failed attempts are paid for by those that succeed.

use super::ranked::by_score;
use super::{Candidate, RankReason, Ranked};

/// Cheapest first; unknown prices last.
pub(super) fn rank(candidates: &[Candidate<'_>], rng: &mut fastrand::Rng) -> Vec<Ranked> {
    let score = |candidate: &Candidate<'_>| {
        let Candidate { usd, output, success, .. } = *candidate;
        let score = usd.map_or(f64::INFINITY, |usd| usd / success);
        Ranked { position: candidate.position, score, why: RankReason::Cost { usd, output, success } }
    };
    by_score(candidates.iter().map(score).collect(), rng)
}
