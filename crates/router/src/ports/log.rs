//! The entries of the log of requests.

use serde::{Deserialize, Serialize};

pub use llmroute_core::model::{Timestamp, Usage};

/// The start of a request, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogStart {
    /// Sorts by time; unique across processes.
    pub id: String,
    /// The time of its start.
    pub at: Timestamp,
    /// The command (`ask`, `chat`, …).
    pub command: String,
    /// The model group, or `provider/model`.
    pub group: String,
    /// The conversation it belongs to: the id of its first request.
    pub conversation_id: Option<String>,
    /// The request of the conversation that it follows. If two follow the same one, the
    /// later one counts.
    #[serde(default)]
    pub parent: Option<String>,
    /// The system prompt.
    pub system: Option<String>,
    /// The last user message.
    pub prompt: String,
    /// Labels given with `--tag`.
    pub tags: Vec<String>,
}

impl LogStart {
    /// Returns the conversation that it belongs to. Logs of the first version have none for an `ask`, which begins
    /// its own.
    #[must_use]
    pub fn conversation(&self) -> Option<&str> {
        let own = || Some(self.id.as_str()).filter(|_| self.command == "ask");
        self.conversation_id.as_deref().or_else(own)
    }
}

/// The end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestOutcome {
    /// One complete answer.
    Ok,
    /// A part of an answer was delivered.
    Partial,
    /// No answer.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl RequestOutcome {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Partial, Self::Failed, Self::Cancelled];

    /// Returns the name in the log and in `--json`.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The outcome of a request as the log keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogEnd {
    /// The time of its end.
    pub at: Timestamp,
    /// The outcome.
    pub outcome: RequestOutcome,
    /// The deployment that answered, or that was called last.
    pub deployment: Option<String>,
    /// Its provider.
    pub provider: Option<String>,
    /// The model as the provider called it.
    pub model: Option<String>,
    /// The answer: whole, partial, or a second whole one that could not be printed.
    pub text: String,
    /// Shown reasoning.
    pub reasoning: String,
    /// The reason why the model stopped.
    pub finish_reason: Option<String>,
    /// The token counts.
    pub usage: Option<Usage>,
    /// The cost, if a price is known.
    pub cost_usd: Option<f64>,
    /// Time to first token.
    pub ttft_ms: Option<u64>,
    /// The time from the start to the end.
    pub duration_ms: u64,
    /// Every attempt, as in `--json`.
    pub attempts: serde_json::Value,
    /// The failure class and message, when it failed.
    pub error: Option<serde_json::Value>,
}
