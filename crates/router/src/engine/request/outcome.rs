//! What a call taught, told to the ledger; and its counting while it is under way.

use crate::engine::request::run::Run;
use crate::engine::shared::session::CallOutcome;
use llmroute_core::model::{Failure, Timestamp};
use llmroute_core::routing::breaker::BreakerContext;
use llmroute_core::routing::estimate::CallSample;
use llmroute_core::routing::failover::PlannedCall;
use llmroute_core::routing::snapshot::HealthSignal;
use llmroute_core::routing::strategy::{RankingInput, prior_ttft};

impl Run<'_> {
    /// Counts the call as under way until it ends, or could not last any longer.
    pub(in crate::engine) fn count(&mut self, call: &PlannedCall, deadline: Timestamp, rng: &mut fastrand::Rng) {
        let now = self.router.clock.now();
        let members = &self.router.map.group(call.group).members;
        let member = members.iter().find(|member| member.deployment == call.deployment);
        let limit = member.map_or(deadline, |member| now.after(member.timeouts.attempt));
        self.ledger.hold(call, rng.u64(..), now, limit.min(deadline));
    }

    /// What the failure of the call that was recorded last teaches.
    pub(in crate::engine) fn failed(&mut self, call: &PlannedCall, failure: &Failure, rng: &mut fastrand::Rng) {
        let sample = self
            .attempts
            .last()
            .and_then(|attempt| CallSample::failed(self.request.attributes.prompt_tokens, failure, attempt.duration));
        self.teach(call, Some(failure), sample, rng);
    }

    /// What the end of a call teaches; `failure` is `None` for an answer.
    pub(in crate::engine) fn teach(
        &mut self,
        call: &PlannedCall,
        failure: Option<&Failure>,
        sample: Option<CallSample>,
        rng: &mut fastrand::Rng,
    ) {
        let now = self.router.clock.now();
        let Some(lesson) = failure.map_or(Some(HealthSignal::ANSWERED), HealthSignal::of) else {
            return self.ledger.let_go(call.deployment, now);
        };
        let class = failure.map(|failure| failure.class);
        let policy = &self.router.map.group(call.group).policy;
        let context = BreakerContext {
            rules: policy.breaker(class),
            // A fallback group is usually the weaker model, so it is no reason to leave this one early.
            another_closed: self.ledger.snapshot.another_closed(&self.router.map, call.group, call.deployment, now),
            now,
            jitter: rng.f64(),
        };
        let (map, attributes, snapshot) = (&self.router.map, &self.request.attributes, &self.ledger.snapshot);
        let start = prior_ttft(&RankingInput { map, group: call.group, attributes, snapshot, now });
        self.ledger.learn(call.group, call.deployment, CallOutcome { lesson, sample, start }, context);
    }
}
