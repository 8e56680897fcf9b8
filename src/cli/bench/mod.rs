//! `llmroute bench`: deployments compared, with figures that can be trusted.

pub mod args;
mod consent;
mod kept;
mod live;
mod loads;
mod measure;
mod output;
mod prepare;
mod rehearse;
mod resolve;
mod self_test;

use self::args::BenchArgs;
use self::measure::Measured;
use self::prepare::Prepared;
use super::console::Console;
use super::env::Env;
use super::{End, Global};
use crate::bench::compare;
use crate::bench::cost::{self, Estimate};
use crate::bench::report::plan_lines;
use crate::bench::summary::Summary;
use crate::cli::ask::unwritable;
use crate::error::{Error, Kind};

/// Runs the command.
///
/// # Errors
/// When the profile, an argument or an input is wrong, or nobody could be measured.
pub fn command(args: &BenchArgs, global: &Global, env: &Env, console: &mut Console) -> Result<End, Error> {
    if args.self_test {
        return self_test::command(env, console);
    }
    if let Some(faults) = &args.inject {
        return rehearse::command(args, faults, global, env, console);
    }
    // Before anything is spent: what it is compared with must be there.
    let earlier = args.compare.as_deref().map(|name| kept::load(name, env)).transpose()?;
    let prepared = Prepared::of(args, global, env, console)?;
    let estimates = cost::estimate(&prepared.plan);
    let repeats = loads::repeats(args);
    let scaled: Vec<Estimate> = estimates.iter().map(|estimate| times(*estimate, repeats)).collect();
    let plan = plan_lines(&prepared.plan, &scaled).join("\n");
    if args.dry_run {
        return console.data(&plan).map(|()| End::Success).or_else(|error| unwritable(&error));
    }
    plan.lines().for_each(|line| console.event(line));
    if prepared.is_simulated() {
        console.event("all deployments are simulated, and so is the time: nobody is asked");
    }
    let said = consent::Said { yes: args.yes, max_cost: args.max_cost };
    let cap = consent::cap(&scaled, said, env, console)?;
    if !args.sweep.is_empty() {
        return loads::sweep(args, &prepared, cap, env, console);
    }
    if args.find_limit {
        return loads::find_limit(args, &prepared, cap, env, console);
    }
    let measured = prepared.bench(env).run(&prepared.plan, cap, console)?;
    let summary = Summary::of(&measured.run);
    output::show(args, &measured, &summary, env, console)?;
    if !args.no_learn {
        prepared.learn(&measured, global, env, console)?;
    }
    let comparison = earlier.map(|earlier| compare::against(&earlier, &measured.run));
    if let Some(comparison) = &comparison {
        comparison.lines.iter().for_each(|line| console.say(line));
    }
    if let Some(name) = &args.save {
        let path = kept::save(name, &measured.run, env)?;
        console.event(&format!("kept as `{name}` ({})", path.display()));
    }
    let worse = comparison.is_some_and(|comparison| comparison.worse);
    end(&measured, &summary, worse, args.compare.is_some())
}

/// What the run comes to for whoever called the program.
fn end(measured: &Measured, summary: &Summary, worse: bool, judged: bool) -> Result<End, Error> {
    if let Some(signal) = measured.signal {
        return Ok(End::Signal(signal));
    }
    if summary.targets.iter().all(|target| target.good == 0) {
        return Err(Error::new(Kind::Unavailable, "no deployment gave a whole answer"));
    }
    // A build must not pass on figures that mean nothing.
    let invalid = judged && !summary.client.is_valid();
    if worse || invalid { Ok(End::Code(1)) } else { Ok(End::Success) }
}

/// What several runs may cost.
fn times(estimate: Estimate, repeats: u32) -> Estimate {
    match estimate {
        Estimate::AtMost(usd) => Estimate::AtMost(usd * f64::from(repeats)),
        Estimate::PerRound(_) | Estimate::Unknown => estimate,
    }
}
