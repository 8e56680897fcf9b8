//! The protocol `bedrock`: ConverseStream of Amazon Bedrock, encoded and classified; signing is elsewhere.
//!
//! Source: the service model of `bedrock-runtime` (2023-09-30) as botocore 1.44 ships it.

mod decoder;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::{Adapter, Decoder, EncodedRequest, Endpoint, Probe, ProtocolSpec, anthropic, classify, request};
use crate::catalog::models::{Model, Thinking};
use crate::catalog::{Attachments, Auth, Prefill, Quirks, SchemaDialect};
use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::prompt::ImageData;
use crate::model::{Class, Effort, Failure, Message, Part, Prompt, Role, Sampling, Secret, TimeoutKind, Tool};
use crate::wire::{ErrorReply, Framing};
pub(in crate::protocols) use decoder::ConverseDecoder;

/// The registry entry.
pub(super) const SPEC: ProtocolSpec = ProtocolSpec { name: "bedrock", quirks: QUIRKS, adapter: &Bedrock };

/// Plain Converse of Bedrock. Codes: the errors of the service model that have no meaning elsewhere.
pub(crate) const QUIRKS: Quirks = Quirks {
    version: None,
    auth: Auth::Aws { service: "bedrock" },
    headers: &[("accept", "application/vnd.amazon.eventstream")],
    seed: None,
    one_of_sampling: Quirks::ONE_OF_SAMPLING,
    prefill: Prefill::KnownModels,
    // 3.75 MB an image, 4.5 MB a document (API reference, `Message`); nothing is fetched.
    attachments: Attachments { image: 3_750_000, pdf: Some(4_500_000), image_urls: false, ..Attachments::IMAGES },
    codes: &[
        ("ModelTimeoutException", Class::Timeout(TimeoutKind::Upstream)),
        ("ModelErrorException", Class::ServerError),
        ("ModelStreamErrorException", Class::ServerError),
        ("InternalServerException", Class::ServerError),
        ("MissingAuthenticationTokenException", Class::Authentication),
        ("IncompleteSignatureException", Class::Authentication),
        ("InvalidSignatureException", Class::Authentication),
        ("UnrecognizedClientException", Class::Authentication),
        ("ExpiredTokenException", Class::Authentication),
    ],
    ..Quirks::PLAIN
};

/// The adapter.
pub(crate) struct Bedrock;

/// The fields of a request; any other is for the model and goes into `additionalModelRequestFields`.
const FIELDS: [&str; 12] = [
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "inferenceConfig",
    "messages",
    "outputConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "serviceTier",
    "system",
    "toolConfig",
];

