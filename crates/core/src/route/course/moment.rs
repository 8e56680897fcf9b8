//! The filters before a strategy: who may serve a request at a moment, and why the others may not.

use super::facts::{Facts, SkipReason};
use crate::model::Timestamp;
use crate::route::board::Board;
use crate::route::breaker::State;
use crate::route::endpoint::Hosts;
use crate::route::limits::Shut;
use crate::route::{DeploymentId, GroupId, Map, Member};

/// A request and everything that is known when it is decided about.
pub struct Moment<'a> {
    map: &'a Map,
    facts: &'a Facts,
    board: &'a Board,
    hosts: Hosts<'a>,
    now: Timestamp,
}

impl<'a> Moment<'a> {
    /// Looks at `board` at `now`.
    #[must_use]
    pub fn new(map: &'a Map, facts: &'a Facts, board: &'a Board, now: Timestamp) -> Self {
        Self { map, facts, board, hosts: Hosts::read(map, board, now), now }
    }

    /// The positions of the members of `group` that may be asked.
    #[must_use]
    pub fn eligible(&self, group: GroupId) -> Vec<usize> {
        let members = self.map.group(group).members.iter().enumerate();
        members.filter(|(_, member)| self.barred(group, member).is_none()).map(|(position, _)| position).collect()
    }

    /// Where the breaker of a deployment stands, its host's included.
    pub(super) fn state(&self, id: DeploymentId) -> State {
        self.hosts.state(self.map, self.board, id, self.now)
    }

    /// Why `member` of `group` may not be asked now, if it may not.
    pub(super) fn barred(&self, group: GroupId, member: &Member) -> Option<SkipReason> {
        self.unable(member).or_else(|| self.shut(group, member.deployment)).or_else(|| self.too_dear(member))
    }

    /// Why `member` cannot serve this request at all, whatever the hour.
    pub(super) fn unfit(&self, member: &Member) -> Option<SkipReason> {
        self.unable(member).or_else(|| self.too_dear(member))
    }

    fn unable(&self, member: &Member) -> Option<SkipReason> {
        let facts = self.facts;
        let deployment = self.map.deployment(member.deployment);
        if let Some(missing) = &deployment.no_key {
            return Some(SkipReason::NoKey(missing.clone()));
        }
        let has = |tag: &String| member.tags.contains(tag);
        if !facts.require_tags.iter().all(has) || facts.forbid_tags.iter().any(has) {
            return Some(SkipReason::Tags);
        }
        if let Some(what) = facts.needs.unmet(deployment.capabilities) {
            return Some(SkipReason::Incapable(what));
        }
        let estimates = &self.board.cell(member.deployment).estimates;
        let prompt = whole(estimates.tokens(float(facts.prompt_tokens), self.now));
        let window = deployment.context_window.filter(|window| prompt > *window)?;
        Some(SkipReason::ContextWindow { prompt, margin: estimates.margin(self.now), window })
    }

    /// Why a breaker, a limit or a gate keeps `id` shut, if one does.
    fn shut(&self, group: GroupId, id: DeploymentId) -> Option<SkipReason> {
        let (cell, now) = (self.board.cell(id), self.now);
        match self.state(id) {
            State::Open { until } => {
                // One that is well itself is shut with the others at its host.
                let own = matches!(cell.breaker.state(now), State::Open { .. });
                let class = cell.breaker.reason().filter(|_| own).unwrap_or("failures of its host").to_owned();
                Some(SkipReason::CoolingDown { left: until.since(now), class })
            }
            State::Closed | State::HalfOpen => {
                let full = self.board.shut(group, id).and_then(|shut| closed(&shut, now));
                full.or_else(|| cell.gated(now).map(|until| SkipReason::Gated { left: until.since(now) }))
            }
        }
    }

    fn too_dear(&self, member: &Member) -> Option<SkipReason> {
        let cap = self.facts.max_cost?;
        let Some(price) = self.map.deployment(member.deployment).price else { return Some(SkipReason::Unpriced) };
        let estimates = &self.board.cell(member.deployment).estimates;
        let usd = price.cost(&estimates.usage(self.facts.prompt_tokens, self.facts.max_tokens, self.now));
        (usd > cap).then_some(SkipReason::OverCost { usd })
    }
}

/// Why a limit keeps a deployment shut at `now`, if it does.
pub(super) fn closed(shut: &Shut, now: Timestamp) -> Option<SkipReason> {
    match shut {
        Shut::Until { at, limit } if now < *at => {
            Some(SkipReason::Limited { limit: limit.clone(), left: at.since(now) })
        }
        Shut::Until { .. } => None,
        Shut::Never { limit } => Some(SkipReason::TooLarge { limit: limit.clone() }),
        Shut::Unpriced => Some(SkipReason::Unpriced),
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
