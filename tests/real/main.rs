//! The program against a server that is not ours: llama.cpp with a real, small model.
//!
//! `scripts/real-server start` starts it. Without it these tests are skipped with a visible line; with `LLMROUTE_REAL=1` they fail.
//! A model of this size is fluent and often wrong: these tests check the shape of an answer, not its truth.

mod bedrock;
mod proxy;
#[path = "../it/support/mod.rs"]
mod support;

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Once};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use support::{End, Home, Output, Profile, Run, Server, Sink};

/// The time limit of a run: a loaded machine is slow to read a prompt.
const LIMIT: Duration = Duration::from_secs(120);
/// Five calls.
const LOOP_LIMIT: Duration = Duration::from_secs(300);
const PROMPT: &str = "Say hello to the reader in one short sentence.";
const FEW_TOKENS: [&str; 2] = ["--max-tokens", "24"];

/// The server's URL; `None` if it does not run and is not required.
#[expect(clippy::disallowed_methods, reason = "a test has no other way to be told where the server is")]
fn real_url() -> Option<String> {
    static SAID: Once = Once::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/real-server/url");
    let told = std::env::var("LLMROUTE_REAL_URL").ok().or_else(|| std::fs::read_to_string(file).ok());
    // The file can be older than the server.
    let url = told.map(|url| url.trim().to_owned()).filter(|url| listens(url));
    assert!(
        url.is_some() || std::env::var("LLMROUTE_REAL").as_deref() != Ok("1"),
        "LLMROUTE_REAL=1, but there is no server; hint: scripts/real-server start"
    );
    if url.is_none() {
        // Written past the test harness, which hides the output of passing tests.
        let line = "skipped: no real model is running (start one with `scripts/real-server start`)\n";
        SAID.call_once(|| std::io::stderr().write_all(line.as_bytes()).expect("stderr can be written to"));
    }
    url
}

fn listens(url: &str) -> bool {
    TcpStream::connect(url.trim_start_matches("http://")).is_ok()
}

fn ask(profile: &Profile) -> Run {
    Run::with(&profile.text()).env("LAB_KEY", "none").args(["ask"]).args(FEW_TOKENS).limit(LIMIT)
}

fn real(url: &str, protocol: &str) -> Profile {
    Profile::new().provider("real", protocol, &format!("{url}/v1")).deployment("real/smollm2", "")
}

/// Expects a complete answer: some text and a line end (the model may end its text with several).
fn answered(output: &Output) -> String {
    let text = output.text();
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    assert!(!text.trim().is_empty() && text.ends_with('\n'), "{text:?}");
    text
}

/// Expects an empty stderr, apart from the note about the token limit.
fn only_the_length_is_noted(output: &Output) {
    let notes = output.notes();
    assert!(notes.lines().all(|line| line.contains("token limit")), "{notes}");
}

