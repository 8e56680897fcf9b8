//! The protocol `cohere`: chat, version 2, encoded and classified.
//!
//! Source: Cohere API reference, Chat v2 (docs.cohere.com/reference/chat-stream), and its page on reasoning.

mod decoder;

use serde_json::{Map, Value, json};

use crate::catalog::{Attachments, Quirks, SchemaDialect};

use super::{Adapter, Decoder, EncodedRequest, Endpoint, Probe, ProtocolSpec, classify, probe, request};
use crate::model::{Effort, Failure, Message, Part, Prompt, Role, Sampling, Secret, Tool};
use crate::wire::{ErrorReply, Framing};
pub(in crate::protocols) use decoder::CohereDecoder;

/// The registry entry.
pub(super) const SPEC: ProtocolSpec = ProtocolSpec { name: "cohere", quirks: QUIRKS, adapter: &Cohere };

/// Plain Cohere, version 2 (API reference, Chat).
pub(crate) const QUIRKS: Quirks = Quirks {
    version: Some("v2"),
    max_stop: 5,
    // 20 MB of images in a request (docs.cohere.com, "Image inputs", limitations).
    attachments: Attachments { total: 20_000_000, ..Attachments::IMAGES },
    ..Quirks::PLAIN
};

/// The adapter.
pub(crate) struct Cohere;

impl Adapter for Cohere {
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let model = to.known.as_ref();
        let mut to = to.clone();
        if !prompt.tools.is_empty() {
            // The field for a schema is refused beside tools.
            to.quirks.schema = SchemaDialect::Instruction;
        }
        let (sampling, dropped) = request::parameters(&to, prompt, model)?;
        let mut body = Map::new();
        body.insert("model".into(), json!(to.model));
        body.insert("messages".into(), messages(&to, prompt));
        body.insert("stream".into(), json!(true));
        put_sampling(&mut body, &to, &sampling);
        if let Some(format) = prompt.schema.as_ref().and_then(|schema| response_format(&to, schema)) {
            body.insert("response_format".into(), format);
        }
        if !prompt.tools.is_empty() {
            body.insert("tools".into(), prompt.tools.iter().map(tool).collect());
        }
        request::build(&to, key, prompt, &["chat"], body, dropped)
    }

    fn probe(&self, to: &Endpoint, key: Option<&Secret>) -> Result<Probe, Failure> {
        let mut to = to.clone();
        // Chat has a second version, the list has not (API reference, List Models).
        to.base_url = probe::without_version(&to.base_url);
        to.quirks.version = Some("v1");
        probe::models(&to, key, &["chat"], &[("page_size", "1000")])
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder> {
        Box::new(CohereDecoder::new(to.quirks.codes))
    }

    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        classify::reply(reply, to.quirks.codes)
    }
}

fn put_sampling(body: &mut Map<String, Value>, to: &Endpoint, sampling: &Sampling) {
    let fields = [
        (Some("temperature"), sampling.temperature.map(Value::from)),
        // All of the mass and nothing of it lie outside of what it takes.
        (Some("p"), sampling.top_p.map(|p| json!(p.clamp(0.01, 0.99)))),
        (Some("max_tokens"), sampling.max_tokens.map(Value::from)),
        (Some("stop_sequences"), (!sampling.stop.is_empty()).then(|| json!(sampling.stop))),
        (to.quirks.seed, sampling.seed.map(Value::from)),
        (Some("thinking"), sampling.effort.map(thinking)),
    ];
    for (name, value) in fields {
        if let (Some(name), Some(value)) = (name, value) {
            body.insert(name.to_owned(), value);
        }
    }
}

/// Effort is a budget of tokens here; from high on there is none.
fn thinking(effort: Effort) -> Value {
    let budget = |tokens: u32| json!({"type": "enabled", "token_budget": tokens});
    match effort {
        Effort::None => json!({"type": "disabled"}),
        Effort::Minimal => budget(1024),
        Effort::Low => budget(2048),
        Effort::Medium => budget(8192),
        Effort::High | Effort::Xhigh | Effort::Max => json!({"type": "enabled"}),
    }
}

fn response_format(to: &Endpoint, schema: &Value) -> Option<Value> {
    match to.quirks.schema {
        SchemaDialect::Native => Some(json!({"type": "json_object", "json_schema": schema})),
        SchemaDialect::JsonMode => Some(json!({"type": "json_object"})),
        SchemaDialect::Instruction => None,
    }
}

fn messages(to: &Endpoint, prompt: &Prompt) -> Value {
    let system = request::system(to, prompt).map(|text| json!({"role": "system", "content": text}));
    let mut list: Vec<Value> = system.into_iter().collect();
    for message in &prompt.messages {
        match message.role {
            Role::User => push_user(&mut list, message),
            Role::Assistant => list.push(assistant(message)),
        }
    }
    Value::Array(list)
}

/// Results of tools are messages of their own, before what the person says with them.
fn push_user(list: &mut Vec<Value>, message: &Message) {
    let mut parts = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => parts.push(json!({"type": "text", "text": text})),
            Part::Image { media_type, data } => {
                let url = request::image_url(media_type, data);
                parts.push(json!({"type": "image_url", "image_url": {"url": url}}));
            }
            Part::ToolResult { id, text } => {
                list.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
            }
            // A call belongs to the model's turns; the person makes none. Documents were refused before.
            Part::ReasoningBlock(_) | Part::ToolCall { .. } | Part::File { .. } => {}
        }
    }
    if !parts.is_empty() {
        list.push(json!({"role": "user", "content": parts}));
    }
}

/// Text beside calls is their plan.
fn assistant(message: &Message) -> Value {
    let (mut text, mut calls) = (String::new(), Vec::new());
    for part in &message.parts {
        match part {
            Part::Text(piece) => text.push_str(piece),
            Part::ToolCall { id, name, arguments, .. } => {
                calls.push(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}));
            }
            // Models write text here; images, documents and results belong to the other side.
            Part::ReasoningBlock(_) | Part::Image { .. } | Part::File { .. } | Part::ToolResult { .. } => {}
        }
    }
    match (calls.is_empty(), text.is_empty()) {
        (true, _) => json!({"role": "assistant", "content": text}),
        (false, true) => json!({"role": "assistant", "tool_calls": calls}),
        (false, false) => json!({"role": "assistant", "tool_plan": text, "tool_calls": calls}),
    }
}

fn tool(tool: &Tool) -> Value {
    json!({
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    })
}
