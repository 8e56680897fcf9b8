//! One run: from its plan to the samples, with a live view. `llmroute_bench::summary` interprets the samples.

use std::ops::ControlFlow;
use std::time::Duration;

use super::live::LiveView;
use crate::environment::Env;
use crate::error::CommandError;
use crate::signals::{self, Time, until};
use crate::ui::console::Console;
use llmroute_bench::cost::CostCap;
pub(crate) use llmroute_bench::load_generator::{self, CallTarget, LoadGenerator, LoadResult, Progress};
use llmroute_bench::plan::Plan;
use llmroute_bench::prompts::Prompts;
pub(crate) use llmroute_bench::record::{ClientStats, EndReason, Run, SCHEMA};
use llmroute_bench::sample::Sample;
use llmroute_core::model::{Failure, Prompt, Secret, Timestamp};
use llmroute_core::protocols::{Endpoint, Params};
use llmroute_core::routing::Timeouts;
use llmroute_router::ports::{Clock, MeasuringNetwork};
use llmroute_router::transport::MeasuringTransport;

/// The time limit for the summary after Ctrl-C; a second Ctrl-C ends it.
const GRACE: Duration = Duration::from_secs(10);
/// The largest number of calls in flight at one target in an open loop.
const MAX_IN_FLIGHT: usize = 4096;

/// The way to call one target.
#[derive(Debug)]
pub(crate) struct TargetAccess {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The key.
    pub key: Option<Secret>,
    /// The time limits.
    pub timeouts: Timeouts,
}

/// The inputs shared by all runs of one command.
pub(crate) struct BenchSetup<'a> {
    /// The call targets of the plans.
    pub access: &'a [TargetAccess],
    /// The prompts.
    pub prompts: Prompts,
    /// The tokens of the shortest prompt.
    pub fewest: u64,
    /// Parameters and further body fields.
    pub params: &'a Params,
    /// The clock of the run.
    pub time: Time,
    /// The environment of the process.
    pub env: &'a Env,
}

/// The result of one run.
pub(crate) struct Measured {
    /// Its record.
    pub run: Run,
    /// The failures, by the index of their sample.
    pub failures: Vec<(usize, Failure)>,
    /// The known part of the cost, USD.
    pub spent: f64,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl BenchSetup<'_> {
    /// Runs `plan` and spends at most `cap` USD.
    ///
    /// # Errors
    /// Fails if no runtime can be created.
    pub(crate) fn run(&self, plan: &Plan, cap: Option<f64>, console: &mut Console) -> Result<Measured, CommandError> {
        let mut kept = RunProgress {
            live: LiveView::new(plan, console),
            samples: Vec::new(),
            failures: Vec::new(),
            last: Duration::ZERO,
        };
        let mut cost_cap = CostCap::new(plan, self.fewest, cap);
        let ended = until(self.time, GRACE, self.drive(plan, &mut kept, &mut cost_cap, console))?;
        kept.live.clear();
        let (client, ended, signal) = match ended {
            signals::Completion::Done(LoadResult { client, ended, .. }) => (client, ended, None),
            signals::Completion::Signal(signal) => {
                (ClientStats { wall: kept.last, ..ClientStats::default() }, EndReason::Interrupted, Some(signal))
            }
        };
        let run = Run {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.env.now,
            plan: plan.clone(),
            samples: kept.samples,
            client,
            ended,
        };
        Ok(Measured { run, failures: kept.failures, spent: cost_cap.spent(), signal })
    }

    async fn drive(
        &self,
        plan: &Plan,
        kept: &mut RunProgress,
        cost_cap: &mut CostCap,
        console: &mut Console,
    ) -> LoadResult {
        let meter = match self.time {
            Time::Real => MeasuringTransport::new(plan.seed),
            Time::Simulated => MeasuringTransport::simulated(plan.seed),
        };
        let targets: Vec<CallTarget<'_>> = self
            .access
            .iter()
            .map(|target_access| CallTarget {
                endpoint: &target_access.endpoint,
                key: target_access.key.as_ref(),
                timeouts: target_access.timeouts,
            })
            .collect();
        let prompt = |_: usize, round: u32| self.prompt(round, plan.max_tokens);
        let run = LoadGenerator {
            plan,
            targets: &targets,
            prompt: &prompt,
            meter: &meter,
            clock: Clock::starting_at(self.env.now),
            max_in_flight: MAX_IN_FLIGHT,
        };
        let start = meter.now();
        // The cost cap belongs to the run; the display computes the spend from the samples.
        let mut spent = 0.0;
        let mut on = |progress: Progress<'_>| {
            if let Progress::Done { sample, failure } = &progress {
                spent += sample.cost_usd.unwrap_or(0.0);
                kept.failures.extend(failure.map(|failure| (kept.samples.len(), failure.clone())));
                kept.samples.push((*sample).clone());
            }
            kept.last = meter.now().saturating_sub(start);
            kept.live.show(&progress, kept.last, spent, console);
            ControlFlow::Continue(())
        };
        load_generator::drive(run, cost_cap, &mut on, std::future::pending()).await
    }

    fn prompt(&self, round: u32, max_tokens: u64) -> Prompt {
        let mut prompt = self.prompts.prompt(round, max_tokens);
        prompt.sampling = self.params.sampling.clone();
        prompt.sampling.max_tokens = Some(max_tokens);
        prompt.extra = self.params.extra.clone();
        prompt
    }
}

/// The results so far, which remain when a signal drops the rest.
struct RunProgress {
    live: LiveView,
    samples: Vec<Sample>,
    failures: Vec<(usize, Failure)>,
    last: Duration,
}

/// The wall time at which a call ended.
#[must_use]
pub(crate) fn ended_at(run: &Run, sample: &Sample) -> Timestamp {
    run.started.after(sample.sent + sample.end)
}
