//! A request of the log without its texts: what statistics need of it.

use serde::Deserialize;
use serde_json::Value;

use super::LogRecord;
use crate::ports::RequestOutcome;
use llmroute_core::model::{Timestamp, Usage};

/// A request of the log without its texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoggedRequest {
    /// The time of the request.
    pub at: Timestamp,
    /// The group.
    pub group: String,
    /// The tags.
    pub tags: Vec<String>,
    /// The end user.
    pub user: Option<String>,
    /// The outcome; `None` without an end.
    pub outcome: Option<RequestOutcome>,
    /// The deployment that answered, or that was called last.
    pub deployment: Option<String>,
    /// The reason why the model stopped.
    pub finish_reason: Option<String>,
    /// The token counts of the answer.
    pub usage: Option<Usage>,
    /// The time to the first token.
    pub ttft_ms: Option<u64>,
    /// The duration.
    pub duration_ms: u64,
    /// The calls.
    pub attempts: Vec<LoggedAttempt>,
    /// The class of the failure of the request.
    pub class: Option<String>,
}

/// A call of a logged request. Other versions may write more or fewer fields.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LoggedAttempt {
    /// The deployment.
    pub deployment: Option<String>,
    /// The model that was asked for.
    pub model: Option<String>,
    /// `ok`, `failed`, `lost` or `cancelled`.
    pub outcome: String,
    /// The class of the failure.
    pub class: Option<String>,
    /// Prompt tokens as the provider counted them.
    pub input_tokens: Option<u64>,
    /// Generated tokens.
    pub output_tokens: Option<u64>,
    /// The cost in USD, if it is known.
    pub cost_usd: Option<f64>,
    /// `true` if the provider bills it. Early versions did not write it.
    pub billed: Option<bool>,
}

/// The error of a request; its message is not needed.
#[derive(Deserialize)]
struct LoggedError {
    #[serde(default)]
    class: Option<String>,
}

impl LoggedRequest {
    /// The class in the JSON of an error.
    pub(super) fn class_of(error: &str) -> Option<String> {
        serde_json::from_str::<LoggedError>(error).ok()?.class
    }
}

impl From<LogRecord> for LoggedRequest {
    fn from((start, end): LogRecord) -> Self {
        let request = Self { at: start.at, group: start.group, tags: start.tags, user: start.user, ..Self::default() };
        let Some(end) = end else { return request };
        Self {
            outcome: Some(end.outcome),
            deployment: end.deployment,
            finish_reason: end.finish_reason,
            usage: end.usage,
            ttft_ms: end.ttft_ms,
            duration_ms: end.duration_ms,
            attempts: Vec::deserialize(end.attempts).unwrap_or_default(),
            class: end.error.and_then(|error| error.get("class").and_then(Value::as_str).map(str::to_owned)),
            ..request
        }
    }
}
