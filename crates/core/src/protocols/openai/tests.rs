//! Requests to chat completions.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::catalog::Prefill;
use crate::model::prompt::ImageData;
use crate::model::{Class, Effort, Message, Part, Prompt, Role, Sampling, Secret, Tool};
use crate::protocols::tests::endpoint;
use crate::protocols::{EncodedRequest, Endpoint};

fn encode(to: &Endpoint, prompt: &Prompt) -> EncodedRequest {
    to.protocol.adapter().encode(to, Some(&Secret::new("sk-secret")), prompt).unwrap()
}

fn body(encoded: &EncodedRequest) -> Value {
    serde_json::from_slice(&encoded.request.body).unwrap()
}

fn sampled(sampling: Sampling) -> Prompt {
    Prompt { sampling, ..Prompt::user("hi") }
}

fn check(to: &Endpoint, prompt: &Prompt, want: Value) {
    let mut got = body(&encode(to, prompt));
    for name in ["model", "messages", "stream", "stream_options"] {
        got.as_object_mut().unwrap().shift_remove(name);
    }
    assert_eq!(got, want);
}

fn refused(to: &Endpoint, prompt: &Prompt) -> String {
    let failure = to.protocol.adapter().encode(to, None, prompt).unwrap_err();
    assert_eq!(failure.class, Class::Unsupported);
    failure.message
}

#[test]
fn a_plain_prompt_is_a_plain_request() {
    let prompt = Prompt { system: Some("be brief".into()), ..Prompt::user("hi") };
    let encoded = encode(&endpoint("openai", "gpt-4o"), &prompt);
    assert_eq!(encoded.request.url.as_str(), "https://api.openai.com/v1/chat/completions");
    assert_eq!(encoded.request.headers["authorization"], "Bearer sk-secret");
    assert!(encoded.request.headers["authorization"].is_sensitive());
    assert_eq!(
        body(&encoded),
        json!({
            "model": "gpt-4o",
            "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
            "stream": true,
            "stream_options": {"include_usage": true},
        })
    );
    assert!(encoded.dropped.is_empty());
}

#[test]
fn no_key_means_no_credential() {
    let to = endpoint("vllm", "llama3.2");
    let encoded = to.protocol.adapter().encode(&to, None, &Prompt::user("hi")).unwrap();
    assert!(!encoded.request.headers.contains_key("authorization"));
    assert_eq!(encoded.request.url.as_str(), "http://localhost:8000/v1/chat/completions");
}

#[test]
fn a_broken_key_fails_without_being_shown() {
    let to = endpoint("openai", "gpt-4o");
    let failure = to.protocol.adapter().encode(&to, Some(&Secret::new("sk-a\n")), &Prompt::user("hi")).unwrap_err();
    assert_eq!((failure.class, failure.message.as_str()), (Class::Authentication, "the key holds a line break"));
}

#[test]
fn headers_of_the_profile_are_sent_last() {
    let mut to = endpoint("openai", "gpt-4o");
    to.headers = vec![(HeaderName::from_static("x-team"), HeaderValue::from_static("a"))];
    assert_eq!(encode(&to, &Prompt::user("hi")).request.headers["x-team"], "a");
}

#[test]
fn addresses_are_those_of_the_rows() {
    for (provider, want) in [
        ("deepseek", "https://api.deepseek.com/chat/completions"),
        ("zai", "https://api.z.ai/api/paas/v4/chat/completions"),
        ("novita", "https://api.novita.ai/openai/chat/completions"),
        ("upstage", "https://api.upstage.ai/v1/solar/chat/completions"),
        ("openrouter", "https://openrouter.ai/api/v1/chat/completions"),
        ("anything", "http://h/v1/chat/completions"),
    ] {
        assert_eq!(encode(&endpoint(provider, "m"), &Prompt::user("hi")).request.url.as_str(), want);
    }
}

