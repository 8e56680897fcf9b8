//! Requests and addresses of the other protocols.

use serde_json::{Value, json};

use super::{decode_all, endpoint};
use crate::catalog::Auth;
use crate::model::prompt::ImageData;
use crate::model::{Class, Effort, Message, Part, Prompt, Role, Sampling, Secret, Tool};
use crate::protocols::{EncodedRequest, Endpoint};

fn encode(to: &Endpoint, prompt: &Prompt) -> EncodedRequest {
    to.protocol.adapter().encode(to, Some(&Secret::new("sk-secret")), prompt).unwrap()
}

fn body(provider: &str, prompt: &Prompt) -> Value {
    serde_json::from_slice(&encode(&endpoint(provider, "m"), prompt).request.body).unwrap()
}

fn check(provider: &str, prompt: &Prompt, want: &Value) {
    assert_eq!(&body(provider, prompt), want, "{provider}");
}

fn refused(provider: &str, prompt: &Prompt) -> String {
    let to = endpoint(provider, "m");
    let failure = to.protocol.adapter().encode(&to, None, prompt).unwrap_err();
    assert_eq!(failure.class, Class::Unsupported);
    failure.message
}

fn plain() -> Prompt {
    Prompt { system: Some("be brief".into()), ..Prompt::user("hi") }
}

fn sampled() -> Prompt {
    let sampling = Sampling {
        temperature: Some(0.5),
        top_p: Some(1.0),
        max_tokens: Some(7),
        stop: vec!["END".into()],
        seed: Some(3),
        effort: Some(Effort::Low),
    };
    Prompt { sampling, ..Prompt::user("hi") }
}

fn image(data: ImageData) -> Part {
    Part::Image { media_type: "image/png".into(), data }
}

/// A conversation with everything in it but an image by URL.
fn conversation() -> Prompt {
    Prompt {
        messages: vec![
            Message {
                role: Role::User,
                parts: vec![Part::Text("what?".into()), image(ImageData::Base64("AA==".into()))],
            },
            Message {
                role: Role::Assistant,
                parts: vec![
                    Part::Text("let me see".into()),
                    Part::ToolCall { id: "a".into(), name: "f".into(), arguments: "{\"x\":1}".into(), signature: None },
                ],
            },
            Message {
                role: Role::User,
                parts: vec![Part::ToolResult { id: "a".into(), text: "42".into() }, Part::Text("so?".into())],
            },
        ],
        tools: vec![Tool { name: "f".into(), description: "d".into(), parameters: json!({"type": "object"}) }],
        ..Prompt::default()
    }
}

fn schema() -> Prompt {
    Prompt { schema: Some(json!({"type": "object"})), ..Prompt::user("hi") }
}

#[test]
fn a_plain_prompt_is_a_plain_request() {
    let user = json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]});
    let responses = json!({"model": "m", "instructions": "be brief", "input": [user], "stream": true, "store": false});
    check("responses", &plain(), &responses);
    let turns = json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]);
    let ollama = json!({"model": "m", "messages": turns, "stream": true, "truncate": false, "shift": false});
    check("ollama", &plain(), &ollama);
    let turns = json!([
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ]);
    check("cohere", &plain(), &json!({"model": "m", "messages": turns, "stream": true}));
    assert_eq!(body("azure", &plain()), {
        let mut same = body("plain", &plain());
        same["model"] = json!("m");
        same
    });
    assert!(body("perplexity", &plain()).get("store").is_none());
}

#[test]
fn parameters_have_the_names_of_the_protocol() {
    let got = body("ollama", &sampled());
    let options = json!({"temperature": 0.5, "top_p": 1.0, "num_predict": 7, "stop": ["END"], "seed": 3});
    assert_eq!((&got["options"], &got["think"]), (&options, &json!(true)));
    let got = body("cohere", &sampled());
    let wanted = json!({"temperature": 0.5, "p": 0.99, "max_tokens": 7, "stop_sequences": ["END"], "seed": 3,
        "thinking": {"type": "enabled", "token_budget": 2048}});
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&got[name], value, "{name}");
    }
    let mut prompt = sampled();
    prompt.sampling.stop.clear();
    let encoded = encode(&endpoint("responses", "m"), &prompt);
    assert_eq!(encoded.dropped, ["seed"]);
    let got: Value = serde_json::from_slice(&encoded.request.body).unwrap();
    // A limit below the least that the API takes is raised to it.
    assert_eq!((&got["max_output_tokens"], &got["reasoning"]), (&json!(16), &json!({"effort": "low"})));
    assert_eq!(got.get("seed"), None);
    assert_eq!(body("azure", &sampled())["max_completion_tokens"], 7);
    let mistral = encode(&endpoint("azure", "Mistral-Large-3"), &sampled());
    assert_eq!(serde_json::from_slice::<Value>(&mistral.request.body).unwrap()["max_tokens"], 7);
}

