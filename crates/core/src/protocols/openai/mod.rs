//! The protocol `openai`: chat completions, and what is compatible with them.
//!
//! Source: OpenAI API reference, chat completions; deviations are values in [`crate::catalog::Quirks`].

mod chunk;
mod decoder;
#[cfg(test)]
mod provider_tests;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::catalog::{EffortField, Quirks, SchemaDialect};

use super::{Adapter, Decoder, EncodedRequest, Endpoint, Probe, ProtocolSpec, capabilities, classify, probe, request};
use crate::catalog::models::Support;
use crate::model::prompt::ImageData;
use crate::model::{Capabilities, Class, Effort, Failure, Message, Part, Prompt, Role, Sampling, Secret, Tool};
use crate::wire::{ErrorReply, Framing};
pub(in crate::protocols) use decoder::ChatDecoder;

/// The length of an id of a call where it is given ([`Quirks::short_call_ids`](crate::catalog::Quirks)).
const SHORT_ID: usize = 9;

/// The field that asks a stream for its usage; old servers refuse it.
const USAGE: &str = "stream_options";

/// The registry entry.
pub(super) const SPEC: ProtocolSpec = ProtocolSpec { name: "openai", quirks: QUIRKS, adapter: &Openai };

/// The plain form: chat completions as OpenAI documents them.
pub(crate) const QUIRKS: Quirks = Quirks::PLAIN;

/// The adapter.
pub(crate) struct Openai;

impl Adapter for Openai {
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let (body, dropped) = body(to, prompt)?;
        request::build(to, key, prompt, &["chat", "completions"], body, dropped)
    }

    fn probe(&self, to: &Endpoint, key: Option<&Secret>) -> Result<Probe, Failure> {
        probe::models(to, key, &["chat", "completions"], &[])
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder> {
        Box::new(ChatDecoder::new(to.quirks, &to.provider))
    }

    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        let failure = classify::reply(reply, to.quirks.codes);
        let unasked = to.quirks.stream_options && failure.message.contains(USAGE);
        if unasked && matches!(failure.class, Class::BadRequest | Class::Unsupported) {
            let message = format!("write `stream_usage = false` for its provider; it says: {}", failure.message);
            return Failure { class: Class::Unsupported, message, ..failure };
        }
        failure
    }

    fn capabilities(&self, to: &Endpoint) -> Capabilities {
        capabilities::in_chat_completions(to)
    }
}

/// The body of a request, and the preferences that were dropped from it.
///
/// # Errors
/// As [`Adapter::encode`].
pub(crate) fn body(to: &Endpoint, prompt: &Prompt) -> Result<(Map<String, Value>, Vec<&'static str>), Failure> {
    let model = to.known.as_ref();
    let (mut sampling, mut dropped) = request::parameters(to, prompt, model)?;
    // Models that belong to Responses take the highest level only there.
    let elsewhere = model.is_some_and(|model| model.chat_tools != Support::Always);
    if elsewhere && sampling.effort == Some(Effort::Max) {
        sampling.effort = None;
        dropped.push("reasoning_effort");
    }
    can_call(to, prompt, sampling.effort)?;
    let mut body = Map::new();
    body.insert("model".into(), json!(to.model));
    body.insert("messages".into(), messages(to, prompt));
    let format = prompt.schema.as_ref().and_then(|schema| response_format(to, prompt, schema));
    let streams = format.is_none() || to.quirks.schema_support.streams;
    body.insert("stream".into(), json!(streams));
    if to.quirks.stream_options && streams {
        body.insert(USAGE.into(), json!({"include_usage": true}));
    }
    put_sampling(&mut body, to, &sampling);
    if let Some(effort) = sampling.effort {
        put_effort(&mut body, to.quirks.effort_field, effort);
    }
    if let Some(format) = format {
        body.insert("response_format".into(), format);
    }
    if !prompt.tools.is_empty() {
        body.insert("tools".into(), prompt.tools.iter().map(tool).collect());
    }
    Ok((body, dropped))
}

