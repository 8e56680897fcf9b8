//! `llmroute logs`: the logged requests as a table, a single one in full, or JSON.

mod conversations;
mod detail;
pub(crate) mod filter;
mod table;

use std::io::{self, Write};

use clap::Args;
use jiff::tz::TimeZone;

use self::filter::FilterArgs;
use crate::commands::Exit;
use crate::commands::Global;
use crate::environment::{Env, Sink};
use crate::error::{CommandError, ErrorKind};
use crate::state_location;
use crate::ui::console::Console;
use crate::ui::sanitize;
use llmroute_core::model::Timestamp;
pub(crate) use llmroute_router::history::{History, HistoryError, LogEntry, rfc3339};
pub(crate) use llmroute_router::state::StateLocation;

/// The number of requests that are listed by default.
const LISTED: usize = 20;

/// Show logged requests
#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// Show one request: `last`, or the beginning or end of its id
    #[arg(value_name = "ID")]
    pub id: Option<String>,

    /// Number of requests to list, latest first (default 20; with `--json` and a filter, all)
    #[arg(long, value_name = "N", conflicts_with = "id", value_parser = clap::value_parser!(u32).range(1..))]
    pub last: Option<u32>,

    /// List conversations by their latest turns
    #[arg(long, conflicts_with_all = ["id", "FilterArgs"])]
    pub conversations: bool,

    /// Print JSON, one object per line
    #[arg(long, conflicts_with = "text")]
    pub json: bool,

    /// Print only the text of the answer; of the last request if no id is given
    #[arg(long, conflicts_with_all = ["conversations", "FilterArgs"])]
    pub text: bool,

    /// The filter of the list.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// The output medium.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The columns of the terminal; `None` without one, where lines have any length.
    pub width: Option<u16>,
    /// The time zone of the person.
    pub zone: TimeZone,
    /// The current time, for relative times.
    pub now: Timestamp,
}

/// The reason why nothing, or not everything, was shown.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The log has no answer.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The request has no text to print.
    #[error("request `{id}` has no text: its outcome is `{outcome}`")]
    NoText {
        /// The whole id.
        id: String,
        /// The name of its outcome.
        outcome: &'static str,
    },
    /// A time cannot be understood.
    #[error("`{flag} {typed}` is not a time")]
    Time {
        /// The option.
        flag: &'static str,
        /// The text as typed.
        typed: String,
    },
    /// No word to search for.
    #[error("`--search {0}` has no word in it")]
    NoWord(String),
    /// The output cannot be written.
    #[error("cannot write to standard output")]
    Output(#[from] io::Error),
}

/// The format of an entry.
#[derive(Debug, Clone, Copy)]
enum EntryFormat {
    Person,
    Json,
    Text,
}

/// Writes the requested list or entry. `Ok(Some(note))` carries a line for stderr: there is nothing to list.
///
/// # Errors
/// See [`LogsError`]; the exit code is 1, 66 for an unknown conversation, or 74 for [`LogsError::Output`].
pub fn write_logs(
    args: &LogsArgs,
    location: &StateLocation,
    sheet: &Layout,
    out: &mut dyn Write,
) -> Result<Option<String>, LogsError> {
    let history = History::open(location)?;
    let last = args.text.then_some("last");
    let note = match args.id.as_deref().or(last) {
        Some(id) => one(&history.get(id)?, args.format(), sheet, out).map(|()| None),
        None if args.conversations => conversations(&history, args, sheet, out),
        None => list(&history, args, sheet, out),
    }?;
    out.flush()?;
    Ok(note)
}

/// Runs the command on the console.
///
/// # Errors
/// `other` if the log has no such request, `output` if it cannot be printed.
pub(crate) fn run(args: &LogsArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let location = state_location::log_location(global, env)?;
    let width = (env.stdout == Sink::Terminal).then(|| console.width());
    let sheet = Layout { width, zone: TimeZone::system(), now: env.now };
    match write_logs(args, &location, &sheet, console.writer()) {
        Ok(note) => {
            if let Some(note) = note {
                console.event(&note);
            }
            Ok(Exit::Success)
        }
        Err(LogsError::Output(error)) => crate::commands::ask::unwritable(&error),
        Err(LogsError::History(error)) => Err(error.into()),
        Err(error @ LogsError::Time { .. }) => {
            Err(CommandError::from_cause(ErrorKind::Usage, error).hint(filter::TIME_HINT))
        }
        Err(error @ LogsError::NoWord(_)) => Err(CommandError::from_cause(ErrorKind::Usage, error)
            .hint("words are letters and digits; `word*` matches words that start with `word`")),
        Err(error @ LogsError::NoText { .. }) => {
            Err(CommandError::from_cause(ErrorKind::Other, error).hint("`llmroute logs ID` shows the request"))
        }
    }
}