impl Adapter for Bedrock {
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let model = to.known.as_ref();
        let (mut sampling, mut dropped) = request::parameters(to, prompt, model)?;
        let (mut body, mut output, mut further) = (Map::new(), Map::new(), Map::new());
        body.insert("messages".into(), messages(to, prompt)?);
        if let Some(text) = system(to, prompt, model) {
            body.insert("system".into(), json!([{"text": text}]));
        }
        // An answer that was begun leaves no room to think before it.
        if prompt.prefill.is_some() || anthropic::lacks_thoughts(to, prompt) {
            dropped.extend(sampling.effort.take().map(|_| "reasoning_effort"));
        }
        if let Some(effort) = sampling.effort {
            think(&mut further, model, effort, &mut sampling, &mut dropped);
        }
        if let Some(schema) = prompt.schema.as_ref().filter(|schema| takes_schema(to, model, schema)) {
            output.insert("textFormat".into(), text_format(schema));
        }
        let groups = [
            ("inferenceConfig", inference(&sampling)),
            ("outputConfig", output),
            ("additionalModelRequestFields", further),
        ];
        for (name, group) in groups.into_iter().filter(|(_, group)| !group.is_empty()) {
            body.insert(name.into(), Value::Object(group));
        }
        let tools = tools(prompt);
        if !tools.is_empty() {
            body.insert("toolConfig".into(), json!({"tools": tools}));
        }
        for extra in [&to.params.extra, &prompt.extra] {
            merge(&mut body, extra);
        }
        let mut encoded = request::build_complete(to, key, &["model", &to.model, "converse-stream"], body, dropped)?;
        // A colon may stand in a path, but the services and their tools write it encoded.
        let path = encoded.request.url.path().replace(':', "%3A");
        encoded.request.url.set_path(&path);
        Ok(encoded)
    }

    fn probe(&self, _: &Endpoint, _: Option<&Secret>) -> Result<Probe, Failure> {
        // Its list is at another host, and needs a permission of its own.
        Ok(Probe::Nothing)
    }

    fn framing(&self) -> Framing {
        Framing::AwsEventStream
    }

    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder> {
        Box::new(ConverseDecoder::new(to.quirks.codes, &to.provider))
    }

    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        // The name of an error stands in a header as `Name:address`, seldom in the body.
        let header = reply.headers.get("x-amzn-errortype").and_then(|name| name.to_str().ok());
        let body = serde_json::from_slice(reply.body).ok();
        let named = match (header, body) {
            (Some(name), Some(body)) => Some(named(body, name)),
            (None, Some(body)) => {
                body.get("__type").and_then(Value::as_str).map(str::to_owned).map(|name| named(body, &name))
            }
            (Some(name), None) => Some(named(json!({}), name)),
            (None, None) => None,
        };
        let body = named.map(|body| body.to_string());
        let body = body.as_deref().map_or(reply.body, str::as_bytes);
        day_or_minute(classify::reply(&ErrorReply { body, ..*reply }, to.quirks.codes))
    }
}

/// `body` with the bare name of its error: `ns#Name` and `Name:address` are both met.
pub(super) fn named(mut body: Value, name: &str) -> Value {
    let name = name.split(':').next().unwrap_or(name);
    let name = name.rsplit('#').next().unwrap_or(name);
    if let Some(map) = body.as_object_mut() {
        map.insert("__type".into(), json!(name));
        // Some services write it large.
        if let Some(message) = request::remove_field(map, "Message") {
            map.entry("message").or_insert(message);
        }
    }
    body
}

/// One exception says both that a minute's allowance is used up, and a day's.
pub(super) fn day_or_minute(failure: Failure) -> Failure {
    let day = failure.class == Class::RateLimit && failure.message.contains("per day");
    if day { Failure { class: Class::Quota, ..failure } } else { failure }
}

