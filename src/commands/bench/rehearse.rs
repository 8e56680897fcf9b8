//! `bench --inject`: the behaviour of a group in an outage, played on simulated time.

use std::sync::Arc;

use serde_json::json;

use super::args::BenchArgs;
use super::resolve;
use crate::commands::Exit;
use crate::commands::Global;
use crate::commands::ask::unwritable;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::setup;
use crate::signals::{Completion, Time, until};
use crate::ui::console::Console;
use crate::ui::text::money;
use llmroute_bench::prompts::Prompts;
use llmroute_bench::rehearsal::{self, RehearsalScore, RehearsedRequest};
use llmroute_core::routing::{DeploymentId, GroupId};
use llmroute_core::wire::script::{Fault, parse_faults};
use llmroute_router::builder::Environment;
use llmroute_router::engine::Engine;
use llmroute_router::ports::Clock;
use llmroute_router::profile::Profile;
pub(crate) use llmroute_router::state::StateLocation;

/// The default number of requests.
const REQUESTS: u32 = 200;
/// The time limit for a report after Ctrl-C: a rehearsal has none.
const GRACE: std::time::Duration = std::time::Duration::from_millis(50);

/// The rehearsal to play.
struct RehearsalPlan {
    group: GroupId,
    struck: Vec<DeploymentId>,
    faults: Vec<Fault>,
    prompts: Prompts,
    count: u32,
    workers: u32,
}

/// Plays the group with and without the faults, and prints the score.
///
/// # Errors
/// Fails if the faults are not valid or name no deployment of the group.
pub(crate) fn run(
    args: &BenchArgs,
    faults: &str,
    global: &Global,
    env: &Env,
    console: &mut Console,
) -> Result<Exit, CommandError> {
    let seed = args.seed.unwrap_or(env.entropy);
    let load = || -> Result<(Profile, RehearsalPlan), CommandError> {
        let mut quiet = Console::new(env, crate::ui::console::Verbosity::Quiet, false);
        let mut profile = setup::profile(global, env, &mut quiet)?;
        let group = resolve::one_group(args, &mut profile, env)?;
        setup::built(&profile, group)?;
        let (struck, faults) = faults_of(faults, &profile, group)?;
        let prompts = resolve::prompts(args, seed)?;
        let count = args.rounds.unwrap_or(REQUESTS);
        Ok((profile, RehearsalPlan { group, struck, faults, prompts, count, workers: args.concurrency }))
    };
    let mut plays = Vec::new();
    for with_faults in [false, true] {
        let (mut profile, scene) = load()?;
        let struck = if with_faults { scene.struck.as_slice() } else { &[] };
        let Profile { map, endpoints, keys, .. } = &mut profile;
        rehearsal::simulate(map, endpoints, keys, struck, &scene.faults);
        match play(profile, &scene, env, seed)? {
            Completion::Done(played) => plays.push(played),
            Completion::Signal(signal) => return Ok(Exit::Signal(signal)),
        }
    }
    let (profile, scene) = load()?;
    let score = rehearsal::score(&plays[1], &plays[0]);
    let names: Vec<&str> = scene.struck.iter().map(|id| profile.map.deployment(*id).name.as_str()).collect();
    let group = profile.map.group(scene.group).name.as_str();
    let told = RehearsalReport { group, struck: &names, faults, seed, workers: scene.workers };
    let shown = if args.json { console.json(&told.object(&score)) } else { console.data(&told.page(&score)) };
    shown.map(|()| Exit::Success).or_else(|error| unwritable(&error))
}

/// One rehearsal, on its own clock.
fn play(
    profile: Profile,
    scene: &RehearsalPlan,
    env: &Env,
    seed: u64,
) -> Result<Completion<Vec<RehearsedRequest>>, CommandError> {
    until(Time::Simulated, GRACE, async {
        let clock = Clock::starting_at(env.now);
        let context = Environment { vars: &env.vars, state: &StateLocation::Memory, clock, seed };
        let router = Arc::new(Engine::from_profile(profile, &context));
        rehearsal::run_requests(&router, scene.group, &scene.prompts, scene.count, scene.workers).await
    })
}

