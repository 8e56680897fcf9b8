//! Routing decisions: the choice of deployments, their order, and the reaction to failures.
//!
//! Values in, values out. Time and randomness are arguments; no provider names, no I/O, no clock.

pub(crate) mod backoff;
pub mod breaker;
pub mod context_window;
pub mod continuation;
pub mod estimate;
pub mod failover;
pub(crate) mod failure_domain;
pub mod hedge;
pub(crate) mod host_breaker;
pub(crate) mod lease;
pub mod limits;
pub mod per_class;
#[cfg(feature = "rules")]
pub(crate) mod pii;
pub(crate) mod retry_budget;
pub mod rules;
pub(crate) mod skew;
pub mod snapshot;
pub mod strategy;

use std::sync::Arc;
use std::time::Duration;

pub use self::strategy::Strategy;
pub use crate::model::Capabilities;
use crate::model::{Class, Price};
use hedge::Delay;
use per_class::PerClass;

/// Position of a deployment in [`Map::deployments`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeploymentId(pub usize);

/// Position of a group in [`Map::groups`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub usize);

/// All that can be routed to; names are resolved to positions.
#[derive(Debug, Clone, Default)]
pub struct Map {
    /// Every deployment once, however many groups hold it.
    pub deployments: Vec<Deployment>,
    /// Every group, the anonymous ones (`-m provider/model`) included.
    pub groups: Vec<Group>,
    /// The available quantity.
    pub limits: limits::LimitConfig,
    /// Conditions that decide before any strategy.
    pub rules: rules::Rules,
}

impl Map {
    /// The deployment at `id`.
    #[must_use]
    pub fn deployment(&self, id: DeploymentId) -> &Deployment {
        &self.deployments[id.0]
    }

    /// Returns `true` if two entries are the same deployment under two names: same server, model and key.
    #[must_use]
    pub fn same(&self, one: DeploymentId, other: DeploymentId) -> bool {
        one == other || self.deployment(one).state_key == self.deployment(other).state_key
    }

    /// The group at `id`.
    #[must_use]
    pub fn group(&self, id: GroupId) -> &Group {
        &self.groups[id.0]
    }
}

/// A deployment for routing: a model at a provider, with a key.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The name in messages: `provider/model`, or the profile's `name`.
    pub name: String,
    /// The provider, to find an independent one.
    pub provider: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// Key of its shared state: a hash of protocol, base URL, model and credential.
    pub state_key: String,
    /// A hash that identifies its key; empty without one. One key is one account.
    pub credential: String,
    /// Its host (`host:port`), or a unique name for a simulated one.
    pub host: String,
    /// Tokens that fit prompt and answer together, when known.
    pub context_window: Option<u64>,
    /// The price of its tokens, if known.
    pub price: Option<Price>,
    /// `true` if it supports prefill.
    pub prefill: bool,
    /// Its capabilities besides text.
    pub capabilities: Capabilities,
    /// The reason for a missing key (`OPENAI_API_KEY is not set`).
    pub no_key: Option<String>,
}

/// A named set of interchangeable deployments.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name in the profile, or `provider/model`.
    pub name: String,
    /// Its members.
    pub members: Vec<Member>,
    /// Its strategy.
    pub strategy: Arc<dyn Strategy>,
    /// Its limits of time and patience.
    pub policy: Policy,
    /// The groups to try if this one fails.
    pub fallbacks: Vec<GroupId>,
    /// The groups to try if the prompt does not fit.
    pub context_window_fallbacks: Vec<GroupId>,
    /// The groups to try if a filter blocked the answer or the model refused; `None` stands for `fallbacks`.
    pub content_policy_fallbacks: Option<Vec<GroupId>>,
}

impl Group {
    /// The groups to try after a refusal or a filter.
    #[must_use]
    pub fn after_content_policy(&self) -> &[GroupId] {
        self.content_policy_fallbacks.as_ref().unwrap_or(&self.fallbacks)
    }

