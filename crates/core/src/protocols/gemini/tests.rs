//! Requests to generateContent.

use serde_json::{Value, json};

use crate::catalog::Prefill;
use crate::model::prompt::ImageData;
use crate::model::{Class, Effort, Message, Part, Prompt, Role, Sampling, Secret, Tool};
use crate::protocols::tests::{decode_all, endpoint};
use crate::protocols::{EncodedRequest, Endpoint};

fn encode(to: &Endpoint, prompt: &Prompt) -> EncodedRequest {
    to.protocol.adapter().encode(to, Some(&Secret::new("sk-secret")), prompt).unwrap()
}

fn body(model: &str, prompt: &Prompt) -> Value {
    serde_json::from_slice(&encode(&endpoint("gemini", model), prompt).request.body).unwrap()
}

/// The configuration that `sampling` makes for `model`, and what is left out.
fn check(model: &str, sampling: Sampling, want: Value, dropped: &[&str]) {
    let prompt = Prompt { sampling, ..Prompt::user("hi") };
    let got = body(model, &prompt).get("generationConfig").cloned().unwrap_or(Value::Null);
    assert_eq!(got, want, "{model}");
    assert_eq!(encode(&endpoint("gemini", model), &prompt).dropped, dropped, "{model}");
}

fn effort(effort: Effort) -> Sampling {
    Sampling { effort: Some(effort), ..Sampling::default() }
}

#[test]
fn a_plain_prompt_is_a_plain_request() {
    let prompt = Prompt { system: Some("be brief".into()), ..Prompt::user("hi") };
    let encoded = encode(&endpoint("gemini", "gemini-2.0-flash"), &prompt);
    assert_eq!(
        encoded.request.url.as_str(),
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.0-flash:streamGenerateContent?alt=sse"
    );
    let headers = &encoded.request.headers;
    assert_eq!(headers["x-goog-api-key"], "sk-secret");
    assert!(headers["x-goog-api-key"].is_sensitive() && !headers.contains_key("authorization"));
    assert_eq!(
        body("gemini-2.0-flash", &prompt),
        json!({
            "systemInstruction": {"parts": [{"text": "be brief"}]},
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        })
    );
}

#[test]
fn addresses_may_have_the_version_already() {
    let mut to = endpoint("gemini", "m");
    for base in ["http://h", "http://h/v1beta", "http://h/v1beta/"] {
        to.base_url = base.parse().unwrap();
        let want = "http://h/v1beta/models/m:streamGenerateContent?alt=sse";
        assert_eq!(encode(&to, &Prompt::user("hi")).request.url.as_str(), want);
    }
    to.model = "tunedModels/mine".into();
    let want = "http://h/v1beta/tunedModels/mine:streamGenerateContent?alt=sse";
    assert_eq!(encode(&to, &Prompt::user("hi")).request.url.as_str(), want);
}

