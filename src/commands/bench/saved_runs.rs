//! Saved runs, for `bench --save` and `bench --compare`: a name in the folder of the state, or a path.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::state_location;
use llmroute_bench::record::{Run, SCHEMA};
use llmroute_router::state::StateLocation;

/// The folder of runs, in the folder of the state.
const FOLDER: &str = "bench";

/// The place of a saved run.
#[derive(Debug)]
pub struct SavedRun {
    /// The name or path as it was typed.
    typed: String,
    path: PathBuf,
    /// The folder of named runs; `None` for a path.
    folder: Option<PathBuf>,
}

/// Locates a run. Text with a slash or that ends in `.json` is a path; other text is a name.
///
/// # Errors
/// The name is invalid, or there is no folder for names.
/// The file of the run.
/// Checks that the file can be made, before anything is spent.
///
/// # Errors
/// The directory of a path does not exist.
/// Writes `run` atomically; an earlier one is replaced.
///
/// # Errors
/// The file cannot be written.
// A temporary file is readable by its owner alone, and so is what it becomes.
/// Reads the run.
///
/// # Errors
/// There is no such run, or its file is invalid.
pub fn save(name: &str, run: &Run, env: &Env) -> Result<PathBuf, CommandError> {
    let path = path(name, env)?;
    let wrong = |error: std::io::Error| {
        CommandError::caused(ErrorKind::Output, format!("cannot write `{}`", path.display()), error)
    };
    let folder = path.parent().unwrap_or(&path).to_owned();
    state_location::make_private(&folder).map_err(wrong)?;
    let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(wrong)?;
    serde_json::to_writer(&mut file, run).map_err(|error| wrong(error.into()))?;
    file.flush().map_err(wrong)?;
    file.persist(&path).map_err(|error| wrong(error.error))?;
    Ok(path)
}

pub fn load(name: &str, env: &Env) -> Result<Run, CommandError> {
    let path = path(name, env)?;
    let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            CommandError::new(ErrorKind::Input, format!("no run is kept as `{name}`")).hint(others(env))
        }
        _ => CommandError::caused(ErrorKind::Input, format!("cannot read `{}`", path.display()), error),
    })?;
    let run: Run = serde_json::from_str(&text).map_err(|error| {
        CommandError::caused(ErrorKind::Input, format!("`{}` is not a saved run", path.display()), error)
            .hint("measure it again with `--save`")
    })?;
    if run.schema == SCHEMA {
        Ok(run)
    } else {
        Err(CommandError::new(
            ErrorKind::Input,
            format!("`{}` was written by another version ({})", path.display(), run.version),
        )
        .hint("measure it again with `--save`"))
    }
}

/// The folder of named runs: in the folder of the state, also where the state itself is in Redis.
fn folder(global: &Global, env: &Env) -> Result<Option<PathBuf>, CommandError> {
    let dir = match state_location::location(global, env)? {
        StateLocation::Dir(dir) => Some(dir),
        StateLocation::Memory | StateLocation::NoHome => None,
        StateLocation::Redis(_) => env.state_dir(),
    };
    Ok(dir.map(|dir| dir.join(FOLDER)))
}

/// The names of the saved runs, for a hint.
fn others(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".json")?.to_owned())).collect();
    names.sort();
    match names.as_slice() {
        [] => "save one with `--save NAME`".to_owned(),
        names => format!("the saved runs are: {}", names.join(", ")),
    }
}
