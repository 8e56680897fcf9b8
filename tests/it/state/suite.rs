//! The behaviour of every store.

use std::path::Path;
use std::thread;

use llmroute_router::ports::{LogEnd, LogStart, RequestOutcome, Store};
use llmroute_router::state::{FallbackStore, LogReader, LogRecord, MemoryStore, RedisStore, SqliteStore};

use super::redis::Place;
use super::{end, get, increment, key, set, start};

/// A store, and a view of its log.
trait Subject: Store {
    fn records(&self, dir: &Path) -> Vec<LogRecord>;
}

impl Subject for MemoryStore {
    fn records(&self, _: &Path) -> Vec<LogRecord> {
        MemoryStore::records(self)
    }
}

impl Subject for SqliteStore {
    fn records(&self, dir: &Path) -> Vec<LogRecord> {
        let log = LogReader::open(dir).expect("the log can be opened");
        log.map_or_else(Vec::new, |log| log.last(100).expect("the log can be read"))
    }
}

impl Subject for FallbackStore<SqliteStore> {
    fn records(&self, dir: &Path) -> Vec<LogRecord> {
        assert_eq!(self.take_warning(), None);
        SqliteStore::new(dir).records(dir)
    }
}

/// Runs `case` on a fresh store of each kind.
fn check(case: fn(&dyn Store)) {
    let dirs = [(); 2].map(|()| tempfile::tempdir().expect("a temporary directory"));
    case(&MemoryStore::default());
    case(&SqliteStore::new(dirs[0].path()));
    case(&FallbackStore::new(SqliteStore::new(dirs[1].path())));
    if let Some(place) = Place::new() {
        case(&RedisStore::new(&place.url));
    }
}

/// Runs `write` on a fresh store of each kind; then its log must be `want`.
fn check_log(write: fn(&dyn Store), want: &[LogRecord]) {
    let dirs = [(); 3].map(|()| tempfile::tempdir().expect("a temporary directory"));
    let [memory, sqlite, degrading] = dirs.each_ref().map(tempfile::TempDir::path);
    let subjects: [(&Path, Box<dyn Subject>); 3] = [
        (memory, Box::new(MemoryStore::default())),
        (sqlite, Box::new(SqliteStore::new(sqlite))),
        (degrading, Box::new(FallbackStore::new(SqliteStore::new(degrading)))),
    ];
    for (dir, subject) in subjects {
        write(&*subject);
        assert_eq!(subject.records(dir), want);
    }
    if let Some(place) = Place::new() {
        let redis = RedisStore::new(&place.url);
        write(&redis);
        assert_eq!(redis.last(100).expect("the log can be read"), want);
    }
}

#[test]
fn a_missing_key_reads_as_none() {
    check(|store| assert_eq!(store.read(&[key("a"), key("b")].concat()), Ok(vec![None, None])));
}

#[test]
fn values_come_in_the_order_of_their_keys() {
    check(|store| {
        set(store, "a", Some("1"));
        set(store, "b", Some(""));
        let keys = ["b", "x", "a", "b"].map(str::to_owned);
        let want = [Some(""), None, Some("1"), Some("")].map(|value| value.map(str::to_owned));
        assert_eq!(store.read(&keys), Ok(want.to_vec()));
    });
}

#[test]
fn no_keys_give_no_values() {
    check(|store| {
        assert_eq!(store.read(&[]), Ok(Vec::new()));
        assert_eq!(store.update(&[], &mut |values| assert!(values.is_empty())), Ok(()));
    });
}

#[test]
fn an_update_sees_the_newest_values_and_is_read_back() {
    check(|store| {
        set(store, "n", Some("41"));
        increment(store, "n");
        assert_eq!(get(store, "n").as_deref(), Some("42"));
    });
}

#[test]
fn setting_none_removes_a_value() {
    check(|store| {
        set(store, "a", Some("1"));
        set(store, "a", None);
        assert_eq!(get(store, "a"), None);
    });
}

#[test]
fn values_and_keys_can_hold_any_text() {
    check(|store| {
        set(store, "k'\"\0🙂", Some("v'\"\0\u{1b}🙂"));
        assert_eq!(get(store, "k'\"\0🙂").as_deref(), Some("v'\"\0\u{1b}🙂"));
    });
}

#[test]
fn several_values_change_together() {
    check(|store| {
        let keys = ["a", "b"].map(str::to_owned);
        store.update(&keys, &mut |values| values.fill(Some("1".to_owned()))).expect("the store can be written");
        store.update(&keys, &mut |values| values.swap(0, 1)).expect("the store can be written");
        assert_eq!(store.read(&keys), Ok(vec![Some("1".to_owned()); 2]));
    });
}

