//! `ask --continue` and `ask --cid`: the turns that are sent, and the errors when they cannot be.

use std::sync::Arc;

use serde_json::Value;

use crate::state::Place;
use crate::support::{ANSWER, Home, KEY, Profile, Run, Server};

/// A home in which `main` has `model` with the extra keys `more`, and `other` has another model.
fn home(server: &Server, model: &str, more: &str) -> Arc<Home> {
    let profile = Profile::new().provider("lab", "openai", &server.url()).deployment(&format!("lab/{model}"), more);
    Arc::new(Home::with(&profile.rest("[groups.other]\ndeployments = [{ model = \"lab/pings\" }]\n").text()))
}

fn run<'a>(home: &Arc<Home>, args: impl IntoIterator<Item = &'a str>) -> Run {
    Run::at(home).env("LAB_KEY", KEY).args(args)
}

/// Runs `ask ARGS`, which must succeed and print `notes` on stderr.
#[track_caller]
fn ask<'a>(home: &Arc<Home>, args: impl IntoIterator<Item = &'a str>, notes: &str) {
    run(home, ["ask"].into_iter().chain(args)).output().is(0, &format!("{ANSWER}\n"), notes);
}

/// The id of the newest request in the log, and the id of its conversation.
fn newest(home: &Arc<Home>) -> (String, String) {
    let text = run(home, ["logs", "last", "--json"]).output().text();
    let entry: Value = serde_json::from_str(&text).expect("JSON");
    let field = |name: &str| entry[name].as_str().expect("a text").to_owned();
    (field("id"), field("conversation_id"))
}

/// The messages of the last call of `server`, one a line: a letter for the role, then the text.
fn told(server: &Server) -> String {
    let call = server.calls().pop().expect("there was a call").json();
    let messages = call["messages"].as_array().expect("messages").clone();
    let line = |message: &Value| {
        let (role, text) = (message["role"].as_str().expect("a role"), message["content"].as_str().expect("text"));
        let text = if text == ANSWER { "ANSWER" } else { text };
        format!("{}: {text}\n", &role[..1])
    };
    messages.iter().map(line).collect()
}

#[test]
fn the_earlier_turns_are_sent_with_their_system_prompt() {
    let server = Server::start();
    let home = home(&server, "good", "");
    ask(&home, ["-s", "be brief", "one"], "");
    ask(&home, ["-c", "two"], "");
    ask(&home, ["--continue", "-s", "be long", "three"], "");
    ask(&home, ["-c", "four"], "");
    assert_eq!(told(&server), "s: be long\nu: one\na: ANSWER\nu: two\na: ANSWER\nu: three\na: ANSWER\nu: four\n");
}

#[test]
fn files_are_sent_again_unchanged() {
    let server = Server::start();
    let home = home(&server, "good", "");
    home.write("notes.txt", "the notes\n");
    ask(&home, ["-f", "notes.txt", "sum up"], "");
    home.write("notes.txt", "other notes\n");
    ask(&home, ["-c", "shorter"], "");
    assert_eq!(told(&server), "u: the notes\n\nsum up\na: ANSWER\nu: shorter\n");
}

