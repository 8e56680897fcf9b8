//! The engine: a map of deployments with their endpoints, keys, state and network. `request::run` has the loop of a request.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::call::checks::Checks;
use crate::engine::call::delivery::Delivery;
use crate::engine::event::{Observer, RouterEvent};
use crate::engine::request::record::{RouteError, RoutedAnswer};
use crate::engine::request::run::Run;
use crate::engine::shared::provider_limits::ProviderLimits;
use crate::ports::{Clock, KeyProvider, LogStart, Store, Transport};
use crate::state::StateHandle;
pub use llmroute_core::model::{KeySource, Prompt, Timestamp};
use llmroute_core::protocols::Endpoint;
pub use llmroute_core::routing::failover::{Needs, RequestAttributes};
pub use llmroute_core::routing::rules::{self, RuleError, RuleOverrides};
use llmroute_core::routing::{GroupId, Map};

/// The time that writes of the state get after a request, even if its deadline has passed.
const MIN_WRITE_TIME: Duration = Duration::from_millis(40);
/// The longest time that a request waits for its writes.
const MAX_WRITE_TIME: Duration = Duration::from_secs(5);

/// Routes requests to deployments.
pub struct Engine {
    pub(super) map: Arc<Map>,
    /// Parallel to the deployments of the map, as is `sources`.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) sources: Vec<KeySource>,
    pub(super) keys: Arc<dyn KeyProvider>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) store: Arc<dyn Store>,
    pub(super) state: StateHandle,
    pub(super) clock: Clock,
    pub(super) limits: Arc<ProviderLimits>,
}

/// A request to a group.
#[derive(Debug, Clone)]
pub struct Request {
    /// The group.
    pub group: GroupId,
    /// The prompt.
    pub prompt: Prompt,
    /// The attributes that routing looks at.
    pub attributes: RequestAttributes,
    /// The checks that the answer must pass.
    pub checks: Checks,
    /// The way in which the answer is delivered.
    pub delivery: Delivery,
    /// The time limit of the whole request; by default that of the group.
    pub deadline: Option<Duration>,
    /// The time of the question; waits before this call (for standard input) count against the deadline.
    pub since: Timestamp,
    /// The beginning of the log entry; `None` for a request that is not logged.
    pub log: Option<LogStart>,
}

impl Request {
    /// A request to `group` that began at `since` and is not logged.
    #[must_use]
    pub fn new(group: GroupId, prompt: Prompt, delivery: Delivery, since: Timestamp) -> Self {
        let attributes = RequestAttributes { prompt_tokens: prompt.estimated_tokens(), ..RequestAttributes::default() };
        Self { group, prompt, attributes, checks: Checks::default(), delivery, deadline: None, since, log: None }
    }
}

impl Engine {
    /// Returns the time at which `request` ends.
    pub(super) fn deadline(&self, request: &Request) -> Timestamp {
        let limit = request.deadline.unwrap_or(self.map.group(request.group).policy.deadline);
        request.since.after(limit)
    }

    /// Creates an engine over `map`; `endpoints` and `sources` are parallel to its deployments.
    #[must_use]
    pub(crate) fn new(
        map: Arc<Map>,
        endpoints: Vec<Endpoint>,
        sources: Vec<KeySource>,
        keys: Arc<dyn KeyProvider>,
        transport: Arc<dyn Transport>,
        store: Arc<dyn Store>,
        clock: Clock,
    ) -> Self {
        let state = StateHandle::new(Arc::clone(&store));
        Self { map, endpoints, sources, keys, transport, store, state, clock, limits: Arc::default() }
    }

    /// Creates an engine over another `map`, with the connections, keys and state of this one.
    #[must_use]
    pub(crate) fn with_map(&self, map: Arc<Map>, endpoints: Vec<Endpoint>, sources: Vec<KeySource>) -> Self {
        let (keys, transport) = (Arc::clone(&self.keys), Arc::clone(&self.transport));
        let limits = Arc::clone(&self.limits);
        let (store, state) = (Arc::clone(&self.store), self.state.clone());
        Self { map, endpoints, sources, keys, transport, store, state, clock: self.clock, limits }
    }

