//! Requests that a deployment refuses for a parameter: sent once more without it, or sent to the next deployment.

use std::sync::Arc;

use crate::support::raw::{Raw, reply};
use crate::support::{Home, KEY, Profile, Run};

const ANSWER: &[u8] =
    b"data: {\"choices\":[{\"delta\":{\"content\":\"yes\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn answer() -> Vec<u8> {
    reply("200 OK", &[("content-type", "text/event-stream")], ANSWER)
}

fn json_answer() -> Vec<u8> {
    let body = b"data: {\"choices\":[{\"delta\":{\"content\":\"{}\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    reply("200 OK", &[("content-type", "text/event-stream")], body)
}

fn refusal(message: &str) -> Vec<u8> {
    let body = serde_json::json!({"error": {"message": message, "type": "invalid_request_error"}}).to_string();
    reply("400 Bad Request", &[("content-type", "application/json")], body.as_bytes())
}

/// A home with a group of one deployment, `lab/m` with these keys.
fn home(server: &Raw, keys: &str) -> Arc<Home> {
    let profile = Profile::new().provider("lab", "openai", server.url()).deployment("lab/m", keys);
    Arc::new(Home::with(&profile.text()))
}

/// Runs `ask what? ARGS`, checks the output, and returns the bodies of the requests.
#[track_caller]
fn check(replies: Vec<Vec<u8>>, args: &[&str], stdout: &str, stderr: &str) -> Vec<serde_json::Value> {
    let server = Raw::start(replies);
    let home = home(&server, "");
    let run = Run::at(&home).env("LAB_KEY", KEY).args(["ask", "what?"]).args(args.iter().copied());
    run.output().is(0, stdout, stderr);
    server.requests().iter().map(|request| serde_json::from_str(&request.body).expect("a body is JSON")).collect()
}

#[test]
fn a_limit_that_the_reply_names_is_kept() {
    let says = "max_tokens is too large: 100000. This model supports at most 16384 completion tokens.";
    let sent = check(
        vec![refusal(says), answer()],
        &["--max-tokens", "100000"],
        "yes\n",
        "llmroute: lab/m takes at most 16384 output tokens; lowered max_tokens\n",
    );
    assert_eq!((&sent[0]["max_tokens"], &sent[1]["max_tokens"]), (&100_000.into(), &16_384.into()));
}

#[test]
fn a_schema_that_is_refused_is_sent_in_json_mode_and_then_as_an_instruction() {
    let says = "This response_format type is unavailable now";
    let sent = check(
        vec![refusal(says), refusal(says), json_answer()],
        &["--schema", "{\"type\": \"object\"}"],
        "{}\n",
        "llmroute: lab/m does not take response_format; sent the schema as an instruction\n",
    );
    let formats: Vec<_> = sent.iter().map(|body| body["response_format"]["type"].as_str()).collect();
    assert_eq!(formats, [Some("json_schema"), Some("json_object"), None]);
    assert!(sent[2]["messages"][0]["content"].as_str().is_some_and(|text| text.contains("JSON Schema")));
}

#[test]
fn strict_mode_goes_first() {
    let schema = r#"{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}"#;
    let body =
        b"data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"a\\\":\\\"b\\\"}\"},\"finish_reason\":\"stop\"}]}\n\n";
    let good = reply("200 OK", &[("content-type", "text/event-stream")], body);
    let sent = check(
        vec![refusal("Invalid schema for response_format 'answer'"), good],
        &["--schema", schema],
        "{\"a\":\"b\"}\n",
        "llmroute: lab/m does not take the schema in strict mode; sent it without\n",
    );
    let strict: Vec<_> = sent.iter().map(|body| &body["response_format"]["json_schema"]["strict"]).collect();
    assert_eq!(strict, [&serde_json::json!(true), &serde_json::json!(false)]);
}

