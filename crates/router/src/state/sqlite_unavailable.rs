//! Stands in for `sqlite` in a build without the feature `sqlite`.

use std::path::{Path, PathBuf};

use super::unavailable::UnavailableStore;
use crate::ports::StoreError;

pub(crate) use super::unavailable::UnavailableStore as SqliteLog;
pub use super::unavailable::UnavailableStore as SqliteStore;

impl UnavailableStore {
    /// The same: there is no log to limit.
    #[must_use]
    pub(super) fn with_retention(self, _: super::Retention) -> Self {
        self
    }

    pub(crate) fn open(dir: &Path) -> Result<Option<Self>, StoreError> {
        Self::new(dir).missing()
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.missing()
    }
}

/// Moves nothing aside.
///
/// # Errors
/// Always.
pub(crate) fn set_aside(database: &Path, _: &str) -> Result<PathBuf, StoreError> {
    UnavailableStore::new(database).missing()
}
