//! The names of saved keys, since not every keyring can list them. It holds no keys.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;

use crate::state_location;

/// The file of names, one a line, sorted; readable only by its owner.
#[derive(Debug)]
pub(crate) struct KeyNames {
    path: Option<PathBuf>,
}

impl KeyNames {
    /// The file in the state folder.
    pub(crate) fn at(folder: Option<PathBuf>) -> Self {
        Self { path: folder.map(|folder| folder.join("keys")) }
    }

    /// Its path, for messages.
    pub(crate) fn shown(&self) -> String {
        self.path.as_ref().map_or_else(|| "keys".to_owned(), |path| path.display().to_string())
    }

    /// Reads the names; a missing file is empty.
    pub(crate) fn read(&self) -> io::Result<Vec<String>> {
        let Some(path) = &self.path else { return Ok(Vec::new()) };
        match fs::read_to_string(path) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Adds `name`.
    pub(crate) fn add(&self, name: &str) -> io::Result<()> {
        let mut names = self.read()?;
        if let Err(at) = names.binary_search_by(|known| known.as_str().cmp(name)) {
            names.insert(at, name.to_owned());
            self.write(&names)?;
        }
        Ok(())
    }

    /// Removes `name` and returns `true` if it was there.
    pub(crate) fn remove(&self, name: &str) -> io::Result<bool> {
        let mut names = self.read()?;
        let before = names.len();
        names.retain(|known| known != name);
        if names.len() < before {
            self.write(&names)?;
        }
        Ok(names.len() < before)
    }

    /// Writes atomically; a temporary file has the mode 0600.
    fn write(&self, names: &[String]) -> io::Result<()> {
        let no_home = || io::Error::new(ErrorKind::NotFound, "neither `HOME` nor `XDG_STATE_HOME` is set");
        let path = self.path.as_ref().ok_or_else(no_home)?;
        let folder = path.parent().ok_or_else(no_home)?;
        state_location::make_private(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        for name in names {
            writeln!(file, "{name}")?;
        }
        file.persist(path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_file_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let names = KeyNames::at(Some(dir.path().join("state")));
        assert_eq!(names.read().unwrap(), [""; 0]);
        names.add("b").unwrap();
        names.add("a").unwrap();
        let mode = |path: &str| fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("state"), mode("state/keys")), (0o700, 0o600));
        assert_eq!(fs::read_to_string(dir.path().join("state/keys")).unwrap(), "a\nb\n");
    }

    #[test]
    fn without_a_home_nothing_can_be_kept() {
        let names = KeyNames::at(None);
        assert!(names.add("a").is_err());
        assert_eq!(names.read().unwrap(), [""; 0]);
    }
}
