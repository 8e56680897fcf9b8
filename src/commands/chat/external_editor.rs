//! Messages written in the user's editor.

use std::io::{self, Write};
use std::process::Command;

use crate::error::{CommandError, ErrorKind};

/// Runs `editor` (a shell command) on `text`, in a private file.
///
/// # Errors
/// Fails if the file cannot be created or read, or the editor fails.
pub(crate) fn edit(editor: &str, text: &str) -> Result<String, CommandError> {
    let failed = |why: io::Error| CommandError::caused(ErrorKind::Other, "cannot edit the message", why);
    // A temporary file has the mode 0600.
    let mut file = tempfile::Builder::new().prefix("llmroute-").suffix(".md").tempfile().map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    let status = Command::new("/bin/sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(file.path()).status();
    let status = status.map_err(failed)?;
    if !status.success() {
        let why = format!("the editor `{editor}` failed; nothing was taken from it");
        return Err(CommandError::new(ErrorKind::Other, why).hint("$VISUAL or $EDITOR says which editor is used"));
    }
    // Editors replace files: read it by name.
    let text = std::fs::read_to_string(file.path()).map_err(failed)?;
    Ok(text.trim_end_matches('\n').to_owned())
}
