//! The protocol `anthropic`: messages, encoded and classified.
//!
//! Source: Anthropic API reference, Messages; what a model takes is in the model table.

mod decoder;
#[cfg(test)]
mod tests;
mod usual;

use serde_json::{Map, Value, json};

use crate::catalog::{Auth, Prefill, Quirks, SchemaDialect};

use super::{Adapter, Decoder, EncodedRequest, Endpoint, Probe, ProtocolSpec, classify, probe, request};
use crate::catalog::models::{Model, Thinking};
use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::prompt::ImageData;
use crate::model::{Effort, Failure, Message, Part, Prompt, Role, Sampling, Secret, Tool};
use crate::wire::{ErrorReply, Framing};
pub(in crate::protocols) use decoder::MessagesDecoder;

/// The token limit for a model that the table does not know; the field is required.
pub(super) const MAX_TOKENS: u64 = 4096;

/// The smallest budget for thinking that the API takes.
const LEAST_BUDGET: u64 = 1024;

/// The registry entry.
pub(super) const SPEC: ProtocolSpec = ProtocolSpec { name: "anthropic", quirks: QUIRKS, adapter: &Anthropic };

/// Plain Anthropic messages.
pub(crate) const QUIRKS: Quirks = Quirks {
    auth: Auth::XApiKey,
    headers: &[("anthropic-version", "2023-06-01")],
    seed: None,
    prefill: Prefill::KnownModels,
    ..Quirks::PLAIN
};

/// The adapter.
pub(crate) struct Anthropic;

impl Adapter for Anthropic {
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let (body, dropped) = body(to, prompt)?;
        request::build(to, key, prompt, &["messages"], body, dropped)
    }

    fn probe(&self, to: &Endpoint, key: Option<&Secret>) -> Result<Probe, Failure> {
        // The most on a page (API reference, List Models).
        probe::models(to, key, &["messages"], &[("limit", "1000")])
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder> {
        Box::new(MessagesDecoder::new(to.quirks.codes, &to.provider))
    }

    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        classify::reply(reply, to.quirks.codes)
    }
}

/// The whole body, and the preferences that were left out of it.
///
/// # Errors
/// As [`Adapter::encode`].
pub(crate) fn body(to: &Endpoint, prompt: &Prompt) -> Result<(Map<String, Value>, Vec<&'static str>), Failure> {
    let model = to.known.as_ref();
    let (mut sampling, mut dropped) = request::parameters(to, prompt, model)?;
    let limit = sampling.max_tokens.or(model.and_then(|model| model.max_output)).unwrap_or(MAX_TOKENS);
    let mut body = Map::new();
    body.insert("model".into(), json!(to.model));
    body.insert("max_tokens".into(), json!(limit));
    if let Some(text) = system(to, prompt, model) {
        body.insert("system".into(), json!(text));
    }
    body.insert("messages".into(), messages(to, prompt));
    body.insert("stream".into(), json!(true));
    let mut output = Map::new();
    // An answer that was begun leaves no room to think before it.
    if prompt.prefill.is_some() || lacks_thoughts(to, prompt) {
        dropped.extend(sampling.effort.take().map(|_| "reasoning_effort"));
    }
    if let Some(effort) = sampling.effort {
        think(&mut body, &mut output, model, effort, limit, &mut dropped);
    }
    if body.get("thinking").is_some_and(|thinking| thinking["type"] != "disabled") {
        drop_sampling(&mut sampling, &mut dropped);
    }
    if let Some(schema) = prompt.schema.as_ref().filter(|schema| takes_schema(to, model, schema)) {
        output.insert("format".into(), json!({"type": "json_schema", "schema": schema}));
    }
    if !output.is_empty() {
        body.insert("output_config".into(), Value::Object(output));
    }
    put_sampling(&mut body, &sampling);
    if !prompt.tools.is_empty() {
        body.insert("tools".into(), prompt.tools.iter().map(tool).collect());
    }
    Ok((body, dropped))
}

/// Returns `true` if the current round of tools began without reasoning of this provider. A model with a budget of
/// reasoning tokens then refuses to reason (guide "Extended thinking", tool use).
pub(super) fn lacks_thoughts(to: &Endpoint, prompt: &Prompt) -> bool {
    let by_budget = to.known.as_ref().is_some_and(|model| model.thinking == Thinking::Budget);
    let is_round = |message: &&Message| message.parts.iter().any(|part| matches!(part, Part::ToolResult { .. }));
    let last = prompt.messages.iter().rev().find(|message| message.role == Role::Assistant);
    let own = |part: &Part| matches!(part, Part::ReasoningBlock(block) if block.by == to.provider);
    by_budget
        && prompt.messages.last().filter(is_round).is_some()
        && last.is_some_and(|turn| !turn.parts.iter().any(own))
}

