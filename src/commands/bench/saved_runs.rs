//! Saved runs, for `bench --save` and `bench --compare`: a name in the folder of the state, or a path.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::state_location;
use llmroute_bench::record::{Run, SCHEMA};
pub(crate) use llmroute_router::state::StateLocation;

/// The folder of runs, in the folder of the state.
const FOLDER: &str = "bench";

/// The place of a saved run.
#[derive(Debug)]
pub(crate) struct SavedRun {
    /// The name or path as it was typed.
    typed: String,
    path: PathBuf,
    /// The folder of named runs; `None` for a path.
    folder: Option<PathBuf>,
}

impl SavedRun {
    /// Locates a run. Text with a slash or that ends in `.json` is a path; other text is a name.
    ///
    /// # Errors
    /// The name is invalid, or there is no folder for names.
    pub(crate) fn locate(typed: &str, global: &Global, env: &Env) -> Result<Self, CommandError> {
        if typed.contains('/') || typed.ends_with(".json") {
            return Ok(Self { typed: typed.to_owned(), path: typed.into(), folder: None });
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if typed.is_empty() || typed.starts_with('.') || !typed.chars().all(plain) {
            return Err(CommandError::new(ErrorKind::Usage, format!("`{typed}` is not a valid name of a run"))
                .hint("use letters, digits, `-`, `_` and `.`, or a path"));
        }
        let folder = folder(global, env)?.ok_or_else(|| {
            CommandError::new(ErrorKind::Other, "there is no directory for saved runs")
                .hint(format!("give a path, such as `./{typed}.json`"))
        })?;
        Ok(Self { typed: typed.to_owned(), path: folder.join(format!("{typed}.json")), folder: Some(folder) })
    }

    /// The file of the run.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that the file can be made, before anything is spent.
    ///
    /// # Errors
    /// The directory of a path does not exist.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        match self.folder {
            Some(_) => Ok(()),
            None => super::output::can_be_written(&self.path),
        }
    }

    /// Writes `run` atomically; an earlier one is replaced.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn save(&self, run: &Run) -> Result<(), CommandError> {
        let wrong = |error: std::io::Error| {
            CommandError::caused(ErrorKind::Output, format!("cannot write `{}`", self.path.display()), error)
        };
        if let Some(folder) = &self.folder {
            state_location::make_private(folder).map_err(wrong)?;
        }
        let parent = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref());
        // A temporary file is readable by its owner alone, and so is what it becomes.
        let mut file = tempfile::NamedTempFile::new_in(parent).map_err(wrong)?;
        serde_json::to_writer(&mut file, run).map_err(|error| wrong(error.into()))?;
        file.flush().map_err(wrong)?;
        file.persist(&self.path).map_err(|error| wrong(error.error))?;
        Ok(())
    }

    /// Reads the run.
    ///
    /// # Errors
    /// There is no such run, or its file is invalid.
    pub(crate) fn load(&self) -> Result<Run, CommandError> {
        let shown = self.path.display();
        let text = std::fs::read_to_string(&self.path).map_err(|error| match (error.kind(), &self.folder) {
            (std::io::ErrorKind::NotFound, Some(folder)) => {
                CommandError::new(ErrorKind::Input, format!("there is no saved run `{}`", self.typed))
                    .hint(others(folder))
            }
            _ => CommandError::caused(ErrorKind::Input, format!("cannot read `{shown}`"), error),
        })?;
        let run: Run = serde_json::from_str(&text).map_err(|error| {
            CommandError::caused(ErrorKind::Input, format!("`{shown}` is not a saved run"), error)
                .hint("measure it again with `--save`")
        })?;
        if run.schema == SCHEMA {
            return Ok(run);
        }
        Err(CommandError::new(ErrorKind::Input, format!("`{shown}` was written by another version ({})", run.version))
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