/// The object of `--json`, checked for what every answer has.
fn check_json(output: &Output) -> Value {
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    let answer: Value = serde_json::from_slice(&output.stdout).expect("stdout is one JSON object");
    let count = |name: &str| answer["usage"][name].as_u64().unwrap_or(0);
    assert!(answer["text"].as_str().is_some_and(|text| !text.trim().is_empty()), "{answer}");
    assert!(count("input_tokens") > 0 && (1..=24).contains(&count("output_tokens")), "{answer}");
    assert!(["stop", "length"].contains(&answer["finish_reason"].as_str().unwrap_or("")), "{answer}");
    assert_eq!(answer["attempts"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(answer["priced"], false, "{answer}");
    answer
}

#[test]
fn chat_completions_answer() {
    let Some(url) = real_url() else { return };
    let output = ask(&real(&url, "openai")).args([PROMPT]).output();
    answered(&output);
    only_the_length_is_noted(&output);
    check_json(&ask(&real(&url, "openai")).args(["--json", PROMPT]).output());
}

#[test]
fn messages_answer() {
    let Some(url) = real_url() else { return };
    let output = ask(&real(&url, "anthropic")).args([PROMPT]).output();
    answered(&output);
    only_the_length_is_noted(&output);
    check_json(&ask(&real(&url, "anthropic")).args(["--json", PROMPT]).output());
}

#[test]
fn responses_answer() {
    let Some(url) = real_url() else { return };
    let output = ask(&real(&url, "openai-responses")).args([PROMPT]).output();
    answered(&output);
    only_the_length_is_noted(&output);
    let answer = check_json(&ask(&real(&url, "openai-responses")).args(["--json", PROMPT]).output());
    assert!(answer["attempts"][0]["outcome"] == "ok", "{answer}");
}

#[test]
fn a_terminal_and_unstreamed_output_get_the_answer() {
    let Some(url) = real_url() else { return };
    answered(&ask(&real(&url, "openai")).args([PROMPT]).sink(Sink::Terminal).output());
    answered(&ask(&real(&url, "openai")).args(["-S", PROMPT]).output());
}

#[test]
fn a_group_mixes_both_protocols() {
    let Some(url) = real_url() else { return };
    let dead = Server::start();
    let profile = Profile::new()
        .provider("dead", "openai", &format!("{}/v1", dead.url()))
        .provider("real", "anthropic", &format!("{url}/v1"))
        .deployment("dead/503", "")
        .deployment("real/smollm2", "");
    let output = ask(&profile).args([PROMPT]).output();
    answered(&output);
    assert!(output.notes().contains("dead/503") && output.notes().contains("real/smollm2"), "{}", output.notes());
    assert_eq!(dead.models(), ["503"]);
}

/// A dead deployment first, the real one second, in a home with a shared state.
fn dead_then_real(url: &str) -> (Server, Arc<Home>) {
    // It reads the request and closes the connection: dead, but it counts calls.
    let dead = Server::start();
    let profile = Profile::new()
        .provider("dead", "openai", &format!("{}/v1", dead.url()))
        .provider("real", "openai", &format!("{url}/v1"))
        .deployment("dead/hang-up", "")
        .deployment("real/smollm2", "");
    (dead, Arc::new(Home::with(&profile.text())))
}

fn shell(home: &Arc<Home>, script: &str) -> Run {
    Run::at(home).program("/bin/sh").args(["-c", script]).env("LAB_KEY", "none").env("ASK", PROMPT).limit(LOOP_LIMIT)
}

#[test]
fn a_shell_loop_learns_that_a_deployment_is_dead() {
    let Some(url) = real_url() else { return };
    let (dead, home) = dead_then_real(&url);
    let script = r#"for i in 1 2 3 4 5; do "$LLMROUTE" ask --max-tokens 24 -S "$ASK" > "answer.$i" || exit; done
for i in 1 2 3 4 5; do wc -c < "answer.$i"; done"#;
    let output = shell(&home, script).output();
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    let sizes: Vec<u64> =
        output.text().lines().map(|line| line.trim().parse().expect("`wc` prints a number")).collect();
    assert_eq!(sizes.len(), 5, "{}", output.text());
    for (i, size) in (1..).zip(sizes) {
        let answer = std::fs::read_to_string(home.path().join(format!("answer.{i}"))).expect("it was written");
        assert!(answer.trim().len() > 3 && answer.len() as u64 == size, "answer {i}: {answer:?}");
    }
    assert_eq!(dead.count("hang-up"), 1, "the next processes know");
    let notes = output.notes();
    assert_eq!(notes.lines().filter(|line| line.contains("dead/hang-up")).count(), 5, "{notes}");
}

#[test]
fn a_pipe_gets_exactly_the_answer() {
    let Some(url) = real_url() else { return };
    let (_dead, home) = dead_then_real(&url);
    // The log keeps the answer: `wc` behind a pipe must count exactly its bytes.
    let script = r#""$LLMROUTE" ask --max-tokens 24 "$ASK" | wc -c; "$LLMROUTE" logs last --text | wc -c"#;
    let output = shell(&home, script).output();
    let text = output.text();
    let counts: Vec<_> = text.lines().map(str::trim).collect();
    assert!(counts.len() == 2 && counts[0] == counts[1] && counts[0] != "0", "{text}{}", output.notes());
}

#[test]
fn ctrl_c_ends_the_whole_loop() {
    let Some(url) = real_url() else { return };
    let (_dead, home) = dead_then_real(&url);
    let script = r#"for i in 1 2 3 4 5; do echo "call $i"; "$LLMROUTE" ask --max-tokens 2000 "$ASK"; done; echo after"#;
    let running = shell(&home, script).start();
    running.wait_for_stderr("dead/hang-up");
    running.signal(Signal::SIGINT);
    let output = running.within(Duration::from_secs(5)).output();
    assert_eq!(output.end, End::Signal(Signal::SIGINT), "{}", output.notes());
    let text = output.text();
    assert!(text.starts_with("call 1\n") && !text.contains("call 2") && !text.contains("after"), "{text}");
}

#[test]
fn health_finds_a_real_server_and_its_first_token() {
    let Some(url) = real_url() else { return };
    // The model's first prompt can take longer than a probe usually may.
    let health = |args: &[&str]| {
        let run = Run::with(&real(&url, "openai").text()).env("LAB_KEY", "none").args(["health", "--json"]);
        let output = run.args(args.iter().copied()).limit(LIMIT).output();
        assert_eq!(output.end, End::Code(0), "{}", output.notes());
        serde_json::from_slice::<Value>(&output.stdout).expect("stdout is one JSON object")["deployments"][0].take()
    };
    let free = health(&[]);
    // It accepts any key, so its model list validates none.
    assert_eq!((&free["state"], &free["authorised"]), (&"unknown".into(), &Value::Null), "{free}");
    assert!(free["reachable"]["tcp_ms"].is_number() && free["listed"].is_boolean(), "{free}");
    let live = health(&["--live", "--timeout=100s"]);
    assert_eq!((&live["state"], &live["authorised"]), (&"ok".into(), &true.into()), "{live}");
    assert!(live["live"]["ttft_ms"].as_f64().is_some_and(|ttft| ttft > 0.0), "{live}");
}

#[test]
fn a_conversation_continues() {
    let Some(url) = real_url() else { return };
    let home = Arc::new(Home::with(&real(&url, "openai").text()));
    let chat = |args: &[&str], lines: &str| {
        let input = support::Input::Bytes(lines.into());
        Run::at(&home)
            .env("LAB_KEY", "none")
            .args(["chat", "-o", "max_tokens=24"])
            .args(args.to_vec())
            .input(input)
            .limit(LIMIT)
    };
    let first = chat(&[], &format!("{PROMPT}\nSay it again in other words.\n")).output();
    answered(&first);
    let again = chat(&["--resume"], "And once more.\n/history\n").output();
    let text = answered(&again);
    assert!(text.contains("  1  > Say hello") && text.contains("  3  > And once more."), "{text}");
}
