//! Slow start: who has just come back from an outage gets a part of its traffic, whatever the strategy.

use super::{Candidate, RankReason, Ranked};

/// Puts candidates that are coming back behind the others, each as often as its share of the usual
/// traffic leaves it out. Draws luck only for those; a permutation of `ranked`.
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
            ranked.why = RankReason::SlowStart { share: ramp, why: Box::new(ranked.why) };
            later.push(ranked);
        }
    }
    first.extend(later);
    first
}
