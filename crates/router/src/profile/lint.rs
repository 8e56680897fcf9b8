//! Warnings of `profile check` about settings that load but are probably not intended.

use std::time::Duration;

use toml::Spanned;

use llmroute_core::catalog;
pub use llmroute_core::model::KeySource;
use llmroute_core::routing::{DeploymentId, Group, GroupId};

use super::document::diagnostic::Diagnostic;
use super::document::table::NamedTable;
use super::document::{GroupKeys, ProfileTables, duration, names};
use super::resolve::precedence::Precedence;
use super::resolve::provider::ResolvedProvider;
use super::{LoadOptions, Profile, with_tables};

impl Profile {
    /// Returns warnings about groups that will not work as they seem to, in the order of the text.
    #[must_use]
    pub fn lint(&self, options: &LoadOptions<'_>) -> Vec<Diagnostic> {
        let warnings =
            with_tables(self.source.clone(), &self.document.text, options, |_, tables| self.warnings(tables, options));
        // The profile loaded before, so only a mattempts secret can be a mistake now.
        warnings.unwrap_or_default()
    }

    fn warnings(&self, tables: &ProfileTables<'_>, options: &LoadOptions<'_>) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for table in &tables.providers {
            let provider = self.providers.iter().find(|provider| provider.name == *table.name.get_ref());
            let is_set =
                |provider: &&ResolvedProvider| provider.withheld.is_some_and(|name| options.env.get(name).is_some());
            let withheld = provider.filter(is_set).and_then(ResolvedProvider::withheld_key);
            found.extend(withheld.map(|message| Diagnostic::warning(message).at(table.name.span())));
        }
        for (index, table) in tables.groups.iter().enumerate() {
            let group = &self.map.groups[index];
            found.extend(self.shadowed_model(table));
            self.windows(table, group, tables, &mut found);
            found.extend(self.shared(table, group));
            self.dependent(table, group, tables, &mut found);
            found.extend(self.prices(table, group, tables));
            found.extend(self.deadline(table, GroupId(index), tables));
        }
        found.sort_by_key(|warning| warning.span.as_ref().map(|span| span.start));
        found
    }

    /// A group with the name of a model.
    fn shadowed_model(&self, table: &NamedTable<GroupKeys<'_>>) -> Option<Diagnostic> {
        let name = table.name.get_ref();
        let (provider, model) = name.split_once('/')?;
        let is_known = self.providers.iter().any(|known| known.name == provider)
            || catalog::provider(catalog::aliases::canonical(provider).unwrap_or(provider)).is_some();
        let message = format!("group `{name}` takes the place of the model `{name}`");
        let help = format!("`model = \"{name}\"` in a group still means the model");
        (is_known && !model.is_empty()).then(|| Diagnostic::note(message).at(table.name.span()).help(help))
    }

    /// Fallbacks for which a prompt of the group may be too long.
    fn windows(
        &self,
        table: &NamedTable<GroupKeys<'_>>,
        group: &Group,
        tables: &ProfileTables<'_>,
        found: &mut Vec<Diagnostic>,
    ) {
        let Some(own) = self.window(group) else { return };
        let fallbacks = fallbacks_of(table, tables);
        let larger = names(&table.keys.context_window_fallbacks);
        let of = |names: &[Spanned<String>], bad: fn(u64, u64) -> bool| -> Vec<(Spanned<String>, u64)> {
            let groups = names.iter().filter(|name| *name.get_ref() != group.name);
            let known = groups.filter_map(|name| {
                let fallback = self.map.groups.iter().find(|group| group.name == *name.get_ref())?;
                Some((name.clone(), self.window(fallback)?))
            });
            known.filter(|(_, window)| bad(*window, own)).collect()
        };
        for (name, window) in of(fallbacks, |window, own| window < own) {
            let message = format!(
                "fallback `{}` takes {window} tokens and `{}` takes {own}: longer prompts have no fallback",
                name.get_ref(),
                group.name
            );
            found.push(Diagnostic::warning(message).at(name.span()));
        }
        for (name, window) in of(larger, |window, own| window <= own) {
            let message = format!(
                "`{}` takes {window} tokens and `{}` takes {own}: it is not larger, so it never helps",
                name.get_ref(),
                group.name
            );
            found.push(Diagnostic::warning(message).at(name.span()));
        }
    }

    /// The largest window of a group, if all are known.
    fn window(&self, group: &Group) -> Option<u64> {
        let windows = group.members.iter().map(|member| self.map.deployment(member.deployment).context_window);
        windows.collect::<Option<Vec<u64>>>()?.into_iter().max()
    }

    /// Two members that fail together.
    fn shared(&self, table: &NamedTable<GroupKeys<'_>>, group: &Group) -> Option<Diagnostic> {
        let ids: Vec<DeploymentId> = group.members.iter().map(|member| member.deployment).collect();
        let pairs = ids.iter().enumerate().flat_map(|(at, a)| ids[at + 1..].iter().map(move |b| (*a, *b)));
        let (a, b, what) = pairs.into_iter().find_map(|(a, b)| Some((a, b, self.in_common(a, b)?)))?;
        let name = |id| &self.map.deployment(id).name;
        let message = format!("`{}` and `{}` share {what}: if one fails, the other fails too", name(a), name(b));
        let help = "give one of them another provider or a key of its own, or add an independent fallback";
        Some(Diagnostic::warning(message).at(table.name.span()).help(help))
    }

    /// Fallbacks that share a key or a host with every member of the group.
    fn dependent(
        &self,
        table: &NamedTable<GroupKeys<'_>>,
        group: &Group,
        tables: &ProfileTables<'_>,
        found: &mut Vec<Diagnostic>,
    ) {
        for name in fallbacks_of(table, tables).iter().filter(|name| *name.get_ref() != group.name) {
            let Some(fallback) = self.map.groups.iter().find(|group| group.name == *name.get_ref()) else { continue };
            let pairs = || {
                let there = fallback.members.iter().map(|member| member.deployment);
                there.flat_map(|b| group.members.iter().map(move |member| (member.deployment, b)))
            };
            let apart = |(a, b): (DeploymentId, DeploymentId)| a != b && self.in_common(a, b).is_none();
            let shared = pairs().filter(|(a, b)| a != b).find_map(|(a, b)| self.in_common(a, b));
            if let Some(what) = shared.filter(|_| !pairs().any(apart)) {
                let message =
                    format!("fallback `{}` shares {what} with every deployment of `{}`", name.get_ref(), group.name);
                let help = "both fail together; add a deployment with another key at another provider";
                found.push(Diagnostic::warning(message).at(name.span()).help(help));
            }
        }
    }

    fn in_common(&self, a: DeploymentId, b: DeploymentId) -> Option<String> {
        let (one, other) = (&self.endpoints[a.0], &self.endpoints[b.0]);
        if one.base_url.scheme() == "mock" || other.base_url.scheme() == "mock" {
            return None;
        }
        if self.keys[a.0] != KeySource::None && self.keys[a.0] == self.keys[b.0] {
            return Some("one key".to_owned());
        }
        let host = one.base_url.host_str()?;
        let same = other.base_url.host_str() == Some(host)
            && one.base_url.port_or_known_default() == other.base_url.port_or_known_default();
        // Two keys at one provider are intended.
        (same && one.provider != other.provider).then(|| format!("the host `{host}`"))
    }

    /// Members without a price in a group that chooses by price or has a budget.
    fn prices(
        &self,
        table: &NamedTable<GroupKeys<'_>>,
        group: &Group,
        tables: &ProfileTables<'_>,
    ) -> Option<Diagnostic> {
        let precedence = Precedence { deployment: None, group: Some(&table.keys), router: &tables.router };
        let strategy = precedence.routing(|keys| &keys.routing_strategy).map(|(_, setting)| setting);
        let strategy = strategy.filter(|_| group.strategy.uses_price());
        let of_members = || table.keys.deployments().iter().find_map(|table| table.keys.limits.budget.setting());
        let budget = || table.keys.limits.budget.setting().or_else(of_members);
        let (key, at) = strategy
            .map(|setting| (setting.name, setting.at.clone()))
            .or_else(|| budget().map(|setting| (setting.name, setting.at.clone())))?;
        let priced = |id: DeploymentId| self.map.deployment(id).price.is_some();
        let unpriced: Vec<String> = group
            .members
            .iter()
            .filter(|member| !priced(member.deployment))
            .map(|member| format!("`{}`", self.map.deployment(member.deployment).name))
            .collect();
        if unpriced.is_empty() {
            return None;
        }
        let message = format!("the price of {} is not known, and `{key}` depends on prices", unpriced.join(", "));
        let help = "write `input_cost_per_token` and `output_cost_per_token`";
        Some(Diagnostic::warning(message).at(at).help(help))
    }

    /// A chain of fallbacks whose time limits add up to more than the deadline.
    fn deadline(
        &self,
        table: &NamedTable<GroupKeys<'_>>,
        id: GroupId,
        tables: &ProfileTables<'_>,
    ) -> Option<Diagnostic> {
        let (silence, deadline) = (self.silence(id), self.map.group(id).policy.deadline);
        if silence <= deadline {
            return None;
        }
        let precedence = Precedence { deployment: None, group: Some(&table.keys), router: &tables.router };
        let at =
            precedence.routing(|keys| &keys.deadline).map_or_else(|| table.name.span(), |(_, found)| found.at.clone());
        let (silence, limit) = (duration::show(silence), duration::show(deadline));
        let message = format!(
            "`{}` and its fallbacks may be silent for {silence}, but the deadline is {limit}",
            table.name.get_ref()
        );
        let help = "raise `deadline`, or lower `first_token_timeout` or `num_retries`: each attempt gets its share";
        Some(Diagnostic::warning(message).at(at).help(help))
    }

    /// The sum of the time limits for the first token, over every first attempt.
    fn silence(&self, id: GroupId) -> Duration {
        let mut left = self.map.group(id).policy.max_fallbacks.saturating_add(1);
        let (mut queue, mut seen, mut all) = (vec![id], Vec::new(), Duration::ZERO);
        while let Some(here) = queue.pop() {
            if left == 0 || seen.contains(&here) {
                continue;
            }
            left -= 1;
            seen.push(here);
            let group = self.map.group(here);
            let mut limits: Vec<Duration> = group.members.iter().map(|member| member.timeouts.first_token).collect();
            limits.sort_unstable();
            let attempts = usize::try_from(group.policy.num_retries).unwrap_or(usize::MAX).saturating_add(1);
            all = limits.into_iter().rev().take(attempts).fold(all, Duration::saturating_add);
            queue.extend(group.fallbacks.iter().rev());
        }
        all
    }
}

/// The fallbacks that hold for a group.
fn fallbacks_of<'t>(table: &'t NamedTable<GroupKeys<'_>>, tables: &'t ProfileTables<'_>) -> &'t [Spanned<String>] {
    match table.keys.fallbacks.value() {
        Some(own) => &own.0,
        None => names(&tables.router.default_fallbacks),
    }
}
