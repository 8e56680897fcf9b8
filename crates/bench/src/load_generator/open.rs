//! The open loop: calls start at fixed times, on connections that were opened before.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::super::plan::{Arrival, Stop};
use super::super::schedule;
use super::Progress;
use super::run_state::{PreparedCall, ReadyConnection, RunState};
use llmroute_router::ports::BoxFuture;

/// The seconds of arrivals for which connections are kept open: longer than it takes to open one.
const READY_FOR: f64 = 0.25;
/// The highest number of idle connections.
const MOST_READY: usize = 128;

/// Starts the calls and waits for the last one.
pub(super) async fn run(shared: &RunState<'_>, stop: Stop, rate: f64, pattern: Arrival) {
    let pools: Vec<Pool> = (0..shared.targets()).map(|_| Pool::new(rate)).collect();
    let mut tasks: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
    for (target, pool) in pools.iter().enumerate() {
        pool.fill(shared, target, &mut tasks);
    }
    while tasks.next().await.is_some() {}
    let begin = shared.clocks.meter.now();
    let times = (0_u32..).zip(schedule::arrivals(shared.run.plan.seed, rate, pattern));
    for (round, at) in times {
        let last = match stop {
            Stop::Rounds(rounds) => round >= rounds,
            Stop::After(span) => at >= span,
        };
        if last || shared.is_over() {
            break;
        }
        arrive(shared, &pools, &mut tasks, round, begin.saturating_add(at)).await;
    }
    while tasks.next().await.is_some() {}
}

/// Waits for an arrival while earlier calls continue, then starts its calls.
async fn arrive<'a, 'r: 'a>(
    shared: &'a RunState<'r>,
    pools: &'a [Pool],
    tasks: &mut FuturesUnordered<BoxFuture<'a, ()>>,
    round: u32,
    due: Duration,
) {
    let order = schedule::target_order(shared.run.plan, round);
    let mut prepared: Vec<PreparedCall> = order.into_iter().map(|target| shared.prepare(target, round)).collect();
    let mut wait = shared.clocks.meter.wait(due);
    loop {
        tokio::select! {
            biased;
            () = &mut wait => break,
            Some(()) = tasks.next(), if !tasks.is_empty() => {}
        }
    }
    shared.tell(Progress::Round(round));
    for call in prepared.drain(..) {
        let target = call.target;
        let pool = &pools[target];
        if !may_start(shared, pool, target) {
            continue;
        }
        pool.state().in_flight += 1;
        match pool.take() {
            // Sent at once, before other tasks are polled.
            Some(ready) => {
                let started = shared.start(call, due, ready);
                tasks.push(Box::pin(async move { pool.give_back(shared.finish(started).await) }));
            }
            None => tasks.push(Box::pin(async move {
                let ready = shared.connect(target).await;
                pool.give_back(shared.call(call, due, ready).await);
            })),
        }
        pool.fill(shared, target, tasks);
    }
}

fn may_start(shared: &RunState<'_>, pool: &Pool, target: usize) -> bool {
    let Some(paused) = shared.pause_of(target) else { return false };
    if paused > shared.clocks.meter.now() {
        shared.skip_one();
        return false;
    }
    if pool.state().in_flight >= shared.run.max_in_flight {
        shared.drop_one();
        return false;
    }
    shared.reserve(target)
}

/// The idle connections to a target.
struct Pool {
    wanted: usize,
    state: Mutex<Pooled>,
}

#[derive(Default)]
struct Pooled {
    lines: Vec<ReadyConnection>,
    /// The number of connections that are being opened.
    opening: usize,
    in_flight: usize,
}

impl Pool {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates, and is bounded then")]
    fn new(rate: f64) -> Self {
        let wanted = (rate * READY_FOR).ceil() as usize + 1;
        Self { wanted: wanted.min(MOST_READY), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, Pooled> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection that is still open.
    fn take(&self) -> Option<ReadyConnection> {
        loop {
            let ready = self.state().lines.pop()?;
            if let Some(ready) = ready.if_open() {
                return Some(ready);
            }
        }
    }

    /// Takes back the connection of a call that ended.
    fn give_back(&self, ready: Option<ReadyConnection>) {
        let mut state = self.state();
        state.in_flight -= 1;
        state.lines.extend(ready);
    }

    /// Opens the missing connections.
    fn fill<'a, 'r: 'a>(
        &'a self,
        shared: &'a RunState<'r>,
        target: usize,
        tasks: &mut FuturesUnordered<BoxFuture<'a, ()>>,
    ) {
        let mut state = self.state();
        while state.lines.len() + state.opening < self.wanted {
            state.opening += 1;
            tasks.push(Box::pin(async move {
                let opened = shared.connect(target).await;
                let mut state = self.state();
                state.opening -= 1;
                state.lines.extend(opened.ok());
            }));
        }
    }
}
