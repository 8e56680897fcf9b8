//! Which of the places that may set a key sets it: the nearest wins, the schema's default stands behind.

use std::time::Duration;

use crate::profile::document::{Entry, Settings};
use crate::profile::failure_classes::NumbersByClass;
use crate::profile::keys::{self, DefaultValue};
use crate::profile::strategy::StrategyChoice;
use crate::profile::value::Value;
use llmroute_core::routing::hedge::Delay;
use llmroute_core::routing::strategy::BUILT_IN;
use llmroute_core::routing::{Policy, Timeouts};

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// The top of the profile.
    Profile,
    /// `[router]`.
    Router,
    /// The group.
    Group,
    /// The deployment.
    Deployment,
    /// The provider's table.
    Provider,
    /// What is known of the provider or model.
    Catalog,
    /// A variable of the environment.
    Env,
}

impl Origin {
    /// The word in `profile show`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Profile => "profile",
            Self::Router => "router",
            Self::Group => "group",
            Self::Deployment => "deployment",
            Self::Provider => "provider",
            Self::Catalog => "catalog",
            Self::Env => "env",
        }
    }
}

/// The first cooldown of `auto` where a process makes one call.
const COOLDOWN_ONE_SHOT: Duration = Duration::from_secs(120);
/// The first cooldown of `auto` where a process lives long.
const COOLDOWN_LONG_LIVED: Duration = Duration::from_secs(5);
/// The longest cooldown where a process lives long and the profile speaks of none: it has calls to
/// probe with, and what recovers is missed at once (in the simulator a limit of 30 min doubles the
/// wait at nine tenths of capacity).
const COOLDOWN_MAX_LONG_LIVED: Duration = Duration::from_secs(10);
/// The default of `first_token_timeout`.
const FIRST_TOKEN: Duration = Duration::from_secs(30);
/// The same for reasoning models and servers on loopback, which may load a model first.
const FIRST_TOKEN_SLOW: Duration = Duration::from_secs(120);

/// The tables that may set a key, nearest first.
#[derive(Clone, Copy)]
pub(crate) struct Precedence<'s, 'a> {
    pub deployment: Option<&'s Settings<'a>>,
    pub group: Option<&'s Settings<'a>>,
    pub router: &'s Settings<'a>,
}

impl<'s, 'a> Precedence<'s, 'a> {
    /// Only what holds for every group.
    pub(crate) fn router(router: &'s Settings<'a>) -> Self {
        Self { deployment: None, group: None, router }
    }

    /// The nearest entry of `name`.
    pub(crate) fn find(&self, name: &str) -> Option<(Origin, &'s Entry<'a>)> {
        debug_assert!(keys::KEYS.iter().any(|key| key.name == name), "{name} is in the schema");
        let at = |origin, settings: Option<&'s Settings<'a>>| Some((origin, settings?.get(name)?));
        at(Origin::Deployment, self.deployment)
            .or_else(|| at(Origin::Group, self.group))
            .or_else(|| at(Origin::Router, Some(self.router)))
    }

    /// The span of time of `name`, or its default.
    pub(crate) fn duration(&self, name: &str) -> Duration {
        match (self.find(name).map(|(_, entry)| &entry.value), default(name)) {
            (Some(Value::Duration(span)), _) => *span,
            (_, DefaultValue::Seconds(seconds)) => Duration::from_secs(seconds),
            (_, DefaultValue::Nothing | DefaultValue::Count(_) | DefaultValue::Words(_)) => Duration::ZERO,
        }
    }

