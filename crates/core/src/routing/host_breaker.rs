//! The breaker of an endpoint: a host at which most deployments are down is down.
//!
//! It has no state of its own. It is a function of its children's breakers, which the processes
//! share, so that all of them see the same parent and nothing can disagree with its children.

use std::collections::{BTreeMap, BTreeSet};

use super::breaker::BreakerState;
use super::failure_domain;
use super::snapshot::StateSnapshot;
use super::{DeploymentId, Map};
use crate::model::{Class, Timestamp};

/// The hosts that are shut at a moment: two thirds of at least two deployments there are open, for
/// reasons that are the host's and not a key's or a model's.
#[derive(Debug, Default)]
pub(crate) struct HostBreakers<'a> {
    shut: Vec<(&'a str, Timestamp)>,
}

impl<'a> HostBreakers<'a> {
    /// Reads `snapshot` once for all deployments of `map`.
    #[must_use]
    pub(crate) fn read(map: &'a Map, snapshot: &StateSnapshot, now: Timestamp) -> Self {
        let open = |position: usize| {
            let breaker = &snapshot.deployment(DeploymentId(position)).breaker;
            match breaker.state(now) {
                BreakerState::Open { until } => breaker.reason().is_some_and(is_hosts).then_some(until),
                BreakerState::Closed | BreakerState::HalfOpen => None,
            }
        };
        let mut down: BTreeMap<&str, HostDeployments<'_>> = BTreeMap::new();
        // Usually empty.
        for position in (0..map.deployments.len()).filter(|position| open(*position).is_some()) {
            down.entry(&map.deployments[position].host).or_default();
        }
        if down.is_empty() {
            return Self::default();
        }
        for (position, deployment) in map.deployments.iter().enumerate().filter(|(_, child)| child.no_key.is_none()) {
            // The same deployment under two names is one child.
            if let Some(deployments) = down.get_mut(deployment.host.as_str())
                && deployments.seen.insert(&deployment.state_key)
            {
                deployments.shut.extend(open(position));
            }
        }
        Self { shut: down.into_iter().filter_map(|(host, deployments)| Some((host, deployments.until()?))).collect() }
    }

    /// Until when `host` is shut, if it is.
    #[must_use]
    pub(crate) fn until(&self, host: &str) -> Option<Timestamp> {
        self.shut.iter().find(|(shut, _)| *shut == host).map(|(_, until)| *until)
    }

    /// The breaker state of a deployment: its own, or its host's if that is open.
    #[must_use]
    pub(crate) fn state(&self, map: &Map, snapshot: &StateSnapshot, id: DeploymentId, now: Timestamp) -> BreakerState {
        match (snapshot.deployment(id).breaker.state(now), self.until(&map.deployment(id).host)) {
            (BreakerState::Open { until }, _) => BreakerState::Open { until },
            (BreakerState::Closed | BreakerState::HalfOpen, Some(until)) => BreakerState::Open { until },
            (own @ (BreakerState::Closed | BreakerState::HalfOpen), None) => own,
        }
    }
}

/// The deployments of a host.
#[derive(Default)]
struct HostDeployments<'a> {
    seen: BTreeSet<&'a str>,
    shut: Vec<Timestamp>,
}

impl HostDeployments<'_> {
    /// Until two thirds are open no more: the first of those that can be spared turns half-open then.
    fn until(mut self) -> Option<Timestamp> {
        self.shut.sort_unstable();
        let needed = (2 * self.seen.len()).div_ceil(3);
        (self.seen.len() >= 2 && self.shut.len() >= needed).then(|| self.shut[self.shut.len() - needed])
    }
}

/// Returns `true` if a failure of the class called `name` concerns the host.
fn is_hosts(name: &str) -> bool {
    let class = super::per_class::CLASSES.into_iter().find(|class: &Class| class.as_str() == name);
    class.is_some_and(failure_domain::is_of_host)
}
