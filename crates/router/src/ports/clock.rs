//! The time.

pub use llmroute_core::model::Timestamp;

/// Wall time at the start of the process plus the monotonic time since.
///
/// It never steps back within a run, and it obeys tokio's paused clock in tests.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Timestamp,
    start: tokio::time::Instant,
}

impl Clock {
    /// Creates a clock that reads `wall` now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one home of the monotonic clock")]
    pub fn starting_at(wall: Timestamp) -> Self {
        Self { origin: wall, start: tokio::time::Instant::now() }
    }

    /// Returns the monotonic time, for time limits.
    #[must_use]
    pub(crate) fn instant(&self) -> tokio::time::Instant {
        self.start + self.start.elapsed()
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.origin.after(self.start.elapsed())
    }
}
