//! The breaker of an endpoint: a host at which most deployments are down is down.
//!
//! It has no state of its own. It is a function of its children's breakers, which the processes
//! share, so that all of them see the same parent and nothing can disagree with its children.

use super::board::Board;
use super::breaker::State;
use super::kin;
use super::{DeploymentId, Map};
use crate::model::{Class, Timestamp};

/// Until when the host of `id` is shut at `now`, if it is: two thirds of at least two deployments
/// there are open, for reasons that are the host's and not a key's or a model's.
#[must_use]
pub fn open_until(map: &Map, board: &Board, id: DeploymentId, now: Timestamp) -> Option<Timestamp> {
    let host = &map.deployment(id).host;
    let is_child = |position: usize| {
        let child = &map.deployments[position];
        child.host == *host && child.no_key.is_none()
    };
    let is_shut = |position: usize| {
        let breaker = &board.cell(DeploymentId(position)).breaker;
        match breaker.state(now) {
            State::Open { until } => breaker.reason().is_some_and(is_hosts).then_some(until),
            State::Closed | State::HalfOpen => None,
        }
    };
    // Mostly nobody is: that is seen without looking at a name.
    if !(0..map.deployments.len()).any(|position| is_shut(position).is_some() && is_child(position)) {
        return None;
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut shut: Vec<Timestamp> = Vec::new();
    for position in (0..map.deployments.len()).filter(|position| is_child(*position)) {
        let key = map.deployments[position].state_key.as_str();
        // The same deployment under two names is one child.
        if !seen.contains(&key) {
            seen.push(key);
            shut.extend(is_shut(position));
        }
    }
    shut.sort_unstable();
    // It stays shut while two thirds are: until the first of those that can be spared turns half-open.
    let needed = (2 * seen.len()).div_ceil(3);
    (seen.len() >= 2 && shut.len() >= needed).then(|| shut[shut.len() - needed])
}

/// Whether a failure of the class called `name` is one of the host.
fn is_hosts(name: &str) -> bool {
    let class = super::per_class::CLASSES.into_iter().find(|class: &Class| class.as_str() == name);
    class.is_some_and(kin::is_of_host)
}
