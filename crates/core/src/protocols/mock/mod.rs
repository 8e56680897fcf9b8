//! The protocol `mock`: simulated deployments, for trying things out and for rehearsing a profile.
//!
//! It only writes the script down; `transport::mock` plays it.

use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::Url;

pub use crate::wire::script::{Fault, FaultKind, Script, Simulation, parse_faults};

use super::{Adapter, Decoder, EncodedRequest, Endpoint, Probe, ProtocolSpec};
use crate::catalog::{Attachments, Quirks};
use crate::model::{Class, Failure, Part, Prompt, Role, Secret};
use crate::wire::{ErrorReply, Framing, WireRequest};

/// The registry entry.
pub(super) const SPEC: ProtocolSpec = ProtocolSpec { name: "mock", quirks: QUIRKS, adapter: &Mock };

/// A simulated deployment takes every attachment.
pub(crate) const QUIRKS: Quirks = Quirks { attachments: Attachments::FILES, ..Quirks::PLAIN };

/// The adapter.
pub(crate) struct Mock;

impl Adapter for Mock {
    fn encode(&self, to: &Endpoint, _key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let simulation = Simulation {
            model: to.model.clone(),
            prompt: last_words(prompt),
            max_tokens: prompt.sampling.max_tokens.or(to.params.sampling.max_tokens),
            script: to.script.clone().unwrap_or_default(),
        };
        let body = serde_json::to_vec(&simulation)
            .map_err(|error| Failure::new(Class::BadRequest, format!("the script cannot be written: {error}")))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = WireRequest { method: Method::POST, url: address(to)?, headers, body: body.into(), sign: None };
        Ok(EncodedRequest { request, dropped: Vec::new(), lowered: None })
    }

    fn probe(&self, _: &Endpoint, _: Option<&Secret>) -> Result<Probe, Failure> {
        Ok(Probe::Simulated)
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn decoder(&self, to: &Endpoint) -> Box<dyn Decoder> {
        super::openai::Openai.decoder(to)
    }

    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        super::openai::Openai.classify(to, reply)
    }
}

/// `mock://PROVIDER/MODEL`: for people only, nothing is looked up there.
fn address(to: &Endpoint) -> Result<Url, Failure> {
    let mut url = Url::parse(&format!("mock://{}/", to.provider)).map_err(|error| {
        Failure::new(
            Class::BadRequest,
            format!("`{}` cannot be the name of a simulated provider: {error}", to.provider),
        )
    })?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().extend(to.model.split('/'));
    }
    Ok(url)
}

fn last_words(prompt: &Prompt) -> String {
    let last = prompt.messages.iter().rev().find(|message| message.role == Role::User);
    let texts = last.into_iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::Text(text) | Part::ToolResult { text, .. } => Some(text.as_str()),
        Part::ReasoningBlock(_) | Part::Image { .. } | Part::File { .. } | Part::ToolCall { .. } => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Quirks;
    use crate::model::{Message, Sampling};
    use crate::protocols::{Params, Protocol};

    fn endpoint(provider: &str, model: &str) -> Endpoint {
        Endpoint {
            region: None,
            protocol: Protocol::Mock,
            provider: provider.to_owned(),
            base_url: Url::parse("mock://unused/").unwrap(),
            model: model.to_owned(),
            quirks: Quirks::PLAIN,
            known: None,
            params: Params::default(),
            overrides: crate::protocols::Overrides::default(),
            headers: Vec::new(),
            query: Vec::new(),
            script: Some(Script { tokens: Some(7), ..Script::default() }),
        }
    }

    fn check(to: &Endpoint, prompt: &Prompt, url: &str, want: &Simulation) {
        let request = Mock.encode(to, Some(&Secret::new("sk-secret")), prompt).unwrap().request;
        assert_eq!(request.url.as_str(), url);
        assert_eq!(&serde_json::from_slice::<Simulation>(&request.body).unwrap(), want);
        assert!(!request.headers.values().any(|value| value.as_bytes().windows(9).any(|part| part == b"sk-secret")));
    }

    fn simulation(model: &str, prompt: &str, max_tokens: Option<u64>) -> Simulation {
        let script = Script { tokens: Some(7), ..Script::default() };
        Simulation { model: model.into(), prompt: prompt.into(), max_tokens, script }
    }

    #[test]
    fn the_body_holds_script_model_and_last_user_message() {
        let mut prompt = Prompt::user("first");
        prompt.messages.push(Message::text(Role::Assistant, "answer"));
        prompt.messages.push(Message::text(Role::User, "second"));
        check(&endpoint("demo", "a/b c"), &prompt, "mock://demo/a/b%20c", &simulation("a/b c", "second", None));
    }

    #[test]
    fn the_token_limit_of_the_request_stands_above_that_of_the_profile() {
        let mut to = endpoint("demo", "m");
        to.params.sampling = Sampling { max_tokens: Some(9), ..Sampling::default() };
        check(&to, &Prompt::user("x"), "mock://demo/m", &simulation("m", "x", Some(9)));
        let mut prompt = Prompt::user("x");
        prompt.sampling.max_tokens = Some(3);
        check(&to, &prompt, "mock://demo/m", &simulation("m", "x", Some(3)));
    }

    #[test]
    fn a_provider_name_that_no_address_can_hold_is_a_failure() {
        let failure = Mock.encode(&endpoint("a b", "m"), None, &Prompt::user("x")).expect_err("a b");
        assert_eq!(failure.class, Class::BadRequest);
    }
}
