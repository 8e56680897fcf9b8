//! Odd replies in every protocol in which they can occur: a complete answer is not lost, and half of one is a failure.

use super::{answer, check, decode_all, endpoint, stream};
use crate::call::is_token;
use crate::model::{Class, Event, Finish, TimeoutKind, ToolCall, Usage};
use crate::protocols::ReplyReader;

/// A stream of `events` in the framing of `provider`.
fn framed(provider: &str, events: &[&str]) -> String {
    if provider == "ollama" { events.iter().map(|event| format!("{event}\n")).collect() } else { stream(events) }
}

/// The events of an answer in one protocol.
struct Wire {
    provider: &'static str,
    /// Text; `TEXT` stands for it.
    text: &'static str,
    /// The end; `REASON` stands for the reason.
    end: &'static str,
    /// Usage of 7 and 0 tokens.
    zero_output: &'static str,
    /// Reasoning; `TEXT` stands for it.
    reasoning: &'static str,
}

const WIRES: &[Wire] = &[
    Wire {
        provider: "plain",
        text: r#"{"choices":[{"delta":{"content":"TEXT"}}]}"#,
        end: r#"{"choices":[{"delta":{},"finish_reason":"REASON"}]}"#,
        zero_output: r#"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#,
        reasoning: r#"{"choices":[{"delta":{"reasoning_text":"TEXT"}}]}"#,
    },
    Wire {
        provider: "messages",
        text: r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"TEXT"}}"#,
        end: r#"{"type":"message_delta","delta":{"stop_reason":"REASON"}}"#,
        zero_output: r#"{"type":"message_delta","usage":{"input_tokens":0,"output_tokens":0}}"#,
        reasoning: r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"TEXT"}}"#,
    },
    Wire {
        provider: "gemini",
        text: r#"{"candidates":[{"content":{"parts":[{"text":"TEXT"}]}}]}"#,
        end: r#"{"candidates":[{"finishReason":"REASON"}]}"#,
        zero_output: r#"{"usageMetadata":{"promptTokenCount":0,"candidatesTokenCount":0}}"#,
        reasoning: r#"{"candidates":[{"content":{"parts":[{"text":"TEXT","thought":true}]}}]}"#,
    },
    Wire {
        provider: "ollama",
        text: r#"{"message":{"content":"TEXT"}}"#,
        end: r#"{"done":true,"done_reason":"REASON"}"#,
        zero_output: r#"{"message":{},"prompt_eval_count":0,"eval_count":0}"#,
        reasoning: r#"{"message":{"reasoning_content":"TEXT"}}"#,
    },
    Wire {
        provider: "cohere",
        text: r#"{"type":"content-delta","delta":{"message":{"content":{"text":"TEXT"}}}}"#,
        end: r#"{"type":"message-end","delta":{"finish_reason":"REASON"}}"#,
        zero_output: r#"{"type":"x","delta":{"usage":{"tokens":{"input_tokens":0,"output_tokens":0}}}}"#,
        reasoning: r#"{"type":"content-delta","delta":{"message":{"content":{"thinking":"TEXT"}}}}"#,
    },
];

impl Wire {
    fn text(&self, text: &str) -> String {
        self.text.replace("TEXT", text)
    }

    fn end(&self, reason: &str) -> String {
        self.end.replace("REASON", reason)
    }

    fn body(&self, events: &[&str]) -> String {
        framed(self.provider, events)
    }
}

#[test]
fn a_reason_that_means_an_abort_is_a_failure() {
    for wire in WIRES {
        let body = |reason: &str| wire.body(&[&wire.text("half"), &wire.end(reason)]);
        for reason in ["cancelled", "abort", "error", "network_error", "interrupted"] {
            check(wire.provider, &body(reason), Class::ServerError);
        }
        check(wire.provider, &body("timeout"), Class::Timeout(TimeoutKind::Upstream));
        assert_eq!(answer(wire.provider, &body("whatever")).finish, Some(Finish::Other), "{}", wire.provider);
    }
}

