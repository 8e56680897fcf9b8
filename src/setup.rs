//! The parts that every command that makes calls needs: the profile, the state, a router, an id.

use std::time::Duration;

use crate::commands::Global;
use crate::commands::profile;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::request::RequestOptions;
use crate::signals::{Completion, until_signal};
use crate::state_location;
use crate::ui::console::Console;
use llmroute_core::model::Timestamp;
use llmroute_core::routing::GroupId;
use llmroute_router::builder::Environment;
use llmroute_router::engine::Engine;
use llmroute_router::ports::Clock;
pub(crate) use llmroute_router::profile::{
    LoadError, LoadOptions, Profile, ProfileLocation, Severity, Source, discover, locate,
};
use llmroute_router::transport::check_proxies;

/// The longest time that a command waits for its last writes to the state.
pub(crate) const WRITE_LIMIT: Duration = Duration::from_secs(2);

/// Loads the profile that the options and the environment name, and prints its warnings.
///
/// # Errors
/// `profile` with every mistake in it, or if there is neither a profile nor a key.
pub(crate) fn profile(global: &Global, env: &Env, console: &mut Console) -> Result<Profile, CommandError> {
    profile_for(global, env, console, false)
}

/// As [`profile`], for a process that makes many calls if it is `long_lived`.
///
/// # Errors
/// As [`profile`].
pub(crate) fn profile_for(
    global: &Global,
    env: &Env,
    console: &mut Console,
    long_lived: bool,
) -> Result<Profile, CommandError> {
    profile_of(global, env, console, long_lived, &RequestOptions::default())
}

/// As [`profile_for`], for a request with `options`. The models that were found without a profile are named only if
/// the request uses them.
///
/// # Errors
/// As [`profile`].
pub(crate) fn profile_of(
    global: &Global,
    env: &Env,
    console: &mut Console,
    long_lived: bool,
    options: &RequestOptions,
) -> Result<Profile, CommandError> {
    let inputs = LoadOptions { env: &env.vars, long_lived };
    let colour = console.colour();
    let wrong = |error: LoadError| CommandError::rendered(ErrorKind::Profile, error.render(colour));
    let loaded = match locate(global.profile.as_deref(), &env.vars).map_err(wrong)? {
        ProfileLocation::Discover => match discover::from_keys(&inputs).map_err(wrong)? {
            Some(profile) => Ok(profile),
            // The search for local servers uses the network.
            None => match until_signal(profile::open(None, &inputs))? {
                Completion::Done(loaded) => loaded,
                Completion::Signal(signal) => {
                    crate::signals::die_by(signal);
                    return Err(CommandError::new(ErrorKind::Other, "stopped by a signal"));
                }
            },
        },
        located => Profile::load(&located, &inputs),
    };
    let profile = loaded.map_err(wrong)?;
    if profile.source == Source::Discovered && options.model.is_none() {
        let names: Vec<&str> = profile.map.deployments.iter().map(|deployment| deployment.name.as_str()).collect();
        console.event(&format!("no profile; using {}", names.join(", ")));
    }
    for note in profile.notes.iter().filter(|note| note.severity == Severity::Warning) {
        console.event(&format!("warning: {}", note.message));
    }
    Ok(profile)
}

/// Warns of the models of `group` that are not served any more.
pub(crate) fn warn_of_retired(profile: &Profile, group: GroupId, env: &Env, console: &mut Console) {
    for message in profile.retired_models(group, &env.today()) {
        console.event(&format!("warning: {message}"));
    }
}

/// Refuses a group that uses a key that this version does not support.
///
/// # Errors
/// `profile`, with the name of the key.
pub(crate) fn built(profile: &Profile, group: GroupId) -> Result<(), CommandError> {
    match profile.unbuilt(group) {
        None => Ok(()),
        Some(unbuilt) => {
            let message =
                format!("group `{}` uses `{}`, which this version does not support", unbuilt.group, unbuilt.key);
            Err(CommandError::new(ErrorKind::Profile, message).hint("`llmroute profile check` lists all such keys"))
        }
    }
}

/// A router over `profile` with the network, the shared state and the keys of this process.
///
/// # Errors
/// `usage` or `profile` if the location of the state is invalid, `profile` if a proxy variable is.
pub(crate) fn router(
    profile: Profile,
    global: &Global,
    env: &Env,
    clock: Clock,
    seed: u64,
) -> Result<Engine, CommandError> {
    let state = state_location::of(global, env, profile.state.as_ref())?;
    check_proxies(&env.vars, &profile.endpoints)
        .map_err(|error| CommandError::new(ErrorKind::Profile, error.to_string()).hint(error.hint()))?;
    let around = Environment { vars: &env.vars, state: &state, clock, seed };
    Ok(Engine::from_profile(profile, &around))
}

/// The local hour from 0 to 23, for rules.
#[must_use]
pub(crate) fn local_hour(now: Timestamp) -> Option<u8> {
    let time = jiff::Timestamp::from_millisecond(now.0).ok()?;
    u8::try_from(time.to_zoned(jiff::tz::TimeZone::system()).hour()).ok()
}

/// A unique id that sorts by time.
#[must_use]
pub(crate) fn request_id(now: Timestamp, entropy: u64) -> String {
    let mut rng = fastrand::Rng::with_seed(entropy);
    let millis = u64::try_from(now.0).unwrap_or(0);
    ulid::Ulid::from_parts(millis, rng.u128(..)).to_string().to_lowercase()
}
