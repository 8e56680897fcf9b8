//! References between groups: fallbacks, targets of rules, tiers; rules must not form a cycle.

use toml::Spanned;

use llmroute_core::routing::GroupId;

use crate::profile::document::diagnostic::Diagnostic;
use crate::profile::document::table::{Field, NamedTable, Table};
use crate::profile::document::value::Names;
use crate::profile::document::{GroupKeys, ProfileTables, RuleKeys, names};
use crate::profile::{LoadOptions, Profile};

impl Profile {
    /// Resolves the fallbacks of every group; groups of the file are at their positions in it.
    pub(crate) fn link(
        &mut self,
        tables: &ProfileTables<'_>,
        options: &LoadOptions<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let default = self.targets(names(&tables.router.default_fallbacks), options, diagnostics);
        for (index, table) in tables.groups.iter().enumerate() {
            let keys = &table.keys;
            let own = GroupId(index);
            let fallbacks = match keys.fallbacks.value() {
                Some(_) => self.fallbacks(&keys.fallbacks, own, options, diagnostics),
                None => default.iter().copied().filter(|id| *id != own).collect(),
            };
            let window = self.fallbacks(&keys.context_window_fallbacks, own, options, diagnostics);
            let content = self.fallbacks(&keys.content_policy_fallbacks, own, options, diagnostics);
            let content = keys.content_policy_fallbacks.is_written().then_some(content);
            let group = &mut self.map.groups[index];
            group.fallbacks = fallbacks;
            group.context_window_fallbacks = window;
            group.content_policy_fallbacks = content;
            for name in tiers(keys) {
                if let Err(problem) = self.knows(name.get_ref(), options.env) {
                    diagnostics.push(problem.diagnostic(name.span()));
                }
            }
            check_rules(keys.rules(), diagnostics);
        }
        check_cycles(&tables.groups, diagnostics);
    }

    fn targets(
        &mut self,
        names: &[Spanned<String>],
        options: &LoadOptions<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<GroupId> {
        let mut found = Vec::new();
        for name in names {
            match self.target(name.get_ref(), options) {
                Ok(id) => found.push(id),
                Err(problem) => diagnostics.push(problem.diagnostic(name.span())),
            }
        }
        found
    }

    fn fallbacks(
        &mut self,
        key: &Field<'_, Names>,
        own: GroupId,
        options: &LoadOptions<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<GroupId> {
        let names = names(key);
        let own_name = &self.map.group(own).name;
        if let Some(name) = names.iter().find(|name| name.get_ref() == own_name) {
            diagnostics.push(Diagnostic::error("a group cannot be its own fallback").at(name.span()));
        }
        self.targets(names, options, diagnostics)
    }
}

/// The groups or models that the tiers of a group name.
fn tiers<'k>(keys: &'k GroupKeys<'_>) -> &'k [Spanned<String>] {
    keys.complexity_router.value().map_or(&[], |router| &router.targets)
}

/// The groups or models that rules and tiers of a group name.
fn decisions(table: &NamedTable<GroupKeys<'_>>) -> Vec<Spanned<String>> {
    let target = |rule: &Table<RuleKeys<'_>>| {
        let setting = rule.keys.target.setting()?;
        Some(Spanned::new(setting.at.clone(), setting.value.clone()))
    };
    table.keys.rules().iter().filter_map(target).chain(tiers(&table.keys).iter().cloned()).collect()
}

fn check_rules(rules: &[Table<RuleKeys<'_>>], diagnostics: &mut Vec<Diagnostic>) {
    for Table { keys, at } in rules {
        for (name, is_written) in [("when", keys.when.is_written()), ("use", keys.target.is_written())] {
            if !is_written {
                diagnostics.push(Diagnostic::error(format!("a rule without `{name}`")).at(at.clone()));
            }
        }
    }
}

/// Reports each cycle of rules and tiers once.
fn check_cycles(groups: &[NamedTable<GroupKeys<'_>>], diagnostics: &mut Vec<Diagnostic>) {
    let edges: Vec<Vec<Spanned<String>>> = groups.iter().map(decisions).collect();
    let position = |name: &str| groups.iter().position(|group| group.name.get_ref() == name);
    let mut reported = vec![false; edges.len()];
    for start in 0..edges.len() {
        for edge in &edges[start] {
            let Some(path) = position(edge.get_ref()).and_then(|from| path(from, start, &edges, &position)) else {
                continue;
            };
            if reported[start] {
                continue;
            }
            path.iter().for_each(|index| reported[*index] = true);
            let cycle = std::iter::once(&start).chain(&path);
            let names: Vec<&str> = cycle.map(|index| groups[*index].name.get_ref().as_str()).collect();
            let message = format!("rules or tiers form a cycle: {}", names.join(" → "));
            diagnostics.push(Diagnostic::error(message).at(edge.span()));
        }
    }
}

/// The groups on a path from `from` to `to`, both included.
fn path(
    from: usize,
    to: usize,
    edges: &[Vec<Spanned<String>>],
    position: &impl Fn(&str) -> Option<usize>,
) -> Option<Vec<usize>> {
    let mut previous: Vec<Option<usize>> = vec![None; edges.len()];
    let mut queue = vec![from];
    let mut next = 0;
    previous[from] = Some(from);
    while let Some(&here) = queue.get(next) {
        next += 1;
        if here == to {
            let mut path = vec![here];
            while let Some(before) = previous[path[path.len() - 1]].filter(|_| path[path.len() - 1] != from) {
                path.push(before);
            }
            path.reverse();
            return Some(path);
        }
        for there in edges[here].iter().filter_map(|edge| position(edge.get_ref())) {
            if previous[there].is_none() {
                previous[there] = Some(here);
                queue.push(there);
            }
        }
    }
    None
}
