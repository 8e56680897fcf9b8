//! No decoder takes an error for an answer, whatever the server sends.

use super::arbitrary::feed;
use super::{answer, check, decode_all, endpoint, stream};
use crate::model::{Class, Event, Finish, TimeoutKind};

#[test]
fn a_reply_without_an_answer_is_a_failure() {
    for provider in ["plain", "messages", "responses", "azure", "cohere", "gemini", "vertex"] {
        check(provider, "", Class::Malformed);
        check(provider, " \r\n\r\n ", Class::Malformed);
        check(provider, "<!DOCTYPE html><html>", Class::Malformed);
        check(provider, "hello", Class::Malformed);
        check(provider, "{}", Class::Malformed);
        check(provider, "[]", Class::Malformed);
        check(provider, "null", Class::Malformed);
        check(provider, "data: hello\n\n", Class::Malformed);
        check(provider, "data: {\"a\n\ndata: 1\n\n", Class::Malformed);
        check(provider, ": nothing\n\n", Class::Truncated);
        check(provider, "data: {}\n\n", Class::Truncated);
        check(provider, "data: [DONE]\n\n", Class::Truncated);
    }
}

#[test]
fn few_bytes_with_many_values_are_not_read() {
    let bomb = format!("[{}0]", "0,".repeat(1 << 20));
    for provider in ["plain", "messages", "responses", "azure", "cohere", "gemini", "vertex", "ollama", "converse"] {
        check(provider, &format!("{{\"a\":\n{bomb}}}"), Class::Malformed);
    }
    for provider in ["plain", "messages", "responses", "azure", "cohere", "gemini", "vertex"] {
        check(provider, &format!("data: {{\"a\":{bomb}}}\n\n"), Class::Malformed);
        check(provider, &format!("event: error\ndata: {{\"a\":{bomb}}}\n\n"), Class::Malformed);
    }
    check("ollama", &format!("{{\"a\":{bomb}}}\n"), Class::Malformed);
    // A long answer is none.
    let text = "1,2,3,[{".repeat(1 << 20);
    let long = format!("{{\"choices\":[{{\"message\":{{\"content\":\"{text}\"}},\"finish_reason\":\"stop\"}}]}}");
    assert_eq!(answer("plain", &long).text.len(), text.len());
}

