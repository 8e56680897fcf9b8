//! What processes remember together: breakers, latencies, limits, and the log of requests.
//!
//! It owns where that lies and how it is kept whole; what the values mean belongs to `route`.

mod cut;
mod degrading;
mod latest;
mod memory;
mod query;
mod reader;
#[cfg(feature = "redis")]
mod redis;
#[cfg(not(feature = "redis"))]
#[path = "no_redis.rs"]
mod redis;
mod sqlite;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ports::{LogEnd, LogStart, Store, StoreError};
use llmroute_core::model::RedisUrl;

pub use degrading::Degrading;
pub use memory::Memory;
pub use query::Query;
pub use reader::LogReader;
pub use redis::Redis;
pub use sqlite::Sqlite;
pub use words::Words;

/// Where the state is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A database in this directory, shared by the processes of one machine.
    Dir(PathBuf),
    /// A Redis server, shared by many machines.
    Redis(RedisUrl),
    /// This process, and nobody else.
    Memory,
}

/// A request in the log, and how it ended if that is known.
pub type Record = (LogStart, Option<LogEnd>);

/// The store at `location`. Nothing is touched before the first operation, and no trouble with the
/// state is ever in the way: it costs one warning ([`Store::take_warning`]).
#[must_use]
pub fn open(location: &Location) -> Arc<dyn Store> {
    match location {
        Location::Dir(dir) => Arc::new(Degrading::new(Sqlite::new(dir))),
        Location::Redis(url) => Arc::new(Degrading::new(Redis::new(url))),
        Location::Memory => Arc::new(Memory::default()),
    }
}

/// The store at `location` as it is, for those who look after it: its errors are theirs.
#[must_use]
pub fn bare(location: &Location) -> Box<dyn Store> {
    match location {
        Location::Dir(dir) => Box::new(Sqlite::new(dir)),
        Location::Redis(url) => Box::new(Redis::new(url)),
        Location::Memory => Box::new(Memory::default()),
    }
}

/// Looks whether what is kept at `location` is whole.
///
/// # Errors
/// [`StoreErrorKind::Damaged`](crate::ports::StoreErrorKind::Damaged) when it is not, and whatever
/// keeps it from being read.
pub fn check(location: &Location) -> Result<(), StoreError> {
    match location {
        Location::Dir(dir) => Sqlite::new(dir).check(),
        // A server looks after its own files.
        Location::Redis(_) | Location::Memory => Ok(()),
    }
}

/// Moves the database in the state directory `dir` aside, to a name that ends in `stamp`; the next
/// write begins a new one. Returns where it is then.
///
/// # Errors
/// When its files cannot be moved.
pub fn set_aside(dir: &Path, stamp: &str) -> Result<PathBuf, StoreError> {
    sqlite::open::set_aside(&database(dir), stamp)
}

impl fmt::Display for Location {
    /// The place as a person finds it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dir(dir) => write!(f, "{}", database(dir).display()),
            Self::Redis(url) => write!(f, "{url}"),
            Self::Memory => f.write_str("memory"),
        }
    }
}

/// The database in the state directory `dir`; `-wal` and `-shm` lie beside it.
#[must_use]
pub fn database(dir: &Path) -> PathBuf {
    dir.join("state.db")
}
