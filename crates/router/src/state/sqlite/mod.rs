//! The store in an embedded database, shared by the processes of one machine.
//!
//! It owns the database's files; it does not own what happens when they cannot be used.

pub(super) mod error;
pub(super) mod log;
pub(super) mod open;
mod schema;
pub(super) mod search;
pub(super) mod word_index;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::ports::{LogEnd, LogStart, Store, StoreError, StoreErrorKind};
use llmroute_core::model::failure::one_line;

/// How long an operation waits for a lock before it gives up.
#[derive(Debug, Clone, Copy)]
struct LockTimeouts {
    /// To read: readers of a WAL wait only for its recovery.
    read: Duration,
    /// To write down a question: its answer may be here any moment.
    begin: Duration,
    /// To write what was learned.
    write: Duration,
}

const LOCK_TIMEOUTS: LockTimeouts =
    LockTimeouts { read: Duration::from_millis(200), begin: Duration::from_millis(500), write: Duration::from_secs(2) };

/// How often an operation asks for the lock in its time. SQLite backs off to 100 ms between two looks,
/// so that in a crowd others are always faster; each turn begins with short pauses again. Whoever gives
/// up on the end of a request leaves it `unfinished` in the log for ever.
const LOCK_ATTEMPTS: u32 = 20;

/// What a write is followed by.
enum Housekeeping {
    /// Nothing: an answer is waited for.
    Skip,
    /// Housekeeping, if it is due.
    Run,
}

/// See the module. Opened by its first operation, made by the first that writes.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    timeouts: LockTimeouts,
    connection: Mutex<Option<Connection>>,
}

impl SqliteStore {
    /// The database in the directory `dir`; touches nothing yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { path: super::database(dir), timeouts: LOCK_TIMEOUTS, connection: Mutex::default() }
    }

    /// Looks at every page.
    ///
    /// # Errors
    /// [`StoreErrorKind::Damaged`] when one is torn, and whatever keeps it from being read.
    pub fn check(&self) -> Result<(), StoreError> {
        let verdict = self.read_existing("ok".to_owned(), |connection| {
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        })?;
        if verdict == "ok" {
            return Ok(());
        }
        let hint = "`llmroute state reset` moves it aside";
        Err(error::unusable(&self.path, &one_line(&verdict), hint).of_kind(StoreErrorKind::Damaged))
    }

    /// Reads, if there is a database; `nothing` otherwise.
    fn read_existing<T>(
        &self,
        nothing: T,
        operation: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = open::existing(&self.path)?;
        }
        let Some(connection) = slot.as_mut() else { return Ok(nothing) };
        self.run(connection, self.timeouts.read, operation)
    }

    /// Deletes by `operation`, if there is a database; makes none.
    fn delete_existing(
        &self,
        operation: impl FnMut(&mut Connection) -> rusqlite::Result<usize>,
    ) -> Result<usize, StoreError> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = open::existing(&self.path)?;
        }
        let Some(connection) = slot.as_mut() else { return Ok(0) };
        let forgotten = self.run(connection, self.timeouts.write, operation)?;
        open::empty_wal(&self.path, connection);
        Ok(forgotten)
    }

    fn write(
        &self,
        wait: Duration,
        housekeeping: Housekeeping,
        operation: impl FnMut(&mut Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match slot.take() {
            Some(connection) => slot.insert(connection),
            None => slot.insert(open::or_create(&self.path)?),
        };
        self.run(connection, wait, operation)?;
        match housekeeping {
            Housekeeping::Skip => {}
            Housekeeping::Run => open::empty_wal(&self.path, connection),
        }
        Ok(())
    }

    fn run<T>(
        &self,
        connection: &mut Connection,
        wait: Duration,
        mut operation: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let failed = |error| error::of_sqlite(&self.path, &error);
        connection.busy_timeout(wait / LOCK_ATTEMPTS).map_err(failed)?;
        for _ in 1..LOCK_ATTEMPTS {
            match operation(connection).map_err(failed) {
                Err(error) if error.kind == StoreErrorKind::Busy => {}
                result => return result,
            }
        }
        operation(connection).map_err(failed)
    }
}

impl Store for SqliteStore {
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        // One transaction: the values belong together.
        self.read_existing(vec![None; keys.len()], |connection| values(&*connection.transaction()?, keys))
    }

    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        self.write(self.timeouts.write, Housekeeping::Run, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let before = values(&transaction, keys)?;
            let mut after = before.clone();
            change(&mut after);
            for (key, (before, after)) in keys.iter().zip(before.iter().zip(&after)) {
                if before != after {
                    set(&transaction, key, after.as_deref())?;
                }
            }
            transaction.commit()
        })
    }

    fn begin(&self, entry: &LogStart) -> Result<(), StoreError> {
        self.write(self.timeouts.begin, Housekeeping::Skip, |connection| log::begin(connection, entry))
    }

    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        self.write(self.timeouts.write, Housekeeping::Run, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            log::finish(&transaction, id, end)?;
            word_index::add(&transaction, id)?;
            transaction.commit()
        })
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.read_existing(Vec::new(), |connection| {
            // Keys are compared byte by byte, so those with one prefix stand together.
            let mut statement = connection.prepare_cached("SELECT key FROM cells WHERE key >= ?1 ORDER BY key")?;
            let keys = statement.query_map([prefix], |row| row.get::<_, String>(0))?;
            keys.take_while(|key| key.as_ref().map_or(true, |key| key.starts_with(prefix))).collect()
        })
    }

    fn delete(&self, keys: &[String]) -> Result<usize, StoreError> {
        self.delete_existing(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut forgotten = 0;
            for key in keys {
                forgotten += transaction.prepare_cached("DELETE FROM cells WHERE key = ?1")?.execute([key])?;
            }
            transaction.commit().map(|()| forgotten)
        })
    }

    fn clear_log(&self) -> Result<usize, StoreError> {
        self.delete_existing(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            word_index::clear(&transaction)?;
            let forgotten = transaction.execute("DELETE FROM log", [])?;
            transaction.commit().map(|()| forgotten)
        })
    }
}

fn values(connection: &Connection, keys: &[String]) -> rusqlite::Result<Vec<Option<String>>> {
    let mut statement = connection.prepare_cached("SELECT value FROM cells WHERE key = ?1")?;
    keys.iter().map(|key| statement.query_row([key], |row| row.get(0)).optional()).collect()
}

fn set(connection: &Connection, key: &str, value: Option<&str>) -> rusqlite::Result<()> {
    let sql = match value {
        Some(_) => "INSERT OR REPLACE INTO cells (key, value, updated) VALUES (?1, ?2, unixepoch())",
        None => "DELETE FROM cells WHERE key = ?1 AND ?2 IS NULL",
    };
    connection.prepare_cached(sql)?.execute((key, value)).map(drop)
}

#[cfg(test)]
impl SqliteStore {
    /// One that gives up on a lock at once.
    pub fn without_waiting(dir: &Path) -> Self {
        let timeouts = LockTimeouts { read: Duration::ZERO, begin: Duration::ZERO, write: Duration::ZERO };
        Self { timeouts, ..Self::new(dir) }
    }

    /// Makes the disk full: the database cannot grow any more.
    pub fn fill_disk(&self) {
        let full = |connection: &mut Connection| connection.execute_batch("PRAGMA max_page_count = 1;");
        self.write(Duration::ZERO, Housekeeping::Skip, full).unwrap();
    }
}
