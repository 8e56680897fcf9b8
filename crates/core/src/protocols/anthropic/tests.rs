//! Requests to the Messages API.

use serde_json::{Value, json};

use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::prompt::ImageData;
use crate::model::{Answer, Class, Effort, Message, Part, Prompt, Role, Sampling, Secret, Tool};
use crate::protocols::tests::fixtures::read;
use crate::protocols::tests::{decode_all, endpoint};
use crate::protocols::{EncodedRequest, Endpoint};

fn encode(to: &Endpoint, prompt: &Prompt) -> EncodedRequest {
    to.protocol.adapter().encode(to, Some(&Secret::new("sk-secret")), prompt).unwrap()
}

fn body(model: &str, prompt: &Prompt) -> Value {
    serde_json::from_slice(&encode(&endpoint("anthropic", model), prompt).request.body).unwrap()
}

fn check(model: &str, sampling: Sampling, want: Value, dropped: &[&str]) {
    let prompt = Prompt { sampling, ..Prompt::user("hi") };
    let mut got = body(model, &prompt);
    for name in ["model", "messages", "stream"] {
        got.as_object_mut().unwrap().shift_remove(name);
    }
    assert_eq!(got, want, "{model}");
    assert_eq!(encode(&endpoint("anthropic", model), &prompt).dropped, dropped, "{model}");
}

fn effort(effort: Effort) -> Sampling {
    Sampling { effort: Some(effort), ..Sampling::default() }
}

/// The prompt after `answer`, which called a tool or is taken to have.
fn next_round(answer: &Answer) -> Prompt {
    let mut turn = answer.turn();
    if answer.tool_calls.is_empty() {
        turn.parts.push(Part::ToolCall { id: "t".into(), name: "f".into(), arguments: "{}".into(), signature: None });
    }
    let result = Part::ToolResult { id: "t".into(), text: "42".into() };
    let mut prompt = Prompt { sampling: effort(Effort::Low), ..Prompt::user("hi") };
    prompt.messages.extend([turn, Message { role: Role::User, parts: vec![result] }]);
    prompt
}

#[test]
fn thoughts_go_back_as_they_came() {
    let check = |file: &str, want: Value| {
        let path = format!("{}/../../tests/fixtures/anthropic/{file}", env!("CARGO_MANIFEST_DIR"));
        let answer = decode_all(&endpoint("anthropic", "m"), &[&read(path)]).unwrap();
        let got = body("claude-sonnet-4-5", &next_round(&answer));
        assert_eq!(got["messages"][1]["content"][0], want, "{file}");
        assert_eq!(got["thinking"]["type"], "enabled", "{file}");
    };
    let opaque = "b3BhcXVlLWJsb2ItcmVkYWN0ZWQ=";
    let adaptive = "Brief answer with two pet pelican names.";
    check("stream-thinking-adaptive.sse", json!({"type": "thinking", "thinking": adaptive, "signature": opaque}));
    check("nonstream-redacted-thinking.json", json!({"type": "redacted_thinking", "data": opaque}));
}

#[test]
fn a_round_that_was_begun_elsewhere_goes_on_without_thinking() {
    let signature = ReasoningSignature::Signature("s".into());
    let block = ReasoningBlock { by: "minimax".into(), text: "so".into(), signature };
    let prompt = next_round(&Answer { reasoning_blocks: vec![block], ..Answer::default() });
    let encoded = encode(&endpoint("anthropic", "claude-sonnet-4-5"), &prompt);
    let got: Value = serde_json::from_slice(&encoded.request.body).unwrap();
    assert_eq!(got["messages"][1]["content"][0]["type"], "tool_use");
    assert_eq!((got.get("thinking"), encoded.dropped.as_slice()), (None, &["reasoning_effort"][..]));
    // Others think on as they like.
    assert_eq!(body("claude-opus-4-6", &prompt)["thinking"]["type"], "adaptive");
}

