//! Input that is wrong, missing, huge or endless, and outputs that cannot be written: one exit code each.
//!
//! stdout and the exit code are compared here, stderr in a snapshot each; some words must survive any rewording.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::faults::ONE_TOKEN;
use crate::support::{ANSWER, End, Home, Input, KEY, Nowhere, Output, Profile, Run, Server, Sink};

/// The time limit for Ctrl-C on a busy machine; it takes 50 ms on an idle one.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Runs `ask` with one deployment.
fn ask<const N: usize>(server: &Server, model: &str, args: [&str; N]) -> Run {
    ask_at(&server.url(), "env:LAB_KEY", model, args)
}

fn ask_at<const N: usize>(url: &str, key: &str, model: &str, args: [&str; N]) -> Run {
    let profile = Profile::new()
        .provider_with("lab", "openai", &format!("{url}/v1"), key)
        .deployment(&format!("lab/{model}"), "");
    Run::with(&profile.text()).env("LAB_KEY", KEY).args(["ask"]).args(args)
}

/// A server that must not be called.
fn unasked() -> Server {
    Server::start().may_be_idle()
}

/// Compares the exit code and stdout, then looks for `words` in stderr, then compares all of stderr.
#[track_caller]
fn check(name: &str, output: &Output, end: impl Into<End>, stdout: &str, words: &[&str]) {
    let notes = output.notes();
    assert_eq!((output.end, output.text().as_str()), (end.into(), stdout), "{notes}");
    for word in words {
        assert!(notes.contains(word), "no `{word}` in {notes}");
    }
    assert!(!notes.contains(KEY), "the key is shown: {notes}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/bad_input");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, notes));
}

/// Expects a plain complete answer.
#[track_caller]
fn answered(output: &Output) {
    output.is(0, &format!("{ANSWER}\n"), "");
}

/// The last message that the server received.
fn received(server: &Server) -> String {
    server.calls().last().and_then(|call| call.last_message()).map(|(_, text)| text).expect("it was called")
}

#[test]
fn an_empty_prompt_is_a_usage_error() {
    let server = unasked();
    check("empty-prompt", &ask(&server, "good", [""]).output(), 2, "", &["prompt"]);
    check("no-prompt", &ask(&server, "good", []).output(), 2, "", &["prompt"]);
    check("blank-prompt", &ask(&server, "good", [" \n\t"]).output(), 2, "", &["prompt"]);
    assert!(server.calls().is_empty());
}

#[test]
fn empty_input_is_refused_unless_it_is_allowed() {
    let server = unasked();
    let output = ask(&server, "good", ["sum it up"]).input(Input::Bytes(b" \n".to_vec())).output();
    let hint = "hint: `--allow-empty` sends the prompt without it; `--no-stdin` ignores standard input\n";
    assert_eq!((output.end, output.notes()), (66.into(), format!("error: standard input is empty\n{hint}")));
    assert!(server.calls().is_empty());
    let server = Server::start();
    answered(&ask(&server, "good", ["why", "--allow-empty"]).input(Input::Bytes(Vec::new())).output());
    answered(&ask(&server, "good", ["why", "--no-stdin"]).input(Input::Bytes(Vec::new())).output());
}

#[test]
fn fifty_megabytes_are_sent() {
    let server = Server::start();
    let input = "0123456789\n".repeat((50 << 20) / 11);
    let run = ask(&server, "good", ["sum it up"]).input(Input::Bytes(input.clone().into_bytes()));
    answered(&run.limit(Duration::from_secs(60)).output());
    let received = received(&server);
    assert!(
        received.starts_with(input.trim_end()) && received.ends_with("\n\nsum it up"),
        "{} bytes came",
        received.len()
    );
}

#[test]
fn nul_bytes_are_text() {
    let server = Server::start();
    answered(&ask(&server, "good", ["why"]).input(Input::Bytes(b"a\0b".to_vec())).output());
    assert_eq!(received(&server), "a\0b\n\nwhy");
}

#[test]
fn invalid_utf8_is_refused_with_its_offset() {
    let server = unasked();
    let run = ask(&server, "good", ["why"]).input(Input::Bytes(b"caf\xe9 au lait".to_vec()));
    check("invalid-utf8", &run.output(), 66, "", &["UTF-8", "3"]);
}

#[test]
fn a_closed_stdin_counts_as_no_input() {
    let server = Server::start();
    answered(&ask(&server, "good", ["why"]).input(Input::Closed).output());
    assert_eq!(received(&server), "why");
}

#[test]
fn an_idle_pipe_is_named_and_counts_against_the_deadline() {
    let server = unasked();
    let run = ask(&server, "good", ["--deadline", "3s", "why"]).input(Input::Idle);
    let output = run.output();
    check("idle-pipe", &output, 124, "", &["--no-stdin", "deadline"]);
    assert_eq!(output.notes().matches("llmroute: ").count(), 1, "said once");
}

#[test]
fn no_stdin_ignores_an_idle_pipe() {
    let server = Server::start();
    answered(&ask(&server, "good", ["--no-stdin", "why"]).input(Input::Idle).output());
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let server = unasked();
    check("missing-file", &ask(&server, "good", ["-f", "nowhere.txt", "why"]).output(), 66, "", &["nowhere.txt"]);
    check("directory", &ask(&server, "good", ["-f", ".", "why"]).output(), 66, "", &["directory"]);
}

