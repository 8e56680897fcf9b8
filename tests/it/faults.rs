//! The fault matrix: each fault on a terminal, in a pipe and with `-S`, alone and with a healthy second deployment.
//!
//! Results that do not depend on wording are computed from the row; stdout, stderr and exit code of the six cells are
//! a snapshot each. New wording: `INSTA_UPDATE=always cargo test --test it faults`, then read the diff.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::support::faults::{FAULTS, HUGE, MORE, ONE_TOKEN, THREE_TOKENS, UTF8};
use crate::support::{ANSWER, End, Home, KEY, Nowhere, OTHER, Output, Profile, Run, Server, Sink};

/// One row: a fault and its expected result.
struct Row {
    fault: &'static str,
    /// Extra keys of the faulty deployment: only stalls get short timeouts.
    keys: &'static str,
    outcome: Outcome,
}

/// The expected result of a fault.
enum Outcome {
    /// Harmless: this is the answer.
    Answers(&'static str),
    /// A single huge word.
    AnswersHuge,
    /// An answer with a note on stderr.
    Notes(&'static str),
    /// The call fails after `shown`; `next` says if the second deployment is called.
    Fails { class: &'static str, exit: i32, shown: &'static str, next: bool },
}

const fn fails(fault: &'static str, class: &'static str, exit: i32) -> Row {
    breaks(fault, class, exit, "")
}

const fn breaks(fault: &'static str, class: &'static str, exit: i32, shown: &'static str) -> Row {
    Row { fault, keys: "", outcome: Outcome::Fails { class, exit, shown, next: true } }
}

/// After a content filter, no other deployment of the same group is called.
const fn filtered(fault: &'static str, shown: &'static str) -> Row {
    Row { fault, keys: "", outcome: Outcome::Fails { class: "content_policy", exit: 65, shown, next: false } }
}

const fn answers(fault: &'static str, text: &'static str) -> Row {
    Row { fault, keys: "", outcome: Outcome::Answers(text) }
}

impl Row {
    const fn keys(self, keys: &'static str) -> Self {
        Self { keys, ..self }
    }
}

const FIRST_TOKEN: &str = ", first_token_timeout = \"300ms\"";
const IDLE: &str = ", idle_timeout = \"300ms\"";
const TOTAL: &str = ", timeout = \"1s\"";
/// The faulty deployment has the smaller window, so that the second may fit a prompt too long for it.
const WINDOW: &str = ", context_window = 8192";

macro_rules! matrix {
    ($($test:ident: $row:expr;)*) => {
        $(#[test] fn $test() { check(&$row); })*
        const ROWS: &[Row] = &[$($row),*];
    };
}

matrix! {
    good: answers("good", ANSWER);
    other: answers("other", OTHER);
    no_done: answers("no-done", ANSWER);
    pings: answers("pings", ANSWER);
    thinks: answers("thinks", ANSWER);
    utf8_split: answers("utf8-split", UTF8);
    byte_by_byte: answers("byte-by-byte", UTF8);
    gzip: answers("gzip", ANSWER);
    whole_json: answers("whole-json", ANSWER);
    tool_call: Row { fault: "tool-call", keys: "", outcome: Outcome::Notes("") };
    length: Row { fault: "length", keys: "", outcome: Outcome::Notes(THREE_TOKENS) };
    huge_frame: Row { fault: "huge-frame", keys: "", outcome: Outcome::AnswersHuge };

    status_400: fails("400", "bad_request", 65);
    status_400_context: fails("400-context", "context_window", 65).keys(WINDOW);
    status_400_policy: filtered("400-policy", "");
    status_401: fails("401", "authentication", 77);
    status_402: fails("402", "quota", 69);
    status_403: fails("403", "permission", 77);
    status_404: fails("404", "not_found", 69);
    status_408: fails("408", "timeout", 69);
    status_409: fails("409", "server_error", 69);
    status_413: fails("413", "bad_request", 65);
    status_422: fails("422", "bad_request", 65);
    status_429: fails("429", "rate_limit", 75);
    status_429_seconds: fails("429-seconds", "rate_limit", 75);
    status_429_fraction: fails("429-fraction", "rate_limit", 75);
    status_429_date: fails("429-date", "rate_limit", 75);
    status_429_ms: fails("429-ms", "rate_limit", 75);
    status_429_body: fails("429-body", "rate_limit", 75);
    status_429_quota: fails("429-quota", "quota", 69);
    status_500: fails("500", "server_error", 69);
    status_502_html: fails("502-html", "server_error", 69);
    status_503: fails("503", "overloaded", 69);
    status_503_empty: fails("503-empty", "overloaded", 69);
    status_504: fails("504", "timeout", 69);
    status_529: fails("529", "overloaded", 69);
    redirect_302: fails("redirect-302", "not_found", 69);
    redirect_307: fails("redirect-307", "not_found", 69);

    empty_200: fails("empty-200", "malformed", 69);
    empty_202: fails("empty-202", "malformed", 69);
    empty_204: fails("empty-204", "malformed", 69);
    html_200: fails("html-200", "malformed", 69);
    json_200: fails("json-200", "malformed", 69);
    error_in_200: fails("error-in-200", "server_error", 69);
    error_event_0: fails("error-event-0", "server_error", 69);
    error_event_1: breaks("error-event-1", "server_error", 69, ONE_TOKEN);
    error_event_n: breaks("error-event-n", "server_error", 69, THREE_TOKENS);
    overloaded_event: breaks("overloaded-event", "overloaded", 69, THREE_TOKENS);
    broken_frame_0: fails("broken-frame-0", "malformed", 69);
    broken_frame_n: breaks("broken-frame-n", "malformed", 69, THREE_TOKENS);

    cut_0: fails("cut-0", "connection", 69);
    cut_1: breaks("cut-1", "connection", 69, ONE_TOKEN);
    cut_n: breaks("cut-n", "connection", 69, THREE_TOKENS);
    reset_0: fails("reset-0", "connection", 69);
    reset_1: breaks("reset-1", "connection", 69, ONE_TOKEN);
    reset_n: breaks("reset-n", "connection", 69, THREE_TOKENS);
    stall_0: fails("stall-0", "timeout", 69).keys(FIRST_TOKEN);
    stall_1: breaks("stall-1", "timeout", 69, ONE_TOKEN).keys(IDLE);
    stall_n: breaks("stall-n", "timeout", 69, THREE_TOKENS).keys(IDLE);
    end_0: fails("end-0", "truncated", 69);
    end_1: breaks("end-1", "truncated", 69, ONE_TOKEN);
    end_n: breaks("end-n", "truncated", 69, THREE_TOKENS);
    done_only: fails("done-only", "truncated", 69);
    endless: breaks("endless", "timeout", 69, MORE).keys(TOTAL);
    slow_first_token: fails("slow-first-token", "timeout", 69).keys(FIRST_TOKEN);
    slow_headers: fails("slow-headers", "timeout", 69).keys(FIRST_TOKEN);
    black_hole: fails("black-hole", "timeout", 69).keys(FIRST_TOKEN);
    hang_up: fails("hang-up", "connection", 69);
    reset_at_once: fails("reset-at-once", "connection", 69);
    not_http: fails("not-http", "malformed", 69);
    refused: fails(REFUSED, "connection", 69);
    unresolved: fails(UNRESOLVED, "connection", 69);

    empty_answer: fails("empty-answer", "malformed", 69);
    length_empty: fails("length-empty", "invalid_output", 69);
    reasoning_only: fails("reasoning-only", "invalid_output", 69);
    content_filter_0: filtered("content-filter-0", "");
    content_filter_n: filtered("content-filter-n", THREE_TOKENS);
    refusal: filtered("refusal", "");
}

/// Faults without a server.
const REFUSED: &str = "refused";
const UNRESOLVED: &str = "unresolved";

#[test]
fn every_fault_of_the_server_has_a_row() {
    // Replies that change from call to call or wait for the test are covered elsewhere.
    let elsewhere = ["gate", "503-then-good", "cut-then-good"];
    for fault in FAULTS.iter().filter(|fault| !elsewhere.contains(&fault.name)) {
        assert!(ROWS.iter().any(|row| row.fault == fault.name), "no row for `{}`", fault.name);
    }
}

#[test]
fn every_snapshot_belongs_to_a_row() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots/faults");
    for entry in fs::read_dir(folder).expect("the snapshots are there").flatten() {
        // Pending snapshots may lie beside them.
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".snap") else { continue };
        assert!(name == DIFFERS || ROWS.iter().any(|row| row.fault == name), "nobody compares `{name}`");
    }
}

/// The snapshot in which the second answer differs.
const DIFFERS: &str = "exact-differs";

/// The ways to read an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Terminal,
    Pipe,
    /// `-S`: written when complete.
    Whole,
}

