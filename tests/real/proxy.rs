//! The program against LiteLLM's proxy, which gives configured answers in several protocols.
//!
//! `scripts/real-proxy start` starts it. Without it these tests are skipped with a visible line; with `LLMROUTE_REAL=1` they fail.
//! Another protocol is one more row in [`PROTOCOLS`].

use std::io::Write as _;
use std::path::Path;
use std::sync::Once;

use serde_json::Value;

use crate::support::{End, Output, Profile, Run};
use crate::{LIMIT, listens};

/// The key of `scripts/real-proxy`.
const KEY: &str = "sk-canned-answers-for-tests-0123456789-0123456789";
/// The answer of its model `canned`.
const ANSWER: &str = "a canned answer from the proxy";
/// The protocols, and the version segment that the proxy has them under. It cannot stream canned answers of
/// Responses: 500, "Error processing stream start".
const PROTOCOLS: [(&str, &str); 3] = [("gemini", "v1beta"), ("openai", "v1"), ("anthropic", "v1")];

/// The proxy's URL; `None` if it does not run and is not required.
#[expect(clippy::disallowed_methods, reason = "a test has no other way to be told where the server is")]
fn proxy_url() -> Option<String> {
    static SAID: Once = Once::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/real-proxy/url");
    let told = std::env::var("LLMROUTE_PROXY_URL").ok().or_else(|| std::fs::read_to_string(file).ok());
    let url = told.map(|url| url.trim().to_owned()).filter(|url| listens(url));
    assert!(
        url.is_some() || std::env::var("LLMROUTE_REAL").as_deref() != Ok("1"),
        "LLMROUTE_REAL=1, but there is no proxy; hint: scripts/real-proxy start"
    );
    if url.is_none() {
        let line = "skipped: no proxy is running (start one with `scripts/real-proxy start`)\n";
        SAID.call_once(|| std::io::stderr().write_all(line.as_bytes()).expect("stderr can be written to"));
    }
    url
}

/// Calls these models, in this order, in `protocol`.
fn ask(url: &str, (protocol, version): (&str, &str), models: &[&str], more: &[&str]) -> Output {
    let provider = Profile::new().provider("proxy", protocol, &format!("{url}/{version}"));
    let profile = models.iter().fold(provider, |profile, model| profile.deployment(&format!("proxy/{model}"), ""));
    let run = Run::with(&profile.text()).env("LAB_KEY", KEY).args(["ask", "--max-tokens", "24"]);
    run.args(more.iter().copied()).args(["Say something."]).limit(LIMIT).output()
}

#[test]
fn every_protocol_answers() {
    let Some(url) = proxy_url() else { return };
    for protocol in PROTOCOLS {
        let output = ask(&url, protocol, &["canned"], &[]);
        assert_eq!(output.end, End::Code(0), "{protocol:?}: {}", output.notes());
        assert_eq!(output.text(), format!("{ANSWER}\n"), "{protocol:?}");
        let output = ask(&url, protocol, &["canned"], &["--json"]);
        let answer: Value = serde_json::from_slice(&output.stdout).expect("stdout is one JSON object");
        assert_eq!((&answer["text"], &answer["finish_reason"]), (&ANSWER.into(), &"stop".into()), "{answer}");
    }
}

#[test]
fn a_rate_limit_is_recognised_in_every_protocol() {
    let Some(url) = proxy_url() else { return };
    for protocol in PROTOCOLS {
        let output = ask(&url, protocol, &["busy", "canned"], &[]);
        assert_eq!(output.end, End::Code(0), "{protocol:?}: {}", output.notes());
        assert_eq!(output.text(), format!("{ANSWER}\n"), "{protocol:?}");
        assert!(output.notes().contains("proxy/busy") && output.notes().contains("rate_limit"), "{}", output.notes());
    }
}
