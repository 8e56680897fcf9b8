//! The place of the keyring in a program that was built without it: every operation says so.

use super::{Ring, RingError};
use llmroute_core::model::Secret;

/// The keyring of the system, which this program cannot ask.
#[derive(Debug, Default)]
pub struct System(());

impl Ring for System {
    fn get(&self, _: &str) -> Result<Option<Secret>, RingError> {
        Err(RingError::NotBuilt)
    }

    fn set(&self, _: &str, _: &Secret) -> Result<(), RingError> {
        Err(RingError::NotBuilt)
    }

    fn remove(&self, _: &str) -> Result<bool, RingError> {
        Err(RingError::NotBuilt)
    }
}