impl LogsArgs {
    /// The number of requests to list, and `true` if it was given or cannot cut the list short.
    fn count(&self, filtered: bool) -> (usize, bool) {
        match self.last {
            Some(last) => (usize::try_from(last).unwrap_or(usize::MAX), true),
            None if self.json && filtered => (usize::MAX, true),
            None => (LISTED, false),
        }
    }

    fn format(&self) -> EntryFormat {
        match (self.json, self.text) {
            (true, _) => EntryFormat::Json,
            (false, true) => EntryFormat::Text,
            (false, false) => EntryFormat::Person,
        }
    }
}

fn list(history: &History, args: &LogsArgs, sheet: &Layout, out: &mut dyn Write) -> Result<Option<String>, LogsError> {
    let query = args.filter.query(history, sheet.now, &sheet.zone);
    let mut cut = false;
    let found = query.and_then(|query| {
        let (count, whole) = args.count(!query.is_any());
        if query.is_any() {
            return Ok(history.last(count)?);
        }
        // One more than is listed tells if the list is cut.
        let mut entries = history.find(&query, count.saturating_add(usize::from(!whole)))?;
        cut = !whole && entries.len() > count;
        entries.drain(..entries.len().saturating_sub(count));
        Ok(entries)
    });
    let entries = match found {
        Ok(entries) if entries.is_empty() => return Ok(Some("no logged request fits".to_owned())),
        Ok(entries) => entries,
        Err(LogsError::History(empty @ HistoryError::Empty(_))) => return Ok(Some(empty.to_string())),
        Err(error) => return Err(error),
    };
    if args.json {
        for entry in &entries {
            json(entry, out)?;
        }
    } else {
        writeln!(out, "{}", table::render(&entries, sheet))?;
    }
    Ok(cut.then(|| format!("more requests fit; these are the latest {LISTED} (`--last N` lists more)")))
}

fn conversations(
    history: &History,
    args: &LogsArgs,
    sheet: &Layout,
    out: &mut dyn Write,
) -> Result<Option<String>, LogsError> {
    let conversations = history.conversations(args.count(false).0)?;
    if conversations.is_empty() {
        return Ok(Some("no conversation is logged yet\nhint: an `ask` begins one".to_owned()));
    }
    if args.json {
        for conversation in &conversations {
            writeln!(out, "{}", sanitize::json(&conversations::object(conversation).to_string()))?;
        }
    } else {
        writeln!(out, "{}", conversations::render(&conversations, sheet))?;
    }
    Ok(None)
}

fn one(entry: &LogEntry, form: EntryFormat, sheet: &Layout, out: &mut dyn Write) -> Result<(), LogsError> {
    match form {
        EntryFormat::Person => write!(out, "{}", detail::render(entry, &sheet.zone))?,
        EntryFormat::Json => json(entry, out)?,
        EntryFormat::Text => text(entry, sheet.width.is_some(), out)?,
    }
    Ok(())
}

fn json(entry: &LogEntry, out: &mut dyn Write) -> io::Result<()> {
    let line = serde_json::to_string(entry)?;
    writeln!(out, "{}", sanitize::json(&line))
}

/// The answer byte for byte, with a newline at its end; sanitized on a terminal.
fn text(entry: &LogEntry, terminal: bool, out: &mut dyn Write) -> Result<(), LogsError> {
    let text = entry.end.as_ref().map_or("", |end| end.text.as_str());
    if text.is_empty() {
        return Err(LogsError::NoText { id: entry.start.id.clone(), outcome: entry.outcome() });
    }
    if terminal {
        out.write_all(sanitize::text(text).as_bytes())?;
    } else {
        out.write_all(text.as_bytes())?;
    }
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(())
}
