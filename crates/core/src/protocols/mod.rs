//! What each protocol looks like on the wire, as pure functions: encode, decode, classify.
//!
//! An adapter sees no network, no clock and no luck; a provider's name never appears in one:
//! the differences between providers are values in [`Quirks`], chosen by a row of the [`catalog`].

pub mod anthropic;
mod attachments;
pub mod azure;
pub mod bedrock;
pub mod classify;
pub mod cohere;
pub mod gemini;
mod json_limits;
pub mod mock;
pub mod ollama;
pub mod openai;
pub mod overrides;
pub mod probe;
mod reply_reader;
mod request;
pub mod responses;
#[cfg(test)]
mod tests;
pub mod vertex;

use std::fmt;

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use url::Url;

use crate::catalog::{Quirks, models};
use crate::model::{Class, Event, Failure, Prompt, Secret};
use crate::wire::{ErrorReply, Frame, Framing, WireRequest};

pub use overrides::{Overrides, Patch};
pub use probe::Probe;
pub use reply_reader::ReplyReader;

/// A protocol that a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// OpenAI chat completions, and what is compatible with them.
    Openai,
    /// `OpenAI` Responses, and what is compatible with them.
    Responses,
    /// Anthropic messages.
    Anthropic,
    /// Google's Gemini API.
    Gemini,
    /// Google's Vertex AI: models of several publishers, each in its own tongue.
    Vertex,
    /// Chat completions at Azure: other addresses, another header for the key.
    Azure,
    /// Ollama's own chat.
    Ollama,
    /// Cohere chat, version 2.
    Cohere,
    /// Converse of Amazon Bedrock.
    Bedrock,
    /// Simulated, in this process.
    Mock,
}

/// Everything that is needed to call one deployment, except its key.
#[derive(Clone)]
pub struct Endpoint {
    /// The protocol spoken there.
    pub protocol: Protocol,
    /// The provider's name in the profile or the catalog.
    pub provider: String,
    /// Where the API is; may or may not end in the version segment.
    pub base_url: Url,
    /// The model, as the provider calls it.
    pub model: String,
    /// The region that it is in, where that matters.
    pub region: Option<String>,
    /// How this provider differs from the plain protocol.
    pub quirks: Quirks,
    /// What is known of the model, as the newest table has it.
    pub known: Option<models::Model>,
    /// Parameters of the profile, under those of the request.
    pub params: Params,
    /// Extra headers of the profile.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Extra query parameters of the profile; they hold no secrets.
    pub query: Vec<(String, String)>,
    /// Further changes that the profile makes to every request.
    pub overrides: Overrides,
    /// The script of a `mock` deployment.
    pub script: Option<mock::Script>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("protocol", &self.protocol)
            .field("base_url", &self.base_url.as_str())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// Defaults that a deployment gives to every request it gets (`params = { … }`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    /// Neutral parameters, used where the request leaves them open.
    pub sampling: crate::model::Sampling,
    /// Other body fields, passed as they are.
    pub extra: Map<String, Value>,
}

/// A request for one endpoint, and what had to be left out of it.
#[derive(Debug)]
pub struct EncodedRequest {
    /// What to send.
    pub request: WireRequest,
    /// Preferences that this model does not take and that were dropped (`temperature`, …).
    pub dropped: Vec<&'static str>,
}

/// A protocol: pure functions.
pub trait Adapter: Send + Sync {
    /// Translates `prompt` for `to`; always asks for a stream.
    ///
    /// # Errors
    /// `unsupported` when the prompt holds what this endpoint cannot express without changing its
    /// meaning; `authentication` when the key cannot stand in a header.
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure>;

    /// What `to` can be asked for free, to see whether it is there and takes the key.
    ///
    /// # Errors
    /// As [`Adapter::encode`], of the key.
    fn probe(&self, to: &Endpoint, key: Option<&Secret>) -> Result<Probe, Failure>;

    /// How the stream is cut into frames.
    fn framing(&self) -> Framing;

    /// A fresh decoder for one reply of `to`.
    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder>;

    /// What a reply with an error means.
    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure;
}

/// Turns the frames of one reply into events.
pub trait Decoder: Send + Sync {
    /// Feeds one frame and pushes what it means.
    ///
    /// # Errors
    /// An error that the stream reports, or `malformed` when the frame is not of the protocol.
    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure>;

    /// Feeds a whole answer: some servers reply to a stream request with plain JSON.
    ///
    /// # Errors
    /// As [`Decoder::frame`].
    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Failure>;

