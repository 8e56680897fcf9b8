//! Conversations restored from the log.

use super::session::Question;
use crate::conversation::turns::{Conversation, Turn};
use crate::error::CommandError;
use llmroute_core::model::Part;
use llmroute_router::history::{History, LogEntry, with_attachment_kinds};
use llmroute_router::ports::RequestOutcome;
pub(crate) use llmroute_router::state::StateLocation;

/// A conversation from the log.
#[derive(Debug, PartialEq)]
pub(crate) struct ResumedConversation {
    /// Its turns.
    pub conversation: Conversation,
    /// The last question, if it has no answer.
    pub unanswered: Option<Question>,
    /// A turn had images or documents, which the log does not contain.
    pub attachments: bool,
    /// The last group.
    pub group: String,
    /// The deployment of the last answer.
    pub answered_by: Option<String>,
}

/// Finds the conversation `id`, by default the last one.
///
/// # Errors
/// Fails if there is none, or the log cannot be read.
pub(crate) fn find(id: Option<&str>, location: &StateLocation) -> Result<ResumedConversation, CommandError> {
    let history = History::open(location)?;
    let found = history.conversation_id(id.unwrap_or("last"));
    let id = found?;
    let entries = history.conversation(&id)?;
    Ok(of(id, entries))
}

fn of(id: String, entries: Vec<LogEntry>) -> ResumedConversation {
    let last = entries.last();
    let unanswered = last.filter(|entry| entry.answer().is_none()).map(|entry| question(&entry.start.prompt));
    let attachments = entries.iter().any(|entry| with_attachment_kinds(&entry.start.prompt) != entry.start.prompt);
    let system = last.and_then(|entry| entry.start.system.clone());
    let group = last.map(|entry| entry.start.group.clone()).unwrap_or_default();
    let answered_by = entries.iter().rev().find_map(|entry| entry.end.as_ref()?.deployment.clone());
    let turns = entries.into_iter().filter_map(turn).collect();
    ResumedConversation {
        conversation: Conversation { id: Some(id), system, turns },
        unanswered,
        attachments,
        group,
        answered_by,
    }
}

fn turn(entry: LogEntry) -> Option<Turn> {
    let answer = entry.answer()?.to_owned();
    let whole = entry.end.as_ref().is_some_and(|end| end.outcome == RequestOutcome::Ok);
    let Question { typed: prompt, logged, parts: question } = question(&entry.start.prompt);
    Some(Turn { id: Some(entry.start.id), question, prompt, logged, answer, whole })
}

/// The question, as far as the log contains it.
fn question(logged: &str) -> Question {
    let typed = with_attachment_kinds(logged);
    Question { parts: vec![Part::Text(typed.clone())], typed, logged: logged.to_owned() }
}
