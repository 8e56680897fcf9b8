//! Replaces the keyring in a build without it: every operation fails with that reason.

use super::{Keyring, KeyringError};
use llmroute_core::model::Secret;

/// The operating system's keyring, which this build cannot use.
#[derive(Debug, Default)]
pub struct SystemKeyring(());

impl Keyring for SystemKeyring {
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
