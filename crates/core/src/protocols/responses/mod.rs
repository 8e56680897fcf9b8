//! The protocol `openai-responses`: encoded and classified.
//!
//! Source: OpenAI API reference, Responses (create); deviations are values in [`crate::catalog::Quirks`].
//! Reasoning goes back in rounds of tools as the provider sealed it: guide "Reasoning models", encrypted
//! reasoning items.

mod decoder;
mod usual;

use serde_json::{Map, Value, json};

use crate::catalog::models::Reasoning;
use crate::catalog::{Attachments, Quirks, SchemaDialect};

use super::{Adapter, Decoder, EncodedRequest, Endpoint, Probe, ProtocolSpec, capabilities, classify, probe, request};
use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::prompt::ImageData;
use crate::model::{Capabilities, Failure, Message, Part, Prompt, Role, Sampling, Secret, Tool};
use crate::wire::{ErrorReply, Framing};
pub(in crate::protocols) use decoder::ResponsesDecoder;

/// The smallest token limit that the API takes (`max_output_tokens`); a smaller wish is raised to it.
const LEAST_OUTPUT: u64 = 16;

/// Asks for reasoning in a form that can be sent back where answers are not kept. Models that do not reason
/// refuse it (400, "Encrypted content is not supported with this model").
const ENCRYPTED: &str = "reasoning.encrypted_content";

/// The registry entry.
pub(super) const SPEC: ProtocolSpec = ProtocolSpec { name: "openai-responses", quirks: QUIRKS, adapter: &Responses };

/// Plain Responses: no stop texts, no seed (OpenAI API reference).
pub(crate) const QUIRKS: Quirks = Quirks {
    seed: None,
    max_stop: 0,
    stores: true,
    attachments: Attachments { pdf_urls: true, ..Attachments::FILES },
    ..Quirks::PLAIN
};

/// The adapter.
pub(crate) struct Responses;

impl Adapter for Responses {
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let model = to.known.as_ref();
        let (sampling, dropped) = request::parameters(to, prompt, model)?;
        let mut body = Map::new();
        body.insert("model".into(), json!(to.model));
        if let Some(text) = request::system(to, prompt) {
            body.insert("instructions".into(), json!(text));
        }
        body.insert("input".into(), input(to, prompt));
        body.insert("stream".into(), json!(true));
        if to.quirks.stores {
            body.insert("store".into(), json!(false));
        }
        put_sampling(&mut body, &sampling);
        if let Some(format) = prompt.schema.as_ref().and_then(|schema| format(to, prompt, schema)) {
            body.insert("text".into(), json!({"format": format}));
        }
        if !prompt.tools.is_empty() {
            body.insert("tools".into(), prompt.tools.iter().map(tool).collect());
            if to.quirks.stores && model.is_some_and(|model| model.reasoning != Reasoning::No) {
                body.insert("include".into(), json!([ENCRYPTED]));
            }
        }
        request::build(to, key, prompt, &["responses"], body, dropped)
    }

    fn probe(&self, to: &Endpoint, key: Option<&Secret>) -> Result<Probe, Failure> {
        probe::models(to, key, &["responses"], &[])
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder> {
        Box::new(ResponsesDecoder::new(to.quirks.codes, &to.provider))
    }

    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        classify::reply(reply, to.quirks.codes)
    }

    fn capabilities(&self, to: &Endpoint) -> Capabilities {
        capabilities::with_schema_by_model(to)
    }
}

fn put_sampling(body: &mut Map<String, Value>, sampling: &Sampling) {
    let fields = [
        ("max_output_tokens", sampling.max_tokens.map(|limit| json!(limit.max(LEAST_OUTPUT)))),
        ("temperature", sampling.temperature.map(Value::from)),
        ("top_p", sampling.top_p.map(Value::from)),
        // No summary is asked for: an organisation that is not verified is refused for it.
        ("reasoning", sampling.effort.map(|effort| json!({"effort": effort.as_str()}))),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    }
}

/// Flat, not nested as in chat completions.
fn format(to: &Endpoint, prompt: &Prompt, schema: &Value) -> Option<Value> {
    match request::dialect(to, prompt, schema) {
        SchemaDialect::Native => Some(json!({
            "type": "json_schema", "name": "answer", "strict": super::takes_strict_schema(to, prompt, schema), "schema": schema,
        })),
        SchemaDialect::JsonMode => Some(json!({"type": "json_object"})),
        SchemaDialect::Instruction => None,
    }
}

fn input(to: &Endpoint, prompt: &Prompt) -> Value {
    let mut items = Vec::new();
    for message in &prompt.messages {
        match message.role {
            Role::User => push_user(&mut items, message),
            Role::Assistant => push_assistant(&mut items, to, message),
        }
    }
    Value::Array(items)
}

/// Results of tools are items of their own, before what the person says with them.
fn push_user(items: &mut Vec<Value>, message: &Message) {
    let mut parts = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => parts.push(json!({"type": "input_text", "text": text})),
            Part::Image { media_type, data } => {
                parts.push(json!({"type": "input_image", "image_url": request::image_url(media_type, data)}));
            }
            Part::File { name, media_type, data } => parts.push(file(name, media_type, data)),
            Part::ToolResult { id, text } => {
                items.push(json!({"type": "function_call_output", "call_id": id, "output": text}));
            }
            // A call belongs to the model's turns; the person makes none.
            Part::ReasoningBlock(_) | Part::ToolCall { .. } => {}
        }
    }
    if !parts.is_empty() {
        items.push(json!({"type": "message", "role": "user", "content": parts}));
    }
}

/// A document, in the request or by its address (guide "File inputs").
fn file(name: &str, media_type: &str, data: &ImageData) -> Value {
    match data {
        ImageData::Url(url) => json!({"type": "input_file", "file_url": url}),
        ImageData::Base64(_) => {
            let name = if name.is_empty() { "document.pdf" } else { name };
            json!({"type": "input_file", "filename": name, "file_data": request::image_url(media_type, data)})
        }
    }
}

/// Reasoning comes before what followed from it, without ids: those name items that are not stored. Alone it is
/// refused.
fn push_assistant(items: &mut Vec<Value>, to: &Endpoint, message: &Message) {
    let mut reasoning_blocks = Vec::new();
    let mut text = String::new();
    let mut calls = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(piece) => text.push_str(piece),
            Part::ToolCall { id, name, arguments, .. } => {
                calls.push(json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments}));
            }
            Part::ReasoningBlock(ReasoningBlock { by, signature: ReasoningSignature::Hidden(signature), .. })
                if *by == to.provider =>
            {
                reasoning_blocks.push(json!({"type": "reasoning", "summary": [], "encrypted_content": signature}));
            }
            // Models write text here; images, documents and results belong to the other side, and what
            // another provider sealed is nothing here.
            Part::ReasoningBlock(_) | Part::Image { .. } | Part::File { .. } | Part::ToolResult { .. } => {}
        }
    }
    if !text.is_empty() || !calls.is_empty() {
        items.append(&mut reasoning_blocks);
    }
    if !text.is_empty() {
        let content = json!([{"type": "output_text", "text": text}]);
        items.push(json!({"type": "message", "role": "assistant", "content": content}));
    }
    items.append(&mut calls);
}

/// `strict` is on when it is not said here, and refuses most schemas; in chat completions it is off.
fn tool(tool: &Tool) -> Value {
    json!({
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": false,
    })
}
