//! The same run under several loads: `--sweep`, `--find-limit`.

use serde_json::{Value, json};

use super::args::BenchArgs;
use super::measure::Measured;
use super::resolve::FIRST_RATE;
use super::{BenchContext, output};
use crate::commands::Exit;
use crate::commands::ask::unwritable;
use crate::error::{CommandError, ErrorKind};
use crate::ui::console::Console;
pub(crate) use llmroute_bench::plan::{Load, Plan, Target};
pub(crate) use llmroute_bench::record::EndReason;
use llmroute_bench::report;
use llmroute_bench::summary::Summary;
pub(crate) use llmroute_bench::sweep::{self, LoadVerdict, SearchStep};

/// The largest number of rates to try for one target.
const TRIES: u32 = 20;

/// Checks the loads.
///
/// # Errors
/// Fails on an impossible one.
pub(crate) fn check(args: &BenchArgs) -> Result<(), CommandError> {
    if args.sweep.contains(&0) {
        return Err(CommandError::new(ErrorKind::Usage, "`--sweep 0` has no calls in flight"));
    }
    Ok(())
}

/// The largest number of runs of the plan.
#[must_use]
pub(crate) fn repeats(args: &BenchArgs) -> u32 {
    if args.find_limit {
        return TRIES;
    }
    u32::try_from(args.sweep.len()).unwrap_or(u32::MAX).max(1)
}

/// The measurements so far, load by load.
struct LoadSeries<'a> {
    context: &'a BenchContext<'a>,
    /// The rest of the cost cap, USD.
    left: Option<f64>,
    tried: Vec<MeasuredLoad>,
}

/// The measurements under one load.
struct MeasuredLoad {
    load: f64,
    measured: Measured,
    summary: Summary,
}

impl LoadSeries<'_> {
    /// Makes one more run, of all targets or a single one; `None` when there will be no more.
    fn run(
        &mut self,
        target: Option<usize>,
        load: (f64, Load),
        console: &mut Console,
    ) -> Result<Option<&Summary>, CommandError> {
        let BenchContext { args, prepared, global, env, .. } = self.context;
        let number = self.tried.len() as u64;
        let (bench, plan) = match target {
            Some(target) => prepared.alone(target, number, env),
            None => (prepared.bench(number, env), prepared.plan.clone()),
        };
        let measured = bench.run(&Plan { load: load.1, ..plan }, self.left, console)?;
        self.left = self.left.map(|left| left - measured.spent);
        let summary = Summary::of(&measured.run);
        if !args.no_learn {
            prepared.learn(&measured, target.unwrap_or(0), global, env, console)?;
        }
        let ended = measured.run.ended;
        self.tried.push(MeasuredLoad { load: load.0, measured, summary });
        match ended {
            EndReason::Done => {}
            EndReason::NoTargetLeft => console.event("no deployment is left to call"),
            EndReason::MaxCost => console.event("the cap is reached: no further load is tried"),
            EndReason::Interrupted => console.event("interrupted"),
        }
        Ok(self.tried.last().filter(|_| ended == EndReason::Done).map(|tried| &tried.summary))
    }

    /// Prints the measurements and returns the verdict.
    fn show(self, lines: Vec<String>, console: &mut Console) -> Result<Exit, CommandError> {
        let BenchContext { args, env, .. } = self.context;
        let shown = if args.json {
            let runs: Vec<Value> = self
                .tried
                .iter()
                .map(|one| {
                    let text = report::json(&one.measured.run, &one.summary);
                    json!({ "load": one.load, "result": serde_json::from_str::<Value>(&text).unwrap_or_default() })
                })
                .collect();
            console.json(&json!({ "runs": runs, "limits": lines }))
        } else {
            let row = |one: &MeasuredLoad| (one.load, one.summary.clone(), one.measured.run.plan.slo);
            let rows: Vec<_> = self.tried.iter().map(row).collect();
            let mut page = sweep::table(&rows, output::look(args, env, console).width);
            page.extend(lines);
            console.data(&page.join("\n"))
        };
        shown.or_else(|error| unwritable(&error).map(|_| ()))?;
        if let Some(signal) = self.tried.iter().find_map(|one| one.measured.signal) {
            return Ok(Exit::Signal(signal));
        }
        if self.tried.iter().flat_map(|one| &one.summary.targets).all(|target| target.good == 0) {
            return Err(CommandError::new(ErrorKind::Unavailable, "no deployment gave a whole answer"));
        }
        Ok(Exit::Success)
    }
}

/// Runs the plan with each number of calls in flight, and prints a table.
///
/// # Errors
/// Fails like a single run.
pub(crate) fn sweep(context: &BenchContext<'_>, console: &mut Console) -> Result<Exit, CommandError> {
    let (Load::Rounds { stop, .. } | Load::Arrivals { stop, .. }) = context.prepared.plan.load;
    let mut loads = LoadSeries { context, left: context.cap, tried: Vec::new() };
    for in_flight in &context.args.sweep {
        console.event(&format!("{in_flight} in flight"));
        let load = Load::Rounds { stop, in_flight: *in_flight };
        if loads.run(None, (f64::from(*in_flight), load), console)?.is_none() {
            break;
        }
    }
    loads.show(Vec::new(), console)
}

/// Searches the highest rate that each target sustains, one after the other, and prints the tries.
///
/// # Errors
/// Fails like a single run.
pub(crate) fn find_limit(context: &BenchContext<'_>, console: &mut Console) -> Result<Exit, CommandError> {
    let plan = &context.prepared.plan;
    let Load::Arrivals { stop, pattern, .. } = plan.load else {
        return Err(CommandError::new(ErrorKind::Internal, "a search has a rate"));
    };
    let mut loads = LoadSeries { context, left: context.cap, tried: Vec::new() };
    let mut lines = Vec::new();
    'targets: for (target, Target { name, .. }) in plan.targets.iter().enumerate() {
        let mut verdicts: Vec<(f64, LoadVerdict)> = Vec::new();
        for _ in 0..TRIES {
            let rate = match sweep::next(FIRST_RATE, &verdicts) {
                SearchStep::Try(rate) => rate,
                SearchStep::Done(limit) => {
                    lines.push(limit.sentence(name));
                    continue 'targets;
                }
            };
            console.event(&format!("{name}: {rate:.2} calls a second"));
            let load = Load::Arrivals { stop, rate, pattern };
            let Some(summary) = loads.run(Some(target), (rate, load), console)? else {
                lines.push(format!("{name}: the search ended early"));
                break 'targets;
            };
            verdicts.push((rate, sweep::judge(summary, 0, &plan.slo)));
        }
        lines.push(format!("{name}: no limit was found in {TRIES} tries"));
    }
    loads.show(lines, console)
}
