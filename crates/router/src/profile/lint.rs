//! What loads and is probably not meant: remarks of `profile check`, which other commands do not make.

use std::time::Duration;

use crate::profile::diagnostic::Diagnostic;
use crate::profile::document::{File, GroupTable};
use crate::profile::precedence::Precedence;
use crate::profile::value::Name;
use crate::profile::{LoadOptions, Profile, duration, with_file};
use llmroute_core::model::KeySource;
use llmroute_core::routing::{DeploymentId, Group, GroupId};

impl Profile {
    /// Warnings about groups that will not do what they seem to promise, in the order of the text.
    #[must_use]
    pub fn lint(&self, inputs: &LoadOptions<'_>) -> Vec<Diagnostic> {
        let remarks = with_file(self.source.clone(), &self.document.text, inputs, |_, file| self.remarks(file));
        // It loaded before; what is masked now cannot be remarked upon.
        remarks.unwrap_or_default()
    }

    fn remarks(&self, file: &File<'_>) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (index, table) in file.groups.iter().enumerate() {
            let group = &self.map.groups[index];
            self.windows(table, group, file, &mut found);
            found.extend(self.shared(table, group));
            self.dependent(table, group, file, &mut found);
            found.extend(self.prices(table, group, file));
            found.extend(self.deadline(table, GroupId(index), file));
        }
        found.sort_by_key(|remark| remark.span.as_ref().map(|span| span.start));
        found
    }

    /// Fallbacks for which a prompt of the group may be too long.
    fn windows(&self, table: &GroupTable<'_>, group: &Group, file: &File<'_>, found: &mut Vec<Diagnostic>) {
        let Some(own) = self.window(group) else { return };
        let fallbacks = table.settings.names("fallbacks").or(file.router.names("default_fallbacks"));
        let larger = table.settings.names("context_window_fallbacks");
        let of = |names: Option<&[Name]>, bad: fn(u64, u64) -> bool| -> Vec<(Name, u64)> {
            let groups = names.unwrap_or_default().iter().filter(|name| name.text != group.name);
            let known = groups.filter_map(|name| {
                let fallback = self.map.groups.iter().find(|group| group.name == name.text)?;
                Some((name.clone(), self.window(fallback)?))
            });
            known.filter(|(_, window)| bad(*window, own)).collect()
        };
        for (name, window) in of(fallbacks, |window, own| window < own) {
            let message = format!(
                "fallback `{}` takes {window} tokens and `{}` takes {own}: longer prompts have no fallback",
                name.text, group.name
            );
            found.push(Diagnostic::warning(message).at(name.at));
        }
        for (name, window) in of(larger, |window, own| window <= own) {
            let message = format!(
                "`{}` takes {window} tokens, no more than `{}` itself ({own}): it helps no longer prompt",
                name.text, group.name
            );
            found.push(Diagnostic::warning(message).at(name.at));
        }
    }

    /// The largest window of a group, when all are known.
    fn window(&self, group: &Group) -> Option<u64> {
        let windows = group.members.iter().map(|member| self.map.deployment(member.deployment).context_window);
        windows.collect::<Option<Vec<u64>>>()?.into_iter().max()
    }

    /// Two members that fail together.
    fn shared(&self, table: &GroupTable<'_>, group: &Group) -> Option<Diagnostic> {
        let ids: Vec<DeploymentId> = group.members.iter().map(|member| member.deployment).collect();
        let pairs = ids.iter().enumerate().flat_map(|(at, a)| ids[at + 1..].iter().map(move |b| (*a, *b)));
        let (a, b, what) = pairs.into_iter().find_map(|(a, b)| Some((a, b, self.in_common(a, b)?)))?;
        let name = |id| &self.map.deployment(id).name;
        let message = format!("`{}` and `{}` share {what}: what stops one stops the other", name(a), name(b));
        let help = "give one of them another provider or a key of its own, or add an independent fallback";
        Some(Diagnostic::warning(message).at(table.name.at.clone()).help(help))
    }

    /// Fallbacks that share a key or a host with all who are in the group.
    fn dependent(&self, table: &GroupTable<'_>, group: &Group, file: &File<'_>, found: &mut Vec<Diagnostic>) {
        let names = table.settings.names("fallbacks").or(file.router.names("default_fallbacks"));
        for name in names.unwrap_or_default().iter().filter(|name| name.text != group.name) {
            let Some(fallback) = self.map.groups.iter().find(|group| group.name == name.text) else { continue };
            let pairs = || {
                let there = fallback.members.iter().map(|member| member.deployment);
                there.flat_map(|b| group.members.iter().map(move |member| (member.deployment, b)))
            };
            let apart = |(a, b): (DeploymentId, DeploymentId)| a != b && self.in_common(a, b).is_none();
            let shared = pairs().filter(|(a, b)| a != b).find_map(|(a, b)| self.in_common(a, b));
            if let Some(what) = shared.filter(|_| !pairs().any(apart)) {
                let message = format!("fallback `{}` shares {what} with all of `{}`", name.text, group.name);
                let help = "what stops that stops both; add a deployment with another key at another provider";
                found.push(Diagnostic::warning(message).at(name.at.clone()).help(help));
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
        // Two keys at one provider are meant.
        (same && one.provider != other.provider).then(|| format!("the host `{host}`"))
    }

    /// Members without a price where the price decides.
    fn prices(&self, table: &GroupTable<'_>, group: &Group, file: &File<'_>) -> Option<Diagnostic> {
        let layers = Precedence { deployment: None, group: Some(&table.settings), router: &file.router };
        let strategy = layers.find("routing_strategy").map(|(_, entry)| entry);
        let strategy = strategy.filter(|entry| matches!(entry.raw.as_str(), Some("cost-based-routing" | "adaptive")));
        let of_members = || table.deployments.iter().find_map(|settings| settings.get("budget"));
        let by = strategy.or_else(|| table.settings.get("budget")).or_else(of_members)?;
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
        let message =
            format!("the price of {} is not known, and `{}` goes by prices", unpriced.join(", "), by.key.name);
        let help = "write `input_cost_per_token` and `output_cost_per_token`";
        Some(Diagnostic::warning(message).at(by.at.clone()).help(help))
    }

    /// A chain whose silences add up to more than the deadline.
    fn deadline(&self, table: &GroupTable<'_>, id: GroupId, file: &File<'_>) -> Option<Diagnostic> {
        let (silence, deadline) = (self.silence(id), self.map.group(id).policy.deadline);
        if silence <= deadline {
            return None;
        }
        let layers = Precedence { deployment: None, group: Some(&table.settings), router: &file.router };
        let at = layers.find("deadline").map_or_else(|| table.name.at.clone(), |(_, entry)| entry.at.clone());
        let (silence, limit) = (duration::show(silence), duration::show(deadline));
        let message =
            format!("`{}` and its fallbacks may be silent for {silence}, and the deadline is {limit}", table.name.text);
        let help = "raise `deadline`, or lower `first_token_timeout` or `num_retries`: each attempt gets its share";
        Some(Diagnostic::warning(message).at(at).help(help))
    }

    /// How long everybody who is asked for the first time may be silent, one after the other.
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
            let asked = usize::try_from(group.policy.num_retries).unwrap_or(usize::MAX).saturating_add(1);
            all = limits.into_iter().rev().take(asked).fold(all, Duration::saturating_add);
            queue.extend(group.fallbacks.iter().rev());
        }
        all
    }
}
