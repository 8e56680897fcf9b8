//! `llmroute health`: checks the deployments, once or repeatedly, and prints a table or JSON.

mod json;
mod resolve;
mod row;
mod table;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;

use self::resolve::Selection;
use self::row::DeploymentRow;
use crate::commands::Exit;
use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::setup;
use crate::signals::{Completion, until_signal};
use crate::state_location;
use crate::ui;
use crate::ui::console::Console;
use llmroute_core::routing::DeploymentId;
use llmroute_router::engine::Engine;
pub(crate) use llmroute_router::health::{self, HealthReport, HealthState, HealthTimeouts, Problem, Target};
pub(crate) use llmroute_router::history::{History, LogEntry, last_calls, stats};
use llmroute_router::ports::Clock;
use llmroute_router::profile::{LoadOptions, describe_key};
pub(crate) use llmroute_router::state::StateLocation;
use llmroute_router::transport::connection_check::SocketChecker;

/// The number of logged requests that are searched for the latest call to each deployment.
const LOG_REQUESTS: usize = 500;
/// The number of calls before their median time to the first token is called usual.
const MIN_SAMPLES: usize = 5;

/// Check which deployments can answer, and why the others cannot
///
/// Uses only free requests: name lookup, connection, certificate, and the list of models with the key. A
/// deployment is `unknown` if it has no free request, or if its list of models needs no key. The exit code is
/// 0 if every group has a live deployment, 69 if one has none, 77 if only valid keys are missing, and 78 for
/// a wrong profile.
#[derive(Debug, Clone, Args)]
pub(crate) struct HealthArgs {
    /// Check only these groups or deployments
    #[arg(value_name = "GROUP|DEPLOYMENT")]
    pub names: Vec<String>,

    /// Send a one-token request to each deployment; success ends its cooldown, failure starts one
    #[arg(long)]
    pub live: bool,

    /// Check repeatedly; on a terminal the table is redrawn, elsewhere only changes are printed
    #[arg(long, value_name = "INTERVAL", num_args = 0..=1, require_equals = true, default_missing_value = "30s")]
    pub watch: Option<String>,

    /// Time limit of each check (default 10s)
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,

    /// Print one JSON object; with `--watch`, one object per change
    #[arg(long)]
    pub json: bool,
}

/// Everything that a check needs.
struct HealthChecker {
    router: Engine,
    dialer: SocketChecker,
    clock: Clock,
    wanted: Selection,
    limits: HealthTimeouts,
    location: StateLocation,
    /// The sources of the keys, by deployment.
    keys: BTreeMap<DeploymentId, String>,
    rng: fastrand::Rng,
}

/// The results of a check, ready to be shown.
struct Findings {
    report: HealthReport,
    lines: Vec<DeploymentRow>,
    /// Live calls were made.
    live: bool,
}

/// Runs the command on the console.
///
/// # Errors
/// `unavailable` if a group has no live deployment, `authentication` if that is for lack of a valid
/// key, `profile` and `usage` if the arguments are not valid.
pub(crate) fn run(args: &HealthArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let clock = Clock::starting_at(env.now);
    let interval = args.watch.as_deref().map(resolve::interval).transpose()?;
    let limits = resolve::limits(args.timeout.as_deref())?;
    let mut profile = setup::profile(global, env, console)?;
    let inputs = LoadOptions { env: &env.vars, long_lived: false };
    let wanted = resolve::wanted(&args.names, args.live, &mut profile, &inputs)?;
    let location = state_location::log_of(global, env, &profile)?;
    let router = setup::router(profile, global, env, clock, env.entropy)?;
    let ids = wanted.targets.iter().map(|target| target.id);
    let keys = ids.map(|id| (id, describe_key(router.key_source(id), &env.vars))).collect();
    let rng = fastrand::Rng::with_seed(env.entropy);
    let mut checker =
        HealthChecker { router, dialer: SocketChecker::new(clock), clock, wanted, limits, location, keys, rng };
    if let Some(interval) = interval {
        let width = ui::table::width(env, console);
        let watching = watch::run(&mut checker, interval, args.json, width, console);
        return match until_signal(watching)? {
            Completion::Done(ended) => ended.and_then(|error| crate::commands::ask::unwritable(&error)),
            Completion::Signal(signal) => Ok(Exit::Signal(signal)),
        };
    }
    let found = match until_signal(checker.check_all())? {
        Completion::Done(found) => found,
        Completion::Signal(signal) => return Ok(Exit::Signal(signal)),
    };
    if let Some(warning) = checker.router.take_warning() {
        console.event(&warning);
    }
    let failed = failed(&found);
    let shown = if args.json {
        console.json(&json::object(&found, failed.as_ref()))
    } else {
        console.data(&table::page(&found, ui::table::width(env, console)))
    };
    match (shown, failed) {
        (Ok(()), None) => Ok(Exit::Success),
        (Ok(()), Some(error)) => Err(error),
        (Err(error), _) => crate::commands::ask::unwritable(&error),
    }
}

impl HealthChecker {
    /// Checks once.
    async fn check_all(&mut self) -> Findings {
        let Selection { targets, subjects } = &self.wanted;
        let entries = self.entries();
        let (last, usual, map) = (last_calls(&entries), usual(&entries), self.router.map());
        let target = |target: &Target| Target { usual: usual.get(&map.deployment(target.id).name).copied(), ..*target };
        let targets: Vec<Target> = targets.iter().map(target).collect();
        let report =
            health::check(&self.router, &self.dialer, self.clock, &targets, subjects, self.limits, &mut self.rng).await;
        let lines = report.rows.iter().map(|row| {
            let deployment = map.deployment(row.id);
            DeploymentRow {
                row: row.clone(),
                provider: deployment.provider.clone(),
                model: deployment.model.clone(),
                source: self.keys.get(&row.id).cloned().unwrap_or_default(),
                last: last.get(&row.name).cloned(),
            }
        });
        let lines = lines.collect();
        Findings { report, lines, live: targets.iter().any(|target| target.live.is_some()) }
    }

    /// The latest requests; empty without a log.
    fn entries(&self) -> Vec<LogEntry> {
        History::open(&self.location).and_then(|history| history.last(LOG_REQUESTS)).unwrap_or_default()
    }
}

/// The median time to the first token by deployment name, where there are enough calls.
fn usual(entries: &[LogEntry]) -> BTreeMap<String, Duration> {
    let found = stats(entries, |_, deployment| deployment.to_owned());
    let enough = found.into_iter().filter(|(_, stats)| stats.timed() >= MIN_SAMPLES);
    enough.filter_map(|(name, stats)| Some((name, Duration::from_millis(stats.ttft_p50()?)))).collect()
}

/// The error of the command, if a group has no live deployment.
fn failed(found: &Findings) -> Option<CommandError> {
    let lack = health::common_problem(&found.report.subjects)?;
    let lacking = found.report.subjects.iter().filter(|(_, lack)| lack.is_some());
    let names: Vec<String> = lacking.map(|(name, _)| format!("`{name}`")).collect();
    let names = names.join(", ");
    let cooling = found.lines.iter().any(|line| line.row.diagnosis.state == HealthState::Cooling);
    Some(match lack {
        Problem::Key => CommandError::new(ErrorKind::Authentication, format!("no valid key for {names}"))
            .hint("`llmroute providers` shows where keys are looked for"),
        Problem::Other => {
            let error = CommandError::new(ErrorKind::Unavailable, format!("no live deployment: {names}"));
            if cooling { error.hint("`--live` asks those whose calls failed lately") } else { error }
        }
    })
}