#[test]
fn half_a_character_or_a_number_that_is_none_does_not_lose_the_answer() {
    for wire in WIRES {
        let split = [wire.text("a \\ud83d"), wire.text("\\ude00 b"), wire.text("\\ud83d"), wire.end("stop")];
        let got = answer(wire.provider, &wire.body(&split.each_ref().map(String::as_str)));
        assert_eq!(got.text, "a \u{1f600} b\u{fffd}", "{}", wire.provider);
        let odd = wire.text("ok").replacen('{', "{\"x\":NaN,\"y\":-Infinity,", 1);
        assert_eq!(answer(wire.provider, &wire.body(&[&odd, &wire.end("stop")])).text, "ok", "{}", wire.provider);
    }
}

#[test]
fn what_follows_the_finish_does_not_lose_the_answer() {
    for wire in WIRES {
        for after in [r#"{"error":{"message":"x","code":500}}"#, "{\"broken", r#"{"type":"error","message":"x"}"#] {
            let body = wire.body(&[&wire.text("yes"), &wire.end("stop"), after]);
            assert_eq!(answer(wire.provider, &body).text, "yes", "{} {after}", wire.provider);
        }
        for before in ["\"error\":{}", "\"error\":null", "\"error_code\":0"] {
            let text = wire.text("yes").replacen('{', &format!("{{{before},"), 1);
            let body = wire.body(&[&text, &wire.end("stop")]);
            assert_eq!(answer(wire.provider, &body).text, "yes", "{} {text}", wire.provider);
        }
    }
}

#[test]
fn keep_alives_as_data_are_ignored() {
    for wire in WIRES {
        for alive in ["ping", "\"ping\"", "null", ": keep-alive", "{}"] {
            let body = wire.body(&[&wire.text("yes"), alive, &wire.end("stop")]);
            assert_eq!(answer(wire.provider, &body).text, "yes", "{} {alive}", wire.provider);
        }
    }
}

#[test]
fn counts_that_are_all_zero_are_unknown() {
    for wire in WIRES {
        let body = wire.body(&[&wire.text("yes"), wire.zero_output, &wire.end("stop")]);
        assert_eq!(answer(wire.provider, &body).usage, None, "{}", wire.provider);
    }
}

#[test]
fn tags_at_the_beginning_hold_reasoning() {
    for wire in WIRES {
        let body = wire.body(&[&wire.text("<thi"), &wire.text("nk>why</think>yes"), &wire.end("stop")]);
        let got = answer(wire.provider, &body);
        assert_eq!((got.reasoning.as_str(), got.text.as_str()), ("why", "yes"), "{}", wire.provider);
    }
}

/// The number of events that count as tokens.
fn tokens(provider: &str, body: &str) -> usize {
    let (mut reader, mut events) = (ReplyReader::new(&endpoint(provider, "m")), Vec::new());
    reader.feed(body.as_bytes(), &mut events).unwrap();
    events.iter().filter(|event: &&Event| is_token(event)).count()
}

