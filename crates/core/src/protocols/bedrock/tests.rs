//! Requests to Bedrock, and its errors and odd frames.

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::model::prompt::ImageData;
use crate::model::{
    Answer, Class, Effort, Failure, Finish, Message, Part, Prompt, Role, Sampling, Secret, TimeoutKind, Timestamp, Tool,
};
use crate::protocols::tests::fixtures::read;
use crate::protocols::tests::{classify, decode_all, endpoint};
use crate::protocols::{EncodedRequest, Endpoint};
use crate::wire::event_stream::encode::message;
use crate::wire::sigv4;

const NOVA: &str = "us.amazon.nova-micro-v1:0";
const CLAUDE: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

fn encode(to: &Endpoint, prompt: &Prompt) -> EncodedRequest {
    to.protocol.adapter().encode(to, Some(&Secret::new("key-1")), prompt).unwrap()
}

fn body(model: &str, prompt: &Prompt) -> Value {
    serde_json::from_slice(&encode(&endpoint("bedrock", model), prompt).request.body).unwrap()
}

fn check(model: &str, sampling: Sampling, want: Value, dropped: &[&str]) {
    let prompt = Prompt { sampling, ..Prompt::user("hi") };
    let mut got = body(model, &prompt);
    got.as_object_mut().unwrap().shift_remove("messages");
    assert_eq!(got, want, "{model}");
    assert_eq!(encode(&endpoint("bedrock", model), &prompt).dropped, dropped, "{model}");
}

fn effort(effort: Effort) -> Sampling {
    Sampling { effort: Some(effort), ..Sampling::default() }
}

#[test]
fn a_plain_prompt_is_a_plain_request() {
    let prompt = Prompt { system: Some("be brief".into()), ..Prompt::user("hi") };
    let encoded = encode(&endpoint("bedrock", NOVA), &prompt);
    let url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-micro-v1%3A0/converse-stream";
    assert_eq!(encoded.request.url.as_str(), url);
    let headers = &encoded.request.headers;
    assert_eq!(headers["authorization"], "Bearer key-1");
    assert_eq!(headers["accept"], "application/vnd.amazon.eventstream");
    assert!(headers["authorization"].is_sensitive() && encoded.request.sign.is_none());
    let want = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}], "system": [{"text": "be brief"}]});
    assert_eq!(body(NOVA, &prompt), want);
}

#[test]
fn a_round_of_tools_goes_back_as_it_came() {
    let round = |file: &str, model: &str| {
        let path = format!("{}/../../tests/fixtures/bedrock/{file}", env!("CARGO_MANIFEST_DIR"));
        let answer = decode_all(&endpoint("bedrock", "m"), &[&read(path)]).unwrap();
        let id = answer.tool_calls[0].id.clone();
        let mut prompt = Prompt::user("hi");
        let result = Part::ToolResult { id, text: "42".into() };
        prompt.messages.extend([answer.turn(), Message { role: Role::User, parts: vec![result] }]);
        (body(model, &prompt)["messages"].take(), answer)
    };
    let (messages, answer) = round("converse-reasoning-claude.json", CLAUDE);
    let recorded: Value = serde_json::from_slice(&read(format!(
        "{}/../../tests/fixtures/bedrock/converse-reasoning-claude.json",
        env!("CARGO_MANIFEST_DIR")
    )))
    .unwrap();
    // Thought, text and call: what came is what goes.
    assert_eq!(messages[1], recorded["output"]["message"]);
    let result = json!({"toolUseId": answer.tool_calls[0].id, "content": [{"text": "42"}]});
    assert_eq!(messages[2]["content"], json!([{"toolResult": result}]));
    for file in ["converse-stream-tool-use.bin", "converse-stream-claude-tools.bin"] {
        let (messages, answer) = round(file, CLAUDE);
        let blocks = messages[1]["content"].as_array().unwrap();
        let call = &answer.tool_calls[0];
        let input: Value = serde_json::from_str(&call.arguments).unwrap();
        let want = json!({"toolUse": {"toolUseId": call.id, "name": call.name, "input": input}});
        assert!(blocks.contains(&want), "{file}: {blocks:?}");
    }
}

#[test]
fn an_arn_is_one_segment_of_the_path() {
    let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.x-v1:0";
    let url = encode(&endpoint("bedrock", arn), &Prompt::user("hi")).request.url;
    let want = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x-v1%3A0/converse-stream";
    assert_eq!(url.path(), want);
}

