//! What a call taught, told to the ledger; and its counting while it is under way.

use crate::engine::request::run::Run;
use crate::engine::shared::session::CallOutcome;
use llmroute_core::model::{Failure, Timestamp};
use llmroute_core::route::board::Lesson;
use llmroute_core::route::breaker::Context;
use llmroute_core::route::course::Call;
use llmroute_core::route::estimate::Experience;
use llmroute_core::route::strategy::{Scene, stranger};

impl Run<'_> {
    /// Counts the call as under way until it ends, or could not last any longer.
    pub(in crate::engine) fn count(&mut self, call: &Call, deadline: Timestamp, rng: &mut fastrand::Rng) {
        let now = self.router.clock.now();
        let members = &self.router.map.group(call.group).members;
        let member = members.iter().find(|member| member.deployment == call.deployment);
        let limit = member.map_or(deadline, |member| now.after(member.timeouts.attempt));
        self.ledger.hold(call, rng.u64(..), now, limit.min(deadline));
    }

    /// What the failure of the call that was recorded last teaches.
    pub(in crate::engine) fn failed(&mut self, call: &Call, failure: &Failure, rng: &mut fastrand::Rng) {
        let experience = self
            .attempts
            .last()
            .and_then(|attempt| Experience::failed(self.request.facts.prompt_tokens, failure, attempt.duration));
        self.teach(call, Some(failure), experience, rng);
    }

    /// What the end of a call teaches; `failure` is `None` for an answer.
    pub(in crate::engine) fn teach(
        &mut self,
        call: &Call,
        failure: Option<&Failure>,
        experience: Option<Experience>,
        rng: &mut fastrand::Rng,
    ) {
        let now = self.router.clock.now();
        let Some(lesson) = failure.map_or(Some(Lesson::ANSWERED), Lesson::of) else {
            return self.ledger.let_go(call.deployment, now);
        };
        let class = failure.map(|failure| failure.class);
        let policy = &self.router.map.group(call.group).policy;
        let context = Context {
            rules: policy.rules(class),
            another_closed: self.another_closed(call, now),
            now,
            luck: rng.f64(),
        };
        let (map, facts, board) = (&self.router.map, &self.request.facts, &self.ledger.board);
        let start = stranger(&Scene { map, group: call.group, facts, board, now });
        self.ledger.learn(call.group, call.deployment, CallOutcome { lesson, experience, start }, context);
    }

    /// Whether someone else in the group or in its fallbacks could answer.
    fn another_closed(&self, call: &Call, now: Timestamp) -> bool {
        let map = &self.router.map;
        let groups = [call.group].into_iter().chain(map.group(call.group).fallbacks.iter().copied());
        groups.into_iter().any(|group| self.ledger.board.another_closed(map, group, call.deployment, now))
    }
}
