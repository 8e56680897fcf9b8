//! Precedence of the tables that may set a key: the nearest wins, the default comes last.

use std::time::Duration;

pub use llmroute_core::routing::hedge::Delay;
pub use llmroute_core::routing::strategy::Sticky;
use llmroute_core::routing::{Policy, Timeouts};

use crate::profile::document::failure_classes::NumbersByClass;
use crate::profile::document::routing::{StrategyArgs, StrategyName};
use crate::profile::document::table::{Field, Setting};
use crate::profile::document::value::{Cooldown, Count, NonZeroDuration};
use crate::profile::document::{DeploymentKeys, GroupKeys, RouterKeys, RoutingKeys, TimeoutKeys};

/// The origin of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
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
    /// The catalog of providers and models.
    Catalog,
    /// An environment variable.
    Env,
}

impl Origin {
    /// Returns the word in `profile show`.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
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

// The defaults that the docs of the keys state; a test compares them.
const NUM_RETRIES: u32 = 2;
const ATTEMPTS_PER_DEPLOYMENT: u32 = 1;
const MAX_FALLBACKS: u32 = 5;
const DEADLINE: Duration = Duration::from_secs(900);
const MAX_WAIT: Duration = Duration::from_secs(20);
const COOLDOWN_MAX: Duration = Duration::from_secs(1800);
const TIMEOUT: Duration = Duration::from_secs(600);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// The first cooldown of `auto` in a process that makes one call.
const COOLDOWN_ONE_SHOT: Duration = Duration::from_secs(120);
/// The first cooldown of `auto` in a long-lived process.
const COOLDOWN_LONG_LIVED: Duration = Duration::from_secs(5);
/// The longest cooldown in a long-lived process if the profile sets none: the process has calls to
/// probe with, and misses a deployment that recovered (in the simulator a limit of 30 minutes doubles
/// the wait at nine tenths of capacity).
const COOLDOWN_MAX_LONG_LIVED: Duration = Duration::from_secs(10);
/// The default of `first_token_timeout`.
const FIRST_TOKEN: Duration = Duration::from_secs(30);
/// The same for reasoning models and servers on loopback, which may load a model first.
const FIRST_TOKEN_SLOW: Duration = Duration::from_secs(120);

/// The tables that may set a key, nearest first.
#[derive(Clone, Copy)]
pub struct Precedence<'s, 'a> {
    pub deployment: Option<&'s DeploymentKeys<'a>>,
    pub group: Option<&'s GroupKeys<'a>>,
    pub router: &'s RouterKeys<'a>,
}

impl<'s, 'a> Precedence<'s, 'a> {
    /// Only `[router]`.
    pub(crate) fn router(router: &'s RouterKeys<'a>) -> Self {
        Self { deployment: None, group: None, router }
    }

    /// The nearest setting of a key of routing.
    pub(crate) fn routing<T: 's>(
        &self,
        key: impl Fn(&'s RoutingKeys<'a>) -> &'s Field<'a, T>,
    ) -> Option<(Origin, &'s Setting<'a, T>)> {
        let of_group = self.group.and_then(|group| key(&group.routing).setting()).map(|found| (Origin::Group, found));
        of_group.or_else(|| key(&self.router.routing).setting().map(|found| (Origin::Router, found)))
    }

    /// The nearest setting of a time limit.
    pub(crate) fn timeout(
        &self,
        key: impl Fn(&'s TimeoutKeys<'a>) -> &'s Field<'a, NonZeroDuration>,
    ) -> Option<(Origin, Duration)> {
        let tables = [
            (Origin::Deployment, self.deployment.map(|table| &table.timeouts)),
            (Origin::Group, self.group.map(|table| &table.timeouts)),
            (Origin::Router, Some(&self.router.timeouts)),
        ];
        tables.into_iter().find_map(|(origin, table)| Some((origin, key(table?).value()?.0)))
    }

