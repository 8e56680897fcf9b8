//! The retry and failover state machine of one request: after each failure, the next call and its time.
//!
//! A pure value. The engine asks [`Failover::next`], does what the [`Step`] says, and comes back with
//! the failure. There is no other retry layer.

use std::time::Duration;

use super::breaker::BreakerState;
use super::snapshot::StateSnapshot;
use super::strategy::{self, Ranked};
use super::{DeploymentId, GroupId, Map};
use crate::model::{Class, Failure, Timestamp};
pub use attributes::{Capability, Identity, Needs, RequestAttributes, Skip, SkipReason};
pub use eligibility::Eligibility;
use reaction::{Reaction, reaction};

mod attributes;
mod contention;
mod eligibility;
mod hedge;
mod reaction;
mod retry;
#[cfg(test)]
mod tests;
mod tie_break;

/// The number of attempts after which a request makes no retries.
pub const MAX_ATTEMPTS: u32 = 6;
/// The time limit of a probe while another deployment is available.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);
/// The instruction for the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Wait, then call a deployment.
    Call(PlannedCall),
    /// Give up.
    Stop(Stop),
}

/// One attempt to make.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedCall {
    /// The group of the call.
    pub group: GroupId,
    /// The deployment to call.
    pub deployment: DeploymentId,
    /// The wait before the call.
    pub wait: Duration,
    /// The most time until the first token: the configured limit, or this attempt's share of what
    /// is left of the deadline.
    pub first_token: Duration,
    /// It is half-open: the lease of the probe must be won first.
    pub probe: bool,
    /// It is made despite a limit that the provider reported for a long time.
    pub tries_limit: bool,
}

impl Stop {
    /// The reason in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "the deadline passed",
            Self::Refused => "the request was refused",
            Self::NoKey => "no deployment has a key",
            Self::RateLimited { .. } => "every deployment left is rate limited",
            Self::Exhausted => "no deployment could answer",
        }
    }
}

/// The reason to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The deadline passed.
    Deadline,
    /// The request itself was refused.
    Refused,
    /// No deployment has a key.
    NoKey,
    /// All remaining deployments are rate limited.
    RateLimited {
        /// The time until the first of them is available.
        next: Duration,
    },
    /// All deployments were called, or none is eligible.
    Exhausted,
}

/// The state of one request's way.
#[derive(Debug)]
pub struct Failover<'a> {
    map: &'a Map,
    attributes: RequestAttributes,
    deadline: Timestamp,
    visits: Vec<GroupVisit>,
    /// Fallback groups still to visit, next one first.
    queue: Vec<GroupId>,
    fallbacks_left: u32,
    called: Vec<CalledDeployment>,
    attempts: u32,
    /// The index in `asked` of the last attempt.
    last: Option<usize>,
    restriction: Restriction,
    refused: bool,
    skips: Vec<Skip>,
    /// Deployments that were rate limited at their turn: they are called once the gate opens.
    blocked: Vec<DeploymentId>,
    /// Deployments that were to be called despite a reported limit.
    tried_limits: Vec<DeploymentId>,
    /// Time that was waited for slots which others took.
    waited: Duration,
}

/// A group that was entered.
#[derive(Debug)]
struct GroupVisit {
    group: GroupId,
    /// The strategy's order, with its reasons.
    ranked: Vec<Ranked>,
    /// Eligible members that were not called yet, best first.
    untried: Vec<DeploymentId>,
    /// Attempts that may still be made in this group.
    attempts_left: u32,
    /// Attempts that were made in it.
    made: u32,
    /// The lists of this group were put into the queue.
    left: bool,
    /// The prompt does not fit some member.
    too_small: bool,
}

/// A deployment that was called in this request.
#[derive(Debug)]
struct CalledDeployment {
    group: GroupId,
    deployment: DeploymentId,
    times: u32,
    in_a_row: u32,
    /// The number of its unusable answers.
    rejected: u32,
    /// The permission to retry it, and from when.
    retry_at: Option<Timestamp>,
    /// Its last failure.
    failed: Option<Class>,
}

/// The requirements on the next deployment after the failures so far.
#[derive(Debug, Clone, PartialEq)]
enum Restriction {
    None,
    /// One deployment that is not at this provider.
    OtherProvider(String),
    /// A context window larger than this (0: any that is known).
    Larger(u64),
    /// None: the other provider was called, too.
    NoFurtherCall,
}

