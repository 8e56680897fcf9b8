//! A store that is never in the way: what the shared one cannot do, this process does alone.
//!
//! It owns the switch to memory and the warnings about it; how a store fails is the store's affair.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ports::{LogEnd, LogStart, Store, StoreError, StoreErrorKind};

use super::MemoryStore;

/// `S`, and memory for the time when `S` fails.
///
/// When `S` is busy, memory stands in for that one operation; when it is unusable, for good. What
/// was read or written before is known in memory too. Its own operations never fail.
#[derive(Debug)]
pub struct FallbackStore<S> {
    shared: S,
    memory: MemoryStore,
    health: Mutex<FallbackStatus>,
}

#[derive(Debug, Default)]
struct FallbackStatus {
    /// The shared store is no longer asked.
    alone: bool,
    /// That it was busy has been said.
    busy_reported: bool,
    warnings: VecDeque<String>,
}

impl<S: Store> FallbackStore<S> {
    /// Guards `shared`.
    #[must_use]
    pub fn new(shared: S) -> Self {
        Self { shared, memory: MemoryStore::default(), health: Mutex::default() }
    }

    /// Asks the shared store, and memory instead if that fails.
    fn either<T>(
        &self,
        shared: impl FnOnce(&S) -> Result<T, StoreError>,
        alone: impl FnOnce(&MemoryStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if !self.health().alone {
            match shared(&self.shared) {
                Ok(value) => return Ok(value),
                Err(error) => self.health().note(&error),
            }
        }
        alone(&self.memory)
    }

    /// Writes the end of `id`, after its beginning if that is still to be written.
    fn finish_shared(&self, shared: &S, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        if let Some(start) = self.memory.take_unfinished(id) {
            let begun = shared.begin(&start);
            if begun.is_err() {
                self.memory.begin(&start)?;
            }
            begun?;
        }
        shared.finish(id, end)
    }

    fn health(&self) -> MutexGuard<'_, FallbackStatus> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FallbackStatus {
    fn note(&mut self, error: &StoreError) {
        match error.kind {
            StoreErrorKind::Busy if self.busy_reported => {}
            StoreErrorKind::Busy => {
                self.busy_reported = true;
                self.warnings.push_back(format!("what was learned is not shared this time: {error}"));
            }
            StoreErrorKind::Unusable | StoreErrorKind::Damaged if self.alone => {}
            StoreErrorKind::Unusable | StoreErrorKind::Damaged => {
                self.alone = true;
                self.warnings.push_back(format!(
                    "no shared state, so limits and cooldowns hold for this process only and nothing is logged: {error}"
                ));
            }
        }
    }
}

impl<S: Store> Store for FallbackStore<S> {
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        self.either(
            |shared| {
                let values = shared.read(keys)?;
                self.memory.remember(keys, &values);
                Ok(values)
            },
            |memory| memory.read(keys),
        )
    }

    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        let mut written = Vec::new();
        let result = self.either(
            |shared| {
                shared.update(keys, &mut |values| {
                    change(values);
                    written = values.to_vec();
                })?;
                self.memory.remember(keys, &written);
                Ok(true)
            },
            |_| Ok(false),
        );
        if result? { Ok(()) } else { self.memory.update(keys, change) }
    }

    fn update_shared(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        if !self.health().alone {
            match self.shared.update(keys, change) {
                Err(error) if error.kind == StoreErrorKind::Unusable => self.health().note(&error),
                result => return result,
            }
        }
        self.memory.update(keys, change)
    }

    fn begin(&self, entry: &LogStart) -> Result<(), StoreError> {
        // A beginning that finds the store busy is not lost yet: `finish` writes it first.
        if !self.health().alone {
            match self.shared.begin(entry) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind == StoreErrorKind::Busy => {}
                Err(error) => self.health().note(&error),
            }
        }
        self.memory.begin(entry)
    }

    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        self.either(|shared| self.finish_shared(shared, id, end), |memory| memory.finish(id, end))
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.either(|shared| shared.keys(prefix), |memory| memory.keys(prefix))
    }

    fn delete(&self, keys: &[String]) -> Result<usize, StoreError> {
        let known = self.memory.delete(keys)?;
        self.either(|shared| shared.delete(keys), |_| Ok(known))
    }

    fn clear_log(&self) -> Result<usize, StoreError> {
        let known = self.memory.clear_log()?;
        self.either(S::clear_log, |_| Ok(known))
    }

    fn take_warning(&self) -> Option<String> {
        self.health().warnings.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::*;
    use crate::ports::RequestOutcome;
    use crate::state::{LogReader, SqliteStore, database};
    use llmroute_core::model::Timestamp;

    fn start(id: &str) -> LogStart {
        LogStart {
            id: id.to_owned(),
            at: Timestamp(1),
            command: "ask".to_owned(),
            group: "main".to_owned(),
            conversation_id: None,
            parent: None,
            system: None,
            prompt: "why?".to_owned(),
            tags: Vec::new(),
        }
    }

    fn end(text: &str) -> LogEnd {
        LogEnd {
            at: Timestamp(2),
            outcome: RequestOutcome::Ok,
            deployment: None,
            provider: None,
            model: None,
            text: text.to_owned(),
            reasoning: String::new(),
            finish_reason: None,
            usage: None,
            cost_usd: None,
            ttft_ms: None,
            duration_ms: 1,
            attempts: serde_json::Value::Null,
            error: None,
        }
    }

    fn value(store: &dyn Store) -> Option<String> {
        store.read(&["n".to_owned()]).unwrap().remove(0)
    }

    fn set(store: &dyn Store, to: &str) {
        store.update(&["n".to_owned()], &mut |values| values[0] = Some(to.to_owned())).unwrap();
    }

    /// A store in `dir` that knows 1, and a connection that holds its lock.
    fn locked(dir: &Path) -> (FallbackStore<SqliteStore>, Connection) {
        let store = FallbackStore::new(SqliteStore::without_waiting(dir));
        set(&store, "1");
        let other = Connection::open(database(dir)).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        (store, other)
    }

    fn check_warning(store: &dyn Store, want: &str) {
        let warning = store.take_warning().unwrap_or_default();
        assert!(warning.contains(want) && warning.contains("\nhint: "), "{warning}");
        assert_eq!(store.take_warning(), None);
    }

    #[test]
    fn a_lock_costs_one_warning_and_only_what_was_written_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let (store, other) = locked(dir.path());
        set(&store, "2");
        set(&store, "3");
        assert_eq!(value(&store).as_deref(), Some("1"), "readers do not wait");
        check_warning(&store, "database is locked");
        other.execute_batch("ROLLBACK").unwrap();
        set(&store, "4");
        assert_eq!(value(&SqliteStore::new(dir.path())).as_deref(), Some("4"), "the store is asked again");
        assert_eq!(store.take_warning(), None);
    }

    #[test]
    fn a_question_that_met_a_lock_is_written_with_its_answer() {
        let dir = tempfile::tempdir().unwrap();
        let (store, other) = locked(dir.path());
        store.begin(&start("A")).unwrap();
        assert_eq!(store.take_warning(), None, "nothing is lost yet");
        other.execute_batch("ROLLBACK").unwrap();
        store.finish("A", &end("because")).unwrap();
        let log = LogReader::open(dir.path()).unwrap().unwrap();
        assert_eq!(log.get("A").unwrap(), Some((start("A"), Some(end("because")))));
    }

    #[test]
    fn a_question_and_answer_that_both_met_a_lock_cost_one_warning() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _other) = locked(dir.path());
        store.begin(&start("A")).unwrap();
        store.finish("A", &end("because")).unwrap();
        check_warning(&store, "database is locked");
        assert_eq!(store.memory.records(), [(start("A"), Some(end("because")))]);
    }

    #[test]
    fn a_full_disk_costs_one_warning_and_memory_goes_on_from_what_was_read() {
        let dir = tempfile::tempdir().unwrap();
        set(&SqliteStore::new(dir.path()), "1");
        let shared = SqliteStore::new(dir.path());
        shared.fill_disk();
        let store = FallbackStore::new(shared);
        assert_eq!(value(&store).as_deref(), Some("1"));
        store.begin(&LogStart { prompt: "x".repeat(100_000), ..start("A") }).unwrap();
        check_warning(&store, "database or disk is full");
        store.update(&["n".to_owned()], &mut |values| values[0].as_mut().unwrap().push('0')).unwrap();
        assert_eq!(value(&store).as_deref(), Some("10"));
        store.finish("A", &end("because")).unwrap();
        assert_eq!(store.take_warning(), None);
    }
}
