//! The protocol `ollama`: its own chat (`/api/chat`), encoded and classified.
//!
//! Source: ollama/ollama, `docs/api.md`, and `api/types.go` for `think`, `truncate` and `shift`.

mod decoder;

use serde_json::{Map, Value, json};

use crate::catalog::models::Model;
use crate::catalog::{Quirks, SchemaDialect};

use super::{Adapter, Decoder, EncodedRequest, Endpoint, Probe, ProtocolSpec, classify, probe, request};
use crate::model::prompt::ImageData;
use crate::model::{Class, Effort, Failure, Message, Part, Prompt, Role, Sampling, Secret, Tool};
use crate::wire::{ErrorReply, Framing};
pub(in crate::protocols) use decoder::OllamaDecoder;

/// The default context window of the server, in tokens (`docs/faq.md`).
const USUAL_WINDOW: u64 = 4096;

/// Room for the answer when no limit is set, in tokens.
const USUAL_ANSWER: u64 = 1024;

/// The registry entry.
pub(super) const SPEC: ProtocolSpec = ProtocolSpec { name: "ollama", quirks: QUIRKS, adapter: &Ollama };

/// Plain Ollama: options and addresses are the adapter's.
pub(crate) const QUIRKS: Quirks = Quirks { version: None, ..Quirks::PLAIN };

/// The adapter.
pub(crate) struct Ollama;

impl Adapter for Ollama {
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let model = to.known.as_ref();
        let (mut sampling, mut dropped) = request::parameters(to, prompt, model)?;
        if sampling.effort.is_some_and(|effort| effort != Effort::None) && never_thinks(&to.model) {
            sampling.effort = None;
            dropped.push("reasoning_effort");
        }
        let mut body = Map::new();
        body.insert("model".into(), json!(to.model));
        body.insert("messages".into(), messages(to, prompt)?);
        body.insert("stream".into(), json!(true));
        // Else the beginning of a prompt that does not fit is cut off without a word.
        body.insert("truncate".into(), json!(false));
        body.insert("shift".into(), json!(false));
        if let Some(effort) = sampling.effort {
            body.insert("think".into(), think(&to.model, effort));
        }
        match (prompt.schema.as_ref(), to.quirks.schema) {
            (Some(schema), SchemaDialect::Native) => drop(body.insert("format".into(), schema.clone())),
            (Some(_), SchemaDialect::JsonMode) => drop(body.insert("format".into(), json!("json"))),
            (Some(_), SchemaDialect::Instruction) | (None, _) => {}
        }
        if !prompt.tools.is_empty() {
            body.insert("tools".into(), prompt.tools.iter().map(tool).collect());
        }
        let mut options = options(&sampling, window(prompt, &sampling, model));
        for extra in [&to.params.extra, &prompt.extra] {
            put_extra(&mut body, &mut options, extra);
        }
        if !options.is_empty() {
            body.insert("options".into(), Value::Object(options));
        }
        let mut to = to.clone();
        without_compatible_path(&mut to);
        request::build_complete(&to, key, &["api", "chat"], body, dropped)
    }

    fn probe(&self, to: &Endpoint, key: Option<&Secret>) -> Result<Probe, Failure> {
        let mut to = to.clone();
        without_compatible_path(&mut to);
        probe::at(&to, key, &["api", "tags"]).map(Probe::Models)
    }

    fn framing(&self) -> Framing {
        Framing::Ndjson
    }

    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder> {
        Box::new(OllamaDecoder::new(to.quirks.codes))
    }

    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        classify::reply(reply, to.quirks.codes)
    }
}

/// The base URL of the compatible API (`…/v1`) is often given instead of the native one.
fn without_compatible_path(to: &mut Endpoint) {
    let compatible = to.base_url.path().trim_end_matches('/').ends_with("/v1");
    if let (true, Ok(mut path)) = (compatible, to.base_url.path_segments_mut()) {
        path.pop_if_empty().pop();
    }
}

