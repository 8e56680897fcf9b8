//! The owners of state keys, by the names of a profile. The engine defines the keys.

use llmroute_core::routing::{DeploymentId, GroupId, Map};
use llmroute_router::engine::{deployment_key, group_key};

/// The deployments and groups of a profile, with their state keys.
#[derive(Debug, Default)]
pub(crate) struct ProfileNames {
    /// Name, hash and key, in the order of the profile.
    pub deployments: Vec<NamedOwner>,
    /// Name and key.
    pub groups: Vec<NamedOwner>,
}

/// One name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedOwner {
    /// As in the profile.
    pub name: String,
    /// The key of its cell.
    pub key: String,
    /// The part that all of its keys contain.
    pub mark: String,
}

/// The owner of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner<'a> {
    /// A deployment of the profile.
    Deployment(&'a NamedOwner),
    /// A group of the profile.
    Group(&'a NamedOwner),
    /// A deployment that is not in the profile; its hash.
    UnknownDeployment(&'a str),
    /// A group that is not in the profile; its name.
    UnknownGroup(&'a str),
    /// No known owner.
    Other,
}

impl ProfileNames {
    /// The names of `map`.
    pub(crate) fn of(map: &Map) -> Self {
        let deployments = (0..map.deployments.len()).map(DeploymentId).map(|id| NamedOwner {
            name: map.deployment(id).name.clone(),
            key: deployment_key(map, id),
            mark: map.deployment(id).state_key.clone(),
        });
        let groups = (0..map.groups.len()).map(GroupId).map(|id| {
            let key = group_key(map, id);
            NamedOwner { name: map.group(id).name.clone(), mark: key.clone(), key }
        });
        Self { deployments: deployments.collect(), groups: groups.collect() }
    }

    /// The owner of `key`.
    pub(crate) fn owner<'a>(&'a self, key: &'a str) -> Owner<'a> {
        if let Some(named) = self.deployments.iter().find(|named| named.owns(key)) {
            return Owner::Deployment(named);
        }
        if let Some(named) = self.groups.iter().find(|named| named.owns(key)) {
            return Owner::Group(named);
        }
        match (key.strip_prefix("deployment/"), key.strip_prefix("group/").and_then(|rest| rest.rsplit_once('/'))) {
            (Some(hash), _) => Owner::UnknownDeployment(hash.split('/').next().unwrap_or(hash)),
            (None, Some((name, _))) => Owner::UnknownGroup(name),
            (None, None) => Owner::Other,
        }
    }
}

impl NamedOwner {
    /// Returns `true` if `key` belongs to its state.
    pub(crate) fn owns(&self, key: &str) -> bool {
        key.contains(&self.mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> ProfileNames {
        let named = |name: &str, key: &str, mark: &str| NamedOwner {
            name: name.to_owned(),
            key: key.to_owned(),
            mark: mark.to_owned(),
        };
        ProfileNames {
            deployments: vec![named("lab/a", "deployment/00aa", "00aa")],
            groups: vec![named("main", "group/main/11", "group/main/11")],
        }
    }

    fn check(key: &str, want: &str) {
        let names = names();
        let got = match names.owner(key) {
            Owner::Deployment(named) => format!("deployment {}", named.name),
            Owner::Group(named) => format!("group {}", named.name),
            Owner::UnknownDeployment(hash) => format!("unknown deployment {hash}"),
            Owner::UnknownGroup(name) => format!("unknown group {name}"),
            Owner::Other => "other".to_owned(),
        };
        assert_eq!(got, want, "{key}");
    }

    #[test]
    fn the_profile_explains_its_own() {
        check("deployment/00aa", "deployment lab/a");
        check("group/main/11", "group main");
    }

    #[test]
    fn whatever_holds_the_hash_of_a_deployment_is_its() {
        check("limits/00aa/minute", "deployment lab/a");
    }

    #[test]
    fn what_no_entry_explains_is_unknown() {
        check("deployment/00bb", "unknown deployment 00bb");
        check("deployment/00bb/latency", "unknown deployment 00bb");
        check("group/main/22", "unknown group main");
        check("group/lab/x/22", "unknown group lab/x");
        check("hedges", "other");
    }
}
