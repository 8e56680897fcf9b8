//! The log as others read it: a connection that cannot write.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::ports::StoreError;

use super::Record;
use super::sqlite::{fault, log, open};

/// The log of a state directory.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    connection: Connection,
}

impl LogReader {
    /// Opens the log in the state directory `dir`; `None` when nothing was ever kept there.
    ///
    /// # Errors
    /// When the database cannot be opened or is not of this version.
    pub fn open(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = super::database(dir);
        Ok(open::reading(&path)?.map(|connection| Self { path, connection }))
    }

    /// The latest `count` requests, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last(&self, count: usize) -> Result<Vec<Record>, StoreError> {
        self.run(|connection| log::last(connection, count))
    }

    /// The request whose whole id is `id`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn get(&self, id: &str) -> Result<Option<Record>, StoreError> {
        self.run(|connection| log::get(connection, id))
    }

    /// Ids that begin or end with `part`, in any case, latest first; at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn matching(&self, part: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.run(|connection| log::matching(connection, part, limit))
    }

    fn run<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        query(&self.connection).map_err(|error| fault::of_sqlite(&self.path, &error))
    }
}
