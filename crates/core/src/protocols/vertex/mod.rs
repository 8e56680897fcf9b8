//! The protocol `vertex`: models of several publishers behind Google's addresses and credentials.
//!
//! Source: Vertex AI REST reference (`publishers.models`, regions), Anthropic's and Google's SDKs for it.
//! The bodies are those of the publishers' own protocols; only the way there is written here.

#[cfg(test)]
mod tests;

use serde_json::json;
use url::Url;

use super::gemini::CallIds;
use super::{Adapter, Decoder, EncodedRequest, Endpoint, Probe, ProtocolSpec, anthropic, classify, gemini};
use super::{openai, request};
use crate::catalog::{Auth, Prefill, Quirks};
use crate::model::{Failure, Prompt, Secret};
use crate::wire::{ErrorReply, Framing};

/// Variables that name the project, the usual one first: Google's, Anthropic's and LiteLLM's.
pub const PROJECT_ENV: &[&str] = &["GOOGLE_CLOUD_PROJECT", "ANTHROPIC_VERTEX_PROJECT_ID", "VERTEXAI_PROJECT"];

/// Variables that name the location, the usual one first.
pub const LOCATION_ENV: &[&str] = &["GOOGLE_CLOUD_LOCATION", "CLOUD_ML_REGION", "VERTEXAI_LOCATION"];

/// The default location.
pub const LOCATION: &str = "global";

/// The version of Anthropic's messages that is spoken here (Claude on Vertex AI, request body).
const MESSAGES_VERSION: &str = "vertex-2023-10-16";

/// The registry entry.
pub(super) const SPEC: ProtocolSpec = ProtocolSpec { name: "vertex", quirks: QUIRKS, adapter: &Vertex };

/// Plain Vertex; what its publishers take differs, see [`crate::protocols::vertex`]. How large an attachment may be
/// depends on the model (7 MB to 256 MB; Google Cloud, "Image understanding"): the service reports it.
pub(crate) const QUIRKS: Quirks =
    Quirks { auth: Auth::GoogleToken, version: Some("v1"), prefill: Prefill::KnownModels, ..gemini::QUIRKS };

/// The adapter.
pub(crate) struct Vertex;

/// The protocol of a publisher's models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PublisherApi {
    /// generateContent, as `publishers/google`.
    Gemini,
    /// Anthropic messages, as `publishers/anthropic`.
    Messages,
    /// Chat completions, for every other publisher.
    Chat,
}

impl Adapter for Vertex {
    fn encode(&self, to: &Endpoint, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let (publisher_api, model) = publisher_api(&to.model);
        let to = &adapted(to, publisher_api);
        match publisher_api {
            PublisherApi::Gemini => {
                let (body, dropped) = gemini::body(to, prompt, CallIds::Unknown)?;
                let method = format!("{model}:streamGenerateContent");
                let path = ["publishers", "google", "models", &method];
                let mut encoded = request::build_complete(to, key, &path, body, dropped)?;
                gemini::as_events(&mut encoded);
                Ok(encoded)
            }
            PublisherApi::Messages => {
                let (mut body, dropped) = anthropic::body(to, prompt)?;
                request::remove_field(&mut body, "model");
                body.insert("anthropic_version".into(), json!(MESSAGES_VERSION));
                let method = format!("{model}:streamRawPredict");
                request::build(to, key, prompt, &["publishers", "anthropic", "models", &method], body, dropped)
            }
            PublisherApi::Chat => {
                let base_url = request::address(&to.base_url, to.quirks.version, &["endpoints", "openapi"])?;
                let to = Endpoint { base_url, quirks: Quirks { version: None, ..to.quirks }, ..to.clone() };
                openai::Openai.encode(&to, key, prompt)
            }
        }
    }

    fn probe(&self, _: &Endpoint, _: Option<&Secret>) -> Result<Probe, Failure> {
        // Its model list is another service, open to everyone with the project.
        Ok(Probe::Nothing)
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder> {
        match publisher_api(&to.model).0 {
            PublisherApi::Gemini => Box::new(gemini::GeminiDecoder::new(to.quirks.codes)),
            PublisherApi::Messages => Box::new(anthropic::MessagesDecoder::new(to.quirks.codes, &to.provider)),
            PublisherApi::Chat => Box::new(openai::ChatDecoder::new(to.quirks, &to.provider)),
        }
    }

    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        classify::reply(reply, to.quirks.codes)
    }
}

/// The publisher and its name of the model: `PUBLISHER/MODEL`, or a name that implies the publisher.
fn publisher_api(model: &str) -> (PublisherApi, &str) {
    match model.split_once('/') {
        Some(("google", name)) => (PublisherApi::Gemini, name),
        Some(("anthropic", name)) => (PublisherApi::Messages, name),
        Some(_) => (PublisherApi::Chat, model),
        None if model.starts_with("claude") => (PublisherApi::Messages, model),
        None => (PublisherApi::Gemini, model),
    }
}

/// `to` with the differences of the publisher_api; and with a key in place of a token where the address
/// names no project, which Google calls express mode.
fn adapted(to: &Endpoint, publisher_api: PublisherApi) -> Endpoint {
    let auth = if names_project(&to.base_url) { to.quirks.auth } else { Auth::XGoogApiKey };
    let quirks = Quirks { auth, ..to.quirks };
    let quirks = match publisher_api {
        PublisherApi::Gemini => quirks,
        PublisherApi::Messages => {
            Quirks { seed: None, one_of_sampling: Quirks::ONE_OF_SAMPLING, max_stop: usize::MAX, ..quirks }
        }
        PublisherApi::Chat => Quirks { max_stop: usize::MAX, ..quirks },
    };
    Endpoint { quirks, ..to.clone() }
}

/// Returns `true` if an address contains the project.
#[must_use]
pub fn names_project(base: &Url) -> bool {
    base.path_segments().is_some_and(|mut segments| segments.any(|segment| segment == "projects"))
}

/// The address of `location`, which is a region, `us`, `eu` or `global`.
#[must_use]
pub fn host(location: &str) -> Option<Url> {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let host = match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        region if plain(region) => format!("{region}-aiplatform.googleapis.com"),
        _ => return None,
    };
    Url::parse(&format!("https://{host}/v1")).ok()
}

/// `base` with the project and the location behind it, unless it names a project already.
#[must_use]
pub fn placed(base: &Url, project: &str, location: &str) -> Url {
    if names_project(base) {
        return base.clone();
    }
    let path = ["projects", project, "locations", location];
    request::address(base, QUIRKS.version, &path).unwrap_or_else(|_| base.clone())
}

/// Returns `true` if `url` belongs to Google, to which a Google token may be sent.
#[must_use]
pub fn is_google(url: &Url) -> bool {
    url.scheme() == "https" && url.host_str().is_some_and(|host| host.ends_with(".googleapis.com"))
}
