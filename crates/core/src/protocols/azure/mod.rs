//! The protocol `azure`: chat completions at their other addresses. Bodies and answers are `openai`'s.
//!
//! Two generations: version 1 (`…/openai/v1/chat/completions`, the deployment is the model), and dated
//! ones (`…/openai/deployments/NAME/chat/completions?api-version=2024-10-21`), used when `api-version` is
//! a date. Source: Microsoft Learn, "Azure OpenAI in Microsoft Foundry Models v1 API", and the REST
//! reference of the inference API.

use super::{Adapter, Decoder, EncodedRequest, Endpoint, Probe, ProtocolSpec, capabilities, openai, probe, request};
use crate::catalog::{Attachments, Auth, Quirks};
use crate::model::{Capabilities, Failure, Prompt, Secret};
use crate::wire::{ErrorReply, Framing};

/// The query parameter that tells the generation.
const API_VERSION: &str = "api-version";

/// The registry entry.
pub(super) const SPEC: ProtocolSpec = ProtocolSpec { name: "azure", quirks: QUIRKS, adapter: &Azure };

/// Plain Azure `OpenAI`, version 1 of the API. No stop texts from o3 on, as at its maker's.
///
/// Source: Microsoft Learn, "Azure OpenAI in Microsoft Foundry Models v1 API" (paths, `api-key`,
/// bearer tokens) and the Python SDK's `lib/azure.py` (variables, never both headers).
pub(crate) const QUIRKS: Quirks = Quirks {
    max_completion_tokens: true,
    // They refuse the newer name with 422 (pydantic-ai, providers/azure.py).
    max_tokens_for: &["mistral", "ministral", "codestral"],
    no_system_for: Quirks::NO_SYSTEM,
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
    ..Quirks::PLAIN
};

/// The adapter.
pub(crate) struct Azure;

impl Adapter for Azure {
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let (body, dropped) = openai::body(to, prompt)?;
        let mut to = to.clone();
        if request::has_version(&to.base_url) {
            // The base says which generation it is; a date from the environment is for another one.
            to.query.retain(|(name, value)| name != API_VERSION || !is_date(value));
        }
        if !to.query.iter().any(|(name, value)| name == API_VERSION && is_date(value)) {
            return request::build(&to, key, prompt, &["chat", "completions"], body, dropped);
        }
        to.quirks.version = None;
        let deployments =
            to.base_url.path_segments().is_some_and(|mut segments| segments.any(|part| part == "deployments"));
        let path = ["openai", "deployments", &to.model, "chat", "completions"];
        // A base may be that of the deployment.
        let path = if deployments { &path[3..] } else { &path[..] };
        request::build(&to, key, prompt, path, body, dropped)
    }

    fn probe(&self, to: &Endpoint, key: Option<&Secret>) -> Result<Probe, Failure> {
        // The list is of what could be deployed, not of what was: names are no use.
        let to = &dated(to).unwrap_or_else(|| to.clone());
        probe::at(to, key, &["models"]).map(Probe::Key)
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder> {
        openai::Openai.decoder(to)
    }

    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        openai::Openai.classify(to, reply)
    }

    fn capabilities(&self, to: &Endpoint) -> Capabilities {
        capabilities::in_chat_completions(to)
    }
}

/// The same endpoint as the dated generation of the API has it, where it is of that one.
fn dated(to: &Endpoint) -> Option<Endpoint> {
    let is_dated = to.query.iter().any(|(name, value)| name == API_VERSION && is_date(value));
    if !is_dated || request::has_version(&to.base_url) {
        return None;
    }
    let mut to = to.clone();
    to.quirks.version = Some("openai");
    Some(to)
}

/// `2024-10-21`, `2025-04-01-preview`; version 1 has `preview` and `latest`.
fn is_date(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
}
