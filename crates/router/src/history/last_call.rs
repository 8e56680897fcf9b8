//! The result of the latest call to each deployment, from given requests.

use std::collections::BTreeMap;

use serde_json::Value;

use super::LogEntry;
use llmroute_core::model::Timestamp;

/// The end of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCall {
    /// The end of its request.
    pub at: Timestamp,
    /// `ok`, `failed`, `lost` or `cancelled`.
    pub outcome: String,
    /// The class of its failure.
    pub class: Option<String>,
}

/// The latest call to each deployment, by its name, in `entries` (oldest first).
#[must_use]
pub fn last_calls(entries: &[LogEntry]) -> BTreeMap<String, LastCall> {
    let mut found = BTreeMap::new();
    for (entry, end) in entries.iter().filter_map(|entry| Some((entry, entry.end.as_ref()?))) {
        for attempt in entry.attempts() {
            let text = |name: &str| attempt.get(name).and_then(Value::as_str).map(str::to_owned);
            if let (Some(deployment), Some(outcome)) = (text("deployment"), text("outcome")) {
                found.insert(deployment, LastCall { at: end.at, outcome, class: text("class") });
            }
        }
    }
    found
}
