//! What is known of each provider: rows of data, chosen by name and read by the adapters.
//!
//! A difference between providers is a value here; the adapters ask for values, never for names.

mod address;
pub mod aliases;
pub mod models;
mod providers;

use url::Url;

pub use address::{base_url, is_home};

use crate::model::{Class, Effort, TimeoutKind};
use crate::protocols::classify::Codes;
use crate::protocols::{Endpoint, Protocol};

/// How an endpoint differs from the plain protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks {
    /// The field for the token limit is `max_completion_tokens`.
    pub max_completion_tokens: bool,
    /// Models, by how their names begin, whose field for it is `max_tokens` all the same.
    pub max_tokens_for: &'static [&'static str],
    /// The path segments, divided by `/`, that a base URL without any version gets; `None` leaves the
    /// base as it is.
    pub version: Option<&'static str>,
    /// It takes `stream_options` (and needs it to tell the usage of a stream).
    pub stream_options: bool,
    /// Where the key goes.
    pub auth: Auth,
    /// Headers of every request.
    pub headers: &'static [(&'static str, &'static str)],
    /// The field for the sampling seed, if it takes one.
    pub seed: Option<&'static str>,
    /// The efforts of reasoning that it takes at most; a model may take fewer.
    pub efforts: &'static [Effort],
    /// How chat completions say them.
    pub effort_field: EffortField,
    /// Models, by parts of their names, that take either `temperature` or `top_p`, not both.
    pub one_of_sampling: &'static [&'static str],
    /// Models, by how their names begin, that take no system message: its text goes to the person's.
    pub no_system_for: &'static [&'static str],
    /// How a JSON Schema is said.
    pub schema: SchemaDialect,
    /// Its field for one takes objects only; any other schema is put into words.
    pub object_schema: bool,
    /// Whether it continues an answer that was begun for it.
    pub prefill: Prefill,
    /// A begun answer is marked with `"prefix": true`.
    pub prefix_flag: bool,
    /// The id of a call that is sent back must be nine letters or digits.
    pub short_call_ids: bool,
    /// It keeps answers unless `"store": false` says otherwise.
    pub stores: bool,
    /// The most stop texts it takes.
    pub max_stop: usize,
    /// It takes stop texts while a model reasons.
    pub stop_while_reasoning: bool,
    /// What it takes besides text.
    pub attachments: Attachments,
    /// Where usage stands when not in `usage`, as a JSON pointer into a chunk.
    pub usage_at: Option<&'static str>,
    /// Its output count leaves reasoning out.
    pub reasoning_apart: bool,
    /// Error codes of its own and what they mean there.
    pub codes: Codes,
    /// Query parameters and the variables that may hold their values.
    pub query_env: &'static [(&'static str, &'static [&'static str])],
    /// Further hosts of its own, by what follows the first label of their names.
    pub hosts: &'static [&'static str],
}

/// Where a key goes.
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

/// How chat completions say an effort of reasoning; every other protocol has one way of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffortField {
    /// `reasoning_effort`.
    Flat,
    /// `reasoning: {"effort": …}`.
    Nested,
    /// `reasoning_effort`, but no reasoning at all as `thinking: {"type": "disabled"}`; whoever reasons
    /// can be told not to.
    FlatOrDisabled,
}

/// How a JSON Schema is said to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaDialect {
    /// By the protocol's own field.
    Native,
    /// By JSON mode and an instruction that holds the schema.
    JsonMode,
    /// By an instruction alone.
    Instruction,
}

/// What an endpoint takes besides text, and how large it may be. Sizes are in bytes.
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
    /// Images in the request or by address, of any size: safe for an unknown server, which says itself
    /// what it does not take. PDF files are not a part of what compatible servers have in common.
    pub const IMAGES: Self =
        Self { image: usize::MAX, pdf: None, total: usize::MAX, image_urls: true, pdf_urls: false };

    /// PDF files too, of any size.
    pub const FILES: Self = Self { pdf: Some(usize::MAX), ..Self::IMAGES };
}