fn options(sampling: &Sampling, window: Option<u64>) -> Map<String, Value> {
    let fields = [
        ("temperature", sampling.temperature.map(Value::from)),
        ("top_p", sampling.top_p.map(Value::from)),
        ("num_predict", sampling.max_tokens.map(Value::from)),
        ("stop", (!sampling.stop.is_empty()).then(|| json!(sampling.stop))),
        ("seed", sampling.seed.map(Value::from)),
        ("num_ctx", window.map(Value::from)),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The caller's fields; those of `options` go into ours and do not replace them.
fn put_extra(body: &mut Map<String, Value>, options: &mut Map<String, Value>, extra: &Map<String, Value>) {
    let mut extra = extra.clone();
    if let Some(Value::Object(own)) = extra.get("options") {
        request::merge_extra(options, own);
        request::remove_field(&mut extra, "options");
    }
    request::merge_extra(body, &extra);
}

/// The window to ask for when the usual one is too small: loading a model again takes time, so it grows
/// in powers of two, up to what the model has.
fn window(prompt: &Prompt, sampling: &Sampling, model: Option<&Model>) -> Option<u64> {
    // The estimate is on the low side; half as much again is room.
    let input = prompt.estimated_tokens().saturating_mul(3) / 2;
    let need = input.saturating_add(sampling.max_tokens.unwrap_or(USUAL_ANSWER));
    let most = model.and_then(|model| model.context_window).unwrap_or(u64::MAX);
    (need > USUAL_WINDOW).then(|| need.checked_next_power_of_two().unwrap_or(u64::MAX).min(most))
}

/// Model name prefixes with effort levels; all others only switch reasoning on or off (`docs/capabilities/thinking`).
const LEVELS: &[&str] = &["gpt-oss"];

/// Families without reasoning, by the beginnings of their names: the server refuses `think` for them. The models of
/// other families, and new ones, may reason.
const NEVER_THINK: &[&str] = &[
    "aya",
    "bakllava",
    "codegemma",
    "codellama",
    "codestral",
    "command-r",
    "deepseek-coder",
    "deepseek-llm",
    "deepseek-v2",
    "devstral",
    "dolphin",
    "falcon",
    "gemma:",
    "gemma2",
    "gemma3",
    "granite-code",
    "granite3-",
    "granite3.1",
    "hermes",
    "llama",
    "llava",
    "ministral",
    "minicpm-v",
    "mistral",
    "mixtral",
    "moondream",
    "neural-chat",
    "nous-hermes",
    "olmo",
    "openchat",
    "orca",
    "phi:",
    "phi3",
    "phi4:",
    "phi4-mini:",
    "qwen:",
    "qwen2",
    "qwen3-coder",
    "smollm:",
    "smollm2",
    "solar",
    "stablelm",
    "starcoder",
    "tinyllama",
    "vicuna",
    "wizard",
    "yi:",
    "zephyr",
];

fn never_thinks(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model).to_ascii_lowercase();
    let name = if name.contains(':') { name } else { name + ":" };
    let instructs = name.contains("-instruct");
    instructs || NEVER_THINK.iter().any(|start| name.starts_with(start))
}

/// Three levels for those that have some; the ones between are the next lower.
fn think(model: &str, effort: Effort) -> Value {
    if !LEVELS.iter().any(|start| model.starts_with(start)) {
        return json!(effort != Effort::None);
    }
    match effort {
        Effort::None => json!(false),
        Effort::Minimal | Effort::Low => json!("low"),
        Effort::Medium => json!("medium"),
        Effort::High | Effort::Xhigh | Effort::Max => json!("high"),
    }
}

fn messages(to: &Endpoint, prompt: &Prompt) -> Result<Value, Failure> {
    let system = request::system(to, prompt).map(|text| json!({"role": "system", "content": text}));
    let mut list: Vec<Value> = system.into_iter().collect();
    for message in &prompt.messages {
        match message.role {
            Role::User => push_user(&mut list, to, prompt, message)?,
            Role::Assistant => list.push(assistant(message)),
        }
    }
    if let Some(begun) = &prompt.prefill {
        list.push(json!({"role": "assistant", "content": begun}));
    }
    Ok(Value::Array(list))
}

/// Tool results are separate messages, before the user's text.
fn push_user(list: &mut Vec<Value>, to: &Endpoint, prompt: &Prompt, message: &Message) -> Result<(), Failure> {
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for part in &message.parts {
        match part {
            Part::Text(text) => texts.push(text.as_str()),
            Part::Image { data: ImageData::Base64(data), .. } => images.push(json!(data)),
            Part::Image { data: ImageData::Url(_), .. } => {
                let message = format!("`{}` takes images as files, not by URL", to.model);
                return Err(Failure::new(Class::Unsupported, message));
            }
            Part::ToolResult { id, text } => {
                let name = name_of_call(prompt, id);
                list.push(json!({"role": "tool", "tool_name": name, "tool_call_id": id, "content": text}));
            }
            // A call belongs to the model's turns; the person makes none. Documents were refused before.
            Part::ReasoningBlock(_) | Part::ToolCall { .. } | Part::File { .. } => {}
        }
    }
    if !texts.is_empty() || !images.is_empty() {
        let mut said = json!({"role": "user", "content": texts.join("\n\n")});
        if !images.is_empty() {
            said["images"] = Value::Array(images);
        }
        list.push(said);
    }
    Ok(())
}

/// A result is identified by the name of its tool.
fn name_of_call<'a>(prompt: &'a Prompt, wanted: &str) -> &'a str {
    let mut parts = prompt.messages.iter().flat_map(|message| &message.parts);
    let name = parts.find_map(|part| match part {
        Part::ToolCall { id, name, .. } if id == wanted => Some(name.as_str()),
        Part::ReasoningBlock(_)
        | Part::ToolCall { .. }
        | Part::Text(_)
        | Part::Image { .. }
        | Part::File { .. }
        | Part::ToolResult { .. } => None,
    });
    name.unwrap_or_default()
}

fn assistant(message: &Message) -> Value {
    let (mut text, mut calls) = (String::new(), Vec::new());
    for part in &message.parts {
        match part {
            Part::Text(piece) => text.push_str(piece),
            Part::ToolCall { id, name, arguments, .. } => {
                // The arguments are an object here, not its text.
                let arguments =
                    serde_json::from_str(arguments).ok().filter(Value::is_object).unwrap_or_else(|| json!({}));
                calls.push(json!({"id": id, "function": {"name": name, "arguments": arguments}}));
            }
            // Models write text here; images, documents and results belong to the other side.
            Part::ReasoningBlock(_) | Part::Image { .. } | Part::File { .. } | Part::ToolResult { .. } => {}
        }
    }
    let mut said = json!({"role": "assistant", "content": text});
    if !calls.is_empty() {
        said["tool_calls"] = Value::Array(calls);
    }
    said
}

fn tool(tool: &Tool) -> Value {
    json!({
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    })
}
