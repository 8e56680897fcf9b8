//! The state that processes share: breakers, latencies, limits, and the log of requests.
//!
//! It owns storage and integrity; `routing` defines the values.

#[cfg(any(feature = "redis", feature = "sqlite"))]
mod distinct_ids;
mod fallback_store;
mod handle;
#[cfg_attr(not(all(feature = "redis", feature = "sqlite")), allow(dead_code, reason = "each log uses a part of it"))]
mod log_config;
mod log_query;
mod log_reader;
mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(not(feature = "redis"))]
#[path = "redis_unavailable.rs"]
mod redis;
#[cfg_attr(not(all(feature = "redis", feature = "sqlite")), allow(dead_code, reason = "each log uses a part of it"))]
mod search_terms;
mod split_store;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(not(feature = "sqlite"))]
#[path = "sqlite_unavailable.rs"]
mod sqlite;
#[cfg(any(feature = "redis", feature = "sqlite"))]
mod truncate;
#[cfg(not(all(feature = "redis", feature = "sqlite")))]
mod unavailable;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ports::{LogEnd, LogStart, Store, StoreError};
use llmroute_core::model::RedisUrl;

pub use fallback_store::FallbackStore;
pub(crate) use handle::StateHandle;
pub use log_config::{LogConfig, LogPlace, OnStateLoss, Retention};
pub use log_query::LogQuery;
pub use log_reader::LogReader;
pub use memory::MemoryStore;
pub use redis::RedisStore;
pub use search_terms::SearchTerms;
pub use sqlite::SqliteStore;

/// The location of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateLocation {
    /// A database in this directory, shared by the processes of one machine.
    Dir(PathBuf),
    /// A Redis server, shared by many machines.
    Redis(RedisUrl),
    /// This process alone, as the user chose.
    Memory,
    /// This process alone, because there is no home directory to keep a database in.
    NoHome,
}

/// The warning where a state is in memory by no choice of the user.
const NO_HOME: &str = "the state is in memory, so limits and cooldowns hold for this process only and nothing is \
                       logged: there is no home directory\nhint: set `HOME` or `XDG_STATE_HOME`, or use `--state DIR`";

/// A logged request, and its result if known.
pub type LogRecord = (LogStart, Option<LogEnd>);

/// The store at `location`. It does no I/O before the first operation, and a problem with the
/// state never fails a request: it gives one warning ([`Store::take_warning`]).
#[must_use]
pub fn open(location: &StateLocation) -> Arc<dyn Store> {
    open_values(location, Retention::default(), OnStateLoss::default())
}

/// The store at `location` with a log as in `config`; `home` is the state directory of this machine.
#[must_use]
pub(crate) fn open_with(
    location: &StateLocation,
    config: &LogConfig,
    on_loss: OnStateLoss,
    home: Option<&Path>,
) -> Arc<dyn Store> {
    let values = open_values(location, config.retention, on_loss);
    let log = match (location, config.place) {
        (StateLocation::Redis(_), LogPlace::Local) => {
            let place = home.map_or(StateLocation::NoHome, |home| StateLocation::Dir(home.to_owned()));
            Some(open_values(&place, config.retention, OnStateLoss::default()))
        }
        (_, LogPlace::Local | LogPlace::Shared | LogPlace::Off) => None,
    };
    if log.is_none() && config.redact.is_empty() && config.place != LogPlace::Off {
        return values;
    }
    Arc::new(split_store::SplitStore::new(values, log, config.clone()))
}

/// The location of the log of a state at `location`, where the profile says `place`; `home` is the state directory of
/// this machine.
#[must_use]
pub fn log_location(location: StateLocation, place: LogPlace, home: Option<PathBuf>) -> StateLocation {
    match (location, place) {
        (StateLocation::Redis(_), LogPlace::Local | LogPlace::Off) => {
            home.map_or(StateLocation::NoHome, StateLocation::Dir)
        }
        (location, LogPlace::Local | LogPlace::Shared | LogPlace::Off) => location,
    }
}

fn open_values(location: &StateLocation, retention: Retention, on_loss: OnStateLoss) -> Arc<dyn Store> {
    match location {
        StateLocation::Dir(dir) => {
            Arc::new(FallbackStore::new(SqliteStore::new(dir).with_retention(retention)).on_loss(on_loss))
        }
        StateLocation::Redis(url) => Arc::new(FallbackStore::new(RedisStore::new(url)).on_loss(on_loss)),
        StateLocation::Memory => Arc::new(MemoryStore::default()),
        StateLocation::NoHome => Arc::new(MemoryStore::without_home(NO_HOME, on_loss == OnStateLoss::Deny)),
    }
}

/// The store at `location` without a fallback, for maintenance: the caller handles its errors.
#[must_use]
pub fn open_strict(location: &StateLocation) -> Box<dyn Store> {
    match location {
        StateLocation::Dir(dir) => Box::new(SqliteStore::new(dir)),
        StateLocation::Redis(url) => Box::new(RedisStore::new(url)),
        StateLocation::Memory | StateLocation::NoHome => Box::new(MemoryStore::default()),
    }
}

/// Checks the integrity of the state at `location`.
///
/// # Errors
/// [`StoreErrorKind::Damaged`](crate::ports::StoreErrorKind::Damaged) if it is damaged, and any error that
/// prevents reading it.
pub fn check(location: &StateLocation) -> Result<(), StoreError> {
    match location {
        StateLocation::Dir(dir) => SqliteStore::new(dir).check(),
        // A server maintains its own files.
        StateLocation::Redis(_) | StateLocation::Memory | StateLocation::NoHome => Ok(()),
    }
}

/// Moves the database in the state directory `dir` aside, to a name that ends in `stamp`; the next
/// write creates a new one. Returns its new path.
///
/// # Errors
/// Fails if its files cannot be moved.
pub fn set_aside(dir: &Path, stamp: &str) -> Result<PathBuf, StoreError> {
    sqlite::set_aside(&database(dir), stamp)
}

impl fmt::Display for StateLocation {
    /// The location for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dir(dir) => write!(f, "{}", database(dir).display()),
            Self::Redis(url) => write!(f, "{url}"),
            Self::Memory | Self::NoHome => f.write_str("memory"),
        }
    }
}

/// The time for deadlines of operations that block; tokio's clock may be paused meanwhile.
#[expect(clippy::disallowed_methods, reason = "a blocking operation waits in real time")]
fn monotonic_now() -> std::time::Instant {
    std::time::Instant::now()
}

/// The database in the state directory `dir`, with `-wal` and `-shm` beside it.
#[must_use]
pub fn database(dir: &Path) -> PathBuf {
    dir.join("state.db")
}