impl Way {
    const ALL: [Self; 3] = [Self::Terminal, Self::Pipe, Self::Whole];

    fn run(self, run: Run) -> Output {
        match self {
            Self::Terminal => run.sink(Sink::Terminal).output(),
            Self::Pipe => run.output(),
            Self::Whole => run.args(["-S"]).output(),
        }
    }
}

fn check(row: &Row) {
    let server = Server::start();
    let nowhere = Nowhere::refused();
    let (server, url) = match row.fault {
        REFUSED => (server.may_be_idle(), nowhere.url().to_owned()),
        UNRESOLVED => (server.may_be_idle(), Nowhere::UNRESOLVED.to_owned()),
        _ => {
            let url = server.url();
            (server, url)
        }
    };
    let alone = Profile::new()
        .provider("lab", "openai", &format!("{url}/v1"))
        .deployment(&format!("lab/{}", row.fault), row.keys)
        .text();
    let pair = Profile::new()
        .provider("lab", "openai", &format!("{url}/v1"))
        .provider("spare", "openai", &format!("{}/v1", server.url()))
        .deployment(&format!("lab/{}", row.fault), row.keys)
        .deployment("spare/good", ", context_window = 200000")
        .text();
    let (mut cells, mut mistakes) = (String::new(), Vec::new());
    for (second, profile) in [(false, alone), (true, pair)] {
        for way in Way::ALL {
            let output = way.run(ask(&profile));
            let cell = format!("=== {way:?}, {}", if second { "with a second" } else { "alone" });
            let found = row.outcome.mistakes(&output, way, second);
            mistakes.extend(found.into_iter().map(|mistake| format!("{cell}: {mistake}\n{}", output.notes())));
            cells += &format!("{cell}: {}", output.cell(MORE));
        }
    }
    assert!(mistakes.is_empty(), "`{}`\n{}", row.fault, mistakes.join("\n"));
    snapshot(row.fault, &cells);
}