/// `[DEPLOYMENT:]FAULTS`: the faults, and the deployments that they affect: the first of the group, unless one is named
/// or all of them are (`*`).
fn faults_of(text: &str, profile: &Profile, group: GroupId) -> Result<(Vec<DeploymentId>, Vec<Fault>), CommandError> {
    let members: Vec<DeploymentId> = profile.map.group(group).members.iter().map(|member| member.deployment).collect();
    // Faults have no colon; model names can.
    let (who, faults) = text.rsplit_once(':').map_or((None, text), |(who, faults)| (Some(who), faults));
    let faults = parse_faults(faults)
        .map_err(|why| CommandError::new(ErrorKind::Usage, format!("`--inject {text}`: {why}")).hint(FORMS))?;
    if faults.is_empty() {
        return Err(CommandError::new(ErrorKind::Usage, "`--inject` names no fault").hint(FORMS));
    }
    let struck = match who {
        None => members.first().copied().into_iter().collect(),
        Some("*") => members,
        Some(name) => {
            let named: Vec<DeploymentId> =
                members.iter().copied().filter(|id| profile.map.deployment(*id).name == name).collect();
            if named.is_empty() {
                let names: Vec<&str> = members.iter().map(|id| profile.map.deployment(*id).name.as_str()).collect();
                return Err(CommandError::new(
                    ErrorKind::Usage,
                    format!("`--inject {text}`: the group has no deployment `{name}`"),
                )
                .hint(format!("it has {}", names.join(", "))));
            }
            named
        }
    };
    Ok((struck, faults))
}

const FORMS: &str = "faults are like `503@20%,stall@5%,cut@40,slow=2s`, of the group's first deployment, \
                     or `NAME:FAULTS` of another, or `*:FAULTS` of all";

/// The rehearsal, for the report.
struct RehearsalReport<'a> {
    group: &'a str,
    struck: &'a [&'a str],
    faults: &'a str,
    seed: u64,
    workers: u32,
}

impl RehearsalReport<'_> {
    fn page(&self, score: &RehearsalScore) -> String {
        let RehearsalScore { requests, answered, calls, wasted_calls, wasted, spent, duration } = score;
        let share = 100.0 * *answered as f64 / (*requests).max(1) as f64;
        let faults = self.faults.rsplit_once(':').map_or(self.faults, |(_, faults)| faults);
        let mut lines = vec![
            format!(
                "rehearsal of group {}: {requests} requests, {} at a time, seed {}",
                self.group, self.workers, self.seed
            ),
            format!(
                "faults    {faults} at {}; simulated deployments and time, no server was called",
                self.struck.join(", ")
            ),
            String::new(),
            format!("answered  {answered} of {requests} ({share:.1}%)"),
            format!("calls     {:.2} a request, {:.2} without the faults; {wasted_calls} wasted", calls.1, calls.0),
            format!("spend     {} for answers, {} wasted", money(*spent), money(*wasted)),
            String::new(),
            "time to a complete answer, of answered requests".to_owned(),
            "                          without   with      added".to_owned(),
        ];
        for level in duration {
            let shown =
                |seconds: Option<f64>| seconds.map_or_else(|| "–  ".to_owned(), |seconds| format!("{seconds:.2} s"));
            let added = level.without.zip(level.with).map(|(without, with)| format!("{:+.2} s", with - without));
            let (without, with) = (shown(level.without), shown(level.with));
            lines.push(format!(
                "  {:<22} {without:>9} {with:>9} {:>9}",
                level.name,
                added.unwrap_or_else(|| "–  ".to_owned())
            ));
        }
        lines.join("\n")
    }

    fn object(&self, score: &RehearsalScore) -> serde_json::Value {
        json!({
            "group": self.group, "struck": self.struck, "faults": self.faults, "seed": self.seed,
            "concurrency": self.workers, "score": score,
        })
    }
}