#[test]
fn keys_are_found_by_prefix() {
    check(|store| {
        for name in ["a/2", "a/1", "b/1", "a", "A/1", "a%", "*"] {
            set(store, name, Some("1"));
        }
        assert_eq!(store.keys("a/"), Ok(key("a/1").into_iter().chain(key("a/2")).collect()));
        assert_eq!(store.keys("").map(|keys| keys.len()), Ok(7));
        assert_eq!(store.keys("*"), Ok(key("*")));
        assert_eq!(store.keys("c"), Ok(Vec::new()));
    });
}

#[test]
fn deleting_keys_keeps_the_others() {
    check(|store| {
        for name in ["a", "b", "c"] {
            set(store, name, Some("1"));
        }
        assert_eq!(store.delete(&["a", "x", "c"].map(str::to_owned)), Ok(2));
        assert_eq!(store.keys(""), Ok(key("b")));
        assert_eq!(store.delete(&[]), Ok(0));
    });
}

#[test]
fn deleting_creates_nothing() {
    check(|store| assert_eq!((store.delete(&key("a")), store.clear_log()), (Ok(0), Ok(0))));
}

#[test]
fn a_cleared_log_is_empty_and_usable() {
    check_log(
        |store| {
            log(store, &start("A"), &end("blue"));
            store.begin(&start("B")).expect("the log can be written");
            assert_eq!(store.clear_log(), Ok(2));
            store.begin(&start("C")).expect("the log can be written");
        },
        &[(start("C"), None)],
    );
}

#[test]
fn threads_lose_nothing() {
    check(|store| {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..25).for_each(|_| increment(store, "n")));
            }
        });
        assert_eq!(get(store, "n").as_deref(), Some("200"));
    });
}

#[test]
fn a_request_is_logged_before_its_answer() {
    check_log(|store| store.begin(&start("A")).expect("the log can be written"), &[(start("A"), None)]);
}

#[test]
fn an_answer_is_stored_with_its_request() {
    check_log(|store| log(store, &start("A"), &end("blue")), &[(start("A"), Some(end("blue")))]);
}

#[test]
fn every_field_may_be_empty() {
    fn bare() -> LogRecord {
        let start = LogStart {
            conversation_id: None,
            parent: None,
            system: None,
            prompt: String::new(),
            tags: Vec::new(),
            ..start("A")
        };
        let end = LogEnd {
            outcome: RequestOutcome::Failed,
            deployment: None,
            provider: None,
            model: None,
            reasoning: String::new(),
            finish_reason: None,
            usage: None,
            cost_usd: None,
            ttft_ms: None,
            attempts: serde_json::json!([]),
            error: Some(serde_json::json!({"class": "timeout", "message": "silence"})),
            ..end("")
        };
        (start, Some(end))
    }
    check_log(|store| log(store, &bare().0, &bare().1.expect("it has an end")), &[bare()]);
}

#[test]
fn every_outcome_is_read_back() {
    for outcome in RequestOutcome::ALL {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = SqliteStore::new(dir.path());
        log(&store, &start("A"), &LogEnd { outcome, ..end("x") });
        let ends = Subject::records(&store, dir.path()).into_iter().map(|(_, end)| end.map(|end| end.outcome));
        assert_eq!(ends.collect::<Vec<_>>(), [Some(outcome)]);
    }
}

#[test]
fn requests_come_in_the_order_of_their_ids() {
    check_log(
        |store| {
            store.begin(&start("A")).expect("the log can be written");
            store.begin(&start("B")).expect("the log can be written");
            store.finish("A", &end("blue")).expect("the log can be written");
        },
        &[(start("A"), Some(end("blue"))), (start("B"), None)],
    );
}

#[test]
fn a_second_begin_changes_nothing() {
    check_log(
        |store| {
            log(store, &start("A"), &end("blue"));
            store.begin(&LogStart { prompt: "other".to_owned(), ..start("A") }).expect("the log can be written");
        },
        &[(start("A"), Some(end("blue")))],
    );
}

#[test]
fn the_later_of_two_results_stands() {
    check_log(
        |store| {
            log(store, &start("A"), &end("blu"));
            store.finish("A", &end("blue")).expect("the log can be written");
        },
        &[(start("A"), Some(end("blue")))],
    );
}

#[test]
fn a_result_without_a_request_is_dropped() {
    check_log(|store| store.finish("A", &end("blue")).expect("the log can be written"), &[]);
}

fn log(store: &dyn Store, start: &LogStart, end: &LogEnd) {
    store.begin(start).expect("the log can be written");
    store.finish(&start.id, end).expect("the log can be written");
}
