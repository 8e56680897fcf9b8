//! Searches and filters of the log, on every persistent store.

use std::path::Path;

use proptest::prelude::*;

use llmroute_core::model::Timestamp;
use llmroute_router::history::{History, LogQuery, SearchTerms};
use llmroute_router::ports::{LogEnd, LogStart, RequestOutcome, Store};
use llmroute_router::state::{LogReader, SqliteStore, StateLocation, database};

use crate::history::check as on_all;
use crate::state::{end, start};

/// Logs five requests: `A` and `B` answered, `C` failed after two attempts, `D` cancelled at another deployment,
/// `E` unfinished.
fn write(store: &dyn Store) {
    let asked = |id: &str, at: i64, prompt: &str, group: &str, tag: &str| LogStart {
        at: Timestamp(at),
        prompt: prompt.to_owned(),
        group: group.to_owned(),
        tags: vec![tag.to_owned()],
        conversation_id: Some(if id == "B" { "A" } else { id }.to_owned()),
        ..start(id)
    };
    let nobody = serde_json::json!([]);
    let failed = LogEnd {
        outcome: RequestOutcome::Failed,
        deployment: Some("odd \"name\"".to_owned()),
        attempts: serde_json::json!([
            {"deployment": "lab/a", "outcome": "failed", "class": "rate_limit"},
            {"deployment": "odd \"name\"", "outcome": "failed", "class": "timeout"},
        ]),
        error: Some(serde_json::json!({"class": "rate_limit", "message": "slow down"})),
        ..end("")
    };
    let broken = LogEnd {
        outcome: RequestOutcome::Partial,
        deployment: Some("lab/b".to_owned()),
        attempts: nobody,
        ..end("日本語の質問")
    };
    for (start, end) in [
        (
            asked("A", 1000, "Why is the sky blue?", "main", "x"),
            Some(LogEnd { attempts: serde_json::json!([]), ..end("Rayleigh scattering") }),
        ),
        (
            asked("B", 2000, "And the SEA?", "main", "\"quoted\""),
            Some(LogEnd { attempts: serde_json::json!([]), ..end("the sky's mirror") }),
        ),
        (asked("C", 3000, "skyline of Bern", "other", "x"), Some(failed)),
        (asked("D", 4000, "ärger over_all", "main", "y"), Some(broken)),
        (asked("E", 5000, "the sky again", "main", "x"), None),
    ] {
        store.begin(&start).expect("the log can be written");
        if let Some(end) = end {
            store.finish(&start.id, &end).expect("the log can be written");
        }
    }
}

fn found(history: &History, query: &LogQuery, count: usize) -> String {
    history.find(query, count).expect("the log can be read").into_iter().map(|entry| entry.start.id).collect()
}

/// `query` finds the requests `want`, in this order, on every store.
#[track_caller]
fn check(query: &LogQuery, want: &str) {
    on_all(write, |history| assert_eq!(found(history, query, 9), want, "{query:?}"));
}

/// `typed` finds `want`.
#[track_caller]
fn search(typed: &str, want: &str) {
    check(&words(typed), want);
}

fn words(typed: &str) -> LogQuery {
    LogQuery { words: SearchTerms::of(typed), ..LogQuery::default() }
}

#[test]
fn words_are_found_in_prompts_and_answers() {
    search("sky", "ABE");
    search("SKY blue", "A");
    search("sky* ", "ABCE");
    search("sea mirror", "B");
    search("sky green", "");
    search("ärger", "D");
    search("all", "D");
    search("質問", "D");
}

#[test]
fn any_input_is_searched_as_words() {
    for typed in
        ["\"sky\" blue", "sky AND blue", "words:sky", "sky NEAR blue", "^sky blue", "sky's", "') --", "sky - blue"]
    {
        on_all(write, |history| {
            history.find(&words(typed), 9).unwrap_or_else(|error| panic!("`{typed}`: {error}"));
        });
    }
    search("sky's", "B");
    search("(\"sky\") + blue", "A");
    search("sky AND blue", "");
}