    /// The whole number of `name`, or its default.
    fn count(&self, name: &str) -> u32 {
        let count = match (self.find(name).map(|(_, entry)| &entry.value), default(name)) {
            (Some(Value::Count(count)), _) => *count,
            (_, DefaultValue::Count(count)) => count,
            (_, DefaultValue::Nothing | DefaultValue::Seconds(_) | DefaultValue::Words(_)) => 0,
        };
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// How patient the group is.
    pub(crate) fn policy(&self, long_lived: bool) -> Policy {
        Policy {
            num_retries: self.by_class("retry_policy").default.unwrap_or_else(|| self.count("num_retries")),
            attempts_per_deployment: self.count("attempts_per_deployment"),
            deadline: self.duration("deadline"),
            max_wait: self.duration("max_wait"),
            allowed_fails: (self.find("allowed_fails").map(|_| self.count("allowed_fails")))
                .or(self.by_class("allowed_fails_policy").default),
            cooldown: self.cooldown(long_lived),
            cooldown_max: self.cooldown_max(long_lived),
            max_fallbacks: self.count("max_fallbacks"),
            retry_policy: self.by_class("retry_policy").numbers,
            allowed_fails_policy: self.by_class("allowed_fails_policy").numbers,
            hedge: self.hedge(),
            hedge_max_cost: self.hedge_max_cost(),
        }
    }

    /// The numbers by class of `name`.
    fn by_class(&self, name: &str) -> NumbersByClass {
        match self.find(name).map(|(_, entry)| &entry.value) {
            Some(Value::PerClass(numbers)) => *numbers,
            _ => NumbersByClass::default(),
        }
    }

    /// When a second deployment is asked at the same time.
    fn hedge(&self) -> Option<Delay> {
        match self.find("hedge").map(|(_, entry)| &entry.value) {
            Some(Value::Hedge(delay)) => *delay,
            _ => None,
        }
    }

    fn hedge_max_cost(&self) -> Option<f64> {
        match self.find("hedge_max_cost").map(|(_, entry)| &entry.value) {
            Some(Value::Number(usd)) => Some(*usd),
            _ => None,
        }
    }

    /// The first cooldown.
    fn cooldown(&self, long_lived: bool) -> Duration {
        match self.find("cooldown_time").map(|(_, entry)| &entry.value) {
            Some(Value::Duration(span)) => *span,
            _ if long_lived => COOLDOWN_LONG_LIVED,
            _ => COOLDOWN_ONE_SHOT,
        }
    }

    /// The longest cooldown.
    fn cooldown_max(&self, long_lived: bool) -> Duration {
        let said = self.find("cooldown_max").is_some() || self.find("cooldown_time").is_some();
        if long_lived && !said { COOLDOWN_MAX_LONG_LIVED } else { self.duration("cooldown_max") }
    }

    /// How patient an attempt is.
    pub(crate) fn timeout_config(&self) -> TimeoutConfig {
        TimeoutConfig {
            connect: self.duration("connect_timeout"),
            first_token: self.find("first_token_timeout").map(|_| self.duration("first_token_timeout")),
            idle: self.duration("idle_timeout"),
            attempt: self.duration("timeout"),
        }
    }

    /// How deployments are ordered; `None` is not built yet.
    pub(crate) fn strategy(&self) -> Option<StrategyChoice> {
        match self.find("routing_strategy").map(|(_, entry)| &entry.value) {
            Some(Value::Strategy(strategy)) => strategy.clone(),
            _ => Some(StrategyChoice::BuiltIn(&BUILT_IN[0])),
        }
    }
}

/// The time limits of an attempt before it is known who is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeoutConfig {
    connect: Duration,
    first_token: Option<Duration>,
    idle: Duration,
    attempt: Duration,
}

impl TimeoutConfig {
    /// The limits for a deployment; `slow` is a reasoning model or a server on loopback.
    pub(crate) fn timeouts(&self, slow: bool) -> Timeouts {
        let default = if slow { FIRST_TOKEN_SLOW } else { FIRST_TOKEN };
        Timeouts {
            connect: self.connect,
            first_token: self.first_token.unwrap_or(default),
            idle: self.idle,
            attempt: self.attempt,
        }
    }
}

fn default(name: &str) -> DefaultValue {
    keys::KEYS.iter().find(|key| key.name == name).map_or(DefaultValue::Nothing, |key| key.default)
}