#[test]
fn keys_of_aws_sign_and_are_not_sent() {
    let to = endpoint("bedrock", NOVA);
    let key = Secret::signing("AKID", "very-secret", Some("session-token"));
    let mut encoded = to.protocol.adapter().encode(&to, Some(&key), &Prompt::user("hi")).unwrap();
    let scope = encoded.request.sign.clone().unwrap();
    assert_eq!((scope.service, scope.region.as_str()), ("bedrock", "us-east-1"));
    assert!(!encoded.request.headers.contains_key("authorization"));
    sigv4::sign(&mut encoded.request, Timestamp(0));
    let said = encoded.request.headers["authorization"].to_str().unwrap();
    assert!(said.contains("Credential=AKID/19700101/us-east-1/bedrock/aws4_request"), "{said}");
    assert!(!format!("{:?}", encoded.request.headers).contains("very-secret"));
    let elsewhere = endpoint("openai", "gpt-4o");
    let refused = elsewhere.protocol.adapter().encode(&elsewhere, Some(&key), &Prompt::user("hi")).unwrap_err();
    assert_eq!(refused.class, Class::Authentication);
    let nowhere = Endpoint { region: None, ..to };
    let refused = nowhere.protocol.adapter().encode(&nowhere, Some(&key), &Prompt::user("hi")).unwrap_err();
    assert_eq!((refused.class, refused.message.as_str()), (Class::Authentication, "no region to sign for"));
}

#[test]
fn parameters_have_their_places() {
    let all = Sampling {
        temperature: Some(0.5),
        top_p: Some(0.9),
        max_tokens: Some(7),
        stop: vec!["END".into()],
        seed: Some(3),
        effort: None,
    };
    let want = json!({"inferenceConfig": {"maxTokens": 7, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]}});
    check(NOVA, all, want, &["seed"]);
    let both = Sampling { temperature: Some(0.5), top_p: Some(0.9), max_tokens: Some(7), ..Sampling::default() };
    check(CLAUDE, both, json!({"inferenceConfig": {"maxTokens": 7, "temperature": 0.5}}), &["top_p"]);
    check(NOVA, Sampling::default(), json!({}), &[]);
    let top = Sampling { top_p: Some(0.9), ..Sampling::default() };
    check(NOVA, top, json!({"inferenceConfig": {"topP": 0.9}}), &[]);
}

#[test]
fn effort_is_said_in_the_models_way() {
    let budget = json!({
        "inferenceConfig": {"maxTokens": 64_000},
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 8192}},
    });
    check(CLAUDE, Sampling { temperature: Some(0.5), ..effort(Effort::Medium) }, budget, &["temperature"]);
    let adaptive = json!({"additionalModelRequestFields":
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}});
    check("anthropic.claude-opus-4-7", effort(Effort::High), adaptive, &[]);
    let level = json!({"additionalModelRequestFields": {"output_config": {"effort": "low"}}});
    check("anthropic.claude-opus-4-5-20251101-v1:0", effort(Effort::Low), level, &[]);
    let field = |name: &str, value: Value| json!({"additionalModelRequestFields": {name: value}});
    let nova = |level: &str| field("reasoningConfig", json!({"type": "enabled", "maxReasoningEffort": level}));
    check("amazon.nova-2-lite-v1:0", effort(Effort::Low), nova("low"), &[]);
    check("us.amazon.nova-2-lite-v1:0", effort(Effort::Xhigh), json!({}), &["reasoning_effort"]);
    let limited = Sampling { temperature: Some(0.5), max_tokens: Some(9), ..effort(Effort::High) };
    check("us.amazon.nova-2-lite-v1:0", limited, nova("high"), &["temperature", "max_tokens"]);
    check("us.deepseek.r1-v1:0", effort(Effort::High), json!({}), &["reasoning_effort"]);
    check("openai.gpt-oss-120b-1:0", effort(Effort::Low), field("reasoning_effort", json!("low")), &[]);
    check("us.openai.gpt-6-sol", effort(Effort::None), field("reasoning", json!({"effort": "none"})), &[]);
    let calm = field("thinking", json!({"type": "between_tools"}));
    check("us.anthropic.claude-sonnet-5-5", effort(Effort::None), calm, &[]);
    check(NOVA, effort(Effort::Low), json!({}), &["reasoning_effort"]);
    check("unheard-of", effort(Effort::Low), json!({}), &["reasoning_effort"]);
}