#[test]
fn reasoning_of_any_kind_counts_as_a_token() {
    for wire in WIRES {
        let body = wire.body(&[&wire.reasoning.replace("TEXT", "hm")]);
        assert_eq!(tokens(wire.provider, &body), 1, "{}", wire.provider);
    }
    for delta in [
        r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"abc"}]}"#,
        r#"{"reasoning_details":[{"type":"reasoning.summary","summary":"hm"}]}"#,
        r#"{"thinking":{"content":"hm"}}"#,
        r#"{"reasoning":{"encrypted":"abc"}}"#,
        r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}"#,
    ] {
        let body = stream(&[&format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#)]);
        assert_eq!(tokens("plain", &body), 1, "{delta}");
    }
    for delta in [r#"{"reasoning":""}"#, r#"{"reasoning_details":[]}"#, r#"{"thinking":null}"#, r#"{"thinking":false}"#]
    {
        let body = stream(&[&format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#)]);
        assert_eq!(tokens("plain", &body), 0, "{delta}");
    }
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned(), signature: None }
}

#[test]
fn pieces_of_two_calls_may_alternate() {
    let start = |index: u8| {
        format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"t","name":"f{index}","input":{{}}}}}}"#
        )
    };
    let delta = |index: u8, json: &str| {
        format!(
            r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"input_json_delta","partial_json":"{json}"}}}}"#
        )
    };
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#.to_owned();
    let events = [start(0), start(1), delta(0, "{\\\"a\\\":"), delta(1, "{}"), delta(0, "1}"), end];
    let got = answer("messages", &stream(&events.each_ref().map(String::as_str)));
    assert_eq!(got.tool_calls, [call("t", "f0", r#"{"a":1}"#), call("t_1", "f1", "{}")]);
}

#[test]
fn two_calls_glued_under_one_are_two() {
    let events = [
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}{\"a\":2}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#,
    ];
    let got = answer("messages", &stream(&events));
    assert_eq!(got.tool_calls, [call("t", "f", r#"{"a":1}"#), call("t_1", "f", r#"{"a":2}"#)]);
}

#[test]
fn calls_do_not_share_an_id() {
    let body = concat!(
        r#"{"message":{"tool_calls":[{"id":"t","function":{"name":"f","arguments":{}}},"#,
        r#"{"id":"t","function":{"name":"f","arguments":{}}}]},"done":true}"#,
    );
    assert_eq!(answer("ollama", body).tool_calls, [call("t", "f", "{}"), call("t_1", "f", "{}")]);
    let body = concat!(
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"t","name":"f"}},"#,
        r#"{"functionCall":{"id":"t","name":"f"}}]},"finishReason":"STOP"}]}"#,
    );
    assert_eq!(answer("gemini", body).tool_calls, [call("t", "f", "{}"), call("t_1", "f", "{}")]);
}

#[test]
fn of_several_answers_the_first_is_read() {
    let candidate = |index: u8, text: &str| {
        format!(r#"{{"index":{index},"content":{{"parts":[{{"text":"{text}"}}]}},"finishReason":"STOP"}}"#)
    };
    let both = |first: &str, second: &str| format!(r#"{{"candidates":[{first},{second}]}}"#);
    for body in [both(&candidate(0, "one"), &candidate(1, "two")), both(&candidate(1, "two"), &candidate(0, "one"))] {
        assert_eq!(answer("gemini", &body).text, "one");
    }
    let choice = |index: u8, text: &str| {
        format!(r#"{{"index":{index},"message":{{"content":"{text}"}},"finish_reason":"stop"}}"#)
    };
    assert_eq!(answer("plain", &format!(r#"{{"choices":[{},{}]}}"#, choice(1, "two"), choice(0, "one"))).text, "one");
}

#[test]
fn counts_under_other_names_are_read() {
    let usage = |input, output| Some(Usage { input, output, ..Usage::default() });
    for (provider, end) in [
        (
            "plain",
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"input_tokens":"7","output_tokens":2.0}}"#,
        ),
        (
            "messages",
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"prompt_tokens":7,"completion_tokens":"2"}}"#,
        ),
        (
            "gemini",
            r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":"7","candidatesTokenCount":"2"}}"#,
        ),
        ("ollama", r#"{"done":true,"prompt_eval_count":"7","eval_count":2.0}"#),
    ] {
        let wire = WIRES.iter().find(|wire| wire.provider == provider).unwrap();
        let got = answer(provider, &wire.body(&[&wire.text("yes"), end]));
        assert_eq!(got.usage, usage(7, 2), "{provider}");
    }
}

#[test]
fn the_end_of_a_message_without_a_reason_is_an_end() {
    let cohere = &WIRES[4];
    assert_eq!(
        answer("cohere", &cohere.body(&[&cohere.text("yes"), r#"{"type":"message-end","delta":{}}"#])).text,
        "yes"
    );
    let messages = &WIRES[1];
    assert_eq!(answer("messages", &messages.body(&[&messages.text("yes"), r#"{"type":"message_stop"}"#])).text, "yes");
    // Without any mark of an end it is half an answer.
    for wire in WIRES {
        let got = decode_all(&endpoint(wire.provider, "m"), &[wire.body(&[&wire.text("half")]).as_bytes()]);
        assert_eq!(got.map_err(|failure| failure.class), Err(Class::Truncated), "{}", wire.provider);
    }
}
