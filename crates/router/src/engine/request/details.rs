//! The parts of a request that the log keeps beside its texts, so that it can be reproduced.

use serde_json::{Map, Value, json};

use crate::engine::call::delivery::{Delivery, MidstreamMode};
use crate::engine::request::record::millis;
use crate::engine::router::{Engine, Request};
use crate::ports::LogStart;
use crate::profile::is_secret_key;

/// Replaces the value of a field whose name says that it is secret.
const HIDDEN: &str = "[redacted]";

impl Engine {
    /// Returns the log entry of `request` with its user and everything that decides about it and is sent with it;
    /// `None` if it is not logged.
    pub(in crate::engine) fn log_start(&self, request: &Request) -> Option<LogStart> {
        let mut start = request.log.clone()?;
        let (prompt, attributes) = (&request.prompt, &request.attributes);
        start.user.clone_from(&attributes.user);
        let deadline = self.deadline(request).since(request.since);
        let mut details = json!({
            "parameters": prompt.sampling,
            "fields": without_secrets(&Value::Object(prompt.extra.clone())),
            "schema": prompt.schema.is_some(),
            "tools": prompt.tools.len(),
            "require_tags": attributes.require_tags,
            "forbid_tags": attributes.forbid_tags,
            "max_cost": attributes.max_cost,
            "no_fallback": attributes.no_fallback,
            "prompt_tokens": attributes.prompt_tokens,
            "hour": attributes.hour,
            "deadline_ms": millis(deadline),
            "midstream": midstream(request.delivery),
            "profile": self.profile,
        });
        if let (Value::Object(details), Value::Object(given)) = (&mut details, &start.details) {
            details.extend(given.clone());
        }
        start.details = details;
        Some(start)
    }
}

fn midstream(delivery: Delivery) -> Option<&'static str> {
    match delivery {
        Delivery::Whole => None,
        Delivery::Streamed(MidstreamMode::Exact) => Some("exact"),
        Delivery::Streamed(MidstreamMode::Restart) => Some("restart"),
        Delivery::Streamed(MidstreamMode::Resume) => Some("resume"),
        Delivery::Streamed(MidstreamMode::Fail) => Some("fail"),
    }
}

fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| {
                    let value = if is_secret_key(name) { HIDDEN.into() } else { without_secrets(value) };
                    (name.clone(), value)
                })
                .collect::<Map<String, Value>>(),
        ),
        Value::Array(values) => values.iter().map(without_secrets).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_fields_are_not_logged() {
        let fields =
            json!({"top_k": 4, "provider": {"api_key": "sk-1", "order": ["a"]}, "list": [{"password": {"a": 1}}]});
        let want = json!({
            "top_k": 4, "provider": {"api_key": HIDDEN, "order": ["a"]}, "list": [{"password": HIDDEN}]
        });
        assert_eq!(without_secrets(&fields), want);
    }
}
