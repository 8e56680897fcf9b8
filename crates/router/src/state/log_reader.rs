//! Read-only access to the log.

use std::path::Path;

use crate::ports::StoreError;
use llmroute_core::model::Timestamp;

use super::sqlite::SqliteLog;
use super::{LogQuery, LogRecord, RedisStore, StateLocation};

/// The log of a shared state.
#[derive(Debug)]
pub struct LogReader(Backend);

/// The location of the log.
#[derive(Debug)]
enum Backend {
    Sqlite(SqliteLog),
    Redis(RedisStore),
}

impl LogReader {
    /// Opens the log in the state directory `dir`; `None` if there is none.
    ///
    /// # Errors
    /// Fails if the database cannot be opened or has another version.
    pub fn open(dir: &Path) -> Result<Option<Self>, StoreError> {
        Ok(SqliteLog::open(dir)?.map(|log| Self(Backend::Sqlite(log))))
    }

    /// Opens the log of the state at `location`; `None` if there is none, as in memory. A server is
    /// contacted by the first query.
    ///
    /// # Errors
    /// As [`LogReader::open`].
    pub fn at(location: &StateLocation) -> Result<Option<Self>, StoreError> {
        match location {
            StateLocation::Dir(dir) => Self::open(dir),
            StateLocation::Redis(url) => Ok(Some(Self(Backend::Redis(RedisStore::new(url))))),
            StateLocation::Memory | StateLocation::NoHome => Ok(None),
        }
    }

    /// The latest `count` requests, oldest first.
    ///
    /// # Errors
    /// Fails if the log cannot be read.
    pub fn last(&self, count: usize) -> Result<Vec<LogRecord>, StoreError> {
        match &self.0 {
            Backend::Sqlite(log) => log.last(count),
            Backend::Redis(redis) => redis.last(count),
        }
    }

    /// The requests since `since`, oldest first, without their texts.
    ///
    /// # Errors
    /// Fails if the log cannot be read.
    pub(crate) fn since(&self, since: Timestamp) -> Result<Vec<LogRecord>, StoreError> {
        match &self.0 {
            Backend::Sqlite(log) => log.since(since),
            Backend::Redis(redis) => redis.since(since),
        }
    }

    /// The request with the full id `id`.
    ///
    /// # Errors
    /// Fails if the log cannot be read.
    pub fn get(&self, id: &str) -> Result<Option<LogRecord>, StoreError> {
        match &self.0 {
            Backend::Sqlite(log) => log.get(id),
            Backend::Redis(redis) => redis.get(id),
        }
    }

    /// The latest `count` requests that match `query`, oldest first.
    ///
    /// # Errors
    /// Fails if the log cannot be read.
    pub fn find(&self, query: &LogQuery, count: usize) -> Result<Vec<LogRecord>, StoreError> {
        match &self.0 {
            Backend::Sqlite(log) => log.find(query, count),
            Backend::Redis(redis) => redis.find(query, count),
        }
    }

    /// All turns of the conversation with the full id `id`, in the order of their ids.
    ///
    /// # Errors
    /// Fails if the log cannot be read.
    pub(crate) fn turns(&self, id: &str) -> Result<Vec<LogRecord>, StoreError> {
        match &self.0 {
            Backend::Sqlite(log) => log.turns(id),
            Backend::Redis(redis) => redis.turns(id),
        }
    }

    /// The ids of the `count` conversations with the latest turns, latest first.
    ///
    /// # Errors
    /// Fails if the log cannot be read.
    pub(crate) fn conversations(&self, count: usize) -> Result<Vec<String>, StoreError> {
        match &self.0 {
            Backend::Sqlite(log) => log.conversations(count),
            Backend::Redis(redis) => redis.conversations(count),
        }
    }

    /// Ids that begin or end with `part`, in any case, latest first; at most `limit`.
    ///
    /// # Errors
    /// Fails if the log cannot be read.
    pub(crate) fn matching(&self, part: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        match &self.0 {
            Backend::Sqlite(log) => log.matching(part, limit),
            Backend::Redis(redis) => redis.matching(part, limit),
        }
    }
}
