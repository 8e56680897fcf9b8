//! Signatures and binary event streams against botocore, the AWS SDK for Python; AWS itself is not called.
//!
//! `scripts/aws-judge` installs it. Without it these tests are skipped with a visible line; with `LLMROUTE_REAL=1` they fail.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use serde_json::{Value, json};

use crate::support::raw::{Raw, Request, reply};
use crate::support::{End, Output, Profile, Run};

const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "FwoGZXIvYXdzEXAMPLE+token/that=is=quite=long";

/// The Python with botocore; `None` if it is not installed and not required.
#[expect(clippy::disallowed_methods, reason = "a test has no other way to be told what must be there")]
fn judge() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/aws-judge/venv/bin/python");
    let there = Command::new(&python).args(["-c", "import botocore"]).stderr(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    assert!(
        there || std::env::var("LLMROUTE_REAL").as_deref() != Ok("1"),
        "LLMROUTE_REAL=1, but there is no botocore; hint: scripts/aws-judge"
    );
    if !there {
        // Written past the test harness, which hides the output of passing tests.
        let line = "skipped: no botocore to judge signatures and streams (get it with `scripts/aws-judge`)\n";
        SAID.call_once(|| std::io::stderr().write_all(line.as_bytes()).expect("stderr can be written to"));
    }
    there.then_some(python)
}

/// The answer of botocore.
fn says(python: &Path, what: &str, asked: &Value) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/aws-judge.py");
    let mut child = Command::new(python)
        .arg(script)
        .arg(what)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was there a moment ago");
    child.stdin.take().expect("it is piped").write_all(asked.to_string().as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "botocore refuses: its complaint is above");
    String::from_utf8(output.stdout).expect("it prints text").trim().to_owned()
}

/// `ask` of `model` at a server that answers with `body`: what was sent, and what came of it.
fn asked(model: &str, token: Option<&str>, prompt: &str, body: &[u8]) -> (String, Request, Output) {
    let server = Raw::start(vec![reply("200 OK", &[("content-type", "application/vnd.amazon.eventstream")], body)]);
    let url = server.url().to_owned();
    let text = Profile::new()
        .provider_with("aws", "bedrock", &url, "aws:work")
        .deployment(&format!("aws/{model}"), ", headers = { x-team = \"a  b\" }")
        .text();
    let run = Run::with(&text);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let keys = folder.path().join("credentials");
    let token = token.map(|token| format!("aws_session_token = {token}\n")).unwrap_or_default();
    let lines = format!("[work]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n{token}");
    std::fs::write(&keys, lines).expect("it can be written");
    let keys = keys.to_str().expect("the path is text");
    let run = run.env("AWS_SHARED_CREDENTIALS_FILE", keys).env("AWS_REGION", "eu-central-1");
    let output = run.args(["ask", "--json", prompt]).output();
    let request = server.requests().remove(0);
    (url, request, output)
}

fn check(python: &Path, model: &str, token: Option<&str>, prompt: &str) {
    let body = include_bytes!("../fixtures/bedrock/converse-stream-text.bin");
    let (url, request, output) = asked(model, token, prompt, body);
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    let path = request.line.split(' ').nth(1).expect("the line has a path");
    // The client adds these after signing; the signer adds the others itself.
    let unsigned = ["accept-encoding", "authorization", "content-length", "host", "x-amz-date", "x-amz-security-token"];
    let headers: serde_json::Map<String, Value> = request
        .headers
        .iter()
        .filter(|(name, _)| !unsigned.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let same = json!({
        "url": format!("{url}{path}"), "headers": headers, "body": request.body, "time": request.header("x-amz-date"),
        "id": ID, "secret": SECRET, "token": token, "service": "bedrock", "region": "eu-central-1",
    });
    assert_eq!(request.header("authorization"), says(python, "sign", &same), "{model}");
}

#[test]
fn signatures_equal_botocores() {
    let Some(python) = judge() else { return };
    check(&python, "us.amazon.nova-micro-v1:0", None, "hi");
    check(&python, "us.amazon.nova-micro-v1:0", Some(TOKEN), "grüße \"and\" more");
    let arn = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/a1b2c3";
    check(&python, arn, Some(TOKEN), "hi");
}

#[test]
fn event_streams_decode_as_in_botocore() {
    let Some(python) = judge() else { return };
    let delta = |block: u64, delta: Value| json!(["contentBlockDelta", {"contentBlockIndex": block, "delta": delta}]);
    let stop = |block: u64| json!(["contentBlockStop", {"contentBlockIndex": block}]);
    let start = json!({"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t1", "name": "f"}}});
    let events = json!([
        ["messageStart", {"role": "assistant"}],
        delta(0, json!({"reasoningContent": {"text": "I think"}})),
        stop(0),
        delta(1, json!({"text": "Grüße 🌍\n"})),
        delta(1, json!({"text": "and more"})),
        stop(1),
        ["contentBlockStart", start],
        delta(2, json!({"toolUse": {"input": "{\"city\": "}})),
        delta(2, json!({"toolUse": {"input": "\"Köln\"}"}})),
        stop(2),
        ["messageStop", {"stopReason": "tool_use"}],
        ["metadata", {
            "usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 20, "cacheReadInputTokens": 8},
            "metrics": {"latencyMs": 1},
        }],
    ]);
    let hex = says(&python, "stream", &events);
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("it is hex");
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    let (_, _, output) = asked("m", None, "hi", &bytes);
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    let answer: Value = serde_json::from_slice(&output.stdout).expect("stdout is one JSON object");
    assert_eq!((&answer["text"], &answer["reasoning"]), (&json!("Grüße 🌍\nand more"), &json!("I think")));
    assert_eq!(answer["finish_reason"], "tool_calls");
    let usage = &answer["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["cached_tokens"], &usage["output_tokens"]),
        (&json!(13), &json!(8), &json!(7))
    );
    let call = json!({"id": "t1", "name": "f", "arguments": "{\"city\": \"Köln\"}"});
    assert_eq!(answer["tool_calls"], json!([call]), "{answer}");
}
