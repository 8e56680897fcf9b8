//! Keys of the shared state, and its values as JSON.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

pub use llmroute_core::routing::limits::{LimitScope, SharedTimes};
use llmroute_core::routing::{DeploymentId, GroupId, Map};

/// Returns the key of the state of a deployment.
pub fn deployment_key(map: &Map, id: DeploymentId) -> String {
    format!("deployment/{}", map.deployment(id).state_key)
}

/// Returns the key of the state of a group. A group is its members: the same name in another profile is another
/// group.
pub fn group_key(map: &Map, id: GroupId) -> String {
    let group = map.group(id);
    let mut hash = Sha256::new();
    for member in &group.members {
        hash.update(map.deployment(member.deployment).state_key.as_bytes());
        hash.update([0]);
    }
    let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("group/{}/{digest}", group.name)
}

/// Returns the key of a provider's limit.
pub fn quota_key(identity: &str) -> String {
    format!("quota/{identity}")
}

/// Returns the key of the counters of a limit in the profile.
pub(in crate::engine) fn scope_key(map: &Map, scope: &LimitScope) -> String {
    match scope {
        LimitScope::Deployment(id) => format!("limits/deployment/{}", map.deployment(*id).state_key),
        LimitScope::Group(id) => format!("limits/{}", group_key(map, *id)),
        LimitScope::Provider(identity) => format!("limits/provider/{identity}"),
    }
}

/// Returns the keys of all limits in the profile that calls through `groups` can pass.
pub(in crate::engine) fn scope_keys(map: &Map, groups: &BTreeSet<GroupId>) -> BTreeSet<String> {
    let members =
        groups.iter().flat_map(|id| map.group(*id).members.iter().map(move |member| (*id, member.deployment)));
    members
        .flat_map(|(group, id)| map.limits.scopes(map, group, id))
        .map(|scope| scope_key(map, &scope.place))
        .collect()
}

/// Returns `group` and every group that its rules and fallback lists lead to.
pub(in crate::engine) fn reachable(map: &Map, group: GroupId) -> BTreeSet<GroupId> {
    let mut found = BTreeSet::new();
    let mut open = vec![group];
    while let Some(id) = open.pop() {
        if found.insert(id) {
            let group = map.group(id);
            let ruled = map.rules.all.iter().filter(|rule| rule.group == group.name);
            open.extend(ruled.map(|rule| rule.target));
            open.extend(group.all_fallbacks());
        }
    }
    found
}

/// Reads a value. One that cannot be read is from another version, and counts as absent.
pub(in crate::engine) fn parse<T: DeserializeOwned + Default>(value: Option<&str>) -> T {
    value.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// Changes a value.
pub(in crate::engine) fn edit<T: DeserializeOwned + Serialize + Default>(
    value: &mut Option<String>,
    change: impl FnOnce(&mut T),
) {
    let mut state: T = parse(value.as_deref());
    change(&mut state);
    // Plain data with string keys always serialises.
    if let Ok(json) = serde_json::to_string(&state) {
        *value = Some(json);
    }
}

/// Reads a value whose times are those of the shared clock, which is `ahead` of this process by milliseconds.
pub(in crate::engine) fn parse_shared<T: DeserializeOwned + Default + SharedTimes>(
    value: Option<&str>,
    ahead: i64,
) -> T {
    let mut state: T = parse(value);
    state.shift(ahead.saturating_neg());
    state
}

/// Changes a value whose times are those of the shared clock.
pub(in crate::engine) fn edit_shared<T: DeserializeOwned + Serialize + Default + SharedTimes>(
    value: &mut Option<String>,
    ahead: i64,
    change: impl FnOnce(&mut T),
) {
    edit(value, |state: &mut T| {
        state.shift(ahead.saturating_neg());
        change(state);
        state.shift(ahead);
    });
}
