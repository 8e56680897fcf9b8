//! The store in an embedded database, shared by the processes of one machine.
//!
//! It owns the database's files; it does not own what happens when they cannot be used.

pub(super) mod fault;
pub(super) mod find;
pub(super) mod index;
pub(super) mod log;
pub(super) mod open;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::ports::{LogEnd, LogStart, Store, StoreError, StoreErrorKind};
use llmroute_core::model::failure::one_line;

/// How long an operation waits for a lock before it gives up.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// To read: readers of a WAL wait only for its recovery.
    read: Duration,
    /// To write down a question: its answer may be here any moment.
    begin: Duration,
    /// To write what was learned.
    write: Duration,
}

const PATIENCE: Patience =
    Patience { read: Duration::from_millis(200), begin: Duration::from_millis(500), write: Duration::from_secs(2) };

/// How often an operation asks for the lock in its time. SQLite backs off to 100 ms between two looks,
/// so that in a crowd others are always faster; each turn begins with short pauses again. Whoever gives
/// up on the end of a request leaves it `unfinished` in the log for ever.
const TURNS: u32 = 20;

/// What a write is followed by.
enum After {
    /// Nothing: an answer is waited for.
    Hurry,
    /// Housekeeping, if it is due.
    Tidy,
}

/// See the module. Opened by its first operation, made by the first that writes.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    patience: Patience,
    connection: Mutex<Option<Connection>>,
}

impl Sqlite {
    /// The database in the directory `dir`; touches nothing yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { path: super::database(dir), patience: PATIENCE, connection: Mutex::default() }
    }

    /// Looks at every page.
    ///
    /// # Errors
    /// [`StoreErrorKind::Damaged`] when one is torn, and whatever keeps it from being read.
    pub fn check(&self) -> Result<(), StoreError> {
        let verdict = self.look("ok".to_owned(), |connection| {
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        })?;
        if verdict == "ok" {
            return Ok(());
        }
        let hint = "`llmroute state reset` moves it aside";
        Err(fault::unusable(&self.path, &one_line(&verdict), hint).of_kind(StoreErrorKind::Damaged))
    }

    /// Reads, if there is a database; `nothing` otherwise.
    fn look<T>(
        &self,
        nothing: T,
        operation: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = open::existing(&self.path)?;
        }
        let Some(connection) = slot.as_mut() else { return Ok(nothing) };
        self.run(connection, self.patience.read, operation)
    }

    /// Deletes by `operation`, if there is a database; makes none.
    fn forget(&self, operation: impl FnMut(&mut Connection) -> rusqlite::Result<usize>) -> Result<usize, StoreError> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = open::existing(&self.path)?;
        }
        let Some(connection) = slot.as_mut() else { return Ok(0) };
        let forgotten = self.run(connection, self.patience.write, operation)?;
        open::empty_wal(&self.path, connection);
        Ok(forgotten)
    }

    fn write(
        &self,
        wait: Duration,
        after: After,
        operation: impl FnMut(&mut Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match slot.take() {
            Some(connection) => slot.insert(connection),
            None => slot.insert(open::or_create(&self.path)?),
        };
        self.run(connection, wait, operation)?;
        match after {
            After::Hurry => {}
            After::Tidy => open::empty_wal(&self.path, connection),
        }
        Ok(())
    }

    fn run<T>(
        &self,
        connection: &mut Connection,
        wait: Duration,
        mut operation: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let failed = |error| fault::of_sqlite(&self.path, &error);
        connection.busy_timeout(wait / TURNS).map_err(failed)?;
        for _ in 1..TURNS {
            match operation(connection).map_err(failed) {
                Err(error) if error.kind == StoreErrorKind::Busy => {}
                result => return result,
            }
        }
        operation(connection).map_err(failed)
    }
}

impl Store for Sqlite {
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        // One transaction: the values belong together.
        self.look(vec![None; keys.len()], |connection| values(&*connection.transaction()?, keys))
    }

    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        self.write(self.patience.write, After::Tidy, |connection| {
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
        self.write(self.patience.begin, After::Hurry, |connection| log::begin(connection, entry))
    }

    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        self.write(self.patience.write, After::Tidy, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            log::finish(&transaction, id, end)?;
            index::add(&transaction, id)?;
            transaction.commit()
        })
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.look(Vec::new(), |connection| {
            // Keys are compared byte by byte, so those with one prefix stand together.
            let mut statement = connection.prepare_cached("SELECT key FROM cells WHERE key >= ?1 ORDER BY key")?;
            let keys = statement.query_map([prefix], |row| row.get::<_, String>(0))?;
            keys.take_while(|key| key.as_ref().map_or(true, |key| key.starts_with(prefix))).collect()
        })
    }

    fn delete(&self, keys: &[String]) -> Result<usize, StoreError> {
        self.forget(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut forgotten = 0;
            for key in keys {
                forgotten += transaction.prepare_cached("DELETE FROM cells WHERE key = ?1")?.execute([key])?;
            }
            transaction.commit().map(|()| forgotten)
        })
    }

    fn clear_log(&self) -> Result<usize, StoreError> {
        self.forget(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            index::clear(&transaction)?;
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
impl Sqlite {
    /// One that gives up on a lock at once.
    pub fn impatient(dir: &Path) -> Self {
        let patience = Patience { read: Duration::ZERO, begin: Duration::ZERO, write: Duration::ZERO };
        Self { patience, ..Self::new(dir) }
    }

    /// Makes the disk full: the database cannot grow any more.
    pub fn fill_disk(&self) {
        let full = |connection: &mut Connection| connection.execute_batch("PRAGMA max_page_count = 1;");
        self.write(Duration::ZERO, After::Hurry, full).unwrap();
    }
}
