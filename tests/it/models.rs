//! `llmroute models`, `models refresh` and `providers` through the program.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use crate::support::{End, Home, Output, Profile, Run, Sink};

fn run<const N: usize>(home: &Arc<Home>, args: [&str; N]) -> Output {
    Run::at(home).args(args).output()
}

/// Runs `args` in `home`, which must succeed; returns stdout and stderr.
#[track_caller]
fn check<const N: usize>(home: &Arc<Home>, args: [&str; N], words: &[&str]) -> String {
    let output = run(home, args);
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    let text = output.text() + &output.notes();
    words.iter().for_each(|word| assert!(text.contains(word), "no `{word}` in {text}"));
    text
}

/// A server that answers one request with `body`.
fn serve(body: String) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}/api.json", listener.local_addr().expect("it is bound"));
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody calls");
        let _ = stream.read(&mut [0; 4096]).expect("it asks");
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).expect("it listens");
        stream.write_all(body.as_bytes()).expect("it listens");
    });
    (url, server)
}

/// A model list with a model that the built-in table lacks, a new price for a known one, and others.
fn list() -> Value {
    let mut models: serde_json::Map<String, Value> =
        (0..60).map(|n| (format!("filler-{n}"), json!({"limit": {"context": 1000}}))).collect();
    models.insert("brand-new".into(), json!({"cost": {"input": 7, "output": 8}, "limit": {"context": 5_000_000}}));
    models.insert("gpt-4o".into(), json!({"cost": {"input": 3.5, "output": 11}, "limit": {"context": 128_000}}));
    json!({"openai": {"id": "openai", "models": models}})
}

fn refresh(home: &Arc<Home>, body: String) -> Output {
    let (url, server) = serve(body);
    let output = Run::at(home).env("LLMROUTE_MODELS_URL", &url).args(["models", "refresh"]).output();
    server.join().expect("it answered");
    output
}

#[test]
fn models_are_listed_with_price_limits_and_source() {
    let home = Arc::new(Home::new());
    let text = check(&home, ["models", "anthropic", "--search", "sonnet-4-5"], &["MODEL", "CONTEXT", "SOURCE"]);
    assert!(text.contains("anthropic/claude-sonnet-4-5 ") && text.contains("builtin 2026-"), "{text}");
    assert!(!text.contains("openai/"), "{text}");
    let line = check(&home, ["models", "--json", "--search", "ANTHROPIC/claude-sonnet-4-5"], &[]);
    let first: Value = serde_json::from_str(line.lines().next().expect("a line")).expect("it is JSON");
    assert_eq!((&first["price"]["input"], &first["context_window"]), (&json!(3.0), &json!(200_000)));
}

#[test]
fn a_narrow_terminal_gets_names_and_prices() {
    let home = Arc::new(Home::new());
    let output = Run::at(&home).sink(Sink::Terminal).args(["models", "openai", "--search", "gpt-4o-mini"]).output();
    assert_eq!(output.end, End::Code(0));
    let text = output.text();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("gpt-4o-mini") && text.contains("0.15"), "{text}");
}

#[test]
fn an_unknown_provider_gets_a_suggestion() {
    let home = Arc::new(Home::new());
    let output = run(&home, ["models", "opnai"]);
    assert_eq!(output.end, End::Code(2));
    assert!(output.notes().contains("hint: did you mean `openai`?"), "{}", output.notes());
    let output = run(&home, ["models", "openai/gpt-4o"]);
    assert!(output.notes().contains("--search"), "{}", output.notes());
}

#[test]
fn model_data_in_the_profile_is_listed() {
    let more = ", input_cost_per_token = 0.000001, output_cost_per_token = 0.000002, context_window = 4096";
    let profile = Profile::new().provider("lab", "openai", "http://127.0.0.1:9/v1").deployment("lab/tiny", more);
    let home = Arc::new(Home::with(&profile.text()));
    let text = check(&home, ["models", "lab"], &["lab/tiny", "4k", "profile"]);
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn a_refreshed_table_is_used_and_named() {
    let home = Arc::new(Home::new());
    let output = refresh(&home, list().to_string());
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    assert!(output.notes().contains("62 models from 127.0.0.1"), "{}", output.notes());
    check(&home, ["models", "openai", "--search", "brand-new"], &["brand-new", "7", "5M", "models.dev 2"]);
    check(&home, ["models", "openai", "--search", "gpt-4o"], &["3.5"]);
    check(&home, ["models", "anthropic", "--search", "sonnet"], &["builtin 2026-"]);
}

#[test]
fn a_bad_download_keeps_the_old_table() {
    let home = Arc::new(Home::new());
    refresh(&home, list().to_string());
    for wrong in ["<html>", "{}", "{\"openai\": {\"models\": {}}}"] {
        let output = refresh(&home, wrong.to_owned());
        assert_eq!(output.end, End::Code(1));
        assert!(output.notes().contains("is not kept"), "{}", output.notes());
        check(&home, ["models", "--search", "brand-new"], &["brand-new"]);
    }
    let files = std::fs::read_dir(home.path().join(".cache/llmroute")).expect("it is there").count();
    assert_eq!(files, 1, "nothing half written is left");
}

#[test]
fn an_unsafe_url_is_refused() {
    let home = Arc::new(Home::new());
    for (url, end) in [("http://192.0.2.1/api.json", 1), ("nonsense", 2)] {
        let output = Run::at(&home).env("LLMROUTE_MODELS_URL", url).args(["models", "refresh"]).output();
        assert_eq!(output.end, End::Code(end), "{}", output.notes());
    }
    assert!(!home.path().join(".cache/llmroute").exists());
}

#[test]
fn a_broken_cache_is_one_warning() {
    let home = Arc::new(Home::new());
    home.write(".cache/llmroute/models.tsv", "garbage");
    let text = check(&home, ["models", "openai", "--search", "gpt-4o-mini"], &["gpt-4o-mini"]);
    assert_eq!(text.matches("warning:").count(), 1, "{text}");
    let output = run(&home, ["-p", "demo", "ask", "why?"]);
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    assert!(!output.text().is_empty() && output.notes().matches("warning:").count() == 1, "{}", output.notes());
}

#[test]
fn providers_show_the_source_of_a_key_and_never_the_key() {
    let home = Arc::new(Home::new());
    let output =
        Run::at(&home).env("CLAUDE_API_KEY", "sk-test-secret").env("OPENAI_API_KEY", "").args(["providers"]).output();
    let text = output.text();
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    let line = |name: &str| text.lines().find(|line| line.starts_with(&format!("{name} "))).expect("it is listed");
    assert!(line("anthropic").contains("env:CLAUDE_API_KEY"), "{text}");
    assert!(line("openai").contains("OPENAI_API_KEY is not set"), "{text}");
    assert!(!text.contains("sk-test"), "{text}");
    let json = check(&home, ["providers", "--json"], &[]);
    let objects: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    let openai = objects.iter().find(|object| object["provider"] == "openai").expect("it is listed");
    assert_eq!((&openai["status"], &openai["in_profile"]), (&json!("no_key"), &json!(false)));
    assert_eq!(openai["keys"], json!([{"source": "env:OPENAI_API_KEY", "missing": "OPENAI_API_KEY is not set"}]));
}
