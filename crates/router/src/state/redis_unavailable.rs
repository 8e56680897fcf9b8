//! Replaces `redis` in a build without it: every operation fails with that reason.

use crate::ports::{LogEnd, LogStart, Store, StoreError, StoreErrorKind};
use llmroute_core::model::RedisUrl;

use super::{LogQuery, LogRecord};

/// A store that cannot be used.
#[derive(Debug)]
pub struct RedisStore {
    url: RedisUrl,
}

impl RedisStore {
    /// The store at `url`, which this build cannot reach.
    #[must_use]
    pub(crate) fn new(url: &RedisUrl) -> Self {
        Self { url: url.clone() }
    }

    /// Nothing can be read.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn last(&self, _: usize) -> Result<Vec<LogRecord>, StoreError> {
        self.missing()
    }

    /// Nothing can be read.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn visit(
        &self,
        _: llmroute_core::model::Timestamp,
        _: llmroute_core::model::Timestamp,
        _: &mut dyn FnMut(super::LoggedRequest),
    ) -> Result<(), StoreError> {
        self.missing()
    }

    /// Nothing can be read.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn get(&self, _: &str) -> Result<Option<LogRecord>, StoreError> {
        self.missing()
    }

    /// Nothing can be read.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn matching(&self, _: &str, _: usize) -> Result<Vec<String>, StoreError> {
        self.missing()
    }

    /// Nothing can be read.
    ///
    /// # Errors
    /// Always.
    pub fn find(&self, _: &LogQuery, _: usize) -> Result<Vec<LogRecord>, StoreError> {
        self.missing()
    }

    /// Nothing can be read.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn turns(&self, _: &str) -> Result<Vec<LogRecord>, StoreError> {
        self.missing()
    }

    /// Nothing can be read.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn conversations(&self, _: usize) -> Result<Vec<String>, StoreError> {
        self.missing()
    }

    fn missing<T>(&self) -> Result<T, StoreError> {
        let what = "this llmroute was built without Redis\nhint: build it with `--features redis`";
        Err(StoreError { kind: StoreErrorKind::Unusable, reason: format!("cannot use `{}`: {what}", self.url) })
    }
}

impl Store for RedisStore {
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
