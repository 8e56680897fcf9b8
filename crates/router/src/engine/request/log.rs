//! The log entry of a request that ended.

use serde_json::{Value, json};

use crate::api::describe;
use crate::engine::request::record::{
    AttemptRecord, CostSummary, Disposition, RouteError, RouteErrorKind, RoutedAnswer, millis,
};
use crate::engine::request::run::Run;
use crate::engine::router::{Engine, Request};
use crate::ports::{LogEnd, RequestOutcome};
use llmroute_core::model::{Answer, Class};
use llmroute_core::routing::DeploymentId;

impl Run<'_> {
    /// Writes the outcome down.
    pub(in crate::engine) fn close(&mut self, ended: &Result<RoutedAnswer, RouteError>) {
        let outcome = match ended {
            Ok(_) => RequestOutcome::Ok,
            Err(RouteError { why: RouteErrorKind::Interrupted { .. }, .. }) => RequestOutcome::Partial,
            Err(RouteError { why: RouteErrorKind::ReaderGone, .. }) => RequestOutcome::Cancelled,
            Err(RouteError { why: RouteErrorKind::Stopped(_) | RouteErrorKind::Rule(_), .. }) => RequestOutcome::Failed,
        };
        self.log(outcome, ended.as_ref().ok().map(|done| &done.answer), ended.as_ref().err());
    }

    fn log(&mut self, outcome: RequestOutcome, answer: Option<&Answer>, error: Option<&RouteError>) {
        self.closed = true;
        let Some(start) = &self.request.log else { return };
        let answer = answer.unwrap_or(&self.coming);
        let last = self.attempts.last();
        let deployment = last.map(|attempt| self.router.map.deployment(attempt.deployment));
        // A partial answer is logged as it was given out, a second whole one as it came.
        let partial = answer.finish.is_none() && !self.out.written().is_empty();
        let text = if partial { self.out.written() } else { &answer.text };
        // The first failure is what went wrong; what followed it is listed.
        let failure = match outcome {
            RequestOutcome::Failed | RequestOutcome::Partial => {
                self.attempts.iter().find_map(|attempt| attempt.failure.as_ref())
            }
            RequestOutcome::Ok | RequestOutcome::Cancelled => last.and_then(|attempt| attempt.failure.as_ref()),
        };
        let end = LogEnd {
            at: self.router.clock.now(),
            outcome,
            deployment: deployment.map(|deployment| deployment.name.clone()),
            provider: deployment.map(|deployment| deployment.provider.clone()),
            model: answer.model.clone().or_else(|| deployment.map(|deployment| deployment.model.clone())),
            text: text.to_owned(),
            reasoning: answer.reasoning.clone(),
            finish_reason: answer.finish.map(|finish| finish.as_str().to_owned()),
            usage: answer.usage,
            cost_usd: CostSummary::of(&self.attempts).delivered,
            ttft_ms: self.first_token.map(millis),
            duration_ms: millis(self.elapsed()),
            attempts: Value::from_iter(self.attempts.iter().map(|attempt| attempt.json(&self.router.map))),
            error: match (failure, error) {
                (Some(failure), None) => Some(json!({"class": failure.class.as_str(), "message": failure.message})),
                (failure, Some(error)) => Some(json!({
                    "class": error.class().map(Class::as_str),
                    "message": failure.map_or_else(|| self.reason(error.why), |failure| failure.message.clone()),
                })),
                (None, None) => None,
            },
            routing: self.routing(),
        };
        self.router.state.finish(start.id.clone(), end);
    }

    /// The reason why a request without a failed call ended.
    fn reason(&self, why: RouteErrorKind) -> String {
        match why {
            RouteErrorKind::Stopped(stop) => stop.as_str().to_owned(),
            RouteErrorKind::Interrupted { .. } => "the answer broke off and could not be completed".to_owned(),
            RouteErrorKind::ReaderGone => "the reader of the answer is gone".to_owned(),
            RouteErrorKind::Rule(error) => {
                let rule = self.router.map.rules.rule(error.rule);
                format!("rule {} of `{}` cannot be evaluated: {}", rule.number, rule.group, error.fault.as_str())
            }
        }
    }

    /// The inputs of the routing decisions.
    fn routing(&self) -> Value {
        let map = &self.router.map;
        let group = self.attempts.last().map_or(self.request.group, |attempt| attempt.group);
        let rule = self.router.decide(self.request).ok().and_then(|decided| decided.rule(self.request.group));
        let rule = rule.map(|id| map.rules.rule(id));
        let skipped = self.skips.iter().map(|skip| {
            json!({
                "deployment": map.deployment(skip.deployment).name,
                "group": map.group(skip.group).name,
                "class": skip.reason.class().map(Class::as_str),
                "reason": describe(&skip.reason),
            })
        });
        json!({
            "strategy": map.group(group).strategy.name(),
            "rule": rule.map(|rule| json!({
                "group": rule.group, "number": rule.number, "when": rule.when.text(), "use": map.group(rule.target).name,
            })),
            "skipped": skipped.collect::<Vec<Value>>(),
            "hedged": self.hedged.is_some(),
            "restarted": self.out.restarted(),
            "resumed_at": self.out.resumed_at(),
        })
    }
}

impl Engine {
    /// Writes down what came of the answer to `request` so far, from `deployment` since it was asked: if the
    /// process ends without another word, that much is kept. How the request really ends replaces it.
    ///
    /// Call it from the task that runs the request, or it may come after the end that it stands in for.
    pub fn keep(&self, request: &Request, deployment: Option<DeploymentId>, text: &str) {
        let Some(start) = &request.log else { return };
        let deployment = deployment.map(|id| self.map.deployment(id));
        let now = self.clock.now();
        let end = LogEnd {
            at: now,
            outcome: RequestOutcome::Partial,
            deployment: deployment.map(|deployment| deployment.name.clone()),
            provider: deployment.map(|deployment| deployment.provider.clone()),
            model: deployment.map(|deployment| deployment.model.clone()),
            text: text.to_owned(),
            reasoning: String::new(),
            finish_reason: None,
            usage: None,
            cost_usd: None,
            ttft_ms: None,
            duration_ms: millis(now.since(request.since)),
            attempts: json!([]),
            error: None,
            routing: Value::Null,
        };
        self.state.finish(start.id.clone(), end);
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if !self.closed {
            for (call, since) in std::mem::take(&mut self.current) {
                let deployment = call.deployment;
                let request_id = self.take_request_id(deployment);
                self.attempts.push(AttemptRecord {
                    deployment,
                    group: call.group,
                    failure: None,
                    waited: call.wait,
                    duration: self.router.clock.now().since(since),
                    first_token: None,
                    usage: None,
                    request_id,
                    cost: None,
                    disposition: Disposition::Cancelled,
                });
            }
            self.session.abandon(&self.coming);
            self.log(RequestOutcome::Cancelled, None, None);
        }
    }
}
