//! A store that never fails a request: it keeps in memory what the shared store cannot take.
//!
//! It owns the switch to memory, the retries and the warnings.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ports::{LogEnd, LogStart, StateUpdate, Store, StoreError, StoreErrorKind, StoreWrite};

use super::{MemoryStore, OnStateLoss, monotonic_now};
use llmroute_core::model::Timestamp;

/// The pause after the first failure of a store; each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause. A store is never given up.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// `S`, with memory in its place while `S` fails.
///
/// A store that is busy is replaced for one operation. One that cannot be reached or used is left alone for
/// a while, longer after each failure, and then tried again. Values that were read or written before are
/// known in memory too. Only [`update_shared`](Store::update_shared) can fail: it does when the shared
/// store is busy or unreachable.
#[derive(Debug)]
pub struct FallbackStore<S> {
    shared: S,
    memory: MemoryStore,
    status: Mutex<FallbackStatus>,
    on_loss: OnStateLoss,
}

#[derive(Debug, Default)]
struct FallbackStatus {
    /// The failure after which the shared store is left alone, and until when.
    paused: Option<(StoreError, Instant)>,
    /// Failures in a row.
    failures: u32,
    busy_reported: bool,
    failure_reported: bool,
    warnings: VecDeque<String>,
}

impl<S: Store> FallbackStore<S> {
    /// Guards `shared`.
    #[must_use]
    pub fn new(shared: S) -> Self {
        Self { shared, memory: MemoryStore::default(), status: Mutex::default(), on_loss: OnStateLoss::default() }
    }

    /// The same, with `on_loss` for changes that all processes must know.
    #[must_use]
    pub(super) fn on_loss(self, on_loss: OnStateLoss) -> Self {
        Self { on_loss, ..self }
    }

    /// Returns `true` if a change that all processes must know is not made after `error`.
    fn denies(&self, error: &StoreError) -> bool {
        match self.on_loss {
            OnStateLoss::Auto => error.forbids_fallback(),
            OnStateLoss::Deny => true,
            OnStateLoss::Allow => false,
        }
    }

    /// Runs `shared`, or `alone` where that fails.
    fn either<T>(
        &self,
        shared: impl FnOnce(&S) -> Result<T, StoreError>,
        alone: impl FnOnce(&MemoryStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.attempt(shared) {
            Ok(value) => Ok(value),
            Err(error) => {
                self.status().report(&error);
                alone(&self.memory)
            }
        }
    }

    /// Runs `operation` on the shared store, unless that is left alone now; the error is then the last one.
    fn attempt<T>(&self, operation: impl FnOnce(&S) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some((error, until)) = &self.status().paused
            && *until > monotonic_now()
        {
            return Err(error.clone());
        }
        let result = operation(&self.shared);
        let mut status = self.status();
        match &result {
            Ok(_) => (status.paused, status.failures) = (None, 0),
            Err(error) => status.pause_after(error),
        }
        result
    }

    /// Makes `write` for this process alone, because the shared store failed with `error`.
    fn write_alone(&self, write: &mut StoreWrite, error: StoreError) -> Result<(), StoreError> {
        match write {
            StoreWrite::Update(StateUpdate { shared: true, .. }) if self.denies(&error) => return Err(error),
            // The start of a request is not lost yet: it is written before its end.
            StoreWrite::Begin(_) if error.kind == StoreErrorKind::Busy => {}
            StoreWrite::Update(_) | StoreWrite::Begin(_) | StoreWrite::Finish { .. } => self.status().report(&error),
        }
        write.perform(&self.memory)
    }

    /// The starts that were not written yet, for requests that end in `writes`.
    fn unwritten_starts(&self, writes: &[StoreWrite]) -> Vec<StoreWrite> {
        let ends = writes.iter().filter_map(|write| match write {
            StoreWrite::Finish { id, .. } => self.memory.take_unfinished(id),
            StoreWrite::Update(_) | StoreWrite::Begin(_) => None,
        });
        ends.map(StoreWrite::Begin).collect()
    }

    fn status(&self) -> MutexGuard<'_, FallbackStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreError {
    /// Returns `true` if other processes may still know what this one cannot read.
    fn forbids_fallback(&self) -> bool {
        match self.kind {
            StoreErrorKind::Busy | StoreErrorKind::Unreachable => true,
            StoreErrorKind::Unusable | StoreErrorKind::Damaged => false,
        }
    }
}

impl FallbackStatus {
    /// Leaves the shared store alone for a while, unless it was only busy.
    fn pause_after(&mut self, error: &StoreError) {
        match error.kind {
            StoreErrorKind::Busy => {}
            StoreErrorKind::Unreachable | StoreErrorKind::Unusable | StoreErrorKind::Damaged => {
                let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE);
                self.failures += 1;
                self.paused = Some((error.clone(), monotonic_now() + pause));
            }
        }
    }

