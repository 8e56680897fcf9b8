//! One request's way through the deployments: after each failure, who is asked next, and when.
//!
//! A pure value. The engine asks [`Course::next`], does what the [`Step`] says, and comes back with
//! the failure. There is no other retry layer.

use std::time::Duration;

use super::board::Board;
use super::breaker::State;
use super::strategy::{self, Ranked};
use super::{DeploymentId, GroupId, Map};
use crate::model::{Class, Failure, Timestamp};
pub use facts::{Capability, Facts, Identity, Needs, Skip, SkipReason};
pub use moment::Moment;
use reaction::{Reaction, reaction};

mod again;
mod facts;
mod hedge;
mod lost;
mod moment;
mod prefer;
mod reaction;
#[cfg(test)]
mod tests;

/// Attempts in one request beyond which no deployment is asked again.
pub const MAX_ATTEMPTS: u32 = 6;
/// A probe is not waited for longer than this while another deployment stands ready.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);
/// What the engine is to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Wait, then call a deployment.
    Call(Call),
    /// Give up.
    Stop(Stop),
}

/// One attempt to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The group through which it is asked.
    pub group: GroupId,
    /// Whom to ask.
    pub deployment: DeploymentId,
    /// How long to wait first.
    pub wait: Duration,
    /// The most time until the first token: the configured limit, or this attempt's share of what
    /// is left of the deadline.
    pub first_token: Duration,
    /// It is half-open: the lease of the probe must be won first.
    pub probe: bool,
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

/// Why nobody else is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The deadline passed.
    Deadline,
    /// The request itself was refused.
    Refused,
    /// Nobody has a key.
    NoKey,
    /// Whoever is left is gated by a rate limit.
    RateLimited {
        /// Until the first of them may be asked.
        next: Duration,
    },
    /// Everybody was asked, or nobody is eligible.
    Exhausted,
}

/// The state of one request's way.
#[derive(Debug)]
pub struct Course<'a> {
    map: &'a Map,
    facts: Facts,
    deadline: Timestamp,
    legs: Vec<Leg>,
    /// Fallback groups still to visit, next one first.
    queue: Vec<GroupId>,
    fallbacks_left: u32,
    asked: Vec<Asked>,
    attempts: u32,
    /// Position in `asked` of the last attempt.
    last: Option<usize>,
    want: Want,
    refused: bool,
    skips: Vec<Skip>,
    /// Deployments that a rate limit kept shut when it was their turn: they are asked once it opens.
    shut: Vec<DeploymentId>,
    /// Time that was waited for slots which others took.
    waited: Duration,
}

/// A group that was entered.
#[derive(Debug)]
struct Leg {
    group: GroupId,
    /// The strategy's order, with its reasons.
    ranked: Vec<Ranked>,
    /// Eligible members not asked yet, best first.
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

/// A deployment that was asked in this request.
#[derive(Debug)]
struct Asked {
    group: GroupId,
    deployment: DeploymentId,
    times: u32,
    in_a_row: u32,
    /// How often its answer was of no use.
    rejected: u32,
    /// Whether and from when it may be asked again.
    again: Option<Timestamp>,
    /// How it failed last.
    failed: Option<Class>,
}

/// What the failures so far ask of whoever comes next.
#[derive(Debug, Clone, PartialEq)]
enum Want {
    Anyone,
    /// One deployment that is not at this provider.
    OtherProvider(String),
    /// A context window larger than this (0: any that is known).
    Larger(u64),
    /// Nobody: the one other provider was asked too.
    Nobody,
}

impl<'a> Course<'a> {
    /// A course through `group` and its fallbacks, to be done by `deadline`.
    #[must_use]
    pub fn new(map: &'a Map, group: GroupId, facts: Facts, deadline: Timestamp) -> Self {
        let group = facts.detours.target(group);
        Self {
            map,
            deadline,
            legs: Vec::new(),
            queue: vec![group],
            // The primary group is not a fallback but leaves the queue like one.
            fallbacks_left: if facts.no_fallback { 1 } else { map.group(group).policy.max_fallbacks.saturating_add(1) },
            facts,
            asked: Vec::new(),
            attempts: 0,
            last: None,
            want: Want::Anyone,
            refused: false,
            skips: Vec::new(),
            shut: Vec::new(),
            waited: Duration::ZERO,
        }
    }

