//! The place of the keyring in a program that was built without it: every operation says so.

use super::{Keyring, KeyringError};
use llmroute_core::model::Secret;

/// The keyring of the system, which this program cannot ask.
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