#[test]
fn attachments_of_earlier_turns_are_described_by_kind() {
    let server = Server::start();
    let home = home(&server, "good", "");
    home.write("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    ask(&home, ["-a", "a.png", "what is it?"], "");
    ask(&home, ["-c", "sure?"], "");
    assert_eq!(told(&server), "u: what is it?\n[attached: image/png]\na: ANSWER\nu: sure?\n");
}

#[test]
fn a_conversation_is_found_by_part_of_its_id_or_of_a_turn() {
    let server = Server::start();
    let home = home(&server, "good", "");
    ask(&home, ["one"], "");
    let first = newest(&home).0;
    ask(&home, ["another"], "");
    ask(&home, ["--cid", &first, "two"], "");
    let (turn, conversation) = newest(&home);
    assert_eq!(conversation, first);
    ask(&home, ["--cid", &turn[turn.len() - 8..], "three"], "");
    assert_eq!(told(&server), "u: one\na: ANSWER\nu: two\na: ANSWER\nu: three\n");
}

#[test]
fn json_contains_the_conversation_id() {
    let server = Server::start();
    let home = home(&server, "good", "");
    let json = |args: &[&str]| -> Value {
        serde_json::from_str(&run(&home, [&["ask", "--json"], args].concat()).output().text()).expect("JSON")
    };
    let first = json(&["one"]);
    assert_eq!(first["conversation_id"], first["id"]);
    assert_eq!(json(&["-c", "two"])["conversation_id"], first["id"]);
    assert_eq!(json(&["-n", "alone"])["conversation_id"], Value::Null);
}

#[test]
fn failed_turns_are_dropped_and_partial_ones_kept() {
    let server = Server::start();
    let home = home(&server, "good", "");
    ask(&home, ["one"], "");
    run(&home, ["ask", "-c", "-m", "lab/500", "--num-retries", "0", "two"]).output();
    run(&home, ["ask", "-c", "-m", "lab/cut-n", "--midstream", "fail", "three"]).output();
    ask(&home, ["-c", "-m", "main", "four"], "");
    let told = told(&server);
    assert!(told.starts_with("u: one\na: ANSWER\nu: three\na: ") && told.ends_with("\nu: four\n"), "{told}");
    assert_eq!(told.lines().count(), 5, "{told}");
}

#[test]
fn the_group_stays_until_another_is_named() {
    let server = Server::start();
    let home = home(&server, "good", "");
    ask(&home, ["-m", "other", "one"], "");
    ask(&home, ["-c", "two"], "");
    ask(&home, ["-c", "-m", "main", "three"], "");
    assert_eq!(server.models(), ["pings", "pings", "good"]);
}

#[test]
fn an_unlogged_turn_is_reported_as_forgotten() {
    let server = Server::start();
    let home = home(&server, "good", "");
    ask(&home, ["one"], "");
    ask(&home, ["-c", "-n", "two"], "llmroute: this turn is not logged, so the conversation will not contain it\n");
    ask(&home, ["-c", "three"], "");
    assert_eq!(told(&server), "u: one\na: ANSWER\nu: three\n");
}

#[test]
fn the_oldest_turns_are_dropped_when_no_deployment_fits_all() {
    let server = Server::start();
    let home = home(&server, "good", ", context_window = 1000");
    let long = "word ".repeat(300);
    ask(&home, ["-m", "main", &long], "");
    ask(&home, ["-c", "short"], "");
    let told_before = told(&server);
    assert_eq!(told_before.lines().count(), 3, "{told_before}");
    ask(&home, ["-c", &long], "llmroute: the conversation does not fit any deployment; its oldest turn is left out\n");
    assert_eq!(told(&server), format!("u: short\na: ANSWER\nu: {long}\n"));
}

#[test]
fn a_larger_window_is_preferred_to_dropping_turns() {
    let server = Server::start();
    let profile = Profile::new().provider("lab", "openai", &server.url());
    let profile = profile.deployment("lab/good", ", context_window = 1000");
    let home = Arc::new(Home::with(&profile.deployment("lab/pings", ", context_window = 100_000").text()));
    let long = "word ".repeat(1000);
    ask(&home, ["-m", "lab/pings", &long], "");
    let skipped = "llmroute: lab/good skipped (context_window: about 1267 tokens (±79%), 1000 fit, 267 too many)\n";
    ask(&home, ["-c", "-m", "main", "short"], skipped);
    assert_eq!(server.models(), ["pings", "pings"]);
    assert_eq!(told(&server), format!("u: {long}\na: ANSWER\nu: short\n"));
}

/// `ask ARGS` ends with `code` and `stderr`; no deployment is called.
#[track_caller]
fn refused(args: &[&str], code: i32, stderr: &str) {
    let server = Server::start().may_be_idle();
    let home = home(&server, "good", "");
    run(&home, args.iter().copied()).output().is(code, "", stderr);
    assert!(server.calls().is_empty());
}

#[test]
fn a_conversation_that_cannot_be_continued_gets_a_hint() {
    refused(
        &["ask", "-c", "x"],
        66,
        "error: no conversation is logged in `[home]/.local/state/llmroute` yet\nhint: an `ask` without `--continue` begins one\n",
    );
    refused(
        &["--state", "memory", "ask", "-c", "x"],
        66,
        "error: the state is in memory, so nothing is logged\nhint: leave out `--state memory`, or name a directory\n",
    );
}

#[test]
fn an_unknown_conversation_is_an_error() {
    let server = Server::start();
    let home = home(&server, "good", "");
    ask(&home, ["one"], "");
    run(&home, ["ask", "--cid", "nope", "x"]).output().is(
        66,
        "",
        "error: no conversation `nope` is logged\nhint: `llmroute logs --conversations` lists the latest; a unique beginning or end of an id is enough\n",
    );
    assert_eq!(server.calls().len(), 1);
}

#[test]
fn a_conversation_continues_through_redis() {
    let Some(place) = Place::new() else { return };
    let server = Server::start();
    let home = home(&server, "good", "");
    let at = |args: &[&str]| {
        let text = run(&home, ["--state", "env:PLACE"]).env("PLACE", place.text()).args(args.iter().copied()).output();
        text.is(0, &format!("{ANSWER}\n"), "");
    };
    at(&["ask", "one"]);
    at(&["ask", "-c", "two"]);
    assert_eq!(told(&server), "u: one\na: ANSWER\nu: two\n");
}

#[test]
fn a_sticky_group_keeps_the_deployment_of_the_conversation() {
    let server = Server::start();
    let members: Vec<String> = (2..10).map(|n| format!("{{ model = \"lab/good\", name = \"d{n}\" }}")).collect();
    let text = Profile::new()
        .provider("lab", "openai", &server.url())
        .deployment("lab/good", "")
        .rest(&format!("[groups.wide]\nsticky = \"conversation\"\ndeployments = [{}]\n", members.join(", ")))
        .text();
    let home = Arc::new(Home::with(&text));
    let names = [["-m", "wide"], ["-c", "-S"], ["-c", "-S"], ["-c", "-S"], ["-c", "-S"]].map(|args| {
        let answer = run(&home, ["ask", "--json"].into_iter().chain(args).chain(["x"])).output().text();
        serde_json::from_str::<Value>(&answer).expect("JSON")["deployment"].to_string()
    });
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
}
