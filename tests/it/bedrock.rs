//! Bedrock end to end over loopback: signed requests, binary event streams, and keys that never appear in output.

use std::sync::Arc;

use crate::support::raw::{Raw, reply};
use crate::support::{End, Home, Profile, Run};

const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "FwoGZXIvYXdzEXAMPLEtokenthatisquitelong";
const STREAM: &[u8] = include_bytes!("../fixtures/bedrock/converse-stream-text.bin");
const BAD: &[u8] = include_bytes!("../fixtures/bedrock/converse-stream-bad-crc.bin");
const MODEL: &str = "aws/us.amazon.nova-micro-v1:0";
const EVENTS: &[(&str, &str)] = &[("content-type", "application/vnd.amazon.eventstream")];

fn profile(url: &str, key: &str) -> String {
    Profile::new().provider_with("aws", "bedrock", url, key).deployment(MODEL, "").text()
}

/// A home with AWS configuration files.
fn home(url: &str, key: &str) -> Arc<Home> {
    let home = Home::with(&profile(url, key));
    std::fs::create_dir_all(home.path().join(".aws")).expect("the home can be written to");
    home.write(".aws/config", "[profile work]\nregion = eu-west-1\n");
    let keys = format!("[work]\naws_access_key_id={ID}\naws_secret_access_key={SECRET}\naws_session_token={TOKEN}\n");
    home.write(".aws/credentials", keys);
    Arc::new(home)
}

fn ask(home: &Arc<Home>, args: &[&str]) -> Run {
    Run::at(home).args(["ask"]).args(args.iter().copied())
}

fn is_clean(text: &str) {
    for secret in [ID, SECRET, TOKEN] {
        assert!(!text.contains(secret) && !text.contains(&secret[..12]), "{text}");
    }
}

