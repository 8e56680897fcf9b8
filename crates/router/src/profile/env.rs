//! The environment as a value: a snapshot that the caller takes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Environment variables at one moment. `Debug` shows names only: values may be keys.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvVars(BTreeMap<String, String>);

impl EnvVars {
    /// Returns the value of `name`; an empty one counts as not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the first of `names` that is set, with its value.
    pub(crate) fn first<'n, N: AsRef<str>>(&self, names: &'n [N]) -> Option<(&'n str, &str)> {
        names.iter().find_map(|name| Some((name.as_ref(), self.get(name.as_ref())?)))
    }

    /// Returns the home directory.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from)
    }

    /// Returns the directory of the state: `$XDG_STATE_HOME/llmroute`, else `~/.local/state/llmroute`.
    #[must_use]
    pub fn state_dir(&self) -> Option<PathBuf> {
        let base = self.get("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        base.or_else(|| Some(self.home()?.join(".local/state"))).map(|base| base.join("llmroute"))
    }

    /// Returns all of them.
    #[must_use]
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for EnvVars {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(vars: I) -> Self {
        Self(vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for EnvVars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_unset() {
        let vars = EnvVars::from_iter([("A", ""), ("B", "b")]);
        assert_eq!(vars.get("A"), None);
        assert_eq!(vars.first(&["A", "B"]), Some(("B", "b")));
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", EnvVars::from_iter([("KEY", "sk-secret")])), r#"{"KEY"}"#);
    }
}
