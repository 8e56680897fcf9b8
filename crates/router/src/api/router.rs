//! The router of the public API: a handle that is cheap to clone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::error::Error;
use super::error_kind::ErrorKind;
use super::strategy::{CoreStrategy, Strategy};
use crate::engine;
use crate::profile::{EnvVars, LoadOptions, Profile, Source};
use crate::state::StateLocation;
use llmroute_core::model::{AwsKeys, KeySource, StateSource};

/// Routes chat requests to the deployments of model groups.
///
/// A router is a handle: clones share connections, state and settings.
#[derive(Clone)]
pub struct Router {
    shared: Arc<Shared>,
}

struct Shared {
    /// Replaced by a reload; a request keeps the one that it began with.
    engine: RwLock<Arc<engine::Engine>>,
    settings: Settings,
    rng: Mutex<fastrand::Rng>,
}

/// The settings that outlive a reload.
pub(super) struct Settings {
    pub(super) env: EnvVars,
    pub(super) commands: bool,
    pub(super) strategies: BTreeMap<String, Arc<dyn Strategy>>,
}

impl Router {
    pub(super) fn new(engine: engine::Engine, settings: Settings, seed: u64) -> Self {
        let rng = Mutex::new(fastrand::Rng::with_seed(seed));
        Self { shared: Arc::new(Shared { engine: RwLock::new(Arc::new(engine)), settings, rng }) }
    }

    /// Replaces providers, groups and limits by those of another profile. Requests in flight end as they began.
    ///
    /// Connections, keys, state and strategies in code stay; the `state` key of the new profile is ignored.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if the profile is not valid; the router then stays as it is.
    pub fn reload(&self, toml: &str) -> Result<(), Error> {
        let profile = self.shared.settings.load(toml)?;
        let new = Arc::new(self.engine().over(profile));
        *self.shared.engine.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Returns the names of the groups.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        self.engine().map().groups.iter().map(|group| group.name.clone()).collect()
    }

    pub(super) fn engine(&self) -> Arc<engine::Engine> {
        Arc::clone(&self.shared.engine.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn fork_rng(&self) -> fastrand::Rng {
        self.shared.rng.lock().unwrap_or_else(PoisonError::into_inner).fork()
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("groups", &self.groups()).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads a profile, with the strategies in code.
    pub(super) fn load(&self, text: &str) -> Result<Profile, Error> {
        let options = LoadOptions { env: &self.env, long_lived: true };
        let mut profile = Profile::parse(Source::Inline, text, &options).map_err(Error::configuration)?;
        for group in &mut profile.map.groups {
            if let Some(strategy) = self.strategies.get(&group.name) {
                group.strategy = Arc::new(CoreStrategy(Arc::clone(strategy)));
            }
        }
        self.check(&profile)?;
        Ok(profile)
    }

    /// Refuses what the router would otherwise ignore or must not do.
    fn check(&self, profile: &Profile) -> Result<(), Error> {
        let configuration = |message: String| Err(Error::new(ErrorKind::Configuration, message));
        for index in 0..profile.map.groups.len() {
            if let Some(missing) = profile.unbuilt(llmroute_core::routing::GroupId(index)) {
                let message = format!("group `{}` uses `{}`, which is not supported yet", missing.group, missing.key);
                return configuration(message);
            }
        }
        if self.commands {
            return Ok(());
        }
        let Some(command) = command(profile) else { return Ok(()) };
        if cfg!(feature = "exec") {
            configuration(format!("{command}; allow it with `allow_commands`"))
        } else {
            Err(Error::missing_feature(format!("{command}, which"), "exec"))
        }
    }

    /// The place of the state that a profile names.
    pub(super) fn location(&self, source: Option<&StateSource>) -> Result<StateLocation, Error> {
        let configuration = |message: String| Error::new(ErrorKind::Configuration, message);
        match source {
            None | Some(StateSource::Memory) => Ok(StateLocation::Memory),
            Some(StateSource::Dir(_)) if cfg!(not(feature = "sqlite")) => {
                Err(Error::missing_feature("a directory as `state`", "sqlite"))
            }
            Some(StateSource::Redis(_)) if cfg!(not(feature = "redis")) => {
                Err(Error::missing_feature("a Redis URL as `state`", "redis"))
            }
            Some(StateSource::Dir(path)) => Ok(StateLocation::Dir(path.clone())),
            Some(StateSource::Redis(url)) => Ok(StateLocation::Redis(url.clone())),
            Some(StateSource::Env(name)) => {
                let value = self.env.get(name);
                let value = value.ok_or_else(|| configuration(format!("`state`: the variable `{name}` is not set")))?;
                match StateSource::parse(value) {
                    Ok(StateSource::Env(_)) => {
                        Err(configuration(format!("`state`: the variable `{name}` names another variable")))
                    }
                    Ok(source) => self.location(Some(&source)),
                    Err(reason) => Err(configuration(format!("`state`: the variable `{name}`: {reason}"))),
                }
            }
        }
    }
}

/// Describes the first command that `profile` would run.
fn command(profile: &Profile) -> Option<String> {
    if let Some(group) = profile.map.groups.iter().find(|group| group.strategy.command().is_some()) {
        return Some(format!("group `{}` orders its deployments by a command", group.name));
    }
    let runs = |source: &KeySource| match source {
        KeySource::Command(_) => true,
        KeySource::Aws(keys) => matches!(keys, AwsKeys::Process { .. }),
        // Without the feature `vertex`, `gcloud` prints the token.
        KeySource::Google(_) => cfg!(not(feature = "vertex")),
        KeySource::None | KeySource::Env(_) | KeySource::File(_) | KeySource::Keyring(_) | KeySource::Literal(_) => {
            false
        }
    };
    let index = profile.keys.iter().position(runs)?;
    Some(format!("the key of `{}` comes from a command", profile.map.deployments[index].name))
}
