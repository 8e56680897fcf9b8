//! Reasoning and other text, in any of the shapes that servers give them.

use serde_json::Value;

use super::classify;
use crate::model::Event;
use crate::model::event::{ReasoningBlock, ReasoningSignature};

/// Fields that hold reasoning, by dialect. The first that is filled is taken: some servers send the same
/// reasoning under two names.
const REASONING: [&str; 8] = [
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "reasoning_details",
    "thinking",
    "thinking_blocks",
    "thought",
    "thoughts",
];

/// Returns the reasoning in a delta or a message. Reasoning that cannot be read is a block without a provider: a sign
/// of life that nothing is made of.
pub(super) fn reasoning_of(delta: &Value) -> Option<Event> {
    let fields = || REASONING.iter().filter_map(|name| delta.get(*name)).filter(|value| !value.is_boolean());
    let hidden = || {
        let signature = ReasoningSignature::Hidden(String::new());
        Event::ReasoningBlock(ReasoningBlock { by: String::new(), text: String::new(), signature })
    };
    match fields().map(text_of).find(|text| !text.is_empty()) {
        Some(text) => Some(Event::Reasoning(text)),
        None => fields().any(classify::is_present).then(hidden),
    }
}

/// Returns the text of a value of any shape: a text, a list of parts, or an object around one.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text_of).collect(),
        Value::Object(map) => ["text", "thinking", "content", "summary", "reasoning", "refusal", "value"]
            .iter()
            .filter_map(|name| map.get(*name))
            .map(text_of)
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}