#[test]
fn an_unknown_group_gets_a_suggestion() {
    let server = unasked();
    check("unknown-group", &ask(&server, "good", ["-m", "mian", "why"]).output(), 78, "", &["mian", "`main`"]);
}

#[test]
fn a_base_url_has_a_scheme_and_no_credentials() {
    let no_scheme = ask_at("localhost:8080", "env:LAB_KEY", "good", ["why"]).output();
    check("no-scheme", &no_scheme, 78, "", &["base_url", "http"]);
    let credentials = ask_at("http://me:hunter2@127.0.0.1:1", "env:LAB_KEY", "good", ["why"]).output();
    check("credentials-in-url", &credentials, 78, "", &["base_url", "api_key"]);
    assert!(!credentials.notes().contains("hunter2"), "a password is shown");
}

#[test]
fn a_key_with_a_newline_counts_as_missing() {
    let server = unasked();
    let output = ask(&server, "good", ["why"]).env("LAB_KEY", "sk-first\nsk-second").output();
    check("key-with-newline", &output, 78, "", &["LAB_KEY"]);
    assert!(!output.notes().contains("sk-first") && !output.notes().contains("sk-second"), "a key is shown");
}

#[test]
fn plain_http_to_another_host_is_warned_about() {
    let output = ask_at(Nowhere::UNRESOLVED, "env:LAB_KEY", "good", ["why"]).output();
    check("plain-http", &output, 69, "", &["warning", "http"]);
}

#[test]
fn without_a_profile_or_key_three_ways_forward_are_shown() {
    let output = Run::at(&Home::new().into()).args(["ask", "why"]).output();
    check("no-profile", &output, 78, "", &["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "--profile demo"]);
}

#[test]
fn a_full_disk_is_a_broken_output() {
    let server = Server::start();
    check("full-disk", &ask(&server, "good", ["why"]).sink(Sink::Full).output(), 74, "", &["write"]);
}

#[test]
fn a_reader_that_leaves_ends_the_request_silently() {
    let server = Server::start();
    ask(&server, "endless", ["why"]).sink(Sink::Head(5)).output().is(0, " more", "");
    assert!(server.wait_until_left("endless", AT_ONCE), "the request goes on");
}

/// Waits until `model` is in the middle of its reply, sends the signal, and expects the process to die by it.
fn interrupted(model: &str, shown: &str, signal: Signal) {
    let server = Server::start();
    let running = ask(&server, model, ["why"]).start();
    assert!(server.wait_for_call(model, Duration::from_secs(20)), "it was not called");
    running.wait_for_stdout(shown);
    running.signal(signal);
    let output = running.within(AT_ONCE).output();
    assert_eq!((output.end, output.text()), (End::Signal(signal), shown.to_owned()), "{}", output.notes());
    assert!(server.wait_until_left(model, AT_ONCE), "the request goes on");
}

#[test]
fn ctrl_c_dies_by_the_signal_and_keeps_the_partial_text() {
    interrupted("stall-1", ONE_TOKEN, Signal::SIGINT);
}

#[test]
fn ctrl_c_works_before_the_first_byte() {
    interrupted("black-hole", "", Signal::SIGINT);
}

#[test]
fn sigterm_dies_by_the_signal() {
    interrupted("stall-1", ONE_TOKEN, Signal::SIGTERM);
}

#[test]
fn ctrl_c_works_while_waiting_for_stdin() {
    let server = unasked();
    let running = ask(&server, "good", ["why"]).input(Input::Idle).start();
    running.wait_for_stderr("--no-stdin");
    running.signal(Signal::SIGINT);
    let output = running.within(AT_ONCE).output();
    assert_eq!((output.end, output.text().as_str()), (End::Signal(Signal::SIGINT), ""), "{}", output.notes());
}

#[test]
fn profile_errors_are_coloured_on_a_terminal() {
    let output =
        Run::with("version = 1\ndefault_group = \"\u{1b}[2Jmain\"\n").args(["ask", "x", "--color", "always"]).output();
    let notes = output.notes();
    assert!(notes.contains("\u{1b}[1m") && !notes.contains("␛[1m") && !notes.contains("\u{1b}[2J"), "{notes:?}");
}

#[test]
fn a_question_without_a_command_suggests_ask() {
    let want = "error: `Why is the sky blue?` is not a command\n\
                hint: `llmroute ask \"Why is the sky blue?\"` sends it to a model; `llmroute --help` lists the commands\n";
    Run::with("").args(["Why is the sky blue?"]).output().is(2, "", want);
}

#[test]
fn standard_input_can_be_a_file() {
    let server = Server::start();
    let output = ask(&server, "good", ["-f", "-", "sum"]).input(Input::Bytes(b"data\n".to_vec())).output();
    assert_eq!(output.end, 0.into(), "{}", output.notes());
    assert_eq!(server.calls()[0].last_message().map(|(_, text)| text), Some("data\n\nsum".to_owned()));
    let want = "error: standard input can be read once\n";
    ask(&server, "good", ["-f", "-", "-"]).output().is(2, "", want);
}