#[test]
fn a_signed_request_gets_an_answer() {
    let server = Raw::start(vec![reply("200 OK", EVENTS, STREAM)]);
    let output = ask(&home(server.url(), "aws:work"), &["hi"]).output();
    output.is(0, "The current temperature in Paris, the capital of France, is 30°C.\n", "");
    let request = &server.requests()[0];
    assert_eq!(request.line, "POST /model/us.amazon.nova-micro-v1%3A0/converse-stream HTTP/1.1");
    let signature = request.header("authorization");
    assert!(signature.starts_with(&format!("AWS4-HMAC-SHA256 Credential={ID}/")), "{signature}");
    assert!(signature.contains("/eu-west-1/bedrock/aws4_request"), "{signature}");
    let signed = "SignedHeaders=accept;content-type;host;x-amz-date;x-amz-security-token, ";
    assert!(signature.contains(signed), "{signature}");
    assert_eq!(request.header("x-amz-security-token"), TOKEN);
    assert_eq!(request.body, r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#);
}

#[test]
fn a_bearer_key_is_sent_unchanged() {
    let server = Raw::start(vec![reply("200 OK", EVENTS, STREAM)]);
    let output = ask(&home(server.url(), "env:LAB_KEY"), &["hi"]).env("LAB_KEY", "bedrock-key-1").output();
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    assert_eq!(server.requests()[0].header("authorization"), "Bearer bedrock-key-1");
}

#[test]
fn a_corrupt_frame_is_never_an_answer() {
    let server = Raw::start(vec![reply("200 OK", EVENTS, BAD)]);
    let output = ask(&home(server.url(), "aws:work"), &["-S", "hi"]).output();
    assert_eq!((output.end, output.text().as_str()), (69.into(), ""));
    assert!(output.notes().contains("malformed"), "{}", output.notes());
}

#[test]
fn keys_echoed_by_the_server_never_appear() {
    let canonical = format!("POST\\n/model\\nx-amz-security-token:{TOKEN}\\n{ID} {SECRET}");
    let body = format!(
        "{{\"message\":\"The request signature does not match. The Canonical String should be '{canonical}'\"}}"
    );
    let name = [("x-amzn-errortype", "InvalidSignatureException:http://x/")];
    let refused = || reply("403 Forbidden", &name, body.as_bytes());
    let server = Raw::start(vec![refused(), refused()]);
    let home = home(server.url(), "aws:work");
    let run = ask(&home, &["--json", "hi"]).output();
    assert_eq!(run.end, 77.into(), "{}", run.notes());
    let again = ask(&home, &["hi"]).output();
    let logs = Run::at(&home).args(["logs", "last", "--json"]).output();
    let said = [run.text(), run.notes(), again.notes(), logs.text()].concat();
    assert!(said.contains("[redacted]") && said.contains("signature does not match"), "{said}");
    is_clean(&said);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_dry_run_and_the_profile_show_no_key() {
    let home = home("http://127.0.0.1:9", "aws:work");
    let output = ask(&home, &["--dry-run", "hi"]).output();
    let text = output.text();
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    assert!(text.contains("authorization: [redacted]") && text.contains("x-amz-date: "), "{text}");
    is_clean(&text);
    let shown = Run::at(&home).args(["profile", "show"]).output().text();
    assert!(shown.contains("api_key = \"aws:work\"") && shown.contains("region = \"eu-west-1\""), "{shown}");
    is_clean(&shown);
}

#[test]
fn a_region_is_required_only_for_signed_requests() {
    let said = |profile: &str| {
        let output = Run::with(profile).args(["ask", "--dry-run", "hi"]).output();
        assert_eq!(output.end, End::Code(78));
        output.notes()
    };
    assert!(said(&profile("http://127.0.0.1:9", "aws:work")).contains("no region to sign requests for"));
    let other = profile("http://127.0.0.1:9", "k").replace("\"bedrock\"", "\"openai\"\nregion = \"x\"");
    assert!(said(&other).contains("`region` is for providers whose address contains a region"));
}

#[test]
fn the_service_endpoint_follows_from_the_region() {
    let text = "version = 1\n[providers.tokyo]\nprotocol = \"bedrock\"\nregion = \"ap-northeast-1\"\n\
        [groups.main]\ndeployments = [{ model = \"tokyo/m\" }]\n";
    let output = Run::with(text).env("AWS_BEARER_TOKEN_BEDROCK", "k").args(["ask", "--dry-run", "hi"]).output();
    let said = output.text() + &output.notes();
    assert!(
        said.contains("POST https://bedrock-runtime.ap-northeast-1.amazonaws.com/model/m/converse-stream"),
        "{said}"
    );
}

/// The end and what was said of `ask` with `vars`, for a profile of one deployment of the catalog's provider.
fn check(vars: &[(&str, &str)], end: i32, says: &str) {
    let text = format!(
        "version = 1\n[groups.main]\ndeployments = [{{ model = \"{}\" }}]\n",
        MODEL.replacen("aws", "bedrock", 1)
    );
    let run = vars.iter().fold(Run::with(&text), |run, (name, value)| run.env(name, value));
    let output = run.args(["ask", "--dry-run", "hi"]).output();
    let said = output.text() + &output.notes();
    assert_eq!(output.end, End::Code(end), "{said}");
    assert!(said.contains(says), "{said}");
}

#[test]
fn the_region_and_keys_come_from_the_places_that_aws_tools_use() {
    let keys = [("AWS_ACCESS_KEY_ID", ID), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let region = ("AWS_REGION", "ap-northeast-1");
    check(&[keys[0], keys[1], region], 0, "POST https://bedrock-runtime.ap-northeast-1.amazonaws.com/model/");
    check(&[keys[0], keys[1]], 78, "no region is known for `bedrock`");
    check(&[keys[0], keys[1], ("AWS_REGION", "x.evil.example/")], 78, "no region is known for `bedrock`");
    check(&[region], 0, "no AWS keys: AWS_ACCESS_KEY_ID is not set, and there is no profile `default`");
    check(&[region, ("AWS_BEARER_TOKEN_BEDROCK", "k")], 0, "authorization: [redacted]");
    check(
        &[region, keys[0], keys[1], ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9")],
        0,
        "POST http://127.0.0.1:9/model/",
    );
}
