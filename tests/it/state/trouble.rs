//! Unusable states: each gives one warning with a remedy, and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use llmroute_router::state::{self, LogReader, SqliteStore, StateLocation, database};

use super::{end, get, increment, set, start};

/// Uses the state `dir` like a call does; the single warning must contain each of `want`.
fn check(dir: &Path, want: &[&str]) {
    let store = state::open(&StateLocation::Dir(dir.to_owned()));
    let known: u64 = get(&*store, "n").map_or(0, |n| n.parse().unwrap());
    store.begin(&start("A")).unwrap();
    increment(&*store, "n");
    increment(&*store, "n");
    store.finish("A", &end("blue")).unwrap();
    assert_eq!(get(&*store, "n"), Some((known + 2).to_string()), "this process goes on");
    let warning = store.take_warning().expect("a warning is due");
    for part in ["no shared state", "\nhint: "].iter().chain(want) {
        assert!(warning.contains(part), "`{part}` is not in `{warning}`");
    }
    assert_eq!(store.take_warning(), None, "one warning is enough");
}

/// As [`check`], for a database damaged by `harm`, which must stay unchanged.
fn check_harmed(harm: impl FnOnce(&Path), want: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let path = database(dir.path());
    harm(&path);
    let before = fs::read(&path).ok();
    check(dir.path(), &[want, &[&*path.to_string_lossy()]].concat());
    assert!(fs::read(&path).ok() == before, "what is there may be wanted back");
}

/// A database with content, all of it in the main file.
fn whole(path: &Path) -> rusqlite::Connection {
    set(&SqliteStore::new(path.parent().unwrap()), "n", Some("5"));
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    connection
}

#[test]
fn garbage_instead_of_a_database() {
    check_harmed(
        |path| fs::write(path, "garbage ".repeat(1000)).unwrap(),
        &["file is not a database", "`llmroute state reset` moves it aside", "state.db-wal`"],
    );
}

#[test]
fn a_database_with_torn_pages() {
    let tear = |path: &Path| {
        drop(whole(path));
        let mut bytes = fs::read(path).unwrap();
        bytes[4096..].fill(0xff);
        fs::write(path, bytes).unwrap();
    };
    check_harmed(tear, &["database disk image is malformed", "`llmroute state reset` moves it aside"]);
}

#[test]
fn a_state_of_a_newer_version() {
    check_harmed(
        |path| whole(path).pragma_update(None, "user_version", 7).unwrap(),
        &["a newer llmroute wrote it (version 7, this one knows 4)", "update llmroute"],
    );
}

#[test]
fn a_database_of_another_program() {
    let make = |path: &Path| rusqlite::Connection::open(path).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    check_harmed(make, &["a database of another program"]);
}

#[test]
fn a_directory_instead_of_a_database() {
    check_harmed(|path| fs::create_dir(path).unwrap(), &["unable to open database file"]);
}

#[test]
fn a_wal_whose_database_was_moved_away() {
    let lose = |path: &Path| {
        set(&SqliteStore::new(path.parent().unwrap()), "n", Some("5"));
        fs::rename(path, path.with_extension("moved")).unwrap();
    };
    check_harmed(lose, &["left of a state that was moved away", "together"]);
}

#[test]
fn a_file_instead_of_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    check(&file, &["Not a directory", "--state memory"]);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
#[cfg(target_os = "linux")]
fn a_directory_that_cannot_be_created() {
    check(Path::new("/proc/llmroute-state"), &["/proc/llmroute-state", "--state DIR"]);
}

#[test]
fn a_read_only_directory_and_database() {
    let dir = tempfile::tempdir().unwrap();
    drop(whole(&database(dir.path())));
    for (path, mode) in [(database(dir.path()), 0o400), (dir.path().to_owned(), 0o500)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let binds = fs::write(dir.path().join("probe"), "").is_err();
    if binds {
        check(dir.path(), &["state.db", "check the owner and the mode"]);
    } else {
        // Root ignores file modes: everything works silently then.
        let store = state::open(&StateLocation::Dir(dir.path().to_owned()));
        increment(&*store, "n");
        assert_eq!((get(&*store, "n").as_deref(), store.take_warning()), (Some("6"), None));
    }
}

#[test]
fn an_empty_file_becomes_a_state() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(database(dir.path()), "").unwrap();
    let store = state::open(&StateLocation::Dir(dir.path().to_owned()));
    store.begin(&start("A")).unwrap();
    assert_eq!(store.take_warning(), None);
    assert_eq!(LogReader::open(dir.path()).unwrap().unwrap().last(1).unwrap(), [(start("A"), None)]);
}

#[test]
fn a_state_in_memory_gives_no_warning() {
    let store = state::open(&StateLocation::Memory);
    increment(&*store, "n");
    assert_eq!((get(&*store, "n").as_deref(), store.take_warning()), (Some("1"), None));
}
