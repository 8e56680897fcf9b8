//! The filters before a strategy: the eligible deployments, and the reasons against the others.

use super::attributes::{RequestAttributes, SkipReason};
use crate::model::Timestamp;
use crate::routing::breaker::BreakerState;
use crate::routing::host_breaker::HostBreakers;
use crate::routing::limits::{LimitExceeded, LimitUnit};
use crate::routing::snapshot::StateSnapshot;
use crate::routing::{DeploymentId, GroupId, Map, Member};

/// A request and everything that is known when it is decided about.
pub struct Eligibility<'a> {
    map: &'a Map,
    attributes: &'a RequestAttributes,
    snapshot: &'a StateSnapshot,
    host_breakers: HostBreakers<'a>,
    now: Timestamp,
}

impl<'a> Eligibility<'a> {
    /// Looks at `snapshot` at `now`.
    #[must_use]
    pub fn new(map: &'a Map, attributes: &'a RequestAttributes, snapshot: &'a StateSnapshot, now: Timestamp) -> Self {
        Self { map, attributes, snapshot, host_breakers: HostBreakers::read(map, snapshot, now), now }
    }

    /// The indices of the eligible members of `group`.
    #[must_use]
    pub fn eligible(&self, group: GroupId) -> Vec<usize> {
        let members = self.map.group(group).members.iter().enumerate();
        members.filter(|(_, member)| self.skip_reason(group, member).is_none()).map(|(position, _)| position).collect()
    }

    /// The breaker state of a deployment, including its host's.
    pub(super) fn state(&self, id: DeploymentId) -> BreakerState {
        self.host_breakers.state(self.map, self.snapshot, id, self.now)
    }

    /// The reason why `member` of `group` is not eligible now, if there is one.
    pub(super) fn skip_reason(&self, group: GroupId, member: &Member) -> Option<SkipReason> {
        self.incapable(member)
            .or_else(|| self.closed_by(group, member.deployment))
            .or_else(|| self.too_expensive(member))
    }

    /// The reason for which `member` can never serve this request.
    pub(super) fn unsuitable(&self, member: &Member) -> Option<SkipReason> {
        self.incapable(member).or_else(|| self.too_expensive(member))
    }

    /// Returns the share of the window of `member` that the prompt is estimated to fill if this is all that excludes
    /// it, and the prompt may fit: it is at most one standard deviation too long.
    pub(super) fn may_fit(&self, group: GroupId, member: &Member) -> Option<f64> {
        let SkipReason::ContextWindow { prompt, margin, window } = self.too_long(member)? else { return None };
        let fill = float(prompt) / float(window.max(1));
        let others = self
            .unable(member)
            .or_else(|| self.closed_by(group, member.deployment))
            .or_else(|| self.too_expensive(member));
        (fill <= 1.0 + margin && others.is_none()).then_some(fill)
    }

    fn incapable(&self, member: &Member) -> Option<SkipReason> {
        self.unable(member).or_else(|| self.too_long(member))
    }

    fn unable(&self, member: &Member) -> Option<SkipReason> {
        let attributes = self.attributes;
        let deployment = self.map.deployment(member.deployment);
        if let Some(missing) = &deployment.no_key {
            return Some(SkipReason::NoKey(missing.clone()));
        }
        let has = |tag: &String| member.tags.contains(tag);
        if !attributes.require_tags.iter().all(has) || attributes.forbid_tags.iter().any(has) {
            return Some(SkipReason::Tags);
        }
        attributes.needs.unmet(deployment.capabilities).map(SkipReason::Incapable)
    }

    fn too_long(&self, member: &Member) -> Option<SkipReason> {
        let state = self.snapshot.deployment(member.deployment);
        let estimates = &state.estimates;
        let prompt = whole(estimates.tokens(float(self.attributes.prompt_tokens), self.now));
        let named = state.window.and_then(|window| window.tokens(self.now));
        let window = named.or(self.map.deployment(member.deployment).context_window);
        let window = window.filter(|window| prompt > *window)?;
        Some(SkipReason::ContextWindow { prompt, margin: estimates.margin(self.now), window })
    }

    /// The breaker, limit or gate that excludes `id`, if one does.
    fn closed_by(&self, group: GroupId, id: DeploymentId) -> Option<SkipReason> {
        let (state, now) = (self.snapshot.deployment(id), self.now);
        match self.state(id) {
            BreakerState::Open { until } => {
                // One that is well itself is shut with the others at its host.
                let own = matches!(state.breaker.state(now), BreakerState::Open { .. });
                let class = state.breaker.reason().filter(|_| own).unwrap_or("failures of its host").to_owned();
                Some(SkipReason::CoolingDown { left: until.since(now), class })
            }
            BreakerState::Closed | BreakerState::HalfOpen => {
                let full = self.snapshot.limit_exceeded(group, id).and_then(|shut| closed(&shut, now));
                full.or_else(|| state.gated(now).map(|until| SkipReason::Gated { left: until.since(now) }))
            }
        }
    }

    fn too_expensive(&self, member: &Member) -> Option<SkipReason> {
        let cap = self.attributes.max_cost?;
        let Some(price) = self.map.deployment(member.deployment).price else { return Some(SkipReason::Unpriced) };
        let estimates = &self.snapshot.deployment(member.deployment).estimates;
        let usd = price.cost(&estimates.usage(self.attributes.prompt_tokens, self.attributes.max_tokens, self.now));
        (usd > cap).then_some(SkipReason::OverCost { usd })
    }
}

/// The reason for which a limit excludes a deployment at `now`, if it does.
pub(super) fn closed(shut: &LimitExceeded, now: Timestamp) -> Option<SkipReason> {
    match shut {
        LimitExceeded::Until { at, limit, counts } => {
            (now < *at).then(|| SkipReason::Limited { limit: limit.clone(), counts: *counts, left: at.since(now) })
        }
        LimitExceeded::Reported { at, limit } => (now < *at).then(|| SkipReason::Limited {
            limit: limit.clone(),
            counts: LimitUnit::Requests,
            left: at.since(now),
        }),
        LimitExceeded::Never { limit, counts } => Some(SkipReason::TooLarge { limit: limit.clone(), counts: *counts }),
        LimitExceeded::Unpriced => Some(SkipReason::Unpriced),
    }
}

#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn float(tokens: u64) -> f64 {
    tokens as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of tokens; `as` saturates")]
fn whole(tokens: f64) -> u64 {
    tokens.round() as u64
}