#[test]
fn a_plain_prompt_is_a_plain_request() {
    let prompt = Prompt { system: Some("be brief".into()), ..Prompt::user("hi") };
    let encoded = encode(&endpoint("anthropic", "claude-sonnet-4-5"), &prompt);
    assert_eq!(encoded.request.url.as_str(), "https://api.anthropic.com/v1/messages");
    let headers = &encoded.request.headers;
    assert_eq!(
        (&headers["x-api-key"], &headers["anthropic-version"]),
        (&"sk-secret".parse().unwrap(), &"2023-06-01".parse().unwrap())
    );
    assert!(headers["x-api-key"].is_sensitive() && !headers.contains_key("authorization"));
    assert_eq!(
        body("claude-sonnet-4-5", &prompt),
        json!({
            "model": "claude-sonnet-4-5",
            "max_tokens": 64_000,
            "system": "be brief",
            "messages": [{"role": "user", "content": "hi"}],
            "stream": true,
        })
    );
}

#[test]
fn addresses_may_have_the_version_already() {
    let mut to = endpoint("anthropic", "m");
    for base in ["http://h", "http://h/v1", "http://h/v1/", "http://h/v1/messages"] {
        to.base_url = base.parse().unwrap();
        assert_eq!(encode(&to, &Prompt::user("hi")).request.url.as_str(), "http://h/v1/messages");
    }
    let minimax = encode(&endpoint("minimax", "m"), &Prompt::user("hi"));
    assert_eq!(minimax.request.url.as_str(), "https://api.minimax.io/anthropic/v1/messages");
}

#[test]
fn a_token_limit_is_always_sent() {
    check("unheard-of", Sampling::default(), json!({"max_tokens": 4096}), &[]);
    check("claude-3-haiku-20240307", Sampling::default(), json!({"max_tokens": 4096}), &[]);
    check("claude-opus-5", Sampling { max_tokens: Some(5), ..Sampling::default() }, json!({"max_tokens": 5}), &[]);
}

#[test]
fn sampling_is_what_the_model_takes() {
    let both = || Sampling { temperature: Some(0.5), top_p: Some(0.9), seed: Some(1), ..Sampling::default() };
    check("claude-sonnet-4-5", both(), json!({"max_tokens": 64_000, "temperature": 0.5}), &["top_p", "seed"]);
    check("claude-opus-4-7", both(), json!({"max_tokens": 128_000}), &["temperature", "top_p", "seed"]);
    let stop = Sampling { stop: vec!["END".into()], ..Sampling::default() };
    check("claude-opus-5", stop, json!({"max_tokens": 128_000, "stop_sequences": ["END"]}), &[]);
}