/// Whether an endpoint continues an answer that was begun for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefill {
    /// It does not.
    Never,
    /// It does for the models that the table says so of.
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
        codes: &[],
        query_env: &[],
        hosts: &[],
    };

    /// Claude from Opus 4.1 on (Anthropic's API reference, `top_p`); what came before takes both.
    pub const ONE_OF_SAMPLING: &'static [&'static str] = &[
        "claude-opus-4-1",
        "claude-opus-4-5",
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
        "claude-opus-4-6",
        "claude-sonnet-4-6",
    ];

    /// The first models of `OpenAI` that reason (400 `unsupported_value` for `messages[0].role`).
    pub const NO_SYSTEM: &'static [&'static str] = &["o1-mini", "o1-preview"];

    /// Plain Anthropic messages.
    pub const MESSAGES: Self = Self {
        auth: Auth::XApiKey,
        headers: &[("anthropic-version", "2023-06-01")],
        seed: None,
        prefill: Prefill::KnownModels,
        ..Self::PLAIN
    };

    /// Plain Gemini: at most five stop texts (Gemini API reference, `GenerationConfig`).
    pub const GEMINI: Self = Self {
        auth: Auth::XGoogApiKey,
        version: Some("v1beta"),
        max_stop: 5,
        attachments: Attachments { pdf_urls: true, ..Attachments::FILES },
        codes: &[("BILLING_DISABLED", Class::Quota)],
        ..Self::PLAIN
    };

    /// Plain Vertex; what its publishers take differs, see [`crate::protocols::vertex`]. How large an attachment may be
    /// depends on the model (7 MB to 256 MB; Google Cloud, "Image understanding"): the service says so itself.
    pub const VERTEX: Self =
        Self { auth: Auth::GoogleToken, version: Some("v1"), prefill: Prefill::KnownModels, ..Self::GEMINI };
    /// Plain Responses: no stop texts, no seed (OpenAI API reference).
    pub const RESPONSES: Self = Self {
        seed: None,
        max_stop: 0,
        stores: true,
        attachments: Attachments { pdf_urls: true, ..Attachments::FILES },
        ..Self::PLAIN
    };

    /// Plain Azure `OpenAI`, version 1 of the API. No stop texts from o3 on, as at its maker's.
    ///
    /// Source: Microsoft Learn, "Azure OpenAI in Microsoft Foundry Models v1 API" (paths, `api-key`,
    /// bearer tokens) and the Python SDK's `lib/azure.py` (variables, never both headers).
    pub const AZURE: Self = Self {
        max_completion_tokens: true,
        // They refuse the newer name with 422 (pydantic-ai, providers/azure.py).
        max_tokens_for: &["mistral", "ministral", "codestral"],
        no_system_for: Self::NO_SYSTEM,
        object_schema: true,
        version: Some("openai/v1"),
        auth: Auth::ApiKeyOrToken,
        max_stop: 4,
        stop_while_reasoning: false,
        query_env: &[("api-version", &["OPENAI_API_VERSION", "AZURE_API_VERSION"])],
        hosts: &["services.ai.azure.com", "cognitiveservices.azure.com"],
        // 20 MiB an image (Microsoft Learn, "Vision-enabled chat model concepts", input limitations; its error
        // says 20971520 bytes).
        attachments: Attachments { image: 20 << 20, ..Attachments::IMAGES },
        ..Self::PLAIN
    };

    /// Plain Ollama: options and addresses are the adapter's.
    pub const OLLAMA: Self = Self { version: None, ..Self::PLAIN };

    /// Plain Cohere, version 2 (API reference, Chat).
    pub const COHERE: Self = Self {
        version: Some("v2"),
        max_stop: 5,
        // 20 MB of images in a request (docs.cohere.com, "Image inputs", limitations).
        attachments: Attachments { total: 20_000_000, ..Attachments::IMAGES },
        ..Self::PLAIN
    };

    /// Plain Converse of Bedrock. Codes: the errors of the service model that have no meaning elsewhere.
    pub const BEDROCK: Self = Self {
        version: None,
        auth: Auth::Aws { service: "bedrock" },
        headers: &[("accept", "application/vnd.amazon.eventstream")],
        seed: None,
        one_of_sampling: Self::ONE_OF_SAMPLING,
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
        ..Self::PLAIN
    };

    /// No differences from `protocol`: safe for an unknown server that speaks it.
    #[must_use]
    pub const fn plain(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Openai | Protocol::Mock => Self::PLAIN,
            Protocol::Responses => Self::RESPONSES,
            Protocol::Anthropic => Self::MESSAGES,
            Protocol::Gemini => Self::GEMINI,
            Protocol::Vertex => Self::VERTEX,
            Protocol::Azure => Self::AZURE,
            Protocol::Ollama => Self::OLLAMA,
            Protocol::Cohere => Self::COHERE,
            Protocol::Bedrock => Self::BEDROCK,
        }
    }
}

/// One provider.
#[derive(Debug, Clone, Copy)]
pub struct ProviderRow {
    /// The name in `provider/model`.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// Where its API is; `{NAME}` stands for the value of a variable, `{region}` for the region.
    pub base_url: &'static str,
    /// Variables that may hold its key, the usual one first; empty when it takes none.
    pub env: &'static [&'static str],
    /// The variable that overrides `base_url`, if there is a usual one.
    pub base_env: Option<&'static str>,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// How it differs.
    pub quirks: Quirks,
    /// The row to take at its own address for models that call tools in full only there.
    pub for_tools: Option<&'static str>,
    /// A current general model of it, for a start without a profile.
    pub default_model: Option<&'static str>,
}