    fn routing_value<T: Copy + 's>(&self, key: impl Fn(&'s RoutingKeys<'a>) -> &'s Field<'a, T>) -> Option<T> {
        self.routing(key).map(|(_, setting)| setting.value)
    }

    /// The settings for retries, waits and cooldowns.
    pub(crate) fn policy(&self, long_lived: bool) -> Policy {
        let retries = self.routing_value(|keys| &keys.retry_policy).map_or_else(NumbersByClass::default, |by| by.0);
        let fails =
            self.routing_value(|keys| &keys.allowed_fails_policy).map_or_else(NumbersByClass::default, |by| by.0);
        Policy {
            num_retries: retries
                .default
                .or_else(|| self.routing_value(|keys| &keys.num_retries).map(Count::as_u32))
                .unwrap_or(NUM_RETRIES),
            attempts_per_deployment: self
                .routing_value(|keys| &keys.attempts_per_deployment)
                .map_or(ATTEMPTS_PER_DEPLOYMENT, Count::as_u32),
            deadline: self.routing_value(|keys| &keys.deadline).map_or(DEADLINE, |span| span.0),
            max_wait: self.routing_value(|keys| &keys.max_wait).unwrap_or(MAX_WAIT),
            allowed_fails: self.routing_value(|keys| &keys.allowed_fails).map(Count::as_u32).or(fails.default),
            cooldown: self.cooldown(long_lived),
            cooldown_max: self.cooldown_max(long_lived),
            max_fallbacks: self.routing_value(|keys| &keys.max_fallbacks).map_or(MAX_FALLBACKS, Count::as_u32),
            retry_policy: retries.numbers,
            allowed_fails_policy: fails.numbers,
            hedge: self.hedge(),
            hedge_max_cost: self.routing_value(|keys| &keys.hedge_max_cost),
            on_length: self.routing_value(|keys| &keys.on_length).unwrap_or_default(),
        }
    }

    /// The delay after which a second deployment is called at the same time.
    fn hedge(&self) -> Option<Delay> {
        self.routing_value(|keys| &keys.hedge).and_then(|hedge| hedge.0)
    }

    fn cooldown(&self, long_lived: bool) -> Duration {
        match self.routing_value(|keys| &keys.cooldown_time).unwrap_or(Cooldown::Auto) {
            Cooldown::Fixed(span) => span,
            Cooldown::Auto if long_lived => COOLDOWN_LONG_LIVED,
            Cooldown::Auto => COOLDOWN_ONE_SHOT,
        }
    }

    /// The longest cooldown.
    pub(crate) fn cooldown_max(&self, long_lived: bool) -> Duration {
        match self.routing(|keys| &keys.cooldown_max) {
            Some((_, setting)) => setting.value.0,
            None if long_lived && self.routing(|keys| &keys.cooldown_time).is_none() => COOLDOWN_MAX_LONG_LIVED,
            None => COOLDOWN_MAX,
        }
    }

    pub(crate) fn timeout_config(&self) -> TimeoutConfig {
        let limit = |found: Option<(Origin, Duration)>| found.map(|(_, limit)| limit);
        TimeoutConfig {
            connect: limit(self.timeout(|keys| &keys.connect_timeout)).unwrap_or(CONNECT_TIMEOUT),
            first_token: limit(self.timeout(|keys| &keys.first_token_timeout)),
            idle: limit(self.timeout(|keys| &keys.idle_timeout)).unwrap_or(IDLE_TIMEOUT),
            attempt: limit(self.timeout(|keys| &keys.timeout)).unwrap_or(TIMEOUT),
        }
    }

    /// The strategy by its name, without arguments of the profile.
    pub(crate) fn strategy_name(&self) -> StrategyName {
        let found = self.routing(|keys| &keys.routing_strategy);
        found.map_or(StrategyName::DEFAULT, |(_, setting)| setting.value.clone())
    }

    pub(crate) fn strategy_args(&self) -> StrategyArgs {
        let found = self.routing(|keys| &keys.routing_strategy_args);
        found.map_or_else(StrategyArgs::default, |(_, setting)| setting.value.clone())
    }

    pub(crate) fn sticky(&self) -> Option<Sticky> {
        self.routing_value(|keys| &keys.sticky)
    }
}

/// The time limits of an attempt on a deployment that is not known yet.
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