fn inference(sampling: &Sampling) -> Map<String, Value> {
    let fields = [
        ("maxTokens", sampling.max_tokens.map(Value::from)),
        ("temperature", sampling.temperature.map(Value::from)),
        ("topP", sampling.top_p.map(Value::from)),
        ("stopSequences", (!sampling.stop.is_empty()).then(|| json!(sampling.stop))),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Puts the effort into the fields of the model's maker.
fn think(
    further: &mut Map<String, Value>,
    model: Option<&Model>,
    effort: Effort,
    sampling: &mut Sampling,
    dropped: &mut Vec<&'static str>,
) {
    let style = model.map_or(Thinking::Unknown, |model| model.thinking);
    let own = match (style, effort) {
        (Thinking::Flat, effort) => Some(("reasoning_effort", json!(effort.as_str()))),
        (Thinking::Nested, effort) => Some(("reasoning", json!({"effort": effort.as_str()}))),
        (Thinking::Config, effort) => Some(("reasoning_config", json!(effort.as_str()))),
        // It reasons only when told to.
        (Thinking::MaxEffort, Effort::None) => return,
        (Thinking::MaxEffort, effort) => {
            // At its highest level it takes neither of them, nor a limit (Nova user guide, extended thinking).
            if effort == Effort::High {
                anthropic::drop_sampling(sampling, dropped);
                dropped.extend(sampling.max_tokens.take().map(|_| "max_tokens"));
            }
            Some(("reasoningConfig", json!({"type": "enabled", "maxReasoningEffort": effort.as_str()})))
        }
        (Thinking::Unknown | Thinking::Budget | Thinking::Effort | Thinking::Adaptive | Thinking::BetweenTools, _) => {
            None
        }
    };
    if let Some((name, value)) = own {
        further.insert(name.into(), value);
        return;
    }
    let limit = sampling.max_tokens.or(model.and_then(|model| model.max_output)).unwrap_or(anthropic::MAX_TOKENS);
    let mut own = Map::new();
    anthropic::think(further, &mut own, model, effort, limit, dropped);
    // A budget must stay below the limit, which is the model's own when it is not said.
    if further.get("thinking").is_some_and(|thinking| thinking["type"] == "enabled") {
        sampling.max_tokens = Some(limit);
    }
    if further.get("thinking").is_some_and(|thinking| thinking["type"] != "disabled") {
        anthropic::drop_sampling(sampling, dropped);
    }
    if !own.is_empty() {
        further.insert("output_config".into(), Value::Object(own));
    }
}

/// Its grammars have the limits of the maker's own service.
fn takes_schema(to: &Endpoint, model: Option<&Model>, schema: &Value) -> bool {
    to.quirks.schema == SchemaDialect::Native
        && model.is_some_and(|model| model.json_schema)
        && anthropic::is_expressible(schema)
}

/// The schema is JSON in a string.
fn text_format(schema: &Value) -> Value {
    json!({"type": "json_schema", "structure": {"jsonSchema": {"name": "answer", "schema": schema.to_string()}}})
}

fn system(to: &Endpoint, prompt: &Prompt, model: Option<&Model>) -> Option<String> {
    match prompt.schema.as_ref().filter(|schema| !takes_schema(to, model, schema)) {
        Some(schema) => Some(request::with_instruction(prompt.system.as_deref(), schema)),
        None => prompt.system.clone().filter(|text| !text.trim().is_empty()),
    }
}

/// Turns alternate: neighbours of one role are merged, empty texts are left out.
fn messages(to: &Endpoint, prompt: &Prompt) -> Result<Value, Failure> {
    let mut turns: Vec<(Role, Vec<Value>)> = Vec::new();
    for message in &prompt.messages {
        let blocks = blocks(to, message)?;
        match turns.last_mut() {
            Some((role, all)) if *role == message.role => all.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => turns.push((message.role, blocks)),
        }
    }
    // White space at the end of a begun answer is refused.
    if let Some(begun) = prompt.prefill.as_deref().map(str::trim_end).filter(|begun| !begun.is_empty()) {
        turns.push((Role::Assistant, vec![json!({"text": begun})]));
    }
    let turn = |(role, content)| match role {
        Role::User => json!({"role": "user", "content": content}),
        Role::Assistant => json!({"role": "assistant", "content": content}),
    };
    Ok(turns.into_iter().map(turn).collect())
}

/// Results of tools come first in their turn.
fn blocks(to: &Endpoint, message: &Message) -> Result<Vec<Value>, Failure> {
    let (results, others): (Vec<_>, Vec<_>) =
        message.parts.iter().partition(|part| matches!(part, Part::ToolResult { .. }));
    let blocks: Result<Vec<Option<Value>>, Failure> =
        results.into_iter().chain(others).map(|part| block(to, part)).collect();
    Ok(blocks?.into_iter().flatten().collect())
}

/// Reduces the name of a document to the accepted characters; it must have one (API reference, `DocumentBlock`).
fn document_name(name: &str) -> String {
    let stem = name.strip_suffix(".pdf").unwrap_or(name);
    let clean: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(200).collect();
    if clean.is_empty() { "document".to_owned() } else { clean }
}

fn block(to: &Endpoint, part: &Part) -> Result<Option<Value>, Failure> {
    let block = match part {
        Part::Text(text) if text.trim().is_empty() => return Ok(None),
        Part::Text(text) => json!({"text": text}),
        Part::Image { media_type, data: ImageData::Base64(data) } => {
            let format = media_type.strip_prefix("image/").unwrap_or(media_type);
            json!({"image": {"format": format, "source": {"bytes": data}}})
        }
        Part::File { name, data: ImageData::Base64(data), .. } => {
            json!({"document": {"format": "pdf", "name": document_name(name), "source": {"bytes": data}}})
        }
        Part::Image { data: ImageData::Url(_), .. } | Part::File { data: ImageData::Url(_), .. } => {
            let message = format!("`{}` takes images as bytes, not by their address", to.model);
            return Err(Failure::new(Class::Unsupported, message));
        }
        // Its seal says nothing to anybody else.
        Part::ReasoningBlock(block) if block.by != to.provider => return Ok(None),
        Part::ReasoningBlock(ReasoningBlock { signature: ReasoningSignature::None, .. }) => return Ok(None),
        Part::ReasoningBlock(ReasoningBlock { text, signature: ReasoningSignature::Signature(signature), .. }) => {
            json!({"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}})
        }
        Part::ReasoningBlock(ReasoningBlock { signature: ReasoningSignature::Hidden(data), .. }) => {
            json!({"reasoningContent": {"redactedContent": data}})
        }
        Part::ToolCall { id, name, arguments, .. } => {
            // Calls that came from elsewhere may have arguments that are no object; the API wants one.
            let input = serde_json::from_str(arguments).ok().filter(Value::is_object).unwrap_or_else(|| json!({}));
            json!({"toolUse": {"toolUseId": id, "name": name, "input": input}})
        }
        Part::ToolResult { id, text } => json!({"toolResult": {"toolUseId": id, "content": [{"text": text}]}}),
    };
    Ok(Some(block))
}

/// The tools on offer; those of earlier calls too when none is, for a history of calls is refused without.
fn tools(prompt: &Prompt) -> Vec<Value> {
    if !prompt.tools.is_empty() {
        return prompt.tools.iter().map(tool).collect();
    }
    let calls = prompt.messages.iter().flat_map(|message| &message.parts);
    let mut names: Vec<&str> = calls
        .filter_map(|part| match part {
            Part::ToolCall { name, .. } => Some(name.as_str()),
            Part::Text(_)
            | Part::ReasoningBlock(_)
            | Part::Image { .. }
            | Part::File { .. }
            | Part::ToolResult { .. } => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| spec(name, "", &json!({"type": "object"}))).collect()
}

fn tool(tool: &Tool) -> Value {
    spec(&tool.name, &tool.description, &tool.parameters)
}

/// A description may be left out, but not be empty.
fn spec(name: &str, description: &str, parameters: &Value) -> Value {
    let mut spec = json!({"name": name, "inputSchema": {"json": parameters}});
    if !description.is_empty() {
        spec["description"] = json!(description);
    }
    json!({"toolSpec": spec})
}

/// Puts fields where they belong; `null` takes one away, groups are merged, and how to ask is not for
/// the caller to say.
fn merge(body: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (name, value) in extra.iter().filter(|(name, _)| *name != "stream") {
        if FIELDS.contains(&name.as_str()) {
            put(body, name, value);
        } else if !value.is_null() || body.contains_key("additionalModelRequestFields") {
            let further = body.entry("additionalModelRequestFields").or_insert_with(|| json!({}));
            if let Some(further) = further.as_object_mut() {
                put(further, name, value);
            }
        }
    }
}

fn put(map: &mut Map<String, Value>, name: &str, value: &Value) {
    match (map.get_mut(name), value) {
        (_, Value::Null) => {
            request::remove_field(map, name);
        }
        (Some(Value::Object(group)), Value::Object(more)) => {
            group.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        _ => {
            map.insert(name.to_owned(), value.clone());
        }
    }
}
