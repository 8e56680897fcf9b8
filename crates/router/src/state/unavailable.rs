//! Stands in for a store that this build does not contain: every operation fails with that reason.

use std::path::{Path, PathBuf};

use crate::ports::{LogEnd, LogStart, Store, StoreError, StoreErrorKind};
use llmroute_core::model::RedisUrl;

use super::{LogQuery, LogRecord};

/// A store that cannot be used.
#[derive(Debug)]
pub struct UnavailableStore {
    reason: String,
}

/// A location of the state that needs a feature.
pub(crate) trait NeedsFeature {
    /// Returns the location for messages, and the feature.
    fn describe(&self) -> (String, &'static str);
}

impl NeedsFeature for RedisUrl {
    fn describe(&self) -> (String, &'static str) {
        (self.to_string(), "redis")
    }
}

impl NeedsFeature for PathBuf {
    fn describe(&self) -> (String, &'static str) {
        self.as_path().describe()
    }
}

impl NeedsFeature for Path {
    fn describe(&self) -> (String, &'static str) {
        (self.display().to_string(), "sqlite")
    }
}

impl UnavailableStore {
    /// The store at `location`, which this build cannot use.
    #[must_use]
    pub(crate) fn new<L: NeedsFeature + ?Sized>(location: &L) -> Self {
        let (location, feature) = location.describe();
        let hint = format!("build it with `--features {feature}`");
        Self { reason: format!("cannot use `{location}`: it needs the feature `{feature}`\nhint: {hint}") }
    }

    pub(crate) fn last(&self, _: usize) -> Result<Vec<LogRecord>, StoreError> {
        self.missing()
    }

    pub(crate) fn since(&self, _: llmroute_core::model::Timestamp) -> Result<Vec<LogRecord>, StoreError> {
        self.missing()
    }

    pub(crate) fn get(&self, _: &str) -> Result<Option<LogRecord>, StoreError> {
        self.missing()
    }

    pub(crate) fn matching(&self, _: &str, _: usize) -> Result<Vec<String>, StoreError> {
        self.missing()
    }

    pub(crate) fn find(&self, _: &LogQuery, _: usize) -> Result<Vec<LogRecord>, StoreError> {
        self.missing()
    }

    pub(crate) fn turns(&self, _: &str) -> Result<Vec<LogRecord>, StoreError> {
        self.missing()
    }

    pub(crate) fn conversations(&self, _: usize) -> Result<Vec<String>, StoreError> {
        self.missing()
    }

    pub(super) fn missing<T>(&self) -> Result<T, StoreError> {
        Err(StoreError { kind: StoreErrorKind::Unusable, reason: self.reason.clone() })
    }
}

impl Store for UnavailableStore {
    fn read(&self, _: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        self.missing()
    }

    fn update(&self, _: &[String], _: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        self.missing()
    }

    fn begin(&self, _: &LogStart) -> Result<(), StoreError> {
        self.missing()
    }

    fn finish(&self, _: &str, _: &LogEnd) -> Result<(), StoreError> {
        self.missing()
    }

    fn keys(&self, _: &str) -> Result<Vec<String>, StoreError> {
        self.missing()
    }

    fn delete(&self, _: &[String]) -> Result<usize, StoreError> {
        self.missing()
    }

    fn clear_log(&self) -> Result<usize, StoreError> {
        self.missing()
    }
}