    /// Every group that may follow this one, in each case of failure; a group may occur twice.
    pub fn all_fallbacks(&self) -> impl Iterator<Item = GroupId> {
        let special = self.content_policy_fallbacks.iter().flatten();
        self.fallbacks.iter().chain(&self.context_window_fallbacks).chain(special).copied()
    }
}

/// A deployment in a group.
#[derive(Debug, Clone)]
pub struct Member {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Its share of the traffic, if the group splits by weight.
    pub weight: Option<f64>,
    /// Requests per minute that its key allows.
    pub rpm: Option<u64>,
    /// Tokens per minute that its key allows.
    pub tpm: Option<u64>,
    /// Lower orders come first; the next order is used only if none of this one is eligible.
    pub order: u32,
    /// Labels that `--require-tag` looks at.
    pub tags: Vec<String>,
    /// The time limits of one attempt.
    pub timeouts: Timeouts,
}

/// The time limits of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until the first token.
    pub first_token: Duration,
    /// Between two chunks.
    pub idle: Duration,
    /// In all.
    pub attempt: Duration,
}

/// The retry and time policy of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Further attempts inside the group after the first.
    pub num_retries: u32,
    /// The number of attempts on a deployment before moving on.
    pub attempts_per_deployment: u32,
    /// Everything: attempts, waits, fallbacks.
    pub deadline: Duration,
    /// The longest sleep for a `Retry-After`, a rate limit or a backoff.
    pub max_wait: Duration,
    /// Failures in a minute that open a breaker; `None` for the breaker's own rules.
    pub allowed_fails: Option<u32>,
    /// The first cooldown.
    pub cooldown: Duration,
    /// The longest cooldown.
    pub cooldown_max: Duration,
    /// Fallback groups that one request may visit.
    pub max_fallbacks: u32,
    /// Further attempts inside the group after a failure of a class, where that is not `num_retries`.
    pub retry_policy: PerClass,
    /// `allowed_fails` of a class.
    pub allowed_fails_policy: PerClass,
    /// The hedge delay; `None` disables hedging.
    pub hedge: Option<Delay>,
    /// The largest estimated cost of the second call, in USD.
    pub hedge_max_cost: Option<f64>,
    /// The treatment of an answer that the token limit cut.
    pub on_length: OnLength,
}

/// The treatment of an answer that the token limit cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnLength {
    /// It is an answer.
    #[default]
    Accept,
    /// It is a failure, and the next deployment is called.
    Fail,
}

/// The defaults of a profile for a process that makes one call.
impl Default for Policy {
    fn default() -> Self {
        Self {
            num_retries: 2,
            attempts_per_deployment: 1,
            deadline: Duration::from_secs(900),
            max_wait: Duration::from_secs(20),
            allowed_fails: None,
            cooldown: Duration::from_secs(120),
            cooldown_max: Duration::from_secs(1800),
            max_fallbacks: 5,
            retry_policy: PerClass::default(),
            allowed_fails_policy: PerClass::default(),
            hedge: None,
            hedge_max_cost: None,
            on_length: OnLength::Accept,
        }
    }
}

impl Policy {
    /// The breaker's input after a failure of `class` (`None`: no failure).
    #[must_use]
    pub fn breaker(&self, class: Option<Class>) -> breaker::BreakerPolicy {
        breaker::BreakerPolicy {
            cooldown: self.cooldown,
            cooldown_max: self.cooldown_max,
            allowed_fails: self.allowed_fails,
            allowed_of_class: class.and_then(|class| self.allowed_fails_policy.get(class)),
            remembered: self.allowed_fails.max(self.allowed_fails_policy.largest()).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A group without members, with the defaults of a profile.
    pub(super) fn group(name: &str) -> Group {
        Group {
            name: name.to_owned(),
            members: Vec::new(),
            strategy: Arc::new(strategy::SimpleShuffle::default()),
            policy: Policy::default(),
            fallbacks: Vec::new(),
            context_window_fallbacks: Vec::new(),
            content_policy_fallbacks: None,
        }
    }
}
