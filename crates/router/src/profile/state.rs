//! Where a profile says that the shared state is; of a profile with mistakes elsewhere too.

use std::path::Path;

use crate::profile::document::Settings;
use crate::profile::value::{self, Value};
use crate::profile::{
    Diagnostic, Document, EnvVars, LoadError, ProfileLocation, Severity, credentials, keys, mask, text_of, toml_table,
};
use llmroute_core::model::StateSource;

/// Where the profile at `located` says that the shared state is, if it says it. Nothing else of it is
/// looked at, so that a mistake elsewhere does not hide the state.
///
/// # Errors
/// When the profile cannot be read, is no TOML, or its `state` is wrong.
pub fn state_source(located: &ProfileLocation, vars: &EnvVars) -> Result<Option<StateSource>, LoadError> {
    if matches!(located, ProfileLocation::Demo | ProfileLocation::Discover) {
        return Ok(None);
    }
    let (source, text) = text_of(located)?;
    let mut sink = Vec::new();
    let wrong = |text, diagnostics| LoadError { document: Document { name: source.name(), text }, diagnostics };
    let Some(table) = toml_table(&text, &mut sink) else { return Err(wrong(mask::mask_unparsed(&text), sink)) };
    let Some(raw) = table.get_ref().get("state") else { return Ok(None) };
    // Mistakes elsewhere are not this question's.
    let mut sink = Vec::new();
    let value = value::read(keys::ValueKind::State, raw, &mut sink);
    sink.retain(|diagnostic: &Diagnostic| diagnostic.severity == Severity::Error);
    let folder = match located {
        ProfileLocation::File(path) => path.parent(),
        ProfileLocation::Demo | ProfileLocation::Discover => None,
    };
    match value {
        Some(Value::State(state)) => Ok(Some(based(state, vars, folder))),
        Some(_) | None => Err(wrong(mask::mask(&text, table.get_ref()), sink)),
    }
}

/// Where the top of a profile says that the shared state is.
pub(crate) fn of_top(top: &Settings<'_>, vars: &EnvVars, folder: Option<&Path>) -> Option<StateSource> {
    match &top.get("state")?.value {
        Value::State(state) => Some(based(state.clone(), vars, folder)),
        _ => None,
    }
}

/// A directory is relative to the profile, and `~/` is the home.
fn based(state: StateSource, vars: &EnvVars, folder: Option<&Path>) -> StateSource {
    match state {
        StateSource::Dir(dir) => match dir.to_str() {
            Some(text) => StateSource::Dir(credentials::expand_path(text, vars, folder)),
            None => StateSource::Dir(dir),
        },
        StateSource::Memory | StateSource::Env(_) | StateSource::Redis(_) => state,
    }
}
