//! Explains the route of a request: every candidate with its numbers, without a call.

use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::plan::Plan;
use crate::engine::router::{Engine, Request};
use llmroute_core::model::Timestamp;
pub use llmroute_core::routing::failover::{MAX_ATTEMPTS, SkipReason};
pub use llmroute_core::routing::limits::Limits;
pub use llmroute_core::routing::snapshot::DeploymentState;
pub use llmroute_core::routing::strategy::{RankReason, Ranked};
use llmroute_core::routing::{DeploymentId, GroupId, Map, Member};

/// Named numbers, in the order in which they are shown.
pub type NamedValues = Vec<(&'static str, Value)>;

/// Everything that decides about a request.
#[derive(Debug)]
pub struct Explanation {
    /// The calls, and why there are no more.
    pub plan: Plan,
    /// The groups in the order in which they are entered; one that a rule bypassed comes first.
    pub groups: Vec<ExplainedGroup>,
    /// The worst case.
    pub worst: WorstCase,
}

/// A group and its members.
#[derive(Debug)]
pub struct ExplainedGroup {
    /// The group.
    pub group: GroupId,
    /// Its members in the order of the profile.
    pub candidates: Vec<ExplainedCandidate>,
}

/// A member of a group.
#[derive(Debug)]
pub struct ExplainedCandidate {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Its place in the order of the calls, from 1, if it is asked through this group.
    pub place: Option<usize>,
    /// The time that the request would wait for it.
    pub wait: Duration,
    /// The filter that stopped it.
    pub skipped: Option<SkipReason>,
    /// The numbers that the strategy weighs.
    pub numbers: NamedValues,
    /// The headroom of its limits.
    pub limits: NamedValues,
}

/// The worst case of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorstCase {
    /// Attempts, repeats included.
    pub attempts: u32,
    /// Time until it is given up.
    pub duration: Duration,
    /// The deadline ends it, not the last attempt.
    pub by_deadline: bool,
}

impl Engine {
    /// Explains `request` by the shared state of this moment, which it does not change.
    pub async fn explain(&self, request: &Request, rng: &mut fastrand::Rng) -> Explanation {
        let plan = self.plan(request, rng).await;
        let now = self.clock.now();
        let mut groups = plan.visited.clone();
        let bypassed = plan.rule_overrides.rule(request.group).filter(|_| !groups.contains(&request.group));
        if bypassed.is_some() {
            groups.insert(0, request.group);
        }
        let mut legs: Vec<ExplainedGroup> = groups.into_iter().map(|id| leg(&self.map, id, &plan, now)).collect();
        if let (Some(rule), Some(leg)) = (bypassed, legs.first_mut()) {
            let rule = self.map.rules.rule(rule);
            for candidate in &mut leg.candidates {
                let reason = SkipReason::Ruled { group: rule.group.clone(), number: rule.number };
                candidate.skipped = Some(reason);
            }
        }
        let deadline = self.map.group(request.group).policy.deadline;
        let worst = worst(&self.map, &plan, deadline);
        Explanation { plan, groups: legs, worst }
    }
}

fn leg(map: &Map, id: GroupId, plan: &Plan, now: Timestamp) -> ExplainedGroup {
    let group = map.group(id);
    let skipped = |member: &Member| {
        let skip = plan.skips.iter().find(|skip| (skip.group, skip.deployment) == (id, member.deployment));
        skip.map(|skip| skip.reason.clone())
    };
    let ranked = plan.ranked.iter().find(|(group, _)| *group == id).map_or(&[][..], |(_, ranked)| ranked);
    let candidate = |member: &Member| {
        let call = plan.calls.iter().position(|call| call.group == id && call.deployment == member.deployment);
        ExplainedCandidate {
            deployment: member.deployment,
            place: call.map(|index| index + 1),
            wait: call.map_or(Duration::ZERO, |index| plan.calls[index].wait),
            skipped: skipped(member),
            numbers: numbers(
                member,
                ranked.iter().find(|ranked| group.members[ranked.position].deployment == member.deployment),
            ),
            limits: limits(map, id, member.deployment, plan.snapshot.deployment(member.deployment), now),
        }
    };
    ExplainedGroup { group: id, candidates: group.members.iter().map(candidate).collect() }
}

/// The numbers that the strategy weighs for `member`.
fn numbers(member: &Member, ranked: Option<&Ranked>) -> NamedValues {
    let why = ranked.map(|ranked| match &ranked.reason {
        // To the thousandth, which is as much as a share means.
        RankReason::Share { share, .. } => ("share", json!((share * 1e3).round() / 1e3)),
        other => ("why", json!(other.to_string())),
    });
    [("order", json!(member.order))].into_iter().chain(why).collect()
}

/// The limits that a call to `id` through `group` passes, and how much of the tightest one is left.
fn limits(map: &Map, group: GroupId, id: DeploymentId, cell: &DeploymentState, now: Timestamp) -> NamedValues {
    let gate = cell.gate.filter(|until| now < *until).map(|until| ("gated_s", json!(until.since(now).as_secs())));
    let mut all = Limits::default();
    map.limits.scopes(map, group, id).iter().for_each(|scope| all.tighten(&scope.limits));
    let caps = all.caps.iter().map(|cap| (cap.name, cap.shown()));
    let parallel = all.max_parallel.map(|limit| ("max_parallel_requests", json!(limit)));
    // In thousandths, which is more than a level between two replies means.
    let left = cell.headroom.share.map(|left| ("left", json!((left * 1e3).round() / 1e3)));
    caps.chain(parallel).chain(left).chain(gate).collect()
}

/// Every call of the plan as long as it may take, and as many repeats as the failover allows.
fn worst(map: &Map, plan: &Plan, deadline: Duration) -> WorstCase {
    let visits = u32::try_from(plan.calls.len()).unwrap_or(u32::MAX);
    let room: u32 = plan
        .visited
        .iter()
        .map(|id| {
            let asked = plan.calls.iter().filter(|call| call.group == *id).count();
            let policy = &map.group(*id).policy;
            let allowed = policy.num_retries.max(policy.retry_policy.largest().unwrap_or(0)).saturating_add(1);
            if asked == 0 { 0 } else { allowed.saturating_sub(u32::try_from(asked).unwrap_or(u32::MAX)) }
        })
        .fold(0, u32::saturating_add);
    let repeats = room.min(MAX_ATTEMPTS.saturating_sub(visits));
    let lengths = plan.calls.iter().map(|call| {
        let members = &map.group(call.group).members;
        let member = members.iter().find(|member| member.deployment == call.deployment);
        call.wait.saturating_add(member.map_or(Duration::ZERO, |member| member.timeouts.attempt))
    });
    let longest = lengths.clone().max().unwrap_or_default();
    let waits = plan.visited.iter().map(|id| map.group(*id).policy.max_wait).max().unwrap_or_default();
    let again = longest.saturating_add(waits).saturating_mul(repeats);
    let all = lengths.fold(again, Duration::saturating_add);
    WorstCase { attempts: visits + repeats, duration: all.min(deadline), by_deadline: all >= deadline }
}