fn ask(profile: &str) -> Run {
    // A hang fails soon instead of reaching the limit of all tests.
    Run::with(profile).env("LAB_KEY", KEY).args(["ask", "Why is the sky blue?"]).limit(Duration::from_secs(20))
}

fn snapshot(name: &str, cells: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/faults");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, cells));
}

impl Outcome {
    /// The violations that do not depend on wording.
    fn mistakes(&self, output: &Output, way: Way, second: bool) -> Vec<String> {
        let (end, stdout) = match *self {
            Self::Answers(text) | Self::Notes(text) => (0, whole(text)),
            Self::AnswersHuge => (0, whole(&"x".repeat(HUGE))),
            Self::Fails { exit, shown, next, .. } => failed(exit, shown, second && next, way),
        };
        let text = output.text();
        // The length of an endless answer varies.
        let text = if text.starts_with(&MORE.repeat(2)) { once(&text, MORE) } else { text };
        let short = |text: &str| text.chars().take(200).collect::<String>();
        let notes = String::from_utf8_lossy(&output.stderr);
        let as_told = match self {
            Self::Answers(_) | Self::AnswersHuge => notes.is_empty(),
            Self::Notes(_) => !notes.is_empty(),
            Self::Fails { class, .. } => notes.contains(class),
        };
        [
            (text != stdout).then(|| format!("stdout is {:?}, not {:?}", short(&text), short(&stdout))),
            (output.end != End::Code(end)).then(|| format!("the end is {:?}, not {end}", output.end)),
            (!as_told).then(|| "stderr does not tell what it should".to_owned()),
            notes.contains(KEY).then(|| "the key is shown".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Section 4 of the design as a rule: the exit code and stdout of a call that failed after `shown`.
fn failed(exit: i32, shown: &str, rescued: bool, way: Way) -> (i32, String) {
    let seen = !shown.is_empty() && way != Way::Whole;
    match (rescued, seen, way) {
        (true, false, _) => (0, whole(ANSWER)),
        // Restart: the shown text stays, and the new answer is written from its beginning.
        (true, true, Way::Terminal) => (0, partial(shown) + &whole(ANSWER)),
        // Exact: only if the new answer begins with the written text.
        (true, true, Way::Pipe | Way::Whole) if ANSWER.starts_with(shown) => (0, whole(ANSWER)),
        (_, true, Way::Terminal) => (74, partial(shown)),
        // A pipe gets the received text, byte for byte.
        (_, true, Way::Pipe | Way::Whole) => (74, shown.to_owned()),
        (false, false, _) => (exit, String::new()),
    }
}

/// A complete answer as written to stdout.
fn whole(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

/// An incomplete answer with more output after it, which begins on a new line.
fn partial(text: &str) -> String {
    format!("{text}\n")
}

/// `text` with the leading repetitions of `repeated` reduced to one.
fn once(text: &str, repeated: &str) -> String {
    let mut rest = text;
    while let Some(shorter) = rest.strip_prefix(repeated) {
        rest = shorter;
    }
    format!("{repeated}{rest}")
}

/// A deployment that breaks after three tokens, followed by `second`.
fn broken_and(second: &str) -> (Server, Run) {
    let server = Server::start();
    let profile = Profile::new()
        .provider("lab", "openai", &format!("{}/v1", server.url()))
        .deployment("lab/cut-n", "")
        .deployment(&format!("lab/{second}"), "");
    let run = ask(&profile.text());
    (server, run)
}

#[test]
fn two_answers_are_never_joined_in_a_pipe() {
    let (server, run) = broken_and("other");
    let output = run.output();
    assert_eq!((output.end, output.text()), (End::Code(74), THREE_TOKENS.to_owned()), "{}", output.notes());
    assert_eq!(server.models(), ["cut-n", "other"]);
    snapshot(DIFFERS, &output.cell(MORE));
}

#[test]
fn a_file_gets_only_the_second_answer() {
    let (_server, run) = broken_and("other");
    let output = run.sink(Sink::File).output();
    assert_eq!((output.end, output.text()), (End::Code(0), whole(OTHER)), "{}", output.notes());
}

#[test]
fn midstream_fail_stops_after_the_first_text() {
    let (server, run) = broken_and("good");
    let output = run.args(["--midstream", "fail"]).output();
    assert_eq!((output.end, output.text()), (End::Code(74), THREE_TOKENS.to_owned()), "{}", output.notes());
    assert_eq!(server.models(), ["cut-n"]);
}

#[test]
fn midstream_restart_writes_both_answers() {
    let (_server, run) = broken_and("other");
    let output = run.args(["--midstream", "restart"]).output();
    let both = partial(THREE_TOKENS) + &whole(OTHER);
    assert_eq!((output.end, output.text()), (End::Code(0), both), "{}", output.notes());
}

#[test]
fn the_next_process_skips_a_dead_deployment() {
    let server = Server::start();
    let profile = Profile::new()
        .provider("lab", "openai", &format!("{}/v1", server.url()))
        .deployment("lab/hang-up", "")
        .deployment("lab/good", "");
    let home = Arc::new(Home::with(&profile.text()));
    for _ in 0..3 {
        let output = Run::at(&home).env("LAB_KEY", KEY).args(["ask", "hi"]).output();
        assert_eq!((output.end, output.text()), (End::Code(0), whole(ANSWER)), "{}", output.notes());
        assert_eq!(output.notes().lines().count(), 1, "one line says why: {}", output.notes());
    }
    assert_eq!((server.count("hang-up"), server.count("good")), (1, 3));
}

#[test]
fn the_only_deployment_is_retried_after_a_wait() {
    let server = Server::start();
    let profile = Profile::new()
        .provider("lab", "openai", &format!("{}/v1", server.url()))
        .deployment("lab/503-then-good", "")
        .retries(1);
    let output = ask(&profile.text()).output();
    assert_eq!((output.end, output.text()), (End::Code(0), whole(ANSWER)), "{}", output.notes());
    assert_eq!(server.count("503-then-good"), 2);
}

#[test]
fn prefill_continues_the_text_in_a_pipe() {
    let server = Server::start();
    let profile = Profile::new()
        .provider("lab", "openai", &format!("{}/v1", server.url()))
        .provider("spare", "anthropic", &server.url())
        .deployment("lab/cut-n", "")
        .deployment("spare/good", ", prefill = true");
    let output = Run::with(&profile.text()).env("LAB_KEY", KEY).args(["ask", "why"]).output();
    assert_eq!((output.end, output.text()), (End::Code(0), whole(ANSWER)), "{}", output.notes());
    let asked = server.calls().last().and_then(|call| call.last_message()).expect("it was asked");
    assert_eq!(asked, ("assistant".to_owned(), THREE_TOKENS.to_owned()));
}
