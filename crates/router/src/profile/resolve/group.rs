//! One group: its members, its policy, and what it needs that is not built yet.

pub use llmroute_core::routing::strategy::SimpleShuffle;
use llmroute_core::routing::{Group, GroupId, Member};
use std::sync::Arc;

use super::deployment::DeploymentSpec;
use super::precedence::Precedence;
use super::strategy;
use crate::profile::document::diagnostic::Diagnostic;
use crate::profile::document::table::{Keys as _, NamedTable, Table};
use crate::profile::document::value::{Cooldown, Count};
use crate::profile::document::{DeploymentKeys, GroupKeys, ProfileTables, names};
use crate::profile::{LoadOptions, Profile};

impl Profile {
    /// Adds the group without its fallbacks, which may name groups that come later.
    pub(crate) fn add_group(
        &mut self,
        table: &NamedTable<GroupKeys<'_>>,
        tables: &ProfileTables<'_>,
        options: &LoadOptions<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let keys = &table.keys;
        let precedence = Precedence { deployment: None, group: Some(keys), router: &tables.router };
        let mut not_built = self.base.not_built.clone();
        let strategy = strategy::resolve(&precedence, options.long_lived).unwrap_or_else(|name| {
            not_built.push(format!("routing_strategy = {name:?}"));
            Arc::new(SimpleShuffle::default())
        });
        not_built.extend(keys.not_built());
        let mut members = Vec::new();
        for deployment in keys.deployments() {
            let precedence = Precedence { deployment: Some(&deployment.keys), ..precedence };
            let group = table.name.get_ref();
            self.add_members(group, deployment, &precedence, options, &mut members, &mut not_built, diagnostics);
        }
        check_members(self, table, &members, diagnostics);
        check_cooldown(&precedence, keys, diagnostics);
        strategy::check(&precedence, diagnostics);
        self.map.limits.limit_group(GroupId(self.map.groups.len()), keys.limits.limits());
        self.map.groups.push(Group {
            name: table.name.get_ref().clone(),
            members,
            strategy,
            policy: precedence.policy(options.long_lived),
            fallbacks: Vec::new(),
            context_window_fallbacks: Vec::new(),
            content_policy_fallbacks: None,
        });
        self.not_built.push(not_built);
    }

    #[expect(clippy::too_many_arguments, reason = "one caller; what it reads and what it fills")]
    fn add_members(
        &mut self,
        group: &str,
        table: &Table<DeploymentKeys<'_>>,
        precedence: &Precedence<'_, '_>,
        options: &LoadOptions<'_>,
        members: &mut Vec<Member>,
        not_built: &mut Vec<String>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let keys = &table.keys;
        not_built.extend(keys.not_built());
        let Some(written) = keys.model.setting() else {
            if !keys.model.is_written() {
                let help = "write `model = \"PROVIDER/MODEL\"`";
                diagnostics.push(Diagnostic::error("a deployment without a `model`").at(table.at.clone()).help(help));
            }
            return;
        };
        let (provider, model) = match self.model(&written.value, options.env) {
            Ok(found) => found,
            Err(problem) => return diagnostics.push(problem.diagnostic(written.at.clone())),
        };
        not_built.extend(self.providers[provider].not_built.iter().cloned());
        let disabled = !self.providers[provider].enabled || keys.request.enabled.value() == Some(&false);
        let spec = DeploymentSpec { provider, model, keys };
        let added = self.add(&spec, options.env, diagnostics);
        let timeouts = precedence.timeout_config().timeouts(added.slow);
        // The keys of one entry share its weight, so that an A/B split stays the same.
        let share = keys.weight.value().map(|weight| weight / added.ids.len().max(1) as f64);
        let tags = tags(keys, diagnostics);
        if disabled {
            let message = format!("`{}` is disabled in group `{group}`", written.value);
            diagnostics.push(Diagnostic::note(message).at(written.at.clone()));
        }
        for deployment in added.ids.into_iter().filter(|_| !disabled) {
            if members.iter().any(|member| member.deployment == deployment) {
                let error = Diagnostic::error(format!("duplicate deployment `{}`", written.value));
                diagnostics.push(error.at(written.at.clone()).help("write it once, with a `weight`"));
            }
            members.push(Member {
                deployment,
                weight: share,
                rpm: keys.limits.rpm.value().map(|count| count.0),
                tpm: keys.limits.tpm.value().map(|count| count.0),
                order: keys.order.value().map_or(0, |order| Count::as_u32(*order)),
                tags: tags.clone(),
                timeouts,
            });
        }
    }
}

fn tags(keys: &DeploymentKeys<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let names = names(&keys.tags);
    for name in names.iter().filter(|name| name.get_ref().starts_with('!') || name.get_ref().is_empty()) {
        let help = "`!` belongs to `--require-tag`, where it means *without*";
        let message = format!("`{}` is not a valid tag", name.get_ref());
        diagnostics.push(Diagnostic::error(message).at(name.span()).help(help));
    }
    names.iter().map(|name| name.get_ref().clone()).collect()
}

fn check_members(
    profile: &Profile,
    table: &NamedTable<GroupKeys<'_>>,
    members: &[Member],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let (group, at, keys) = (table.name.get_ref(), table.name.span(), &table.keys);
    let decides_otherwise =
        keys.complexity_router.is_written() || keys.rules.is_written() || keys.routing.routes.is_written();
    let deployments_missing = match keys.deployments.value() {
        Some(list) => list.0.is_empty(),
        None => !keys.deployments.is_written(),
    };
    if deployments_missing && !decides_otherwise {
        let help = "write `deployments = [{ model = \"PROVIDER/MODEL\" }]`";
        let message = format!("group `{group}` has no deployments");
        diagnostics.push(Diagnostic::error(message).at(at.clone()).help(help));
    }
    let weights: Vec<f64> = members.iter().filter_map(|member| member.weight).collect();
    if !weights.is_empty() && weights.len() == members.len() && weights.iter().all(|weight| *weight == 0.0) {
        let message = format!("every weight in group `{group}` is 0: no deployment would be called");
        diagnostics.push(Diagnostic::error(message).at(at.clone()));
    }
    let name = |member: &Member| profile.map.deployment(member.deployment).name.as_str();
    for (index, member) in members.iter().enumerate() {
        let earlier = &members[..index];
        if earlier.iter().any(|other| other.deployment != member.deployment && name(other) == name(member)) {
            let message = format!("two deployments in group `{group}` have the name `{}`", name(member));
            diagnostics.push(Diagnostic::error(message).at(at.clone()).help("give each its own `name`"));
        }
    }
}

fn check_cooldown(precedence: &Precedence<'_, '_>, keys: &GroupKeys<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some((_, first)) = precedence.routing(|keys| &keys.cooldown_time) else { return };
    let is_own = keys.routing.cooldown_time.setting().is_some() || keys.routing.cooldown_max.setting().is_some();
    if let Cooldown::Fixed(span) = first.value
        && span > precedence.cooldown_max(false)
        && is_own
    {
        let message = "the first cooldown is longer than `cooldown_max`";
        diagnostics.push(Diagnostic::error(message).at(first.at.clone()));
    }
}
