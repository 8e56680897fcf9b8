//! Exact waits: a thread that sleeps, for tokio's timers count in whole milliseconds.

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio::sync::oneshot;

use super::clock::ClockOrigin;

/// Shorter waits use the thread; longer ones start on tokio's timer, so that a
/// cancelled wait does not block the thread.
const LAST: Duration = Duration::from_millis(20);

/// The thread, started by the first wait; it ends with its owner.
#[derive(Default)]
pub(crate) struct Pacer {
    wakes: OnceLock<Sender<Wake>>,
}

/// The wake-ups; each wait is later than the one before.
struct Wake {
    origin: ClockOrigin,
    at: Duration,
    done: oneshot::Sender<()>,
}

impl Pacer {
    /// Waits until `at`.
    pub(crate) async fn wait(&self, origin: ClockOrigin, at: Duration) {
        let left = at.saturating_sub(origin.now());
        if left > LAST {
            tokio::time::sleep_until(origin.instant(at.saturating_sub(LAST))).await;
        }
        if at <= origin.now() {
            return;
        }
        let (done, woken) = oneshot::channel();
        let wakes = self.wakes.get_or_init(start);
        let sent = wakes.send(Wake { origin, at, done }).is_ok();
        if !sent || woken.await.is_err() {
            // Without a thread, waits have whole milliseconds.
            tokio::time::sleep_until(origin.instant(at)).await;
        }
    }
}

fn start() -> Sender<Wake> {
    let (wakes, due) = channel();
    // Without a thread the receiver is gone, and every wait falls back to tokio's timer.
    let _ = std::thread::Builder::new().name("pacer".to_owned()).spawn(move || run(&due));
    wakes
}

fn run(due: &Receiver<Wake>) {
    while let Ok(Wake { origin, at, done }) = due.recv() {
        loop {
            let left = at.saturating_sub(origin.now());
            if left.is_zero() || done.is_closed() {
                break;
            }
            std::thread::sleep(left);
        }
        let _ = done.send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_never_ends_early() {
        let (pacer, origin) = (Pacer::default(), ClockOrigin::new());
        for micros in [0, 300, 600, 25_000] {
            let at = Duration::from_micros(micros);
            pacer.wait(origin, at).await;
            assert!(origin.now() >= at);
        }
    }

    #[tokio::test]
    async fn a_wait_that_is_given_up_stops_nobody() {
        let (pacer, origin) = (Pacer::default(), ClockOrigin::new());
        let late = pacer.wait(origin, Duration::from_secs(3600));
        assert!(tokio::time::timeout(Duration::from_millis(1), late).await.is_err());
        pacer.wait(origin, Duration::from_millis(5)).await;
    }
}
