//! Looks up names of groups, of `PROVIDER/MODEL`, of providers and of templates.

use std::ops::Range;
use std::sync::Arc;

use llmroute_core::catalog;
pub use llmroute_core::routing::strategy::SimpleShuffle;
use llmroute_core::routing::{Group, GroupId, Member};

use super::deployment::DeploymentSpec;
use super::provider::ResolvedProvider;
use crate::profile::document::diagnostic::Diagnostic;
use crate::profile::document::{DeploymentKeys, suggest};
use crate::profile::{EnvVars, LoadOptions, Profile, Template, UnbuiltFeature};

/// A name that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}\nhint: {hint}")]
pub struct UnknownName {
    /// The mistake.
    pub message: String,
    /// A suggestion, or the known names.
    pub hint: String,
}

impl UnknownName {
    /// The same, as a mistake in the profile.
    pub(crate) fn diagnostic(&self, at: Range<usize>) -> Diagnostic {
        Diagnostic::error(&self.message).at(at).help(&self.hint)
    }
}

impl Profile {
    /// Returns the group called `name`, or adds a group of the one model `PROVIDER/MODEL` without fallbacks.
    ///
    /// # Errors
    /// An unknown group or provider, with a suggestion.
    pub fn target(&mut self, name: &str, options: &LoadOptions<'_>) -> Result<GroupId, UnknownName> {
        if let Some(index) = self.map.groups.iter().position(|group| group.name == name) {
            return Ok(GroupId(index));
        }
        if !name.contains('/') && self.maker(name).is_none() {
            return Err(self.unknown_group(name));
        }
        let (provider, model) = self.model(name, options.env)?;
        if !self.providers[provider].enabled {
            let provider = &self.providers[provider].name;
            let hint = format!("remove `enabled = false` from `[providers.{provider}]`");
            return Err(UnknownName { message: format!("provider `{provider}` is disabled in the profile"), hint });
        }
        let mut problems = Vec::new();
        let spec = DeploymentSpec { provider, model, keys: &DeploymentKeys::default() };
        let added = self.add(&spec, options.env, &mut problems);
        if let Some(problem) = problems.into_iter().next() {
            let hint = problem.help.unwrap_or_else(|| format!("see provider `{}`", self.providers[provider].name));
            return Err(UnknownName { message: problem.message, hint });
        }
        let timeouts = self.base.timeouts.timeouts(added.slow);
        let member = |deployment| Member {
            deployment,
            weight: None,
            rpm: None,
            tpm: None,
            order: 0,
            tags: Vec::new(),
            timeouts,
        };
        let mut not_built = self.base.not_built.clone();
        not_built.extend(self.providers[provider].not_built.iter().cloned());
        self.map.groups.push(Group {
            name: name.to_owned(),
            members: added.ids.into_iter().map(member).collect(),
            strategy: Arc::new(SimpleShuffle::default()),
            policy: self.base.policy,
            fallbacks: Vec::new(),
            context_window_fallbacks: Vec::new(),
            content_policy_fallbacks: None,
        });
        self.not_built.push(not_built);
        Ok(GroupId(self.map.groups.len() - 1))
    }

    /// Returns a key of `group`, or of a group that it may fall back to, that is not built yet.
    #[must_use]
    pub fn unbuilt(&self, group: GroupId) -> Option<UnbuiltFeature> {
        let mut seen = vec![group];
        let mut next = 0;
        while let Some(&id) = seen.get(next) {
            let group = self.map.group(id);
            if let Some(key) = self.not_built[id.0].first() {
                return Some(UnbuiltFeature { key: key.clone(), group: group.name.clone() });
            }
            let new: Vec<GroupId> = group.all_fallbacks().filter(|id| !seen.contains(id)).collect();
            seen.extend(new);
            let ruled = self.map.rules.all.iter().filter(|rule| rule.group == group.name).map(|rule| rule.target);
            let new: Vec<GroupId> = ruled.filter(|id| !seen.contains(id)).collect();
            seen.extend(new);
            next += 1;
        }
        None
    }

    /// The position of the provider called `name`; one of the catalog is added when first named.
    pub(crate) fn provider(&mut self, name: &str, env: &EnvVars) -> Result<usize, UnknownName> {
        if let Some(index) = self.providers.iter().position(|provider| provider.name == name) {
            return Ok(index);
        }
        if let Some(known) = catalog::aliases::canonical(name) {
            return self.provider(known, env);
        }
        let Some(row) = catalog::provider(name) else {
            if let Some((message, hint)) = crate::profile::retired::ended_provider(name) {
                return Err(UnknownName { message: message.to_owned(), hint: hint.to_owned() });
            }
            let names = || self.providers.iter().map(|provider| provider.name.as_str());
            let known = names().chain(catalog::providers().iter().map(|row| row.id));
            let hint = match suggest::nearest(name, known) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("add `[providers.{name}]` with `protocol` and `base_url`"),
            };
            return Err(UnknownName { message: format!("unknown provider `{name}`"), hint });
        };
        let provider = ResolvedProvider::known(row, env).map_err(|problem| UnknownName {
            message: problem.message,
            hint: problem.help.unwrap_or_else(|| "write a URL like `https://host/v1`, or unset the variable".into()),
        })?;
        self.providers.push(provider);
        Ok(self.providers.len() - 1)
    }

    /// Checks that `name` is a group or a model.
    pub(crate) fn knows(&mut self, name: &str, env: &EnvVars) -> Result<(), UnknownName> {
        if self.map.groups.iter().any(|group| group.name == name) {
            return Ok(());
        }
        if !name.contains('/') && self.maker(name).is_none() {
            return Err(self.unknown_group(name));
        }
        self.model(name, env).map(|_| ())
    }

    /// Returns the template called `name`.
    ///
    /// # Errors
    /// An unknown name, with a suggestion.
    pub fn template(&self, name: &str) -> Result<&Template, UnknownName> {
        self.templates.iter().find(|template| template.name == name).ok_or_else(|| UnknownName {
            message: format!("unknown template `{name}`"),
            hint: suggest::help(name, self.templates.iter().map(|template| template.name.as_str())),
        })
    }

    /// Returns the names of all groups. Groups of rules have the name of the group that they copy.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for group in &self.map.groups {
            if !names.contains(&group.name.as_str()) {
                names.push(&group.name);
            }
        }
        names
    }

    fn unknown_group(&self, name: &str) -> UnknownName {
        let groups = || self.names().into_iter();
        let hint = match (suggest::nearest(name, groups()), self.hint_for(name)) {
            (Some(group), _) => format!("did you mean `{group}`?"),
            (None, Some(models)) => models,
            (None, None) => format!("{}, or `PROVIDER/MODEL`", suggest::one_of(groups())),
        };
        UnknownName { message: format!("unknown group `{name}`"), hint }
    }
}
