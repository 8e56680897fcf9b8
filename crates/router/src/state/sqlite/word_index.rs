//! The index of words of finished requests, which speeds up searches.
//!
//! It contains ids and words but no texts. It can contain a request twice, or a deleted one, and a
//! search scans the requests that it lacks: unfinished ones, those of earlier
//! versions until they are indexed, and very long ones.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::open;
use crate::state::search_terms::indexed;

/// Texts of more characters than this are not indexed, so that the end of a request costs little.
const MAX_INDEXED_CHARS: i64 = 200_000;
/// The number of old requests to index in one transaction, which bounds the wait of other processes.
const BATCH: i64 = 100;

/// Indexes the finished request `id`.
pub fn add(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT prompt, ifnull(text, '') FROM log
         WHERE id = ?1 AND length(prompt) + length(ifnull(text, '')) <= ?2",
    )?;
    let texts = statement.query_row((id, MAX_INDEXED_CHARS), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((prompt, answer)): Option<(String, String)> = texts else { return Ok(()) };
    // The words are split by us, not by the tokenizer, which has other letters and marks.
    let mut statement = connection.prepare_cached("INSERT INTO log_words (id, words) VALUES (?1, ?2)")?;
    statement.execute((id, indexed([&prompt, &answer]))).map(drop)
}

/// Deletes everything.
pub fn clear(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM log_words", []).map(drop)
}

/// Indexes the requests of earlier versions, as far as the database at `path` is writable now;
/// the others are found without the index.
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
