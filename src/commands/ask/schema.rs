//! `--schema`: from a file or from the command line to a schema that is valid.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{CommandError, ErrorKind};
pub(crate) use llmroute_router::engine::Schema;
use llmroute_router::profile::read_text;

/// Reads `typed`: JSON that begins with `{`, or else the name of a file. Returns the schema for the
/// model, and the one that judges the answer.
///
/// # Errors
/// `input` for a file that cannot be read, `usage` for a schema that is not valid, with the place.
pub(super) fn read(typed: &str) -> Result<(Value, Arc<Schema>), CommandError> {
    let inline = typed.trim_start().starts_with('{');
    let name = if inline { "--schema" } else { typed };
    let text = if inline { typed.to_owned() } else { file(Path::new(typed))? };
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| CommandError::caused(ErrorKind::Usage, format!("`{name}` is not valid JSON"), error))?;
    let schema = Schema::compile(&value).map_err(|error| {
        CommandError::caused(ErrorKind::Usage, format!("`{name}` is not a valid JSON Schema"), error)
    })?;
    Ok((value, Arc::new(schema)))
}

/// The largest schema that is read.
const LARGEST: u64 = 16 << 20;

fn file(path: &Path) -> Result<String, CommandError> {
    read_text(path, LARGEST)
        .map_err(|why| CommandError::new(ErrorKind::Input, format!("the schema `{}` {why}", path.display())))
}
