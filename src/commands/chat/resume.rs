//! A conversation out of the log, as far as it can be gone on with.

use super::session::Question;
use crate::conversation::turns::{Conversation, Turn};
use crate::error::CommandError;
use llmroute_core::model::Part;
use llmroute_router::history::{History, LogEntry, with_attachment_kinds};
use llmroute_router::ports::RequestOutcome;
use llmroute_router::state::StateLocation;

/// What the log knows of a conversation.
#[derive(Debug, PartialEq)]
pub struct ResumedConversation {
    /// Its turns.
    pub conversation: Conversation,
    /// The question that was asked last, when nothing came.
    pub unanswered: Option<Question>,
    /// Images or documents were shown with a turn; the log does not have them.
    pub attachments: bool,
    /// The group that was asked last.
    pub group: String,
    /// Who answered last.
    pub answered_by: Option<String>,
}

/// Finds the conversation that `id` means, the last one when it is `None`.
///
/// # Errors
/// When there is none, or the log cannot be read.
pub fn find(id: Option<&str>, location: &StateLocation) -> Result<ResumedConversation, CommandError> {
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

/// What was asked, as far as the log has it.
fn question(logged: &str) -> Question {
    let typed = with_attachment_kinds(logged);
    Question { parts: vec![Part::Text(typed.clone())], typed, logged: logged.to_owned() }
}
