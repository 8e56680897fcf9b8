//! `llmroute bench`: compares deployments, with figures that can be trusted.

pub(crate) mod args;
mod consent;
mod live;
mod loads;
mod measure;
mod output;
mod prepare;
mod rehearse;
mod resolve;
mod rules;
mod saved_runs;
mod self_test;

use self::args::BenchArgs;
use self::measure::Measured;
use self::prepare::PreparedRun;
use self::saved_runs::SavedRun;
use crate::commands::Exit;
use crate::commands::Global;
use crate::commands::ask::unwritable;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::ui::console::Console;
use crate::ui::text::money;
use llmroute_bench::compare::{self, BaselineComparison};
pub(crate) use llmroute_bench::cost::{self, CostEstimate};
use llmroute_bench::plan::Target;
use llmroute_bench::report::plan_lines;
use llmroute_bench::summary::Summary;

/// Runs the command.
///
/// # Errors
/// Fails if the profile, an argument or an input is wrong, or nothing could be measured.
pub(crate) fn run(args: &BenchArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    if args.self_test {
        return self_test::run(env, console);
    }
    if let Some(faults) = &args.inject {
        return rehearse::run(args, faults, global, env, console);
    }
    // Predictable errors come before anything is spent.
    let said = consent::SpendingOptions { yes: args.yes, max_cost: args.max_cost }.check()?;
    let locate =
        |typed: &Option<String>| typed.as_deref().map(|typed| SavedRun::locate(typed, global, env)).transpose();
    let earlier = locate(&args.compare)?.map(|saved| saved.load()).transpose()?;
    let save = locate(&args.save)?;
    save.as_ref().map(SavedRun::check).transpose()?;
    args.html.as_deref().map(output::can_be_written).transpose()?;
    loads::check(args)?;
    let prepared = PreparedRun::of(args, global, env, console)?;
    let repeats = loads::repeats(args);
    let estimates: Vec<CostEstimate> =
        cost::estimate(&prepared.plan).iter().map(|estimate| times(*estimate, repeats)).collect();
    let plan = plan_lines(&prepared.plan, &estimates).join("\n");
    if args.dry_run {
        return console.data(&plan).map(|()| Exit::Success).or_else(|error| unwritable(&error));
    }
    plan.lines().for_each(|line| console.event(line));
    let cap = if prepared.is_simulated() {
        console.event("all deployments are simulated, and so is the time: no server is called, and nothing is spent");
        said.max_cost
    } else {
        consent::cap(&estimates, said, env, console)?
    };
    if let Some(cap) = cap.filter(|_| prepared.plan.targets.iter().any(is_priced)) {
        console.event(&format!("cap    {}: no call starts that could exceed it", money(cap)));
    }
    let context = BenchContext { args, prepared: &prepared, cap, global, env };
    if !args.sweep.is_empty() {
        return loads::sweep(&context, console);
    }
    if args.find_limit {
        return loads::find_limit(&context, console);
    }
    let measured = prepared.bench(0, env).run(&prepared.plan, cap, console)?;
    let summary = Summary::of(&measured.run);
    let shown = output::show(args, &measured, &summary, env, console);
    // Paid measurements are saved and learnt even if the output could not be written.
    if !args.no_learn {
        prepared.learn(&measured, 0, global, env, console)?;
    }
    let comparison = earlier.map(|earlier| compare::with_baseline(&earlier, &measured.run));
    let compared = comparison.as_ref().map_or(Ok(()), |comparison| output::show_comparison(args, comparison, console));
    if let Some(saved) = &save {
        saved.save(&measured.run)?;
        console.event(&format!("saved to {}", saved.path().display()));
    }
    shown?;
    compared?;
    end(&measured, &summary, comparison.as_ref())
}

/// The inputs shared by the runs of one command.
struct BenchContext<'a> {
    args: &'a BenchArgs,
    prepared: &'a PreparedRun,
    cap: Option<f64>,
    global: &'a Global,
    env: &'a Env,
}

fn is_priced(target: &Target) -> bool {
    target.price.is_some_and(|price| price.input > 0.0 || price.output > 0.0)
}

/// The exit status of the run.
fn end(measured: &Measured, summary: &Summary, comparison: Option<&BaselineComparison>) -> Result<Exit, CommandError> {
    if let Some(signal) = measured.signal {
        return Ok(Exit::Signal(signal));
    }
    if summary.targets.iter().all(|target| target.good == 0) {
        return Err(CommandError::new(ErrorKind::Unavailable, "no deployment gave a whole answer"));
    }
    // A build must not pass on meaningless or missing figures.
    let fails = |comparison: &BaselineComparison| {
        comparison.worse || !comparison.blockers.is_empty() || !summary.client.is_valid()
    };
    if comparison.is_some_and(fails) { Ok(Exit::Failed(ErrorKind::Other)) } else { Ok(Exit::Success) }
}

/// The cost estimate of several runs.
fn times(estimate: CostEstimate, repeats: u32) -> CostEstimate {
    match estimate {
        CostEstimate::AtMost(usd) => CostEstimate::AtMost(usd * f64::from(repeats)),
        CostEstimate::PerRound(_) | CostEstimate::Unknown => estimate,
    }
}
