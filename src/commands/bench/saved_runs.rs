//! Runs saved under a name, beside the shared state: `bench --save`, `bench --compare`.

use std::io::Write;
use std::path::PathBuf;

use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::state_location;
use llmroute_bench::record::{Run, SCHEMA};

/// The folder of saved runs, in the state folder.
const FOLDER: &str = "bench";

/// The path of the run called `name`.
///
/// # Errors
/// Fails if the name is not valid, or there is no home directory.
pub fn path(name: &str, env: &Env) -> Result<PathBuf, CommandError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(CommandError::new(ErrorKind::Usage, format!("`{name}` cannot name a run"))
            .hint("a name is letters, digits, `-`, `_` and `.`"));
    }
    let dir = env.state_dir().ok_or_else(|| {
        CommandError::new(ErrorKind::Other, "there is no home to keep runs in").hint("set `HOME` or `XDG_STATE_HOME`")
    })?;
    Ok(dir.join(FOLDER).join(format!("{name}.json")))
}

/// Saves `run` under `name` atomically; an earlier one is replaced.
///
/// # Errors
/// Fails if the name is not valid, or the file cannot be written.
pub fn save(name: &str, run: &Run, env: &Env) -> Result<PathBuf, CommandError> {
    let path = path(name, env)?;
    let wrong = |error: std::io::Error| {
        CommandError::new(ErrorKind::Output, format!("cannot write `{}`: {error}", path.display()))
    };
    let folder = path.parent().unwrap_or(&path).to_owned();
    state_location::make_private(&folder).map_err(wrong)?;
    // A temporary file is readable only by its owner, and keeps that mode.
    let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(wrong)?;
    serde_json::to_writer(&mut file, run).map_err(|error| wrong(error.into()))?;
    file.flush().map_err(wrong)?;
    file.persist(&path).map_err(|error| wrong(error.error))?;
    Ok(path)
}

/// The run saved under `name`.
///
/// # Errors
/// Fails if there is none, or it cannot be read.
pub fn load(name: &str, env: &Env) -> Result<Run, CommandError> {
    let path = path(name, env)?;
    let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            CommandError::new(ErrorKind::Input, format!("no run is kept as `{name}`")).hint(others(env))
        }
        _ => CommandError::new(ErrorKind::Input, format!("cannot read `{}`: {error}", path.display())),
    })?;
    let run: Run = serde_json::from_str(&text).map_err(|error| {
        CommandError::new(ErrorKind::Input, format!("`{}` is not a run: {error}", path.display()))
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

/// The names of saved runs, for a hint.
fn others(env: &Env) -> String {
    let entries = env.state_dir().and_then(|dir| std::fs::read_dir(dir.join(FOLDER)).ok()).into_iter().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".json")?.to_owned())).collect();
    names.sort();
    match names.as_slice() {
        [] => "`--save NAME` keeps one".to_owned(),
        names => format!("there is {}", names.join(", ")),
    }
}