fn put_sampling(body: &mut Map<String, Value>, sampling: &Sampling) {
    let fields = [
        ("temperature", sampling.temperature.map(Value::from)),
        ("top_p", sampling.top_p.map(Value::from)),
        ("stop_sequences", (!sampling.stop.is_empty()).then(|| json!(sampling.stop))),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    }
}

/// While it thinks, it draws in its own way: other values are refused.
pub(super) fn drop_sampling(sampling: &mut Sampling, dropped: &mut Vec<&'static str>) {
    dropped.extend(sampling.temperature.take().map(|_| "temperature"));
    dropped.extend(sampling.top_p.take().map(|_| "top_p"));
}

/// Says the effort in the way of the model: as a budget, as a level, or both with adaptive thinking.
pub(super) fn think(
    body: &mut Map<String, Value>,
    output: &mut Map<String, Value>,
    model: Option<&Model>,
    effort: Effort,
    limit: u64,
    dropped: &mut Vec<&'static str>,
) {
    let style = model.map_or(Thinking::Unknown, |model| model.thinking);
    match (style, effort) {
        (Thinking::Unknown | Thinking::Flat | Thinking::Nested | Thinking::Config | Thinking::MaxEffort, _) => {
            dropped.push("reasoning_effort")
        }
        // These think only when told to.
        (Thinking::Budget | Thinking::Effort, Effort::None) => {}
        (Thinking::Adaptive, Effort::None) => {
            body.insert("thinking".into(), json!({"type": "disabled"}));
        }
        (Thinking::BetweenTools, Effort::None) => {
            body.insert("thinking".into(), json!({"type": "between_tools"}));
        }
        (Thinking::Budget, effort) => match budget(effort, limit) {
            Some(tokens) => {
                body.insert("thinking".into(), json!({"type": "enabled", "budget_tokens": tokens}));
            }
            None => dropped.push("reasoning_effort"),
        },
        (Thinking::Effort, effort) => {
            output.insert("effort".into(), json!(effort.as_str()));
        }
        (Thinking::Adaptive | Thinking::BetweenTools, effort) => {
            body.insert("thinking".into(), json!({"type": "adaptive"}));
            output.insert("effort".into(), json!(effort.as_str()));
        }
    }
}

/// The tokens to think with, always less than the limit; `None` when that leaves too few.
fn budget(effort: Effort, limit: u64) -> Option<u64> {
    let wish = match effort {
        Effort::None => return None,
        Effort::Minimal => LEAST_BUDGET,
        Effort::Low => 2048,
        Effort::Medium => 8192,
        Effort::High => 16_384,
        Effort::Xhigh => 24_576,
        Effort::Max => 32_768,
    };
    // At least a fifth is left for the answer.
    Some(wish.min(limit / 5 * 4)).filter(|tokens| *tokens >= LEAST_BUDGET)
}

/// Others are told in words: the API refuses what its grammar cannot hold a model to.
fn takes_schema(to: &Endpoint, model: Option<&Model>, schema: &Value) -> bool {
    to.quirks.schema == SchemaDialect::Native && model.is_some_and(|model| model.json_schema) && is_expressible(schema)
}

/// Keywords that structured outputs take in every form ("Structured outputs", JSON Schema limitations).
const ACCEPTED: &[&str] = &["$schema", "$ref", "title", "description", "type", "const", "default", "required"];

/// Formats of texts that they take.
const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// The largest `minItems` that they take.
const MOST_MIN_ITEMS: f64 = 1.0;

/// Returns `true` if every object is closed, every keyword is accepted, and nothing is a part of itself.
pub(super) fn is_expressible(schema: &Value) -> bool {
    is_plain(schema) && !is_recursive(schema, schema, &mut Vec::new(), &mut Vec::new())
}

