//! `llmroute state`, and the state of a deployment whose address or key changes.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use llmroute_router::ports::Store;
use llmroute_router::state::{LogReader, SqliteStore, database};

use crate::support::{ANSWER, End, Home, KEY, Output, Profile, Run, Server};

/// A home whose first deployment always fails and whose second one answers.
fn home(url: &str) -> Arc<Home> {
    Arc::new(Home::with(&profile(url)))
}

fn profile(url: &str) -> String {
    let profile = Profile::new().provider("lab", "openai", &format!("{url}/v1"));
    profile.deployment("lab/500", "").deployment("lab/good", "").text()
}

fn run<const N: usize>(home: &Arc<Home>, args: [&str; N]) -> Output {
    Run::at(home).env("LAB_KEY", KEY).args(args).output()
}

/// Makes one request, which the second deployment answers.
fn ask(home: &Arc<Home>) {
    let output = run(home, ["ask", "why?"]);
    assert_eq!((output.end, output.text()), (End::Code(0), format!("{ANSWER}\n")), "{}", output.notes());
}

fn state(home: &Home) -> PathBuf {
    home.path().join(".local/state/llmroute")
}

/// Runs `state ARGS`, which must succeed, and compares its output.
#[track_caller]
fn check<const N: usize>(home: &Arc<Home>, args: [&str; N], stdout: &[&str], stderr: &[&str]) {
    let output = Run::at(home).env("LAB_KEY", KEY).args(["state"]).args(args).output();
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    for (text, words) in [(output.text(), stdout), (output.notes(), stderr)] {
        words.iter().for_each(|word| assert!(text.contains(word), "no `{word}` in {text}"));
        assert!(!words.is_empty() || text.is_empty(), "{text}");
        assert!(!text.contains(KEY), "{text}");
    }
}

#[test]
fn show_lists_cooldowns_with_reasons() {
    let server = Server::start();
    let home = home(&server.url());
    check(&home, ["show"], &["deployment lab/500\n  nothing learned yet\n", "group main\n"], &[]);
    ask(&home);
    let want =
        ["deployment lab/500\n  breaker  open until ", ", after server_error\n", "lab/good\n  breaker  closed\n"];
    check(&home, ["show"], &want, &[]);
    check(&home, ["show", "--json"], &[r#""name":"lab/500""#, r#""state":"open""#, r#""class":"server_error""#], &[]);
}

#[test]
fn show_without_a_profile_lists_hashes() {
    let server = Server::start();
    let home = home(&server.url());
    ask(&home);
    fs::remove_file(home.path().join(".config/llmroute/profile.toml")).expect("it is there");
    check(&home, ["show"], &["unknown deployment "], &["no profile to take names from"]);
}

#[test]
fn path_prints_the_location() {
    let home = home("http://192.0.2.1");
    check(&home, ["path"], &["/.local/state/llmroute/state.db\n"], &[]);
    check(&home, ["path", "--state", "memory"], &["memory\n"], &[]);
    assert!(!state(&home).exists(), "asking where makes nothing");
}

#[test]
fn resetting_one_deployment_ends_its_cooldown_and_nothing_else() {
    let server = Server::start();
    let home = home(&server.url());
    ask(&home);
    ask(&home);
    assert_eq!(server.count("500"), 1, "it cools down");
    check(&home, ["reset", "lab/500"], &[], &["forgot what was known of lab/500"]);
    let keys = SqliteStore::new(&state(&home)).keys("deployment/").expect("the state is whole");
    assert_eq!(keys.len(), 1, "the other one is still known");
    ask(&home);
    assert_eq!(server.count("500"), 2);
    check(&home, ["reset", &keys[0]["deployment/".len()..][..8]], &[], &["forgot what was known of "]);
    check(&home, ["reset", "lab/never-asked"], &[], &["nothing was known of lab/never-asked"]);
}

#[test]
fn resetting_an_unknown_name_is_an_error() {
    let home = home("http://192.0.2.1");
    let output = run(&home, ["state", "reset", "lob"]);
    assert_eq!(output.end, End::Code(2));
    assert!(output.notes().contains("one of: lab/500, lab/good"), "{}", output.notes());
}

#[test]
fn resetting_all_keeps_the_log_unless_it_is_named() {
    let server = Server::start();
    let home = home(&server.url());
    ask(&home);
    let logged =
        || LogReader::open(&state(&home)).expect("it opens").expect("it is there").last(9).expect("it reads").len();
    check(&home, ["reset", "--yes"], &[], &["forgot 5 values"]);
    assert_eq!((SqliteStore::new(&state(&home)).keys("").expect("it reads").len(), logged()), (0, 1));
    check(&home, ["reset", "--yes", "--log"], &[], &["forgot 0 values", "forgot 1 request in the log"]);
    assert_eq!(logged(), 0);
}

#[test]
fn resetting_all_without_a_terminal_needs_yes() {
    let server = Server::start();
    let home = home(&server.url());
    ask(&home);
    let output = run(&home, ["state", "reset"]);
    assert_eq!(output.end, End::Code(2));
    assert!(output.notes().contains("hint: add `--yes`"), "{}", output.notes());
    assert_eq!(SqliteStore::new(&state(&home)).keys("").expect("it reads").len(), 5);
}

#[test]
fn a_damaged_state_is_moved_aside_completely() {
    let server = Server::start();
    let home = home(&server.url());
    fs::create_dir_all(state(&home)).expect("a folder can be made");
    fs::write(database(&state(&home)), "garbage ".repeat(1000)).expect("a file can be written");
    assert_eq!(run(&home, ["state", "reset"]).end, End::Code(2), "not without a yes");
    check(&home, ["reset", "--yes"], &[], &["moved the state to `"]);
    let files = fs::read_dir(state(&home)).expect("it is there").map(|file| file.expect("it reads").path());
    let files: Vec<PathBuf> = files.collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(files[0].display().to_string().contains("/state.db.2"), "{files:?}");
    assert_eq!(fs::read(&files[0]).expect("it reads"), "garbage ".repeat(1000).as_bytes());
    ask(&home);
    check(&home, ["show"], &["lab/500\n  breaker  open"], &[]);
}

#[test]
fn a_state_of_another_program_is_not_touched() {
    let home = home("http://192.0.2.1");
    fs::create_dir_all(state(&home)).expect("a folder can be made");
    let other = rusqlite::Connection::open(database(&state(&home))).expect("it opens");
    other.execute_batch("CREATE TABLE a (b)").expect("it can be written");
    let output = run(&home, ["state", "reset", "--yes"]);
    assert_eq!(output.end, End::Code(1));
    assert!(output.notes().contains("a database of another program"), "{}", output.notes());
}

#[test]
fn a_deployment_with_another_address_or_key_starts_fresh() {
    let (first, second) = (Server::start(), Server::start());
    let home = home(&first.url());
    ask(&home);
    ask(&home);
    assert_eq!(first.count("500"), 1, "it cools down");
    home.write(".config/llmroute/profile.toml", profile(&second.url()));
    ask(&home);
    ask(&home);
    assert_eq!(second.count("500"), 1, "another address is asked at once");
    let other_key = || Run::at(&home).env("LAB_KEY", "sk-test-another").args(["ask", "why?"]).output();
    assert_eq!((other_key().end, other_key().end), (End::Code(0), End::Code(0)));
    assert_eq!(second.count("500"), 2, "another key is asked at once");
    home.write(".config/llmroute/profile.toml", profile(&first.url()));
    ask(&home);
    assert_eq!(first.count("500"), 1, "the former one still cools down");
}
