//! The index of the words of finished requests: a help for searches, never the truth.
//!
//! It knows ids and words and no texts, it may know a request twice or one that is gone, and whoever
//! searches looks himself at requests that it does not know: those without an end, those of earlier
//! versions until they are taken in, and those too long to be worth it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::open;
use crate::state::search_terms::indexed;

/// Texts of more characters than this are not indexed, so that the end of a request costs little.
const MAX_INDEXED_CHARS: i64 = 200_000;
/// Old requests that are taken in as one transaction: others wait no longer than that takes.
const BATCH: i64 = 100;

/// Indexes the finished request `id`.
pub fn add(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT prompt, ifnull(text, '') FROM log
         WHERE id = ?1 AND length(prompt) + length(ifnull(text, '')) <= ?2",
    )?;
    let texts = statement.query_row((id, MAX_INDEXED_CHARS), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((prompt, answer)): Option<(String, String)> = texts else { return Ok(()) };
    // The words are ours, not those of the tokenizer, which knows other letters and marks.
    let mut statement = connection.prepare_cached("INSERT INTO log_words (id, words) VALUES (?1, ?2)")?;
    statement.execute((id, indexed([&prompt, &answer]))).map(drop)
}

/// Forgets everything.
pub fn clear(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM log_words", []).map(drop)
}

/// Takes in what earlier versions finished, as far as the database at `path` can be written just now;
/// what is not taken in is found without the index.
pub fn complete(path: &Path) {
    let Ok(Some(mut connection)) = open::existing(path) else { return };
    if connection.busy_timeout(Duration::ZERO).is_err() {
        return;
    }
    while take_in(&mut connection).is_ok_and(|count| count > 0) {}
    open::empty_wal(path, &connection);
}

fn take_in(connection: &mut Connection) -> rusqlite::Result<usize> {
    let missing: Vec<String> = {
        let mut statement = connection.prepare_cached(
            "SELECT id FROM log WHERE outcome IS NOT NULL AND id NOT IN (SELECT id FROM log_words)
             AND length(prompt) + length(ifnull(text, '')) <= ?1 LIMIT ?2",
        )?;
        let ids = statement.query_map((MAX_INDEXED_CHARS, BATCH), |row| row.get(0))?;
        ids.collect::<rusqlite::Result<_>>()?
    };
    if missing.is_empty() {
        return Ok(0);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for id in &missing {
        add(&transaction, id)?;
    }
    transaction.commit().map(|()| missing.len())
}