    /// What to do after `last` failed (`None` at the start).
    pub fn next(&mut self, last: Option<&Failure>, board: &Board, now: Timestamp, rng: &mut fastrand::Rng) -> Step {
        if let (Some(failure), Some(last)) = (last, self.last) {
            self.react(failure, last, now);
        }
        if now >= self.deadline {
            return Step::Stop(Stop::Deadline);
        }
        if let Some(call) = self.stay(last, board, now, rng) {
            return Step::Call(call);
        }
        if let Some((group, deployment)) = self.first_visit(board, now, rng) {
            return Step::Call(self.call(group, deployment, Duration::ZERO, board, now));
        }
        let call = if self.all_open(board, now) {
            self.least_bad(board, now).or_else(|| self.repeat(board, now, rng))
        } else {
            self.repeat(board, now, rng).or_else(|| self.least_bad(board, now))
        };
        if let Some(call) = call {
            return Step::Call(call);
        }
        Step::Stop(self.stop(board, now))
    }

    /// The groups that were entered, each with the strategy's order of its members and the reasons.
    pub fn rankings(&self) -> impl Iterator<Item = (GroupId, &[Ranked])> {
        self.legs.iter().map(|leg| (leg.group, leg.ranked.as_slice()))
    }

    /// Who was passed over since this was last called, and why.
    pub fn take_skips(&mut self) -> Vec<Skip> {
        std::mem::take(&mut self.skips)
    }

    /// Notes what `failure` says about whom to ask next.
    fn react(&mut self, failure: &Failure, last: usize, now: Timestamp) {
        let Asked { group, deployment, .. } = self.asked[last];
        self.asked[last].failed = Some(failure.class);
        let retries = self.map.group(group).policy.retry_policy.get(failure.class);
        if let Some(leg) = self.legs.iter_mut().find(|leg| leg.group == group) {
            let further = retries.unwrap_or(self.map.group(group).policy.num_retries);
            leg.attempts_left = further.saturating_add(1).saturating_sub(leg.made);
        }
        let again = match reaction(failure.class) {
            Reaction::Next => Some(now.after(failure.retry_after.unwrap_or_default())),
            Reaction::NextGated => Some(now.after(failure.retry_after.unwrap_or_default())),
            Reaction::OnceMore => {
                self.asked[last].rejected += 1;
                let once_more = self.asked[last].rejected == 1 || retries.is_some();
                once_more.then(|| now.after(failure.retry_after.unwrap_or_default()))
            }
            // The profile may know better than we do that this class mends.
            Reaction::NextNeverThis => retries.map(|_| now.after(failure.retry_after.unwrap_or_default())),
            Reaction::OtherProvider => {
                self.refused = true;
                self.want = match self.want {
                    Want::Anyone => Want::OtherProvider(self.map.deployment(deployment).provider.clone()),
                    Want::OtherProvider(_) | Want::Larger(_) | Want::Nobody => Want::Nobody,
                };
                None
            }
            Reaction::LargerWindow => {
                self.refused = true;
                let window = self.map.deployment(deployment).context_window.unwrap_or(0);
                self.want = match self.want {
                    Want::Larger(known) => Want::Larger(known.max(window)),
                    Want::Anyone => Want::Larger(window),
                    Want::OtherProvider(_) | Want::Nobody => Want::Nobody,
                };
                if self.legs.iter().any(|leg| leg.group == group && leg.left) {
                    let named = self.map.group(group).context_window_fallbacks.clone();
                    self.enqueue_first(&named);
                }
                None
            }
            Reaction::PolicyGroups => {
                self.refused = true;
                let named = self.map.group(group).content_policy_fallbacks.clone();
                self.legs.iter_mut().for_each(|leg| {
                    leg.untried.clear();
                    leg.attempts_left = 0;
                    leg.left = true;
                });
                self.queue.clear();
                self.enqueue_first(&named);
                None
            }
        };
        // A request that one provider refuses is not repeated anywhere.
        let again = again.filter(|_| matches!(self.want, Want::Anyone | Want::Larger(_)));
        self.asked[last].again = again;
        // Someone was asked on behalf of another provider and failed otherwise: that was the one chance.
        if let Want::OtherProvider(provider) = &self.want
            && *provider != self.map.deployment(deployment).provider
        {
            self.want = Want::Nobody;
        }
    }

