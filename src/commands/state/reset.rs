//! `llmroute state reset`: deletes learnt state, and moves an unusable state aside.

use std::io;

use clap::Args;
use jiff::tz::TimeZone;

use super::names::{NamedOwner, ProfileNames};
use super::{failed, read};
use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::setup;
use crate::state_location;
use crate::ui::console::Console;
use crate::ui::text::count;
use llmroute_core::model::Timestamp;
use llmroute_core::routing::{DeploymentId, Map};
use llmroute_router::engine::quota_key;
use llmroute_router::ports::{Store, StoreError, StoreErrorKind};
use llmroute_router::profile::LoadOptions;
pub(crate) use llmroute_router::state::{self, StateLocation};

/// The shortest hash prefix that identifies a deployment.
const HASH_MIN: usize = 6;

/// Delete what was learned about one deployment or about all
#[derive(Debug, Clone, Args)]
pub(crate) struct ResetArgs {
    /// Deployment: its name, `PROVIDER/MODEL`, or the beginning of its hash; default: all
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Also delete the log of requests
    #[arg(long, conflicts_with = "name")]
    pub log: bool,

    /// Skip the confirmation
    #[arg(short, long, conflicts_with = "name")]
    pub yes: bool,
}

/// Runs the command.
///
/// # Errors
/// `usage` if the name is unknown or confirmation is impossible, `other` if the state cannot be changed or
/// confirmation is denied.
pub(crate) fn run(args: &ResetArgs, global: &Global, env: &Env, console: &mut Console) -> Result<(), CommandError> {
    let location = state_location::location(global, env)?;
    match &args.name {
        Some(name) => {
            let marks = marks(name, global, env, console)?;
            let store = state::open_strict(&location);
            one(name, &marks, &*store, console)
        }
        None => match state::check(&location) {
            Ok(()) => all(args, &location, &state_location::log_location(global, env)?, env, console),
            Err(error) if error.kind == StoreErrorKind::Damaged => aside(args, &location, &error, env, console),
            Err(error) => Err(failed(&error)),
        },
    }
}

fn all(
    args: &ResetArgs,
    location: &StateLocation,
    log_location: &StateLocation,
    env: &Env,
    console: &mut Console,
) -> Result<(), CommandError> {
    let store = state::open_strict(location);
    let log = if args.log { " and the log of requests" } else { "" };
    confirm(args, &format!("forget what was learned{log} in {location}"), env, console)?;
    let keys = store.keys("").map_err(|error| failed(&error))?;
    let forgotten = store.delete(&keys).map_err(|error| failed(&error))?;
    console.event(&format!("forgot {} in {location}", count(forgotten, "value")));
    if args.log {
        let forgotten = state::open_strict(log_location).clear_log().map_err(|error| failed(&error))?;
        console.event(&format!("forgot {} in the log", count(forgotten, "request")));
    }
    Ok(())
}

/// Deletes everything that belongs to one of `marks`.
fn one(name: &str, marks: &[String], store: &dyn Store, console: &mut Console) -> Result<(), CommandError> {
    let belongs = |key: &String| {
        let short = |mark: &String| key.strip_prefix("deployment/").is_some_and(|hash| hash.starts_with(mark.as_str()));
        marks.iter().any(|mark| key.contains(mark.as_str()) || short(mark))
    };
    let keys: Vec<String> = read(store)?.into_iter().map(|(key, _)| key).filter(belongs).collect();
    if keys.is_empty() {
        console.event(&format!("nothing was known of {name}"));
        return Ok(());
    }
    store.delete(&keys).map_err(|error| failed(&error))?;
    console.event(&format!("forgot what was known of {name}"));
    Ok(())
}

/// The key parts of the deployments called `name`.
fn marks(name: &str, global: &Global, env: &Env, console: &mut Console) -> Result<Vec<String>, CommandError> {
    if name.len() >= HASH_MIN && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(vec![name.to_lowercase()]);
    }
    let mut profile = setup::profile(global, env, console)?;
    let names = ProfileNames::of(&profile.map);
    let all = (0..profile.map.deployments.len()).map(DeploymentId);
    let called = all.filter(|id| profile.map.deployment(*id).name == name);
    let found: Vec<String> = called.flat_map(|id| kept(&profile.map, id)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    if name.contains('/') {
        // A deployment that was called by `-m PROVIDER/MODEL` and is in no group.
        let inputs = LoadOptions { env: &env.vars, long_lived: false };
        if let Ok(group) = profile.target(name, &inputs) {
            let members = &profile.map.group(group).members;
            return Ok(members.iter().flat_map(|member| kept(&profile.map, member.deployment)).collect());
        }
    }
    Err(unknown(name, &names.deployments))
}

/// The key parts of a deployment: its hash, and the key of its provider limits, or a gate
/// would return from there.
fn kept(map: &Map, id: DeploymentId) -> [String; 2] {
    [map.deployment(id).state_key.clone(), quota_key(map.limits.quota(map, id))]
}

fn unknown(name: &str, deployments: &[NamedOwner]) -> CommandError {
    let known: Vec<&str> = deployments.iter().map(|named| named.name.as_str()).collect();
    CommandError::new(ErrorKind::Usage, format!("there is no deployment `{name}`"))
        .hint(format!("one of: {}", known.join(", ")))
}

/// Moves a damaged state aside, so that its readable parts can still be recovered.
fn aside(
    args: &ResetArgs,
    location: &StateLocation,
    error: &StoreError,
    env: &Env,
    console: &mut Console,
) -> Result<(), CommandError> {
    let StateLocation::Dir(dir) = location else { return Err(failed(error)) };
    let what = error.reason.lines().next().unwrap_or_default();
    confirm(args, &format!("{what}; move it aside and begin anew"), env, console)?;
    let aside = state::set_aside(dir, &stamp(env.now)).map_err(|error| failed(&error))?;
    console.event(&format!("moved the state to `{}`, the log with it; a new one begins by itself", aside.display()));
    Ok(())
}

/// Date and time for the name of a file.
fn stamp(now: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(now.0)
        .map_or_else(|_| now.0.to_string(), |at| at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// Asks for confirmation on a terminal; elsewhere requires `--yes`.
fn confirm(args: &ResetArgs, what: &str, env: &Env, console: &mut Console) -> Result<(), CommandError> {
    if args.yes {
        return Ok(());
    }
    if !(env.stdin_terminal && env.stderr_terminal) {
        let message = format!("this would {what}, and there is no terminal to ask");
        return Err(CommandError::new(ErrorKind::Usage, message).hint("add `--yes`"));
    }
    console.question(&format!("{what}?"));
    let mut answer = String::new();
    match io::stdin().read_line(&mut answer) {
        Ok(_) if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) => Ok(()),
        Ok(_) | Err(_) => Err(CommandError::new(ErrorKind::Other, "nothing was changed")),
    }
}
