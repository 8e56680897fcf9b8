//! The input of a strategy: the eligible members, with everything known about each.

use crate::model::Timestamp;
use crate::routing::estimate::{Estimate, Prior, PromptLength, SECONDS_PER_TOKEN_UNKNOWN, TTFT_UNKNOWN};
use crate::routing::failover::RequestAttributes;
use crate::routing::snapshot::{StateSnapshot, headroom};
use crate::routing::{Deployment, GroupId, Map, Member};

/// The moment of a choice.
#[derive(Debug, Clone, Copy)]
pub struct RankingInput<'a> {
    /// All that can be routed to.
    pub map: &'a Map,
    /// The group that chooses.
    pub group: GroupId,
    /// The request.
    pub attributes: &'a RequestAttributes,
    /// The snapshot of all deployments.
    pub snapshot: &'a StateSnapshot,
    /// The time.
    pub now: Timestamp,
}

/// An eligible member.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// Its position among the members of the group.
    pub position: usize,
    /// Its settings in the group.
    pub member: &'a Member,
    /// Its model, host and price.
    pub deployment: &'a Deployment,
    /// Seconds to the first token.
    pub ttft: Estimate,
    /// Seconds for each token after that.
    pub seconds_per_token: Estimate,
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
pub fn candidates<'a>(input: &RankingInput<'a>, eligible: &[usize]) -> Vec<Candidate<'a>> {
    let prior_ttft = prior_ttft(input);
    eligible.iter().map(|&position| candidate(input, position, prior_ttft)).collect()
}

fn candidate<'a>(input: &RankingInput<'a>, position: usize, prior_ttft: f64) -> Candidate<'a> {
    let &RankingInput { map, attributes, snapshot, now, .. } = input;
    let member = &map.group(input.group).members[position];
    let deployment = map.deployment(member.deployment);
    let state = snapshot.deployment(member.deployment);
    let estimates = &state.estimates;
    let length = PromptLength::of(attributes.prompt_tokens);
    let ttl = map.group(input.group).strategy.ttl();
    let usage = estimates.usage(attributes.prompt_tokens, attributes.max_tokens, now);
    Candidate {
        position,
        member,
        deployment,
        ttft: estimates.ttft.read(length, &Prior::TTFT, now, ttl).unwrap_or(Estimate::unmeasured(prior_ttft)),
        seconds_per_token: estimates
            .seconds_per_token
            .read(length, &Prior::SECONDS_PER_TOKEN, now, ttl)
            .unwrap_or(Estimate::unmeasured(SECONDS_PER_TOKEN_UNKNOWN)),
        output: float(usage.output),
        prompt_tokens: float(usage.input),
        usd: deployment.price.map(|price| price.cost(&usage)),
        success: estimates.record.success(now),
        in_flight: state.leases.in_flight(now),
        ramp: state.breaker.ramp(now),
        headroom: headroom(state, member),
    }
}

/// The seconds to the first token to expect of a member that was never measured: the group's median.
#[must_use]
pub fn prior_ttft(input: &RankingInput<'_>) -> f64 {
    let &RankingInput { map, attributes, snapshot, now, .. } = input;
    let (length, ttl) = (PromptLength::of(attributes.prompt_tokens), map.group(input.group).strategy.ttl());
    let members = map.group(input.group).members.iter();
    let known = members.filter_map(|member| {
        snapshot.deployment(member.deployment).estimates.ttft.read(length, &Prior::TTFT, now, ttl)
    });
    let mut known: Vec<f64> = known.map(|estimate| estimate.ln).collect();
    known.sort_unstable_by(f64::total_cmp);
    match known.len() {
        0 => TTFT_UNKNOWN,
        odd if odd % 2 == 1 => known[odd / 2].exp(),
        even => f64::midpoint(known[even / 2 - 1], known[even / 2]).exp(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn float(tokens: u64) -> f64 {
    tokens as f64
}
