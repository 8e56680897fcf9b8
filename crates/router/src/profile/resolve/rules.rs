//! Rules of groups: conditions compiled with their mistakes in place, targets as groups of their own.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::profile::diagnostic::Diagnostic;
use crate::profile::document::{Entry, File, Settings};
use crate::profile::value::Name;
use crate::profile::{EnvVars, LoadOptions, Profile, suggest};
use llmroute_core::routing::rules::{Condition, ConditionError, FUNCTIONS, Rule, VARIABLES};
use llmroute_core::routing::{Group, GroupId};

/// Variables with this beginning may be read by rules without being listed.
const OWN: &str = "LLMROUTE_";

impl Profile {
    /// Adds the rules of every group, which are all there by now.
    pub(crate) fn add_rules(&mut self, file: &File<'_>, inputs: &LoadOptions<'_>, sink: &mut Vec<Diagnostic>) {
        for table in &file.groups {
            for (index, settings) in table.rules.iter().enumerate() {
                let when = settings.get("when").and_then(|entry| self.condition(entry, sink));
                let target = self.rule_target(settings, inputs, sink);
                if let (Some(when), Some(target)) = (when, target) {
                    self.map.rules.all.push(Rule { group: table.name.text.clone(), number: index + 1, when, target });
                }
            }
        }
        if !self.map.rules.all.is_empty() {
            self.map.rules.env = Arc::new(readable(file, inputs.env));
        }
    }

    fn condition(&self, entry: &Entry<'_>, sink: &mut Vec<Diagnostic>) -> Option<Condition> {
        let text = entry.raw.as_str()?;
        match Condition::compile(text) {
            Ok(condition) => Some(condition),
            Err(mistakes) => {
                sink.extend(mistakes.into_iter().map(|mistake| self.mistake(mistake, text, &entry.at)));
                None
            }
        }
    }

    /// The mistake at its place in the file, or at the whole text where that is written with escapes.
    fn mistake(&self, mistake: ConditionError, text: &str, at: &Range<usize>) -> Diagnostic {
        let inside = self.document.text.get(at.clone()).and_then(|written| written.find(text));
        let span = match inside {
            Some(offset) => at.start + offset + mistake.at.start..at.start + offset + mistake.at.end,
            None => at.clone(),
        };
        let error = Diagnostic::error(mistake.message).at(span);
        match mistake.unknown {
            Some(name) => error.help(suggest::help(&name, VARIABLES.iter().chain(FUNCTIONS).copied())),
            None => error,
        }
    }

    /// The group that a rule leads to: the deployments of what it names, and the fallbacks that it
    /// names, of which the deployments alone count. Nothing that a rule does not name is asked.
    fn rule_target(
        &mut self,
        rule: &Settings<'_>,
        inputs: &LoadOptions<'_>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<GroupId> {
        let entry = rule.get("use")?;
        let named = Name { text: rule.text("use")?.to_owned(), at: entry.at.clone() };
        let target = self.alone(&named, inputs, sink);
        let names = rule.names("fallbacks").unwrap_or_default();
        let fallbacks: Vec<GroupId> = names.iter().filter_map(|name| self.alone(name, inputs, sink)).collect();
        let target = target?;
        self.map.groups[target.0].fallbacks = fallbacks;
        Some(target)
    }

    /// A copy of the group called `name` without any fallbacks.
    fn alone(&mut self, name: &Name, inputs: &LoadOptions<'_>, sink: &mut Vec<Diagnostic>) -> Option<GroupId> {
        let id = match self.target(&name.text, inputs) {
            Ok(id) => id,
            Err(problem) => {
                sink.push(problem.diagnostic(name.at.clone()));
                return None;
            }
        };
        let copy = Group {
            fallbacks: Vec::new(),
            context_window_fallbacks: Vec::new(),
            content_policy_fallbacks: Vec::new(),
            ..self.map.group(id).clone()
        };
        self.map.groups.push(copy);
        self.unbuilt.push(self.unbuilt[id.0].clone());
        Some(GroupId(self.map.groups.len() - 1))
    }
}

/// The variables that rules may read: our own, and those that the profile lists.
fn readable(file: &File<'_>, vars: &EnvVars) -> BTreeMap<String, String> {
    let listed = file.router.names("rule_env").unwrap_or_default();
    let allowed = |name: &str| name.starts_with(OWN) || listed.iter().any(|listed| listed.text == name);
    let readable = vars.as_map().iter().filter(|(name, _)| allowed(name));
    readable.map(|(name, value)| (name.clone(), value.clone())).collect()
}