    /// Logs the start of `request` before it is run, so that the entry survives the process. Otherwise it is
    /// logged while the request waits for the network.
    pub fn write_down(&self, request: &Request) {
        if let Some(start) = &request.log {
            self.state.begin(start.clone());
        }
    }

    /// Blocks until the state is written, for at most `limit`; for the end of a process.
    pub fn flush_blocking(&self, limit: Duration) -> bool {
        self.state.flush_blocking(limit)
    }

    /// The variables that hold the keys of its deployments.
    pub(super) fn key_variables(&self) -> Vec<&str> {
        let names = self.sources.iter().filter_map(|source| match source {
            KeySource::Env(names) => Some(names),
            KeySource::None
            | KeySource::Command(_)
            | KeySource::File(_)
            | KeySource::Keyring(_)
            | KeySource::Literal(_)
            | KeySource::Aws(_)
            | KeySource::Google(_) => None,
        });
        names.flatten().map(String::as_str).collect()
    }

    /// Returns the groups and deployments.
    #[must_use]
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the targets and tags that the rules of the profile choose for `request`.
    ///
    /// # Errors
    /// Fails if a rule cannot be evaluated; the request must then not be sent.
    pub fn decide(&self, request: &Request) -> Result<RuleOverrides, RuleError> {
        if self.map.rules.all.is_empty() {
            return Ok(RuleOverrides::default());
        }
        let attributes = &request.attributes;
        let subject = rules::RuleInput {
            prompt: &request.prompt.text(),
            system: request.prompt.system.as_deref().unwrap_or_default(),
            tokens: attributes.prompt_tokens,
            tags: &attributes.tags,
            user: attributes.user.as_deref().unwrap_or_default(),
            env: &self.map.rules.env,
            has_image: Needs::of(&request.prompt).vision,
            hour: attributes.hour,
        };
        rules::decide(&self.map, request.group, &subject)
    }

    /// Returns the attributes of `request`, with those that follow from its prompt.
    pub(super) fn attributes(&self, request: &Request) -> Result<RequestAttributes, RuleError> {
        let rule_overrides = self.decide(request)?;
        Ok(RequestAttributes { needs: Needs::of(&request.prompt), rule_overrides, ..request.attributes.clone() })
    }

    /// Returns one complete answer, or the reason why there is none.
    ///
    /// Dropping the future cancels the call and logs it as cancelled.
    ///
    /// # Errors
    /// Fails if every eligible deployment failed, the deadline passed, or text that was already
    /// delivered cannot be completed.
    pub async fn run(
        &self,
        request: &Request,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> Result<RoutedAnswer, RouteError> {
        let ended = self.route(request, rng, observer).await;
        let left = self.deadline(request).since(self.clock.now());
        self.state.flush(left.clamp(MIN_WRITE_TIME, MAX_WRITE_TIME)).await;
        if let Some(warning) = self.store.take_warning() {
            observer.on_event(RouterEvent::State(&warning));
        }
        ended
    }

    /// The same, without waiting for the writes of the state.
    pub(crate) async fn route(
        &self,
        request: &Request,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> Result<RoutedAnswer, RouteError> {
        let mut run = Run::new(self, request).await;
        // A rule that cannot be evaluated ends the request itself.
        run.session.take_turn(self.decide(request).unwrap_or_default().target(request.group)).await;
        for (group, reason) in self.order_by_command(request, &mut run.session.snapshot).await {
            observer.on_event(RouterEvent::Unordered { group, reason: &reason });
        }
        let ended = run.follow(rng, observer).await;
        if let Ok(answer) = &ended {
            observer.on_complete(answer);
        }
        run.session.post_settlements();
        run.close(&ended);
        if let Some(warning) = self.store.take_warning() {
            observer.on_event(RouterEvent::State(&warning));
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiles only as long as the whole future of a request is `Send`.
    fn require_send<T: Send>(_: T) {}

    #[expect(dead_code, reason = "compiled, not run")]
    fn a_request_can_run_on_any_thread(
        router: &Engine,
        request: &Request,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) {
        require_send(router.run(request, rng, observer));
    }
}
