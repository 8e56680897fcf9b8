//! A request of the log, and its form in JSON.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::ports::{LogEnd, LogStart};
use crate::state::LogRecord;
use llmroute_core::model::{Timestamp, Usage};

/// A request and its result.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// The request.
    pub start: LogStart,
    /// The result; `None` while it is running, or if its process died.
    pub end: Option<LogEnd>,
}

impl LogEntry {
    /// The name of the outcome; `unfinished` without one.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        self.end.as_ref().map_or("unfinished", |end| end.outcome.as_str())
    }

    /// The attempts, as objects of `ask --json`.
    #[must_use]
    pub fn attempts(&self) -> &[Value] {
        self.end.as_ref().and_then(|end| end.attempts.as_array()).map_or(&[], Vec::as_slice)
    }
}

impl From<LogRecord> for LogEntry {
    fn from((start, end): LogRecord) -> Self {
        Self { start, end }
    }
}

/// One flat object, with the names of `ask --json`. Times are RFC 3339 in UTC.
impl Serialize for LogEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { start, end } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &start.id)?;
        map.serialize_entry("at", &rfc3339(start.at))?;
        map.serialize_entry("command", &start.command)?;
        map.serialize_entry("group", &start.group)?;
        map.serialize_entry("conversation_id", &start.conversation())?;
        map.serialize_entry("parent", &start.parent)?;
        map.serialize_entry("tags", &start.tags)?;
        map.serialize_entry("user", &start.user)?;
        map.serialize_entry("request", &start.details)?;
        map.serialize_entry("system", &start.system)?;
        map.serialize_entry("prompt", &start.prompt)?;
        map.serialize_entry("outcome", self.outcome())?;
        if let Some(end) = end {
            map.serialize_entry("ended_at", &rfc3339(end.at))?;
            map.serialize_entry("deployment", &end.deployment)?;
            map.serialize_entry("provider", &end.provider)?;
            map.serialize_entry("model", &end.model)?;
            map.serialize_entry("text", &end.text)?;
            map.serialize_entry("reasoning", &end.reasoning)?;
            map.serialize_entry("finish_reason", &end.finish_reason)?;
            map.serialize_entry("usage", &end.usage.as_ref().map(counts))?;
            map.serialize_entry("cost_usd", &end.cost_usd)?;
            map.serialize_entry("priced", &end.cost_usd.is_some())?;
            map.serialize_entry("ttft_ms", &end.ttft_ms)?;
            map.serialize_entry("duration_ms", &end.duration_ms)?;
            map.serialize_entry("attempts", &end.attempts)?;
            map.serialize_entry("route", &end.routing)?;
            if let Some(error) = &end.error {
                map.serialize_entry("error", error)?;
            }
        }
        map.end()
    }
}

fn counts(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cached_tokens": usage.cached,
        "cache_write_tokens": usage.cache_write,
        "reasoning_tokens": usage.reasoning,
    })
}

/// `at` in UTC, as in JSON; `None` if it is out of range.
#[must_use]
pub fn rfc3339(at: Timestamp) -> Option<String> {
    jiff::Timestamp::from_millisecond(at.0).ok().map(|at| format!("{at:.3}"))
}
