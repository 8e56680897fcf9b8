//! Stands in for the keyring in a build without the feature `keyring`: every operation fails with that reason.

use super::{Keyring, KeyringError};
use llmroute_core::model::Secret;

pub use self::UnavailableKeyring as SystemKeyring;

/// The operating system's keyring, which this build cannot use.
#[derive(Debug, Default)]
pub struct UnavailableKeyring(());

impl Keyring for UnavailableKeyring {
    fn get(&self, _: &str) -> Result<Option<Secret>, KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    fn set(&self, _: &str, _: &Secret) -> Result<(), KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    fn remove(&self, _: &str) -> Result<bool, KeyringError> {
        Err(KeyringError::NotBuilt)
    }
}
