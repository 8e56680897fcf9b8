//! `ask -a` and images on standard input: what is sent, what is refused, and which deployments are skipped.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{ANSWER, Home, Input, KEY, Profile, Run, Server};

/// An image of one pixel, up to its first chunk.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3";

/// A home with test files, whose group has `models` of the provider `name`.
fn home(name: &str, protocol: &str, server: &Server, models: &[&str]) -> Arc<Home> {
    let profile = Profile::new().provider(name, protocol, &server.url());
    let profile = models.iter().fold(profile, |profile, model| profile.deployment(&format!("{name}/{model}"), ""));
    let home = Home::with(&profile.text());
    // Misleading names: the content decides.
    home.write("png.txt", PNG);
    home.write("jpeg.png", JPEG);
    home.write("paper", PDF);
    home.write("notes.png", "plain text");
    Arc::new(home)
}

fn run<'a>(home: &Arc<Home>, args: impl IntoIterator<Item = &'a str>) -> Run {
    Run::at(home).env("LAB_KEY", KEY).args(["ask"]).args(args)
}

/// `ask ARGS` with `input` sends `want` as the content of the message.
#[track_caller]
fn check(name: &str, protocol: &str, args: &[&str], input: Input, want: &Value) {
    let server = Server::start();
    let home = home(name, protocol, &server, &["good"]);
    run(&home, args.iter().copied()).input(input).output().is(0, &format!("{ANSWER}\n"), "");
    assert_eq!(server.calls()[0].json()["messages"][0]["content"], *want);
}

