//! Strategies of the program that uses the library.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use llmroute_core::routing::failover::RequestAttributes;
use llmroute_core::routing::strategy::{self, Candidate as CoreCandidate, Ranked, RankingContext};

/// Orders the eligible deployments of a group.
///
/// A strategy is a pure function: the router calls it while it decides, so it must not block. The members of a
/// group with a lower `order` always come first; a strategy orders members of the same `order`.
///
/// ```
/// use llmroute_router::{Candidate, RequestContext, Strategy};
///
/// /// The cheapest deployment first.
/// struct Cheapest;
///
/// impl Strategy for Cheapest {
///     fn rank(&self, candidates: &[Candidate<'_>], _: &RequestContext<'_>) -> Vec<usize> {
///         let price = |index: &usize| candidates[*index].expected_cost_usd().unwrap_or(f64::INFINITY);
///         let mut order: Vec<usize> = (0..candidates.len()).collect();
///         order.sort_by(|a, b| price(a).total_cmp(&price(b)));
///         order
///     }
/// }
/// ```
pub trait Strategy: Send + Sync {
    /// Returns indices into `candidates`, best first. Candidates that are left out follow in random order.
    fn rank(&self, candidates: &[Candidate<'_>], request: &RequestContext<'_>) -> Vec<usize>;

    /// Returns the name in explanations and logs.
    fn name(&self) -> &str {
        "custom"
    }
}

/// An eligible deployment, with the router's current estimates.
#[derive(Clone, Copy)]
pub struct Candidate<'a>(&'a CoreCandidate<'a>);

impl<'a> Candidate<'a> {
    /// Returns the name of the deployment.
    #[must_use]
    pub fn deployment(&self) -> &'a str {
        &self.0.deployment.name
    }

    /// Returns the name of its provider.
    #[must_use]
    pub fn provider(&self) -> &'a str {
        &self.0.deployment.provider
    }

    /// Returns the name of its model.
    #[must_use]
    pub fn model(&self) -> &'a str {
        &self.0.deployment.model
    }

    /// Returns its `order`; lower ones come first.
    #[must_use]
    pub fn order(&self) -> u32 {
        self.0.member.order
    }

    /// Returns its `weight`, if it has one.
    #[must_use]
    pub fn weight(&self) -> Option<f64> {
        self.0.member.weight
    }

    /// Returns its tags.
    #[must_use]
    pub fn tags(&self) -> &'a [String] {
        &self.0.member.tags
    }

    /// Returns the expected cost of this request in USD, if the price is known.
    #[must_use]
    pub fn expected_cost_usd(&self) -> Option<f64> {
        self.0.usd
    }

    /// Returns the expected time to the first token.
    #[must_use]
    pub fn expected_first_token(&self) -> Duration {
        Duration::try_from_secs_f64(self.0.ttft.median()).unwrap_or_default()
    }

    /// Returns the expected time per output token after the first.
    #[must_use]
    pub fn expected_time_per_token(&self) -> Duration {
        Duration::try_from_secs_f64(self.0.seconds_per_token.median()).unwrap_or_default()
    }

    /// Returns the probability that a call succeeds, from 0 to 1.
    #[must_use]
    pub fn success_rate(&self) -> f64 {
        self.0.success
    }

    /// Returns the number of calls in flight, of all processes that share the state.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.0.in_flight
    }

    /// Returns the share of its limits that is left, from 0 to 1, if it is known.
    #[must_use]
    pub fn headroom(&self) -> Option<f64> {
        self.0.headroom
    }
}

impl fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate").field("deployment", &self.deployment()).finish_non_exhaustive()
    }
}

/// The request that a strategy orders deployments for.
#[derive(Debug, Clone, Copy)]
pub struct RequestContext<'a>(&'a RequestAttributes);

impl<'a> RequestContext<'a> {
    /// Returns the estimated number of prompt tokens.
    #[must_use]
    pub fn prompt_tokens(&self) -> u64 {
        self.0.prompt_tokens
    }

    /// Returns the limit on output tokens, if the request has one.
    #[must_use]
    pub fn max_tokens(&self) -> Option<u64> {
        self.0.max_tokens
    }

    /// Returns the user, if the request names one.
    #[must_use]
    pub fn user(&self) -> Option<&'a str> {
        self.0.user.as_deref()
    }

    /// Returns the labels of the request.
    #[must_use]
    pub fn tags(&self) -> &'a [String] {
        &self.0.tags
    }
}

/// A [`Strategy`] as the routing core calls it.
pub(super) struct CoreStrategy(pub(super) Arc<dyn Strategy>);

impl fmt::Debug for CoreStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CoreStrategy").field(&self.0.name()).finish()
    }
}

impl strategy::Strategy for CoreStrategy {
    fn name(&self) -> &str {
        self.0.name()
    }

    #[expect(clippy::cast_precision_loss, reason = "a group has few members")]
    fn rank(
        &self,
        candidates: &[CoreCandidate<'_>],
        context: &RankingContext<'_>,
        rng: &mut fastrand::Rng,
    ) -> Vec<Ranked> {
        let views: Vec<Candidate<'_>> = candidates.iter().map(Candidate).collect();
        let order = self.0.rank(&views, &RequestContext(context.attributes)).into_iter();
        let positions = order.filter_map(|index| candidates.get(index)).map(|candidate| candidate.position);
        Ranked::by_score(positions.enumerate().map(|(place, position)| (position, place as f64)), rng)
    }

    /// The program decides, so a deployment that recovers keeps its place.
    fn slow_start(&self) -> bool {
        false
    }
}
