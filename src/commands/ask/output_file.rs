//! Output that is written only when it is complete: to standard output, or into a file.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{CommandError, ErrorKind};
use crate::ui::console::Console;

/// The longest chain of symbolic links that is followed, as in Linux.
const MAX_LINKS: usize = 40;

/// A file for the answer, checked before any call is made.
#[derive(Debug)]
pub(crate) enum OutputFile {
    /// A new file replaces `path` when the answer is complete.
    Replace {
        /// The path, with its links followed.
        path: PathBuf,
        /// The mode of the file that is replaced.
        mode: Option<Permissions>,
    },
    /// A device or a pipe.
    Write(File),
}

/// Checks that `path` can be written.
///
/// # Errors
/// `output` with the reason.
pub(super) fn prepare(path: &Path) -> Result<OutputFile, CommandError> {
    OutputFile::prepare(path).map_err(|error| {
        let read_only = error.kind() == io::ErrorKind::PermissionDenied && path.is_file();
        let message = format!("cannot write `{}`", path.display());
        let error = CommandError::caused(ErrorKind::Output, message, error);
        if read_only { error.hint("the file is read-only; `chmod u+w` allows changes") } else { error }
    })
}

impl OutputFile {
    /// Checks that `path` can be written.
    ///
    /// # Errors
    /// Fails if it is read-only, a directory, or in a directory that cannot be written.
    pub(crate) fn prepare(path: &Path) -> io::Result<Self> {
        let path = follow(path)?;
        let known = std::fs::metadata(&path).ok();
        let Some(known) = known else {
            new_file(&path)?;
            return Ok(Self::Replace { path, mode: None });
        };
        if known.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !known.is_file() {
            return OpenOptions::new().write(true).open(&path).map(Self::Write);
        }
        // A directory lets its owner replace a read-only file, and root may write everything.
        if known.permissions().mode() & 0o222 == 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        OpenOptions::new().write(true).open(&path)?;
        new_file(&path)?;
        Ok(Self::Replace { path, mode: Some(known.permissions()) })
    }

    /// Writes the whole text. The temporary file exists only during this call.
    ///
    /// # Errors
    /// Fails if it cannot be written; then nothing was replaced.
    pub(crate) fn write(self, text: &str) -> io::Result<()> {
        match self {
            Self::Write(mut file) => file.write_all(text.as_bytes()),
            Self::Replace { path, mode } => {
                let mut file = new_file(&path)?;
                file.write_all(text.as_bytes())?;
                if let Some(mode) = mode {
                    file.as_file().set_permissions(mode)?;
                }
                file.persist(path).map(|_| ()).map_err(|error| error.error)
            }
        }
    }
}

/// The target of `path`, which need not exist: its links are followed, the last one of a broken chain, too.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match std::fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("its symbolic links form a loop"))
}

/// Makes a temporary file beside `path`, with the mode of a new file.
fn new_file(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new();
    let file = new.prefix(".llmroute-").permissions(Permissions::from_mode(0o666)).tempfile_in(folder);
    // The cause names a file that the user does not know.
    file.map_err(|error| match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    })
}

/// Writes a whole text to standard output or into a file.
///
/// # Errors
/// Fails if it cannot be written.
pub(super) fn put(text: &str, target: Option<OutputFile>, console: &mut Console) -> io::Result<()> {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let text = format!("{text}{end}");
    match target {
        Some(target) => target.write(&text),
        None => console.answer(&text),
    }
}

/// The content of the first fenced block of Markdown, if there is one.
pub(super) fn fenced_block(text: &str) -> Option<String> {
    let mut lines = text.lines();
    let (indent, fence) = lines.find_map(fence)?;
    let inside = lines.take_while(|line| !closes(line, fence));
    let block: Vec<&str> =
        inside.map(|line| line.strip_prefix(&" ".repeat(indent)).unwrap_or(line.trim_start_matches(' '))).collect();
    Some(block.join("\n") + "\n")
}

/// The indent and the marks of a line that opens a fence.
fn fence(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches(' ');
    let mark = rest.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = rest.chars().take_while(|c| *c == mark).count();
    (length >= 3).then(|| (line.len() - rest.len(), &rest[..length]))
}

fn closes(line: &str, fence: &str) -> bool {
    let line = line.trim();
    line.starts_with(fence) && line.chars().all(|c| fence.starts_with(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<&str>) {
        assert_eq!(fenced_block(text).as_deref(), want);
    }

    #[test]
    fn the_first_fenced_block_is_found() {
        check("Here:\n```rust\nlet a = 1;\n```\nand\n```\nb\n```", Some("let a = 1;\n"));
        check("~~~\na\n```\n~~~", Some("a\n```\n"));
        check("1. x\n   ```\n   a\n     b\n   ```", Some("a\n  b\n"));
    }

    #[test]
    fn an_unclosed_block_reaches_to_the_end() {
        check("```\na\nb", Some("a\nb\n"));
    }

    #[test]
    fn a_longer_fence_holds_a_shorter_one() {
        check("````\n```\na\n```\n````", Some("```\na\n```\n"));
    }

    #[test]
    fn no_block_is_none() {
        check("a `b` c", None);
    }
}
