//! Learns from calls that were made outside of routing, such as those of a benchmark.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::shared::keys::{deployment_key, edit};
use crate::engine::shared::session::StateSession;
use crate::engine::{Delivery, Engine, Request};
use crate::ports::StoreError;
use llmroute_core::model::{Failure, Prompt, Timestamp};
pub use llmroute_core::routing::breaker::BreakerContext;
pub use llmroute_core::routing::estimate::CallSample;
pub use llmroute_core::routing::snapshot::{DeploymentState, HealthSignal};
pub use llmroute_core::routing::strategy::{RankingInput, prior_ttft};
use llmroute_core::routing::{DeploymentId, GroupId};

/// The longest time that one write may take.
const STATE_LIMIT: Duration = Duration::from_secs(5);

/// A call that was made outside of routing.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The time of its end.
    pub at: Timestamp,
    /// Prompt tokens, estimated.
    pub prompt_tokens: u64,
    /// The speed of the answer, or the failure and the time after which it came.
    pub result: Result<CallSample, (Failure, Duration)>,
}

impl Measurement {
    /// Returns its lessons on health and speed.
    fn lessons(&self) -> (Option<HealthSignal>, Option<CallSample>) {
        match &self.result {
            Ok(sample) => (Some(HealthSignal::ANSWERED), Some(*sample)),
            Err((failure, elapsed)) => {
                (HealthSignal::of(failure), CallSample::failed(self.prompt_tokens, failure, *elapsed))
            }
        }
    }
}

impl Engine {
    /// Lets routing know what `observed` calls to members of `group` showed, so that the next request of
    /// any process is routed by it. They are taken in the order in which they ended.
    ///
    /// The retry budget of the group is not touched: no request failed.
    ///
    /// # Errors
    /// Fails if the state cannot be written; what was written for other deployments stays.
    pub async fn observe(
        &self,
        group: GroupId,
        mut observed: Vec<Measurement>,
        rng: &mut fastrand::Rng,
    ) -> Result<(), StoreError> {
        observed.sort_by_key(|one| one.at);
        let now = self.clock.now();
        let request = Request::new(group, Prompt::user(""), Delivery::Whole, now);
        let map = Arc::clone(&self.map);
        let session = StateSession::open(self, &request).await;
        let snapshot = &session.snapshot;
        let start = prior_ttft(&RankingInput { map: &map, group, attributes: &request.attributes, snapshot, now });
        let policy = map.group(group).policy;
        let mut of_deployment: BTreeMap<DeploymentId, Vec<Measurement>> = BTreeMap::new();
        for one in observed {
            of_deployment.entry(one.deployment).or_default().push(one);
        }
        for (deployment, all) in of_deployment {
            let another_closed = snapshot.another_closed(&map, group, deployment, now);
            let jitter = rng.f64();
            let learn = move |state: &mut DeploymentState| {
                for one in &all {
                    let (lesson, sample) = one.lessons();
                    let class = one.result.as_ref().err().map(|(failure, _)| failure.class);
                    let context = BreakerContext { rules: policy.breaker(class), another_closed, now: one.at, jitter };
                    lesson.inspect(|lesson| state.observe(lesson, &context));
                    sample.inspect(|sample| state.estimates.learn(sample, start, one.at));
                }
            };
            let change = move |values: &mut [Option<String>]| edit(&mut values[0], &learn);
            self.state.update(vec![deployment_key(&map, deployment)], STATE_LIMIT, change).await?;
        }
        Ok(())
    }
}
