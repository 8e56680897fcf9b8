//! The state that processes share.

use std::time::Duration;

use super::{LogEnd, LogStart};
pub use llmroute_core::model::Timestamp;

/// The state that processes share: small values by key, changed in transactions, and the log of requests.
///
/// Calls block; a store waits for a lock no longer than its own bound.
pub trait Store: Send + Sync {
    /// Returns the values of `keys`, in their order.
    ///
    /// # Errors
    /// Fails if the store cannot be read.
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError>;

    /// Reads `keys`, lets `change` edit their values, and writes them, as one transaction: without writes of
    /// other processes in between. `change` may run more than once (optimistic stores retry).
    ///
    /// # Errors
    /// Fails if the store cannot be locked or written; then nothing was changed.
    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError>;

    /// As [`Store::update`], for what must be known by all processes or not be done: a store that
    /// stands in for the shared one while that is busy does not do it here.
    ///
    /// # Errors
    /// As [`Store::update`].
    fn update_shared(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        self.update(keys, change)
    }

    /// Logs the start of a request. A second start with the same id changes nothing.
    ///
    /// # Errors
    /// Fails if the store cannot be written.
    fn begin(&self, entry: &LogStart) -> Result<(), StoreError>;

    /// Logs the end of the request `id`; of two ends, the later one counts. An end without a start is
    /// dropped.
    ///
    /// # Errors
    /// Fails if the store cannot be written.
    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError>;

    /// As [`Store::read`], but waits no longer than `limit`.
    ///
    /// # Errors
    /// As [`Store::read`], and when `limit` has passed.
    fn read_within(&self, keys: &[String], limit: Duration) -> Result<Vec<Option<String>>, StoreError> {
        let _ = limit;
        self.read(keys)
    }

    /// Makes `writes` in order, as one transaction where the store can, and waits no longer than `limit`.
    /// Returns a result for each of them.
    fn write(&self, writes: &mut Vec<StoreWrite>, limit: Duration) -> Vec<Result<(), StoreError>> {
        let _ = limit;
        writes.iter_mut().map(|write| write.perform(self)).collect()
    }

    /// Returns the time now by the clock of the store, if that is not the clock of this machine and is known.
    fn shared_time(&self) -> Option<Timestamp> {
        None
    }

    /// Returns true if no operation can block.
    fn is_immediate(&self) -> bool {
        false
    }

    /// Returns the keys that begin with `prefix`, sorted; all of them if it is empty.
    ///
    /// # Errors
    /// Fails if the store cannot be read.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// Deletes the values of `keys` in one transaction. Returns the number of values deleted.
    ///
    /// # Errors
    /// Fails if the store cannot be locked or written; then nothing was deleted.
    fn delete(&self, keys: &[String]) -> Result<usize, StoreError>;

    /// Deletes every request from the log. Returns the number of requests deleted.
    ///
    /// # Errors
    /// Fails if the store cannot be locked or written; then nothing was deleted.
    fn clear_log(&self) -> Result<usize, StoreError>;

    /// Returns a warning about the state that was not reported before.
    fn take_warning(&self) -> Option<String> {
        None
    }
}

/// A write to a store, as a value that can be queued and grouped.
#[expect(clippy::large_enum_variant, reason = "few values, each queued once")]
pub enum StoreWrite {
    /// Changes values; see [`Store::update`].
    Update(StateUpdate),
    /// Logs the start of a request; see [`Store::begin`].
    Begin(LogStart),
    /// Logs the end of a request; see [`Store::finish`].
    Finish {
        /// The id of the request.
        id: String,
        /// The end.
        end: LogEnd,
    },
}

impl StoreWrite {
    /// Makes this one write.
    ///
    /// # Errors
    /// Fails if `store` cannot be written.
    pub(crate) fn perform<S: Store + ?Sized>(&mut self, store: &S) -> Result<(), StoreError> {
        match self {
            Self::Update(StateUpdate { keys, change, shared, written }) => {
                let mut change = |values: &mut [Option<String>]| {
                    change(values);
                    written.clear();
                    written.extend_from_slice(values);
                };
                if *shared { store.update_shared(keys, &mut change) } else { store.update(keys, &mut change) }
            }
            Self::Begin(start) => store.begin(start),
            Self::Finish { id, end } => store.finish(id, end),
        }
    }
}

/// Edits values in place; it can run more than once.
pub type ValueChange = Box<dyn FnMut(&mut [Option<String>]) + Send>;

/// A change of values in a store.
pub struct StateUpdate {
    /// The keys of the values.
    pub keys: Vec<String>,
    /// Edits the values. It may run more than once.
    pub change: ValueChange,
    /// True if it must fail rather than be made for this process only; see [`Store::update_shared`].
    pub shared: bool,
    /// The values after the last run of `change`.
    pub written: Vec<Option<String>>,
}

/// The shared state could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct StoreError {
    /// The kind, which says whether another try can help.
    pub kind: StoreErrorKind,
    /// The reason, with the file or address; a last line `hint: …` names the remedy.
    pub reason: String,
}

/// The meaning of a store error for the next operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Another process held the lock for too long; the next operation may succeed.
    Busy,
    /// The server does not answer, or not now. The values may still be there, so that what must be known by
    /// all processes cannot be decided without them.
    Unreachable,
    /// It fails until it is repaired by hand.
    Unusable,
    /// As [`Unusable`](Self::Unusable), because the stored data is damaged: only moving it aside helps.
    Damaged,
}
