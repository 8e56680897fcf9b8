//! Requests to Vertex AI and their addresses.

use serde_json::{Value, json};
use url::Url;

use crate::model::{Effort, Message, Part, Prompt, Role, Sampling, Secret};
use crate::protocols::tests::endpoint;
use crate::protocols::vertex::{host, is_google, placed};
use crate::protocols::{EncodedRequest, Endpoint};

fn to(model: &str) -> Endpoint {
    let mut to = endpoint("vertex", model);
    to.base_url = placed(&host("europe-west4").unwrap(), "proj", "europe-west4");
    to
}

fn encode(to: &Endpoint, prompt: &Prompt) -> EncodedRequest {
    to.protocol.adapter().encode(to, Some(&Secret::new("ya29.x")), prompt).unwrap()
}

fn body(encoded: &EncodedRequest) -> Value {
    serde_json::from_slice(&encoded.request.body).unwrap()
}

#[test]
fn every_publisher_has_its_path() {
    let base = "https://europe-west4-aiplatform.googleapis.com/v1/projects/proj/locations/europe-west4";
    for (model, path) in [
        ("gemini-2.5-pro", "publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse"),
        ("google/gemini-2.5-pro", "publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse"),
        ("claude-opus-4-5@20251101", "publishers/anthropic/models/claude-opus-4-5@20251101:streamRawPredict"),
        ("anthropic/claude-opus-4-5", "publishers/anthropic/models/claude-opus-4-5:streamRawPredict"),
        ("meta/llama-4-maverick-17b-128e-instruct-maas", "endpoints/openapi/chat/completions"),
    ] {
        let encoded = encode(&to(model), &Prompt::user("hi"));
        assert_eq!(encoded.request.url.as_str(), format!("{base}/{path}"));
        assert_eq!(encoded.request.headers["authorization"], "Bearer ya29.x");
        assert!(!encoded.request.headers.contains_key("anthropic-version"));
    }
}

#[test]
fn the_short_name_of_a_model_has_its_facts() {
    for model in ["claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", "claude-sonnet-4-5@20250929"] {
        assert_eq!(body(&encode(&to(model), &Prompt::user("hi")))["max_tokens"], 64_000, "{model}");
    }
    // Reasoning has the form of the model's maker, even if the service's list lacks it.
    let sampling = Sampling { effort: Some(Effort::High), ..Sampling::default() };
    let prompt = Prompt { sampling, ..Prompt::user("hi") };
    assert_eq!(body(&encode(&to("claude-opus-4-6"), &prompt))["thinking"], json!({"type": "adaptive"}));
    assert_eq!(body(&encode(&to("claude-opus-5"), &prompt))["thinking"], json!({"type": "adaptive"}));
}

#[test]
fn locations_have_hosts() {
    let check = |location: &str, want: Option<&str>| {
        assert_eq!(host(location).as_ref().map(Url::as_str), want, "{location}");
    };
    check("global", Some("https://aiplatform.googleapis.com/v1"));
    check("us", Some("https://aiplatform.us.rep.googleapis.com/v1"));
    check("eu", Some("https://aiplatform.eu.rep.googleapis.com/v1"));
    check("us-central1", Some("https://us-central1-aiplatform.googleapis.com/v1"));
    check("evil.example/", None);
    check("", None);
}

#[test]
fn a_project_is_put_behind_the_version_once() {
    let check = |base: &str, want: &str| {
        assert_eq!(placed(&Url::parse(base).unwrap(), "p", "global").as_str(), want);
    };
    check("http://h", "http://h/v1/projects/p/locations/global");
    check("http://h/v1beta1/", "http://h/v1beta1/projects/p/locations/global");
    check("http://h/v1/projects/q/locations/eu", "http://h/v1/projects/q/locations/eu");
}

#[test]
fn a_token_goes_to_google_only() {
    for (url, want) in [
        ("https://us-east5-aiplatform.googleapis.com/v1", true),
        ("https://aiplatform.eu.rep.googleapis.com", true),
        ("http://aiplatform.googleapis.com", false),
        ("https://googleapis.com.evil.example", false),
        ("https://evilgoogleapis.com", false),
    ] {
        assert_eq!(is_google(&Url::parse(url).unwrap()), want, "{url}");
    }
}

#[test]
fn an_address_without_a_project_takes_a_key() {
    let encoded = encode(&endpoint("vertex", "gemini-2.5-pro"), &Prompt::user("hi"));
    let want =
        "https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse";
    assert_eq!(encoded.request.url.as_str(), want);
    assert_eq!(encoded.request.headers["x-goog-api-key"], "ya29.x");
    assert!(!encoded.request.headers.contains_key("authorization"));
}

#[test]
fn messages_name_their_version_and_no_model() {
    let sampling = Sampling {
        max_tokens: Some(9),
        temperature: Some(0.5),
        top_p: Some(0.5),
        seed: Some(1),
        stop: vec!["x".into(); 7],
        ..Sampling::default()
    };
    let prompt = Prompt { sampling, ..Prompt::user("hi") };
    let encoded = encode(&to("claude-opus-4-5@20251101"), &prompt);
    assert_eq!(
        body(&encoded),
        json!({
            "max_tokens": 9,
            "messages": [{"role": "user", "content": "hi"}],
            "stream": true,
            "temperature": 0.5,
            "stop_sequences": ["x", "x", "x", "x", "x", "x", "x"],
            "anthropic_version": "vertex-2023-10-16",
        })
    );
    assert_eq!(encoded.dropped, ["top_p", "seed"]);
    // Facts from the provider's own table also apply here.
    let effort =
        Prompt { sampling: Sampling { effort: Some(Effort::Low), ..Sampling::default() }, ..Prompt::user("hi") };
    assert_eq!(body(&encode(&to("claude-opus-4-5@20251101"), &effort))["output_config"], json!({"effort": "low"}));
}

#[test]
fn ids_of_calls_are_not_told() {
    let call = Part::ToolCall { id: "a".into(), name: "f".into(), arguments: "{}".into(), signature: Some("s".into()) };
    let result = Part::ToolResult { id: "a".into(), text: "1".into() };
    let messages =
        vec![Message { role: Role::Assistant, parts: vec![call] }, Message { role: Role::User, parts: vec![result] }];
    let got = body(&encode(&to("gemini-3.5-flash"), &Prompt { messages, ..Prompt::default() }));
    let part = |turn: usize| got["contents"][turn]["parts"][0].clone();
    assert_eq!(part(0), json!({"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s"}));
    assert_eq!(part(1), json!({"functionResponse": {"name": "f", "response": {"result": "1"}}}));
}
