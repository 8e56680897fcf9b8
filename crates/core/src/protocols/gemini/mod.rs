//! The protocol `gemini`: generateContent, encoded and classified.
//!
//! Source: Gemini API reference, `models.generateContent`; what a model takes is in the model table.

mod decoder;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::catalog::{Attachments, Auth, Quirks, SchemaDialect};

use super::{Adapter, Decoder, EncodedRequest, Endpoint, Probe, ProtocolSpec, classify, probe, request};
use crate::catalog::models::Model;
use crate::model::prompt::ImageData;
use crate::model::{Class, Effort, Failure, Message, Part, Prompt, Role, Sampling, Secret, Tool};
use crate::wire::{ErrorReply, Framing};
pub(in crate::protocols) use decoder::GeminiDecoder;

/// The field that holds everything about how the answer is drawn.
const CONFIG: &str = "generationConfig";

/// The stand-in for the signature of a call that another model made (Gemini API, thought signatures):
/// without one, models that sign their calls refuse the conversation.
const FOREIGN: &str = "skip_thought_signature_validator";

/// The registry entry.
pub(super) const SPEC: ProtocolSpec = ProtocolSpec { name: "gemini", quirks: QUIRKS, adapter: &Gemini };

/// Plain Gemini: at most five stop texts (Gemini API reference, `GenerationConfig`).
pub(crate) const QUIRKS: Quirks = Quirks {
    auth: Auth::XGoogApiKey,
    version: Some("v1beta"),
    max_stop: 5,
    attachments: Attachments { pdf_urls: true, ..Attachments::FILES },
    codes: &[("BILLING_DISABLED", Class::Quota)],
    ..Quirks::PLAIN
};

/// The adapter.
pub(crate) struct Gemini;

impl Adapter for Gemini {
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let (body, dropped) = body(to, prompt, CallIds::Sent)?;
        let method = format!("{}:streamGenerateContent", to.model);
        let path: Vec<&str> = match method.split_once('/') {
            // `models/…`, `tunedModels/…`
            Some((kind, name)) => vec![kind, name],
            None => vec!["models", &method],
        };
        let mut encoded = request::build_complete(to, key, &path, body, dropped)?;
        as_events(&mut encoded);
        Ok(encoded)
    }

    fn probe(&self, to: &Endpoint, key: Option<&Secret>) -> Result<Probe, Failure> {
        // The most on a page (API reference, `models.list`).
        probe::models(to, key, &[], &[("pageSize", "1000")])
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder> {
        Box::new(GeminiDecoder::new(to.quirks.codes))
    }

    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        classify::reply(reply, to.quirks.codes)
    }
}

/// Asks for server-sent events; the reply would be one long JSON array without.
pub(crate) fn as_events(encoded: &mut EncodedRequest) {
    encoded.request.url.query_pairs_mut().append_pair("alt", "sse");
}

/// Says if the ids of calls are sent: one API of the protocol knows them, the other refuses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallIds {
    /// They are sent back.
    Sent,
    /// Calls and results are matched by name and order.
    Unknown,
}

/// The whole body, and the preferences that were left out of it.
///
/// # Errors
/// As [`Adapter::encode`].
pub(crate) fn body(
    to: &Endpoint,
    prompt: &Prompt,
    ids: CallIds,
) -> Result<(Map<String, Value>, Vec<&'static str>), Failure> {
    let model = to.known.as_ref();
    let (mut sampling, mut dropped) = request::parameters(to, prompt, model)?;
    // An answer that was begun leaves no room to think before it.
    if prompt.prefill.is_some() {
        dropped.extend(sampling.effort.take().map(|_| "reasoning_effort"));
    }
    let native = takes_schema(to, model);
    let mut body = Map::new();
    if let Some(text) = system(prompt, native) {
        body.insert("systemInstruction".into(), json!({"parts": [{"text": text}]}));
    }
    body.insert("contents".into(), contents(prompt, model, ids));
    if !prompt.tools.is_empty() {
        let tools: Vec<Value> = prompt.tools.iter().map(declaration).collect();
        body.insert("tools".into(), json!([{"functionDeclarations": tools}]));
    }
    let mut config = config(&sampling);
    if let Some(schema) = prompt.schema.as_ref().filter(|_| native) {
        config.insert("responseMimeType".into(), json!("application/json"));
        config.insert("responseJsonSchema".into(), schema.clone());
    }
    if let Some(thinking) = thinking(model, &sampling, &mut dropped) {
        config.insert("thinkingConfig".into(), thinking);
    }
    for extra in [&to.params.extra, &prompt.extra] {
        merge(&mut body, &mut config, extra);
    }
    if !config.is_empty() {
        body.insert(CONFIG.into(), Value::Object(config));
    }
    Ok((body, dropped))
}

