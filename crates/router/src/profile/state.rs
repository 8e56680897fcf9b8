//! The shared state that a profile names, even in a profile with mistakes elsewhere.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use crate::state::LogPlace;
pub use llmroute_core::model::StateSource;

use super::document::TopKeys;
use super::document::mask;
use super::document::table::FromToml;
use super::{Diagnostic, Document, EnvVars, LoadError, ProfileLocation, Severity, credentials, text_of, toml_table};

/// The shared state that the profile at `location` names, if it names one. Mistakes elsewhere in the
/// profile do not matter.
///
/// # Errors
/// A profile that cannot be read or is not TOML, or a wrong `state`.
pub fn state_source(location: &ProfileLocation, env: &EnvVars) -> Result<Option<StateSource>, LoadError> {
    let ProfileLocation::File(path) = location else { return Ok(None) };
    let source = value_of(location, |table| table.get("state"))?;
    Ok(source.map(|source| relative_to(path.parent(), source, env)))
}

/// The location of the log that the profile at `location` names. Mistakes elsewhere in the profile do not matter.
///
/// # Errors
/// A profile that cannot be read or is not TOML, or a wrong `where`.
pub fn log_place(location: &ProfileLocation) -> Result<LogPlace, LoadError> {
    let place = value_of(location, |table| table.get("log")?.get_ref().as_table()?.get("where"))?;
    Ok(place.unwrap_or_default())
}

/// The value that `find` finds in the profile at `location`.
fn value_of<T: for<'a> FromToml<'a>>(
    location: &ProfileLocation,
    find: impl for<'t, 'a> Fn(&'t DeTable<'a>) -> Option<&'t Spanned<DeValue<'a>>>,
) -> Result<Option<T>, LoadError> {
    let ProfileLocation::File(_) = location else { return Ok(None) };
    let (source, text) = text_of(location)?;
    let mut diagnostics = Vec::new();
    let wrong = |text, diagnostics| LoadError { document: Document { name: source.name(), text }, diagnostics };
    let Some(table) = toml_table(&text, &mut diagnostics) else {
        return Err(wrong(mask::mask_unparsed(&text), diagnostics));
    };
    let Some(raw) = find(table.get_ref()) else { return Ok(None) };
    let mut diagnostics = Vec::new();
    match T::from_toml(raw, &mut diagnostics) {
        Some(value) => Ok(Some(value)),
        None => {
            diagnostics.retain(|diagnostic: &Diagnostic| diagnostic.severity == Severity::Error);
            Err(wrong(mask::mask(&text, table.get_ref(), Vec::new()), diagnostics))
        }
    }
}

/// The shared state that the top of a profile names.
pub(crate) fn of_top(top: &TopKeys<'_>, env: &EnvVars, folder: Option<&Path>) -> Option<StateSource> {
    top.state.value().map(|state| relative_to(folder, state.clone(), env))
}

/// A directory is relative to the profile, and `~/` is the home directory.
fn relative_to(folder: Option<&Path>, state: StateSource, env: &EnvVars) -> StateSource {
    match state {
        StateSource::Dir(dir) => match dir.to_str() {
            Some(text) => StateSource::Dir(credentials::expand_path(text, env, folder)),
            None => StateSource::Dir(dir),
        },
        StateSource::Memory | StateSource::Env(_) | StateSource::Redis(_) => state,
    }
}