impl<'a> Failover<'a> {
    /// A failover through `group` and its fallbacks, to be done by `deadline`.
    #[must_use]
    pub fn new(map: &'a Map, group: GroupId, attributes: RequestAttributes, deadline: Timestamp) -> Self {
        let group = attributes.rule_overrides.target(group);
        Self {
            map,
            deadline,
            visits: Vec::new(),
            queue: vec![group],
            // The primary group is not a fallback but leaves the queue like one.
            fallbacks_left: if attributes.no_fallback {
                1
            } else {
                map.group(group).policy.max_fallbacks.saturating_add(1)
            },
            attributes,
            called: Vec::new(),
            attempts: 0,
            last: None,
            restriction: Restriction::None,
            refused: false,
            skips: Vec::new(),
            blocked: Vec::new(),
            tried_limits: Vec::new(),
            waited: Duration::ZERO,
        }
    }

    /// Returns the next step after the failure `last` (`None` at the start).
    pub fn next(
        &mut self,
        last: Option<&Failure>,
        snapshot: &StateSnapshot,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Step {
        if let (Some(failure), Some(last)) = (last, self.last) {
            self.react(failure, last, now);
        }
        if now >= self.deadline {
            return Step::Stop(Stop::Deadline);
        }
        if let Some(call) = self.retry_same(last, snapshot, now, rng) {
            return Step::Call(call);
        }
        if let Some((group, deployment)) = self.first_visit(snapshot, now, rng) {
            return Step::Call(self.call(group, deployment, Duration::ZERO, snapshot, now));
        }
        let call = if self.all_open(snapshot, now) {
            self.bypass_breaker(snapshot, now).or_else(|| self.retry(snapshot, now, rng))
        } else {
            self.retry(snapshot, now, rng).or_else(|| self.bypass_breaker(snapshot, now))
        };
        let last_resort = |this: &mut Self| this.try_limit(snapshot, now).or_else(|| this.try_window(snapshot, now));
        if let Some(call) = call.or_else(|| last_resort(self)) {
            return Step::Call(call);
        }
        Step::Stop(self.stop(snapshot, now))
    }

    /// The groups that were entered, each with the strategy's order of its members and the reasons.
    pub fn rankings(&self) -> impl Iterator<Item = (GroupId, &[Ranked])> {
        self.visits.iter().map(|visit| (visit.group, visit.ranked.as_slice()))
    }

    /// Returns the deployments skipped since the last call of this method, with reasons.
    pub fn take_skips(&mut self) -> Vec<Skip> {
        std::mem::take(&mut self.skips)
    }

    /// Records the requirements that follow from `failure`.
    fn react(&mut self, failure: &Failure, last: usize, now: Timestamp) {
        let CalledDeployment { group, deployment, .. } = self.called[last];
        self.called[last].failed = Some(failure.class);
        let retries = self.map.group(group).policy.retry_policy.get(failure.class);
        if let Some(visit) = self.visits.iter_mut().find(|visit| visit.group == group) {
            let further = retries.unwrap_or(self.map.group(group).policy.num_retries);
            visit.attempts_left = further.saturating_add(1).saturating_sub(visit.made);
        }
        let again = match reaction(failure.class) {
            Reaction::Next => Some(now.after(failure.retry_after.unwrap_or_default())),
            Reaction::NextGated => Some(now.after(failure.retry_after.unwrap_or_default())),
            Reaction::OnceMore => {
                self.called[last].rejected += 1;
                let once_more = self.called[last].rejected == 1 || retries.is_some();
                once_more.then(|| now.after(failure.retry_after.unwrap_or_default()))
            }
            // The profile may know better than we do that this class mends.
            Reaction::NextNeverThis => retries.map(|_| now.after(failure.retry_after.unwrap_or_default())),
            Reaction::OtherProvider => {
                self.refused = true;
                self.restriction = match self.restriction {
                    Restriction::None => Restriction::OtherProvider(self.map.deployment(deployment).provider.clone()),
                    Restriction::OtherProvider(_) | Restriction::Larger(_) | Restriction::NoFurtherCall => {
                        Restriction::NoFurtherCall
                    }
                };
                None
            }
            Reaction::LargerWindow => {
                self.refused = true;
                let window = self.map.deployment(deployment).context_window.unwrap_or(0);
                self.restriction = match self.restriction {
                    Restriction::Larger(known) => Restriction::Larger(known.max(window)),
                    Restriction::None => Restriction::Larger(window),
                    Restriction::OtherProvider(_) | Restriction::NoFurtherCall => Restriction::NoFurtherCall,
                };
                if self.visits.iter().any(|visit| visit.group == group && visit.left) {
                    let named = self.map.group(group).context_window_fallbacks.clone();
                    self.enqueue_first(&named);
                }
                None
            }
            Reaction::PolicyGroups => {
                self.refused = true;
                let named = self.map.group(group).after_content_policy().to_vec();
                self.visits.iter_mut().for_each(|visit| {
                    visit.untried.clear();
                    visit.attempts_left = 0;
                    visit.left = true;
                });
                self.queue.clear();
                self.enqueue_first(&named);
                None
            }
        };
        // A request that one provider refuses is not repeated anywhere.
        let again = again.filter(|_| matches!(self.restriction, Restriction::None | Restriction::Larger(_)));
        self.called[last].retry_at = again;
        // The other provider failed for another reason: that was the only extra call.
        if let Restriction::OtherProvider(provider) = &self.restriction
            && *provider != self.map.deployment(deployment).provider
        {
            self.restriction = Restriction::NoFurtherCall;
        }
    }

    /// The next deployment that was not called in this request: in this group, then in the fallbacks.
    fn first_visit(
        &mut self,
        snapshot: &StateSnapshot,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Option<(GroupId, DeploymentId)> {
        loop {
            if self.restriction == Restriction::NoFurtherCall {
                return None;
            }
            if let Some(found) = self.untried_here(snapshot, now) {
                return Some(found);
            }
            self.leave();
            let group = self.next_group()?;
            self.enter(group, snapshot, now, rng);
        }
    }

    fn untried_here(&mut self, snapshot: &StateSnapshot, now: Timestamp) -> Option<(GroupId, DeploymentId)> {
        let visit = self.visits.last().filter(|visit| visit.attempts_left > 0)?;
        let preference = self.preference(visit.group);
        // An attempt since the ranking may have taught something about them: one key, or one host.
        let eligibility = Eligibility::new(self.map, &self.attributes, snapshot, now);
        let ready = |id: DeploymentId| {
            snapshot.gated(visit.group, id, now).is_none()
                && !matches!(eligibility.state(id), BreakerState::Open { .. })
                && self.wanted(visit.group, id)
                && !self.was_called(id)
        };
        let fit = visit.untried.iter().enumerate().filter(|(_, id)| ready(**id));
        let (found, _) = fit.min_by_key(|(position, id)| (preference(**id), *position))?;
        let visit = self.visits.last_mut()?;
        Some((visit.group, visit.untried.remove(found)))
    }

    /// Returns `true` if `id`, as a member of `group`, is still useful after the failures so far.
    pub(super) fn wanted(&self, group: GroupId, id: DeploymentId) -> bool {
        let deployment = self.map.deployment(id);
        match &self.restriction {
            Restriction::None => true,
            Restriction::OtherProvider(provider) => deployment.provider != *provider,
            // A group that the profile names for long prompts is believed where the window is unknown.
            Restriction::Larger(than) => deployment.context_window.map_or_else(
                || {
                    self.visits
                        .iter()
                        .any(|visit| self.map.group(visit.group).context_window_fallbacks.contains(&group))
                },
                |window| window > *than,
            ),
            Restriction::NoFurtherCall => false,
        }
    }

    /// Returns `true` if `id` was called in this request, under this or another name.
    pub(super) fn was_called(&self, id: DeploymentId) -> bool {
        self.called.iter().any(|called| self.map.same(called.deployment, id))
    }

    /// Puts the fallbacks of the group that is left in front of the queue: depth first.
    fn leave(&mut self) {
        let Some(visit) = self.visits.last_mut() else { return };
        if std::mem::replace(&mut visit.left, true) {
            return;
        }
        let group = self.map.group(visit.group);
        let too_long = visit.too_small || matches!(self.restriction, Restriction::Larger(_));
        let named = if too_long { group.context_window_fallbacks.as_slice() } else { &[] };
        let next = [named, &group.fallbacks].concat();
        self.enqueue_first(&next);
    }

    fn enqueue_first(&mut self, groups: &[GroupId]) {
        let known: Vec<GroupId> =
            self.visits.iter().map(|visit| visit.group).chain(self.queue.iter().copied()).collect();
        let groups = groups.iter().map(|group| self.attributes.rule_overrides.target(*group));
        let new: Vec<GroupId> = groups.filter(|group| !known.contains(group)).collect();
        self.queue.splice(0..0, new);
    }

    fn next_group(&mut self) -> Option<GroupId> {
        if self.queue.is_empty() || self.fallbacks_left == 0 {
            return None;
        }
        self.fallbacks_left -= 1;
        Some(self.queue.remove(0))
    }

    /// Filters and ranks the members of a group.
    fn enter(&mut self, id: GroupId, snapshot: &StateSnapshot, now: Timestamp, rng: &mut fastrand::Rng) {
        let group = self.map.group(id);
        let mut eligible = Vec::new();
        let mut too_small = false;
        let eligibility = Eligibility::new(self.map, &self.attributes, snapshot, now);
        let reasons: Vec<_> = group.members.iter().map(|member| eligibility.skip_reason(id, member)).collect();
        for (position, (member, reasons)) in group.members.iter().zip(reasons).enumerate() {
            match reasons {
                None => eligible.push(position),
                Some(reason) => {
                    too_small |= matches!(reason, SkipReason::ContextWindow { .. });
                    if matches!(reason, SkipReason::Gated { .. } | SkipReason::Limited { .. }) {
                        self.blocked.push(member.deployment);
                    }
                    self.skip(id, member.deployment, reason);
                }
            }
        }
        let input = strategy::RankingInput { map: self.map, group: id, attributes: &self.attributes, snapshot, now };
        let ranked = strategy::rank(&input, &eligible, rng);
        let untried = ranked.iter().map(|ranked| group.members[ranked.position].deployment).collect();
        let attempts_left = group.policy.num_retries.saturating_add(1);
        self.visits.push(GroupVisit { group: id, ranked, untried, attempts_left, made: 0, left: false, too_small });
    }

    fn skip(&mut self, group: GroupId, deployment: DeploymentId, reason: SkipReason) {
        self.skips.push(Skip { group, deployment, reason });
    }

    /// Corrects what is not reported yet of a deployment that is called after all. The event of the call
    /// reports a wait for a rate limit.
    fn report_once(&mut self, deployment: DeploymentId) {
        self.skips.retain_mut(|skip| {
            if skip.deployment != deployment {
                return true;
            }
            if let SkipReason::CoolingDown { left, class } = &mut skip.reason {
                skip.reason = SkipReason::TriedAnyway { left: *left, class: std::mem::take(class) };
            }
            if let SkipReason::ContextWindow { prompt, margin, window } = skip.reason {
                skip.reason = SkipReason::WindowTried { prompt, margin, window };
            }
            !matches!(skip.reason, SkipReason::Gated { .. } | SkipReason::Limited { .. })
        });
    }

    /// Records and returns the attempt.
    fn call(
        &mut self,
        group: GroupId,
        deployment: DeploymentId,
        wait: Duration,
        snapshot: &StateSnapshot,
        now: Timestamp,
    ) -> PlannedCall {
        self.attempts += 1;
        self.report_once(deployment);
        if let Some(visit) = self.visits.iter_mut().find(|visit| visit.group == group) {
            visit.attempts_left = visit.attempts_left.saturating_sub(1);
            visit.made += 1;
            visit.untried.retain(|id| *id != deployment);
        }
        let same = self.last.is_some_and(|last| self.called[last].deployment == deployment);
        let position = self.called.iter().position(|called| called.deployment == deployment).unwrap_or_else(|| {
            self.called.push(CalledDeployment {
                group,
                deployment,
                times: 0,
                in_a_row: 0,
                rejected: 0,
                retry_at: None,
                failed: None,
            });
            self.called.len() - 1
        });
        let called = &mut self.called[position];
        called.times += 1;
        called.in_a_row = if same { called.in_a_row + 1 } else { 1 };
        self.last = Some(position);
        let at = now.after(wait);
        // A call despite an open breaker is not its probe, and where no other deployment could take
        // over there is nothing to be careful about.
        let probe = snapshot.state(self.map, deployment, at) == BreakerState::HalfOpen
            && self.has_alternative(deployment, snapshot, at);
        let first_token = self.first_token(group, deployment, at);
        let first_token = if probe { first_token.min(PROBE_PATIENCE) } else { first_token };
        PlannedCall {
            group,
            deployment,
            wait,
            first_token,
            probe,
            tries_limit: self.tried_limits.contains(&deployment),
        }
    }

    /// The share of the time left that this attempt may spend in silence.
    fn first_token(&self, group: GroupId, deployment: DeploymentId, at: Timestamp) -> Duration {
        let configured = self.map.group(group).members.iter().find(|member| member.deployment == deployment);
        let configured = configured.map_or(Duration::MAX, |member| member.timeouts.first_token);
        let others: usize = self.visits.iter().map(|visit| visit.untried.len().min(visit.attempts_left as usize)).sum();
        let pending =
            self.visits.iter().filter(|visit| !visit.left).flat_map(|visit| &self.map.group(visit.group).fallbacks);
        let groups = (self.queue.len() + pending.count()).min(self.fallbacks_left as usize);
        let shares = u32::try_from(1 + others + groups).unwrap_or(u32::MAX);
        configured.min(self.deadline.since(at) / shares)
    }

    /// The groups that were entered, in order.
    pub fn visited(&self) -> impl Iterator<Item = GroupId> {
        self.visits.iter().map(|visit| visit.group)
    }
}