    /// Adds a warning about `error`, once for each kind.
    fn report(&mut self, error: &StoreError) {
        let (reported, what) = match error.kind {
            StoreErrorKind::Busy => (&mut self.busy_reported, "what was learned is not shared this time"),
            StoreErrorKind::Unreachable => (
                &mut self.failure_reported,
                "no shared state, so cooldowns hold for this process only, no call with a limit is made, and nothing \
                 is logged",
            ),
            StoreErrorKind::Unusable | StoreErrorKind::Damaged => (
                &mut self.failure_reported,
                "no shared state, so limits and cooldowns hold for this process only and nothing is logged",
            ),
        };
        if !std::mem::replace(reported, true) {
            self.warnings.push_back(format!("{what}: {error}"));
        }
    }
}

impl<S: Store> Store for FallbackStore<S> {
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        self.read_within(keys, Duration::MAX)
    }

    fn read_within(&self, keys: &[String], limit: Duration) -> Result<Vec<Option<String>>, StoreError> {
        self.either(
            |shared| {
                let values = if limit == Duration::MAX { shared.read(keys) } else { shared.read_within(keys, limit) }?;
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
        match self.attempt(|shared| shared.update(keys, change)) {
            Err(error) if !self.denies(&error) => {
                self.status().report(&error);
                self.memory.update(keys, change)
            }
            result => result,
        }
    }

    fn begin(&self, entry: &LogStart) -> Result<(), StoreError> {
        self.attempt(|shared| shared.begin(entry))
            .or_else(|error| self.write_alone(&mut StoreWrite::Begin(entry.clone()), error))
    }

    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        let mut writes = vec![StoreWrite::Finish { id: id.to_owned(), end: end.clone() }];
        self.write(&mut writes, Duration::MAX).pop().unwrap_or(Ok(()))
    }

    fn write(&self, writes: &mut Vec<StoreWrite>, limit: Duration) -> Vec<Result<(), StoreError>> {
        let mut starts = self.unwritten_starts(writes);
        let count = starts.len();
        starts.append(writes);
        let mut results = Vec::new();
        let attempted = self.attempt(|shared| {
            results = shared.write(&mut starts, limit);
            results.iter().find_map(|result| result.as_ref().err().cloned()).map_or(Ok(()), Err)
        });
        if let Err(error) = attempted {
            results.resize(starts.len(), Err(error));
        }
        for (write, result) in starts.iter_mut().zip(&mut results) {
            match (std::mem::replace(result, Ok(())), &*write) {
                (Ok(()), StoreWrite::Update(update)) => self.memory.remember(&update.keys, &update.written),
                (Ok(()), StoreWrite::Begin(_) | StoreWrite::Finish { .. }) => {}
                (Err(error), _) => *result = self.write_alone(write, error),
            }
        }
        *writes = starts.split_off(count);
        results.split_off(count)
    }

    fn shared_time(&self) -> Option<Timestamp> {
        self.shared.shared_time()
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
        self.status().warnings.pop_front()
    }
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::*;
    use crate::ports::RequestOutcome;
    use crate::state::{LogReader, SqliteStore, database};

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

    /// A store in `dir` with the value 1, and a connection that holds its lock.
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
