//! What a strategy may look at: the eligible members, with everything that is known of each.

use std::time::Duration;

use super::Strategy;
use crate::model::Timestamp;
use crate::route::board::{Board, headroom};
use crate::route::course::Facts;
use crate::route::estimate::{Belief, Law, Length, PACE_UNKNOWN, TTFT_UNKNOWN};
use crate::route::{Deployment, GroupId, Map, Member};

/// The moment of a choice.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// All that can be routed to.
    pub map: &'a Map,
    /// The group that chooses.
    pub group: GroupId,
    /// The request.
    pub facts: &'a Facts,
    /// What is known of everybody.
    pub board: &'a Board,
    /// The time.
    pub now: Timestamp,
}

/// A member that may be asked.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// Its position among the members of the group.
    pub position: usize,
    /// What the group says of it.
    pub member: &'a Member,
    /// Which model, where, at what price.
    pub deployment: &'a Deployment,
    /// Seconds to the first token.
    pub ttft: Belief,
    /// Seconds for each token after that.
    pub pace: Belief,
    /// Tokens to expect of the answer, within the request's limit.
    pub output: f64,
    /// Prompt tokens as this model counts them.
    pub prompt_tokens: f64,
    /// Its price for this request in USD, when the price is known.
    pub usd: Option<f64>,
    /// The probability that it answers.
    pub success: f64,
    /// Calls under way, of all processes.
    pub in_flight: u32,
    /// The share of its usual traffic that it should get: below 1 while it comes back from an outage.
    pub ramp: f64,
    /// The share of its limits that is left; `None` when that is unknown.
    pub headroom: Option<f64>,
}

/// The members at `eligible` positions as candidates, in that order.
#[must_use]
pub fn candidates<'a>(scene: &Scene<'a>, eligible: &[usize]) -> Vec<Candidate<'a>> {
    let stranger = stranger(scene);
    eligible.iter().map(|&position| candidate(scene, position, stranger)).collect()
}

fn candidate<'a>(scene: &Scene<'a>, position: usize, stranger: f64) -> Candidate<'a> {
    let &Scene { map, facts, board, now, .. } = scene;
    let member = &map.group(scene.group).members[position];
    let deployment = map.deployment(member.deployment);
    let cell = board.cell(member.deployment);
    let estimates = &cell.estimates;
    let length = Length::of(facts.prompt_tokens);
    let ttl = ttl(scene);
    let usage = estimates.usage(facts.prompt_tokens, facts.max_tokens, now);
    Candidate {
        position,
        member,
        deployment,
        ttft: estimates.ttft.read(length, &Law::TTFT, now, ttl).unwrap_or(Belief::ignorant(stranger)),
        pace: estimates.pace.read(length, &Law::PACE, now, ttl).unwrap_or(Belief::ignorant(PACE_UNKNOWN)),
        output: float(usage.output),
        prompt_tokens: float(usage.input),
        usd: deployment.price.map(|price| price.cost(&usage)),
        success: estimates.record.success(now),
        in_flight: cell.leases.in_flight(now),
        ramp: cell.breaker.ramp(now),
        headroom: headroom(cell, member),
    }
}

/// The seconds to the first token to expect of a member that was never measured: the group's median.
#[must_use]
pub fn stranger(scene: &Scene<'_>) -> f64 {
    let &Scene { map, facts, board, now, .. } = scene;
    let (length, ttl) = (Length::of(facts.prompt_tokens), ttl(scene));
    let members = map.group(scene.group).members.iter();
    let known =
        members.filter_map(|member| board.cell(member.deployment).estimates.ttft.read(length, &Law::TTFT, now, ttl));
    let mut known: Vec<f64> = known.map(|belief| belief.ln).collect();
    known.sort_unstable_by(f64::total_cmp);
    match known.len() {
        0 => TTFT_UNKNOWN,
        odd if odd % 2 == 1 => known[odd / 2].exp(),
        even => f64::midpoint(known[even / 2 - 1], known[even / 2]).exp(),
    }
}

/// The age after which the group takes a measurement for none.
fn ttl(scene: &Scene<'_>) -> Option<Duration> {
    match &scene.map.group(scene.group).strategy {
        Strategy::LatencyBased(args) => args.ttl,
        Strategy::SimpleShuffle
        | Strategy::Sticky(_)
        | Strategy::RoundRobin
        | Strategy::LeastBusy
        | Strategy::CostBased
        | Strategy::UsageBased
        | Strategy::Adaptive(_)
        | Strategy::Exec(_)
        | Strategy::Custom(_) => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn float(tokens: u64) -> f64 {
    tokens as f64
}