/// Fields of the caller over ours; those of the configuration one by one, the others whole.
fn merge(body: &mut Map<String, Value>, config: &mut Map<String, Value>, extra: &Map<String, Value>) {
    request::merge_extra(body, extra);
    if let Some(Value::Object(theirs)) = request::remove_field(body, CONFIG) {
        request::merge_extra(config, &theirs);
    }
}

fn config(sampling: &Sampling) -> Map<String, Value> {
    let fields = [
        ("maxOutputTokens", sampling.max_tokens.map(Value::from)),
        ("temperature", sampling.temperature.map(Value::from)),
        ("topP", sampling.top_p.map(Value::from)),
        ("stopSequences", (!sampling.stop.is_empty()).then(|| json!(sampling.stop))),
        ("seed", sampling.seed.map(Value::from)),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The amount of reasoning, as tokens or as a level, whichever the model takes; and to show the thoughts,
/// which are a sign of life long before the first text.
fn thinking(model: Option<&Model>, sampling: &Sampling, dropped: &mut Vec<&'static str>) -> Option<Value> {
    let shown = model.is_some_and(|model| model.reasons(sampling.effort));
    let mut fields = Map::new();
    if shown {
        fields.insert("includeThoughts".into(), json!(true));
    }
    let said = match (sampling.effort, model.and_then(|model| model.budget)) {
        (None, _) => None,
        (Some(Effort::None), Some(budget)) => budget.off.then(|| ("thinkingBudget", json!(0))),
        (Some(effort), Some(budget)) => {
            // At least a fifth is left for the answer.
            let room = sampling.max_tokens.map_or(u64::MAX, |limit| limit / 5 * 4);
            Some(("thinkingBudget", json!(tokens(effort).min(room).clamp(budget.least, budget.most))))
        }
        (Some(effort), None) => level(effort).map(|level| ("thinkingLevel", json!(level))),
    };
    match said {
        Some((name, value)) => {
            fields.insert(name.into(), value);
        }
        None => dropped.extend(sampling.effort.map(|_| "reasoning_effort")),
    }
    (!fields.is_empty()).then_some(Value::Object(fields))
}

fn tokens(effort: Effort) -> u64 {
    match effort {
        Effort::None => 0,
        Effort::Minimal => 512,
        Effort::Low => 2048,
        Effort::Medium => 8192,
        Effort::High => 16_384,
        Effort::Xhigh => 24_576,
        Effort::Max => 32_768,
    }
}

/// The API's names; there is none for no thinking at all and for no bound.
fn level(effort: Effort) -> Option<&'static str> {
    match effort {
        Effort::None | Effort::Max => None,
        Effort::Minimal => Some("MINIMAL"),
        Effort::Low => Some("LOW"),
        Effort::Medium => Some("MEDIUM"),
        Effort::High => Some("HIGH"),
        Effort::Xhigh => Some("XHIGH"),
    }
}

/// A model that is not known is taken for a new one: every current one holds to a schema.
fn takes_schema(to: &Endpoint, model: Option<&Model>) -> bool {
    to.quirks.schema == SchemaDialect::Native && model.is_none_or(|model| model.json_schema)
}

fn system(prompt: &Prompt, native_schema: bool) -> Option<String> {
    match prompt.schema.as_ref().filter(|_| !native_schema) {
        Some(schema) => Some(request::with_instruction(prompt.system.as_deref(), schema)),
        None => prompt.system.clone().filter(|text| !text.trim().is_empty()),
    }
}

/// Turns alternate: neighbours of one role are merged, empty texts are left out.
fn contents(prompt: &Prompt, model: Option<&Model>, ids: CallIds) -> Value {
    let mut turns: Vec<(Role, Vec<Value>)> = Vec::new();
    for (at, message) in prompt.messages.iter().enumerate() {
        let parts = parts(message, &prompt.messages[..at], signs(model), ids);
        match turns.last_mut() {
            Some((role, all)) if *role == message.role => all.extend(parts),
            _ if parts.is_empty() => {}
            _ => turns.push((message.role, parts)),
        }
    }
    if let Some(begun) = prompt.prefill.as_deref().map(str::trim_end).filter(|begun| !begun.is_empty()) {
        turns.push((Role::Assistant, vec![json!({"text": begun})]));
    }
    turns.into_iter().map(|(role, parts)| json!({"role": name(role), "parts": parts})).collect()
}

fn name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "model",
    }
}