#[test]
fn parameters_stand_in_the_configuration() {
    let all = Sampling {
        temperature: Some(0.5),
        top_p: Some(0.9),
        max_tokens: Some(7),
        stop: vec!["END".into()],
        seed: Some(3),
        effort: None,
    };
    let want = json!({"maxOutputTokens": 7, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"], "seed": 3});
    check("gemini-2.0-flash", all, want, &[]);
    let to = endpoint("gemini", "gemini-2.0-flash");
    let prompt =
        Prompt { sampling: Sampling { stop: vec!["x".into(); 6], ..Sampling::default() }, ..Prompt::user("hi") };
    assert_eq!(to.protocol.adapter().encode(&to, None, &prompt).unwrap_err().class, Class::Unsupported);
}

#[test]
fn effort_is_a_budget_or_a_level() {
    let thinks = |fields: Value| json!({"thinkingConfig": fields});
    let budget = |tokens: u64| thinks(json!({"includeThoughts": true, "thinkingBudget": tokens}));
    let level = |level: &str| thinks(json!({"includeThoughts": true, "thinkingLevel": level}));
    check("gemini-2.5-flash", Sampling::default(), thinks(json!({"includeThoughts": true})), &[]);
    check("gemini-2.5-flash", effort(Effort::Medium), budget(8192), &[]);
    check("gemini-2.5-flash", effort(Effort::Max), budget(24_576), &[]);
    check("gemini-2.5-flash", effort(Effort::None), thinks(json!({"thinkingBudget": 0})), &[]);
    check("gemini-2.5-flash-lite", effort(Effort::Minimal), budget(512), &[]);
    check("gemini-3.5-flash", effort(Effort::Minimal), level("MINIMAL"), &[]);
    check("gemini-3.1-pro-preview", effort(Effort::High), level("HIGH"), &[]);
    check("gemini-4-hydrogen", effort(Effort::Xhigh), level("XHIGH"), &[]);
    let shown = || thinks(json!({"includeThoughts": true}));
    check("gemini-3.1-pro-preview", effort(Effort::Minimal), shown(), &["reasoning_effort"]);
    check("gemini-2.0-flash", effort(Effort::High), Value::Null, &["reasoning_effort"]);
    check("unheard-of", effort(Effort::Low), thinks(json!({"thinkingLevel": "LOW"})), &[]);
    check("unheard-of", effort(Effort::None), Value::Null, &["reasoning_effort"]);
    check("unheard-of", Sampling::default(), Value::Null, &[]);
    // It cannot be silenced.
    check("gemini-2.5-pro", effort(Effort::None), Value::Null, &["reasoning_effort"]);
    let tight = Sampling { max_tokens: Some(1000), ..effort(Effort::High) };
    let want = json!({"maxOutputTokens": 1000, "thinkingConfig": {"includeThoughts": true, "thinkingBudget": 800}});
    check("gemini-2.5-flash", tight, want, &[]);
}

#[test]
fn a_schema_is_a_field_where_the_model_has_one() {
    let prompt = Prompt { schema: Some(json!({"type": "object"})), ..Prompt::user("hi") };
    let want = json!({"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}});
    for model in ["gemini-2.0-flash", "unheard-of"] {
        assert_eq!(body(model, &prompt)["generationConfig"], want);
    }
    let got = body("gemini-3.1-flash-live-preview", &prompt);
    assert_eq!(got["generationConfig"].get("responseJsonSchema"), None);
    assert!(got["systemInstruction"]["parts"][0]["text"].as_str().unwrap().contains("JSON Schema"));
}

#[test]
fn turns_alternate_and_hold_no_empty_text() {
    let call = |id: &str, signature: Option<&str>| Part::ToolCall {
        id: id.into(),
        name: format!("{id}-name"),
        arguments: "{\"x\":1}".into(),
        signature: signature.map(str::to_owned),
    };
    let prompt = Prompt {
        messages: vec![
            Message::text(Role::User, "a"),
            Message::text(Role::User, " "),
            Message::text(Role::User, "b"),
            Message { role: Role::Assistant, parts: vec![call("t", Some("sig")), call("call_1", None)] },
            Message {
                role: Role::User,
                parts: vec![
                    Part::Text("so?".into()),
                    Part::ToolResult { id: "t".into(), text: "42".into() },
                    Part::ToolResult { id: "call_1".into(), text: "{\"y\":2}".into() },
                    Part::Image { media_type: "image/png".into(), data: ImageData::Base64("AA==".into()) },
                    Part::Image { media_type: "image/png".into(), data: ImageData::Url("https://x/y.png".into()) },
                ],
            },
        ],
        tools: vec![Tool { name: "f".into(), description: "d".into(), parameters: json!({"type": "object"}) }],
        ..Prompt::default()
    };
    let got = body("gemini-3.5-flash", &prompt);
    assert_eq!(
        got["contents"],
        json!([
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
            {"role": "model", "parts": [
                {"functionCall": {"name": "t-name", "args": {"x": 1}, "id": "t"}, "thoughtSignature": "sig"},
                {"functionCall": {"name": "call_1-name", "args": {"x": 1}}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "t-name", "response": {"result": "42"}, "id": "t"}},
                {"functionResponse": {"name": "call_1-name", "response": {"y": 2}}},
                {"text": "so?"},
                {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
                {"fileData": {"mimeType": "image/png", "fileUri": "https://x/y.png"}},
            ]},
        ])
    );
    let declared = json!({"name": "f", "description": "d", "parametersJsonSchema": {"type": "object"}});
    assert_eq!(got["tools"], json!([{"functionDeclarations": [declared]}]));
}

#[test]
fn calls_go_back_with_the_mark_that_they_came_with() {
    let file =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/gemini/stream-tool-call-thought-signature.sse");
    let to = endpoint("gemini", "gemini-3-pro-preview");
    let answer = decode_all(&to, &[&crate::protocols::tests::fixtures::read(file)]).unwrap();
    let parts = answer.tool_calls.into_iter().map(Part::from).collect();
    let prompt = |parts| Prompt { messages: vec![Message { role: Role::Assistant, parts }], ..Prompt::default() };
    let of = |model: &str, parts| body(model, &prompt(parts))["contents"][0]["parts"][0].clone();
    assert_eq!(
        of("gemini-3-pro-preview", parts),
        json!({"functionCall": {"name": "get_country", "args": {}}, "thoughtSignature": "b3BhcXVlLWJsb2ItcmVkYWN0ZWQ="})
    );
    // A call that another model made has none, and these models insist.
    let foreign =
        || vec![Part::ToolCall { id: "a".into(), name: "f".into(), arguments: String::new(), signature: None }];
    assert_eq!(of("gemini-3.5-flash", foreign())["thoughtSignature"], "skip_thought_signature_validator");
    assert_eq!(of("gemini-2.5-flash", foreign()).get("thoughtSignature"), None);
}

#[test]
fn a_begun_answer_is_only_for_those_that_are_said_to_continue_it() {
    let prompt = Prompt { prefill: Some("Once upon \n".into()), sampling: effort(Effort::High), ..Prompt::user("hi") };
    let mut to = endpoint("gemini", "gemini-2.5-flash");
    assert_eq!(to.protocol.adapter().encode(&to, None, &prompt).unwrap_err().class, Class::Unsupported);
    to.quirks.prefill = Prefill::Always;
    let encoded = encode(&to, &prompt);
    let got: Value = serde_json::from_slice(&encoded.request.body).unwrap();
    assert_eq!(got["contents"][1], json!({"role": "model", "parts": [{"text": "Once upon"}]}));
    assert_eq!(encoded.dropped, ["reasoning_effort"]);
}

#[test]
fn further_fields_join_ours() {
    let mut to = endpoint("gemini", "gemini-2.0-flash");
    to.params.extra =
        json!({"generationConfig": {"topK": 4, "seed": 1}, "safetySettings": []}).as_object().unwrap().clone();
    let mut prompt = Prompt { sampling: Sampling { max_tokens: Some(5), ..Sampling::default() }, ..Prompt::user("hi") };
    prompt.extra = json!({"generationConfig": {"topK": 5, "seed": null}, "stream": false}).as_object().unwrap().clone();
    let got: Value = serde_json::from_slice(&encode(&to, &prompt).request.body).unwrap();
    assert_eq!(got["generationConfig"], json!({"maxOutputTokens": 5, "topK": 5}));
    assert_eq!((got.get("safetySettings"), got.get("stream")), (Some(&json!([])), None));
}
