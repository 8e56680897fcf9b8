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
const BATCH: usize = 100;

/// Indexes the finished request `id`.
pub(crate) fn add(connection: &Connection, id: &str) -> rusqlite::Result<()> {
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
pub(crate) fn clear(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM log_words", []).map(drop)
}

/// Indexes the requests of earlier versions, as far as the database at `path` is writable now;
/// the others are found without the index.
pub(crate) fn complete(path: &Path) {
    let Ok(Some(mut connection)) = open::existing(path) else { return };
    if connection.busy_timeout(Duration::ZERO).is_err() {
        return;
    }
    let Ok(missing) = missing(&connection) else { return };
    for ids in missing.chunks(BATCH) {
        if add_all(&mut connection, ids).is_err() {
            break;
        }
    }
    open::empty_wal(path, &connection);
}

/// The finished requests that are not indexed. One look for all of them: with one for each batch the time
/// would grow with the square of the log.
fn missing(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM log WHERE outcome IS NOT NULL AND id NOT IN (SELECT id FROM log_words)
         AND length(prompt) + length(ifnull(text, '')) <= ?1",
    )?;
    let ids = statement.query_map([MAX_INDEXED_CHARS], |row| row.get(0))?;
    ids.collect()
}

fn add_all(connection: &mut Connection, ids: &[String]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for id in ids {
        add(&transaction, id)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Store as _;
    use crate::state::SqliteStore;

    /// A log of `count` finished requests that no index knows, as an earlier version left it.
    fn log(dir: &Path, count: usize) -> Connection {
        SqliteStore::new(dir).update(&["n".to_owned()], &mut |values| values[0] = Some(String::new())).unwrap();
        let connection = Connection::open(crate::state::database(dir)).unwrap();
        connection
            .execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                 INSERT INTO log (id, at, command, grp, tags, outcome, prompt, text)
                 SELECT printf('%08d', i), i, 'ask', 'main', '[]', 'ok', 'why is ' || i, 'because' FROM n",
                [i64::try_from(count).unwrap()],
            )
            .unwrap();
        connection
    }

    #[test]
    fn the_log_of_an_earlier_version_is_indexed_whole() {
        let dir = tempfile::tempdir().unwrap();
        let connection = log(dir.path(), 2 * BATCH + 1);
        complete(&crate::state::database(dir.path()));
        assert_eq!(missing(&connection).unwrap(), Vec::<String>::new());
        let found = "SELECT count(*) FROM log_words WHERE log_words MATCH '\"201\"'";
        assert_eq!(connection.query_row(found, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }
}