#[test]
fn lines_without_an_answer_are_a_failure() {
    check("ollama", "", Class::Malformed);
    check("ollama", " \r\n\r\n ", Class::Malformed);
    check("ollama", "{}", Class::Truncated);
    check("ollama", "{}\n{\"model\":\"m\",\"message\":{\"content\":\"x\"},\"done\":false}\n", Class::Truncated);
    for body in ["<!DOCTYPE html><html>", "hello", "[]", "null", "{\"a\n{}\n", "data: {}\n\n", "{\n}\n"] {
        check("ollama", body, Class::Malformed);
    }
    for (line, class) in [
        (r#"{"error":"model 'x' not found"}"#, Class::NotFound),
        (
            r#"{"error":"server busy, please try again. maximum pending requests exceeded: rate limit"}"#,
            Class::RateLimit,
        ),
        (r#"{"error":{"message":"x","code":401}}"#, Class::Authentication),
        (r#"{"error":{}}"#, Class::ServerError),
    ] {
        check("ollama", line, class);
        check("ollama", &format!("[{line}]"), class);
        check("ollama", &format!("{{\"message\":{{\"content\":\"half\"}}}}\n{line}\n"), class);
    }
}

#[test]
fn an_error_inside_a_success_is_a_failure() {
    for provider in ["plain", "messages", "responses", "azure", "cohere", "gemini", "vertex"] {
        for (error, class) in [
            (r#"{"error":{"message":"x","type":"overloaded_error"}}"#, Class::Overloaded),
            (r#"{"type":"error","error":{"type":"rate_limit_error","message":"x"}}"#, Class::RateLimit),
            (r#"{"error":{"message":"x","code":401}}"#, Class::Authentication),
            (r#"{"error":{"message":"x","code":"insufficient_quota"}}"#, Class::Quota),
            (r#"{"error":"Something failed"}"#, Class::ServerError),
            (r#"{"error":"the request timed out"}"#, Class::Timeout(TimeoutKind::Upstream)),
            (r#"{"object":"error","message":"maximum context length is 5","code":400}"#, Class::ContextWindow),
            (r#"{"detail":"Unauthorized","status":401}"#, Class::Authentication),
            (r#"{"error":{}}"#, Class::ServerError),
        ] {
            check(provider, error, class);
            check(provider, &format!("[{error}]"), class);
            check(provider, &format!("event: error\ndata: {error}\n\n"), class);
        }
    }
    for provider in ["plain", "messages", "responses", "cohere", "gemini"] {
        check(provider, "event: error\ndata: the engine is overloaded\n\n", Class::Overloaded);
    }
    check("plain", r#"{"base_resp":{"status_code":1004,"status_msg":"rate limit"},"choices":null}"#, Class::RateLimit);
    check(
        "plain",
        r#"{"choices":[{"error":{"code":502,"message":"x"},"finish_reason":"error","message":{"content":"half"}}]}"#,
        Class::ServerError,
    );
    check(
        "plain",
        "data: {\"choices\":[{\"delta\":{\"content\":\"half\"},\"finish_reason\":\"error\"}]}\n\n",
        Class::ServerError,
    );
    check(
        "plain",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"error\":{\"code\":429,\"message\":\"x\"}}\n\n",
        Class::RateLimit,
    );
}

#[test]
fn content_may_be_a_list_of_parts_of_any_kind() {
    let body = r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"reference","reference_ids":[1]},{"type":"text","text":"b"}]},"finish_reason":"stop"}]}"#;
    assert_eq!(answer("mistral", body).text, "ab");
    let chunk = r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"},{"type":"reference"}]},{"type":"text","text":"a"}]},"finish_reason":"stop"}]}"#;
    let got = answer("mistral", &stream(&[chunk]));
    assert_eq!((got.reasoning.as_str(), got.text.as_str()), ("hm", "a"));
}

#[test]
fn a_refusal_is_no_text() {
    let got =
        answer("plain", r#"{"choices":[{"message":{"content":null,"refusal":"I cannot"},"finish_reason":"stop"}]}"#);
    assert_eq!((got.text.as_str(), got.finish), ("", Some(Finish::ContentFilter)));
    // A filtered choice has no message at all.
    let got = answer("plain", r#"{"choices":[{"finish_reason":"content_filter"}]}"#);
    assert_eq!(got.finish, Some(Finish::ContentFilter));
}

#[test]
fn odd_reasons_to_finish_have_a_meaning() {
    for (reason, finish) in [
        ("eos", Finish::Stop),
        ("STOP", Finish::Stop),
        ("model_length", Finish::Length),
        ("function_call", Finish::ToolCalls),
        ("sensitive", Finish::ContentFilter),
        ("whatever", Finish::Other),
    ] {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"x"}},"finish_reason":"{reason}"}}]}}"#);
        assert_eq!(answer("plain", &body).finish, Some(finish), "{reason}");
    }
    assert_eq!(
        answer("plain", r#"{"choices":[{"message":{"content":"x"},"finish_reason":null}]}"#).finish,
        Some(Finish::Stop)
    );
}

#[test]
fn tool_calls_come_in_every_dialect() {
    let calls = |deltas: &[&str]| {
        let frames: String = deltas
            .iter()
            .map(|calls| format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":{calls}}}}}]}}\n\n"))
            .collect();
        let got = answer(
            "plain",
            &format!("{frames}data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n"),
        );
        assert_eq!(got.finish, Some(Finish::ToolCalls));
        got.tool_calls
            .into_iter()
            .map(|call| format!("{} {} {}", call.id, call.name, call.arguments))
            .collect::<Vec<_>>()
    };
    let whole = r#"[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]"#;
    assert_eq!(calls(&[whole, r#"[{"index":0,"function":{"arguments":"1}"}}]"#]), ["a f {\"x\":1}"]);
    // The id and the name on every piece.
    assert_eq!(
        calls(&[whole, r#"[{"index":0,"id":"a","function":{"name":"f","arguments":"1}"}}]"#]),
        ["a f {\"x\":1}"]
    );
    // No index.
    assert_eq!(
        calls(&[
            r#"[{"id":"a","function":{"name":"f","arguments":"1"}}]"#,
            r#"[{"function":{"arguments":"2"}}]"#,
            r#"[{"id":"b","function":{"name":"g","arguments":"3"}}]"#
        ]),
        ["a f 12", "b g 3"]
    );
    // Neither index nor id.
    assert_eq!(
        calls(&[r#"[{"function":{"name":"f","arguments":{"x":1}}},{"function":{"name":"g","arguments":"{}"}}]"#]),
        ["call_0 f {\"x\":1}", "call_1 g {}"]
    );
    // Every call at index 0, told apart by id.
    assert_eq!(
        calls(&[
            r#"[{"index":0,"id":"a","function":{"name":"f","arguments":"1"}}]"#,
            r#"[{"index":0,"id":"b","function":{"name":"g","arguments":"2"}}]"#
        ]),
        ["a f 1", "b g 2"]
    );
    // Indices that start late.
    assert_eq!(
        calls(&[r#"[{"index":7,"id":"a","function":{"name":"f"}}]"#, r#"[{"index":7,"function":{"arguments":"1"}}]"#]),
        ["a f 1"]
    );
}

#[test]
fn usage_is_read_wherever_it_stands() {
    let usage = |provider: &str, body: &str| answer(provider, body).usage.unwrap();
    let finish = r#""choices":[{"message":{"content":"x"},"finish_reason":"stop""#;
    let odd = usage("moonshot", &format!(r#"{{{finish},"usage":{{"prompt_tokens":3,"completion_tokens":2.0}}}}]}}"#));
    assert_eq!((odd.input, odd.output), (3, 2));
    let cached = usage(
        "plain",
        &format!(
            r#"{{{finish}}}],"usage":{{"prompt_tokens":3,"completion_tokens":null,"prompt_cache_hit_tokens":1}}}}"#
        ),
    );
    assert_eq!((cached.input, cached.output, cached.cached), (3, 0, 1));
    let written = r#"{"content":[{"type":"text","text":"x"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"cache_creation_input_tokens":2,"cache_read_input_tokens":3,"output_tokens":4,"output_tokens_details":{"thinking_tokens":2}}}"#;
    let written = usage("messages", written);
    assert_eq!(
        (written.input, written.cache_write, written.cached, written.output, written.reasoning),
        (6, 2, 3, 4, 2)
    );
}

#[test]
fn a_tool_call_keeps_the_arguments_of_its_start() {
    let start = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{"x":1}}}"#;
    let stop = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#;
    let got = answer("messages", &format!("data: {start}\n\ndata: {stop}\n\n"));
    assert_eq!(got.tool_calls[0].arguments, "{\"x\":1}");
    // What runs at the provider is not ours to answer.
    let server = r#"{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"b","name":"g","input":{}}}"#;
    let piece = r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#;
    let got = answer("messages", &format!("data: {start}\n\ndata: {server}\n\ndata: {piece}\n\ndata: {stop}\n\n"));
    assert_eq!(got.tool_calls.len(), 1);
    assert_eq!(got.tool_calls[0].arguments, "{\"x\":1}");
}

#[test]
fn a_candidate_ends_in_many_ways() {
    let ends = |reason: &str| {
        let part = r#"{"content":{"parts":[{"text":"x"}]},"finishReason":"#;
        decode_all(&endpoint("gemini", "m"), &[format!(r#"{{"candidates":[{part}"{reason}"}}]}}"#).as_bytes()])
            .map(|answer| answer.finish)
            .map_err(|failure| failure.class)
    };
    assert_eq!(ends("STOP"), Ok(Some(Finish::Stop)));
    assert_eq!(ends("MAX_TOKENS"), Ok(Some(Finish::Length)));
    for reason in ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "IMAGE_SAFETY"] {
        assert_eq!(ends(reason), Ok(Some(Finish::ContentFilter)), "{reason}");
    }
    for reason in ["WHATEVER", "NEW"] {
        assert_eq!(ends(reason), Ok(Some(Finish::Other)), "{reason}");
    }
    for reason in ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "OTHER", "LANGUAGE"] {
        assert_eq!(ends(reason), Err(Class::ServerError), "{reason}");
    }
    assert_eq!(ends("FINISH_REASON_UNSPECIFIED"), Err(Class::Truncated));
}

#[test]
fn a_blocked_prompt_says_why() {
    for reason in ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "JAILBREAK"] {
        let body =
            format!(r#"{{"promptFeedback":{{"blockReason":"{reason}"}},"usageMetadata":{{"promptTokenCount":3}}}}"#);
        for body in [body.clone(), format!("data: {body}\n\n")] {
            let failure = decode_all(&endpoint("gemini", "m"), &[body.as_bytes()]).unwrap_err();
            assert_eq!(failure.class, Class::ContentPolicy);
            assert!(failure.message.contains(reason), "{}", failure.message);
        }
    }
}

#[test]
fn thoughts_calls_and_marks_are_told_apart() {
    let body = r#"[{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"so","thoughtSignature":"a"},
        {"functionCall":{"id":"f1","name":"f","args":{"x":1}},"thoughtSignature":"b"},{"functionCall":{"name":"g"}}]}}]},
        {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":9,"toolUsePromptTokenCount":1,
        "cachedContentTokenCount":4,"candidatesTokenCount":2.0,"thoughtsTokenCount":3}}]"#;
    let got = answer("gemini", body);
    assert_eq!((got.text.as_str(), got.reasoning.as_str(), got.finish), ("so", "hm", Some(Finish::ToolCalls)));
    let calls: Vec<_> = got
        .tool_calls
        .iter()
        .map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str(), call.signature.as_deref()))
        .collect();
    assert_eq!(calls, [("f1", "f", "{\"x\":1}", Some("b")), ("call_1", "g", "{}", None)]);
    let usage = got.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.cached, usage.reasoning), (10, 5, 4, 3));
}

#[test]
fn an_error_after_text_is_not_an_answer() {
    let text = r#"data: {"candidates":[{"content":{"parts":[{"text":"half"}]}}]}"#;
    let error = r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
    check("gemini", &format!("{text}\r\n\r\ndata: {error}\r\n\r\n"), Class::Overloaded);
    check("gemini", &format!("{text}\n\ndata: [{error}]\n\n"), Class::Overloaded);
}

#[test]
fn every_publisher_is_heard_in_its_tongue() {
    let got = |model: &str, body: &str| decode_all(&endpoint("vertex", model), &[body.as_bytes()]).unwrap().text;
    let messages = r#"{"content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn"}"#;
    let chat = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
    let gemini = r#"{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}]}"#;
    for (model, body) in [
        ("claude-sonnet-4-5@20250929", messages),
        ("anthropic/claude-opus-4-5", messages),
        ("meta/llama-4-maverick-17b-128e-instruct-maas", chat),
        ("google/gemini-2.5-pro", gemini),
        ("gemini-2.5-pro", gemini),
    ] {
        assert_eq!(got(model, body), "hi", "{model}");
    }
}

#[test]
fn too_many_tool_calls_are_refused() {
    let part = r#"{"functionCall":{"name":"f"}}"#;
    let body = format!(r#"{{"candidates":[{{"content":{{"parts":[{}]}}}}]}}"#, vec![part; 1025].join(","));
    check("gemini", &body, Class::Malformed);
    let call = r#"{"function":{"name":"f"}}"#;
    let body = format!(r#"{{"choices":[{{"message":{{"tool_calls":[{}]}}}}]}}"#, vec![call; 1025].join(","));
    check("plain", &body, Class::Malformed);
    check("ollama", &format!(r#"{{"message":{{"tool_calls":[{}]}}}}"#, vec![call; 1025].join(",")), Class::Malformed);
    check("cohere", &format!(r#"{{"message":{{"tool_calls":[{}]}}}}"#, vec![call; 1025].join(",")), Class::Malformed);
}

#[test]
fn too_many_tool_calls_of_a_stream_are_refused() {
    let start = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}"#;
    check("messages", &stream(&[start; 1025]), Class::Malformed);
    let blocks = vec![r#"{"type":"tool_use"}"#; 1025].join(",");
    check("messages", &format!(r#"{{"content":[{blocks}],"stop_reason":"tool_use"}}"#), Class::Malformed);
    let blocks = vec![r#"{"toolUse":{}}"#; 1025].join(",");
    let body = format!(r#"{{"output":{{"message":{{"content":[{blocks}]}}}},"stopReason":"tool_use"}}"#);
    check("converse", &body, Class::Malformed);
}

#[test]
fn what_was_said_once_is_not_said_again_for_every_piece() {
    let id = "i".repeat(10_000);
    let first = format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":0,"id":"{id}"}}]}}}}]}}"#);
    let piece = r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#;
    let named =
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f"}}]},"finish_reason":"stop"}]}"#;
    let frames: Vec<(Option<String>, String)> = [&[first.as_str()][..], &[piece; 1000], &[named]]
        .concat()
        .iter()
        .map(|data| (None, (*data).to_owned()))
        .collect();
    let events = feed("plain", &frames).unwrap();
    let starts: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::ToolStart { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(starts, ["", "f"]);
}
