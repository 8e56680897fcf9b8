//! Protocols as pure functions: they encode prompts, decode replies and classify errors.
//!
//! An adapter has no network, clock or randomness, and never mentions a provider. Differences between
//! providers are values in [`Quirks`](crate::catalog::Quirks), set by a row of the [`catalog`](crate::catalog).
//! A protocol is a folder here and a line in `registry.rs`.

pub(crate) mod anthropic;
mod attachments;
pub(crate) mod azure;
pub(crate) mod bedrock;
mod capabilities;
pub mod classify;
pub(crate) mod cohere;
mod endpoint;
mod event_filter;
mod finish;
pub(crate) mod gemini;
mod json;
mod json_limits;
mod json_text;
pub mod mock;
pub(crate) mod ollama;
pub(crate) mod openai;
pub(crate) mod overrides;
pub mod probe;
mod reasoning;
mod registry;
mod reply_reader;
mod request;
pub(crate) mod responses;
#[cfg(test)]
pub(crate) mod tests;
mod tool_calls;
pub mod vertex;

use crate::catalog::SchemaDialect;
use crate::model::refused_parameters::Change;
use crate::model::{Capabilities, Event, Failure, Prompt, Secret};
use crate::wire::{ErrorReply, Frame, Framing, WireRequest};

pub use endpoint::{Endpoint, Params, requests_several_answers};
pub use overrides::{Overrides, Patch};
pub use probe::Probe;
pub use registry::Protocol;
pub use reply_reader::ReplyReader;

use json::{cost_nanos, count, empty, error_frame, json_of, not_an_answer, whole_json};
use reasoning::{reasoning_of, text_of};
use registry::ProtocolSpec;

/// A request for one endpoint, and the preferences that were left out of it.
#[derive(Debug)]
pub struct EncodedRequest {
    /// The request to send.
    pub request: WireRequest,
    /// Preferences that the model does not accept and that were dropped (`temperature`, …).
    pub dropped: Vec<&'static str>,
    /// The output limit of the model, if `max_tokens` was lowered to it.
    pub lowered: Option<u64>,
}

impl EncodedRequest {
    /// Returns the changes that were made to the request for the sake of the model.
    pub fn changes(&self) -> impl Iterator<Item = Change> + '_ {
        self.dropped.iter().map(|name| Change::LeftOut(name)).chain(self.lowered.map(Change::Lowered))
    }
}

/// Returns true for protocols with a field for answers in JSON without a schema.
pub(crate) fn takes_json_mode(protocol: Protocol) -> bool {
    match protocol {
        Protocol::Openai | Protocol::Responses | Protocol::Azure | Protocol::Ollama | Protocol::Cohere => true,
        Protocol::Anthropic | Protocol::Gemini | Protocol::Vertex | Protocol::Bedrock | Protocol::Mock => false,
    }
}

/// Returns true if `schema` is sent to `to` in strict mode.
pub(crate) fn takes_strict_schema(to: &Endpoint, prompt: &Prompt, schema: &serde_json::Value) -> bool {
    let has_mode = match to.protocol {
        Protocol::Openai | Protocol::Responses | Protocol::Azure => true,
        Protocol::Anthropic
        | Protocol::Gemini
        | Protocol::Vertex
        | Protocol::Bedrock
        | Protocol::Ollama
        | Protocol::Cohere
        | Protocol::Mock => false,
    };
    let strict_for = to.quirks.schema_support.strict_for;
    has_mode
        && request::dialect(to, prompt, schema) == SchemaDialect::Native
        && to.quirks.strict_schema
        && strict_for.is_none_or(|starts| starts.iter().any(|start| to.model.starts_with(start)))
        && openai::is_strict(schema)
}

/// A protocol: pure functions.
pub trait Adapter: Send + Sync {
    /// Translates `prompt` for `to`; always requests a stream.
    ///
    /// # Errors
    /// `unsupported` when this endpoint cannot express the prompt without changing its meaning;
    /// `authentication` when the key cannot be sent in a header.
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure>;

    /// Returns the free request that shows whether `to` is reachable and accepts the key.
    ///
    /// # Errors
    /// `authentication` when the key cannot be sent in a header.
    fn probe(&self, to: &Endpoint, key: Option<&Secret>) -> Result<Probe, Failure>;

    /// The framing of the stream.
    fn framing(&self) -> Framing;

    /// Returns a new decoder for one reply of `to`.
    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder>;

    /// Classifies a reply with an error status.
    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure;

    /// Returns what `to` can do besides text.
    fn capabilities(&self, to: &Endpoint) -> Capabilities {
        capabilities::of(to)
    }
}

/// Turns the frames of one reply into events.
pub trait Decoder: Send + Sync {
    /// Decodes one frame and pushes its events.
    ///
    /// # Errors
    /// An error that the stream reports, or `malformed` when the frame does not belong to the protocol.
    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure>;

    /// Decodes a complete document: some servers answer a request for a stream with plain JSON.
    ///
    /// # Errors
    /// As [`Decoder::frame`].
    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Failure>;

    /// Handles the end of the body. An early end is a failure, not an answer.
    ///
    /// # Errors
    /// `truncated` when no finish was seen.
    fn end(&mut self, out: &mut Vec<Event>) -> Result<(), Failure>;

    /// Returns `true` after the protocol's own end mark; everything after it is ignored.
    fn done(&self) -> bool {
        false
    }
}
