//! What groups say of other groups: fallbacks, targets of rules, tiers; and that no rule goes in circles.

use toml::de::DeValue;

use crate::profile::diagnostic::Diagnostic;
use crate::profile::document::{File, GroupTable, Settings};
use crate::profile::keys::TIERS;
use crate::profile::value::Name;
use crate::profile::{LoadOptions, Profile, suggest};
use llmroute_core::routing::GroupId;

impl Profile {
    /// Resolves the fallbacks of every group; named groups are at their positions in the file.
    pub(crate) fn link(&mut self, file: &File<'_>, inputs: &LoadOptions<'_>, sink: &mut Vec<Diagnostic>) {
        let default = self.targets(file.router.names("default_fallbacks"), inputs, sink);
        for (index, table) in file.groups.iter().enumerate() {
            let settings = &table.settings;
            let own = GroupId(index);
            let fallbacks = match settings.names("fallbacks") {
                Some(names) => self.fallbacks(Some(names), own, inputs, sink),
                None => default.iter().copied().filter(|id| *id != own).collect(),
            };
            let window = self.fallbacks(settings.names("context_window_fallbacks"), own, inputs, sink);
            let content = self.fallbacks(settings.names("content_policy_fallbacks"), own, inputs, sink);
            let group = &mut self.map.groups[index];
            group.fallbacks = fallbacks;
            group.context_window_fallbacks = window;
            group.content_policy_fallbacks = content;
            for (_, name) in &tiers(settings) {
                if let Err(problem) = self.knows(&name.text, inputs.env) {
                    sink.push(problem.diagnostic(name.at.clone()));
                }
            }
            check_tiers(settings, sink);
            check_rules(&table.rules, sink);
        }
        check_circles(file, sink);
    }

    fn targets(
        &mut self,
        names: Option<&[Name]>,
        inputs: &LoadOptions<'_>,
        sink: &mut Vec<Diagnostic>,
    ) -> Vec<GroupId> {
        let mut found = Vec::new();
        for name in names.unwrap_or_default() {
            match self.target(&name.text, inputs) {
                Ok(id) => found.push(id),
                Err(problem) => sink.push(problem.diagnostic(name.at.clone())),
            }
        }
        found
    }

    fn fallbacks(
        &mut self,
        names: Option<&[Name]>,
        own: GroupId,
        inputs: &LoadOptions<'_>,
        sink: &mut Vec<Diagnostic>,
    ) -> Vec<GroupId> {
        let own_name = &self.map.group(own).name;
        if let Some(name) = names.unwrap_or_default().iter().find(|name| name.text == *own_name) {
            sink.push(Diagnostic::error("a group cannot be its own fallback").at(name.at.clone()));
        }
        self.targets(names, inputs, sink)
    }
}

/// The groups that rules and tiers of `table` decide for.
fn decisions(table: &GroupTable<'_>) -> Vec<Name> {
    let uses = table
        .rules
        .iter()
        .filter_map(|rule| Some(Name { text: rule.text("use")?.to_owned(), at: rule.get("use")?.at.clone() }));
    uses.chain(tiers(&table.settings).into_iter().map(|(_, target)| target)).collect()
}

/// The tiers of a `complexity_router` and its default, with what they name.
fn tiers(settings: &Settings<'_>) -> Vec<(Option<Name>, Name)> {
    let Some(DeValue::Table(table)) = settings.get("complexity_router").map(|entry| entry.raw) else {
        return Vec::new();
    };
    let name =
        |raw: &toml::Spanned<DeValue<'_>>| Some(Name { text: raw.get_ref().as_str()?.to_owned(), at: raw.span() });
    let mut found: Vec<(Option<Name>, Name)> =
        table.get("default").and_then(name).map(|target| (None, target)).into_iter().collect();
    if let Some(DeValue::Table(tiers)) = table.get("tiers").map(|raw| raw.get_ref()) {
        for (key, raw) in tiers {
            let tier = Name { text: key.get_ref().to_string(), at: key.span() };
            found.extend(name(raw).map(|target| (Some(tier), target)));
        }
    }
    found
}

fn check_tiers(settings: &Settings<'_>, sink: &mut Vec<Diagnostic>) {
    let known = |name: &Name| TIERS.contains(&name.text.as_str());
    for tier in tiers(settings).into_iter().filter_map(|(tier, _)| tier).filter(|tier| !known(tier)) {
        let help = suggest::help(&tier.text, TIERS.iter().copied());
        sink.push(Diagnostic::error(format!("unknown tier `{}`", tier.text)).at(tier.at).help(help));
    }
}

fn check_rules(rules: &[Settings<'_>], sink: &mut Vec<Diagnostic>) {
    for rule in rules {
        for name in ["when", "use"] {
            if !rule.mentions(name) {
                sink.push(Diagnostic::error(format!("a rule without `{name}`")).at(rule.at.clone()));
            }
        }
    }
}

/// Reports each group from which rules or tiers lead back to itself.
fn check_circles(file: &File<'_>, sink: &mut Vec<Diagnostic>) {
    let edges: Vec<Vec<Name>> = file.groups.iter().map(decisions).collect();
    let position = |name: &str| file.groups.iter().position(|group| group.name.text == name);
    let mut reported = vec![false; edges.len()];
    for start in 0..edges.len() {
        for edge in &edges[start] {
            let Some(path) = position(&edge.text).and_then(|from| way(from, start, &edges, &position)) else {
                continue;
            };
            if reported[start] {
                continue;
            }
            path.iter().for_each(|index| reported[*index] = true);
            let names: Vec<&str> =
                std::iter::once(&start).chain(&path).map(|index| file.groups[*index].name.text.as_str()).collect();
            let message = format!("rules or tiers go in a circle: {}", names.join(" → "));
            sink.push(Diagnostic::error(message).at(edge.at.clone()));
        }
    }
}

/// The groups on a way from `from` to `to`, both included.
fn way(from: usize, to: usize, edges: &[Vec<Name>], position: &impl Fn(&str) -> Option<usize>) -> Option<Vec<usize>> {
    let mut came: Vec<Option<usize>> = vec![None; edges.len()];
    let mut queue = vec![from];
    let mut next = 0;
    came[from] = Some(from);
    while let Some(&here) = queue.get(next) {
        next += 1;
        if here == to {
            let mut path = vec![here];
            while let Some(before) = came[path[path.len() - 1]].filter(|_| path[path.len() - 1] != from) {
                path.push(before);
            }
            path.reverse();
            return Some(path);
        }
        for there in edges[here].iter().filter_map(|edge| position(&edge.text)) {
            if came[there].is_none() {
                came[there] = Some(here);
                queue.push(there);
            }
        }
    }
    None
}
