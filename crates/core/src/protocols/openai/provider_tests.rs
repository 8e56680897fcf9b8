//! Parameters that single providers refuse, on the encoded request.

use serde_json::{Value, json};

use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::{Event, Message, Part, Prompt, Role, Sampling, Tool};
use crate::protocols::tests::{decode_all, endpoint};
use crate::protocols::{Endpoint, ReplyReader};

fn encode(to: &Endpoint, prompt: &Prompt) -> (Value, Vec<&'static str>) {
    let encoded = to.encode(None, prompt).unwrap();
    (serde_json::from_slice(&encoded.request.body).unwrap(), encoded.dropped)
}

fn with_schema() -> Prompt {
    let schema = json!({
        "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false,
    });
    Prompt { schema: Some(schema), ..Prompt::user("hi") }
}

fn tool() -> Tool {
    Tool { name: "t".into(), description: "d".into(), parameters: json!({"type": "object"}) }
}

#[test]
fn groq_does_not_stream_an_answer_under_a_schema() {
    let (body, _) = encode(&endpoint("groq", "openai/gpt-oss-120b"), &with_schema());
    assert_eq!((&body["stream"], &body["response_format"]["json_schema"]["strict"]), (&json!(false), &json!(true)));
    assert_eq!(body.get("stream_options"), None);
    let (body, _) = encode(&endpoint("groq", "qwen/qwen3.8-27b"), &with_schema());
    assert_eq!(body["response_format"]["json_schema"]["strict"], false);
    let (body, _) = encode(&endpoint("groq", "unheard-of"), &with_schema());
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
    assert!(body["messages"][0]["content"].as_str().unwrap().contains("JSON Schema"));
    let (body, _) = encode(&endpoint("groq", "openai/gpt-oss-120b"), &Prompt { tools: vec![tool()], ..with_schema() });
    assert_eq!((body.get("response_format"), &body["stream"]), (None, &json!(true)));
    let (body, _) = encode(&endpoint("groq", "openai/gpt-oss-120b"), &Prompt::user("hi"));
    assert_eq!(body["stream"], true);
}

#[test]
fn kimi_draws_at_its_own_temperature() {
    let sampling = Sampling { temperature: Some(0.5), top_p: Some(0.5), ..Sampling::default() };
    let prompt = Prompt { sampling, ..Prompt::user("hi") };
    for model in ["kimi-k2.5", "kimi-k2.6", "kimi-k3", "kimi-k3.1-pro"] {
        let (body, dropped) = encode(&endpoint("moonshot", model), &prompt);
        assert_eq!((body.get("temperature"), dropped), (None, vec!["temperature", "top_p"]), "{model}");
    }
    assert_eq!(encode(&endpoint("openrouter", "moonshotai/kimi-k2.6"), &prompt).0["temperature"], 0.5);
}

#[test]
fn reasoning_goes_back_with_the_tool_calls_that_it_led_to() {
    let body = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"let me \"}}]}\n\n\
                data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"look\"}}]}\n\n\
                data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":\
                {\"name\":\"t\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
    for (provider, model) in [("deepseek", "deepseek-v4-pro"), ("moonshot", "kimi-k3")] {
        let to = endpoint(provider, model);
        let answer = decode_all(&to, &[body.as_bytes()]).unwrap();
        let signature = ReasoningSignature::None;
        let block = ReasoningBlock { by: provider.into(), text: "let me look".into(), signature };
        assert_eq!(answer.reasoning_blocks, [block]);
        let turn = Message {
            role: Role::Assistant,
            parts: answer
                .reasoning_blocks
                .into_iter()
                .map(Part::ReasoningBlock)
                .chain([Part::ToolCall { id: "c1".into(), name: "t".into(), arguments: "{}".into(), signature: None }])
                .collect(),
        };
        let result = Message { role: Role::User, parts: vec![Part::ToolResult { id: "c1".into(), text: "1".into() }] };
        let mut prompt = Prompt { tools: vec![tool()], ..Prompt::user("hi") };
        prompt.messages.extend([turn, result]);
        let sent = encode(&to, &prompt).0;
        assert_eq!(sent["messages"][1]["reasoning_content"], "let me look", "{provider}");
        // A turn that another provider gave has none.
        prompt.messages[1].parts.remove(0);
        assert_eq!(encode(&to, &prompt).0["messages"][1]["reasoning_content"], "", "{provider}");
        assert_eq!(encode(&endpoint("openai", "gpt-4o"), &prompt).0["messages"][1].get("reasoning_content"), None);
    }
    let plain = decode_all(&endpoint("plain", "m"), &[body.as_bytes()]).unwrap();
    assert_eq!(plain.reasoning_blocks, []);
}

#[test]
fn the_cost_in_a_reply_is_the_one_that_counts() {
    let cost = |provider: &str, usage: &str| {
        let body = format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"x\"}},\"finish_reason\":\"stop\"}}]}}\n\n\
             data: {{\"choices\":[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n"
        );
        let (mut reader, mut events) = (ReplyReader::new(&endpoint(provider, "openai/gpt-6-sol")), Vec::new());
        reader.feed(body.as_bytes(), &mut events).unwrap();
        reader.end(&mut events).unwrap();
        let usage = events.iter().rev().find_map(|event| match event {
            Event::Usage(usage) => Some(*usage),
            _ => None,
        });
        usage.unwrap().cost(Some(&crate::model::Price::flat(1.0, 2.0)))
    };
    let counts = r#""prompt_tokens":10,"completion_tokens":5"#;
    assert_eq!(cost("openrouter", &format!("{{{counts},\"cost\":0.0123}}")), Some(0.0123));
    assert_eq!(cost("openrouter", &format!("{{{counts}}}")), Some(20.0));
    assert_eq!(cost("openrouter", &format!("{{{counts},\"cost\":0}}")), Some(20.0));
    let own_key =
        format!("{{{counts},\"cost\":0.001,\"is_byok\":true,\"cost_details\":{{\"upstream_inference_cost\":0.02}}}}");
    assert_eq!(cost("openrouter", &own_key), Some(0.021));
    assert_eq!(cost("plain", &format!("{{{counts},\"cost\":{{\"total_cost\":0.5}}}}")), Some(0.5));
}
