//! Carries out a plan: who is called when, on which connection; what a call is, is in `measure`.

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
use llmroute_router::ports::{Clock, MeasuringNetwork};
use run_state::RunState;

/// A run, ready to be made.
#[derive(Clone, Copy)]
pub struct LoadGenerator<'a> {
    /// What is done.
    pub plan: &'a Plan,
    /// How each target of the plan is called.
    pub targets: &'a [CallTarget<'a>],
    /// The prompt for a target in a round.
    pub prompt: &'a (dyn Fn(usize, u32) -> Prompt + Sync),
    /// What measures.
    pub meter: &'a dyn MeasuringNetwork,
    /// Wall time, for signatures and for dates in replies.
    pub clock: Clock,
    /// The most calls in flight at one target in an open loop; starts beyond it are dropped.
    pub max_in_flight: usize,
}

/// Who watches over the money; asked before every call.
pub trait SpendingLimit: Send {
    /// Sets aside what a call to `target` may cost at most; `false` when that is more than is left.
    fn reserve(&mut self, target: usize) -> bool;

    /// A call has ended: what was set aside for it is free, and what it cost is spent.
    fn settle(&mut self, sample: &Sample);
}

/// A cost cap without end.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSpendingLimit;

impl SpendingLimit for NoSpendingLimit {
    fn reserve(&mut self, _target: usize) -> bool {
        true
    }

    fn settle(&mut self, _sample: &Sample) {}
}

/// What happens, for a live view.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A round, or an arrival of an open loop, begins.
    Round(u32),
    /// A call is sent.
    Began {
        /// To whom.
        target: usize,
        /// In which round.
        round: u32,
    },
    /// A call goes on; told a few times a second at most.
    Streaming {
        /// To whom.
        target: usize,
        /// In which round.
        round: u32,
        /// Pieces with tokens in them so far.
        pieces: usize,
        /// Time to first token, when there is one.
        first_token: Option<Duration>,
    },
    /// A call has ended. This is the only time at which its sample is seen.
    Done {
        /// What is known of it.
        sample: &'a Sample,
        /// What lies behind its fault.
        failure: Option<&'a Failure>,
    },
    /// A target that limits its rate is left alone for so long.
    Paused(&'a Pause),
    /// A target is asked no more: it failed in a way that goes on.
    Stopped {
        /// Who.
        target: usize,
        /// The last failure.
        failure: &'a Failure,
    },
}

/// A time in which a target was not asked, because it limits its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Who.
    pub target: usize,
    /// When it began, from the start of the run.
    pub at: Duration,
    /// How long it is.
    pub span: Duration,
}

/// What a run gave, but for its samples: the watcher gets each of them as it ends, and keeps what it wants.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadResult {
    /// When it began, on the meter's clock.
    pub start: Duration,
    /// Times in which a target was left alone.
    pub pauses: Vec<Pause>,
    /// What is known of ourselves.
    pub client: ClientStats,
    /// Why there are no more samples.
    pub ended: EndReason,
}

/// Makes the run; it ends early when `stop` does or `on` breaks, and calls in flight are then given up.
///
/// Connections are opened before the first call of each slot, whose times they are no part of. `on` is
/// called in the middle of everything and should return soon.
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
    // Many connections are one task here; its share of turns must not be that of one connection.
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
