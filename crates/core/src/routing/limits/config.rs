//! The limits of the profile and their scopes.

use std::collections::BTreeMap;

use super::Limits;
use crate::routing::{DeploymentId, GroupId, Map};

/// All limits of a profile.
#[derive(Debug, Clone, Default)]
pub struct LimitConfig {
    /// By the state key of the deployment.
    deployments: BTreeMap<String, Limits>,
    groups: BTreeMap<GroupId, Limits>,
    /// By the provider's name: an identity that holds across profiles, and the limits.
    providers: BTreeMap<String, (String, Limits)>,
    /// The identity of what the provider itself limits: host, key (its hash) and model.
    quotas: BTreeMap<DeploymentId, String>,
}

/// The scope of a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitScope {
    /// A deployment, in all groups.
    Deployment(DeploymentId),
    /// A group, with all its members.
    Group(GroupId),
    /// All deployments of a provider; its identity.
    Provider(String),
}

/// A place that is limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopedLimit {
    /// The scope that is counted as one.
    pub place: LimitScope,
    /// The limits.
    pub limits: Limits,
    /// The suffix of the limit's name in words (` of group main`; empty for a deployment).
    pub of: String,
}

impl LimitConfig {
    /// Limits of a deployment hold in every group, and for its twins under other names; of two for
    /// the same thing the lower one holds.
    pub fn limit_deployment(&mut self, state_key: &str, limits: &Limits) {
        if !limits.is_empty() {
            self.deployments.entry(state_key.to_owned()).or_default().tighten(limits);
        }
    }

    /// Limits what passes through a group.
    pub fn limit_group(&mut self, group: GroupId, limits: Limits) {
        if !limits.is_empty() {
            self.groups.insert(group, limits);
        }
    }

    /// Limits what all deployments of the provider called `name` do together.
    pub fn limit_provider(&mut self, name: &str, identity: String, limits: Limits) {
        if !limits.is_empty() {
            self.providers.insert(name.to_owned(), (identity, limits));
        }
    }

    /// Determines which deployments share a provider limit.
    pub fn share_quota(&mut self, deployment: DeploymentId, identity: String) {
        self.quotas.insert(deployment, identity);
    }

    /// The identity of what the provider limits for `deployment`.
    #[must_use]
    pub fn quota<'a>(&'a self, map: &'a Map, deployment: DeploymentId) -> &'a str {
        self.quotas.get(&deployment).map_or(&map.deployment(deployment).state_key, String::as_str)
    }

    /// The limited places that a call to `deployment` through `group` passes.
    #[must_use]
    pub fn scopes(&self, map: &Map, group: GroupId, deployment: DeploymentId) -> Vec<ScopedLimit> {
        let through = self.groups.get(&group).map(|limits| ScopedLimit {
            place: LimitScope::Group(group),
            limits: limits.clone(),
            of: format!(" of group {}", map.group(group).name),
        });
        through.into_iter().chain(self.own(map, deployment)).collect()
    }

    /// The same without the group.
    #[must_use]
    pub fn own(&self, map: &Map, id: DeploymentId) -> Vec<ScopedLimit> {
        let deployment = map.deployment(id);
        let own = self.deployments.get(&deployment.state_key).map(|limits| ScopedLimit {
            place: LimitScope::Deployment(id),
            limits: limits.clone(),
            of: String::new(),
        });
        let provider = self.providers.get(&deployment.provider).map(|(identity, limits)| ScopedLimit {
            place: LimitScope::Provider(identity.clone()),
            limits: limits.clone(),
            of: format!(" of provider {}", deployment.provider),
        });
        own.into_iter().chain(provider).collect()
    }
}