#[test]
fn an_effort_is_replaced_by_one_that_the_reply_names() {
    let says = "Unsupported value: 'reasoning_effort' does not support 'max' with this model. \
        Supported values are: 'low', 'medium', and 'high'.";
    let sent = check(
        vec![refusal(says), answer()],
        &["--reasoning-effort", "max"],
        "yes\n",
        "llmroute: lab/m does not take this reasoning_effort; sent `high` instead\n",
    );
    assert_eq!(sent[1]["reasoning_effort"], "high");
}

#[test]
fn free_fields_and_stream_options_are_left_out() {
    for (says, args, field) in [
        ("top_k: Extra inputs are not permitted", &["-o", "top_k=5"][..], "top_k"),
        ("Unrecognized request argument supplied: stream_options", &[], "stream_options"),
        ("Only n = 1 is allowed", &["-o", "n=1"], "n"),
        ("temperature: range: 0..1", &["--temperature", "1.5"], "temperature"),
    ] {
        let stderr = format!("llmroute: lab/m does not take {field}; left out\n");
        let sent = check(vec![refusal(says), answer()], args, "yes\n", &stderr);
        assert!(sent[0].get(field).is_some() && sent[1].get(field).is_none(), "{says}");
    }
}

#[test]
fn what_was_learnt_holds_for_the_next_process() {
    let server = Raw::start(vec![refusal("temperature is not supported"), answer(), answer()]);
    let home = home(&server, "");
    for _ in 0..2 {
        let run = Run::at(&home).env("LAB_KEY", KEY).args(["ask", "what?", "--temperature", "0.5"]);
        run.output().is(0, "yes\n", "llmroute: lab/m does not take temperature; left out\n");
    }
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_repeat_counts_in_the_limits() {
    let server = Raw::start(vec![refusal("temperature is not supported"), answer()]);
    let home = home(&server, ", rpm = 2");
    let ask = |args: &[&str]| {
        let run = Run::at(&home).env("LAB_KEY", KEY).args(["ask", "what?", "--temperature", "0.5"]);
        run.args(args.iter().copied()).output()
    };
    ask(&[]).is(0, "yes\n", "llmroute: lab/m does not take temperature; left out\n");
    assert_eq!(ask(&["--deadline", "1s"]).end, crate::support::End::Code(75));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_limit_of_one_model_calls_the_next_deployment() {
    for says in [
        "max_tokens is too large for this model",
        "'stop': array too long. Expected an array with maximum length 4",
        "'n' : number must be at most 1 with this model",
        "top_p must be between 0 and 1",
    ] {
        let (first, second) = (Raw::start(vec![refusal(says)]), Raw::start(vec![answer()]));
        let profile = Profile::new()
            .provider("one", "openai", first.url())
            .deployment("one/m", "")
            .provider("two", "openai", second.url())
            .deployment("two/m", "");
        let output =
            Run::with(&profile.text()).env("LAB_KEY", KEY).args(["ask", "what?", "--max-tokens", "9"]).output();
        output.is(0, "yes\n", &format!("llmroute: one/m failed (unsupported, 400: {says}); trying two/m\n"));
        drop((first.requests(), second.requests()));
    }
}

#[test]
fn a_known_output_limit_lowers_max_tokens() {
    let server = Raw::start(vec![answer()]);
    let profile = format!(
        "version = 1\ndefault_group = \"main\"\n[providers.openai]\nbase_url = \"{}/v1\"\napi_key = \"env:LAB_KEY\"\n\
         [groups.main]\ndeployments = [{{ model = \"openai/gpt-4o\" }}]\n",
        server.url()
    );
    let run = Run::with(&profile).env("LAB_KEY", KEY).args(["ask", "what?", "--max-tokens", "90000"]);
    let stderr = "llmroute: openai/gpt-4o takes at most 16384 output tokens; lowered max_tokens\n";
    run.output().is(0, "yes\n", stderr);
    assert!(server.requests()[0].body.contains("16384"));
}
