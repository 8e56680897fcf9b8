//! Waiting for work until it is done or a signal ends it, and dying by that signal.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Error, Kind};

/// How the wait ended.
pub enum Ended<T> {
    /// The work was done.
    Value(T),
    /// This signal came; the work was dropped.
    Signal(i32),
}

/// Runs `work` on a runtime of its own until it is done, SIGINT or SIGTERM.
///
/// # Errors
/// When the runtime cannot be made (no file descriptors left).
pub fn until_signal<T>(work: impl Future<Output = T>) -> Result<Ended<T>, Error> {
    let failed = |error: std::io::Error| Error::new(Kind::Other, format!("cannot start: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let ended = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        Ok(tokio::select! {
            biased;
            _ = interrupt.recv() => Ended::Signal(SignalKind::interrupt().as_raw_value()),
            _ = terminate.recv() => Ended::Signal(SignalKind::terminate().as_raw_value()),
            value = work => Ended::Value(value),
        })
    });
    // A name lookup or a lock that still waits on a thread must not hold up the end.
    runtime.shutdown_background();
    ended
}

/// Ends this process by `signal` itself, so that a shell loop around it stops too.
pub fn die_by(signal: i32) {
    // Returns only if the signal could not be raised; the caller then exits with 128 + signal.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}
