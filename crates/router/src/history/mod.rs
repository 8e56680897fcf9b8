//! What was asked and answered: questions to the log. It knows no command line and writes nothing.

mod conversation;
mod entry;
mod last_call;
mod stats;

use crate::ports::StoreError;
use crate::state::{LogReader, StateLocation};
use llmroute_core::model::Timestamp;

pub use crate::ports::{LogEnd, LogStart};
pub use crate::state::{LogQuery, SearchTerms};
pub use conversation::{ConversationSummary, messages, with_attachment_kinds};
pub use entry::{LogEntry, rfc3339};
pub use last_call::{LastCall, last_calls};
pub use stats::{CallStats, P95_NEEDS, stats};

/// Ids that an ambiguous one is explained with.
const CANDIDATES: usize = 4;

/// The log of requests.
#[derive(Debug)]
pub struct History {
    /// `None` when nothing was ever logged there.
    reader: Option<LogReader>,
    place: String,
}

/// Why the log has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The state is not kept anywhere.
    #[error("the state is in memory, so nothing is logged\nhint: leave out `--state memory`, or name a directory")]
    InMemory,
    /// There is no home directory, so the state is not kept anywhere.
    #[error(
        "the state is in memory, so nothing is logged: there is no home directory\nhint: set `HOME` or `XDG_STATE_HOME`, or use `--state DIR`"
    )]
    NoHome,
    /// There is no log, or nothing in it.
    #[error("nothing is logged in `{}` yet\nhint: `llmroute ask` logs what it does, unless `--no-log` says otherwise", .0)]
    Empty(String),
    /// No request has this id.
    #[error(
        "no request `{0}` is logged\nhint: `llmroute logs` lists the latest; any unique beginning or end of an id will do"
    )]
    Unknown(String),
    /// No conversation has this id.
    #[error(
        "no conversation `{0}` is logged\nhint: `llmroute logs --conversations` lists the latest; any unique beginning or end of an id will do"
    )]
    UnknownConversation(String),
    /// Several requests have such an id.
    #[error("`{part}` could be {}\nhint: give more of the id", ids.join(", "))]
    Ambiguous {
        /// What was looked for.
        part: String,
        /// Some of the ids that fit.
        ids: Vec<String>,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
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

    /// The latest `count` requests that `query` wants, oldest first; none when there are none.
    ///
    /// # Errors
    /// [`HistoryError::Empty`] when nothing was ever logged, or when the log cannot be read.
    pub fn find(&self, query: &LogQuery, count: usize) -> Result<Vec<LogEntry>, HistoryError> {
        let records = self.reader()?.find(query, count)?;
        Ok(records.into_iter().map(LogEntry::from).collect())
    }

    /// The requests that were asked at `since` or later, oldest first, without their texts.
    ///
    /// # Errors
    /// [`HistoryError::Empty`] when nothing was ever logged, or when the log cannot be read.
    pub fn since(&self, since: Timestamp) -> Result<Vec<LogEntry>, HistoryError> {
        Ok(self.reader()?.since(since)?.into_iter().map(LogEntry::from).collect())
    }

    /// The request that `id` means: `last`, a whole id, or the beginning or end of just one.
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
