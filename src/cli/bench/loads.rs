//! The same run under several loads: `--sweep`, `--find-limit`.

use serde_json::{Value, json};

use super::args::BenchArgs;
use super::measure::Measured;
use super::output;
use super::prepare::Prepared;
use crate::bench::plan::{Arrival, Load, Plan, Stop};
use crate::bench::report;
use crate::bench::stats::quantile;
use crate::bench::summary::Summary;
use crate::bench::sweep::{self, Step, Verdict};
use crate::cli::End;
use crate::cli::ask::unwritable;
use crate::cli::console::Console;
use crate::cli::env::Env;
use crate::error::{Error, Kind};

/// The first rate that is tried, calls a second.
const FIRST: f64 = 1.0;
/// The most rates that are tried for one target, for the plan: ten doublings, and as many halvings between.
const TRIES: u32 = 20;

/// How often the plan is carried out, at most.
#[must_use]
pub fn repeats(args: &BenchArgs) -> u32 {
    if args.find_limit {
        return TRIES;
    }
    u32::try_from(args.sweep.len()).unwrap_or(u32::MAX).max(1)
}

/// What was measured under one load.
struct Tried {
    load: f64,
    measured: Measured,
    summary: Summary,
}

/// Runs the plan with each number of calls in flight, and prints a table of them.
///
/// # Errors
/// As one run.
pub fn sweep(
    args: &BenchArgs,
    prepared: &Prepared,
    cap: Option<f64>,
    env: &Env,
    console: &mut Console,
) -> Result<End, Error> {
    if args.sweep.contains(&0) {
        return Err(Error::new(Kind::Usage, "`--sweep 0` has no calls in flight"));
    }
    let Load::Rounds { stop, .. } = prepared.plan.load else {
        return Err(Error::new(Kind::Usage, "`--sweep` varies the calls in flight, and a rate fixes the starts")
            .hint("leave out `--rate`"));
    };
    let mut left = cap;
    let mut tried = Vec::new();
    for in_flight in &args.sweep {
        console.event(&format!("{in_flight} in flight"));
        let plan = Plan { load: Load::Rounds { stop, in_flight: *in_flight }, ..prepared.plan.clone() };
        let measured = prepared.bench(env).run(&plan, left, console)?;
        left = left.map(|left| left - measured.spent);
        let signal = measured.signal;
        tried.push(Tried { load: f64::from(*in_flight), summary: Summary::of(&measured.run), measured });
        if signal.is_some() {
            break;
        }
    }
    show(args, &tried, Vec::new(), env, console)
}

/// Looks for the highest rate that each target holds, one after the other, and prints what was tried.
///
/// # Errors
/// As one run, and when the rounds cannot carry the p95 that is judged.
pub fn find_limit(
    args: &BenchArgs,
    prepared: &Prepared,
    cap: Option<f64>,
    env: &Env,
    console: &mut Console,
) -> Result<End, Error> {
    let needs = u32::try_from(quantile::needs(0.95)).unwrap_or(u32::MAX);
    let stop = match prepared.plan.load {
        Load::Rounds { stop: Stop::Rounds(rounds), .. } if args.rounds.is_some() && rounds < needs => {
            return Err(Error::new(
                Kind::Usage,
                format!("a p95 needs {needs} rounds, and `--rounds {rounds}` are fewer"),
            ));
        }
        Load::Rounds { stop: Stop::Rounds(rounds), .. } => Stop::Rounds(rounds.max(needs)),
        Load::Rounds { stop, .. } | Load::Arrivals { stop, .. } => stop,
    };
    let pattern = match args.arrival {
        super::args::ArrivalArg::Constant => Arrival::Constant,
        super::args::ArrivalArg::Poisson => Arrival::Poisson,
    };
    let mut left = cap;
    let (mut tried, mut limits) = (Vec::new(), Vec::new());
    'targets: for target in 0..prepared.plan.targets.len() {
        let (bench, plan) = prepared.alone(target, env);
        let name = &plan.targets[0].name;
        let mut verdicts: Vec<(f64, Verdict)> = Vec::new();
        loop {
            let rate = match sweep::next(FIRST, &verdicts) {
                Step::Try(rate) => rate,
                Step::Done(limit) => {
                    limits.push((name.clone(), limit));
                    break;
                }
            };
            console.event(&format!("{name}: {rate:.2} calls a second"));
            let plan = Plan { load: Load::Arrivals { stop, rate, pattern }, ..plan.clone() };
            let measured = bench.run(&plan, left, console)?;
            left = left.map(|left| left - measured.spent);
            let summary = Summary::of(&measured.run);
            let verdict = sweep::judge(&summary, 0, &plan.slo);
            let is_whole = measured.run.ended == crate::bench::record::Ended::Done;
            tried.push(Tried { load: rate, measured, summary });
            if !is_whole {
                console.event("the search ended early");
                break 'targets;
            }
            verdicts.push((rate, verdict));
        }
    }
    let lines = limits.iter().map(|(name, limit)| limit.sentence(name));
    show(args, &tried, lines.collect(), env, console)
}

fn show(args: &BenchArgs, tried: &[Tried], lines: Vec<String>, env: &Env, console: &mut Console) -> Result<End, Error> {
    let shown = if args.json {
        let runs: Vec<Value> = tried
            .iter()
            .map(|one| {
                let text = report::json(&one.measured.run, &one.summary);
                json!({ "load": one.load, "result": serde_json::from_str::<Value>(&text).unwrap_or_default() })
            })
            .collect();
        console.json(&json!({ "runs": runs, "limits": lines }))
    } else {
        let row = |one: &Tried| (one.load, one.summary.clone(), one.measured.run.plan.slo);
        let rows: Vec<_> = tried.iter().map(row).collect();
        let mut page = sweep::table(&rows, output::look(args, env, console).width);
        page.extend(lines);
        console.data(&page.join("\n"))
    };
    shown.or_else(|error| unwritable(&error).map(|_| ()))?;
    match tried.iter().find_map(|one| one.measured.signal) {
        Some(signal) => Ok(End::Signal(signal)),
        None => Ok(End::Success),
    }
}
