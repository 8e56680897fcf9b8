//! `llmroute models refresh`: downloads the list of models.dev into the cache, atomically.

use std::io::{self, Write as _};
use std::path::Path;

use url::Url;

use crate::commands::Exit;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::signals::{Completion, until_signal};
use crate::ui::console::Console;
use llmroute_core::catalog::models::models_dev;
use llmroute_router::profile::fetched_models_path;
use llmroute_router::transport::download;

/// The URL of the list.
const LIST: &str = "https://models.dev/api.json";

/// The variable that overrides the URL.
const LIST_VAR: &str = "LLMROUTE_MODELS_URL";

/// The largest list that is read, in bytes; it had 2 MB in 2026.
const LARGEST: usize = 32 << 20;

/// Downloads, validates and saves the list.
///
/// # Errors
/// `usage` if the variable is not a URL, `other` if the download or saving fails.
pub(crate) fn run(env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let path = fetched_models_path(&env.vars).ok_or_else(|| {
        CommandError::new(ErrorKind::Other, "there is no cache folder").hint("set `HOME` or `XDG_CACHE_HOME`")
    })?;
    let url = address(env)?;
    let place = url.host_str().unwrap_or_default().to_owned();
    console.detail(&format!("fetching {url}"));
    let body = match until_signal(download::get(&url, LARGEST))? {
        Completion::Signal(signal) => return Ok(Exit::Signal(signal)),
        Completion::Done(body) => body.map_err(|why| {
            let message = format!("cannot fetch the list of models from {place}: {why}");
            CommandError::new(ErrorKind::Other, message).hint("the table that was there before is still used")
        })?,
    };
    let read = models_dev::table(&body, &env.today()).map_err(|why| {
        let message = format!("what {place} sent is not kept: {why}");
        CommandError::new(ErrorKind::Other, message).hint("the table that was there before is still used")
    })?;
    keep(&path, read.table.text().as_bytes())
        .map_err(|why| CommandError::caused(ErrorKind::Other, format!("cannot write `{}`", path.display()), why))?;
    let skipped = if read.skipped > 0 { format!(", {} left out", read.skipped) } else { String::new() };
    console.event(&format!("{} models from {place}{skipped}; kept in `{}`", read.models, path.display()));
    Ok(Exit::Success)
}

fn address(env: &Env) -> Result<Url, CommandError> {
    let text = env.vars.get(LIST_VAR).unwrap_or(LIST);
    Url::parse(text)
        .map_err(|why| CommandError::caused(ErrorKind::Usage, format!("`{LIST_VAR}` is not a valid URL"), why))
}

/// Replaces the file atomically: another process sees the old table or the new one.
fn keep(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text)?;
    file.persist(path)?;
    Ok(())
}
