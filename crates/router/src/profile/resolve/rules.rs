//! Rules of groups: conditions are compiled, and each target becomes a group of its own.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

pub use llmroute_core::routing::rules::{Condition, ConditionError, FUNCTIONS, Rule, VARIABLES};
use llmroute_core::routing::{Group, GroupId};

use crate::profile::document::diagnostic::Diagnostic;
use crate::profile::document::table::Setting;
use crate::profile::document::{ProfileTables, RuleKeys, names, suggest};
use crate::profile::{EnvVars, LoadOptions, Profile};

/// The prefix of variables that rules may read even if they are not listed.
const OWN_PREFIX: &str = "LLMROUTE_";

impl Profile {
    /// Adds the rules of every group, after all groups.
    pub(crate) fn add_rules(
        &mut self,
        tables: &ProfileTables<'_>,
        options: &LoadOptions<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for table in &tables.groups {
            for (index, rule) in table.keys.rules().iter().enumerate() {
                let when = rule.keys.when.setting().and_then(|when| self.condition(when, diagnostics));
                let target = self.rule_target(&rule.keys, options, diagnostics);
                if let (Some(when), Some(target)) = (when, target) {
                    let group = table.name.get_ref().clone();
                    self.map.rules.all.push(Rule { group, number: index + 1, when, target });
                }
            }
        }
        if !self.map.rules.all.is_empty() {
            self.map.rules.env = Arc::new(readable(tables, options.env));
        }
    }

    fn condition(&self, when: &Setting<'_, String>, diagnostics: &mut Vec<Diagnostic>) -> Option<Condition> {
        match Condition::compile(&when.value) {
            Ok(condition) => Some(condition),
            Err(mistakes) => {
                let located = mistakes.into_iter().map(|mistake| self.mistake(mistake, &when.value, &when.at));
                diagnostics.extend(located);
                None
            }
        }
    }

    /// The mistake at its place in the file, or at the whole text if that is written with escapes.
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

    /// The group that a rule leads to: the deployments of its target, with the deployments of its
    /// fallbacks behind them. A rule never leads to anything that it does not name.
    fn rule_target(
        &mut self,
        rule: &RuleKeys<'_>,
        options: &LoadOptions<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<GroupId> {
        let setting = rule.target.setting()?;
        let named = Spanned::new(setting.at.clone(), setting.value.clone());
        let target = self.without_fallbacks(&named, options, diagnostics);
        let fallbacks: Vec<GroupId> = names(&rule.fallbacks)
            .iter()
            .filter_map(|name| self.without_fallbacks(name, options, diagnostics))
            .collect();
        let target = target?;
        self.map.groups[target.0].fallbacks = fallbacks;
        Some(target)
    }

    /// A copy of a group without its fallbacks.
    fn without_fallbacks(
        &mut self,
        name: &Spanned<String>,
        options: &LoadOptions<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<GroupId> {
        let id = match self.target(name.get_ref(), options) {
            Ok(id) => id,
            Err(problem) => {
                diagnostics.push(problem.diagnostic(name.span()));
                return None;
            }
        };
        let copy = Group {
            fallbacks: Vec::new(),
            context_window_fallbacks: Vec::new(),
            content_policy_fallbacks: None,
            ..self.map.group(id).clone()
        };
        self.map.groups.push(copy);
        self.not_built.push(self.not_built[id.0].clone());
        Some(GroupId(self.map.groups.len() - 1))
    }
}

/// The variables that rules may read: those with the prefix, and those that the profile lists.
fn readable(tables: &ProfileTables<'_>, env: &EnvVars) -> BTreeMap<String, String> {
    let listed = names(&tables.router.rule_env);
    let allowed = |name: &str| name.starts_with(OWN_PREFIX) || listed.iter().any(|listed| listed.get_ref() == name);
    let readable = env.as_map().iter().filter(|(name, _)| allowed(name));
    readable.map(|(name, value)| (name.clone(), value.clone())).collect()
}
