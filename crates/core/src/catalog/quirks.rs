//! The differences between providers, as values. Adapters ask for values, never for a provider's name.

use crate::model::Effort;
use crate::protocols::Protocol;
use crate::protocols::classify::Codes;

/// The differences of an endpoint from the plain protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks {
    /// The field for the token limit is `max_completion_tokens`.
    pub max_completion_tokens: bool,
    /// Model name prefixes that still use the field `max_tokens`.
    pub max_tokens_for: &'static [&'static str],
    /// The path segments, divided by `/`, that a base URL without any version gets; `None` leaves the
    /// base as it is.
    pub version: Option<&'static str>,
    /// It accepts `stream_options` (and needs it to report the usage of a stream).
    pub stream_options: bool,
    /// The place of the key.
    pub auth: Auth,
    /// Headers of every request.
    pub headers: &'static [(&'static str, &'static str)],
    /// The field for the sampling seed, if it takes one.
    pub seed: Option<&'static str>,
    /// The efforts of reasoning that it takes at most; a model may take fewer.
    pub efforts: &'static [Effort],
    /// The form of efforts in chat completions.
    pub effort_field: EffortField,
    /// Models, by parts of their names, that take either `temperature` or `top_p`, not both.
    pub one_of_sampling: &'static [&'static str],
    /// Model name prefixes without a system message: its text moves to the user message.
    pub no_system_for: &'static [&'static str],
    /// The form of a JSON Schema.
    pub schema: SchemaDialect,
    /// The limits of its own field for a schema.
    pub schema_support: SchemaSupport,
    /// It takes schemas in strict mode.
    pub strict_schema: bool,
    /// Its field for one takes objects only; any other schema is put into words.
    pub object_schema: bool,
    /// Support for prefill: continuing a given beginning of an answer.
    pub prefill: Prefill,
    /// A begun answer is marked with `"prefix": true`.
    pub prefix_flag: bool,
    /// The id of a call that is sent back must be nine letters or digits.
    pub short_call_ids: bool,
    /// It stores answers unless `"store": false` is sent.
    pub stores: bool,
    /// The most stop texts it takes.
    pub max_stop: usize,
    /// It takes stop texts while a model reasons.
    pub stop_while_reasoning: bool,
    /// The accepted attachments.
    pub attachments: Attachments,
    /// The place of usage outside `usage`, as a JSON pointer into a chunk.
    pub usage_at: Option<&'static str>,
    /// Its output count leaves reasoning out.
    pub reasoning_apart: bool,
    /// The reasoning before a tool call must be sent back with the call, as `reasoning_content`.
    pub returns_reasoning: bool,
    /// Error codes of its own and what they mean there.
    pub codes: Codes,
    /// Query parameters and the variables that may hold their values.
    pub query_env: &'static [(&'static str, &'static [&'static str])],
    /// Further hosts of its own, by what follows the first label of their names.
    pub hosts: &'static [&'static str],
}

/// The place of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`.
    Bearer,
    /// `x-api-key: KEY`.
    XApiKey,
    /// `x-goog-api-key: KEY`.
    XGoogApiKey,
    /// `authorization: Bearer TOKEN`; unless the profile names a key, the token is had with Google's
    /// application default credentials.
    GoogleToken,
    /// `api-key: KEY`, but a JSON Web Token as `authorization: Bearer TOKEN`; never both.
    ApiKeyOrToken,
    /// Signed with keys of AWS for this service; a key of another kind as `Bearer`.
    Aws {
        /// The service's name for signing.
        service: &'static str,
    },
}

/// The form of a reasoning effort in chat completions; every other protocol has a single form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffortField {
    /// `reasoning_effort`.
    Flat,
    /// `reasoning: {"effort": …}`.
    Nested,
    /// `reasoning_effort`, but no reasoning at all as `thinking: {"type": "disabled"}`.
    FlatOrDisabled,
}

/// The form of a JSON Schema for a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaDialect {
    /// By the protocol's own field.
    Native,
    /// By JSON mode and an instruction that holds the schema.
    JsonMode,
    /// By an instruction alone.
    Instruction,
}

/// The limits of a provider's own field for a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaSupport {
    /// An answer that it enforces can be streamed.
    pub streams: bool,
    /// It enforces a schema in a request with tools too.
    pub with_tools: bool,
    /// Only the models that the table marks take a schema; the others take JSON mode.
    pub some_models: bool,
    /// Model name prefixes that can be strict; `None` for all.
    pub strict_for: Option<&'static [&'static str]>,
}

impl SchemaSupport {
    /// No limits.
    pub(crate) const FULL: Self = Self { streams: true, with_tools: true, some_models: false, strict_for: None };
}

/// The attachments that an endpoint accepts, and their largest sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachments {
    /// The largest image.
    pub image: usize,
    /// The largest PDF file; `None` when it takes none.
    pub pdf: Option<usize>,
    /// All attachments of a request together, as they are sent (in base64).
    pub total: usize,
    /// It fetches images from an address.
    pub image_urls: bool,
    /// It fetches PDF files from an address.
    pub pdf_urls: bool,
}

impl Attachments {
    /// Images in the request or by URL, of any size: safe for an unknown server, which reports itself
    /// what it refuses. Compatible servers do not generally accept PDF files.
    pub(crate) const IMAGES: Self =
        Self { image: usize::MAX, pdf: None, total: usize::MAX, image_urls: true, pdf_urls: false };

    /// PDF files too, of any size.
    pub(crate) const FILES: Self = Self { pdf: Some(usize::MAX), ..Self::IMAGES };
}

/// Support for prefill of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefill {
    /// It does not.
    Never,
    /// For the models marked in the table.
    KnownModels,
    /// It does, except for models that the table denies it of.
    Always,
}

impl Quirks {
    /// No differences: safe for an unknown compatible server.
    pub const PLAIN: Self = Self {
        max_completion_tokens: false,
        max_tokens_for: &[],
        version: Some("v1"),
        stream_options: true,
        auth: Auth::Bearer,
        headers: &[],
        seed: Some("seed"),
        efforts: &Effort::ALL,
        effort_field: EffortField::Flat,
        one_of_sampling: &[],
        no_system_for: &[],
        schema: SchemaDialect::Native,
        schema_support: SchemaSupport::FULL,
        strict_schema: true,
        object_schema: false,
        prefill: Prefill::Never,
        prefix_flag: false,
        short_call_ids: false,
        stores: false,
        max_stop: usize::MAX,
        stop_while_reasoning: true,
        attachments: Attachments::IMAGES,
        usage_at: None,
        reasoning_apart: false,
        returns_reasoning: false,
        codes: &[],
        query_env: &[],
        hosts: &[],
    };

    /// Claude from Opus 4.1 on (Anthropic's API reference, `top_p`); earlier models accept both.
    pub(crate) const ONE_OF_SAMPLING: &'static [&'static str] = &[
        "claude-opus-4-1",
        "claude-opus-4-5",
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
        "claude-opus-4-6",
        "claude-sonnet-4-6",
    ];

    /// The first models of `OpenAI` that reason (400 `unsupported_value` for `messages[0].role`).
    pub(crate) const NO_SYSTEM: &'static [&'static str] = &["o1-mini", "o1-preview"];

    /// The plain form of `protocol`: safe for an unknown server that speaks it.
    #[must_use]
    pub const fn plain(protocol: Protocol) -> Self {
        protocol.spec().quirks
    }
}
