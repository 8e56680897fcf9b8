//! An asynchronous handle over a blocking store.
//!
//! Operations go through two queues, one for reads and one for writes, so that a write that waits for a
//! lock delays no read. A queue that is not empty is drained by one `spawn_blocking` task; all writes that
//! wait while a transaction runs become the next transaction.

mod queue;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use self::queue::{Queue, Work};
use crate::ports::{LogEnd, LogStart, StateUpdate, Store, StoreError, StoreErrorKind, StoreWrite};
use llmroute_core::model::Timestamp;

/// The time limit of writes that no caller waits for.
const POST_LIMIT: Duration = Duration::from_secs(2);

/// A store for asynchronous code: no operation blocks the calling thread, and each has a time limit.
///
/// Clones share one store and its queues.
#[derive(Clone)]
pub(crate) struct StateHandle(Arc<Queues>);

struct Queues {
    store: Arc<dyn Store>,
    reads: Queue<PendingRead>,
    writes: Queue<Write>,
}

impl fmt::Debug for StateHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateHandle").finish_non_exhaustive()
    }
}

impl StateHandle {
    /// A handle over `store`. No thread is started and nothing is read before the first operation.
    #[must_use]
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self(Arc::new(Queues { store, reads: Queue::default(), writes: Queue::default() }))
    }

    /// Returns by how many milliseconds the clock that all processes share is ahead of `now`, this process's own.
    /// On one machine they have the same clock.
    pub(crate) fn clock_ahead(&self, now: Timestamp) -> i64 {
        self.0.store.shared_time().map_or(0, |time| time.0.saturating_sub(now.0))
    }

    /// Returns the values of `keys`, in their order.
    ///
    /// # Errors
    /// Fails if the store cannot be read, or not within `limit`.
    pub(crate) async fn read(&self, keys: Vec<String>, limit: Duration) -> Result<Vec<Option<String>>, StoreError> {
        if self.0.store.is_immediate() {
            return self.0.store.read(&keys);
        }
        let (done, result) = oneshot::channel();
        self.0.reads.push(&self.0, PendingRead { keys, limit, done });
        received(limit, result).await
    }

    /// Changes the values of `keys` in one transaction, and returns what the last run of `change`
    /// returned. `change` may run more than once. Dropping the future does not undo the change.
    ///
    /// # Errors
    /// Fails if the store cannot be written, or not within `limit`. The change may still be made later.
    pub(crate) async fn update<T: Send + 'static>(
        &self,
        keys: Vec<String>,
        limit: Duration,
        change: impl FnMut(&mut [Option<String>]) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.change(keys, limit, false, change).await
    }

    /// As [`update`](Self::update), but fails where the shared store is busy or unreachable, instead of
    /// changing the values for this process only.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub(crate) async fn update_shared<T: Send + 'static>(
        &self,
        keys: Vec<String>,
        limit: Duration,
        change: impl FnMut(&mut [Option<String>]) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.change(keys, limit, true, change).await
    }

    /// Queues a change of the values of `keys` and returns at once. Usable in `Drop`, and outside of a
    /// runtime. Writes are made in the order in which they are queued.
    pub(crate) fn post(&self, keys: Vec<String>, mut change: impl FnMut(&mut [Option<String>]) + Send + 'static) {
        let change = Box::new(move |values: &mut [Option<String>]| change(values));
        self.queue(StoreWrite::Update(StateUpdate { keys, change, shared: false, written: Vec::new() }));
    }

    /// Queues the start of a request for the log. A second start with the same id changes nothing.
    pub(crate) fn begin(&self, start: LogStart) {
        self.queue(StoreWrite::Begin(start));
    }

    /// Queues the end of the request `id` for the log.
    pub(crate) fn finish(&self, id: String, end: LogEnd) {
        self.queue(StoreWrite::Finish { id, end });
    }

    /// Waits until everything that was queued before is written, at most for `limit`. Returns `true` if it
    /// is.
    pub(crate) async fn flush(&self, limit: Duration) -> bool {
        if self.0.writes.is_idle() {
            return true;
        }
        let (done, result) = oneshot::channel();
        self.0.writes.push(&self.0, Write { write: None, limit: Duration::ZERO, done: Some(done) });
        received(limit, result).await.is_ok()
    }

    /// As [`flush`](Self::flush), on the calling thread and without a runtime: for the end of a process.
    pub(crate) fn flush_blocking(&self, limit: Duration) -> bool {
        self.0.writes.drain_blocking(&self.0, limit)
    }

    async fn change<T: Send + 'static>(
        &self,
        keys: Vec<String>,
        limit: Duration,
        shared: bool,
        mut change: impl FnMut(&mut [Option<String>]) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let returned = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&returned);
        let change = Box::new(move |values: &mut [Option<String>]| {
            let value = change(values);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        });
        let mut write = StoreWrite::Update(StateUpdate { keys, change, shared, written: Vec::new() });
        if self.0.store.is_immediate() {
            write.perform(&*self.0.store)?;
        } else {
            let (done, result) = oneshot::channel();
            self.0.writes.push(&self.0, Write { write: Some(write), limit, done: Some(done) });
            received(limit, result).await?;
        }
        let value = returned.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or_else(|| unanswered("the change of the state was not made"))
    }

    fn queue(&self, mut write: StoreWrite) {
        if self.0.store.is_immediate() {
            // A store in memory cannot fail.
            let _ = write.perform(&*self.0.store);
        } else {
            self.0.writes.push(&self.0, Write { write: Some(write), limit: POST_LIMIT, done: None });
        }
    }
}

