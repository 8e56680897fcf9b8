//! How a group orders its members; one file a strategy, each a pure function of the candidates.

mod adaptive;
mod candidate;
mod cost;
mod custom;
mod latency;
mod least_busy;
mod ranked;
mod round_robin;
pub mod simple_shuffle;
mod slow_start;
mod usage;

use std::sync::Arc;

pub use self::adaptive::AdaptiveArgs;
pub use self::candidate::{Candidate, RankingInput, candidates, prior_ttft};
pub use self::custom::{Custom, CustomOrder};
pub use self::latency::LatencyArgs;
pub use self::ranked::{RankReason, Ranked};
pub use self::simple_shuffle::Sticky;

/// How the members of a group are ordered.
#[derive(Debug, Clone, PartialEq)]
pub enum Strategy {
    /// By chance: by weights, else by rpm, else by tpm, else alike.
    SimpleShuffle,
    /// The same, but the chance is a hash: the same user, conversation or prompt gets the same arm.
    Sticky(Sticky),
    /// In turn.
    RoundRobin,
    /// The fewest calls under way first.
    LeastBusy,
    /// The fastest first token first.
    LatencyBased(LatencyArgs),
    /// The cheapest answer first.
    CostBased,
    /// The largest share of its limits left first.
    UsageBased,
    /// The least expected cost of time, money and failure first.
    Adaptive(AdaptiveArgs),
    /// A command of the user says; the engine runs it and puts its answer on the snapshot.
    Exec(Arc<str>),
    /// A program that uses this library says.
    Custom(Custom),
}

impl Strategy {
    /// The name in a profile and in `--json`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::SimpleShuffle | Self::Sticky(_) => "simple-shuffle",
            Self::RoundRobin => "round-robin",
            Self::LeastBusy => "least-busy",
            Self::LatencyBased(_) => "latency-based-routing",
            Self::CostBased => "cost-based-routing",
            Self::UsageBased => "usage-based-routing",
            Self::Adaptive(_) => "adaptive",
            Self::Exec(_) => "exec",
            Self::Custom(custom) => custom.name(),
        }
    }

    /// Whether it looks at the calls that are under way, so that they must be counted.
    #[must_use]
    pub fn counts_calls(&self) -> bool {
        match self {
            Self::LeastBusy | Self::LatencyBased(_) | Self::Adaptive(_) | Self::Exec(_) | Self::Custom(_) => true,
            Self::SimpleShuffle | Self::Sticky(_) | Self::RoundRobin | Self::CostBased | Self::UsageBased => false,
        }
    }
}

impl Strategy {
    /// Whether who comes back from an outage gets less at first. Not where somebody has said who is asked.
    fn slow_start(&self) -> bool {
        match self {
            Self::Sticky(_) | Self::Exec(_) | Self::Custom(_) => false,
            Self::SimpleShuffle
            | Self::RoundRobin
            | Self::LeastBusy
            | Self::LatencyBased(_)
            | Self::CostBased
            | Self::UsageBased
            | Self::Adaptive(_) => true,
        }
    }
}

/// The members at `eligible` positions of the scene's group, best first, with the numbers that
/// decided: lowest `order` first, then as the strategy says. A permutation of `eligible`.
#[must_use]
pub fn rank(input: &RankingInput<'_>, eligible: &[usize], rng: &mut fastrand::Rng) -> Vec<Ranked> {
    let group = input.map.group(input.group);
    let mut all = candidates(input, eligible);
    all.sort_by_key(|candidate| candidate.member.order);
    let mut ranked = Vec::with_capacity(all.len());
    for level in all.chunk_by(|a, b| a.member.order == b.member.order) {
        let order = match &group.strategy {
            Strategy::SimpleShuffle => simple_shuffle::rank(level, rng),
            Strategy::Sticky(by) => {
                simple_shuffle::rank_sticky(level, *by, &group.name, &input.attributes.identity, rng)
            }
            Strategy::RoundRobin => round_robin::rank(level, input.snapshot.group(input.group).turn),
            Strategy::LeastBusy => least_busy::rank(level, rng),
            Strategy::LatencyBased(args) => latency::rank(level, args, rng),
            Strategy::CostBased => cost::rank(level, rng),
            Strategy::UsageBased => usage::rank(level, rng),
            Strategy::Adaptive(args) => adaptive::rank(level, args, rng),
            Strategy::Exec(_) => custom::in_order_of(level, input.snapshot.orders.get(&input.group), rng),
            Strategy::Custom(custom) => custom.rank(level, input.attributes, rng),
        };
        ranked.extend(if group.strategy.slow_start() { slow_start::apply(level, order, rng) } else { order });
    }
    ranked
}

#[cfg(test)]
mod tests;