    /// The body ended. Ending early is a failure, not an answer.
    ///
    /// # Errors
    /// `truncated` when no finish was seen.
    fn end(&mut self, out: &mut Vec<Event>) -> Result<(), Failure>;

    /// Whether the protocol's own end mark was seen: nothing that follows matters.
    fn done(&self) -> bool {
        false
    }
}

impl Protocol {
    /// The adapter for this protocol.
    #[must_use]
    pub fn adapter(self) -> &'static dyn Adapter {
        match self {
            Self::Openai => &openai::Openai,
            Self::Responses => &responses::Responses,
            Self::Anthropic => &anthropic::Anthropic,
            Self::Gemini => &gemini::Gemini,
            Self::Vertex => &vertex::Vertex,
            Self::Azure => &azure::Azure,
            Self::Ollama => &ollama::Ollama,
            Self::Cohere => &cohere::Cohere,
            Self::Bedrock => &bedrock::Bedrock,
            Self::Mock => &mock::Mock,
        }
    }

    /// All protocols, in the order of the docs.
    pub const ALL: [Self; 10] = [
        Self::Openai,
        Self::Responses,
        Self::Anthropic,
        Self::Gemini,
        Self::Vertex,
        Self::Azure,
        Self::Bedrock,
        Self::Ollama,
        Self::Cohere,
        Self::Mock,
    ];

    /// The protocol that a profile calls so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name)
    }

    /// The name in a profile.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Responses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Vertex => "vertex",
            Self::Azure => "azure",
            Self::Ollama => "ollama",
            Self::Cohere => "cohere",
            Self::Bedrock => "bedrock",
            Self::Mock => "mock",
        }
    }
}

/// The JSON of a frame.
fn json_of(data: &[u8]) -> Result<Value, Failure> {
    check_value_count(data)?;
    serde_json::from_slice(data).map_err(|_| Failure::new(Class::Malformed, "a frame of the stream is not JSON"))
}

/// Fails for a text that would take many times its size once it is read.
fn check_value_count(text: &[u8]) -> Result<(), Failure> {
    if json_limits::exceeds_value_limit(text) {
        return Err(Failure::new(Class::Malformed, "the reply holds more JSON values than an answer has"));
    }
    Ok(())
}

/// What a frame with the event `error` says, which need not be JSON.
fn error_frame(frame: &Frame, codes: classify::Codes) -> Failure {
    if let Err(failure) = check_value_count(frame.data.as_bytes()) {
        return failure;
    }
    let body = serde_json::from_str(&frame.data).unwrap_or_else(|_| Value::String(frame.data.clone()));
    classify::inside(&body, codes)
}

/// The JSON of a whole reply, out of the array that some gateways wrap it in.
fn whole_json(body: &[u8]) -> Result<Value, Failure> {
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
    let malformed = |message: &str| Err(Failure::new(Class::Malformed, message));
    check_value_count(text)?;
    match text.first() {
        None => Err(empty()),
        Some(b'<') => malformed("an HTML page came instead of an answer"),
        Some(_) => match serde_json::from_slice(text) {
            Ok(Value::Array(mut list)) if list.len() == 1 => Ok(list.remove(0)),
            Ok(value) => Ok(value),
            Err(_) if matches!(text[0], b'{' | b'[') => malformed("the reply is neither a stream nor whole JSON"),
            Err(_) => Err(words(&String::from_utf8_lossy(text))),
        },
    }
}

/// What a reply without a single word is.
fn empty() -> Failure {
    Failure::new(Class::Malformed, "the reply is empty")
}

/// What a reply of bare words is: the error that they tell of, or malformed.
fn words(text: &str) -> Failure {
    let failure = classify::inside(&Value::String(text.to_owned()), &[]);
    match failure.class {
        Class::ServerError => Failure::new(Class::Malformed, format!("the reply is neither a stream nor JSON: {text}")),
        _ => failure,
    }
}

/// What a JSON reply without an answer is: the error that it reports, or malformed.
fn not_an_answer(body: &Value, codes: classify::Codes) -> Failure {
    let list = body.as_array().map(Vec::as_slice).unwrap_or_default();
    let body = list.iter().find(|body| classify::is_error(body)).unwrap_or(body);
    // Nobody answers with a bare text: it says why there is no answer.
    if classify::is_error(body) || body.as_str().is_some_and(|text| !text.trim().is_empty()) {
        classify::inside(body, codes)
    } else {
        Failure::new(Class::Malformed, "the reply is JSON, but not an answer")
    }
}

/// A count of tokens, which may be a float; what is no count is none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, and a count is small")]
fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
}
