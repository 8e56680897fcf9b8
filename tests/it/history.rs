//! Conversations in the log, on every persistent store.

use llmroute_core::model::{Part, Role};
use llmroute_router::history::{History, HistoryError, messages};
use llmroute_router::ports::{LogEnd, LogStart, RequestOutcome, Store};
use llmroute_router::state::{StateLocation, open_strict};

use crate::state::{Place, end, start};

/// Runs `case` on a fresh log of each kind, filled by `write`.
pub fn check(write: impl Fn(&dyn Store), case: impl Fn(&History)) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let place = Place::new();
    let redis = place.iter().map(|place| StateLocation::Redis(place.url.clone()));
    for location in [StateLocation::Dir(dir.path().to_owned())].into_iter().chain(redis) {
        write(&*open_strict(&location));
        case(&History::open(&location).expect("the log can be opened"));
    }
}

/// Logs a turn of conversation `of`; `text` is its answer, `-` means no answer yet, `!` a failure.
fn turn(store: &dyn Store, of: &str, id: &str, parent: Option<&str>, text: &str) {
    let asked = LogStart {
        conversation_id: Some(of.to_owned()),
        parent: parent.map(str::to_owned),
        prompt: format!("prompt of {id}"),
        ..start(id)
    };
    store.begin(&asked).expect("the log can be written");
    let end = match text {
        "-" => return,
        "!" => LogEnd { outcome: RequestOutcome::Failed, ..end("") },
        text => end(text),
    };
    store.finish(id, &end).expect("the log can be written");
}

/// Logs conversation `A1` of two turns, the second one retried, and the single `B1`.
fn two(store: &dyn Store) {
    turn(store, "A1", "A1", None, "one");
    turn(store, "A1", "A2", Some("A1"), "two");
    turn(store, "B1", "B1", None, "lone");
    turn(store, "A1", "C2", Some("A1"), "two again");
}

fn ids(history: &History, id: &str) -> Vec<String> {
    let turns = history.conversation(id).expect("it is there");
    turns.into_iter().map(|turn| turn.start.id).collect()
}

#[test]
fn a_conversation_is_the_newest_turn_and_its_ancestors() {
    check(two, |history| {
        assert_eq!(ids(history, "A1"), ["A1", "C2"]);
        assert_eq!(ids(history, "B1"), ["B1"]);
    });
}

/// The last turn of `A1` has the parent `asked` and the answer `text`, after an answered one.
fn last(asked: &str, text: &str, want: &[&str]) {
    let write = |store: &dyn Store| {
        turn(store, "A1", "A1", None, "one");
        turn(store, "A1", "A2", Some("A1"), "two");
        let of = LogStart {
            conversation_id: Some("A1".to_owned()),
            parent: Some("A1".to_owned()),
            prompt: asked.to_owned(),
            ..start("C2")
        };
        store.begin(&of).expect("the log can be written");
        match text {
            "-" => {}
            "!" => {
                store.finish("C2", &LogEnd { outcome: RequestOutcome::Failed, ..end("") }).expect("it can be written")
            }
            text => store.finish("C2", &end(text)).expect("it can be written"),
        }
    };
    check(write, |history| assert_eq!(ids(history, "A1"), want, "{asked} {text}"));
}

#[test]
fn an_answer_stands_until_the_same_question_has_another() {
    last("prompt of A2", "!", &["A1", "A2"]);
    last("prompt of A2", "-", &["A1", "A2"]);
    last("prompt of A2", "again", &["A1", "C2"]);
    last("another question", "!", &["A1", "C2"]);
}

#[test]
fn an_undone_turn_is_left_out_once_the_conversation_continues() {
    let write = |store: &dyn Store| {
        two(store);
        turn(store, "A1", "D3", None, "from the beginning");
    };
    check(write, |history| assert_eq!(ids(history, "A1"), ["D3"]));
}

#[test]
fn a_clock_that_stepped_back_changes_nothing() {
    let write = |store: &dyn Store| {
        turn(store, "M1", "M1", None, "one");
        turn(store, "M1", "K2", Some("M1"), "two");
    };
    check(write, |history| assert_eq!(ids(history, "M1"), ["M1", "K2"]));
}

#[test]
fn a_cycle_of_parents_ends() {
    let write = |store: &dyn Store| {
        turn(store, "A1", "A1", Some("A2"), "one");
        turn(store, "A1", "A2", Some("A1"), "two");
        turn(store, "A1", "A3", Some("A2"), "three");
    };
    check(write, |history| assert_eq!(ids(history, "A1"), ["A1", "A2", "A3"]));
}