impl ProviderRow {
    /// Whether its address names a region.
    fn is_regional(&self) -> bool {
        self.base_url.contains("{region}")
    }

    /// Whether it answers without a key (a server on this machine, usually).
    #[must_use]
    pub fn key_is_optional(&self) -> bool {
        self.base_url.starts_with("http://localhost")
    }
}

/// The row of `id`, if the provider is known.
#[must_use]
pub fn provider(id: &str) -> Option<&'static ProviderRow> {
    providers().iter().find(|row| row.id == id)
}

/// The row of the service that alone speaks `protocol`, in many regions.
#[must_use]
pub fn regional_provider(protocol: Protocol) -> Option<&'static ProviderRow> {
    providers().iter().find(|row| row.protocol == protocol && row.is_regional())
}

/// All rows.
#[must_use]
pub fn providers() -> &'static [ProviderRow] {
    providers::PROVIDERS
}

/// Whether `to` continues an answer that was begun for it.
#[must_use]
pub fn takes_prefill(to: &Endpoint) -> bool {
    let known = || to.known.as_ref().and_then(|model| model.prefill);
    match to.quirks.prefill {
        Prefill::Never => false,
        Prefill::KnownModels => known() == Some(true),
        Prefill::Always => known() != Some(false),
    }
}

/// The base URL that the value of a row's `base_env` means: it may lack the scheme and, for a
/// server on this machine, the port; an address to listen on (`0.0.0.0`) is reached over loopback.
#[must_use]
pub fn base_from_env(row: &ProviderRow, value: &str) -> Option<Url> {
    let value = value.trim();
    let usual = Url::parse(row.base_url).ok()?;
    let bare = !value.contains("://");
    let mut url = Url::parse(&if bare { format!("{}://{value}", usual.scheme()) } else { value.to_owned() }).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return None;
    }
    // `:80` written out in a bare value is meant, and `Url` hides it.
    let port_written = value.rsplit(']').next()?.split('/').next()?.contains(':');
    if bare && !port_written && url.port().is_none() && usual.port().is_some() {
        url.set_port(usual.port()).ok()?;
    }
    if matches!(url.host_str(), Some("0.0.0.0" | "[::]")) {
        url.set_host(Some("127.0.0.1")).ok()?;
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_unique_names_and_valid_addresses() {
        let mut ids: Vec<_> = providers().iter().map(|row| row.id).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
        for row in providers() {
            let url = Url::parse(&base_url(row, |_| Some("x.example")).unwrap()).unwrap();
            assert!(url.scheme() == "https" || row.key_is_optional(), "{}", row.id);
            assert!(!row.id.contains('/') && !row.base_url.ends_with('/') && !row.name.is_empty(), "{}", row.id);
            let has_own = row.quirks.auth == Auth::GoogleToken;
            assert!(!row.env.is_empty() || row.key_is_optional() || has_own, "{}", row.id);
            for name in row.env.iter().chain(&row.base_env) {
                assert!(name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'), "{name}");
            }
        }
        assert!(providers().len() >= 40);
    }

    #[test]
    fn a_row_for_tools_is_at_the_same_address_with_the_same_keys() {
        for (one, other) in providers().iter().filter_map(|one| Some((one, provider(one.for_tools?).unwrap()))) {
            assert_eq!((one.base_url, one.env, one.base_env), (other.base_url, other.env, other.base_env));
            assert_ne!(one.protocol, other.protocol);
        }
        assert_eq!(provider("openai").unwrap().for_tools, Some("openai-responses"));
    }

    #[test]
    fn default_models_are_in_the_table_and_in_service() {
        for row in providers() {
            let Some(name) = row.default_model else { continue };
            let model = models::find(row.id, name).unwrap_or_else(|| panic!("{}/{name}", row.id));
            assert_eq!(model.status, models::Status::Current, "{}/{name}", row.id);
        }
        assert!(providers().iter().filter(|row| row.default_model.is_some()).count() >= 10);
    }

    #[test]
    fn a_base_from_the_environment_may_be_short() {
        let check = |id: &str, value: &str, want: Option<&str>| {
            let got = base_from_env(provider(id).unwrap(), value);
            assert_eq!(got.as_ref().map(Url::as_str), want, "{value}");
        };
        check("ollama", "192.168.0.2", Some("http://192.168.0.2:11434/"));
        check("ollama", "0.0.0.0", Some("http://127.0.0.1:11434/"));
        check("ollama", "box:80", Some("http://box/"));
        check("ollama", "[::1]", Some("http://[::1]:11434/"));
        check("ollama", "https://box/ollama", Some("https://box/ollama"));
        check("ollama", "http://box", Some("http://box/"));
        check("openai", "http://127.0.0.1:8080/v1", Some("http://127.0.0.1:8080/v1"));
        check("openai", "proxy.test", Some("https://proxy.test/"));
        check("openai", "ftp://x", None);
        check("openai", "", None);
    }
}
