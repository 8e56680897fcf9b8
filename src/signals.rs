//! Waits for work until it is done or a signal ends it, and ends the process by that signal.
//!
//! Signals are taken by a thread of their own: a write to a reader that does not read blocks the
//! runtime, and Ctrl-C must end that too.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;

use crate::error::{CommandError, ErrorKind};

/// The time in which the work can end after a signal.
const GRACE: Duration = Duration::from_millis(50);

/// The number of the last receiver of signals: only that one acts on them.
static LATEST: AtomicUsize = AtomicUsize::new(0);

/// The end of the wait.
pub(crate) enum Completion<T> {
    /// The work was done.
    Done(T),
    /// This signal came; the work was dropped.
    Signal(i32),
}

/// The clock that timers of the work run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    /// Wall time.
    Real,
    /// Waiting takes no time: only for work that calls only simulated deployments.
    Simulated,
}

/// Runs `work` on a runtime of its own until it is done, SIGINT, SIGTERM or SIGHUP.
///
/// A signal drops the work; if that (or what the caller does after it) takes longer than 50 ms, the
/// process dies by the signal at once.
///
/// # Errors
/// Fails if the runtime cannot be created (no file descriptors left).
pub(crate) fn until_signal<T>(work: impl Future<Output = T>) -> Result<Completion<T>, CommandError> {
    until(Time::Real, GRACE, work)
}

/// As [`until_signal`], for work whose results so far are to be reported after a signal: the caller has
/// `grace` for that, and a second signal ends it at once.
///
/// # Errors
/// As [`until_signal`].
pub(crate) fn until<T>(
    time: Time,
    grace: Duration,
    work: impl Future<Output = T>,
) -> Result<Completion<T>, CommandError> {
    let failed = |error: io::Error| CommandError::caused(ErrorKind::Other, "cannot start", error);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(time == Time::Simulated).build().map_err(failed)?;
    let mut watch = SignalThread::begin(grace).map_err(failed)?;
    let ended = runtime.block_on(async {
        tokio::select! {
            biased;
            Ok(signal) = &mut watch.signal => Completion::Signal(signal),
            value = work => Completion::Done(value),
        }
    });
    // A name lookup or a lock that still waits on a thread must not hold up the end.
    runtime.shutdown_background();
    Ok(ended)
}

/// The signals that are taken: SIGHUP, which comes when the window is closed, unless `nohup` made it nothing.
fn taken() -> Vec<i32> {
    let ignored = std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, SIGHUP));
    [SIGINT, SIGTERM].into_iter().chain((!ignored).then_some(SIGHUP)).collect()
}

/// Returns `true` if a process of this `status` (proc(5)) ignores `signal`.
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

/// A thread that waits for a signal.
struct SignalThread {
    signal: oneshot::Receiver<i32>,
    /// Held for ever: the thread notices when the process goes on without it.
    _alive: mpsc::Sender<()>,
}

impl SignalThread {
    fn begin(grace: Duration) -> io::Result<Self> {
        let mut signals = Signals::new(taken())?;
        let (tell, signal) = oneshot::channel();
        let (alive, gone) = mpsc::channel::<()>();
        let own = LATEST.fetch_add(1, Ordering::SeqCst) + 1;
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let mut tell = Some(tell);
            while let Some(signal) = signals.forever().next() {
                if LATEST.load(Ordering::SeqCst) != own {
                    return;
                }
                // The work may have ended, or hang in a write: then nothing receives it.
                let taken = tell.take().is_some_and(|tell| tell.send(signal).is_ok());
                if taken {
                    last_moments(&mut signals, &gone, grace);
                }
                die_by(signal);
            }
        })?;
        Ok(Self { signal, _alive: alive })
    }
}

/// Waits for the work to end the process itself; a second signal shortens the time.
fn last_moments(signals: &mut Signals, gone: &mpsc::Receiver<()>, grace: Duration) {
    let mut left = grace;
    while !left.is_zero() && signals.pending().next().is_none() {
        let step = left.min(GRACE);
        // Nothing is ever sent. Where the work is dropped and there is nothing to report, it is over.
        if gone.recv_timeout(step) == Err(mpsc::RecvTimeoutError::Disconnected) {
            if grace <= GRACE {
                return;
            }
            std::thread::sleep(step);
        }
        left -= step;
    }
}

/// Ends this process by `signal` itself, so that a shell loop around it stops too.
pub(crate) fn die_by(signal: i32) {
    // Returns only if the signal could not be raised; the caller then exits with 128 + signal.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// The time in which a process stops after SIGTSTP. One without a shell that could continue it does not stop.
const STOPS_WITHIN: Duration = Duration::from_millis(200);

/// Stops the process group, as Ctrl-Z does, and returns when it is continued.
///
/// The signal can reach another thread first: this one would go on for a moment, and set the modes of a terminal that
/// the shell already has.
pub(crate) fn stop_until_continued() {
    let Ok(mut continued) = Signals::new([SIGCONT]) else { return };
    if rustix::process::kill_current_process_group(rustix::process::Signal::TSTP).is_err() {
        return;
    }
    let mut left = STOPS_WITHIN;
    while !left.is_zero() && continued.pending().next().is_none() {
        let step = left.min(Duration::from_millis(10));
        std::thread::sleep(step);
        left -= step;
    }
}

/// The signals of a process that outlives them: the work decides what each one means.
pub(crate) struct SignalStream {
    signals: UnboundedReceiver<i32>,
    /// Signals that came and were not taken.
    pending: Arc<AtomicUsize>,
}

impl SignalStream {
    /// Begins to take SIGINT, SIGTERM and SIGHUP. A second one that comes before the first was taken (the work hangs
    /// in a write) ends the process.
    ///
    /// # Errors
    /// Fails if no thread can be started.
    pub(crate) fn begin() -> io::Result<Self> {
        let mut incoming = Signals::new(taken())?;
        let (tell, signals) = unbounded_channel();
        let pending: Arc<AtomicUsize> = Arc::default();
        let waiting = Arc::clone(&pending);
        LATEST.fetch_add(1, Ordering::SeqCst);
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in incoming.forever() {
                // A shell and the terminal both tell that the window was closed.
                let hangs = waiting.fetch_add(1, Ordering::SeqCst) > 0 && signal != SIGHUP;
                if hangs || tell.send(signal).is_err() {
                    die_by(signal);
                }
            }
        })?;
        Ok(Self { signals, pending })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> i32 {
        match self.signals.recv().await {
            Some(signal) => {
                self.pending.fetch_sub(1, Ordering::SeqCst);
                signal
            }
            // The thread is gone, and no signal can come any more.
            None => std::future::pending().await,
        }
    }
}

/// Returns `true` for the signal of Ctrl-C.
#[must_use]
pub(crate) fn is_interrupt(signal: i32) -> bool {
    signal == SIGINT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_is_ignored_is_known_from_the_status() {
        let status = "Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\n";
        assert!(ignores(status, SIGHUP));
        assert!(!ignores(status, SIGINT));
        assert!(!ignores("", SIGHUP));
        assert!(!ignores("SigIgn:\tx\n", SIGHUP));
    }
}