/// `ask ARGS` calls no deployment and ends with `code` and `stderr`.
#[track_caller]
fn refused(name: &str, models: &[&str], args: &[&str], code: i32, stderr: &str) {
    let server = Server::start().may_be_idle();
    let protocol = if name == "anthropic" { "anthropic" } else { "openai" };
    run(&home(name, protocol, &server, models), args.iter().copied()).output().is(code, "", stderr);
    assert!(server.calls().is_empty());
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn image_url(url: String) -> Value {
    json!({"type": "image_url", "image_url": {"url": url}})
}

#[test]
fn the_media_type_comes_from_the_first_bytes() {
    let want = json!([
        image_url(format!("data:image/png;base64,{}", base64(PNG))),
        image_url(format!("data:image/jpeg;base64,{}", base64(JPEG))),
        {"type": "text", "text": "what?"},
    ]);
    check("lab", "openai", &["what?", "-a", "png.txt", "--attachment", "jpeg.png"], Input::Null, &want);
    let block = |kind: &str, bytes| json!({"type": "image", "source": {"type": "base64", "media_type": kind, "data": base64(bytes)}});
    let want = json!([block("image/png", PNG), block("image/jpeg", JPEG), {"type": "text", "text": "what?"}]);
    check("lab", "anthropic", &["what?", "-a", "png.txt", "-a", "jpeg.png"], Input::Null, &want);
}

#[test]
fn documents_go_to_deployments_that_accept_them() {
    let want = json!([
        {"type": "file", "file": {"filename": "paper", "file_data": format!("data:application/pdf;base64,{}", base64(PDF))}},
        {"type": "text", "text": "sum up"},
    ]);
    check("openai", "openai", &["sum up", "-a", "paper"], Input::Null, &want);
    let want = json!([
        {"type": "document", "title": "paper",
            "source": {"type": "base64", "media_type": "application/pdf", "data": base64(PDF)}},
        {"type": "text", "text": "sum up"},
    ]);
    check("anthropic", "anthropic", &["sum up", "-a", "paper"], Input::Null, &want);
}

#[test]
fn a_url_is_passed_on_and_not_fetched() {
    let url = "https://nonexistent.invalid/a.png?x=1";
    let want = json!([image_url(url.to_owned()), {"type": "text", "text": "what?"}]);
    check("lab", "openai", &["what?", "-a", url], Input::Null, &want);
    let want = json!([
        {"type": "document", "title": "b.pdf", "source": {"type": "url", "url": "https://nonexistent.invalid/b.pdf"}},
        {"type": "text", "text": "what?"},
    ]);
    check("anthropic", "anthropic", &["what?", "-a", "https://nonexistent.invalid/b.pdf"], Input::Null, &want);
}

#[test]
fn an_image_on_standard_input_is_attached() {
    let image = image_url(format!("data:image/png;base64,{}", base64(PNG)));
    let want = json!([image, {"type": "text", "text": "what?"}]);
    check("lab", "openai", &["what?"], Input::Bytes(PNG.to_vec()), &want);
    check("lab", "openai", &["what?", "-a", "-"], Input::Bytes(PNG.to_vec()), &want);
    // An image alone is a prompt.
    check("lab", "openai", &[], Input::Bytes(PNG.to_vec()), &json!([image]));
    check("lab", "openai", &["--no-stdin", "-a", "png.txt"], Input::Idle, &json!([image]));
}

#[test]
fn an_unusable_attachment_is_an_error_that_names_it() {
    let wrong = |args: &[&str], code, stderr: &str| refused("lab", &["good"], args, code, stderr);
    let unknown = "error: cannot attach `notes.png`: it is neither PNG, JPEG, GIF, WebP nor PDF\n\
        hint: `-f` puts the text of a file before the prompt\n";
    wrong(&["what?", "-a", "notes.png"], 66, unknown);
    wrong(&["what?", "-a", "missing.png"], 66, "error: cannot read `missing.png`: no such file or directory\n");
    let no_text = "error: cannot read `png.txt`: not UTF-8 at byte 0\nhint: `-a` attaches images and PDF files\n";
    wrong(&["what?", "-f", "png.txt"], 66, no_text);
    let forbidden = "error: `-a -` reads standard input, and `--no-stdin` forbids it\n";
    wrong(&["what?", "-a", "-", "--no-stdin"], 2, forbidden);
    wrong(&["-", "-a", "-"], 2, "error: standard input cannot be the prompt and an attachment\n");
}

#[test]
fn a_deployment_without_vision_is_skipped_with_the_reason() {
    let skipped = |name: &str, what: &str| {
        format!(
            "llmroute: {name} skipped (unsupported: it does not take {what})\n\
             error: no deployment of `main` is available\n  {name}: unsupported: it does not take {what}\n"
        )
    };
    refused(
        "cerebras",
        &["gpt-oss-120b"],
        &["what?", "-a", "png.txt"],
        65,
        &skipped("cerebras/gpt-oss-120b", "images"),
    );
    refused("lab", &["good"], &["sum up", "-a", "paper"], 65, &skipped("lab/good", "PDF files"));
    let server = Server::start();
    let profile = Profile::new()
        .provider("lab", "openai", &server.url())
        .provider("anthropic", "anthropic", &server.url())
        .deployment("lab/other", "")
        .deployment("anthropic/good", "");
    let home = Home::with(&profile.text());
    home.write("paper", PDF);
    let stderr = "llmroute: lab/other skipped (unsupported: it does not take PDF files)\n";
    run(&Arc::new(home), ["sum up", "-a", "paper"]).output().is(0, &format!("{ANSWER}\n"), stderr);
    assert_eq!(server.models(), ["good"]);
}

#[test]
fn an_attachment_that_is_too_large_or_a_url_is_not_sent_where_it_is_refused() {
    let server = Server::start().may_be_idle();
    let home = home("anthropic", "anthropic", &server, &["good"]);
    home.write("large.png", [PNG, &vec![0; 4 << 20]].concat());
    let stderr = "error: no deployment of `main` could answer\n  anthropic/good: unsupported: \
        `good` takes images of at most 3.9 MB, and this one has 4.1 MB\n";
    run(&home, ["what?", "-a", "large.png"]).output().is(65, "", stderr);
    assert!(server.calls().is_empty());
    let stderr = "error: no deployment of `main` could answer\n  openai/good: unsupported: \
        `good` does not fetch PDF files from an address; download it and attach the file\n";
    refused("openai", &["good"], &["sum up", "-a", "https://h.invalid/a.pdf"], 65, stderr);
}

#[test]
fn the_log_names_attachments_without_their_content() {
    let server = Server::start();
    let home = home("lab", "openai", &server, &["good"]);
    run(&home, ["what?", "-a", "png.txt", "-a", "https://h.invalid/b.png?key=1"]).output().is(
        0,
        &format!("{ANSWER}\n"),
        "",
    );
    let shown = Run::at(&home).args(["logs", "last"]).output().text();
    let hash = "sha-256 02a3e298f1533f62558c58e4c70edcab9af5a50d62d925fd5390942020fb0fb8";
    assert!(shown.contains("[attached: png.txt (image/png, 16 bytes, ") && shown.contains(hash), "{shown}");
    assert!(shown.contains("[attached: https://h.invalid/b.png (image/png)]"), "{shown}");
    assert!(!shown.contains(&base64(PNG)) && !shown.contains("key=1"), "{shown}");
}

#[test]
fn an_image_counts_towards_the_prompt_tokens() {
    let server = Server::start().may_be_idle();
    let profile =
        Profile::new().provider("lab", "openai", &server.url()).deployment("lab/good", ", context_window = 300");
    let home = Home::with(&profile.text());
    home.write("png.txt", PNG);
    let output = run(&Arc::new(home), ["what?", "-a", "png.txt"]).output();
    assert!(output.notes().contains("context_window"), "{}", output.notes());
    assert!(server.calls().is_empty());
}

#[test]
fn a_dry_run_shows_attachments_without_their_bytes() {
    let server = Server::start().may_be_idle();
    let output = run(&home("lab", "openai", &server, &["good"]), ["what?", "-a", "png.txt", "--dry-run"]).output();
    let text = output.text();
    let body = text.lines().find_map(|line| serde_json::from_str::<Value>(line.trim()).ok()).expect("a body in JSON");
    let shown = image_url("data:image/png;base64,[16 bytes of image/png]".to_owned());
    assert_eq!(body["messages"][0]["content"][0], shown);
    assert!(!text.contains(&base64(PNG)));
}
