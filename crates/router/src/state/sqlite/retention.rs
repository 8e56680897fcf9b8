//! Deletes the oldest requests from a log that is older or larger than it may be.

use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use crate::state::log_config::Retention;
use crate::state::monotonic_now;
use llmroute_core::model::Timestamp;

/// The requests that are deleted in one transaction, which bounds the wait of other processes.
const BATCH: usize = 500;
/// The time after which no further batch is begun: the next request continues.
const TIME_LIMIT: Duration = Duration::from_millis(200);
/// The pages that are given back to the file system in one step.
const PAGES: i64 = 2000;
/// A database that was made without incremental vacuum is rebuilt once, unless it is larger than this.
const REBUILD_MAX: u64 = 256 << 20;

/// Deletes what `retention` does not keep at `now`, oldest first, and shrinks the file.
pub(super) fn prune(connection: &mut Connection, retention: &Retention, now: Timestamp) -> rusqlite::Result<()> {
    let end = monotonic_now() + TIME_LIMIT;
    let mut deleted = false;
    while monotonic_now() < end {
        let Some(last) = last_to_delete(connection, retention, now)? else { break };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let words = "DELETE FROM log_words WHERE rowid IN (SELECT rowid FROM log_words WHERE id <= ?1)";
        transaction.execute(words, [&last])?;
        transaction.execute("DELETE FROM log WHERE id <= ?1", [&last])?;
        transaction.commit()?;
        deleted = true;
    }
    if deleted { shrink(connection, end) } else { Ok(()) }
}

/// The id of the latest request of the next batch to delete.
fn last_to_delete(connection: &Connection, retention: &Retention, now: Timestamp) -> rusqlite::Result<Option<String>> {
    let first = "SELECT max(id) FROM (SELECT id FROM log WHERE at < ?1 ORDER BY id LIMIT ?2)";
    let batch = i64::try_from(BATCH).unwrap_or(i64::MAX);
    if let Some(days) = retention.keep_days {
        let age = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(24 * 3600 * 1000);
        let last: Option<String> = connection.query_row(first, (now.0.saturating_sub(age), batch), |row| row.get(0))?;
        if last.is_some() {
            return Ok(last);
        }
    }
    if retention.max_bytes.is_some_and(|max| used(connection).is_ok_and(|used| used > max)) {
        return connection.query_row(first, (i64::MAX, batch), |row| row.get(0));
    }
    Ok(None)
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let value: i64 = connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?;
    Ok(u64::try_from(value).unwrap_or(0))
}

/// The bytes of the database that are in use.
fn used(connection: &Connection) -> rusqlite::Result<u64> {
    let pages = pragma(connection, "page_count")?.saturating_sub(pragma(connection, "freelist_count")?);
    Ok(pages.saturating_mul(pragma(connection, "page_size")?))
}

/// Gives free pages back to the file system, at least once and until `end`.
fn shrink(connection: &Connection, end: Instant) -> rusqlite::Result<()> {
    const INCREMENTAL: u64 = 2;
    if pragma(connection, "auto_vacuum")? != INCREMENTAL {
        let size = pragma(connection, "page_count")?.saturating_mul(pragma(connection, "page_size")?);
        if size > REBUILD_MAX {
            return Ok(());
        }
        return connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM;");
    }
    loop {
        let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        if monotonic_now() >= end || pragma(connection, "freelist_count")? == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::ports::Store;
    use crate::state::{SqliteStore, database};

    const DAY: i64 = 24 * 3600 * 1000;

    /// A log of 2000 requests, one a minute from time zero, in `dir`.
    fn fill(dir: &Path) {
        SqliteStore::new(dir).update(&["n".to_owned()], &mut |values| values[0] = Some("1".to_owned())).unwrap();
        let mut connection = open(dir);
        let transaction = connection.transaction().unwrap();
        for n in 0..2000_i64 {
            let insert =
                "INSERT INTO log (id, at, command, grp, tags, prompt) VALUES (?1, ?2, 'ask', 'main', '[]', ?3)";
            transaction.execute(insert, (format!("{n:08}"), n * 60_000, "word ".repeat(200))).unwrap();
        }
        transaction.commit().unwrap();
    }

    fn open(dir: &Path) -> Connection {
        Connection::open(database(dir)).unwrap()
    }

    fn size(dir: &Path) -> u64 {
        open(dir).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        fs::metadata(database(dir)).unwrap().len()
    }

    /// Prunes until nothing changes. Returns the number of requests that are left, and whether the file shrank by half.
    fn pruned(retention: Retention, now: i64, before: fn(&Connection)) -> (i64, bool) {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        before(&open(dir.path()));
        let full = size(dir.path());
        let mut connection = open(dir.path());
        let count = |connection: &Connection| -> i64 {
            connection.query_row("SELECT count(*) FROM log", [], |row| row.get(0)).unwrap()
        };
        loop {
            let rows = count(&connection);
            prune(&mut connection, &retention, Timestamp(now)).unwrap();
            if count(&connection) == rows {
                return (rows, size(dir.path()) < full / 2);
            }
        }
    }

    #[test]
    fn requests_older_than_keep_days_are_deleted_and_the_file_shrinks() {
        let retention = Retention { keep_days: Some(1), max_bytes: None };
        assert_eq!(pruned(retention, DAY + 1900 * 60_000, |_| ()), (100, true));
    }

    #[test]
    fn the_oldest_requests_are_deleted_from_a_log_that_is_too_large() {
        let retention = Retention { keep_days: None, max_bytes: Some(1 << 20) };
        let (left, shrank) = pruned(retention, DAY, |_| ());
        assert!((1..1000).contains(&left) && shrank, "{left}");
    }

    #[test]
    fn a_database_without_incremental_vacuum_is_rebuilt_once() {
        let retention = Retention { keep_days: Some(1), max_bytes: None };
        let plain = |connection: &Connection| connection.execute_batch("PRAGMA auto_vacuum = NONE; VACUUM;").unwrap();
        assert_eq!(pruned(retention, DAY + 1900 * 60_000, plain), (100, true));
    }

    #[test]
    fn without_limits_nothing_is_deleted() {
        assert_eq!(pruned(Retention::default(), 1000 * DAY, |_| ()), (2000, false));
    }
}
