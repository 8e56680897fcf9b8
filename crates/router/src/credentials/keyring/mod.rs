//! Keys in the operating system's keyring, one named entry each. The list of names is stored elsewhere.

#[cfg(not(feature = "keyring"))]
#[path = "unavailable.rs"]
mod system;
#[cfg(feature = "keyring")]
mod system;

use llmroute_core::model::Secret;

pub use system::SystemKeyring;

/// A keyring. Calls block, and may wait for a person to unlock it.
pub trait Keyring: Send + Sync {
    /// The key called `name`, if there is one.
    ///
    /// # Errors
    /// Fails if the keyring cannot be read.
    fn get(&self, name: &str) -> Result<Option<Secret>, KeyringError>;

    /// Saves `key` as `name`, and replaces an earlier one.
    ///
    /// # Errors
    /// Fails if the keyring cannot be changed.
    fn set(&self, name: &str, key: &Secret) -> Result<(), KeyringError>;

    /// Removes the key called `name` and returns `true` if there was one.
    ///
    /// # Errors
    /// Fails if the keyring cannot be changed.
    fn remove(&self, name: &str) -> Result<bool, KeyringError>;
}

/// The failure of a keyring operation. It contains no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// This build has no keyring support.
    #[error("this build has no keyring (feature `keyring`)")]
    NotBuilt,
    /// No keyring service runs on this machine.
    #[error("no keyring service answers: {0}")]
    NoService(String),
    /// It is locked, and stayed so.
    #[error("the keyring is locked: {0}")]
    Locked(String),
    /// Any other failure.
    #[error("the keyring failed: {0}")]
    Failed(String),
}

impl KeyringError {
    /// The remedy.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotBuilt => {
                "build it with `--features keyring`, or keep the key in a file of mode 0600 \
                 (`file:PATH`), or let a command print it (`cmd:COMMAND`)"
            }
            Self::NoService(_) => {
                "start one (GNOME Keyring, KWallet or KeePassXC, with a session bus); containers and servers \
                 have none: use `env:NAME`, `file:PATH` or `cmd:COMMAND` there"
            }
            Self::Locked(_) => "unlock it in your desktop session and try again",
            Self::Failed(_) => "`env:NAME`, `file:PATH` and `cmd:COMMAND` need no keyring",
        }
    }
}

/// A keyring in memory, for tests.
#[doc(hidden)]
#[derive(Default)]
pub struct MemoryKeyring(std::sync::Mutex<std::collections::BTreeMap<String, Secret>>);

impl Keyring for MemoryKeyring {
    fn get(&self, name: &str) -> Result<Option<Secret>, KeyringError> {
        Ok(self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(name).cloned())
    }

    fn set(&self, name: &str, key: &Secret) -> Result<(), KeyringError> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(name.to_owned(), key.clone());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool, KeyringError> {
        Ok(self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(name).is_some())
    }
}
