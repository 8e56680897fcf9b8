//! One call of one token to one deployment, through the regular engine, so that routing learns from it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::LiveCall;
use crate::engine::{Delivery, Engine, Observer, Request, RouteError, RouteErrorKind, RouterEvent};
pub use llmroute_core::model::{Class, Event, OutputFault, Prompt, Timestamp};
pub use llmroute_core::routing::failover::Stop;
pub use llmroute_core::routing::per_class::PerClass;
pub use llmroute_core::routing::strategy::SimpleShuffle;
use llmroute_core::routing::{DeploymentId, Group, GroupId, Map, Policy};

/// The prompt.
const PROMPT: &str = "Hi";
/// The token limit; adapters raise it where a provider refuses so few.
const MAX_TOKENS: u64 = 1;

/// Adds a group of only `id` to `map`, without retries and fallbacks, whose first failure opens the breaker.
///
/// # Panics
/// Panics only if `id` is not a member of any group of `map`.
pub fn add_single_group(map: &mut Map, id: DeploymentId) -> GroupId {
    let home = map.groups.iter().find_map(|group| {
        let member = group.members.iter().find(|member| member.deployment == id)?;
        Some((group.policy, member.clone()))
    });
    let (policy, member) = home.expect("a deployment is made for a group");
    let deployment = map.deployment(id);
    map.groups.push(Group {
        // As for `-m PROVIDER/MODEL`: no rule applies to a group with this name.
        name: format!("{}/{}", deployment.provider, deployment.model),
        members: vec![member],
        strategy: Arc::new(SimpleShuffle::default()),
        policy: Policy {
            num_retries: 0,
            attempts_per_deployment: 1,
            max_wait: Duration::ZERO,
            allowed_fails: Some(1),
            allowed_fails_policy: PerClass::default(),
            retry_policy: PerClass::default(),
            max_fallbacks: 0,
            hedge: None,
            ..policy
        },
        fallbacks: Vec::new(),
        context_window_fallbacks: Vec::new(),
        content_policy_fallbacks: None,
    });
    GroupId(map.groups.len() - 1)
}

/// Discards the answer.
struct DiscardOutput;

impl Observer for DiscardOutput {
    fn on_event(&mut self, _: RouterEvent<'_>) {}

    fn on_output(&mut self, _: &Event) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Calls the deployment of `group`, added by [`add_single_group`], for at most `limit`.
pub(crate) async fn call(
    router: &Engine,
    group: GroupId,
    now: Timestamp,
    limit: Duration,
    rng: &mut fastrand::Rng,
) -> LiveCall {
    let mut prompt = Prompt::user(PROMPT);
    prompt.sampling.max_tokens = Some(MAX_TOKENS);
    let mut request = Request::new(group, prompt, Delivery::Whole, now);
    request.attributes.max_tokens = Some(MAX_TOKENS);
    // A call that we gave up teaches nothing: the profile may allow more time.
    match tokio::time::timeout(limit, router.run(&request, rng, &mut DiscardOutput)).await {
        Err(_) => LiveCall::TimedOut,
        Ok(Ok(done)) => {
            let cost = done.attempts.last().and_then(|attempt| attempt.cost);
            LiveCall::Answered { ttft: done.first_token, took: done.duration, cost }
        }
        Ok(Err(failed)) => ended(failed),
    }
}

/// Classifies a call without a complete answer.
fn ended(failed: RouteError) -> LiveCall {
    let (why, took) = (failed.why, failed.duration);
    let Some(last) = failed.attempts.into_iter().next_back() else {
        return match why {
            RouteErrorKind::Stopped(Stop::RateLimited { .. }) => LiveCall::Gated,
            RouteErrorKind::Stopped(stop @ (Stop::Deadline | Stop::Refused | Stop::NoKey | Stop::Exhausted)) => {
                LiveCall::NotMade(stop.as_str().to_owned())
            }
            RouteErrorKind::Interrupted { .. } | RouteErrorKind::Rule(_) | RouteErrorKind::ReaderGone => {
                LiveCall::NotMade("no call was made".to_owned())
            }
        };
    };
    match last.failure {
        // The token limit was spent on reasoning: the deployment works.
        Some(failure) if failure.class == Class::InvalidOutput(OutputFault::Cut) => {
            LiveCall::Answered { ttft: last.first_token, took, cost: last.cost }
        }
        Some(failure) => LiveCall::Failed { failure, cost: last.cost },
        None => LiveCall::NotMade("no call was made".to_owned()),
    }
}
