//! What no decoder may do, whatever the server sends: panic, or take an error for an answer.

use proptest::prelude::*;

use super::{decode_all, endpoint};
use crate::model::{Answer, Class, Event, Failure, Finish, TimeoutKind};
use crate::wire::Frame;

fn check(provider: &str, body: &str, class: Class) {
    assert_eq!(
        decode_all(&endpoint(provider, "m"), &[body.as_bytes()]).unwrap_err().class,
        class,
        "{provider}: {body}"
    );
}

fn answer(provider: &str, body: &str) -> Answer {
    decode_all(&endpoint(provider, "m"), &[body.as_bytes()]).unwrap()
}

#[test]
fn a_reply_without_an_answer_is_a_failure() {
    for provider in ["plain", "messages", "responses", "azure", "cohere"] {
        check(provider, "", Class::Truncated);
        check(provider, " \r\n\r\n ", Class::Truncated);
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
fn lines_without_an_answer_are_a_failure() {
    check("ollama", "", Class::Truncated);
    check("ollama", " \r\n\r\n ", Class::Truncated);
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
    for provider in ["plain", "messages", "responses", "azure", "cohere"] {
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
    for provider in ["plain", "messages", "responses", "cohere"] {
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

/// A stream of events with these payloads.
fn stream(events: &[&str]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

#[test]
fn the_events_of_responses_may_fail_in_many_ways() {
    let fails = |event: &str, class: Class| check("responses", &stream(&[event]), class);
    fails(r#"{"type":"error","code":"rate_limit_exceeded","message":"x","param":null}"#, Class::RateLimit);
    fails(r#"{"type":"error","error":{"type":"insufficient_quota","message":"x"}}"#, Class::Quota);
    fails(
        r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"x"}}}"#,
        Class::ServerError,
    );
    fails(
        r#"{"type":"response.failed","response":{"error":{"code":"bio_policy","message":"x"}}}"#,
        Class::ContentPolicy,
    );
    fails(r#"{"type":"response.error","error":{"code":"server_error","message":"overloaded"}}"#, Class::ServerError);
    fails(r#"{"type":"response.completed","response":{"status":"cancelled"}}"#, Class::ServerError);
    check(
        "responses",
        r#"{"status":"failed","error":{"code":"rate_limit_exceeded","message":"x"},"output":[]}"#,
        Class::RateLimit,
    );
    check("responses", r#"{"status":"queued","output":[]}"#, Class::ServerError);
    check("responses", &stream(&[r#"{"type":"response.created","response":{"id":"a"}}"#, "[DONE]"]), Class::Truncated);
}

#[test]
fn what_the_deltas_of_responses_left_out_is_in_the_items() {
    let item = r#"{"type":"message","id":"m","content":[{"type":"output_text","text":"hi"}]}"#;
    let done = format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#);
    let over = r#"{"type":"response.completed","response":{"id":"r","model":"m","status":"completed","output":[]}}"#;
    let delta = r#"{"type":"response.output_text.delta","output_index":0,"delta":"hi"}"#;
    assert_eq!(answer("responses", &stream(&[&done, over])).text, "hi");
    assert_eq!(answer("responses", &stream(&[delta, &done, over])).text, "hi");
    // Nothing but the end, and deltas that do not say what they belong to.
    let only = format!(r#"{{"type":"response.completed","response":{{"status":"completed","output":[{item}]}}}}"#);
    assert_eq!(answer("responses", &stream(&[&only])).text, "hi");
    let bare = r#"{"type":"response.output_text.delta","delta":"x"}"#;
    assert_eq!(answer("responses", &stream(&[&[bare; 2000][..], &[over]].concat())).text.len(), 2000);
    let call = r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}"#;
    let got = answer("responses", &stream(&[call, over]));
    assert_eq!((got.tool_calls[0].arguments.as_str(), got.finish), ("{}", Some(Finish::ToolCalls)));
    let other = r#"{"type":"response.output_item.added","output_index":9999,"item":{"type":"message"}}"#;
    let many: Vec<String> = (0..2000).map(|index| other.replace("9999", &index.to_string())).collect();
    check("responses", &stream(&many.iter().map(String::as_str).collect::<Vec<_>>()), Class::Malformed);
}

#[test]
fn a_response_that_is_not_complete_says_why() {
    for (reason, finish) in
        [("max_output_tokens", Finish::Length), ("content_filter", Finish::ContentFilter), ("new", Finish::Other)]
    {
        let response = format!(
            r#"{{"status":"incomplete","incomplete_details":{{"reason":"{reason}"}},"output":[{{"type":"message","content":[{{"type":"output_text","text":"x"}}]}}]}}"#
        );
        assert_eq!(answer("responses", &response).finish, Some(finish));
        let event = format!(r#"{{"type":"response.incomplete","response":{response}}}"#);
        assert_eq!(answer("responses", &stream(&[&event])).finish, Some(finish));
    }
    let refusal =
        r#"{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"no"}]}]}"#;
    let got = answer("responses", refusal);
    assert_eq!((got.text.as_str(), got.finish), ("", Some(Finish::ContentFilter)));
}

#[test]
fn the_end_of_a_cohere_stream_may_be_a_failure() {
    let end = |reason: &str| {
        let event = format!(r#"{{"type":"message-end","delta":{{"finish_reason":"{reason}","error":"x"}}}}"#);
        stream(&[r#"{"type":"message-start","id":"a"}"#, &event])
    };
    check("cohere", &end("ERROR"), Class::ServerError);
    check("cohere", &end("TIMEOUT"), Class::Timeout(TimeoutKind::Upstream));
    for (reason, finish) in [("STOP_SEQUENCE", Finish::Stop), ("MAX_TOKENS", Finish::Length), ("NEW", Finish::Other)] {
        assert_eq!(answer("cohere", &end(reason)).finish, Some(finish));
    }
    check("cohere", r#"{"id":"a","message":"invalid api key"}"#, Class::Authentication);
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
fn too_many_tool_calls_are_refused() {
    let call = r#"{"function":{"name":"f"}}"#;
    let body = format!(r#"{{"choices":[{{"message":{{"tool_calls":[{}]}}}}]}}"#, vec![call; 1025].join(","));
    check("plain", &body, Class::Malformed);
    check("ollama", &format!(r#"{{"message":{{"tool_calls":[{}]}}}}"#, vec![call; 1025].join(",")), Class::Malformed);
    check("cohere", &format!(r#"{{"message":{{"tool_calls":[{}]}}}}"#, vec![call; 1025].join(",")), Class::Malformed);
}

fn feed(provider: &str, frames: &[(Option<String>, String)]) -> Result<Vec<Event>, Failure> {
    let to = endpoint(provider, "m");
    let mut decoder = to.protocol.adapter().decoder(&to);
    let mut out = Vec::new();
    for (event, data) in frames {
        decoder.frame(&Frame { event: event.clone(), data: data.clone() }, &mut out)?;
    }
    decoder.end(&mut out)?;
    Ok(out)
}

/// JSON made of the names that the protocols use, in wrong places and of wrong types.
fn json_like() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "1e300",
        "18446744073709551615",
        "\"\"",
        "\"x\"",
        "\"stop\"",
        "\"text\"",
        "\"tool_use\"",
        "\"thinking\"",
        "\"message_delta\"",
        "\"content_block_start\"",
        "\"content_block_delta\"",
        "\"error\"",
        "\"function_call\"",
        "\"response.output_item.done\"",
        "\"response.function_call_arguments.delta\"",
        "\"response.completed\"",
        "\"message-end\"",
        "\"tool-call-delta\"",
    ]);
    let name = prop::sample::select(vec![
        "choices",
        "delta",
        "message",
        "content",
        "text",
        "type",
        "index",
        "tool_calls",
        "function",
        "arguments",
        "name",
        "id",
        "finish_reason",
        "usage",
        "error",
        "code",
        "content_block",
        "stop_reason",
        "thinking",
        "prompt_tokens",
        "input_tokens",
        "completion_tokens",
        "refusal",
        "x_groq",
        "partial_json",
        "input",
        "response",
        "output",
        "item",
        "output_index",
        "status",
        "done",
        "done_reason",
        "tokens",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec((name.clone(), inner), 0..4).prop_map(|fields| {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for provider in ["plain", "messages", "mistral", "groq", "responses", "cohere", "ollama"] {
            let got = decode_all(&endpoint(provider, "m"), &[b"data: ", &bytes]);
            prop_assert!(got.is_err());
            let _ = decode_all(&endpoint(provider, "m"), &[&bytes]);
        }
    }

    #[test]
    fn odd_json_never_panics(frames in prop::collection::vec((prop::option::of(Just("error".to_owned())), json_like()), 0..6)) {
        for provider in ["plain", "messages", "moonshot", "xai", "responses", "cohere", "ollama"] {
            if let Ok(events) = feed(provider, &frames) {
                prop_assert!(events.iter().any(|event| matches!(event, Event::Finish(_))), "an answer without a finish");
            }
            for (_, body) in &frames {
                let _ = decode_all(&endpoint(provider, "m"), &[body.as_bytes()]);
            }
        }
    }
}
