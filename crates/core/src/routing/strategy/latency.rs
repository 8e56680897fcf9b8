//! `latency-based-routing`: the fastest first token, by estimates whose uncertainty makes it explore.
//!
//! Each candidate's time is drawn from its estimate (Thompson sampling): the less is known, the more
//! often it is tried. Calls under way make it slower, so that not every process chooses the same one.

use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use super::ranked::sort_by_score;
use super::{Argument, Candidate, RankReason, Ranked, RankingContext, Strategy, StrategyEntry};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "latency-based-routing",
    aliases: &[],
    summary: "the fastest first token first",
    arguments: &[Argument::duration("ttl"), Argument::number("lowest_latency_buffer")],
    parse_args: |config| {
        let default = if config.long_lived { LatencyBased::LONG_LIVED } else { LatencyBased::ONE_SHOT };
        let buffer = config.number("lowest_latency_buffer", default.buffer);
        Arc::new(LatencyBased { ttl: config.duration("ttl"), buffer, ..default })
    },
};

/// Groups larger than this choose the better of two that are drawn at random (Mitzenmacher, "The power
/// of two choices in randomized load balancing", 2001): many processes look at the same numbers, and
/// all would choose the best.
const FULL_SCAN: usize = 5;

/// Calls under way beyond which the load counts squared.
const CROWDED: f64 = 5.0;

/// The fastest first token first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencyBased {
    /// The standard deviations of one draw: 1 for a process that makes one call, 0.5 for one that
    /// makes many.
    pub explore: f64,
    /// The age after which a measurement is ignored.
    pub ttl: Option<Duration>,
    /// Members within this fraction of the best share the traffic.
    pub buffer: f64,
}

impl LatencyBased {
    /// The defaults for a process that makes one call.
    pub const ONE_SHOT: Self = Self { explore: 1.0, ttl: None, buffer: 0.0 };
    /// The defaults for a process that makes many calls.
    pub const LONG_LIVED: Self = Self { explore: 0.5, ..Self::ONE_SHOT };
}

impl Strategy for LatencyBased {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn rank(&self, candidates: &[Candidate<'_>], _: &RankingContext<'_>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
        let mut ranked = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let Candidate { ttft, in_flight, .. } = *candidate;
            let drawn = ttft.at(self.explore * normal(rng));
            let score = drawn * load_penalty(in_flight);
            let reason = RankReason::Latency { ttft, drawn, in_flight };
            ranked.push(Ranked { position: candidate.position, score, reason });
        }
        let mut ranked = sort_by_score(ranked, rng);
        match ranked.first().map(|best| best.score * (1.0 + self.buffer)) {
            // Members near the best share the traffic.
            Some(limit) if self.buffer > 0.0 => {
                let near = ranked.partition_point(|ranked| ranked.score <= limit);
                rng.shuffle(&mut ranked[..near]);
                ranked
            }
            Some(_) | None => two_choices(ranked, rng),
        }
    }

    fn ttl(&self) -> Option<Duration> {
        self.ttl
    }
}

/// The factor by which calls under way lengthen the time to the first token.
///
/// A call under way counts half: most of the time it is past its first token, and servers have room for
/// more. Beyond [`CROWDED`], calls wait in a queue that no estimate shows yet: they count squared, or
/// every process would follow the formerly fastest deployment into its queue. Against `n + 1`, measured by
/// `benches/sim` (A): at 6 a second the p95 is 13 % lower, at 9 the median by 23 %; at 2 nothing differs.
pub(super) fn load_penalty(in_flight: u32) -> f64 {
    let others = f64::from(in_flight);
    (others / 2.0 + 1.0) * (others / CROWDED).max(1.0)
}

/// Moves one member to the front of a large group: the better of two members drawn at random. The others stay in order.
pub(super) fn two_choices(mut ranked: Vec<Ranked>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
    if ranked.len() > FULL_SCAN {
        let one = rng.usize(..ranked.len());
        let other = (one + rng.usize(1..ranked.len())) % ranked.len();
        ranked[..=one.min(other)].rotate_right(1);
    }
    ranked
}

/// Draws from the standard normal distribution (Box and Muller, 1958).
pub(super) fn normal(rng: &mut fastrand::Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (TAU * rng.f64()).cos()
}
