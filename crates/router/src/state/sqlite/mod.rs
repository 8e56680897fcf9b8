//! The store in an embedded database, shared by the processes of one machine.
//!
//! It owns the database's files; `fallback_store` handles unusable ones.

mod error;
mod log;
mod open;
mod reader;
mod retention;
mod schema;
mod search;
mod word_index;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::ports::{LogEnd, LogStart, StateUpdate, Store, StoreError, StoreErrorKind, StoreWrite};
use crate::state::{Retention, monotonic_now};
use llmroute_core::model::Timestamp;
pub use llmroute_core::model::failure::one_line;
pub(crate) use open::set_aside;
pub(crate) use reader::SqliteLog;

/// The time limit for a lock, unless the caller has less time.
#[derive(Debug, Clone, Copy)]
struct LockTimeouts {
    /// To read: readers of a WAL wait only for its recovery.
    read: Duration,
    /// To log the start of a request, whose answer may arrive at any moment.
    begin: Duration,
    /// For all other writes.
    write: Duration,
}

const LOCK_TIMEOUTS: LockTimeouts =
    LockTimeouts { read: Duration::from_millis(200), begin: Duration::from_millis(500), write: Duration::from_secs(2) };

/// The time that one attempt waits for the lock. SQLite's pauses between polls grow to 100 ms, so that among
/// many processes the others always come first; each attempt starts with short pauses again. A process that
/// gives up on the end of a request leaves it `unfinished` in the log forever.
const LOCK_ATTEMPT: Duration = Duration::from_millis(100);

/// The store; see the module. The first operation opens the database, the first write creates it.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    timeouts: LockTimeouts,
    retention: Retention,
    /// Connections that are open and not in use: a reader does not wait for a writer.
    idle: Mutex<Vec<Connection>>,
}

impl SqliteStore {
    /// A store in the database of the directory `dir`; does no I/O yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self {
            path: super::database(dir),
            timeouts: LOCK_TIMEOUTS,
            retention: Retention::default(),
            idle: Mutex::default(),
        }
    }

    /// The same, with a log that is limited by `retention`.
    #[must_use]
    pub(super) fn with_retention(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    /// Deletes what the log does not keep at `now`. What cannot be deleted now is deleted later.
    fn prune(&self, now: Timestamp) {
        if self.retention == Retention::default() {
            return;
        }
        if let Some(mut connection) = self.take_idle() {
            let _ = retention::prune(&mut connection, &self.retention, now);
            self.idle().push(connection);
        }
    }

    /// Checks every page of the database.
    ///
    /// # Errors
    /// [`StoreErrorKind::Damaged`] when a page is damaged; any other error that prevents reading it.
    pub fn check(&self) -> Result<(), StoreError> {
        let verdict = self.read_existing(self.timeouts.read, "ok".to_owned(), |connection| {
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        })?;
        if verdict == "ok" {
            return Ok(());
        }
        let hint = "`llmroute state reset` moves it aside";
        Err(error::unusable(&self.path, &one_line(&verdict), hint).of_kind(StoreErrorKind::Damaged))
    }

    /// Runs `operation` if there is a database, and returns `nothing` otherwise.
    fn read_existing<T>(
        &self,
        wait: Duration,
        nothing: T,
        operation: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let Some(connection) = self.existing()? else { return Ok(nothing) };
        self.run(connection, wait, operation)
    }

    /// Deletes by `operation` if there is a database; does not create one.
    fn delete_existing(
        &self,
        operation: impl FnMut(&mut Connection) -> rusqlite::Result<usize>,
    ) -> Result<usize, StoreError> {
        let Some(connection) = self.existing()? else { return Ok(0) };
        let deleted = self.run(connection, self.timeouts.write, operation)?;
        self.tidy();
        Ok(deleted)
    }

    /// Runs `operation` in a database that is created if there is none.
    fn run_writing(
        &self,
        wait: Duration,
        operation: impl FnMut(&mut Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let connection = match self.take_idle() {
            Some(connection) => connection,
            None => open::or_create(&self.path)?,
        };
        self.run(connection, wait, operation)
    }

    /// Runs `operation` until it gets the lock, for at most `wait`. Keeps the connection, unless it failed.
    fn run<T>(
        &self,
        mut connection: Connection,
        wait: Duration,
        mut operation: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let failed = |error| error::of_sqlite(&self.path, &error);
        let end = monotonic_now() + wait;
        loop {
            let left = end.saturating_duration_since(monotonic_now());
            connection.busy_timeout(left.min(LOCK_ATTEMPT)).map_err(failed)?;
            let result = operation(&mut connection).map_err(failed);
            let busy = result.as_ref().is_err_and(|error| error.kind == StoreErrorKind::Busy);
            if busy && left > LOCK_ATTEMPT {
                continue;
            }
            // After a failure the next operation opens the database anew.
            if result.is_ok() || busy {
                self.idle().push(connection);
            }
            return result;
        }
    }

    fn existing(&self) -> Result<Option<Connection>, StoreError> {
        match self.take_idle() {
            Some(connection) => Ok(Some(connection)),
            None => open::existing(&self.path),
        }
    }

    fn take_idle(&self) -> Option<Connection> {
        self.idle().pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Empties a long WAL, unless another thread has the connection.
    fn tidy(&self) {
        if let Some(connection) = self.take_idle() {
            open::empty_wal(&self.path, &connection);
            self.idle().push(connection);
        }
    }
}

impl Store for SqliteStore {
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        self.read_within(keys, self.timeouts.read)
    }

    fn read_within(&self, keys: &[String], limit: Duration) -> Result<Vec<Option<String>>, StoreError> {
        let wait = limit.min(self.timeouts.read);
        // One transaction: the values belong together.
        self.read_existing(wait, vec![None; keys.len()], |connection| values(&*connection.transaction()?, keys))
    }

    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        self.run_writing(self.timeouts.write, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut cells = Cells::default();
            cells.update(&transaction, keys, change)?;
            cells.write(&transaction)?;
            transaction.commit()
        })?;
        self.tidy();
        Ok(())
    }

    fn begin(&self, entry: &LogStart) -> Result<(), StoreError> {
        self.run_writing(self.timeouts.begin, |connection| log::begin(connection, entry))
    }

    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        self.run_writing(self.timeouts.write, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            finish(&transaction, id, end)?;
            transaction.commit()
        })?;
        self.prune(end.at);
        self.tidy();
        Ok(())
    }

    fn write(&self, writes: &mut Vec<StoreWrite>, limit: Duration) -> Vec<Result<(), StoreError>> {
        let result = self.run_writing(limit.min(self.timeouts.write), |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut cells = Cells::default();
            for write in writes.iter_mut() {
                match write {
                    StoreWrite::Update(StateUpdate { keys, change, written, .. }) => {
                        *written = cells.update(&transaction, keys, change)?;
                    }
                    StoreWrite::Begin(entry) => log::begin(&transaction, entry)?,
                    StoreWrite::Finish { id, end } => finish(&transaction, id, end)?,
                }
            }
            cells.write(&transaction)?;
            transaction.commit()
        });
        match result {
            // One write that cannot be made must not take the others with it.
            Err(error) if error.kind == StoreErrorKind::Unusable && writes.len() > 1 => {
                writes.iter_mut().map(|write| write.perform(self)).collect()
            }
            result => {
                let ends = writes.iter().filter_map(|write| match write {
                    StoreWrite::Finish { end, .. } => Some(end.at),
                    StoreWrite::Update(_) | StoreWrite::Begin(_) => None,
                });
                if let Some(now) = ends.max().filter(|_| result.is_ok()) {
                    self.prune(now);
                }
                self.tidy();
                vec![result; writes.len()]
            }
        }
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.read_existing(self.timeouts.read, Vec::new(), |connection| {
            // Keys are compared byte by byte, so those with one prefix stand together.
            let mut statement = connection.prepare_cached("SELECT key FROM cells WHERE key >= ?1 ORDER BY key")?;
            let keys = statement.query_map([prefix], |row| row.get::<_, String>(0))?;
            keys.take_while(|key| key.as_ref().map_or(true, |key| key.starts_with(prefix))).collect()
        })
    }

    fn delete(&self, keys: &[String]) -> Result<usize, StoreError> {
        self.delete_existing(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut deleted = 0;
            for key in keys {
                deleted += transaction.prepare_cached("DELETE FROM cells WHERE key = ?1")?.execute([key])?;
            }
            transaction.commit().map(|()| deleted)
        })
    }

    fn clear_log(&self) -> Result<usize, StoreError> {
        self.delete_existing(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            word_index::clear(&transaction)?;
            let deleted = transaction.execute("DELETE FROM log", [])?;
            transaction.commit().map(|()| deleted)
        })
    }
}

