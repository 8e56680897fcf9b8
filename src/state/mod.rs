//! What processes remember together: breakers, latencies, limits, and the log of requests.
//!
//! It owns where that lies and how it is kept whole; what the values mean belongs to `route`.

mod degrading;
mod memory;
mod reader;
mod sqlite;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ports::{LogEnd, LogStart, Store};

pub use degrading::Degrading;
pub use memory::Memory;
pub use reader::LogReader;
pub use sqlite::Sqlite;

/// Where the state is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A database in this directory, shared by the processes of one machine.
    Dir(PathBuf),
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
        Location::Memory => Arc::new(Memory::default()),
    }
}

/// The database in the state directory `dir`; `-wal` and `-shm` lie beside it.
#[must_use]
pub fn database(dir: &Path) -> PathBuf {
    dir.join("state.db")
}
