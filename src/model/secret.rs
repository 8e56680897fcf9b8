//! A credential that cannot be displayed by accident, and the places where one can be.

use std::fmt;
use std::path::PathBuf;

/// A key or token. `Debug` hides it, there is no `Display`, and it is never serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `value` as it is.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the header of a request and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where one key is, as the profile says it.
#[derive(Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The endpoint takes no key.
    None,
    /// The first of these environment variables that is set and not empty.
    Env(Vec<String>),
    /// The output of a shell command, run at most once per process.
    Command(String),
    /// The first line of a file.
    File(PathBuf),
    /// In the keyring of the system, by this name.
    Keyring(String),
    /// Written in the profile itself.
    Literal(Secret),
}

impl fmt::Display for KeySource {
    /// Says where the key is, never what it is; a command is shown without its arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no key"),
            Self::Env(names) => write!(f, "env:{}", names.join("|")),
            Self::Command(command) => write!(f, "cmd:{} …", command.split_whitespace().next().unwrap_or_default()),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Keyring(name) => write!(f, "keyring:{name}"),
            Self::Literal(_) => f.write_str("a key in the profile"),
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySource({self})")
    }
}
