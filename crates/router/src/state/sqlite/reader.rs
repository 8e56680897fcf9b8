//! Read-only access to the log in a database.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{error, log, open, search, word_index};
use crate::ports::StoreError;
use crate::state::{LogQuery, LogRecord};
use llmroute_core::model::Timestamp;

/// The log in a database. The methods are those of [`LogReader`](crate::state::LogReader).
#[derive(Debug)]
pub(crate) struct SqliteLog {
    path: PathBuf,
    connection: Connection,
}

impl SqliteLog {
    pub(crate) fn open(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = crate::state::database(dir);
        // An older database is migrated if it is writable.
        let opened = open::reading(&path).or_else(|error| open::existing(&path).or(Err(error)));
        Ok(opened?.map(|connection| Self { path, connection }))
    }

    pub(crate) fn last(&self, count: usize) -> Result<Vec<LogRecord>, StoreError> {
        self.check(log::last(&self.connection, count))
    }

    pub(crate) fn since(&self, since: Timestamp) -> Result<Vec<LogRecord>, StoreError> {
        self.check(log::since(&self.connection, since))
    }

    pub(crate) fn get(&self, id: &str) -> Result<Option<LogRecord>, StoreError> {
        self.check(log::get(&self.connection, id))
    }

    pub(crate) fn find(&self, query: &LogQuery, count: usize) -> Result<Vec<LogRecord>, StoreError> {
        if !query.words.is_empty() {
            word_index::complete(&self.path);
        }
        self.check(search::search(&self.connection, query, count))
    }

    pub(crate) fn turns(&self, id: &str) -> Result<Vec<LogRecord>, StoreError> {
        self.check(log::turns(&self.connection, id))
    }

    pub(crate) fn conversations(&self, count: usize) -> Result<Vec<String>, StoreError> {
        self.check(log::conversations(&self.connection, count))
    }

    pub(crate) fn matching(&self, part: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.check(log::matching(&self.connection, part, limit))
    }

    fn check<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| error::of_sqlite(&self.path, &error))
    }
}
