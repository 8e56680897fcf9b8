//! The order of a group's members: one file per strategy, each a pure function of the candidates.

mod adaptive;
mod candidate;
mod cost;
mod external;
mod latency;
mod least_busy;
mod ranked;
mod registry;
mod round_robin;
mod simple_shuffle;
mod slow_start;
mod usage;

pub use self::adaptive::Adaptive;
pub use self::candidate::{Candidate, RankingInput, candidates, prior_ttft};
pub use self::cost::CostBased;
pub use self::external::External;
pub use self::latency::LatencyBased;
pub use self::least_busy::LeastBusy;
pub use self::ranked::{RankReason, Ranked};
pub use self::registry::{Argument, ArgumentKind, BUILT_IN, RankingContext, Strategy, StrategyConfig, StrategyEntry};
pub use self::round_robin::RoundRobin;
pub use self::simple_shuffle::{SimpleShuffle, Sticky};
pub use self::usage::UsageBased;

/// Ranks the members at `eligible` positions of the group: lowest `order` first, then as the
/// strategy says. Returns a permutation of `eligible`.
#[must_use]
pub fn rank(input: &RankingInput<'_>, eligible: &[usize], rng: &mut fastrand::Rng) -> Vec<Ranked> {
    let group = input.map.group(input.group);
    let context = RankingContext {
        group: &group.name,
        attributes: input.attributes,
        turn: input.snapshot.group(input.group).turn,
        external_order: input.snapshot.orders.get(&input.group).map(Vec::as_slice),
    };
    let mut all = candidates(input, eligible);
    all.sort_by_key(|candidate| candidate.member.order);
    let mut ranked = Vec::with_capacity(all.len());
    for level in all.chunk_by(|a, b| a.member.order == b.member.order) {
        let order = complete(level, group.strategy.rank(level, &context, rng), rng);
        ranked.extend(if group.strategy.slow_start() { slow_start::apply(level, order, rng) } else { order });
    }
    ranked
}

/// Removes positions that are not candidates or come twice; adds the candidates that are missing, in
/// random order.
fn complete(candidates: &[Candidate<'_>], mut ranked: Vec<Ranked>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
    let mut missing: Vec<usize> = candidates.iter().map(|candidate| candidate.position).collect();
    ranked.retain(|ranked| {
        let found = missing.iter().position(|position| *position == ranked.position);
        found.map(|index| missing.swap_remove(index)).is_some()
    });
    if !missing.is_empty() {
        rng.shuffle(&mut missing);
        let score = ranked.last().map_or(0.0, |last| last.score);
        let unlisted = |position| Ranked { position, score, reason: RankReason::Unlisted };
        ranked.extend(missing.into_iter().map(unlisted));
    }
    ranked
}

#[cfg(test)]
mod tests;
