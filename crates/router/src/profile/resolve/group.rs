//! One group: its members, its timeout_config, and what it needs that is not built yet.

use crate::profile::LoadOptions;
use crate::profile::deployment::DeploymentSpec;
use crate::profile::diagnostic::Diagnostic;
use crate::profile::document::{File, GroupTable, Settings};
use crate::profile::precedence::Precedence;
use crate::profile::provider::unbuilt;
use crate::profile::value::Value;
use crate::profile::{Profile, strategy};
use llmroute_core::routing::strategy::SimpleShuffle;
use llmroute_core::routing::{Group, GroupId, Member};
use std::sync::Arc;

impl Profile {
    /// Adds the group without its fallbacks, which may name groups that come later.
    pub(crate) fn add_group(
        &mut self,
        table: &GroupTable<'_>,
        file: &File<'_>,
        inputs: &LoadOptions<'_>,
        sink: &mut Vec<Diagnostic>,
    ) {
        let layers = Precedence { deployment: None, group: Some(&table.settings), router: &file.router };
        let mut missing = self.base.unbuilt.clone();
        if layers.strategy().is_none()
            && let Some((_, entry)) = layers.find("routing_strategy")
        {
            missing.push(format!("routing_strategy = {:?}", entry.raw.as_str().unwrap_or_default()));
        }
        missing.extend(unbuilt(&table.settings));
        let mut members = Vec::new();
        for settings in &table.deployments {
            let layers = Precedence { deployment: Some(settings), ..layers };
            self.add_members(settings, &layers, inputs, &mut members, &mut missing, sink);
        }
        check_members(self, table, &members, sink);
        check_times(&layers, table, sink);
        self.map.limits.limit_group(GroupId(self.map.groups.len()), table.settings.limits());
        strategy::check(&layers, sink);
        self.map.groups.push(Group {
            name: table.name.text.clone(),
            members,
            strategy: strategy::resolve(&layers, inputs.long_lived)
                .unwrap_or_else(|| Arc::new(SimpleShuffle::default())),
            policy: layers.policy(inputs.long_lived),
            fallbacks: Vec::new(),
            context_window_fallbacks: Vec::new(),
            content_policy_fallbacks: Vec::new(),
        });
        self.unbuilt.push(missing);
    }

    fn add_members(
        &mut self,
        settings: &Settings<'_>,
        layers: &Precedence<'_, '_>,
        inputs: &LoadOptions<'_>,
        members: &mut Vec<Member>,
        missing: &mut Vec<String>,
        sink: &mut Vec<Diagnostic>,
    ) {
        missing.extend(unbuilt(settings));
        let Some(entry) = settings.get("model") else {
            if !settings.mentions("model") {
                let help = "write `model = \"PROVIDER/MODEL\"`";
                sink.push(Diagnostic::error("a deployment without a `model`").at(settings.at.clone()).help(help));
            }
            return;
        };
        let text = settings.text("model").unwrap_or_default();
        let (provider, model) = match self.model(text, inputs.env) {
            Ok(found) => found,
            Err(problem) => return sink.push(problem.diagnostic(entry.at.clone())),
        };
        missing.extend(self.providers[provider].unbuilt.iter().cloned());
        let added = self.add(&DeploymentSpec { provider, model, at: entry.at.clone(), settings }, inputs.env, sink);
        let timeouts = layers.timeout_config().timeouts(added.slow);
        // The keys of one entry share its weight, so that an A/B split stays as written.
        let share = settings.number("weight").map(|weight| weight / added.ids.len().max(1) as f64);
        for deployment in added.ids {
            if members.iter().any(|member| member.deployment == deployment) {
                let message = format!("duplicate deployment `{text}`");
                sink.push(Diagnostic::error(message).at(entry.at.clone()).help("write it once, with a `weight`"));
            }
            members.push(Member {
                deployment,
                weight: share,
                rpm: settings.count("rpm"),
                tpm: settings.count("tpm"),
                order: settings.count("order").map_or(0, |order| u32::try_from(order).unwrap_or(u32::MAX)),
                tags: tags(settings, sink),
                timeouts,
            });
        }
    }
}

fn tags(settings: &Settings<'_>, sink: &mut Vec<Diagnostic>) -> Vec<String> {
    let names = settings.names("tags").unwrap_or_default();
    for name in names.iter().filter(|name| name.text.starts_with('!') || name.text.is_empty()) {
        let help = "`!` belongs to `--require-tag`, where it means without";
        sink.push(Diagnostic::error(format!("`{}` is no tag", name.text)).at(name.at.clone()).help(help));
    }
    names.iter().map(|name| name.text.clone()).collect()
}

fn check_members(profile: &Profile, table: &GroupTable<'_>, members: &[Member], sink: &mut Vec<Diagnostic>) {
    let routes_on = ["complexity_router", "rules", "routes"].iter().any(|name| table.settings.mentions(name));
    if table.deployments.is_empty() && !routes_on && !table.settings.broken.contains(&"deployments") {
        let message = format!("group `{}` has no deployments", table.name.text);
        let help = "write `deployments = [{ model = \"PROVIDER/MODEL\" }]`";
        sink.push(Diagnostic::error(message).at(table.name.at.clone()).help(help));
    }
    let weights: Vec<f64> = members.iter().filter_map(|member| member.weight).collect();
    if !weights.is_empty() && weights.len() == members.len() && weights.iter().all(|weight| *weight == 0.0) {
        let message = format!("every weight in group `{}` is 0: nobody would be asked", table.name.text);
        sink.push(Diagnostic::error(message).at(table.name.at.clone()));
    }
    let name = |member: &Member| &profile.map.deployment(member.deployment).name;
    for (index, member) in members.iter().enumerate() {
        let twin =
            members[..index].iter().any(|other| other.deployment != member.deployment && name(other) == name(member));
        if twin {
            let message = format!("two deployments in group `{}` are called `{}`", table.name.text, name(member));
            let help = "give each its own `name`";
            sink.push(Diagnostic::error(message).at(table.name.at.clone()).help(help));
        }
    }
}

fn check_times(layers: &Precedence<'_, '_>, table: &GroupTable<'_>, sink: &mut Vec<Diagnostic>) {
    let Some((_, first)) = layers.find("cooldown_time") else { return };
    if let Value::Duration(span) = first.value
        && span > layers.duration("cooldown_max")
        && (table.settings.get("cooldown_time").is_some() || table.settings.get("cooldown_max").is_some())
    {
        let message = "the first cooldown is longer than `cooldown_max`";
        sink.push(Diagnostic::error(message).at(first.at.clone()));
    }
}
