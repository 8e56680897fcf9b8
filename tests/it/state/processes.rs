//! Many processes on one state lose nothing, even when they are killed.
//!
//! A child is this test binary again: it runs [`child_process`] with a job in its environment.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use llmroute_core::model::RedisUrl;
use llmroute_router::ports::Store;
use llmroute_router::state::{FallbackStore, LogReader, RedisStore, SqliteStore, database};
use nix::sys::stat::{Mode, umask};

use super::{end, get, increment, set, start};

const JOB: &str = "LLMROUTE_TEST_JOB";
const DIR: &str = "LLMROUTE_TEST_DIR";

/// Starts a process that does `job` on the state in `dir`.
pub fn child(job: &str, dir: &Path) -> Child {
    let binary = std::env::current_exe().expect("a test has a binary");
    let mut command = Command::new(binary);
    command.args(["--exact", "state::processes::child_process", "--nocapture"]);
    command.env(JOB, job).env(DIR, dir).stdin(Stdio::null()).stdout(Stdio::piped());
    command.spawn().expect("the test binary can be run again")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a child is told its job by its environment")]
fn child_process() {
    if let (Ok(job), Ok(dir)) = (std::env::var(JOB), std::env::var(DIR)) {
        return work(&job, Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    work("increment", dir.path());
    assert_eq!(get(&SqliteStore::new(dir.path()), "n").as_deref(), Some("1"));
}

fn work(job: &str, dir: &Path) {
    if let Ok(url) = RedisUrl::parse(&dir.to_string_lossy()) {
        return increment(&RedisStore::new(&url), "n");
    }
    let store = SqliteStore::new(dir);
    match job {
        "increment" => increment(&store, "n"),
        "log" => {
            let calls = FallbackStore::new(store);
            for n in 0.. {
                log_and_tell(&calls, n);
            }
        }
        mask => {
            umask(Mode::from_bits_truncate(u32::from_str_radix(mask, 8).expect("else the job is a umask")));
            increment(&store, "n");
        }
    }
}

/// Writes like a call does, and prints what is safely stored.
fn log_and_tell(store: &FallbackStore<SqliteStore>, n: u64) {
    let process = format!("{:08}", std::process::id());
    let id = format!("{process}-{n:08}");
    store.begin(&start(&id)).expect("the log can be written");
    store.finish(&id, &end(&"long ".repeat(1000))).expect("the log can be written");
    let mut count = |values: &mut [Option<String>]| {
        for value in values {
            *value = Some((value.as_deref().map_or(0, |n| n.parse::<u64>().expect("a number")) + 1).to_string());
        }
    };
    store.update(&["n".to_owned(), format!("own/{process}")], &mut count).expect("the state can be written");
    assert_eq!(store.take_warning(), None);
    writeln!(io::stdout(), "\ndone {id}").expect("the parent reads");
}

#[test]
fn a_hundred_simultaneous_processes_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("new/state");
    let children: Vec<Child> = (0..100).map(|_| child("increment", &state)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(get(&SqliteStore::new(&state), "n").as_deref(), Some("100"));
    let mut names: Vec<String> =
        fs::read_dir(&state).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["state.db", "state.db-shm", "state.db-wal"], "no draft is left behind");
}

/// The number of processes to kill; `LLMROUTE_KILLS` raises it.
const KILLS: usize = 24;
/// The number of processes at a time, so that each is killed while others work.
const AT_ONCE: usize = 4;

#[test]
#[expect(clippy::disallowed_methods, reason = "who has more time says so by a variable")]
fn finished_requests_survive_kill_9() {
    let kills = std::env::var("LLMROUTE_KILLS").map_or(KILLS, |kills| kills.parse().expect("it is a number"));
    let dir = tempfile::tempdir().unwrap();
    let mut done = Vec::new();
    let mut working = VecDeque::new();
    for n in 0..kills {
        working.push_back(child("log", dir.path()));
        if working.len() == AT_ONCE {
            done.extend(kill_after(n % 5, working.pop_front().unwrap()));
        }
    }
    working.into_iter().for_each(|child| done.extend(kill_after(1, child)));
    check_whole(dir.path());
    check_log(dir.path(), &done);
    check_counters(dir.path(), &done);
    assert!(done.len() >= kills, "{} requests by {kills} processes", done.len());
}

/// Kills a process once it has finished more than `requests`; returns the ids of the finished ones.
fn kill_after(requests: usize, mut child: Child) -> Vec<String> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = || lines.by_ref().find_map(|line| Some(line.unwrap().strip_prefix("done ")?.to_owned()));
    let mut done: Vec<String> = (0..=requests).map(|_| told().expect("a child works until it is killed")).collect();
    child.kill().unwrap();
    done.extend(std::iter::from_fn(told));
    child.wait().unwrap();
    done
}

/// Checks that no finished request is lost.
fn check_log(dir: &Path, done: &[String]) {
    let log = LogReader::open(dir).unwrap().unwrap();
    for id in done {
        let (_, end) = log.get(id).unwrap().expect("its question is there");
        assert!(end.is_some(), "{id} was finished");
    }
}

/// Checks that the shared counter is the sum of the processes' own, and that each of these is what its process
/// printed, or one more that it did not get to print.
fn check_counters(dir: &Path, done: &[String]) {
    let store = SqliteStore::new(dir);
    let number = |name: &str| get(&store, name).map_or(0, |n| n.parse::<usize>().unwrap());
    let own = store.keys("own/").unwrap();
    assert_eq!(number("n"), own.iter().map(|name| number(name)).sum::<usize>());
    for name in own {
        let process = &name["own/".len()..];
        let told = done.iter().filter(|id| id.starts_with(process)).count();
        let counted = number(&name);
        assert!(counted == told || counted == told + 1, "{name}: {counted}, and {told} told");
    }
}

#[test]
fn the_wal_of_long_answers_stays_bounded() {
    check_wal(50, |store, n| {
        store.begin(&start(n)).unwrap();
        store.finish(n, &end(&"long ".repeat(10_000))).unwrap();
    });
}

#[test]
fn the_wal_of_one_shot_processes_stays_bounded() {
    check_wal(300, |store, n| set(store, "key", Some(n)));
}

/// Opens a state `times` times for one `write` each; its WAL must stay below a megabyte.
fn check_wal(times: u32, write: fn(&dyn Store, &str)) {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..times {
        write(&SqliteStore::new(dir.path()), &n.to_string());
        let wal = fs::metadata(dir.path().join("state.db-wal")).unwrap().len();
        assert!(wal < 1 << 20, "{wal} bytes after {n}");
    }
}

#[test]
fn only_the_owner_can_read_the_state_under_any_umask() {
    for mask in ["000", "022", "777"] {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        assert!(child(mask, &state).wait().unwrap().success(), "umask {mask}");
        check_mode(&state, 0o700);
        for name in ["state.db", "state.db-wal", "state.db-shm"] {
            check_mode(&state.join(name), 0o600);
        }
    }
}

#[test]
fn readable_files_become_private() {
    let dir = tempfile::tempdir().unwrap();
    increment(&SqliteStore::new(dir.path()), "n");
    let files = ["state.db", "state.db-wal", "state.db-shm"].map(|name| dir.path().join(name));
    for file in &files {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    increment(&SqliteStore::new(dir.path()), "n");
    files.iter().for_each(|file| check_mode(file, 0o600));
}

#[test]
fn reading_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(get(&SqliteStore::new(&dir.path().join("state")), "n"), None);
    assert!(LogReader::open(&dir.path().join("state")).unwrap().is_none());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

fn check_mode(path: &Path, want: u32) {
    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, want, "{} is {mode:o}", path.display());
}

fn check_whole(dir: &Path) {
    let connection = rusqlite::Connection::open(database(dir)).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}