#[test]
fn parameters_have_the_names_of_the_provider() {
    let all = Sampling {
        temperature: Some(0.5),
        top_p: Some(0.9),
        max_tokens: Some(7),
        stop: vec!["END".into()],
        seed: Some(3),
        effort: None,
    };
    let plain = json!({"max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "stop": ["END"], "seed": 3});
    check(&endpoint("plain", "m"), &sampled(all.clone()), plain);
    let mistral = json!({"max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "stop": ["END"], "random_seed": 3});
    check(&endpoint("mistral", "m"), &sampled(all.clone()), mistral);
    let openai = json!({"max_completion_tokens": 7, "temperature": 0.5, "top_p": 0.9, "stop": ["END"], "seed": 3});
    check(&endpoint("openai", "gpt-4o"), &sampled(all), openai);
    assert_eq!(body(&encode(&endpoint("mistral", "m"), &Prompt::user("hi"))).get("stream_options"), None);
}

#[test]
fn the_request_goes_over_the_deployment() {
    let mut to = endpoint("plain", "m");
    to.params.sampling = Sampling { temperature: Some(0.1), max_tokens: Some(5), ..Sampling::default() };
    to.params.extra = json!({"top_k": 4, "a": 1, "stream": false}).as_object().unwrap().clone();
    let mut prompt = sampled(Sampling { temperature: Some(0.9), ..Sampling::default() });
    prompt.extra = json!({"a": 2, "max_tokens": null}).as_object().unwrap().clone();
    check(&to, &prompt, json!({"temperature": 0.9, "top_k": 4, "a": 2}));
    assert_eq!(body(&encode(&to, &prompt))["stream"], true);
}

#[test]
fn preferences_that_a_model_does_not_take_are_dropped_by_name() {
    let wishes = |effort| {
        sampled(Sampling { temperature: Some(0.5), top_p: Some(0.5), seed: Some(1), effort, ..Sampling::default() })
    };
    let dropped = |provider: &str, model: &str, effort| encode(&endpoint(provider, model), &wishes(effort)).dropped;
    assert_eq!(dropped("openai", "o3", None), ["temperature", "top_p"]);
    assert_eq!(dropped("openai", "gpt-4o", Some(Effort::High)), ["reasoning_effort"]);
    assert_eq!(dropped("openai", "gpt-5.1", None), [""; 0]);
    assert_eq!(dropped("openai", "gpt-5.1", Some(Effort::High)), ["temperature", "top_p"]);
    assert_eq!(dropped("openai", "gpt-5.1", Some(Effort::None)), [""; 0]);
    assert_eq!(dropped("openai", "gpt-5.1", Some(Effort::Max)), ["reasoning_effort"]);
    assert_eq!(dropped("deepseek", "m", None), ["seed"]);
    assert_eq!(dropped("plain", "m", Some(Effort::High)), [""; 0]);
    let to = endpoint("openai", "o3");
    check(
        &to,
        &sampled(Sampling { effort: Some(Effort::Low), ..Sampling::default() }),
        json!({"reasoning_effort": "low"}),
    );
}

#[test]
fn what_would_change_the_meaning_is_refused() {
    let stop = |count| sampled(Sampling { stop: vec!["x".into(); count], ..Sampling::default() });
    assert_eq!(refused(&endpoint("openai", "gpt-4o"), &stop(5)), "`gpt-4o` takes at most 4 stop texts");
    assert_eq!(refused(&endpoint("openai", "o3"), &stop(1)), "`o3` takes no stop texts");
    let image = Part::Image { media_type: "image/png".into(), data: ImageData::Base64("AA==".into()) };
    let prompt = Prompt { messages: vec![Message { role: Role::User, parts: vec![image] }], ..Prompt::default() };
    assert_eq!(refused(&endpoint("openai", "o3-mini"), &prompt), "`o3-mini` does not take images");
    let prompt = Prompt { prefill: Some("Once".into()), ..Prompt::user("hi") };
    assert!(refused(&endpoint("openai", "gpt-4o"), &prompt).contains("begun"));
}

#[test]
fn a_begun_answer_is_the_last_message() {
    let prompt = Prompt { prefill: Some("Once ".into()), ..Prompt::user("hi") };
    let last = |to: &Endpoint| body(&encode(to, &prompt))["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last(&endpoint("llamacpp", "m")), json!({"role": "assistant", "content": "Once "}));
    let mistral = endpoint("mistral", "mistral-large-latest");
    assert_eq!(last(&mistral), json!({"role": "assistant", "content": "Once ", "prefix": true}));
    let mut lab = endpoint("plain", "m");
    lab.quirks.prefill = Prefill::Always;
    assert_eq!(last(&lab)["role"], "assistant");
}

#[test]
fn an_effort_is_said_in_the_providers_way() {
    let check = |provider: &str, model: &str, effort: Effort, want: Value| {
        let sampling = Sampling { effort: Some(effort), ..Sampling::default() };
        let encoded = encode(&endpoint(provider, model), &Prompt { sampling, ..Prompt::user("hi") });
        let mut body = body(&encoded);
        let fields = ["thinking", "reasoning", "reasoning_effort"];
        let got: serde_json::Map<String, Value> = fields
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), body.as_object_mut().unwrap().remove(name)?)))
            .chain(encoded.dropped.first().map(|name| ("dropped".to_owned(), json!(name))))
            .collect();
        assert_eq!(Value::Object(got), want, "{provider}/{model} {effort:?}");
    };
    let dropped = json!({"dropped": "reasoning_effort"});
    check("openai", "gpt-5.5", Effort::High, json!({"reasoning_effort": "high"}));
    check("openai", "gpt-5.6-sol", Effort::Max, dropped.clone());
    check("openai", "gpt-4o", Effort::High, dropped.clone());
    check("mistral", "mistral-medium-2604", Effort::None, json!({"reasoning_effort": "none"}));
    check("mistral", "mistral-medium-2604", Effort::Low, dropped.clone());
    check("mistral", "unheard-of", Effort::Low, dropped.clone());
    check("mistral", "magistral-medium-2509", Effort::High, dropped.clone());
    check("deepseek", "deepseek-flash", Effort::Max, json!({"reasoning_effort": "max"}));
    check("deepseek", "deepseek-v4-pro", Effort::None, json!({"thinking": {"type": "disabled"}}));
    check("deepseek", "deepseek-flash", Effort::Low, json!({"reasoning_effort": "low"}));
    check("deepseek", "deepseek-v3", Effort::None, dropped.clone());
    check("openrouter", "unheard-of", Effort::Low, json!({"reasoning": {"effort": "low"}}));
    check("zai", "glm-4.7", Effort::None, json!({"thinking": {"type": "disabled"}}));
    check("zai", "glm-5.3", Effort::None, dropped.clone());
    check("zai", "glm-5.3", Effort::Max, json!({"reasoning_effort": "max"}));
    check("zai", "glm-5.2", Effort::High, json!({"reasoning_effort": "high"}));
    check("zai", "glm-4.7", Effort::High, dropped.clone());
    check("mistral", "magistral-medium-latest", Effort::High, json!({"reasoning_effort": "high"}));
    check("moonshot", "kimi-k2.6", Effort::None, json!({"thinking": {"type": "disabled"}}));
    check("moonshot", "kimi-k2.6", Effort::High, dropped.clone());
    check("moonshot", "kimi-k3", Effort::Low, json!({"reasoning_effort": "low"}));
    check("moonshot", "kimi-k3", Effort::None, dropped.clone());
    check("plain", "unheard-of", Effort::Xhigh, json!({"reasoning_effort": "xhigh"}));
}

#[test]
fn a_server_that_refuses_to_tell_usage_has_a_way_out() {
    let reply = |to: &Endpoint, status: u16, text: &str| {
        let body = json!({"error": {"message": text, "type": "invalid_request_error"}}).to_string();
        crate::protocols::tests::classify(to, status, &http::HeaderMap::new(), body.as_bytes())
    };
    let (refusal, mut to) = ("Unrecognized request argument supplied: stream_options", endpoint("plain", "m"));
    for status in [400, 422] {
        let failure = reply(&to, status, refusal);
        assert_eq!(failure.class, Class::Unsupported);
        let want = format!("write `stream_usage = false` for its provider; it says: {refusal}");
        assert_eq!(failure.message, want);
    }
    assert_eq!(reply(&to, 400, "no such thing").class, Class::BadRequest);
    assert_eq!(reply(&to, 500, refusal).class, Class::ServerError);
    to.quirks.stream_options = false;
    assert_eq!(reply(&to, 400, refusal).message, refusal);
    assert!(body(&encode(&to, &Prompt::user("hi"))).get("stream_options").is_none());
}

#[test]
fn a_model_without_a_system_role_is_told_by_the_person() {
    let prompt = Prompt { system: Some("be brief".into()), ..Prompt::user("hi") };
    let first = |provider: &str, model: &str| body(&encode(&endpoint(provider, model), &prompt))["messages"][0].clone();
    assert_eq!(first("openai", "o1-mini"), json!({"role": "user", "content": "be brief"}));
    assert_eq!(first("azure", "o1-preview")["role"], "user");
    assert_eq!(first("openai", "o1")["role"], "system");
}

#[test]
fn tools_that_a_model_takes_elsewhere_are_refused_here() {
    let tool = Tool { name: "f".into(), description: "d".into(), parameters: json!({"type": "object"}) };
    let with = |effort| Prompt {
        tools: vec![tool.clone()],
        sampling: Sampling { effort, ..Sampling::default() },
        ..Prompt::user("hi")
    };
    assert!(refused(&endpoint("openai", "gpt-6-astra"), &with(None)).contains("not at all here"));
    assert!(
        refused(&endpoint("openai", "gpt-6-sol"), &with(None)).contains("only while its reasoning effort is `none`")
    );
    assert_eq!(
        body(&encode(&endpoint("openai", "gpt-6-sol"), &with(Some(Effort::None))))["tools"][0]["type"],
        "function"
    );
    let there = body(&encode(&endpoint("openai-responses", "gpt-6-astra"), &with(Some(Effort::High))));
    assert_eq!((&there["tools"][0]["name"], &there["reasoning"]["effort"]), (&json!("f"), &json!("high")));
}

#[test]
fn images_tools_and_results_have_their_places() {
    let prompt = Prompt {
        messages: vec![
            Message {
                role: Role::User,
                parts: vec![
                    Part::Text("what?".into()),
                    Part::Image { media_type: "image/png".into(), data: ImageData::Base64("AA==".into()) },
                    Part::Image { media_type: "image/png".into(), data: ImageData::Url("https://x/y.png".into()) },
                ],
            },
            Message {
                role: Role::Assistant,
                parts: vec![Part::ToolCall {
                    id: "a".into(),
                    name: "f".into(),
                    arguments: "{\"x\":1}".into(),
                    signature: None,
                }],
            },
            Message {
                role: Role::User,
                parts: vec![Part::ToolResult { id: "a".into(), text: "42".into() }, Part::Text("so?".into())],
            },
        ],
        tools: vec![Tool { name: "f".into(), description: "d".into(), parameters: json!({"type": "object"}) }],
        ..Prompt::default()
    };
    let got = body(&encode(&endpoint("plain", "m"), &prompt));
    assert_eq!(
        got["messages"],
        json!([
            {"role": "user", "content": [
                {"type": "text", "text": "what?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
            ]},
            {"role": "tool", "tool_call_id": "a", "content": "42"},
            {"role": "user", "content": "so?"},
        ])
    );
    let tool =
        json!([{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}]);
    assert_eq!(got["tools"], tool);
}

#[test]
fn a_schema_is_said_in_the_providers_way() {
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let mut closed = open.clone();
    closed["additionalProperties"] = json!(false);
    closed["required"] = json!(["a"]);
    let asked = |provider: &str, schema: &Value| {
        body(&encode(&endpoint(provider, "m"), &Prompt { schema: Some(schema.clone()), ..Prompt::user("hi") }))
    };
    assert_eq!(asked("plain", &closed)["response_format"]["json_schema"]["strict"], true);
    assert_eq!(asked("plain", &open)["response_format"]["json_schema"]["strict"], false);
    // What is no object is put into words where the field takes objects only.
    let list = json!({"type": "array", "items": {"type": "string"}});
    assert!(asked("plain", &list).get("response_format").is_some());
    for provider in ["openai", "azure", "openai-responses"] {
        let got = asked(provider, &list);
        assert!(got.get("response_format").is_none() && got.get("text").is_none(), "{got}");
        assert!(got.to_string().contains("satisfies this JSON Schema"), "{got}");
        assert!(!asked(provider, &closed).to_string().contains("satisfies this JSON Schema"));
    }
    let mode = asked("deepseek", &open);
    assert_eq!(mode["response_format"], json!({"type": "json_object"}));
    assert!(mode["messages"][0]["content"].as_str().unwrap().contains("JSON Schema"));
}

#[test]
fn attachments_are_as_large_as_the_provider_takes() {
    let attached =
        |part| Prompt { messages: vec![Message { role: Role::User, parts: vec![part] }], ..Prompt::default() };
    let image = |bytes: usize| {
        attached(Part::Image { media_type: "image/png".into(), data: ImageData::Base64("A".repeat(bytes / 3 * 4)) })
    };
    let encodes = |to: &Endpoint, prompt: &Prompt| to.protocol.adapter().encode(to, None, prompt).is_ok();
    assert!(encodes(&endpoint("xai", "m"), &image(20 << 20)));
    let want = "`m` takes images of at most 20.9 MB, and this one has 20.9 MB";
    assert_eq!(refused(&endpoint("xai", "m"), &image((20 << 20) + 3)), want);
    let want = "`gpt-4o` takes at most 50 MB of attachments in a request, and these have 53.3 MB";
    assert_eq!(refused(&endpoint("openai", "gpt-4o"), &image(40_000_000)), want);
    let pdf = attached(Part::File {
        name: String::new(),
        media_type: "application/pdf".into(),
        data: ImageData::Base64("AA==".into()),
    });
    assert_eq!(refused(&endpoint("plain", "m"), &pdf), "`m` does not take PDF files");
    assert_eq!(refused(&endpoint("openai", "gpt-3.5-turbo"), &pdf), "`gpt-3.5-turbo` does not take PDF files");
    let file =
        json!({"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,AA=="}});
    assert_eq!(body(&encode(&endpoint("openai", "gpt-4o"), &pdf))["messages"][0]["content"], json!([file]));
}

#[test]
fn the_token_limit_has_the_name_of_the_provider() {
    let limited = sampled(Sampling { max_tokens: Some(9), ..Sampling::default() });
    for provider in ["openai", "groq", "cerebras"] {
        check(&endpoint(provider, "m"), &limited, json!({"max_completion_tokens": 9}));
    }
    for provider in ["deepseek", "together", "vllm", "anything"] {
        check(&endpoint(provider, "m"), &limited, json!({"max_tokens": 9}));
    }
}

#[test]
fn stop_texts_are_as_many_as_the_provider_takes() {
    let stop = |count| sampled(Sampling { stop: vec!["x".into(); count], ..Sampling::default() });
    for (provider, most) in [("openai", 4), ("groq", 4), ("deepseek", 16)] {
        let to = endpoint(provider, "m");
        assert_eq!(body(&encode(&to, &stop(most)))["stop"].as_array().unwrap().len(), most, "{provider}");
        assert_eq!(refused(&to, &stop(most + 1)), format!("`m` takes at most {most} stop texts"));
    }
}

#[test]
fn effort_is_what_the_model_takes() {
    let asked = |provider: &str, model: &str, effort| {
        let encoded =
            encode(&endpoint(provider, model), &sampled(Sampling { effort: Some(effort), ..Sampling::default() }));
        (body(&encoded)["reasoning_effort"].as_str().map(str::to_owned), encoded.dropped)
    };
    let taken = |name: &str| (Some(name.to_owned()), vec![]);
    let left_out = || (None, vec!["reasoning_effort"]);
    assert_eq!(asked("openai", "o3", Effort::High), taken("high"));
    assert_eq!(asked("openai", "o3", Effort::None), left_out());
    assert_eq!(asked("openai", "gpt-5.1", Effort::None), taken("none"));
    assert_eq!(asked("openai", "gpt-4.1", Effort::Low), left_out());
    assert_eq!(asked("anything", "m", Effort::Xhigh), taken("xhigh"));
    assert_eq!(asked("alibaba", "m", Effort::Low), left_out());
}

#[test]
fn a_schema_is_strict_only_with_keywords_that_strict_mode_takes() {
    let strict = |property: Value| {
        let schema = json!({
            "type": "object", "properties": {"a": property}, "required": ["a"], "additionalProperties": false,
        });
        crate::protocols::openai::is_strict(&schema)
    };
    for property in [
        json!({"type": "string", "format": "date"}),
        json!({"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 3}),
        json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
        json!({"$ref": "#/$defs/a"}),
    ] {
        assert!(strict(property.clone()), "{property}");
    }
    for property in [
        json!({"type": "string", "default": "x"}),
        json!({"type": "string", "minLength": 1}),
        json!({"type": "string", "format": "uri"}),
        json!({"type": "array", "items": {}}),
        json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
        json!({"oneOf": [{"type": "string"}]}),
        json!({"not": {"type": "string"}}),
        json!({"allOf": [{"type": "string"}]}),
        json!({"$ref": "#/$defs/a", "description": "x"}),
    ] {
        assert!(!strict(property.clone()), "{property}");
    }
}
