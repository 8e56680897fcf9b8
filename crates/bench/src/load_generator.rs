//! Runs a plan: which target is called when, and on which connection. `measure` makes the calls.

mod closed;
mod open;
mod run_state;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::ops::ControlFlow;
use std::time::Duration;

pub use super::measure::CallTarget;
use super::measure::RunClocks;
use super::plan::{Load, Plan};
use super::record::{ClientStats, EndReason};
use super::sample::Sample;
use llmroute_core::model::{Failure, Prompt};
pub use llmroute_router::ports::{Clock, MeasuringNetwork};
use run_state::RunState;

/// A run, ready to be made.
#[derive(Clone, Copy)]
pub struct LoadGenerator<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The targets of the plan, in its order.
    pub targets: &'a [CallTarget<'a>],
    /// The prompt for a target in a round.
    pub prompt: &'a (dyn Fn(usize, u32) -> Prompt + Sync),
    /// The network that measures.
    pub meter: &'a dyn MeasuringNetwork,
    /// Wall time, for signatures and for dates in replies.
    pub clock: Clock,
    /// The most calls in flight at one target in an open loop; starts beyond it are dropped.
    pub max_in_flight: usize,
}

/// A limit on the cost of a run, checked before every call.
pub trait SpendingLimit: Send {
    /// Reserves the highest possible cost of a call to `target`. Returns false if less than that is left.
    fn reserve(&mut self, target: usize) -> bool;

    /// Replaces the reservation of a call that ended by its cost.
    fn settle(&mut self, sample: &Sample);
}

/// No limit on the cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NoSpendingLimit;

impl SpendingLimit for NoSpendingLimit {
    fn reserve(&mut self, _target: usize) -> bool {
        true
    }

    fn settle(&mut self, _sample: &Sample) {}
}

/// An event of a run, for a live view.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A round, or an arrival of an open loop, begins.
    Round(u32),
    /// A call is sent.
    Began {
        /// Its target.
        target: usize,
        /// Its round.
        round: u32,
    },
    /// A call continues; reported a few times a second at most.
    Streaming {
        /// Its target.
        target: usize,
        /// Its round.
        round: u32,
        /// The number of chunks with tokens so far.
        pieces: usize,
        /// The time to the first token, once it came.
        first_token: Option<Duration>,
    },
    /// A call ended. Its sample is reported only here.
    Done {
        /// The sample.
        sample: &'a Sample,
        /// The failure, if it failed.
        failure: Option<&'a Failure>,
    },
    /// A target that limits its rate is not called for a while.
    Paused(&'a Pause),
    /// A target is not called any more: its failures are permanent.
    Stopped {
        /// The target.
        target: usize,
        /// The last failure.
        failure: &'a Failure,
    },
}

/// A time in which a target was not called because it limits its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The target.
    pub target: usize,
    /// Its start, since the start of the run.
    pub at: Duration,
    /// Its length.
    pub span: Duration,
}

/// The result of a run. Samples are not part of it: each one is reported as its call ends.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadResult {
    /// The start of the run on the clock of the measuring network.
    pub start: Duration,
    /// The pauses of rate-limited targets.
    pub pauses: Vec<Pause>,
    /// The figures of the client itself.
    pub client: ClientStats,
    /// The reason for the end of the run.
    pub ended: EndReason,
}

/// Makes the run. It ends early when `stop` completes or `on` returns `Break`; calls in flight are then dropped.
///
/// Connections are opened before the first call of each slot and are not part of its times. `on` runs between reads
/// and must return quickly.
pub async fn drive(
    run: LoadGenerator<'_>,
    cost_cap: &mut dyn SpendingLimit,
    on: &mut (dyn FnMut(Progress<'_>) -> ControlFlow<()> + Send),
    stop: impl Future<Output = ()> + Send,
) -> LoadResult {
    let clocks = RunClocks { meter: run.meter, wall: run.clock, start: run.meter.now() };
    let shared = RunState::new(run, clocks, cost_cap, on);
    let cpu = run.meter.cpu();
    let work = async {
        match run.plan.load {
            Load::Rounds { stop, in_flight } => closed::run(&shared, stop, in_flight).await,
            Load::Arrivals { stop, rate, pattern } => open::run(&shared, stop, rate, pattern).await,
        }
    };
    // One task drives many connections; tokio's budget for one task would be too small for it.
    tokio::task::unconstrained(async {
        tokio::select! {
            () = work => {}
            () = stop => shared.interrupt(),
            () = shared.halted() => {}
        }
    })
    .await;
    let wall = run.meter.now().saturating_sub(clocks.start);
    let cpu = cpu.zip(run.meter.cpu()).map(|(before, after)| after.saturating_sub(before));
    shared.into_result(wall, cpu)
}