fn put_sampling(body: &mut Map<String, Value>, to: &Endpoint, sampling: &Sampling) {
    let old = to.quirks.max_tokens_for.iter().any(|start| to.model.to_ascii_lowercase().starts_with(start));
    let limit = if to.quirks.max_completion_tokens && !old { "max_completion_tokens" } else { "max_tokens" };
    let fields = [
        (Some(limit), sampling.max_tokens.map(Value::from)),
        (Some("temperature"), sampling.temperature.map(Value::from)),
        (Some("top_p"), sampling.top_p.map(Value::from)),
        (Some("stop"), (!sampling.stop.is_empty()).then(|| json!(sampling.stop))),
        (to.quirks.seed, sampling.seed.map(Value::from)),
    ];
    for (name, value) in fields {
        if let (Some(name), Some(value)) = (name, value) {
            body.insert(name.to_owned(), value);
        }
    }
}

/// The effort as this provider has it said.
fn put_effort(body: &mut Map<String, Value>, field: EffortField, effort: Effort) {
    let (name, value) = match (field, effort) {
        (EffortField::FlatOrDisabled, Effort::None) => ("thinking", json!({"type": "disabled"})),
        (EffortField::Flat | EffortField::FlatOrDisabled, effort) => ("reasoning_effort", json!(effort.as_str())),
        (EffortField::Nested, effort) => ("reasoning", json!({"effort": effort.as_str()})),
    };
    body.insert(name.into(), value);
}

/// Some models call tools in Responses only, or here while they do not reason (API reference, errors:
/// "Function tools with reasoning_effort are not supported").
fn can_call(to: &Endpoint, prompt: &Prompt, effort: Option<Effort>) -> Result<(), Failure> {
    let Some(model) = to.known.as_ref().filter(|model| !prompt.tools.is_empty() && !model.takes_tools_in_chat(effort))
    else {
        return Ok(());
    };
    let instead = match model.chat_tools {
        Support::Always | Support::WithoutReasoning => "only while its reasoning effort is `none`",
        Support::WithoutEffort => "only without a reasoning effort",
        Support::Never => "not at all",
    };
    let message =
        format!("`{}` calls tools {instead} here; by `protocol = \"openai-responses\"` it calls them always", to.model);
    Err(Failure::new(Class::Unsupported, message))
}

fn response_format(to: &Endpoint, prompt: &Prompt, schema: &Value) -> Option<Value> {
    match request::dialect(to, prompt, schema) {
        SchemaDialect::Native => Some(json!({
            "type": "json_schema",
            "json_schema": {
                "name": "answer",
                "strict": super::takes_strict_schema(to, prompt, schema),
                "schema": schema,
            },
        })),
        SchemaDialect::JsonMode => Some(json!({"type": "json_object"})),
        SchemaDialect::Instruction => None,
    }
}

/// Keywords that strict mode takes in every form (guide "Structured outputs", supported schemas).
const STRICT: &[&str] = &[
    "$schema",
    "title",
    "description",
    "type",
    "enum",
    "const",
    "required",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
];

/// Formats of texts that strict mode takes.
pub(crate) const STRICT_FORMATS: &[&str] =
    &["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// Returns `true` if strict mode takes `schema`: it refuses the request for any keyword that it does not know.
pub(crate) fn is_strict(schema: &Value) -> bool {
    is_closed(schema) && has_strict_keywords(schema)
}

fn has_strict_keywords(schema: &Value) -> bool {
    let Some(map) = schema.as_object() else { return false };
    if map.contains_key("$ref") {
        return map.len() == 1;
    }
    let is_typed =
        |schema: &Value| ["type", "anyOf", "enum", "const", "$ref"].iter().any(|name| schema.get(*name).is_some());
    map.iter().all(|(name, value)| match name.as_str() {
        "properties" | "$defs" | "definitions" => {
            value.as_object().is_some_and(|schemas| schemas.values().all(has_strict_keywords))
        }
        "anyOf" => value.as_array().is_some_and(|schemas| schemas.iter().all(has_strict_keywords)),
        "items" => is_typed(value) && has_strict_keywords(value),
        "additionalProperties" => value.is_boolean(),
        "pattern" => value.as_str().is_some_and(request::is_simple_pattern),
        "format" => value.as_str().is_some_and(|format| STRICT_FORMATS.contains(&format)),
        name => STRICT.contains(&name),
    })
}

/// Strict mode wants every object closed and every property required, or refuses the request.
fn is_closed(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            let properties = map.get("properties").and_then(Value::as_object);
            let is_object = properties.is_some() || map.get("type").is_some_and(|kind| kind == "object");
            let required = map.get("required").and_then(Value::as_array);
            let named = |name: &String| required.is_some_and(|list| list.iter().any(|item| item == name));
            let shut = map.get("additionalProperties") == Some(&Value::Bool(false))
                && properties.is_none_or(|properties| properties.keys().all(named));
            (shut || !is_object) && map.values().all(is_closed)
        }
        Value::Array(list) => list.iter().all(is_closed),
        _ => true,
    }
}

