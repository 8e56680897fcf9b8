//! `llmroute providers`: which providers are set up, where their keys come from, what is missing.

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Exit;
use crate::commands::Global;
use crate::environment::Env;
use crate::error::CommandError;
use crate::setup;
use crate::ui;
use crate::ui::console::Console;
use crate::ui::sanitize;
use crate::ui::table::{Column, Fit};
use crate::ui::text::NONE;
pub(crate) use llmroute_router::profile::{
    Profile, ProfileLocation, ProviderStatus, Readiness, locate, provider_statuses,
};

/// Show which providers are set up and where their keys come from
///
/// Makes no network request and runs no command: a key that a command prints counts as present. Keys are
/// never shown.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProvidersArgs {
    /// Print JSON, one object per line
    #[arg(long)]
    pub json: bool,
}

const COLUMNS: [Column<ProviderStatus>; 4] = [
    Column { title: "PROVIDER", from_width: 0, fit: Fit::Text, cell: |provider| provider.name.clone() },
    Column { title: "KEY", from_width: 0, fit: Fit::Cut(64), cell: key },
    Column {
        title: "PROTOCOL",
        from_width: 90,
        fit: Fit::Text,
        cell: |provider| provider.protocol.clone().unwrap_or_else(|| NONE.to_owned()),
    },
    Column {
        title: "BASE URL",
        from_width: 70,
        fit: Fit::Cut(60),
        cell: |provider| provider.base_url.clone().unwrap_or_else(|| NONE.to_owned()),
    },
];

/// Runs the command on the console.
///
/// # Errors
/// Those of a profile that was asked for, `output` when the list cannot be printed.
pub(crate) fn run(
    args: &ProvidersArgs,
    global: &Global,
    env: &Env,
    console: &mut Console,
) -> Result<Exit, CommandError> {
    let profile = profile(global, env, console)?;
    let statuses = provider_statuses(profile.as_ref(), &env.vars);
    let text = if args.json {
        statuses.iter().map(|provider| format!("{}\n", sanitize::json(&object(provider).to_string()))).collect()
    } else {
        ui::table::render(&statuses, &COLUMNS, ui::table::width(env, console))
    };
    console.data(&text).map(|()| Exit::Success).or_else(|error| crate::commands::ask::unwritable(&error))
}

/// The profile in a file, if there is one: no server is looked for on the network. A wrong profile does not end the
/// command, unless it was named.
pub(super) fn profile(global: &Global, env: &Env, console: &mut Console) -> Result<Option<Profile>, CommandError> {
    if matches!(locate(global.profile.as_deref(), &env.vars), Ok(ProfileLocation::Discover)) {
        return Ok(None);
    }
    match setup::profile(global, env, console) {
        Ok(profile) => Ok(Some(profile)),
        Err(error) if global.profile.is_some() => Err(error),
        Err(_) => {
            console.event("the profile is wrong and left out (`llmroute profile check` says why)");
            Ok(None)
        }
    }
}

/// The place of the key, or what is missing; of several keys, the number of those that are set.
fn key(provider: &ProviderStatus) -> String {
    let there: Vec<&str> =
        provider.keys.iter().filter(|key| key.missing.is_none()).map(|key| key.source.as_str()).collect();
    let missing = || provider.keys.iter().filter_map(|key| key.missing.as_deref());
    match provider.readiness() {
        Readiness::Unusable => provider.obstacle.clone().unwrap_or_default(),
        Readiness::NoKeyNeeded => provider.withheld.clone().unwrap_or_else(|| "no key needed".to_owned()),
        Readiness::NoKey => missing().collect::<Vec<_>>().join("; "),
        Readiness::Ready => there
            .into_iter()
            .map(str::to_owned)
            .chain(missing().map(|why| format!("({why})")))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn object(provider: &ProviderStatus) -> Value {
    let keys = provider.keys.iter().map(|key| json!({"source": key.source, "missing": key.missing}));
    json!({
        "provider": provider.name,
        "status": status(provider),
        "in_profile": provider.in_profile,
        "protocol": provider.protocol,
        "base_url": provider.base_url,
        "keys": keys.collect::<Vec<_>>(),
        "obstacle": provider.obstacle,
        "withheld": provider.withheld,
    })
}

fn status(provider: &ProviderStatus) -> &'static str {
    match provider.readiness() {
        Readiness::Ready => "ready",
        Readiness::NoKeyNeeded if provider.withheld.is_some() => "key_withheld",
        Readiness::NoKeyNeeded => "no_key_needed",
        Readiness::NoKey => "no_key",
        Readiness::Unusable => "unusable",
    }
}