    /// The next deployment that was not asked in this request: in this group, then in the fallbacks.
    fn first_visit(
        &mut self,
        board: &Board,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Option<(GroupId, DeploymentId)> {
        loop {
            if self.want == Want::Nobody {
                return None;
            }
            if let Some(found) = self.untried_here(board, now) {
                return Some(found);
            }
            self.leave();
            let group = self.next_group()?;
            self.enter(group, board, now, rng);
        }
    }

    fn untried_here(&mut self, board: &Board, now: Timestamp) -> Option<(GroupId, DeploymentId)> {
        let leg = self.legs.last().filter(|leg| leg.attempts_left > 0)?;
        let preference = self.preference(leg.group);
        // An attempt since the ranking may have taught something about them: one key, or one host.
        let moment = Moment::new(self.map, &self.facts, board, now);
        let ready = |id: DeploymentId| {
            board.gated(leg.group, id, now).is_none()
                && !matches!(moment.state(id), State::Open { .. })
                && self.wanted(leg.group, id)
                && !self.was_asked(id)
        };
        let fit = leg.untried.iter().enumerate().filter(|(_, id)| ready(**id));
        let (found, _) = fit.min_by_key(|(position, id)| (preference(**id), *position))?;
        let leg = self.legs.last_mut()?;
        Some((leg.group, leg.untried.remove(found)))
    }

    /// Whether the failures so far leave `id`, as a member of `group`, any sense.
    pub(super) fn wanted(&self, group: GroupId, id: DeploymentId) -> bool {
        let deployment = self.map.deployment(id);
        match &self.want {
            Want::Anyone => true,
            Want::OtherProvider(provider) => deployment.provider != *provider,
            // A group that the profile names for long prompts is believed where the window is unknown.
            Want::Larger(than) => deployment.context_window.map_or_else(
                || self.legs.iter().any(|leg| self.map.group(leg.group).context_window_fallbacks.contains(&group)),
                |window| window > *than,
            ),
            Want::Nobody => false,
        }
    }

    /// Whether `id` was asked in this request, by this or by another name.
    pub(super) fn was_asked(&self, id: DeploymentId) -> bool {
        self.asked.iter().any(|asked| self.map.same(asked.deployment, id))
    }

    /// Puts the fallbacks of the group that is left in front of the queue: depth first.
    fn leave(&mut self) {
        let Some(leg) = self.legs.last_mut() else { return };
        if std::mem::replace(&mut leg.left, true) {
            return;
        }
        let group = self.map.group(leg.group);
        let too_long = leg.too_small || matches!(self.want, Want::Larger(_));
        let named = if too_long { group.context_window_fallbacks.as_slice() } else { &[] };
        let next = [named, &group.fallbacks].concat();
        self.enqueue_first(&next);
    }

    fn enqueue_first(&mut self, groups: &[GroupId]) {
        let known: Vec<GroupId> = self.legs.iter().map(|leg| leg.group).chain(self.queue.iter().copied()).collect();
        let groups = groups.iter().map(|group| self.facts.detours.target(*group));
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
    fn enter(&mut self, id: GroupId, board: &Board, now: Timestamp, rng: &mut fastrand::Rng) {
        let group = self.map.group(id);
        let mut eligible = Vec::new();
        let mut too_small = false;
        let moment = Moment::new(self.map, &self.facts, board, now);
        let barred: Vec<_> = group.members.iter().map(|member| moment.barred(id, member)).collect();
        for (position, (member, barred)) in group.members.iter().zip(barred).enumerate() {
            match barred {
                None => eligible.push(position),
                Some(reason) => {
                    too_small |= matches!(reason, SkipReason::ContextWindow { .. });
                    if matches!(reason, SkipReason::Gated { .. } | SkipReason::Limited { .. }) {
                        self.shut.push(member.deployment);
                    }
                    self.skip(id, member.deployment, reason);
                }
            }
        }
        let scene = strategy::Scene { map: self.map, group: id, facts: &self.facts, board, now };
        let ranked = strategy::rank(&scene, &eligible, rng);
        let untried = ranked.iter().map(|ranked| group.members[ranked.position].deployment).collect();
        let attempts_left = group.policy.num_retries.saturating_add(1);
        self.legs.push(Leg { group: id, ranked, untried, attempts_left, made: 0, left: false, too_small });
    }

    fn skip(&mut self, group: GroupId, deployment: DeploymentId, reason: SkipReason) {
        self.skips.push(Skip { group, deployment, reason });
    }

    /// Records and returns the attempt.
    fn call(
        &mut self,
        group: GroupId,
        deployment: DeploymentId,
        wait: Duration,
        board: &Board,
        now: Timestamp,
    ) -> Call {
        self.attempts += 1;
        if let Some(leg) = self.legs.iter_mut().find(|leg| leg.group == group) {
            leg.attempts_left = leg.attempts_left.saturating_sub(1);
            leg.made += 1;
            leg.untried.retain(|id| *id != deployment);
        }
        let same = self.last.is_some_and(|last| self.asked[last].deployment == deployment);
        let position = self.asked.iter().position(|asked| asked.deployment == deployment).unwrap_or_else(|| {
            self.asked.push(Asked { group, deployment, times: 0, in_a_row: 0, rejected: 0, again: None, failed: None });
            self.asked.len() - 1
        });
        let asked = &mut self.asked[position];
        asked.times += 1;
        asked.in_a_row = if same { asked.in_a_row + 1 } else { 1 };
        self.last = Some(position);
        let at = now.after(wait);
        // One that is asked in spite of an open breaker is not its probe, and where nobody could take
        // over there is nothing to be careful about.
        let probe = board.state(self.map, deployment, at) == State::HalfOpen && self.spare(deployment, board, at);
        let first_token = self.first_token(group, deployment, at);
        let first_token = if probe { first_token.min(PROBE_PATIENCE) } else { first_token };
        Call { group, deployment, wait, first_token, probe }
    }

    /// The share of the time left that this attempt may spend in silence.
    fn first_token(&self, group: GroupId, deployment: DeploymentId, at: Timestamp) -> Duration {
        let configured = self.map.group(group).members.iter().find(|member| member.deployment == deployment);
        let configured = configured.map_or(Duration::MAX, |member| member.timeouts.first_token);
        let others: usize = self.legs.iter().map(|leg| leg.untried.len().min(leg.attempts_left as usize)).sum();
        let pending = self.legs.iter().filter(|leg| !leg.left).flat_map(|leg| &self.map.group(leg.group).fallbacks);
        let groups = (self.queue.len() + pending.count()).min(self.fallbacks_left as usize);
        let shares = u32::try_from(1 + others + groups).unwrap_or(u32::MAX);
        configured.min(self.deadline.since(at) / shares)
    }

    /// The groups that were entered, in order.
    pub fn visited(&self) -> impl Iterator<Item = GroupId> {
        self.legs.iter().map(|leg| leg.group)
    }
}