/// Returns `true` if a reference is recursive or has no target.
fn is_recursive<'s>(root: &'s Value, part: &'s Value, above: &mut Vec<&'s str>, done: &mut Vec<&'s str>) -> bool {
    match part {
        Value::Object(map) => {
            if let Some(target) = map.get("$ref").and_then(Value::as_str).filter(|target| !done.contains(target)) {
                let Some(place) = target.strip_prefix('#').and_then(|place| root.pointer(place)) else { return true };
                if above.contains(&target) || std::ptr::eq(place, root) {
                    return true;
                }
                above.push(target);
                if is_recursive(root, place, above, done) {
                    return true;
                }
                above.pop();
                done.push(target);
            }
            map.values().any(|part| is_recursive(root, part, above, done))
        }
        Value::Array(list) => list.iter().any(|part| is_recursive(root, part, above, done)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn is_plain(schema: &Value) -> bool {
    let Some(map) = schema.as_object() else { return false };
    let open = map.get("type").is_some_and(|kind| kind == "object") || map.contains_key("properties");
    let closed = map.get("additionalProperties") == Some(&Value::Bool(false));
    (closed || !open) && map.iter().all(|(name, value)| takes_keyword(name, value))
}

fn takes_keyword(name: &str, value: &Value) -> bool {
    match name {
        "properties" | "$defs" | "definitions" => {
            value.as_object().is_some_and(|schemas| schemas.values().all(is_plain))
        }
        "anyOf" => value.as_array().is_some_and(|schemas| schemas.iter().all(is_plain)),
        // A reference below it is refused.
        "allOf" => value
            .as_array()
            .is_some_and(|schemas| schemas.iter().all(|schema| is_plain(schema) && schema.get("$ref").is_none())),
        "items" => is_plain(value),
        "additionalProperties" => value.is_boolean(),
        "enum" => value.as_array().is_some_and(|list| !list.iter().any(|item| item.is_object() || item.is_array())),
        "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
        "pattern" => value.as_str().is_some_and(request::is_simple_pattern),
        "minItems" => value.as_f64().is_some_and(|least| least <= MOST_MIN_ITEMS),
        name => ACCEPTED.contains(&name),
    }
}

fn system(to: &Endpoint, prompt: &Prompt, model: Option<&Model>) -> Option<String> {
    match prompt.schema.as_ref().filter(|schema| !takes_schema(to, model, schema)) {
        Some(schema) => Some(request::with_instruction(prompt.system.as_deref(), schema)),
        None => prompt.system.clone().filter(|text| !text.trim().is_empty()),
    }
}

/// Turns alternate: neighbours of one role are merged, empty texts are left out.
fn messages(to: &Endpoint, prompt: &Prompt) -> Value {
    let mut turns: Vec<(Role, Vec<Value>)> = Vec::new();
    for message in &prompt.messages {
        let blocks = blocks(to, message);
        match turns.last_mut() {
            Some((role, all)) if *role == message.role => all.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => turns.push((message.role, blocks)),
        }
    }
    let mut list: Vec<Value> = turns.into_iter().map(|(role, blocks)| turn(role, blocks)).collect();
    // White space at the end of a begun answer is refused.
    if let Some(begun) = prompt.prefill.as_deref().map(str::trim_end).filter(|begun| !begun.is_empty()) {
        list.push(json!({"role": "assistant", "content": begun}));
    }
    Value::Array(list)
}

fn turn(role: Role, mut blocks: Vec<Value>) -> Value {
    let role = match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let content = match blocks.as_mut_slice() {
        [only] if only["type"] == "text" => only["text"].take(),
        _ => Value::Array(blocks),
    };
    json!({"role": role, "content": content})
}

fn blocks(to: &Endpoint, message: &Message) -> Vec<Value> {
    // Results of tools must come first in their turn.
    let (results, others): (Vec<_>, Vec<_>) =
        message.parts.iter().partition(|part| matches!(part, Part::ToolResult { .. }));
    results.into_iter().chain(others).filter_map(|part| block(to, part)).collect()
}

fn block(to: &Endpoint, part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) if text.trim().is_empty() => None,
        Part::Text(text) => Some(json!({"type": "text", "text": text})),
        Part::Image { media_type, data: ImageData::Base64(data) } => {
            Some(json!({"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}))
        }
        Part::Image { data: ImageData::Url(url), .. } => {
            Some(json!({"type": "image", "source": {"type": "url", "url": url}}))
        }
        Part::File { name, media_type, data } => {
            let source = match data {
                ImageData::Base64(data) => json!({"type": "base64", "media_type": media_type, "data": data}),
                ImageData::Url(url) => json!({"type": "url", "url": url}),
            };
            let mut block = json!({"type": "document", "source": source});
            if !name.is_empty() {
                block["title"] = json!(name);
            }
            Some(block)
        }
        // Its seal says nothing to anybody else.
        Part::ReasoningBlock(block) if block.by != to.provider => None,
        Part::ReasoningBlock(ReasoningBlock { signature: ReasoningSignature::None, .. }) => None,
        Part::ReasoningBlock(ReasoningBlock { text, signature: ReasoningSignature::Signature(signature), .. }) => {
            Some(json!({"type": "thinking", "thinking": text, "signature": signature}))
        }
        Part::ReasoningBlock(ReasoningBlock { signature: ReasoningSignature::Hidden(data), .. }) => {
            Some(json!({"type": "redacted_thinking", "data": data}))
        }
        Part::ToolCall { id, name, arguments, .. } => {
            // Calls that came from elsewhere may have arguments that are no object; the API wants one.
            let input = serde_json::from_str(arguments).ok().filter(Value::is_object).unwrap_or_else(|| json!({}));
            Some(json!({"type": "tool_use", "id": id, "name": name, "input": input}))
        }
        Part::ToolResult { id, text } => Some(json!({"type": "tool_result", "tool_use_id": id, "content": text})),
    }
}

fn tool(tool: &Tool) -> Value {
    json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters})
}
