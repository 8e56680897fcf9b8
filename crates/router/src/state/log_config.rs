//! The settings of the log: its location, its size, and the text that it leaves out.

use regex::Regex;
use serde_json::Value;

use crate::ports::{LogEnd, LogStart};

/// The text in the place of what was left out.
const REDACTED: &str = "[redacted]";

/// The location of the log of requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogPlace {
    /// This machine, even if the state is on a server.
    #[default]
    Local,
    /// The place of the state.
    Shared,
    /// Nowhere: no request is logged.
    Off,
}

/// The behaviour of limits and budgets when the shared state is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnStateLoss {
    /// Denies a call with a limit while the state is busy or its server does not answer. If the state cannot be used
    /// at all, each process applies the limits by itself.
    #[default]
    Auto,
    /// Denies every call with a limit.
    Deny,
    /// Lets each process apply the limits by itself.
    Allow,
}

/// The limits of the log of this machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// The number of days for which a request is kept.
    pub keep_days: Option<u64>,
    /// The largest size of the database, in bytes.
    pub max_bytes: Option<u64>,
}

/// The settings of the log.
#[derive(Debug, Clone, Default)]
pub struct LogConfig {
    /// Its location.
    pub place: LogPlace,
    /// Its limits.
    pub retention: Retention,
    /// The patterns that are left out of its texts.
    pub redact: Vec<Regex>,
}

impl LogConfig {
    /// Returns `start` without what is left out.
    pub(crate) fn start(&self, start: LogStart) -> LogStart {
        if self.redact.is_empty() {
            return start;
        }
        LogStart {
            system: start.system.as_deref().map(|text| self.redacted(text)),
            prompt: self.redacted(&start.prompt),
            details: self.redacted_values(start.details),
            ..start
        }
    }

    /// Returns `end` without what is left out.
    pub(crate) fn end(&self, end: LogEnd) -> LogEnd {
        if self.redact.is_empty() {
            return end;
        }
        LogEnd {
            text: self.redacted(&end.text),
            reasoning: self.redacted(&end.reasoning),
            attempts: self.redacted_values(end.attempts),
            error: end.error.map(|error| self.redacted_values(error)),
            ..end
        }
    }

    fn redacted(&self, text: &str) -> String {
        let replace =
            |text: String, pattern: &Regex| pattern.replace_all(&text, regex::NoExpand(REDACTED)).into_owned();
        self.redact.iter().fold(text.to_owned(), replace)
    }

    fn redacted_values(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redacted(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.redacted_values(item)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (name, self.redacted_values(value))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_match_of_a_pattern_is_left_out_of_texts_and_messages() {
        let redact = ["[0-9]{4}", "(?i)secret \\w+"].map(|pattern| Regex::new(pattern).unwrap()).to_vec();
        let config = LogConfig { redact, ..LogConfig::default() };
        assert_eq!(config.redacted("pin 1234, Secret plan $0"), "pin [redacted], [redacted] $0");
        let error = serde_json::json!({"message": "no 9999", "n": [1234, "1234"]});
        let want = serde_json::json!({"message": "no [redacted]", "n": [1234, "[redacted]"]});
        assert_eq!(config.redacted_values(error), want);
    }
}
