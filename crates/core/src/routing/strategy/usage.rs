//! `usage-based-routing`: the most head-room left, relative to the limit.

use super::ranked::by_score;
use super::{Candidate, RankReason, Ranked};

/// Where the use of a limit is unknown it is taken for half used: behind those that are known to be
/// free, before those that are known to be full.
const UNKNOWN: f64 = 0.5;

/// The largest share left first; ties by luck.
pub(super) fn rank(candidates: &[Candidate<'_>], rng: &mut fastrand::Rng) -> Vec<Ranked> {
    let score = |candidate: &Candidate<'_>| {
        let score = 1.0 - candidate.headroom.unwrap_or(UNKNOWN);
        Ranked { position: candidate.position, score, why: RankReason::Headroom(candidate.headroom) }
    };
    by_score(candidates.iter().map(score).collect(), rng)
}
