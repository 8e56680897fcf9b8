//! Rules of groups: which one decides, and where every group of a request then leads.
//!
//! Evaluated once, before any call, from values only; the failover applies the [`RuleOverrides`].

#[cfg(feature = "rules")]
mod condition;
#[cfg(not(feature = "rules"))]
#[path = "condition_unavailable.rs"]
mod condition;
mod input;
#[cfg(test)]
#[cfg(feature = "rules")]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use condition::Condition;
pub use input::{ConditionError, EvaluationError, FUNCTIONS, RuleInput, VARIABLES};

use super::{GroupId, Map};

/// Position of a rule in [`Rules::all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(pub usize);

/// Every rule of a profile. Empty for most, and then nothing is done for them.
#[derive(Clone, Default)]
pub struct Rules {
    /// The rules, group by group, in the order of the text.
    pub all: Vec<Rule>,
    /// The variables of the environment that they may read.
    pub env: Arc<BTreeMap<String, String>>,
}

impl fmt::Debug for Rules {
    /// Values of variables may be keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("all", &self.all).field("env", &self.env.keys()).finish()
    }
}

/// One rule of a group.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name of the group that it belongs to.
    pub group: String,
    /// Its number in the group, from 1.
    pub number: usize,
    /// Its condition.
    pub when: Condition,
    /// The target: a group made for the rule, whose only fallbacks are those of the rule.
    pub target: GroupId,
}

/// A rule that cannot be evaluated: no call is allowed, since the rule may protect the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleError {
    /// The rule.
    pub rule: RuleId,
    /// The reason.
    pub fault: EvaluationError,
}

/// The targets of the groups of one request by their rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleOverrides {
    /// A group, the rule that decided for it in the end, and that rule's target.
    list: Vec<(GroupId, RuleId, GroupId)>,
}

impl RuleOverrides {
    /// The group that replaces `group` in this request.
    #[must_use]
    pub fn target(&self, group: GroupId) -> GroupId {
        self.list.iter().find(|(from, ..)| *from == group).map_or(group, |(.., to)| *to)
    }

    /// The groups with a matching rule, in evaluation order.
    #[cfg(test)]
    pub(crate) fn groups(&self) -> impl Iterator<Item = GroupId> {
        self.list.iter().map(|(from, ..)| *from)
    }

    /// The rule that decided for `group`, if one did.
    #[must_use]
    pub fn rule(&self, group: GroupId) -> Option<RuleId> {
        self.list.iter().find(|(from, ..)| *from == group).map(|(_, rule, _)| *rule)
    }
}

impl Rules {
    /// The rule at `id`.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> &Rule {
        &self.all[id.0]
    }

    /// The first rule of the group called `name` that holds.
    fn first(&self, name: &str, input: &RuleInput<'_>) -> Result<Option<RuleId>, RuleError> {
        for (index, rule) in self.all.iter().enumerate().filter(|(_, rule)| rule.group == name) {
            let rule_id = RuleId(index);
            match rule.when.holds(input) {
                Ok(true) => return Ok(Some(rule_id)),
                Ok(false) => {}
                Err(fault) => return Err(RuleError { rule: rule_id, fault }),
            }
        }
        Ok(None)
    }

    /// The rule that decides for `group` in the end: a rule's target may have rules of its own.
    fn last(&self, map: &Map, group: GroupId, input: &RuleInput<'_>) -> Result<Option<RuleId>, RuleError> {
        let mut decided = None;
        let mut here = group;
        // Circles are mistakes of the profile; the bound holds even so.
        for _ in 0..self.all.len() {
            let Some(rule) = self.first(&map.group(here).name, input)? else { break };
            decided = Some(rule);
            here = self.rule(rule).target;
        }
        Ok(decided)
    }
}

/// Decides for `group` and every group that it may lead to.
///
/// # Errors
/// Fails if a rule has no value: the request must not be sent anywhere.
pub fn decide(map: &Map, group: GroupId, input: &RuleInput<'_>) -> Result<RuleOverrides, RuleError> {
    let mut rule_overrides = RuleOverrides::default();
    if map.rules.all.is_empty() {
        return Ok(rule_overrides);
    }
    let mut seen = vec![group];
    let mut next = 0;
    while let Some(&here) = seen.get(next) {
        next += 1;
        let mut leads = here;
        if let Some(rule) = map.rules.last(map, here, input)? {
            leads = map.rules.rule(rule).target;
            rule_overrides.list.push((here, rule, leads));
        }
        let group = map.group(leads);
        for id in group.all_fallbacks() {
            if !seen.contains(&id) {
                seen.push(id);
            }
        }
    }
    Ok(rule_overrides)
}