#[test]
fn each_filter_selects_its_requests() {
    let some = |text: &str| Some(text.to_owned());
    check(&LogQuery { group: some("other"), ..LogQuery::default() }, "C");
    check(&LogQuery { deployment: some("openai/gpt-4o"), ..LogQuery::default() }, "AB");
    check(&LogQuery { deployment: some("lab/a"), ..LogQuery::default() }, "C");
    check(&LogQuery { deployment: some("odd \"name\""), ..LogQuery::default() }, "C");
    check(&LogQuery { deployment: some("lab"), ..LogQuery::default() }, "");
    check(&LogQuery { class: some("timeout"), ..LogQuery::default() }, "C");
    check(&LogQuery { class: some("slow down"), ..LogQuery::default() }, "");
    check(&LogQuery { outcome: Some(Some(RequestOutcome::Partial)), ..LogQuery::default() }, "D");
    check(&LogQuery { outcome: Some(None), ..LogQuery::default() }, "E");
    check(&LogQuery { since: Some(Timestamp(4000)), ..LogQuery::default() }, "DE");
    check(&LogQuery { until: Some(Timestamp(2000)), ..LogQuery::default() }, "A");
    check(&LogQuery { conversation: some("A"), ..LogQuery::default() }, "AB");
    check(&LogQuery { tag: some("\"quoted\""), ..LogQuery::default() }, "B");
    check(&LogQuery { tag: some("quoted"), ..LogQuery::default() }, "");
}

#[test]
fn filters_combine_and_the_count_limits_to_the_latest() {
    let query = LogQuery { group: Some("main".to_owned()), tag: Some("x".to_owned()), ..words("sky") };
    check(&query, "AE");
    on_all(write, |history| {
        assert_eq!(found(history, &query, 1), "E");
        assert_eq!(found(history, &LogQuery::default(), 2), "DE");
    });
}

#[test]
fn the_later_of_two_results_is_searched() {
    let both = |store: &dyn Store| {
        write(store);
        store.finish("A", &end("another answer")).expect("the log can be written");
    };
    on_all(both, |history| {
        assert_eq!(found(history, &words("Rayleigh"), 9), "");
        assert_eq!(found(history, &words("another"), 9), "A");
    });
}

#[test]
fn a_cleared_log_has_no_matches() {
    let cleared = |store: &dyn Store| {
        write(store);
        assert_eq!(store.clear_log(), Ok(5));
        store.begin(&start("F")).expect("the log can be written");
    };
    on_all(cleared, |history| assert_eq!(found(history, &words("sky"), 9), "F"));
}

#[test]
fn texts_too_long_for_the_index_are_found() {
    let long = |store: &dyn Store| {
        let prompt = format!("{} needle", "hay ".repeat(100_000));
        store.begin(&LogStart { prompt, ..start("A") }).expect("the log can be written");
        store.finish("A", &end("blue")).expect("the log can be written");
    };
    on_all(long, |history| {
        assert_eq!(found(history, &words("needle"), 9), "A");
        assert_eq!(found(history, &words("needles"), 9), "");
    });
}