#[test]
fn effort_is_said_in_the_models_way() {
    let adaptive =
        json!({"max_tokens": 128_000, "thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}});
    check("claude-opus-4-6", effort(Effort::High), adaptive, &[]);
    check(
        "claude-opus-4-6",
        effort(Effort::None),
        json!({"max_tokens": 128_000, "thinking": {"type": "disabled"}}),
        &[],
    );
    check("claude-opus-4-6", effort(Effort::Xhigh), json!({"max_tokens": 128_000}), &["reasoning_effort"]);
    check(
        "claude-opus-4-5",
        effort(Effort::Low),
        json!({"max_tokens": 64_000, "output_config": {"effort": "low"}}),
        &[],
    );
    let budget = json!({"max_tokens": 64_000, "thinking": {"type": "enabled", "budget_tokens": 8192}});
    check("claude-sonnet-4-5", effort(Effort::Medium), budget, &[]);
    check("claude-sonnet-4-5", effort(Effort::None), json!({"max_tokens": 64_000}), &[]);
    check("unheard-of", effort(Effort::High), json!({"max_tokens": 4096}), &["reasoning_effort"]);
}

#[test]
fn a_budget_fits_the_limit_and_stands_alone() {
    let tight = Sampling { max_tokens: Some(2000), temperature: Some(0.2), ..effort(Effort::Max) };
    let want = json!({"max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1600}});
    check("claude-sonnet-4-5", tight, want, &["temperature"]);
    let none = Sampling { max_tokens: Some(1000), ..effort(Effort::Max) };
    check("claude-sonnet-4-5", none, json!({"max_tokens": 1000}), &["reasoning_effort"]);
}

#[test]
fn a_begun_answer_is_taken_where_the_model_continues_it() {
    let prompt = Prompt { prefill: Some("Once upon \n".into()), sampling: effort(Effort::High), ..Prompt::user("hi") };
    let got = body("claude-sonnet-4-5", &prompt);
    assert_eq!(got["messages"][1], json!({"role": "assistant", "content": "Once upon"}));
    assert_eq!(got.get("thinking"), None);
    for model in ["claude-opus-4-6", "unheard-of"] {
        let to = endpoint("anthropic", model);
        assert_eq!(to.protocol.adapter().encode(&to, None, &prompt).unwrap_err().class, Class::Unsupported);
    }
}

#[test]
fn turns_alternate_and_hold_no_empty_text() {
    let prompt = Prompt {
        messages: vec![
            Message::text(Role::User, "a"),
            Message::text(Role::User, " "),
            Message::text(Role::User, "b"),
            Message {
                role: Role::Assistant,
                parts: vec![
                    Part::Text(String::new()),
                    Part::ToolCall { id: "t".into(), name: "f".into(), arguments: "{\"x\":1}".into(), signature: None },
                    Part::ToolCall { id: "u".into(), name: "f".into(), arguments: String::new(), signature: None },
                ],
            },
            Message {
                role: Role::User,
                parts: vec![
                    Part::Text("so?".into()),
                    Part::ToolResult { id: "t".into(), text: "42".into() },
                    Part::Image { media_type: "image/png".into(), data: ImageData::Base64("AA==".into()) },
                    Part::Image { media_type: "image/png".into(), data: ImageData::Url("https://x/y.png".into()) },
                ],
            },
        ],
        tools: vec![Tool { name: "f".into(), description: "d".into(), parameters: json!({"type": "object"}) }],
        ..Prompt::default()
    };
    let got = body("claude-sonnet-4-5", &prompt);
    assert_eq!(
        got["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}},
                {"type": "tool_use", "id": "u", "name": "f", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": "42"},
                {"type": "text", "text": "so?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
                {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            ]},
        ])
    );
    assert_eq!(got["tools"], json!([{"name": "f", "description": "d", "input_schema": {"type": "object"}}]));
}

#[test]
fn a_schema_is_a_field_where_the_model_has_one() {
    let closed = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false});
    let prompt = Prompt { schema: Some(closed.clone()), ..Prompt::user("hi") };
    let got = body("claude-sonnet-4-5", &prompt);
    assert_eq!(got["output_config"], json!({"format": {"type": "json_schema", "schema": closed}}));
    // What the API would refuse is said in words.
    let mut bounded = closed.clone();
    bounded["properties"]["a"]["minimum"] = json!(0);
    let mut long = closed.clone();
    long["properties"]["a"] = json!({"type": "array", "items": {"type": "string"}, "minItems": 2});
    let mut tree = closed.clone();
    tree["properties"]["a"] = json!({"type": "array", "items": {"$ref": "#"}});
    let mut list = closed.clone();
    list["properties"]["a"] = json!({"$ref": "#/$defs/n"});
    let next = json!({"anyOf": [{"type": "null"}, {"$ref": "#/$defs/n"}]});
    list["$defs"] = json!({"n": {"type": "object", "properties": {"next": next}, "additionalProperties": false}});
    for schema in [json!({"type": "object"}), bounded, long, tree, list] {
        let got = body("claude-sonnet-4-5", &Prompt { schema: Some(schema), ..Prompt::user("hi") });
        assert!(got.get("output_config").is_none() && got["system"].as_str().unwrap().contains("JSON Schema"));
    }
    let mut shared = closed;
    shared["properties"]["a"] = json!({"$ref": "#/$defs/s"});
    shared["properties"]["b"] = json!({"type": "array", "items": {"$ref": "#/$defs/s"}, "minItems": 1});
    shared["$defs"] = json!({"s": {"type": "string"}});
    let got = body("claude-sonnet-4-5", &Prompt { schema: Some(shared), ..Prompt::user("hi") });
    assert!(got.get("output_config").is_some(), "{got}");
    let got = body("claude-3-haiku-20240307", &prompt);
    assert!(got.get("output_config").is_none() && got["system"].as_str().unwrap().contains("JSON Schema"));
}

#[test]
fn efforts_become_budgets_where_the_model_thinks_by_budget() {
    for (level, tokens) in [
        (Effort::Minimal, 1024),
        (Effort::Low, 2048),
        (Effort::Medium, 8192),
        (Effort::High, 16_384),
        (Effort::Xhigh, 24_576),
        (Effort::Max, 32_768),
    ] {
        let want = json!({"max_tokens": 64_000, "thinking": {"type": "enabled", "budget_tokens": tokens}});
        check("claude-haiku-4-5", effort(level), want, &[]);
    }
}

#[test]
fn a_model_that_always_thinks_is_not_told_to_stop() {
    for model in ["claude-fable-5", "claude-opus-5-5"] {
        check(model, effort(Effort::None), json!({"max_tokens": 128_000}), &["reasoning_effort"]);
        let both = Sampling { temperature: Some(0.1), ..effort(Effort::Max) };
        let want = json!({"max_tokens": 128_000, "thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}});
        check(model, both, want, &["temperature"]);
    }
    let off = json!({"max_tokens": 128_000, "thinking": {"type": "disabled"}});
    check("claude-opus-5", effort(Effort::None), off, &[]);
    check("claude-opus-5", effort(Effort::Minimal), json!({"max_tokens": 128_000}), &["reasoning_effort"]);
}

#[test]
fn thinking_is_switched_off_in_the_models_way() {
    let off = |model: &str| body(model, &Prompt { sampling: effort(Effort::None), ..Prompt::user("hi") });
    assert_eq!(off("claude-haiku-5-5")["thinking"], json!({"type": "disabled"}));
    assert_eq!(off("claude-sonnet-5-5")["thinking"], json!({"type": "between_tools"}));
    for model in ["claude-opus-5-5", "claude-fable-5-2"] {
        assert_eq!(off(model).get("thinking"), None, "{model}");
    }
}

#[test]
fn a_schema_with_a_keyword_that_the_grammar_lacks_is_put_into_words() {
    let has_field = |property: Value| {
        let schema = json!({
            "type": "object", "properties": {"not": property}, "required": ["not"], "additionalProperties": false,
        });
        let prompt = Prompt { schema: Some(schema), ..Prompt::user("hi") };
        body("claude-sonnet-5-5", &prompt)["output_config"].get("format").is_some()
    };
    for property in [
        json!({"type": "string", "format": "email", "default": "a"}),
        json!({"type": "string", "pattern": "^[a-z]+$"}),
        json!({"enum": ["a", 1, null]}),
        json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
        json!({"type": "array", "items": {"type": "integer"}, "minItems": 1}),
    ] {
        assert!(has_field(property.clone()), "{property}");
    }
    for property in [
        json!({"type": "string", "format": "phone"}),
        json!({"type": "string", "minLength": 1}),
        json!({"type": "string", "pattern": "(?=a)b"}),
        json!({"type": "string", "pattern": "(a)\\1"}),
        json!({"type": "array", "items": {}, "uniqueItems": true}),
        json!({"type": "array", "items": {"type": "string"}, "contains": {"const": 1}}),
        json!({"type": "array", "prefixItems": [{"type": "string"}]}),
        json!({"oneOf": [{"type": "string"}]}),
        json!({"not": {"type": "string"}}),
        json!({"type": "object", "additionalProperties": false, "patternProperties": {"^a": {"type": "string"}}}),
        json!({"type": "object", "additionalProperties": false, "minProperties": 1}),
        json!({"if": {"type": "string"}, "then": {"const": "a"}}),
    ] {
        assert!(!has_field(property.clone()), "{property}");
    }
}
