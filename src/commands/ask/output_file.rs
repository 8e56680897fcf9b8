//! Printing what is printed only when it is whole: to standard output, or into a file.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::ui::console::Console;

/// A file that the answer goes into, made ready before anybody is asked.
#[derive(Debug)]
pub(crate) enum OutputFile {
    /// A new file that takes the place of `path` when it is whole.
    Replace {
        /// Where it goes; links are followed.
        path: PathBuf,
        /// Where it is written.
        file: NamedTempFile,
    },
    /// A device or a pipe.
    Write(File),
}

impl OutputFile {
    /// Makes ready to write `path`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn prepare(path: &Path) -> io::Result<Self> {
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let known = std::fs::metadata(&path).ok();
        if known.as_ref().is_some_and(|known| !known.is_file()) {
            return std::fs::OpenOptions::new().write(true).open(&path).map(Self::Write);
        }
        // A new file gets the mode that the umask leaves, an old one keeps its own.
        let mode = known.map_or(Permissions::from_mode(0o666), |known| known.permissions());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut new = tempfile::Builder::new();
        let file = new.prefix(".llmroute-").permissions(mode).tempfile_in(folder).map_err(|error| error.kind())?;
        Ok(Self::Replace { path, file })
    }

    /// Writes the whole text.
    ///
    /// # Errors
    /// When it cannot be written; then nothing was replaced.
    pub(crate) fn write(self, text: &str) -> io::Result<()> {
        match self {
            Self::Write(mut file) => file.write_all(text.as_bytes()),
            Self::Replace { path, mut file } => {
                file.write_all(text.as_bytes())?;
                file.persist(path).map(|_| ()).map_err(|error| error.error)
            }
        }
    }
}

/// Prints a whole text, to standard output or to a file.
///
/// # Errors
/// When it cannot be written.
pub(super) fn put(text: &str, target: Option<OutputFile>, console: &mut Console) -> io::Result<()> {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let text = format!("{text}{end}");
    match target {
        Some(target) => target.write(&text),
        None => console.answer(&text),
    }
}

/// The inside of the first fenced block of Markdown, if there is one.
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
