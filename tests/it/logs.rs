//! `llmroute logs` on a log written through the store.

use std::fs;
use std::path::Path;

use clap::Parser;
use jiff::tz::TimeZone;
pub use llmroute::commands::logs::{self, Layout, LogsArgs};
use llmroute_core::model::Timestamp;
use llmroute_router::ports::{LogEnd, LogStart, RequestOutcome, Store};
use llmroute_router::state::{SqliteStore, StateLocation, database};

use crate::state::{end, start};

const NOW: Timestamp = Timestamp(1_768_000_000_000);

/// Three requests: answered, failed (with a hostile prompt), and not finished.
fn state() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = SqliteStore::new(dir.path());
    let failed = LogEnd {
        outcome: RequestOutcome::Failed,
        text: String::new(),
        usage: None,
        cost_usd: None,
        ttft_ms: None,
        error: Some(serde_json::json!({"class": "timeout", "message": "no token in 30 s", "hint": "try again"})),
        ..end("")
    };
    let hostile = LogStart {
        at: Timestamp(1_767_323_100_000),
        prompt: "\u{1b}[2J日本語の質問です\n\u{202e}second line".to_owned(),
        ..start("01KDYFAILEDFAILEDFAILED002")
    };
    for (start, end) in [
        (start("01KDYANSWEREDANSWERED00001"), Some(end("because\n\u{1b}[31mRayleigh"))),
        (hostile, Some(failed)),
        (LogStart { at: Timestamp(1_767_999_000_000), ..start("01KDYUNFINISHEDUNFINISH003") }, None),
    ] {
        store.begin(&start).expect("the log can be written");
        if let Some(end) = end {
            store.finish(&start.id, &end).expect("the log can be written");
        }
    }
    dir
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    logs: LogsArgs,
}

/// The output of `logs ARGS`, and the note or the error.
fn run(dir: &Path, args: &str, width: Option<u16>) -> (String, Result<Option<String>, String>) {
    let args = Command::try_parse_from(["logs"].into_iter().chain(args.split_whitespace())).expect("good arguments");
    let sheet = Layout { width, zone: TimeZone::fixed(jiff::tz::offset(1)), now: NOW };
    let mut out = Vec::new();
    let result = logs::write_logs(&args.logs, &StateLocation::Dir(dir.to_owned()), &sheet, &mut out);
    (String::from_utf8(out).expect("the output is text"), result.map_err(|error| error.to_string()))
}

/// `logs ARGS` prints `want` on a terminal of `width` columns, or into a pipe.
fn check(args: &str, width: Option<u16>, want: &str) {
    let (got, result) = run(state().path(), args, width);
    assert_eq!(result, Ok(None));
    assert!(got == want, "got:\n{got}\nwant:\n{want}");
}

/// `logs ARGS` prints nothing and fails with `want`.
fn check_error(args: &str, want: &str) {
    assert_eq!(run(state().path(), args, None), (String::new(), Err(want.to_owned())));
}

fn check_usage(args: &str, want: bool) {
    let parsed = Command::try_parse_from(["logs"].into_iter().chain(args.split_whitespace()));
    assert_eq!(parsed.is_ok(), want, "{args}");
}

