//! `llmroute state show|reset|path`: shows and deletes the state that processes share.

mod names;
mod reset;
pub(super) mod view;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use self::names::ProfileNames;
use self::view::View;
use crate::commands::Exit;
use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::setup;
use crate::state_location;
use crate::ui::console::Console;
use crate::ui::sanitize;
use llmroute_router::ports::{Store, StoreError};
use llmroute_router::state;

/// Show or reset the state that processes share
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    /// The action.
    #[command(subcommand)]
    pub action: StateAction,
}

/// An action on the shared state.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum StateAction {
    /// Show the state of every deployment and group
    Show {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Delete what was learned about one deployment or about all
    Reset(reset::ResetArgs),
    /// Print the location of the state
    Path,
}

/// Runs the command on the console.
///
/// # Errors
/// `other` if the state cannot be read or written, `usage` if a name is unknown, and the errors of the
/// profile.
pub(crate) fn run(args: &StateArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let text = match &args.action {
        StateAction::Show { json } => show(*json, global, env, console)?,
        StateAction::Reset(args) => return reset::run(args, global, env, console).map(|()| Exit::Success),
        StateAction::Path => state_location::location(global, env)?.to_string(),
    };
    console.data(&text).map(|()| Exit::Success).or_else(|error| crate::commands::ask::unwritable(&error))
}

fn show(json: bool, global: &Global, env: &Env, console: &mut Console) -> Result<String, CommandError> {
    let location = state_location::location(global, env)?;
    let names = names(global, env, console)?;
    let store = state::open_strict(&location);
    let view = View::new(read(&*store)?, &names);
    Ok(if json {
        sanitize::json(&view.json(&location.to_string(), env.now).to_string()).into_owned()
    } else {
        sanitize::text(&view.text(env.now, &TimeZone::system())).into_owned()
    })
}

/// The names of the profile for the values in the state. A profile that cannot be loaded gives none, unless it
/// was requested.
fn names(global: &Global, env: &Env, console: &mut Console) -> Result<ProfileNames, CommandError> {
    match setup::profile(global, env, console) {
        Ok(profile) => Ok(ProfileNames::of(&profile.map)),
        Err(error) if global.profile.is_some() => Err(error),
        Err(_) => {
            console.event("there is no profile to take names from (`llmroute profile check` says why)");
            Ok(ProfileNames::default())
        }
    }
}

/// Every key with its value.
fn read(store: &dyn Store) -> Result<Vec<(String, String)>, CommandError> {
    let keys = store.keys("").map_err(|error| failed(&error))?;
    let values = store.read(&keys).map_err(|error| failed(&error))?;
    // A key can disappear in between.
    Ok(keys.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect())
}

fn failed(error: &StoreError) -> CommandError {
    CommandError::new(ErrorKind::Other, error.to_string())
}
