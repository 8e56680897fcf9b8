//! Where a profile says that the shared state is; of a profile with mistakes elsewhere too.

use std::path::Path;

use super::file::Settings;
use super::value::{self, Value};
use super::{Diagnostic, Document, LoadError, Located, Severity, Vars, credential, mask, schema, text_of, toml_table};
use llmroute_core::model::StateSource;

/// Where the profile at `located` says that the shared state is, if it says it. Nothing else of it is
/// looked at, so that a mistake elsewhere does not hide the state.
///
/// # Errors
/// When the profile cannot be read, is no TOML, or its `state` is wrong.
pub fn state_source(located: &Located, vars: &Vars) -> Result<Option<StateSource>, LoadError> {
    if matches!(located, Located::Demo | Located::Discover) {
        return Ok(None);
    }
    let (source, text) = text_of(located)?;
    let mut sink = Vec::new();
    let wrong = |text, diagnostics| LoadError { document: Document { name: source.name(), text }, diagnostics };
    let Some(table) = toml_table(&text, &mut sink) else { return Err(wrong(mask::mask_unparsed(&text), sink)) };
    let Some(raw) = table.get_ref().get("state") else { return Ok(None) };
    // Mistakes elsewhere are not this question's.
    let mut sink = Vec::new();
    let value = value::read(schema::Kind::State, raw, &mut sink);
    sink.retain(|diagnostic: &Diagnostic| diagnostic.severity == Severity::Error);
    let folder = match located {
        Located::File(path) => path.parent(),
        Located::Demo | Located::Discover => None,
    };
    match value {
        Some(Value::State(state)) => Ok(Some(based(state, vars, folder))),
        Some(_) | None => Err(wrong(mask::mask(&text, table.get_ref()), sink)),
    }
}

/// Where the top of a profile says that the shared state is.
pub(super) fn of_top(top: &Settings<'_>, vars: &Vars, folder: Option<&Path>) -> Option<StateSource> {
    match &top.get("state")?.value {
        Value::State(state) => Some(based(state.clone(), vars, folder)),
        _ => None,
    }
}

/// A directory is relative to the profile, and `~/` is the home.
fn based(state: StateSource, vars: &Vars, folder: Option<&Path>) -> StateSource {
    match state {
        StateSource::Dir(dir) => match dir.to_str() {
            Some(text) => StateSource::Dir(credential::locate(text, vars, folder)),
            None => StateSource::Dir(dir),
        },
        StateSource::Memory | StateSource::Env(_) | StateSource::Redis(_) => state,
    }
}
