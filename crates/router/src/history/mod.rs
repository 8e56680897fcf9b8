//! Queries of the log of requests.

mod conversation;
mod entry;
mod last_call;
pub mod stats;

use crate::ports::StoreError;
use crate::state::{LogReader, StateLocation};
use llmroute_core::model::Timestamp;

pub use crate::ports::{LogEnd, LogStart};
pub use crate::state::{LogQuery, LoggedAttempt, LoggedRequest, SearchTerms};
pub use conversation::{ConversationSummary, messages, with_attachment_kinds};
pub use entry::{LogEntry, rfc3339};
pub use last_call::{LastCall, last_calls};
pub use stats::{CallStats, P95_NEEDS, StatsByKey};

/// The number of ids listed for an ambiguous one.
const CANDIDATES: usize = 4;

/// The log of requests.
#[derive(Debug)]
pub struct History {
    /// `None` if nothing was ever logged there.
    reader: Option<LogReader>,
    place: String,
}

/// The reasons why the log has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The state is in memory only.
    #[error("the state is in memory, so nothing is logged")]
    InMemory,
    /// Without a home directory, the state is in memory only.
    #[error("the state is in memory, so nothing is logged: there is no home directory")]
    NoHome,
    /// There is no log, or nothing in it.
    #[error("nothing is logged in `{}` yet", .0)]
    Empty(String),
    /// No request has this id.
    #[error("no request `{0}` is logged")]
    Unknown(String),
    /// No conversation has this id.
    #[error("no conversation `{0}` is logged")]
    UnknownConversation(String),
    /// Several requests match the id.
    #[error("`{part}` could be {}", ids.join(", "))]
    Ambiguous {
        /// The given id.
        part: String,
        /// Some of the matching ids.
        ids: Vec<String>,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HistoryError {
    /// Returns what to do next.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::InMemory => Some("leave out `--state memory`, or name a directory"),
            Self::NoHome => Some("set `HOME` or `XDG_STATE_HOME`, or use `--state DIR`"),
            Self::Empty(_) => Some("`llmroute ask` logs its requests, except with `--no-log`"),
            Self::Unknown(_) => {
                Some("`llmroute logs` lists the latest requests; a unique beginning or end of an id is enough")
            }
            Self::UnknownConversation(_) => {
                Some("`llmroute logs --conversations` lists the latest; a unique beginning or end of an id is enough")
            }
            Self::Ambiguous { .. } => Some("give more characters of the id"),
            Self::Store(_) => None,
        }
    }
}

impl History {
    /// Opens the log at `location` for reading.
    ///
    /// # Errors
    /// [`HistoryError::InMemory`], [`HistoryError::NoHome`], or when it cannot be opened. A log that is not there yet is empty.
    pub fn open(location: &StateLocation) -> Result<Self, HistoryError> {
        match location {
            StateLocation::Dir(dir) => Ok(Self { reader: LogReader::at(location)?, place: dir.display().to_string() }),
            StateLocation::Redis(url) => Ok(Self { reader: LogReader::at(location)?, place: url.to_string() }),
            StateLocation::Memory => Err(HistoryError::InMemory),
            StateLocation::NoHome => Err(HistoryError::NoHome),
        }
    }

    /// The latest `count` requests, oldest first.
    ///
    /// # Errors
    /// [`HistoryError::Empty`] when there are none, or when the log cannot be read.
    pub fn last(&self, count: usize) -> Result<Vec<LogEntry>, HistoryError> {
        let records = self.reader()?.last(count)?;
        if records.is_empty() {
            return Err(self.empty());
        }
        Ok(records.into_iter().map(LogEntry::from).collect())
    }

    /// The latest `count` requests that match `query`, oldest first.
    ///
    /// # Errors
    /// [`HistoryError::Empty`] when nothing was ever logged, or when the log cannot be read.
    pub fn find(&self, query: &LogQuery, count: usize) -> Result<Vec<LogEntry>, HistoryError> {
        let records = self.reader()?.find(query, count)?;
        Ok(records.into_iter().map(LogEntry::from).collect())
    }

    /// Calls `visit` for each request from `since` on and before `until`, in no order, without its texts.
    ///
    /// # Errors
    /// [`HistoryError::Empty`] when nothing was ever logged, or when the log cannot be read.
    pub fn visit(
        &self,
        since: Timestamp,
        until: Timestamp,
        visit: &mut dyn FnMut(LoggedRequest),
    ) -> Result<(), HistoryError> {
        Ok(self.reader()?.visit(since, until, visit)?)
    }

    /// The request `id`: `last`, a full id, or a unique prefix or suffix.
    ///
    /// # Errors
    /// [`HistoryError::Empty`], [`HistoryError::Unknown`], [`HistoryError::Ambiguous`], or when the
    /// log cannot be read.
    pub fn get(&self, id: &str) -> Result<LogEntry, HistoryError> {
        if id == "last" {
            return self.last(1)?.pop().ok_or_else(|| self.empty());
        }
        let reader = self.reader()?;
        let unknown = || HistoryError::Unknown(id.to_owned());
        if let Some(record) = reader.get(id)? {
            return Ok(record.into());
        }
        let mut ids = if id.is_empty() { Vec::new() } else { reader.matching(id, CANDIDATES)? };
        if ids.len() > 1 {
            return Err(HistoryError::Ambiguous { part: id.to_owned(), ids });
        }
        let whole = ids.pop().ok_or_else(unknown)?;
        reader.get(&whole)?.map(LogEntry::from).ok_or_else(unknown)
    }

    fn reader(&self) -> Result<&LogReader, HistoryError> {
        self.reader.as_ref().ok_or_else(|| self.empty())
    }

    fn empty(&self) -> HistoryError {
        HistoryError::Empty(self.place.clone())
    }
}