/// The values that one transaction has read and changed, so that each is read and written once.
#[derive(Default)]
struct Cells(HashMap<String, Cell>);

struct Cell {
    stored: Option<String>,
    value: Option<String>,
}

impl Cells {
    /// Runs `change` on the values of `keys`, and returns them as they are then.
    fn update(
        &mut self,
        connection: &Connection,
        keys: &[String],
        change: &mut dyn FnMut(&mut [Option<String>]),
    ) -> rusqlite::Result<Vec<Option<String>>> {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(cell) = self.0.get(key) {
                values.push(cell.value.clone());
                continue;
            }
            let stored = value(connection, key)?;
            values.push(stored.clone());
            self.0.insert(key.clone(), Cell { value: stored.clone(), stored });
        }
        change(&mut values);
        for (key, value) in keys.iter().zip(&values) {
            if let Some(cell) = self.0.get_mut(key) {
                cell.value.clone_from(value);
            }
        }
        Ok(values)
    }

    /// Writes the values that have changed.
    fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let changed = self.0.iter().filter(|(_, cell)| cell.stored != cell.value);
        changed.into_iter().try_for_each(|(key, cell)| set(connection, key, cell.value.as_deref()))
    }
}

fn finish(connection: &Connection, id: &str, end: &LogEnd) -> rusqlite::Result<()> {
    log::finish(connection, id, end)?;
    word_index::add(connection, id)
}

fn value(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.prepare_cached("SELECT value FROM cells WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

fn values(connection: &Connection, keys: &[String]) -> rusqlite::Result<Vec<Option<String>>> {
    keys.iter().map(|key| value(connection, key)).collect()
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
    pub(crate) fn without_waiting(dir: &Path) -> Self {
        let timeouts = LockTimeouts { read: Duration::ZERO, begin: Duration::ZERO, write: Duration::ZERO };
        Self { timeouts, ..Self::new(dir) }
    }

    /// Makes the disk full: the database cannot grow any more.
    pub(crate) fn fill_disk(&self) {
        let full = |connection: &mut Connection| connection.execute_batch("PRAGMA max_page_count = 1;");
        self.run_writing(Duration::ZERO, full).unwrap();
    }
}