fn messages(to: &Endpoint, prompt: &Prompt) -> Value {
    let role = if to.quirks.no_system_for.iter().any(|start| to.model.starts_with(start)) { "user" } else { "system" };
    let system = request::system(to, prompt);
    let mut list: Vec<Value> = system.map(|text| json!({"role": role, "content": text})).into_iter().collect();
    for message in &prompt.messages {
        match message.role {
            Role::User => push_user(&mut list, to, message),
            Role::Assistant => list.push(assistant(to, message)),
        }
    }
    if let Some(begun) = &prompt.prefill {
        let mut message = json!({"role": "assistant", "content": begun});
        if to.quirks.prefix_flag {
            message["prefix"] = json!(true);
        }
        list.push(message);
    }
    Value::Array(list)
}

/// Results of tools are messages of their own, before what the person says with them.
fn push_user(list: &mut Vec<Value>, to: &Endpoint, message: &Message) {
    let mut parts = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => parts.push(json!({"type": "text", "text": text})),
            Part::Image { media_type, data } => {
                let url = request::image_url(media_type, data);
                parts.push(json!({"type": "image_url", "image_url": {"url": url}}));
            }
            Part::File { name, media_type, data } => parts.push(file(name, media_type, data)),
            Part::ToolResult { id, text } => {
                let id = call_id(to, id);
                list.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
            }
            // A call belongs to the model's turns; the person makes none.
            Part::ReasoningBlock(_) | Part::ToolCall { .. } => {}
        }
    }
    if let Some(content) = content(parts) {
        list.push(json!({"role": "user", "content": content}));
    }
}

/// A document; an address stands where the bytes would (OpenRouter, "PDF inputs").
fn file(name: &str, media_type: &str, data: &ImageData) -> Value {
    let name = if name.is_empty() { "document.pdf" } else { name };
    json!({"type": "file", "file": {"filename": name, "file_data": request::image_url(media_type, data)}})
}

/// Plain text is sent as such: some compatible servers take no parts.
fn content(mut parts: Vec<Value>) -> Option<Value> {
    match parts.as_mut_slice() {
        [] => None,
        [only] if only.get("text").is_some() => Some(only["text"].take()),
        _ => Some(Value::Array(parts)),
    }
}

fn assistant(to: &Endpoint, message: &Message) -> Value {
    let (mut text, mut calls, mut reasoning) = (String::new(), Vec::new(), None);
    for part in &message.parts {
        match part {
            Part::Text(piece) => text.push_str(piece),
            Part::ToolCall { id, name, arguments, .. } => {
                let id = call_id(to, id);
                calls.push(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}));
            }
            Part::ReasoningBlock(block) if block.by == to.provider => {
                reasoning.get_or_insert_with(String::new).push_str(&block.text);
            }
            // Models write text here; images, documents and results belong to the other side.
            Part::ReasoningBlock(_) | Part::Image { .. } | Part::File { .. } | Part::ToolResult { .. } => {}
        }
    }
    if calls.is_empty() {
        return json!({"role": "assistant", "content": text});
    }
    let content = if text.is_empty() { Value::Null } else { json!(text) };
    let mut turn = json!({"role": "assistant", "content": content, "tool_calls": calls});
    if to.quirks.returns_reasoning {
        // A turn of another provider has none, but a model that reasons refuses a turn without the field.
        let reasons = to.known.as_ref().is_some_and(|model| model.reasons(None));
        if let Some(reasoning) = reasoning.or_else(|| reasons.then(String::new)) {
            turn["reasoning_content"] = json!(reasoning);
        }
    }
    turn
}

/// The id of a call that may come from another provider, in the form that this one takes: the same call
/// has the same id in every turn.
fn call_id<'a>(to: &Endpoint, id: &'a str) -> Cow<'a, str> {
    let fits = id.len() == SHORT_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !to.quirks.short_call_ids || fits {
        return Cow::Borrowed(id);
    }
    // FNV-1a, 64 bits.
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let digits = format!("{hash:016x}");
    Cow::Owned(digits[digits.len() - SHORT_ID..].to_owned())
}

fn tool(tool: &Tool) -> Value {
    json!({
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    })
}