#[test]
fn fields_of_the_caller_go_to_the_request_or_to_the_model() {
    let mut to = endpoint("bedrock", NOVA);
    to.params.extra =
        json!({"top_k": 4, "serviceTier": {"type": "flex"}, "stream": false}).as_object().unwrap().clone();
    let mut prompt = Prompt { sampling: Sampling { max_tokens: Some(7), ..Sampling::default() }, ..Prompt::user("hi") };
    let extra = json!({"top_k": 5, "inferenceConfig": {"topP": 0.5}, "serviceTier": null, "additionalModelRequestFields": {"a": 1}});
    prompt.extra = extra.as_object().unwrap().clone();
    let mut got: Value = serde_json::from_slice(&encode(&to, &prompt).request.body).unwrap();
    got.as_object_mut().unwrap().shift_remove("messages");
    let want = json!({
        "inferenceConfig": {"maxTokens": 7, "topP": 0.5},
        "additionalModelRequestFields": {"top_k": 5, "a": 1},
    });
    assert_eq!(got, want);
}

#[test]
fn turns_alternate_and_calls_are_blocks() {
    let call = |id: &str, arguments: &str| Part::ToolCall {
        id: id.into(),
        name: "f".into(),
        arguments: arguments.into(),
        signature: None,
    };
    let png = ImageData::Base64("AA==".into());
    let prompt = Prompt {
        messages: vec![
            Message::text(Role::User, "a"),
            Message::text(Role::User, " "),
            Message::text(Role::User, "b"),
            Message { role: Role::Assistant, parts: vec![call("t", "{\"x\":1}"), call("u", "")] },
            Message {
                role: Role::User,
                parts: vec![
                    Part::Text("so?".into()),
                    Part::ToolResult { id: "t".into(), text: "42".into() },
                    Part::Image { media_type: "image/png".into(), data: png },
                ],
            },
        ],
        ..Prompt::default()
    };
    let got = body(CLAUDE, &prompt);
    assert_eq!(
        got["messages"],
        json!([
            {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
            {"role": "assistant", "content": [
                {"toolUse": {"toolUseId": "t", "name": "f", "input": {"x": 1}}},
                {"toolUse": {"toolUseId": "u", "name": "f", "input": {}}},
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "t", "content": [{"text": "42"}]}},
                {"text": "so?"},
                {"image": {"format": "png", "source": {"bytes": "AA=="}}},
            ]},
        ])
    );
    // A history of calls needs the tools it is about.
    let known = json!({"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]});
    assert_eq!(got["toolConfig"], known);
    let tool = Tool { name: "g".into(), description: "d".into(), parameters: json!({"type": "object"}) };
    let got = body(CLAUDE, &Prompt { tools: vec![tool], ..prompt });
    let offered = json!({"tools": [{"toolSpec": {"name": "g", "inputSchema": {"json": {"type": "object"}}, "description": "d"}}]});
    assert_eq!(got["toolConfig"], offered);
}

#[test]
fn an_image_elsewhere_is_not_taken() {
    let image = Part::Image { media_type: "image/png".into(), data: ImageData::Url("https://x/y.png".into()) };
    let prompt = Prompt { messages: vec![Message { role: Role::User, parts: vec![image] }], ..Prompt::default() };
    let to = endpoint("bedrock", CLAUDE);
    assert_eq!(to.protocol.adapter().encode(&to, None, &prompt).unwrap_err().class, Class::Unsupported);
}

#[test]
fn a_schema_is_a_field_where_the_model_has_one() {
    let closed = json!({"type": "object", "additionalProperties": false});
    let prompt = Prompt { schema: Some(closed.clone()), ..Prompt::user("hi") };
    let format = &body(CLAUDE, &prompt)["outputConfig"]["textFormat"];
    let want =
        json!({"type": "json_schema", "structure": {"jsonSchema": {"name": "answer", "schema": closed.to_string()}}});
    assert_eq!(*format, want);
    // What the maker's grammar refuses is said in words.
    let open = Prompt { schema: Some(json!({"type": "object"})), ..Prompt::user("hi") };
    assert!(body(CLAUDE, &open).get("outputConfig").is_none());
    let got = body("deepseek.r1-v1:0", &prompt);
    assert!(got.get("outputConfig").is_none() && got["system"][0]["text"].as_str().unwrap().contains("JSON Schema"));
}

#[test]
fn a_begun_answer_is_continued_where_the_model_does() {
    let prompt = Prompt { prefill: Some("Once \n".into()), sampling: effort(Effort::High), ..Prompt::user("hi") };
    let got = body(CLAUDE, &prompt);
    assert_eq!(got["messages"][1], json!({"role": "assistant", "content": [{"text": "Once"}]}));
    assert_eq!(got.get("additionalModelRequestFields"), None);
    let to = endpoint("bedrock", NOVA);
    assert_eq!(to.protocol.adapter().encode(&to, None, &prompt).unwrap_err().class, Class::Unsupported);
}

fn error(status: u16, name: Option<&'static str>, body: &str) -> Class {
    let mut headers = HeaderMap::new();
    headers
        .extend(name.map(|name| (http::HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(name))));
    classify(&endpoint("bedrock", NOVA), status, &headers, body.as_bytes()).class
}

#[test]
fn errors_are_told_by_their_name() {
    let timeout = Class::Timeout(TimeoutKind::Upstream);
    for (status, name, class) in [
        (400, "ValidationException:http://internal.amazon.com/coral/", Class::BadRequest),
        (400, "ServiceQuotaExceededException", Class::Quota),
        (403, "AccessDeniedException", Class::Permission),
        (403, "UnrecognizedClientException", Class::Authentication),
        (403, "ExpiredTokenException", Class::Authentication),
        (403, "InvalidSignatureException", Class::Authentication),
        (403, "MissingAuthenticationTokenException", Class::Authentication),
        (404, "ResourceNotFoundException", Class::NotFound),
        (408, "ModelTimeoutException", timeout),
        (424, "ModelErrorException", Class::ServerError),
        (429, "ThrottlingException", Class::RateLimit),
        (429, "ModelNotReadyException", Class::Overloaded),
        (500, "InternalServerException", Class::ServerError),
        (503, "ServiceUnavailableException", Class::Overloaded),
    ] {
        assert_eq!(error(status, Some(name), "{\"message\":\"x\"}"), class, "{name}");
        assert_eq!(error(status, Some(name), ""), class, "{name} without a body");
        let bare = name.split(':').next().unwrap();
        assert_eq!(
            error(status, None, &format!("{{\"__type\":\"com.amazon#{bare}\",\"Message\":\"x\"}}")),
            class,
            "{name}"
        );
    }
}

#[test]
fn errors_of_one_name_are_told_by_their_words() {
    let name = Some("ValidationException");
    assert_eq!(error(400, name, r#"{"message":"Input is too long for requested model."}"#), Class::ContextWindow);
    assert_eq!(error(400, name, r#"{"message":"The provided model identifier is invalid."}"#), Class::NotFound);
    let day = r#"{"message":"Too many tokens per day, please wait before trying again."}"#;
    assert_eq!(error(429, Some("ThrottlingException"), day), Class::Quota);
    assert_eq!(error(429, None, day), Class::Quota);
}

fn decode(messages: &[Vec<u8>]) -> Result<Answer, Failure> {
    decode_all(&endpoint("converse", "m"), &[&messages.concat()])
}

fn event(kind: &str, payload: &str) -> Vec<u8> {
    message(&[(":message-type", "event"), (":event-type", kind)], payload.as_bytes())
}

fn text(text: &str) -> Vec<u8> {
    event("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": text}}).to_string())
}

fn stop(reason: &str) -> Vec<u8> {
    event("messageStop", &json!({"stopReason": reason}).to_string())
}

#[test]
fn every_reason_to_stop_has_a_meaning() {
    for (reason, finish) in [
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("tool_use", Finish::ToolCalls),
        ("guardrail_intervened", Finish::ContentFilter),
        ("content_filtered", Finish::ContentFilter),
        ("whatever", Finish::Other),
    ] {
        assert_eq!(decode(&[text("x"), stop(reason)]).unwrap().finish, Some(finish), "{reason}");
    }
    for reason in ["malformed_model_output", "malformed_tool_use", "cancelled"] {
        let failure = decode(&[text("x"), stop(reason)]).unwrap_err();
        assert_eq!(failure.class, Class::ServerError, "{reason}");
    }
}

#[test]
fn exceptions_inside_a_stream_are_failures() {
    for (kind, payload, class) in [
        ("throttlingException", r#"{"message":"slow"}"#, Class::RateLimit),
        ("throttlingException", r#"{"message":"Too many tokens per day"}"#, Class::Quota),
        ("internalServerException", r#"{"message":"x"}"#, Class::ServerError),
        ("serviceUnavailableException", r#"{"message":"x"}"#, Class::Overloaded),
        ("modelStreamErrorException", "{}", Class::ServerError),
        ("modelTimeoutException", "{}", Class::Timeout(TimeoutKind::Upstream)),
        ("validationException", r#"{"message":"x"}"#, Class::BadRequest),
        ("validationException", r#"{"message":"prompt is too long: 3 > 2"}"#, Class::ContextWindow),
        ("newException", "no JSON", Class::ServerError),
        ("newException", "[1]", Class::ServerError),
    ] {
        let exception = message(&[(":message-type", "exception"), (":exception-type", kind)], payload.as_bytes());
        assert_eq!(decode(&[text("x"), exception]).unwrap_err().class, class, "{kind} {payload}");
    }
    let headers = [(":message-type", "error"), (":error-code", "InternalFailure"), (":error-message", "it broke")];
    let failure = decode(&[message(&headers, b"")]).unwrap_err();
    assert_eq!((failure.class, failure.message.as_str()), (Class::ServerError, "it broke"));
}

#[test]
fn a_reply_without_an_answer_is_a_failure() {
    let whole = |body: &str| decode_all(&endpoint("converse", "m"), &[body.as_bytes()]).unwrap_err().class;
    for (body, class) in [
        ("", Class::Malformed),
        ("<html>", Class::Malformed),
        ("{}", Class::Malformed),
        ("null", Class::Malformed),
        ("hello", Class::Malformed),
        (r#"{"__type":"com.amazon#ThrottlingException","message":"x"}"#, Class::RateLimit),
        (r#"{"message":"x"}"#, Class::ServerError),
        (r#"{"Output":{"__type":"com.amazon#UnknownOperationException"},"Version":"1.0"}"#, Class::ServerError),
        (r#"{"error":"Something failed"}"#, Class::ServerError),
    ] {
        assert_eq!(whole(body), class, "{body}");
    }
    assert_eq!(decode(&[event("messageStart", "{\"role\":\"assistant\"}")]).unwrap_err().class, Class::Truncated);
    assert_eq!(decode(&[event("contentBlockDelta", "no JSON")]).unwrap_err().class, Class::Malformed);
    let mut cut = text("x");
    cut.pop();
    assert_eq!(decode(&[cut]).unwrap_err().class, Class::Truncated);
}

#[test]
fn unknown_events_and_a_call_without_arguments() {
    let start = r#"{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}"#;
    let got = decode(&[
        event("new", "{\"a\":1}"),
        text("x"),
        event("contentBlockStart", start),
        event("contentBlockStop", "{\"contentBlockIndex\":1}"),
        stop("tool_use"),
        event(
            "metadata",
            r#"{"usage":{"inputTokens":1,"outputTokens":2,"cacheReadInputTokens":3,"cacheWriteInputTokens":4}}"#,
        ),
    ]);
    let got = got.unwrap();
    assert_eq!((got.text.as_str(), got.tool_calls[0].arguments.as_str()), ("x", "{}"));
    let usage = got.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.cached, usage.cache_write), (8, 2, 3, 4));
}

/// JSON made of the names that the protocol uses, in wrong places and of wrong types.
fn json_like() -> impl Strategy<Value = Value> {
    let leaf =
        prop::sample::select(vec![json!(null), json!(-1), json!(1.5), json!("x"), json!("end_turn"), json!(u64::MAX)]);
    let name = prop::sample::select(vec![
        "contentBlockIndex",
        "delta",
        "text",
        "toolUse",
        "input",
        "toolUseId",
        "name",
        "start",
        "reasoningContent",
        "reasoningText",
        "stopReason",
        "usage",
        "inputTokens",
        "outputTokens",
        "output",
        "message",
        "content",
        "__type",
    ]);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn odd_frames_never_panic(frames in prop::collection::vec((
        prop::sample::select(vec!["contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]),
        json_like(),
    ), 0..6)) {
        let events: Vec<Vec<u8>> = frames.iter().map(|(kind, payload)| event(kind, &payload.to_string())).collect();
        if let Ok(answer) = decode(&events) {
            prop_assert!(answer.finish.is_some(), "an answer without a finish");
        }
        for (_, body) in &frames {
            let _ = decode_all(&endpoint("converse", "m"), &[body.to_string().as_bytes()]);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(decode_all(&endpoint("converse", "m"), &[&bytes]).is_err());
    }
}

#[test]
fn a_schema_is_put_into_words_where_the_model_has_no_field_for_it() {
    let schema = json!({
        "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false,
    });
    let prompt = Prompt { schema: Some(schema), ..Prompt::user("hi") };
    for model in [NOVA, "us.amazon.nova-2-lite-v1:0", "us.deepseek.r1-v1:0"] {
        let got = body(model, &prompt);
        assert_eq!(got.get("outputConfig"), None, "{model}");
        assert!(got["system"][0]["text"].as_str().unwrap().contains("JSON Schema"), "{model}");
    }
    assert_eq!(body(CLAUDE, &prompt)["outputConfig"]["textFormat"]["type"], "json_schema");
}
