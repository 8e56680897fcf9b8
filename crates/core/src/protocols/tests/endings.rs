//! The endings of answers in single protocols.

use super::{answer, check, stream};
use crate::model::{Class, Finish, TimeoutKind};

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
    // The name of the event says it where the response does not.
    let delta = r#"{"type":"response.output_text.delta","delta":"half"}"#;
    for end in [r#"{"type":"response.incomplete","response":{"id":"r"}}"#, r#"{"type":"response.incomplete"}"#] {
        assert_eq!(answer("responses", &stream(&[delta, end])).finish, Some(Finish::Other));
    }
    check("responses", &stream(&[delta, r#"{"type":"response.completed"}"#]), Class::Truncated);
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

/// Events of a Responses stream whose deltas are `deltas` and whose complete text is `complete`.
fn responses(deltas: &[&str], complete: &str) -> String {
    let mut events: Vec<String> = deltas
        .iter()
        .map(|delta| format!(r#"{{"type":"response.output_text.delta","output_index":0,"delta":"{delta}"}}"#))
        .collect();
    let item = format!(r#"{{"type":"message","content":[{{"type":"output_text","text":"{complete}"}}]}}"#);
    events.push(format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#));
    events.push(format!(r#"{{"type":"response.completed","response":{{"status":"completed","output":[{item}]}}}}"#));
    stream(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn deltas_must_add_up_to_the_complete_item() {
    assert_eq!(answer("responses", &responses(&["one ", "two"], "one two")).text, "one two");
    assert_eq!(answer("responses", &responses(&["one "], "one two")).text, "one two");
    assert_eq!(answer("responses", &responses(&[], "one two")).text, "one two");
    check("responses", &responses(&["one ", "three"], "one two three"), Class::Malformed);
}
