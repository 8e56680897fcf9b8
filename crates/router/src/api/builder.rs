//! Builds a router from a profile or from code.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::config::{Group, Provider};
use super::error::Error;
use super::error_kind::ErrorKind;
use super::router::{Router, Settings};
use super::strategy::Strategy;
use crate::builder::Environment;
use crate::engine;
use crate::ports::Clock;
use crate::profile::EnvVars;
use crate::state::StateLocation;
use llmroute_core::model::Timestamp;

/// The place of the state: breakers, limits and estimates.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// The memory of this process.
    Memory,
    /// A SQLite database in this directory, shared by the processes of one machine.
    #[cfg(feature = "sqlite")]
    Directory(std::path::PathBuf),
    /// A Redis server at this URL, shared by many machines.
    #[cfg(feature = "redis")]
    Redis(String),
}

/// Builds a [`Router`].
#[derive(Default)]
pub struct RouterBuilder {
    profile: Option<String>,
    providers: Map<String, Value>,
    groups: Vec<(String, Group)>,
    state: Option<State>,
    env: Option<BTreeMap<String, String>>,
    commands: bool,
    seed: Option<u64>,
    clock: Option<Clock>,
    http_client: Option<reqwest::Client>,
}

impl Router {
    /// Returns a builder.
    #[must_use]
    pub fn builder() -> RouterBuilder {
        RouterBuilder::default()
    }

    /// Builds a router from the text of a profile.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if the profile is not valid; the source lists every mistake.
    pub fn from_toml(text: impl Into<String>) -> Result<Self, Error> {
        Self::builder().profile(text).build()
    }
}

impl RouterBuilder {
    /// Takes the settings of a profile; [`provider`](Self::provider) and [`group`](Self::group) cannot be combined
    /// with it.
    #[must_use]
    pub fn profile(mut self, toml: impl Into<String>) -> Self {
        self.profile = Some(toml.into());
        self
    }

    /// Defines a provider.
    #[must_use]
    pub fn provider(mut self, name: impl Into<String>, provider: Provider) -> Self {
        self.providers.insert(name.into(), Value::Object(provider.keys));
        self
    }

    /// Defines a group.
    #[must_use]
    pub fn group(mut self, name: impl Into<String>, group: Group) -> Self {
        self.groups.push((name.into(), group));
        self
    }

    /// Sets the place of the state; by default that of the profile, else the memory of this process.
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// Replaces the environment from which keys are read; by default that of the process.
    #[must_use]
    pub fn env<N: Into<String>, V: Into<String>>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        self.env = Some(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
        self
    }

    /// Allows the profile to run commands: `cmd:` keys, `exec:` strategies, credential processes. Off by default:
    /// such a profile is an error.
    #[cfg(feature = "exec")]
    #[must_use]
    pub fn allow_commands(mut self, allowed: bool) -> Self {
        self.commands = allowed;
        self
    }

    /// Sends requests through this client instead of one with the router's own settings.
    ///
    /// The connect timeout, proxies and TLS settings are then those of the client. It must neither follow redirects
    /// nor retry.
    #[must_use]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Makes random choices repeatable.
    #[cfg(any(test, feature = "test-util"))]
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the wall time, in milliseconds since the Unix epoch; it goes on with the clock of tokio.
    #[cfg(any(test, feature = "test-util"))]
    #[must_use]
    pub fn clock(mut self, wall_ms: i64) -> Self {
        self.clock = Some(Clock::starting_at(Timestamp(wall_ms)));
        self
    }

    /// Builds the router. It reads no file and opens no connection before the first request.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if a setting is not valid; the source lists every mistake.
    pub fn build(self) -> Result<Router, Error> {
        let text = match &self.profile {
            Some(_) if !self.groups.is_empty() || !self.providers.is_empty() => {
                let message = "a profile cannot be combined with providers or groups in code";
                return Err(Error::new(ErrorKind::Configuration, message));
            }
            Some(text) => text.clone(),
            None => self.as_profile()?,
        };
        let env: EnvVars = self.env.clone().unwrap_or_else(process_env).into_iter().collect();
        let seed = self.seed.unwrap_or_else(entropy);
        let clock = self.clock.unwrap_or_else(wall_clock);
        let strategies: BTreeMap<String, Arc<dyn Strategy>> = self
            .groups
            .iter()
            .filter_map(|(name, group)| Some((name.clone(), Arc::clone(group.strategy.as_ref()?))))
            .collect();
        let settings = Settings { env, commands: self.commands, strategies };
        let profile = settings.load(&text)?;
        crate::transport::check_proxies(&settings.env, &profile.endpoints)
            .map_err(|error| Error::new(ErrorKind::Configuration, error.to_string()))?;
        let location = match &self.state {
            Some(state) => state.location()?,
            None => settings.location(profile.state.as_ref())?,
        };
        let environment = Environment { vars: &settings.env, state: &location, clock, seed };
        let engine = engine::Engine::from_profile_with(profile, &environment, self.http_client);
        Ok(Router::new(engine, settings, seed))
    }

    /// The providers and groups as the text of a profile.
    fn as_profile(&self) -> Result<String, Error> {
        let groups: Map<String, Value> =
            self.groups.iter().map(|(name, group)| (name.clone(), group.table())).collect();
        if groups.len() != self.groups.len() {
            return Err(Error::new(ErrorKind::Configuration, "two groups have the same name"));
        }
        let mut profile = json!({"version": 1, "providers": self.providers, "groups": groups});
        if let (Some((first, _)), Value::Object(profile)) = (self.groups.first(), &mut profile) {
            profile.insert("default_group".to_owned(), first.clone().into());
        }
        toml::to_string(&profile).map_err(Error::configuration)
    }
}

impl State {
    fn location(&self) -> Result<StateLocation, Error> {
        match self {
            Self::Memory => Ok(StateLocation::Memory),
            #[cfg(feature = "sqlite")]
            Self::Directory(path) => Ok(StateLocation::Dir(path.clone())),
            #[cfg(feature = "redis")]
            Self::Redis(url) => {
                llmroute_core::model::RedisUrl::parse(url).map(StateLocation::Redis).map_err(|reason| {
                    Error::new(ErrorKind::Configuration, format!("the URL of the state is not valid: {reason}"))
                })
            }
        }
    }
}

impl fmt::Debug for RouterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterBuilder")
            .field("providers", &self.providers.keys())
            .field("groups", &self.groups)
            .field("commands", &self.commands)
            .finish_non_exhaustive()
    }
}

fn process_env() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "a library has no `main` that could read it")]
fn wall_clock() -> Clock {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Clock::starting_at(Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

/// A number that differs between processes, from the keys of the standard hasher.
fn entropy() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