#[test]
fn effort_is_said_in_the_protocols_way() {
    let with =
        |effort| Prompt { sampling: Sampling { effort: Some(effort), ..Sampling::default() }, ..Prompt::user("hi") };
    for (effort, think, thinking) in [
        (Effort::None, json!(false), json!({"type": "disabled"})),
        (Effort::Minimal, json!("low"), json!({"type": "enabled", "token_budget": 1024})),
        (Effort::Medium, json!("medium"), json!({"type": "enabled", "token_budget": 8192})),
        (Effort::Xhigh, json!("high"), json!({"type": "enabled"})),
        (Effort::Max, json!("high"), json!({"type": "enabled"})),
    ] {
        let levels = encode(&endpoint("ollama", "gpt-oss:20b"), &with(effort));
        assert_eq!(serde_json::from_slice::<Value>(&levels.request.body).unwrap()["think"], think);
        assert_eq!(body("ollama", &with(effort))["think"], json!(effort != Effort::None));
        assert_eq!(body("cohere", &with(effort))["thinking"], thinking);
        assert_eq!(body("responses", &with(effort))["reasoning"]["effort"], effort.as_str());
    }
}

#[test]
fn what_would_change_the_meaning_is_refused() {
    assert_eq!(refused("responses", &sampled()), "`m` takes no stop texts");
    let by_url = Prompt {
        messages: vec![Message { role: Role::User, parts: vec![image(ImageData::Url("https://x/y.png".into()))] }],
        ..Prompt::default()
    };
    assert!(refused("ollama", &by_url).contains("as files"));
    for provider in ["responses", "azure", "ollama", "cohere"] {
        let begun = Prompt { prefill: Some("Once".into()), ..Prompt::user("hi") };
        assert!(refused(provider, &begun).contains("begun"), "{provider}");
    }
}