#[test]
fn the_list_fits_a_terminal() {
    check(
        "",
        Some(80),
        "\
ID      TIME            OUTCOME     DEPLOYMENT     PROMPT
D00001  01-02 04:04:05  ok          openai/gpt-4o  Why is the sky blue?
LED002  01-02 04:05:00  failed      openai/gpt-4o  [2J日本語の質問です \u{fffd}second…
ISH003  01-09 23:50:00  unfinished  –              Why is the sky blue?
",
    );
}

#[test]
fn no_line_exceeds_the_terminal_width() {
    let dir = state();
    for width in 12..200 {
        let (table, _) = run(dir.path(), "", Some(width));
        let widest = table.lines().map(unicode_width).max();
        assert!(widest <= Some(usize::from(width)), "{width} columns:\n{table}");
        assert_eq!(table.lines().count(), 4, "{width} columns:\n{table}");
    }
}

/// The width of `line` in columns; its only wide characters are Japanese.
fn unicode_width(line: &str) -> usize {
    line.chars().map(|c| if ('\u{3000}'..'\u{a000}').contains(&c) { 2 } else { 1 }).sum()
}

#[test]
fn a_pipe_gets_every_column() {
    check(
        "",
        None,
        "\
ID      TIME            OUTCOME     GROUP  DEPLOYMENT     TRIES  TOKENS      COST    TTFT  PROMPT
D00001  01-02 04:04:05  ok          main   openai/gpt-4o      2   12→34  $0.00025  350 ms  Why is the sky blue?
LED002  01-02 04:05:00  failed      main   openai/gpt-4o      2       –         –       –  [2J日本語の質問です \u{fffd}second line
ISH003  01-09 23:50:00  unfinished  main   –                  –       –         –       –  Why is the sky blue?
",
    );
}

#[test]
fn last_shows_the_latest_request() {
    let (table, _) = run(state().path(), "--last 1", None);
    assert_eq!(table.lines().count(), 2);
    assert!(table.contains("unfinished"), "{table}");
}

#[test]
fn one_request_is_shown_in_full() {
    check(
        "01kdya",
        Some(80),
        "\
id           01KDYANSWEREDANSWERED00001
time         2026-01-02 04:04:05.678 +01:00
command      ask
group        main
conversation C1
follows      B0
tags         a, b c
user         u1
parameters   temperature=0.5
route seed   7
outcome      ok
deployment   openai/gpt-4o
provider     openai
model        gpt-4o-2024-08-06
finish       stop
tokens       12 in, 34 out, 5 cached, 1 written to the cache, 7 reasoning
cost         $0.00025
first token  350 ms
duration     1.3 s
strategy     simple-shuffle
skipped      lab/b: tags do not match
attempts     1. lab/qwen3 failed rate_limit 429 took 20 ms
             2. openai/gpt-4o ok 200 waited 500 ms took 802 ms

--- system ---
be brief

--- prompt ---
Why is the sky blue?

--- reasoning ---
hm

--- answer ---
because
␛[31mRayleigh
",
    );
}

#[test]
fn a_failed_request_shows_its_reason() {
    let (page, _) = run(state().path(), "LED002", None);
    let fields = page.split("\n\n").next().expect("a page begins with its fields");
    assert!(fields.ends_with("\nerror        timeout: no token in 30 s\nhint         try again"), "{fields}");
    assert!(page.contains("--- prompt ---\n␛[2J日本語の質問です\n\u{fffd}second line\n"), "{page}");
}

#[test]
fn json_of_one_request_is_one_object() {
    let (line, _) = run(state().path(), "00001 --json", None);
    assert_eq!(
        line,
        concat!(
            r#"{"id":"01KDYANSWEREDANSWERED00001","at":"2026-01-02T03:04:05.678Z","command":"ask","group":"main","#,
            r#""conversation_id":"C1","parent":"B0","tags":["a","b c"],"user":"u1","#,
            r#""request":{"parameters":{"temperature":0.5},"route_seed":7},"system":"be brief","prompt":"Why is the sky blue?","#,
            r#""outcome":"ok","ended_at":"2026-01-02T03:04:07.000Z","deployment":"openai/gpt-4o","#,
            r#""provider":"openai","model":"gpt-4o-2024-08-06","text":"because\n\u001b[31mRayleigh","#,
            r#""reasoning":"hm","finish_reason":"stop","usage":{"input_tokens":12,"output_tokens":34,"#,
            r#""cached_tokens":5,"cache_write_tokens":1,"reasoning_tokens":7},"cost_usd":0.00025,"priced":true,"#,
            r#""ttft_ms":350,"duration_ms":1322,"attempts":[{"deployment":"lab/qwen3","outcome":"failed","#,
            r#""class":"rate_limit","status":429,"waited_ms":0,"duration_ms":20},{"deployment":"openai/gpt-4o","#,
            r#""outcome":"ok","class":null,"status":200,"waited_ms":500,"duration_ms":802}],"#,
            r#""route":{"strategy":"simple-shuffle","rule":null,"skipped":[{"deployment":"lab/b","group":"main","class":null,"#,
            r#""reason":"tags do not match"}]}}"#,
            "\n"
        )
    );
}

#[test]
fn json_of_many_is_one_object_a_line() {
    let (lines, result) = run(state().path(), "--json --last 2", None);
    assert_eq!(result, Ok(None));
    let outcomes: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("a line is an object")["outcome"].to_string()
        })
        .collect();
    assert_eq!(outcomes, ["\"failed\"", "\"unfinished\""]);
    assert!(!lines.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn text_in_a_pipe_is_exact_except_for_the_last_newline() {
    check("00001 --text", None, "because\n\u{1b}[31mRayleigh\n");
}

#[test]
fn text_on_a_terminal_is_sanitized() {
    check("00001 --text", Some(80), "because\n␛[31mRayleigh\n");
}

#[test]
fn a_text_that_ends_with_a_newline_gets_no_second_one() {
    let dir = state();
    SqliteStore::new(dir.path()).finish("01KDYANSWEREDANSWERED00001", &end("blue\n")).unwrap();
    assert_eq!(run(dir.path(), "00001 --text", None).0, "blue\n");
}

#[test]
fn a_request_without_text_is_an_error() {
    check_error("last --text", "request `01KDYUNFINISHEDUNFINISH003` has no text: its outcome is `unfinished`");
}

#[test]
fn an_id_prefix_or_suffix_matches_in_any_case() {
    for id in ["01KDYANSWEREDANSWERED00001", "01kdya", "00001", "d00001"] {
        let (page, _) = run(state().path(), id, None);
        assert!(page.starts_with("id           01KDYANSWEREDANSWERED00001\n"), "{id}: {page}");
    }
}

#[test]
fn an_ambiguous_id_lists_the_matches() {
    check_error(
        "01kdy",
        "`01kdy` could be 01KDYUNFINISHEDUNFINISH003, 01KDYFAILEDFAILEDFAILED002, 01KDYANSWEREDANSWERED00001",
    );
}

#[test]
fn an_unknown_id_gets_a_hint() {
    for id in ["nope", "%", "_1"] {
        check_error(id, &format!("no request `{id}` is logged"));
    }
}

#[test]
fn a_missing_log_is_an_empty_list_with_a_note() {
    let dir = tempfile::tempdir().unwrap();
    for args in ["", "--json"] {
        let (out, result) = run(dir.path(), args, None);
        assert_eq!(out, "");
        assert!(result.unwrap().unwrap().starts_with("nothing is logged in `"));
    }
    assert!(run(dir.path(), "last", None).1.unwrap_err().starts_with("nothing is logged in `"));
}

#[test]
fn a_state_in_memory_has_no_log() {
    let args = Command::try_parse_from(["logs"]).unwrap().logs;
    let sheet = Layout { width: None, zone: TimeZone::UTC, now: NOW };
    let error = logs::write_logs(&args, &StateLocation::Memory, &sheet, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().starts_with("the state is in memory, so nothing is logged"));
}

#[test]
fn a_broken_state_is_an_error_not_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(database(dir.path()), "garbage ".repeat(1000)).unwrap();
    let error = run(dir.path(), "", None).1.unwrap_err();
    assert!(error.contains("file is not a database\nhint: `llmroute state reset` moves it aside"), "{error}");
}

#[test]
fn a_closed_output_is_a_broken_output() {
    let dir = state();
    let args = Command::try_parse_from(["logs", "last", "--json"]).unwrap().logs;
    let sheet = Layout { width: None, zone: TimeZone::UTC, now: NOW };
    let mut full: &mut [u8] = &mut [];
    let error = logs::write_logs(&args, &StateLocation::Dir(dir.path().to_owned()), &sheet, &mut full).unwrap_err();
    assert!(matches!(error, logs::LogsError::Output(_)), "{error}");
}

#[test]
fn contradictory_arguments_are_refused() {
    check_usage("last --json", true);
    check_usage("last --json --text", false);
    check_usage("last --last 3", false);
    check_usage("--text", true);
    check_usage("--text --group main", false);
    check_usage("--last 0", false);
}

#[test]
fn filters_are_combined() {
    let lines = |args: &str| run(state().path(), args, None).0.lines().count().saturating_sub(1);
    for (args, want) in [
        ("--search blue", 2),
        ("--search blue --outcome ok", 1),
        ("--class timeout", 1),
        ("--class rate_limit", 2),
        ("--deployment lab/qwen3 --since 2026-01-02T04:04:30", 1),
        ("--since 10d --tag a --last 1", 1),
        ("--since 10m", 0),
        ("--until 2026-01-05 --group main", 2),
        ("--conversation C1 --outcome unfinished", 1),
        ("--finish-reason stop", 2),
        ("--finish-reason length", 0),
    ] {
        assert_eq!(lines(args), want, "{args}");
    }
}

#[test]
fn a_list_is_cut_only_with_a_note() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = SqliteStore::new(dir.path());
    for n in 0..25 {
        let start = start(&format!("01KDY{n:02}"));
        store.begin(&start).expect("the log can be written");
        store.finish(&start.id, &end("because")).expect("the log can be written");
    }
    let lines = |args: &str| {
        let (out, note) = run(dir.path(), args, None);
        (out.lines().count(), note.expect("a list"))
    };
    assert_eq!(lines("--json --since 2026-01-01"), (25, None));
    assert_eq!(lines("--json --since 2026-01-01 --last 3"), (3, None));
    let note = "more requests fit; these are the latest 20 (`--last N` lists more)".to_owned();
    assert_eq!(lines("--since 2026-01-01"), (21, Some(note)));
    assert_eq!(lines("--since 2026-01-01 --last 24"), (25, None));
    assert_eq!(lines("--json"), (20, None));
}

#[test]
fn no_match_prints_a_note() {
    assert_eq!(run(state().path(), "--group x", None), (String::new(), Ok(Some("no logged request fits".to_owned()))));
}

#[test]
fn filters_go_with_json_and_not_with_one_request() {
    let (out, _) = run(state().path(), "--outcome failed --json", None);
    assert_eq!(out.lines().count(), 1);
    check_usage("last --search x", false);
    check_usage("--conversations --search x", false);
    check_usage("--conversations --last 3 --json", true);
    check_usage("--outcome good", false);
    check_usage("--class bogus", false);
    check_usage("--class server_error", true);
}

#[test]
fn an_impossible_search_is_explained() {
    check_error("--search=+", "`--search +` has no word in it");
    check_error("--since soon", "`--since soon` is not a time");
}

#[test]
fn conversations_are_listed() {
    check(
        "--conversations",
        Some(80),
        "\
ID  LAST            TURNS  GROUP  FIRST
C1  01-09 23:50:00      1  main   Why is the sky blue?
",
    );
    let (out, _) = run(state().path(), "--conversations --json", None);
    assert_eq!(
        out,
        r#"{"conversation_id":"C1","started_at":"2026-01-02T03:04:05.678Z","last_at":"2026-01-09T22:50:00.000Z","turns":1,"group":"main","first_prompt":"Why is the sky blue?"}"#
            .to_owned() + "\n"
    );
}
