//! A queue that drains itself on a blocking thread while there is something in it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The largest batch, so that a transaction stays short.
const MAX_BATCH: usize = 256;

/// The items of a queue, and the way to perform a batch.
pub(crate) trait Work: Sized + Send + 'static {
    /// The context that performs it.
    type Context: Send + Sync + 'static;

    /// The queue in `context` that holds it.
    fn queue(context: &Self::Context) -> &Queue<Self>;

    /// Performs `batch`, in order. Blocks.
    fn perform(batch: Vec<Self>, context: &Self::Context);
}

/// The queue.
pub(crate) struct Queue<T> {
    state: Mutex<QueueState<T>>,
    idle: Condvar,
}

struct QueueState<T> {
    waiting: Vec<T>,
    /// A thread drains the queue, or is about to.
    draining: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { state: Mutex::new(QueueState { waiting: Vec::new(), draining: false }), idle: Condvar::new() }
    }
}

impl<T: Work> Queue<T> {
    /// Adds `item`, and starts draining the queue. Without a runtime it stays until the next
    /// [`push`](Self::push) inside of one, or until [`drain_blocking`](Self::drain_blocking).
    pub(crate) fn push(&self, context: &Arc<T::Context>, item: T) {
        let runtime = tokio::runtime::Handle::try_current();
        let mut state = self.lock();
        state.waiting.push(item);
        let Ok(runtime) = runtime else { return };
        if !std::mem::replace(&mut state.draining, true) {
            drop(state);
            let drainer = Drainer::<T>::new(context);
            runtime.spawn_blocking(move || drainer.run());
        }
    }

    /// Returns `true` if nothing waits and nothing is being performed.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && !state.draining
    }

    /// Performs what waits on this thread; waits for `limit` at most where another thread does it.
    /// Returns `true` if the queue is empty then.
    pub(crate) fn drain_blocking(&self, context: &Arc<T::Context>, limit: Duration) -> bool {
        let state = self.lock();
        let (mut state, timeout) =
            self.idle.wait_timeout_while(state, limit, |state| state.draining).unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() && state.draining {
            return false;
        }
        if !state.waiting.is_empty() {
            state.draining = true;
            drop(state);
            Drainer::<T>::new(context).run();
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        // Each change of the state is one step, so it is consistent after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drains the queue in its context. Dropped before it ran, as by a runtime that shuts down, it leaves the
/// queue to the next one.
struct Drainer<T: Work> {
    context: Arc<T::Context>,
    released: bool,
}

impl<T: Work> Drainer<T> {
    fn new(context: &Arc<T::Context>) -> Self {
        Self { context: Arc::clone(context), released: false }
    }

    fn run(mut self) {
        while let Some(batch) = self.next() {
            T::perform(batch, &self.context);
        }
    }

    fn next(&mut self) -> Option<Vec<T>> {
        let mut state = T::queue(&self.context).lock();
        if state.waiting.is_empty() {
            // Under the same lock as the check, so that no item is left behind.
            state.draining = false;
            self.released = true;
            return None;
        }
        let end = state.waiting.len().min(MAX_BATCH);
        Some(state.waiting.drain(..end).collect())
    }
}

impl<T: Work> Drop for Drainer<T> {
    fn drop(&mut self) {
        let queue = T::queue(&self.context);
        if !self.released {
            queue.lock().draining = false;
        }
        queue.idle.notify_all();
    }
}
