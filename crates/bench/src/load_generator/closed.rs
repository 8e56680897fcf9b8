//! The closed loop: a fixed number of slots, each of which makes one round after the other on its own connections.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::super::plan::Stop;
use super::super::schedule;
use super::Progress;
use super::run_state::{ReadyConnection, RunState};

/// Makes the rounds.
pub(super) async fn run(shared: &RunState<'_>, stop: Stop, in_flight: u32) {
    let slots = match stop {
        Stop::Rounds(rounds) => in_flight.min(rounds),
        Stop::After(_) => in_flight,
    };
    let slots: Vec<Slot<'_, '_>> = (0..slots).map(|_| Slot::new(shared, stop)).collect();
    // All connections are open before the first call is timed.
    let mut opening: FuturesUnordered<_> = slots.iter().map(Slot::open_all).collect();
    while opening.next().await.is_some() {}
    let mut working: FuturesUnordered<_> = slots.iter().map(Slot::work).collect();
    while working.next().await.is_some() {}
}

struct Slot<'s, 'a> {
    shared: &'s RunState<'a>,
    stop: Stop,
    /// The idle connection to each target.
    lines: Vec<Mutex<Option<ReadyConnection>>>,
}

impl<'s, 'a> Slot<'s, 'a> {
    fn new(shared: &'s RunState<'a>, stop: Stop) -> Self {
        Self { shared, stop, lines: (0..shared.targets()).map(|_| Mutex::new(None)).collect() }
    }

    async fn open_all(&self) {
        for target in 0..self.lines.len() {
            // A connection that fails is opened again when it is needed; its failure is a sample then.
            if let Ok(ready) = self.shared.connect(target).await {
                self.keep(target, Some(ready));
            }
        }
    }

    fn keep(&self, target: usize, ready: Option<ReadyConnection>) {
        *self.lines[target].lock().unwrap_or_else(PoisonError::into_inner) = ready;
    }

    fn kept(&self, target: usize) -> Option<ReadyConnection> {
        self.lines[target].lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn work(&self) {
        while self.goes_on() {
            let round = self.shared.next_round();
            if matches!(self.stop, Stop::Rounds(rounds) if round >= rounds) {
                break;
            }
            self.shared.tell(Progress::Round(round));
            let turns = schedule::host_queues(self.shared.run.plan, round);
            let asked = turns.into_iter().map(|turn| async move {
                for target in turn {
                    self.ask(target, round).await;
                }
            });
            futures_util::future::join_all(asked).await;
        }
    }

    fn goes_on(&self) -> bool {
        !self.shared.is_over() && self.end().is_none_or(|end| self.shared.clocks.meter.now() < end)
    }

    /// Returns the time after which no round begins.
    fn end(&self) -> Option<Duration> {
        match self.stop {
            Stop::Rounds(_) => None,
            Stop::After(span) => Some(self.shared.clocks.start.saturating_add(span)),
        }
    }

    /// Waits for the end of the target's pause, but not beyond the end of the run. Returns true if it may be called.
    async fn may_be_called(&self, target: usize) -> bool {
        let meter = self.shared.clocks.meter;
        // The pause may become longer during the wait.
        while let Some(until) = self.shared.pause_of(target) {
            let now = meter.now();
            if until <= now {
                return !self.shared.is_over();
            }
            let end = self.end().unwrap_or(Duration::MAX);
            if end <= now {
                return false;
            }
            meter.wait(until.min(end)).await;
        }
        false
    }

    async fn ask(&self, target: usize, round: u32) {
        let meter = self.shared.clocks.meter;
        if !self.may_be_called(target).await || !self.shared.reserve(target) {
            return;
        }
        let prepared = self.shared.prepare(target, round);
        let began = meter.now();
        let ready = match self.kept(target).and_then(ReadyConnection::if_open) {
            Some(ready) => Ok(ready),
            None => self.shared.connect(target).await,
        };
        // The clock starts with the open connection or, where none can be opened, with the attempt.
        let due = if ready.is_ok() { meter.now() } else { began };
        let kept = self.shared.call(prepared, due, ready).await;
        self.keep(target, kept);
    }
}