#[test]
fn an_unfinished_turn_belongs_to_the_conversation() {
    let write = |store: &dyn Store| {
        turn(store, "A1", "A1", None, "one");
        turn(store, "A1", "A2", Some("A1"), "-");
    };
    check(write, |history| {
        let turns = history.conversation("last").expect("it is there");
        assert_eq!((turns.len(), turns[1].end.is_none()), (2, true));
        assert_eq!(turns[1].start.prompt, "prompt of A2");
    });
}

#[test]
fn a_conversation_is_found_by_part_of_an_id() {
    check(two, |history| {
        for part in ["a1", "a", "C2", "2", "last"] {
            assert_eq!(history.conversation_id(part).as_deref(), Ok("A1"), "{part}");
        }
        let ids = vec!["A1".to_owned(), "B1".to_owned()];
        assert_eq!(history.conversation_id("1"), Err(HistoryError::Ambiguous { part: "1".to_owned(), ids }));
        for part in ["x", "", "%", "A1 "] {
            assert_eq!(history.conversation_id(part), Err(HistoryError::UnknownConversation(part.to_owned())));
        }
    });
}

#[test]
fn an_ask_logged_by_the_first_version_is_a_conversation() {
    let write = |store: &dyn Store| {
        for (id, command) in [("A1", "ask"), ("B1", "batch")] {
            let old = LogStart { conversation_id: None, parent: None, command: command.to_owned(), ..start(id) };
            store.begin(&old).expect("the log can be written");
            store.finish(id, &end("blue")).expect("the log can be written");
        }
    };
    check(write, |history| {
        assert_eq!(history.last_conversation(), Ok(Some("A1".to_owned())));
        assert_eq!(ids(history, "A1"), ["A1"]);
        assert_eq!(history.conversation_id("B1"), Err(HistoryError::UnknownConversation("B1".to_owned())));
    });
}

#[test]
fn the_last_conversation_has_the_latest_turn() {
    check(two, |history| assert_eq!(history.last_conversation(), Ok(Some("A1".to_owned()))));
}

#[test]
fn a_lone_failure_is_not_the_last_conversation() {
    let failed = |store: &dyn Store| turn(store, "D1", "D1", None, "!");
    check(
        |store| {
            two(store);
            failed(store);
        },
        |history| assert_eq!(history.last_conversation(), Ok(Some("A1".to_owned()))),
    );
    check(failed, |history| assert_eq!(history.last_conversation(), Ok(Some("D1".to_owned()))));
}

#[test]
fn an_empty_log_has_no_conversation() {
    check(
        |_| {},
        |history| {
            assert_eq!(history.last_conversation(), Ok(None));
            assert_eq!(history.conversations(5), Ok(Vec::new()));
            let error = history.conversation("A1").expect_err("there is none");
            assert!(error.hint().is_some(), "{error}");
        },
    );
}

#[test]
fn the_overview_lists_the_latest_conversation_last() {
    check(two, |history| {
        let all = history.conversations(9).expect("the log can be read");
        let lines: Vec<_> = all.iter().map(|talk| (talk.id.as_str(), talk.turns, talk.first_prompt.as_str())).collect();
        assert_eq!(lines, [("B1", 1, "prompt of B1"), ("A1", 2, "prompt of A1")]);
        assert_eq!(history.conversations(1).expect("the log can be read"), all[1..]);
    });
}

#[test]
fn complete_and_partial_answers_are_sent_to_the_model() {
    let write = |store: &dyn Store| {
        turn(store, "A1", "A1", None, "one");
        turn(store, "A1", "A2", Some("A1"), "!");
        turn(store, "A1", "A3", Some("A2"), "thr");
        store.finish("A3", &LogEnd { outcome: RequestOutcome::Partial, ..end("thr") }).expect("the log can be written");
        turn(store, "A1", "A4", Some("A3"), "-");
    };
    check(write, |history| {
        let told: Vec<_> = messages(&history.conversation("A1").expect("it is there"))
            .into_iter()
            .map(|message| (message.role, message.parts))
            .collect();
        let text = |text: &str| vec![Part::Text(text.to_owned())];
        let want = [
            (Role::User, text("prompt of A1")),
            (Role::Assistant, text("one")),
            (Role::User, text("prompt of A3")),
            (Role::Assistant, text("thr")),
        ];
        assert_eq!(told, want);
    });
}
