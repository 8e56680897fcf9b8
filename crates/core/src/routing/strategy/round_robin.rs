//! `round-robin`: in turn, by a count of requests that all processes share.

use super::{Candidate, RankReason, Ranked};

/// Whoever's turn it is first, the others in the order of the list behind it.
///
/// The turn goes round those that are eligible, so that the share of one that is not is split
/// evenly rather than given to its neighbour. There are no ties.
#[expect(clippy::cast_precision_loss, reason = "a group has few members")]
pub(super) fn rank(candidates: &[Candidate<'_>], turn: u64) -> Vec<Ranked> {
    let count = candidates.len();
    let first = usize::try_from(turn % count.max(1) as u64).unwrap_or(0);
    let ranked = (0..count).map(|after| {
        let position = candidates[(first + after) % count].position;
        Ranked { position, score: after as f64, why: RankReason::Turn(after) }
    });
    ranked.collect()
}
