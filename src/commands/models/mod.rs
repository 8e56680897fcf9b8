//! `llmroute models [PROVIDER]` and `models refresh`: known models with their prices, limits and sources.

mod entry;
mod refresh;
mod table;

use std::collections::BTreeSet;

use clap::{Args, Subcommand};

use self::entry::ModelEntry;
use crate::commands::Exit;
use crate::commands::Global;
use crate::commands::providers;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::ui;
use crate::ui::console::Console;
use crate::ui::sanitize;
use llmroute_core::catalog;
pub(crate) use llmroute_router::profile::{ModelTable, Profile, suggest};

/// Show prices, limits and capabilities of models, and their sources
///
/// Prices are in US dollars per million tokens. Models of the profile come first.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ModelsArgs {
    /// Something else than to list them.
    #[command(subcommand)]
    pub action: Option<ModelsAction>,

    /// List only models of this provider
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// List only models whose name contains all of these words
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,

    /// Print JSON, one object per line
    #[arg(long)]
    pub json: bool,
}

/// An action on the table of models.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ModelsAction {
    /// Fetch a newer table from models.dev
    ///
    /// The table is stored in the cache directory and used if it is newer than the built-in one. Only this
    /// command fetches it.
    Refresh,
}

/// Runs the command on the console.
///
/// # Errors
/// `usage` if the provider does not exist, `other` if the download fails, `output` if the
/// list cannot be printed, and the errors of a requested profile.
pub(crate) fn run(args: &ModelsArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    match args.action {
        Some(ModelsAction::Refresh) => refresh::run(env, console),
        None => list(args, global, env, console),
    }
}

fn list(args: &ModelsArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let profile = providers::profile(global, env, console)?;
    let facts = ModelTable::from_env(&env.vars);
    let all = entry::all(profile.as_ref(), &facts, &env.today());
    // Loading the profile has reported it already.
    if let (Some(warning), None) = (facts.warning(), &profile) {
        console.event(&format!("warning: {warning}"));
    }
    if let Some(name) = &args.provider {
        check_provider(name, &all, profile.as_ref())?;
    }
    let words: Vec<String> =
        args.search.iter().flat_map(|text| text.split_whitespace()).map(str::to_lowercase).collect();
    let wanted = |entry: &ModelEntry| {
        let name = entry.name().to_lowercase();
        args.provider.as_ref().is_none_or(|provider| *provider == entry.provider)
            && words.iter().all(|word| name.contains(word))
    };
    let found: Vec<ModelEntry> = all.into_iter().filter(wanted).collect();
    if found.is_empty() {
        console.event("no such model is known");
        return Ok(Exit::Success);
    }
    let text = if args.json {
        found.iter().map(|entry| format!("{}\n", sanitize::json(&entry.json().to_string()))).collect()
    } else {
        ui::table::render(&found, &table::COLUMNS, ui::table::width(env, console))
    };
    console.data(&text).map(|()| Exit::Success).or_else(|error| crate::commands::ask::unwritable(&error))
}

/// Checks that `name` is a provider of the catalog, the profile or a table.
fn check_provider(name: &str, all: &[ModelEntry], profile: Option<&Profile>) -> Result<(), CommandError> {
    let mut known: BTreeSet<&str> = all.iter().map(|entry| entry.provider.as_str()).collect();
    known.extend(catalog::providers().iter().map(|row| row.id));
    known.extend(profile.iter().flat_map(|profile| profile.provider_names()));
    if known.contains(name) {
        return Ok(());
    }
    let hint = match (suggest::nearest(name, known), name.contains('/')) {
        (_, true) => format!("search for a model: `llmroute models --search {name:?}`"),
        (Some(near), false) => format!("did you mean `{near}`?"),
        (None, false) => "`llmroute providers` lists them".to_owned(),
    };
    Err(CommandError::new(ErrorKind::Usage, format!("unknown provider `{name}`")).hint(hint))
}