/// Returns true if the model wants a signature on its calls: those that think by levels do, from Gemini 3 on.
fn signs(model: Option<&Model>) -> bool {
    model.is_none_or(|model| model.budget.is_none() && model.reasons(None))
}

fn parts(message: &Message, before: &[Message], signs: bool, ids: CallIds) -> Vec<Value> {
    // Results of tools must come first in their turn.
    let (results, others): (Vec<_>, Vec<_>) =
        message.parts.iter().partition(|part| matches!(part, Part::ToolResult { .. }));
    let mut parts: Vec<Value> =
        results.into_iter().chain(others).filter_map(|part| self::part(part, before, ids)).collect();
    // Only the first of parallel calls is signed.
    let call = parts.iter_mut().find(|part| part.get("functionCall").is_some());
    if let Some(Value::Object(call)) = call.filter(|_| signs) {
        call.entry("thoughtSignature").or_insert_with(|| json!(FOREIGN));
    }
    parts
}

fn part(part: &Part, before: &[Message], ids: CallIds) -> Option<Value> {
    match part {
        Part::Text(text) if text.trim().is_empty() => None,
        Part::Text(text) => Some(json!({"text": text})),
        Part::Image { media_type, data: ImageData::Base64(data) }
        | Part::File { media_type, data: ImageData::Base64(data), .. } => {
            Some(json!({"inlineData": {"mimeType": media_type, "data": data}}))
        }
        Part::Image { media_type, data: ImageData::Url(url) }
        | Part::File { media_type, data: ImageData::Url(url), .. } => {
            let mut file = json!({"fileUri": url});
            // An address does not always say what is there.
            if !media_type.ends_with("/*") {
                file["mimeType"] = media_type.as_str().into();
            }
            Some(json!({"fileData": file}))
        }
        // Another provider's; this one's stand with its calls.
        Part::ReasoningBlock(_) => None,
        Part::ToolCall { id, name, arguments, signature } => {
            // Calls that came from elsewhere may have arguments that are no object; the API wants one.
            let args = serde_json::from_str(arguments).ok().filter(Value::is_object).unwrap_or_else(|| json!({}));
            let mut part = json!({"functionCall": with_id(json!({"name": name, "args": args}), id, ids)});
            if let Some(signature) = signature {
                part["thoughtSignature"] = json!(signature);
            }
            Some(part)
        }
        Part::ToolResult { id, text } => {
            let name = name_of_call(id, before);
            let response = serde_json::from_str(text).ok().filter(Value::is_object);
            let response = response.unwrap_or_else(|| json!({"result": text}));
            Some(json!({"functionResponse": with_id(json!({"name": name, "response": response}), id, ids)}))
        }
    }
}

/// An id that we made up is not the API's.
fn with_id(mut holder: Value, id: &str, ids: CallIds) -> Value {
    if ids == CallIds::Sent && !id.is_empty() && !id.starts_with(decoder::MADE_UP) {
        holder["id"] = json!(id);
    }
    holder
}

/// The name of the last call with this id; the API wants it beside the result.
fn name_of_call<'a>(id: &'a str, before: &'a [Message]) -> &'a str {
    let parts = before.iter().rev().flat_map(|message| &message.parts);
    let mut names = parts.filter_map(|part| match part {
        Part::ToolCall { id: other, name, .. } if other == id => Some(name.as_str()),
        _ => None,
    });
    names.next().unwrap_or(id)
}

fn declaration(tool: &Tool) -> Value {
    json!({"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters})
}
