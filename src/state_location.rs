//! The location of the shared state: from `--state`, else from the profile, else in the home directory.

use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use llmroute_core::model::StateSource;
pub(crate) use llmroute_router::profile::{LoadError, LogPlace, Profile, locate, log_place, state_source};
pub(crate) use llmroute_router::state::StateLocation;

/// The location of the shared state, for a command that needs nothing else of the profile.
///
/// # Errors
/// `usage` if `--state` is invalid, `profile` if `state` of the profile is.
pub(crate) fn location(global: &Global, env: &Env) -> Result<StateLocation, CommandError> {
    if global.state.is_some() {
        return of(global, env, None);
    }
    let wrong = |error: LoadError| CommandError::rendered(ErrorKind::Profile, error.render(global.colour(env)));
    let located = locate(global.profile.as_deref(), &env.vars).map_err(wrong)?;
    let source = state_source(&located, &env.vars).map_err(wrong)?;
    of(global, env, source.as_ref())
}

/// The location of the log of requests, for a command that needs nothing else of the profile.
///
/// # Errors
/// As [`location`].
pub(crate) fn log_location(global: &Global, env: &Env) -> Result<StateLocation, CommandError> {
    let state = location(global, env)?;
    let wrong = |error: LoadError| CommandError::rendered(ErrorKind::Profile, error.render(global.colour(env)));
    let place = match &state {
        StateLocation::Redis(_) => {
            let located = locate(global.profile.as_deref(), &env.vars).map_err(wrong)?;
            log_place(&located).map_err(wrong)?
        }
        StateLocation::Dir(_) | StateLocation::Memory | StateLocation::NoHome => LogPlace::default(),
    };
    Ok(llmroute_router::state::log_location(state, place, env.state_dir()))
}

/// The location of the log of requests, if `profile` is loaded.
///
/// # Errors
/// As [`location`].
pub(crate) fn log_of(global: &Global, env: &Env, profile: &Profile) -> Result<StateLocation, CommandError> {
    let state = of(global, env, profile.state.as_ref())?;
    Ok(llmroute_router::state::log_location(state, profile.log.place, env.state_dir()))
}

/// The location of the shared state, if `source` is that of the profile.
///
/// # Errors
/// As [`location`].
pub(crate) fn of(global: &Global, env: &Env, source: Option<&StateSource>) -> Result<StateLocation, CommandError> {
    let Some(said) = global.state.as_deref() else {
        return match source {
            Some(source) => resolved(source.clone(), env, "`state` of the profile", ErrorKind::Profile),
            // Without a home there is nothing to share through.
            None => Ok(env.state_dir().map_or(StateLocation::NoHome, StateLocation::Dir)),
        };
    };
    let source =
        StateSource::parse(said).map_err(|why| CommandError::new(ErrorKind::Usage, format!("`--state`: {why}")))?;
    match &source {
        StateSource::Redis(url) if url.is_secret() => Err(CommandError::new(
            ErrorKind::Usage,
            "`--state`: a password on the command line is visible to every process",
        )
        .hint("put the URL into a variable and pass `--state env:NAME`")),
        _ => resolved(source, env, "`--state`", ErrorKind::Usage),
    }
}

/// The location that `source` names; a variable is looked up.
fn resolved(source: StateSource, env: &Env, who: &str, kind: ErrorKind) -> Result<StateLocation, CommandError> {
    match source {
        StateSource::Memory => Ok(StateLocation::Memory),
        StateSource::Dir(dir) => Ok(StateLocation::Dir(dir)),
        StateSource::Redis(url) => Ok(StateLocation::Redis(url)),
        StateSource::Env(name) => {
            let value = env.vars.get(&name);
            let value =
                value.ok_or_else(|| CommandError::new(kind, format!("{who}: the variable `{name}` is not set")))?;
            match StateSource::parse(value) {
                Ok(StateSource::Env(_)) => {
                    Err(CommandError::new(kind, format!("{who}: the variable `{name}` names another variable")))
                }
                Ok(source) => resolved(source, env, who, kind),
                Err(why) => Err(CommandError::new(kind, format!("{who}: the variable `{name}`: {why}"))),
            }
        }
    }
}

/// Creates a directory that only its owner can read, as the state does.
///
/// # Errors
/// Fails if it cannot be created.
pub(crate) fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