async fn received<T>(limit: Duration, result: oneshot::Receiver<Result<T, StoreError>>) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, result).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(unanswered("the operation on the state ended without a result")),
        Err(_) => Err(unanswered("the state did not answer in time")),
    }
}

fn unanswered(what: &str) -> StoreError {
    StoreError { kind: StoreErrorKind::Busy, reason: what.to_owned() }
}

/// Values that a caller waits for.
struct PendingRead {
    keys: Vec<String>,
    limit: Duration,
    done: oneshot::Sender<Result<Vec<Option<String>>, StoreError>>,
}

impl Work for PendingRead {
    type Context = Queues;

    fn queue(queues: &Queues) -> &Queue<Self> {
        &queues.reads
    }

    fn perform(batch: Vec<Self>, queues: &Queues) {
        let limit = batch.iter().map(|read| read.limit).max().unwrap_or_default();
        let mut keys: Vec<String> = batch.iter().flat_map(|read| read.keys.iter().cloned()).collect();
        if batch.len() > 1 {
            keys.sort_unstable();
            keys.dedup();
        }
        let values = queues.store.read_within(&keys, limit);
        if let [_] = batch.as_slice() {
            // The caller may have given up.
            batch.into_iter().for_each(|read| drop(read.done.send(values.clone())));
            return;
        }
        for read in batch {
            let value = |values: &Vec<Option<String>>, key: &String| {
                keys.binary_search(key).ok().and_then(|at| values.get(at).cloned().flatten())
            };
            let own = values.as_ref().map(|values| read.keys.iter().map(|key| value(values, key)).collect());
            let _ = read.done.send(own.map_err(Clone::clone));
        }
    }
}

/// A write, and the caller that waits for it. Without a write it only marks a place in the queue.
struct Write {
    write: Option<StoreWrite>,
    limit: Duration,
    done: Option<oneshot::Sender<Result<(), StoreError>>>,
}

impl Work for Write {
    type Context = Queues;

    fn queue(queues: &Queues) -> &Queue<Self> {
        &queues.writes
    }

    fn perform(batch: Vec<Self>, queues: &Queues) {
        let limit = batch.iter().map(|write| write.limit).max().unwrap_or_default();
        let (mut writes, mut waiting) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for Write { write, done, .. } in batch {
            waiting.push((write.is_some(), done));
            writes.extend(write);
        }
        let results = if writes.is_empty() { Vec::new() } else { queues.store.write(&mut writes, limit) };
        let mut results = results.into_iter();
        for (written, done) in waiting {
            // A store that cannot be written reports it by its warning.
            let result = if written { results.next().unwrap_or(Ok(())) } else { Ok(()) };
            if let Some(done) = done {
                let _ = done.send(result);
            }
        }
    }
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;