/// Pieces of words that an index and a search could split differently.
fn piece() -> impl Strategy<Value = String> {
    let odd = [
        "a",
        "O",
        "\u{308}",
        "e\u{301}",
        "\u{e000}",
        "\u{f8ff}",
        "K",
        "\u{212a}",
        "İ",
        "ı",
        "ß",
        "ẞ",
        "ſ",
        "Σ",
        "ς",
        "\u{345}",
        "ﬁ",
        "日",
        "ก",
        "²",
        "½",
        "_",
        "-",
        "'",
        "\"",
        " ",
        "\n",
        "\u{200d}",
        "\u{ad}",
        "א",
        "\u{5b0}",
        "\u{1f600}",
        "\u{2c2f}",
    ];
    prop_oneof![3 => prop::sample::select(odd.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_word_of_a_stored_text_finds_it(texts in prop::collection::vec(prop::collection::vec(piece(), 0..12), 12)) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let sqlite = SqliteStore::new(dir.path());
        let texts: Vec<String> = texts.iter().map(|pieces| pieces.concat().replace('*', " ")).collect();
        for (n, text) in texts.iter().enumerate() {
            let id = format!("{n:02}");
            sqlite.begin(&LogStart { prompt: text.clone(), ..start(&id) }).expect("it can be written");
            sqlite.finish(&id, &end("")).expect("it can be written");
        }
        let reader = LogReader::open(dir.path()).expect("the log can be opened").expect("there is one");
        for (n, text) in texts.iter().enumerate() {
            for word in text.split_whitespace() {
                let found = reader.find(&words(word), 99).expect("it can be searched");
                prop_assert!(found.iter().any(|(start, _)| start.id == format!("{n:02}")), "{word:?} of {text:?}");
            }
        }
    }
}

#[test]
fn an_index_of_version_two_is_rebuilt() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let sqlite = SqliteStore::new(dir.path());
    sqlite.begin(&LogStart { prompt: "a\u{308}rger".to_owned(), ..start("A") }).expect("it can be written");
    sqlite.finish("A", &end("")).expect("it can be written");
    let older = rusqlite::Connection::open(database(dir.path())).expect("it can be opened");
    let text = "DELETE FROM log_words; PRAGMA user_version = 2;
                ALTER TABLE log DROP COLUMN user; ALTER TABLE log DROP COLUMN details; ALTER TABLE log DROP COLUMN routing;
                INSERT INTO log_words (id, words) SELECT id, prompt FROM log;";
    older.execute_batch(text).expect("it can be taken back");
    drop(older);
    let reader = LogReader::open(dir.path()).expect("the log can be opened").expect("there is one");
    for word in ["rger", "a\u{308}rger"] {
        assert_eq!(reader.find(&words(word), 9).map(|records| records.len()), Ok(1), "{word}");
    }
}

/// A state of the first version in `dir`, with `A` answered.
fn first_version(dir: &Path) {
    write(&SqliteStore::new(dir));
    let connection = rusqlite::Connection::open(database(dir)).expect("it can be opened");
    let back = "DROP TABLE log_words; DROP TABLE IF EXISTS log_words_content; DROP INDEX log_conversation; ALTER TABLE log DROP COLUMN parent;
                ALTER TABLE log DROP COLUMN user; ALTER TABLE log DROP COLUMN details; ALTER TABLE log DROP COLUMN routing;
                UPDATE log SET conversation_id = NULL; PRAGMA user_version = 1;";
    connection.execute_batch(back).expect("it can be taken back");
}

#[test]
fn a_state_of_version_one_is_read_and_continued() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    first_version(dir.path());
    let history = History::open(&StateLocation::Dir(dir.path().to_owned())).expect("the log can be opened");
    assert_eq!(history.last_conversation(), Ok(Some("E".to_owned())));
    assert_eq!(history.conversation("A").map(|turns| turns.len()), Ok(1));
    let sqlite = SqliteStore::new(dir.path());
    sqlite
        .begin(&LogStart { parent: Some("A".to_owned()), conversation_id: Some("A".to_owned()), ..start("F") })
        .expect("it can be written");
    assert_eq!(history.conversation("A").map(|turns| turns.len()), Ok(2));
}

#[test]
fn old_requests_are_found_and_indexed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    first_version(dir.path());
    let reader = LogReader::open(dir.path()).expect("the log can be opened").expect("there is one");
    let indexed = || {
        let connection = rusqlite::Connection::open(database(dir.path())).expect("it can be opened");
        let count = connection.query_row("SELECT count(*) FROM log_words", [], |row| row.get::<_, i64>(0));
        count.expect("there is an index")
    };
    assert_eq!(indexed(), 0);
    assert_eq!(reader.find(&words("sky"), 9).map(|records| records.len()), Ok(3));
    assert_eq!(indexed(), 4, "all that are finished");
    assert_eq!(reader.find(&words("sky"), 9).map(|records| records.len()), Ok(3));
}

#[test]
fn a_read_only_log_can_be_searched() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(&SqliteStore::new(dir.path()));
    let lock = rusqlite::Connection::open(database(dir.path())).expect("it can be opened");
    lock.execute_batch("DELETE FROM log_words; BEGIN IMMEDIATE").expect("it can be locked");
    let reader = LogReader::open(dir.path()).expect("the log can be opened").expect("there is one");
    assert_eq!(reader.find(&words("sky"), 9).map(|records| records.len()), Ok(3));
}
