//! Slow start: a deployment that has just recovered gets a part of its traffic, whatever the strategy.

use super::{Candidate, RankReason, Ranked};

/// Moves recovering candidates behind the others, each with the probability that its share of the usual
/// traffic leaves it out. Draws random numbers for those only.
pub(super) fn apply(candidates: &[Candidate<'_>], ranked: Vec<Ranked>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
    let ramp = |ranked: &Ranked| {
        let candidate = candidates.iter().find(|candidate| candidate.position == ranked.position);
        candidate.map_or(1.0, |candidate| candidate.ramp)
    };
    if ranked.iter().all(|ranked| ramp(ranked) >= 1.0) {
        return ranked;
    }
    let (mut first, mut later) = (Vec::with_capacity(ranked.len()), Vec::new());
    for mut ranked in ranked {
        let ramp = ramp(&ranked);
        if ramp >= 1.0 || rng.f64() < ramp {
            first.push(ranked);
        } else {
            ranked.reason = RankReason::SlowStart { share: ramp, reason: Box::new(ranked.reason) };
            later.push(ranked);
        }
    }
    first.extend(later);
    first
}
