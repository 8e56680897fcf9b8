//! Reads the small files that a profile or an option names, within bounds.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

/// A file that was not read. `Display` is a predicate: "does not exist".
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no file.
    #[error("does not exist")]
    Missing,
    /// It is a directory, a device or a named pipe: reading it may never end.
    #[error("is not a regular file")]
    NotRegular,
    /// It is larger than the limit.
    #[error("is larger than {} KiB", limit / 1024)]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// It is not text.
    #[error("is not UTF-8: wrong byte at offset {offset}")]
    NotText {
        /// The offset of the first wrong byte.
        offset: usize,
    },
    /// The system refused.
    #[error("cannot be read: {}", reason(.0))]
    Io(#[source] io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// The system's words for `error`, in lower case and without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Reads the text of a file of at most `limit` bytes.
///
/// Regular files are read, and pipes that the process inherited (`--profile <(…)`).
///
/// # Errors
/// A file that is missing, too large, not a file or not text.
pub fn read_text(path: &Path, limit: u64) -> Result<String, ReadError> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() && !is_inherited_pipe(path, &metadata) {
        return Err(ReadError::NotRegular);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { limit });
    }
    String::from_utf8(bytes).map_err(|error| ReadError::NotText { offset: error.utf8_error().valid_up_to() })
}

fn is_inherited_pipe(path: &Path, metadata: &Metadata) -> bool {
    let inherited = ["/dev/fd", "/proc/self/fd", "/dev/stdin"].iter().any(|prefix| path.starts_with(prefix));
    inherited && metadata.file_type().is_fifo()
}

/// The reason why others can change the file at `path`, if they can.
pub(crate) fn writable_by_others(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    let (mode, owner, own) = (metadata.permissions().mode(), metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != own && owner != 0 {
        return Some(format!("it belongs to user {owner}"));
    }
    (mode & 0o022 != 0).then(|| format!("mode {:04o}", mode & 0o777))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &Path, limit: u64, want: Result<&str, &str>) {
        let got = read_text(path, limit).map_err(|error| error.to_string());
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{}", path.display());
    }

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "x".repeat(1024)).unwrap();
        check(&path, 1024, Ok(&"x".repeat(1024)));
        std::fs::write(&path, "x".repeat(1025)).unwrap();
        check(&path, 1024, Err("is larger than 1 KiB"));
        std::fs::write(&path, b"ab\xff").unwrap();
        check(&path, 1024, Err("is not UTF-8: wrong byte at offset 2"));
        check(&dir.path().join("b"), 1024, Err("does not exist"));
        check(&path.join("c"), 1024, Err("does not exist"));
    }

    #[test]
    fn a_device_a_directory_and_a_named_pipe_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        for path in [Path::new("/dev/zero"), dir.path(), &fifo] {
            check(path, 1024, Err("is not a regular file"));
        }
    }

    #[test]
    fn a_file_that_others_can_write_is_recognised() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "").unwrap();
        for (mode, want) in [(0o644, None), (0o600, None), (0o664, Some("mode 0664")), (0o602, Some("mode 0602"))] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(writable_by_others(&path).as_deref(), want);
        }
    }
}
