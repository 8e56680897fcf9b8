//! A credential that cannot be displayed by accident, and the places where one can be.

use std::fmt;
use std::path::PathBuf;

use super::AwsKeys;

/// A key or token. `Debug` hides it, there is no `Display`, and it is never serialized.
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

    /// Keys that sign a request and are not sent with it: an id, a secret, and the token of the session
    /// when they are good for some hours only. None of them can hold a line break.
    #[must_use]
    pub fn signing(id: &str, secret: &str, session: Option<&str>) -> Self {
        Self([id, secret].into_iter().chain(session).collect::<Vec<_>>().join("\n"))
    }

    /// The signing keys, if it is such a secret.
    #[must_use]
    pub fn signing_parts(&self) -> Option<SigningKeys<'_>> {
        let mut parts = self.parts();
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(id), Some(secret), session, None) => Some(SigningKeys { id, secret, session }),
            _ => None,
        }
    }

    /// Everything in it that must not be shown: one text, or the parts of keys that sign.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('\n').filter(|part| !part.is_empty())
    }
}

/// Keys that sign requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SigningKeys<'a> {
    /// The public access key id.
    pub id: &'a str,
    /// The signing key, which never leaves the process.
    pub secret: &'a str,
    /// Proves that they are good for now.
    pub session: Option<&'a str>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The source of one key in the profile.
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
    /// The places that AWS tools search.
    Aws(AwsKeys),
    /// A token of Google's application default credentials: of this file, or of the machine itself.
    Google(Option<PathBuf>),
}

impl KeySource {
    /// A placeholder for the key where nothing is sent; `None` without a key.
    #[must_use]
    pub fn stand_in(&self) -> Option<Secret> {
        match self {
            Self::None => None,
            Self::Env(_) | Self::Command(_) | Self::File(_) | Self::Keyring(_) | Self::Literal(_) | Self::Google(_) => {
                Some(Secret::new("KEY"))
            }
            Self::Aws(_) => Some(Secret::signing("KEY", "KEY", None)),
        }
    }
}

impl fmt::Display for KeySource {
    /// Shows the source of the key, never the key; a command is shown without its arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no key"),
            Self::Env(names) => write!(f, "env:{}", names.join("|")),
            Self::Command(command) => write!(f, "cmd:{} …", command.split_whitespace().next().unwrap_or_default()),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Keyring(name) => write!(f, "keyring:{name}"),
            Self::Literal(_) => f.write_str("a key in the profile"),
            Self::Aws(keys) => keys.fmt(f),
            Self::Google(Some(path)) => write!(f, "adc:{}", path.display()),
            Self::Google(None) => f.write_str("adc:"),
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySource({self})")
    }
}
