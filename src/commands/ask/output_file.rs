//! Printing of a complete answer: to standard output, or into a file.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::error::{CommandError, ErrorKind};
use crate::ui::console::Console;

/// The number of symbolic links in a row that are followed.
const MAX_LINKS: usize = 40;

/// A file for the answer, checked before any deployment is called.
#[derive(Debug)]
pub(crate) enum OutputFile {
    /// A new file replaces `path` when the answer is complete.
    Replace {
        /// The file; links are followed.
        path: PathBuf,
        /// The mode of the new file, before the umask.
        mode: Permissions,
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
    /// Checks that `path` can be written. Nothing is created yet, so that an interrupted request leaves nothing behind.
    ///
    /// # Errors
    /// Fails if it cannot be written.
    pub(crate) fn prepare(path: &Path) -> io::Result<Self> {
        let path = follow_links(path)?;
        let known = std::fs::metadata(&path).ok();
        if let Some(known) = &known {
            // Root may write anything, but a file without the permission to write is meant to stay.
            if known.permissions().readonly() {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            if !known.is_file() {
                return OpenOptions::new().write(true).open(&path).map(Self::Write);
            }
            access(&path, Access::WRITE_OK)?;
        }
        access(folder(&path), Access::WRITE_OK | Access::EXEC_OK)?;
        // A new file gets the mode that the umask leaves, an existing one keeps its own.
        let mode = known.map_or(Permissions::from_mode(0o666), |known| known.permissions());
        Ok(Self::Replace { path, mode })
    }

    /// Writes the complete text.
    ///
    /// # Errors
    /// Fails if it cannot be written; then nothing was replaced.
    pub(crate) fn write(self, text: &str) -> io::Result<()> {
        match self {
            Self::Write(mut file) => file.write_all(text.as_bytes()),
            Self::Replace { path, mode } => {
                let mut new = tempfile::Builder::new();
                let mut file = new.prefix(".llmroute-").permissions(mode.clone()).tempfile_in(folder(&path))?;
                file.write_all(text.as_bytes())?;
                if path.exists() {
                    // The umask is for new files.
                    file.as_file().set_permissions(mode)?;
                }
                file.persist(path).map(|_| ()).map_err(|error| error.error)
            }
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path behind symbolic links, also of a file that does not exist yet.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match std::fs::read_link(&path) {
            // An absolute target replaces the folder.
            Ok(target) => path = folder(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Prints a whole text, to standard output or to a file.
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
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn write(path: &Path, text: &str) -> io::Result<()> {
        OutputFile::prepare(path)?.write(text)
    }

    #[test]
    fn nothing_is_created_before_the_answer_is_complete() {
        let dir = tempfile::tempdir().unwrap();
        let file = OutputFile::prepare(&dir.path().join("a")).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        file.write("x").unwrap();
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a"]);
    }

    #[test]
    fn links_are_followed_even_to_a_file_that_does_not_exist() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        symlink("second", path("first")).unwrap();
        symlink(path("third"), path("second")).unwrap();
        for text in ["new", "replaced"] {
            write(&path("first"), text).unwrap();
            assert_eq!(fs::read_to_string(path("third")).unwrap(), text);
            assert!(fs::symlink_metadata(path("first")).unwrap().is_symlink());
        }
        symlink("loop", path("loop")).unwrap();
        assert!(write(&path("loop"), "x").is_err());
    }

    #[test]
    fn a_file_without_write_permission_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "kept").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        assert_eq!(write(&path, "x").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
    }

    #[test]
    fn an_existing_file_keeps_its_mode_and_a_new_one_gets_the_usual_one() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new, usual) = (dir.path().join("old"), dir.path().join("new"), dir.path().join("usual"));
        fs::write(&old, "").unwrap();
        fs::set_permissions(&old, Permissions::from_mode(0o666)).unwrap();
        fs::write(&usual, "").unwrap();
        write(&old, "x").unwrap();
        write(&new, "x").unwrap();
        assert_eq!((mode(&old), mode(&new)), (0o666, mode(&usual)));
    }

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
