//! Spans of `tracing`: `llm.chat` for a request, `llm.attempt` for each call in it.
//!
//! Field names follow the conventions of OpenTelemetry for generative AI (`gen_ai.*`).

use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;

use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::engine::{self, Observer, RoutedAnswer, RouterEvent};
use llmroute_core::model::Event;
use llmroute_core::routing::DeploymentId;

/// The span of a request to `group`.
pub(super) fn chat(group: &str) -> Span {
    tracing::info_span!(
        "llm.chat",
        "gen_ai.operation.name" = "chat",
        "llm.group" = group,
        "llm.deployment" = Empty,
        "gen_ai.response.model" = Empty,
        "gen_ai.usage.input_tokens" = Empty,
        "gen_ai.usage.output_tokens" = Empty,
        "error.type" = Empty,
    )
}

/// Runs `future` inside `span`, and records its error.
pub(super) async fn instrument<T>(
    span: Span,
    future: impl Future<Output = Result<T, super::Error>>,
) -> Result<T, super::Error> {
    let result = future.instrument(span.clone()).await;
    if let Err(error) = &result {
        span.record("error.type", error.kind().as_str());
    }
    result
}

/// Opens and closes the spans of attempts, and passes everything on to another observer.
pub(super) struct Traced<O> {
    inner: O,
    engine: Arc<engine::Engine>,
    attempts: Vec<(DeploymentId, Span)>,
}

impl<O> Traced<O> {
    pub(super) fn new(inner: O, engine: Arc<engine::Engine>) -> Self {
        Self { inner, engine, attempts: Vec::new() }
    }

    fn open(&mut self, id: DeploymentId) {
        let deployment = self.engine.map().deployment(id);
        let span = tracing::info_span!(
            "llm.attempt",
            "gen_ai.operation.name" = "chat",
            "gen_ai.provider.name" = deployment.provider,
            "gen_ai.request.model" = deployment.model,
            "llm.deployment" = deployment.name,
            "gen_ai.response.model" = Empty,
            "gen_ai.usage.input_tokens" = Empty,
            "gen_ai.usage.output_tokens" = Empty,
            "error.type" = Empty,
        );
        self.attempts.push((id, span));
    }

    fn close(&mut self, id: DeploymentId) -> Option<Span> {
        let index = self.attempts.iter().position(|(open, _)| *open == id)?;
        Some(self.attempts.swap_remove(index).1)
    }
}

impl<O: Observer> Observer for Traced<O> {
    fn on_event(&mut self, event: RouterEvent<'_>) {
        match &event {
            RouterEvent::Calling { deployment, .. } => self.open(*deployment),
            RouterEvent::Failed { deployment, failure } => {
                if let Some(span) = self.close(*deployment) {
                    span.record("error.type", failure.class.as_str());
                    span.in_scope(|| tracing::warn!(class = failure.class.as_str(), "{}", failure.message));
                }
            }
            RouterEvent::Hedged { winner, .. } => self.attempts.retain(|(open, _)| open == winner),
            RouterEvent::State(warning) => tracing::warn!("{warning}"),
            RouterEvent::Unordered { reason, .. } => tracing::warn!("{reason}"),
            RouterEvent::Skipped { deployment, reason } => {
                let name = &self.engine.map().deployment(*deployment).name;
                tracing::debug!("llm.deployment" = name, ?reason, "skipped");
            }
            RouterEvent::Adapted { .. }
            | RouterEvent::Restarted { .. }
            | RouterEvent::Resuming { .. }
            | RouterEvent::GoingOn { .. } => {}
        }
        self.inner.on_event(event);
    }

    fn on_output(&mut self, event: &Event) -> ControlFlow<()> {
        self.inner.on_output(event)
    }

    fn on_complete(&mut self, answer: &RoutedAnswer) {
        let attempt = self.close(answer.deployment).unwrap_or_else(Span::none);
        for span in [Span::current(), attempt] {
            span.record("llm.deployment", self.engine.map().deployment(answer.deployment).name.as_str());
            if let Some(model) = &answer.answer.model {
                span.record("gen_ai.response.model", model.as_str());
            }
            if let Some(usage) = answer.answer.usage {
                span.record("gen_ai.usage.input_tokens", usage.input);
                span.record("gen_ai.usage.output_tokens", usage.output);
            }
        }
        self.inner.on_complete(answer);
    }

    fn has_room(&mut self) -> bool {
        self.inner.has_room()
    }
}
