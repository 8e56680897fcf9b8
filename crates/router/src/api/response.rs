//! A complete answer, and the calls that led to it.

use std::time::Duration;

use super::error_kind::ErrorKind;
use crate::engine::{self, CostSummary, Disposition};
use llmroute_core::model::{Message, ToolCall, Usage};
use llmroute_core::routing::Map;

/// A complete answer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChatResponse {
    /// The text.
    pub text: String,
    /// The reasoning that the provider shows.
    pub reasoning: String,
    /// The tool calls, in order.
    pub tool_calls: Vec<ToolCall>,
    /// The reason why the model stopped (`stop`, `length`, `tool_calls`, …).
    pub finish_reason: Option<String>,
    /// The token counts, if the provider sent them.
    pub usage: Option<Usage>,
    /// The deployment that gave the answer, or its last part.
    pub deployment: String,
    /// The model as the provider calls it.
    pub model: Option<String>,
    /// The calls that were made; the last one succeeded.
    pub attempts: Vec<Attempt>,
    /// The time from the start of the request to the first token.
    pub first_token: Option<Duration>,
    /// The time from the start of the request to the end of the answer.
    pub duration: Duration,
    /// The number of characters after which another deployment continued the text.
    pub resumed_at: Option<usize>,
    message: Message,
    cost: CostSummary,
}

impl ChatResponse {
    pub(super) fn of(answer: engine::RoutedAnswer, map: &Map) -> Self {
        let message = answer.answer.turn();
        let cost = CostSummary::of(&answer.attempts);
        Self {
            attempts: answer.attempts.iter().map(|attempt| Attempt::of(attempt, map)).collect(),
            deployment: map.deployment(answer.deployment).name.clone(),
            finish_reason: answer.answer.finish.map(|finish| finish.as_str().to_owned()),
            first_token: answer.first_token,
            duration: answer.duration,
            resumed_at: answer.resumed_at,
            text: answer.answer.text,
            reasoning: answer.answer.reasoning,
            tool_calls: answer.answer.tool_calls,
            usage: answer.answer.usage,
            model: answer.answer.model,
            message,
            cost,
        }
    }

    /// Returns the turn of the conversation to send back with the next request, tool calls included.
    #[must_use]
    pub fn message(&self) -> Message {
        self.message.clone()
    }

    /// Returns the cost of the answer in USD; `None` if the price or the usage of a call is unknown.
    #[must_use]
    pub fn cost_usd(&self) -> Option<f64> {
        self.cost.delivered.filter(|_| self.cost.complete)
    }

    /// Returns the cost of the calls whose answers were not used, in USD; `None` if it is unknown.
    #[must_use]
    pub fn wasted_usd(&self) -> Option<f64> {
        self.cost.wasted()
    }
}

/// One call to one deployment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// The deployment.
    pub deployment: String,
    /// The group through which it was called.
    pub group: String,
    /// The outcome.
    pub outcome: AttemptOutcome,
    /// The kind of failure, if the call failed.
    pub error: Option<ErrorKind>,
    /// The HTTP status of a failure.
    pub status: Option<u16>,
    /// The message of a failure, in one line and without secrets.
    pub message: Option<String>,
    /// The time that the router waited before the call.
    pub waited: Duration,
    /// The duration of the call.
    pub duration: Duration,
    /// The time to the first token of this call.
    pub first_token: Option<Duration>,
    /// The cost in USD, if usage and price are known.
    pub cost_usd: Option<f64>,
}

/// The outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// Its text is the answer, or a part of it.
    Delivered,
    /// It failed, or its text was replaced by another answer.
    Discarded,
    /// A second call for the same answer was faster.
    HedgeLoser,
    /// It was cancelled.
    Cancelled,
}

impl Attempt {
    pub(super) fn of(attempt: &engine::AttemptRecord, map: &Map) -> Self {
        let failure = attempt.failure.as_ref();
        Self {
            deployment: map.deployment(attempt.deployment).name.clone(),
            group: map.group(attempt.group).name.clone(),
            outcome: match attempt.disposition {
                Disposition::Delivered => AttemptOutcome::Delivered,
                Disposition::Discarded => AttemptOutcome::Discarded,
                Disposition::HedgeLoser => AttemptOutcome::HedgeLoser,
                Disposition::Cancelled => AttemptOutcome::Cancelled,
            },
            error: failure.map(|failure| failure.class.into()),
            status: failure.and_then(|failure| failure.status),
            message: failure.map(|failure| failure.message.clone()),
            waited: attempt.waited,
            duration: attempt.duration,
            first_token: attempt.first_token,
            cost_usd: attempt.cost,
        }
    }
}