#[test]
fn images_tools_and_results_have_their_places() {
    let got = body("responses", &conversation());
    let want = json!([
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "what?"},
            {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
        ]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "let me see"}]},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{\"x\":1}"},
        {"type": "function_call_output", "call_id": "a", "output": "42"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "so?"}]},
    ]);
    assert_eq!(got["input"], want);
    let tool = json!([{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"},
        "strict": false}]);
    assert_eq!(got["tools"], tool);

    let nested =
        json!([{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}]);
    let got = body("ollama", &conversation());
    let want = json!([
        {"role": "user", "content": "what?", "images": ["AA=="]},
        {"role": "assistant", "content": "let me see",
            "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]},
        {"role": "tool", "tool_name": "f", "tool_call_id": "a", "content": "42"},
        {"role": "user", "content": "so?"},
    ]);
    assert_eq!((&got["messages"], &got["tools"]), (&want, &nested));

    let got = body("cohere", &conversation());
    let want = json!([
        {"role": "user", "content": [
            {"type": "text", "text": "what?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        ]},
        {"role": "assistant", "tool_plan": "let me see", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
        ]},
        {"role": "tool", "tool_call_id": "a", "content": "42"},
        {"role": "user", "content": [{"type": "text", "text": "so?"}]},
    ]);
    assert_eq!((&got["messages"], &got["tools"]), (&want, &nested));
}

#[test]
fn ids_of_calls_fit_where_they_must() {
    let got = body("mistral", &conversation());
    let (called, answered) = (&got["messages"][1]["tool_calls"][0]["id"], &got["messages"][2]["tool_call_id"]);
    let id = called.as_str().unwrap();
    assert!(id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    assert_eq!(called, answered);
    let own = Prompt {
        messages: vec![Message {
            role: Role::Assistant,
            parts: vec![Part::ToolCall {
                id: "aB3dE6gH9".into(),
                name: "f".into(),
                arguments: "{}".into(),
                signature: None,
            }],
        }],
        ..Prompt::default()
    };
    assert_eq!(body("mistral", &own)["messages"][0]["tool_calls"][0]["id"], "aB3dE6gH9");
}

#[test]
fn a_schema_is_said_in_the_protocols_way() {
    let format =
        json!({"format": {"type": "json_schema", "name": "answer", "strict": false, "schema": {"type": "object"}}});
    assert_eq!(body("responses", &schema())["text"], format);
    let asked = body("perplexity", &schema());
    assert!(asked.get("text").is_none() && asked["instructions"].as_str().unwrap().contains("JSON Schema"));
    assert_eq!(body("ollama", &schema())["format"], json!({"type": "object"}));
    let format = json!({"type": "json_object", "json_schema": {"type": "object"}});
    assert_eq!(body("cohere", &schema())["response_format"], format);
    // Beside tools the field is refused.
    let both = Prompt { tools: conversation().tools, ..schema() };
    let got = body("cohere", &both);
    assert!(got.get("response_format").is_none());
    assert!(got["messages"][0]["content"].as_str().unwrap().contains("JSON Schema"));
}

#[test]
fn fields_of_the_caller_go_over_ours() {
    let mut prompt = sampled();
    let extra = json!({"options": {"num_ctx": 8192, "seed": null}, "keep_alive": "5m", "stream": false});
    prompt.extra = extra.as_object().unwrap().clone();
    let got = body("ollama", &prompt);
    let options = json!({"temperature": 0.5, "top_p": 1.0, "num_predict": 7, "stop": ["END"], "num_ctx": 8192});
    assert_eq!(got["options"], options);
    assert_eq!((&got["keep_alive"], &got["stream"]), (&json!("5m"), &json!(true)));
    let mut prompt = plain();
    prompt.extra = json!({"store": true}).as_object().unwrap().clone();
    assert_eq!(body("responses", &prompt)["store"], true);
}

#[test]
fn a_long_prompt_gets_a_window_that_holds_it() {
    let window = |provider: &str, model: &str, chars: usize| {
        let encoded = encode(&endpoint(provider, model), &Prompt::user("x".repeat(chars)));
        let body: Value = serde_json::from_slice(&encoded.request.body).unwrap();
        body.pointer("/options/num_ctx").and_then(Value::as_u64)
    };
    assert_eq!(window("ollama", "m", 4000), None);
    assert_eq!(window("ollama", "m", 40_000), Some(16_384));
    assert_eq!(window("ollama", "m", 400_000), Some(262_144));
}

fn at(provider: &str, base: &str, query: &[(&str, &str)]) -> String {
    let mut to = endpoint(provider, "gpt 4o");
    to.base_url = base.parse().unwrap();
    to.query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    encode(&to, &Prompt::user("hi")).request.url.into()
}

#[test]
fn addresses_are_those_of_the_protocol() {
    for (provider, want) in [
        ("responses", "http://h/v1/responses"),
        ("perplexity", "https://api.perplexity.ai/v1/responses"),
        ("azure", "https://me.openai.azure.com/openai/v1/chat/completions"),
        ("azure-responses", "https://me.openai.azure.com/openai/v1/responses"),
        ("ollama", "http://localhost:11434/api/chat"),
        ("ollama-cloud", "https://ollama.com/api/chat"),
        ("cohere", "https://api.cohere.com/v2/chat"),
        ("groq", "https://api.groq.com/openai/v1/chat/completions"),
    ] {
        assert_eq!(encode(&endpoint(provider, "m"), &Prompt::user("hi")).request.url.as_str(), want);
    }
    for base in ["http://h", "http://h/", "http://h/v1", "http://h/v1/", "http://h/api", "http://h/api/chat"] {
        assert_eq!(at("ollama", base, &[]), "http://h/api/chat", "{base}");
    }
    assert_eq!(at("ollama", "http://h/proxy/v1", &[]), "http://h/proxy/api/chat");
    assert_eq!(at("cohere", "https://api.cohere.com", &[]), "https://api.cohere.com/v2/chat");
    assert_eq!(at("groq", "https://api.groq.com", &[]), "https://api.groq.com/openai/v1/chat/completions");
}

#[test]
fn a_dated_version_has_the_deployment_in_its_address() {
    let dated = [("api-version", "2024-10-21")];
    let want = "https://h/openai/deployments/gpt%204o/chat/completions?api-version=2024-10-21";
    for base in ["https://h", "https://h/", "https://h/openai", "https://h/openai/deployments/gpt%204o"] {
        assert_eq!(at("azure", base, &dated), want, "{base}");
    }
    let preview = [("api-version", "preview")];
    assert_eq!(at("azure", "https://h", &preview), "https://h/openai/v1/chat/completions?api-version=preview");
    // The base says that it is version 1; the date is for something else.
    assert_eq!(at("azure", "https://h/openai/v1", &dated), "https://h/openai/v1/chat/completions");
    assert_eq!(at("azure", "https://h", &[("a", "b c")]), "https://h/openai/v1/chat/completions?a=b+c");
}

#[test]
fn a_key_and_a_token_have_headers_of_their_own() {
    let headers = |key: &str| {
        let to = endpoint("azure", "m");
        let encoded = to.protocol.adapter().encode(&to, Some(&Secret::new(key)), &Prompt::user("hi")).unwrap();
        let text = |name: &str| encoded.request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        (text("api-key"), text("authorization"))
    };
    assert_eq!(endpoint("azure-responses", "m").quirks.auth, Auth::ApiKeyOrToken);
    assert_eq!(headers("0123abcd"), (Some("0123abcd".into()), None));
    assert_eq!(headers("eyJ0eXAiOiJKV1Qi.e30.c2ln"), (None, Some("Bearer eyJ0eXAiOiJKV1Qi.e30.c2ln".into())));
}

#[test]
fn a_round_of_sealed_reasoning_goes_back_as_it_came() {
    let bytes = include_bytes!("../../../../../tests/fixtures/openai-responses/stream-reasoning-encrypted.sse");
    let answer = decode_all(&endpoint("responses", "m"), &[bytes]).unwrap();
    let lines = std::str::from_utf8(bytes).unwrap().lines().filter_map(|line| line.strip_prefix("data: "));
    let events = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let items = events.filter(|event| event["type"] == "response.output_item.done").map(|event| event["item"].clone());
    let seal = items.map(|item| item["encrypted_content"].clone()).find(Value::is_string).unwrap();
    assert_eq!(answer.reasoning_blocks.len(), 1);
    let mut prompt = Prompt::user("hi");
    let call = answer.tool_calls[0].clone();
    let result = Part::ToolResult { id: call.id.clone(), text: "19".into() };
    prompt.messages.extend([answer.turn(), Message { role: Role::User, parts: vec![result] }]);
    let want = json!([
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "reasoning", "summary": [], "encrypted_content": seal},
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments},
        {"type": "function_call_output", "call_id": call.id, "output": "19"},
    ]);
    assert_eq!(body("responses", &prompt)["input"], want);
    // No other provider can read it, and alone it is refused.
    let kinds = |prompt: &Prompt, provider: &str| {
        let items = body(provider, prompt)["input"].as_array().unwrap().clone();
        items.iter().map(|item| item["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&prompt, "azure-responses"), ["message", "function_call", "function_call_output"]);
    prompt.messages[1].parts.truncate(1);
    prompt.messages.pop();
    assert_eq!(kinds(&prompt, "responses"), ["message"]);
}

#[test]
fn sealed_reasoning_is_asked_for_where_it_can_be_had() {
    let tools = conversation().tools;
    let asked = |provider: &str, model: &str, tools: &[Tool]| {
        let prompt = Prompt { tools: tools.to_vec(), ..Prompt::user("hi") };
        let encoded = encode(&endpoint(provider, model), &prompt);
        serde_json::from_slice::<Value>(&encoded.request.body).unwrap()["include"].clone()
    };
    assert_eq!(asked("openai-responses", "gpt-5.1", &tools), json!(["reasoning.encrypted_content"]));
    assert_eq!(asked("openai-responses", "gpt-5.1", &[]), Value::Null);
    // Without reasoning, or where it is not known of, it is refused or may be.
    for (provider, model) in [("openai-responses", "gpt-4.1"), ("openai-responses", "unheard-of"), ("perplexity", "m")]
    {
        assert_eq!(asked(provider, model, &tools), Value::Null, "{provider}/{model}");
    }
}

#[test]
fn a_model_without_reasoning_is_not_told_to_think() {
    let think = |model: &str, effort| {
        let sampling = Sampling { effort: Some(effort), ..Sampling::default() };
        let encoded = encode(&endpoint("ollama", model), &Prompt { sampling, ..Prompt::user("hi") });
        let body: Value = serde_json::from_slice(&encoded.request.body).unwrap();
        (body.get("think").cloned(), encoded.dropped)
    };
    for model in ["llama3.2", "llama3.3:70b", "gemma3:27b", "mistral", "qwen2.5-coder:7b", "phi4", "me/llava:13b"] {
        assert_eq!(think(model, Effort::High), (None, vec!["reasoning_effort"]), "{model}");
        assert_eq!(think(model, Effort::None), (Some(json!(false)), vec![]), "{model}");
    }
    for model in ["qwen3:8b", "deepseek-r1", "phi4-reasoning", "magistral", "unheard-of"] {
        assert_eq!(think(model, Effort::High), (Some(json!(true)), vec![]), "{model}");
    }
}
