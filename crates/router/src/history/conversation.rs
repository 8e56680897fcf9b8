//! Conversations in the log: their list, their valid turns, and the messages for a model.
//! It does not decide how much of a conversation fits.

use std::collections::{BTreeSet, HashMap};

use super::{CANDIDATES, History, HistoryError, LogEntry};
use crate::ports::RequestOutcome;
use crate::state::LogRecord;
pub use llmroute_core::model::{Message, Role, Timestamp};

/// The number of conversations searched for the newest one that can be continued.
const LOOKED_AT: usize = 16;

/// Replaces a prompt of attachments only, whose bytes the log does not contain.
const NO_TEXT: &str = "[attachment]";

/// A conversation in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationSummary {
    /// Its id: the id of its first request.
    pub id: String,
    /// The time of its first turn.
    pub started: Timestamp,
    /// The time of its last turn, whatever its result.
    pub last: Timestamp,
    /// The number of valid turns, whatever their results.
    pub turns: usize,
    /// The first question.
    pub first_prompt: String,
    /// The group of the last turn.
    pub group: String,
}

impl History {
    /// The valid turns of the conversation `id` (see [`History::conversation_id`]),
    /// oldest first: the newest one and its ancestors. Turns that were undone or
    /// retried are left out. A turn without an end is unfinished: it is running, or its process died.
    ///
    /// # Errors
    /// As [`History::conversation_id`].
    pub fn conversation(&self, id: &str) -> Result<Vec<LogEntry>, HistoryError> {
        let id = self.conversation_id(id)?;
        Ok(standing(self.reader()?.turns(&id)?))
    }

    /// The full id of the conversation `id`: `last`, its id or the id of one of its turns,
    /// in full or as a unique prefix or suffix.
    ///
    /// # Errors
    /// [`HistoryError::Empty`], [`HistoryError::UnknownConversation`], [`HistoryError::Ambiguous`], or
    /// when the log cannot be read.
    pub fn conversation_id(&self, id: &str) -> Result<String, HistoryError> {
        let reader = self.reader()?;
        let unknown = || HistoryError::UnknownConversation(id.to_owned());
        if id == "last" {
            return self.last_conversation()?.ok_or_else(|| self.empty());
        }
        if id.is_empty() {
            return Err(unknown());
        }
        if !reader.turns(id)?.is_empty() {
            return Ok(id.to_owned());
        }
        let mut found = BTreeSet::new();
        for request in reader.matching(id, CANDIDATES)? {
            found.extend(reader.get(&request)?.and_then(|(start, _)| start.conversation().map(str::to_owned)));
        }
        if found.len() > 1 {
            return Err(HistoryError::Ambiguous { part: id.to_owned(), ids: found.into_iter().collect() });
        }
        found.pop_first().ok_or_else(unknown)
    }

    /// The id of the newest conversation, `None` if there is none. A conversation whose only request
    /// failed is skipped while there is another.
    ///
    /// # Errors
    /// Fails if the log cannot be read.
    pub fn last_conversation(&self) -> Result<Option<String>, HistoryError> {
        let Some(reader) = &self.reader else { return Ok(None) };
        let ids = reader.conversations(LOOKED_AT)?;
        for id in &ids {
            let turns = standing(reader.turns(id)?);
            if turns.len() > 1 || turns.iter().any(|turn| turn.end.is_none() || turn.answer().is_some()) {
                return Ok(Some(id.clone()));
            }
        }
        Ok(ids.into_iter().next())
    }

    /// The latest `count` conversations, by their last turns, oldest first.
    ///
    /// # Errors
    /// Fails if the log cannot be read.
    pub fn conversations(&self, count: usize) -> Result<Vec<ConversationSummary>, HistoryError> {
        let Some(reader) = &self.reader else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for id in reader.conversations(count)? {
            let records = reader.turns(&id)?;
            let last = records.iter().map(|(start, _)| start.at).max();
            found.extend(overview(id, last, &standing(records)));
        }
        found.reverse();
        Ok(found)
    }
}

impl LogEntry {
    /// The answer to send to a model: a complete one, or the printed part.
    #[must_use]
    pub fn answer(&self) -> Option<&str> {
        let end = self.end.as_ref()?;
        match end.outcome {
            RequestOutcome::Ok | RequestOutcome::Partial | RequestOutcome::Cancelled => {
                Some(end.text.as_str()).filter(|text| !text.trim().is_empty())
            }
            RequestOutcome::Failed => None,
        }
    }
}

/// The messages of `turns`: question and answer of each answered turn.
#[must_use]
pub fn messages(turns: &[LogEntry]) -> Vec<Message> {
    let exchange = |turn: &LogEntry| {
        let prompt = Some(with_attachment_kinds(&turn.start.prompt)).filter(|text| !text.trim().is_empty());
        let prompt = prompt.unwrap_or_else(|| NO_TEXT.to_owned());
        let answer = turn.answer()?;
        Some([Message::text(Role::User, prompt), Message::text(Role::Assistant, answer)])
    };
    turns.iter().filter_map(exchange).flatten().collect()
}

/// A logged prompt, with notes about attachments replaced by their kinds:
/// their paths stay in the log.
#[must_use]
pub fn with_attachment_kinds(prompt: &str) -> String {
    let lines: Vec<&str> = prompt.split('\n').collect();
    let kind = |line: &str| {
        let note = line.strip_prefix("[attached: ")?.strip_suffix(")]")?;
        let (_, what) = note.rsplit_once(" (")?;
        Some(format!("[attached: {}]", what.split(',').next().unwrap_or(what)))
    };
    // The notes are the last lines.
    let notes: Vec<String> = lines.iter().rev().map_while(|line| kind(line)).collect();
    let text = lines[..lines.len() - notes.len()].iter().map(|line| (*line).to_owned());
    text.chain(notes.into_iter().rev()).collect::<Vec<_>>().join("\n")
}

/// The newest turn without a successor, and its ancestors, oldest first. If it failed,
/// and an earlier attempt at the same question was answered, that one is used.
fn standing(records: Vec<LogRecord>) -> Vec<LogEntry> {
    let mut turns: HashMap<String, LogEntry> =
        records.into_iter().map(|record| (record.0.id.clone(), LogEntry::from(record))).collect();
    let followed: BTreeSet<&str> = turns.values().filter_map(|turn| turn.start.parent.as_deref()).collect();
    let leaves = || turns.values().filter(|turn| !followed.contains(turn.start.id.as_str()));
    let id = |turn: &&LogEntry| turn.start.id.clone();
    let newest = leaves().max_by_key(id);
    let again = |turn: &&LogEntry, of: &LogEntry| {
        turn.start.parent == of.start.parent && turn.start.prompt == of.start.prompt && turn.answer().is_some()
    };
    let before = newest.filter(|turn| turn.answer().is_none());
    let before = before.and_then(|newest| leaves().filter(|turn| again(turn, newest)).max_by_key(id));
    let mut next = before.or(newest).as_ref().map(id);
    let mut chain = Vec::new();
    // Each turn is used once, so that a cycle of damaged rows ends.
    while let Some(turn) = next.and_then(|id| turns.remove(&id)) {
        next = turn.start.parent.clone();
        chain.push(turn);
    }
    chain.reverse();
    chain
}

fn overview(id: String, latest: Option<Timestamp>, turns: &[LogEntry]) -> Option<ConversationSummary> {
    let (first, last) = (turns.first()?, turns.last()?);
    Some(ConversationSummary {
        id,
        started: first.start.at,
        last: latest.unwrap_or(last.start.at),
        turns: turns.len(),
        first_prompt: first.start.prompt.clone(),
        group: last.start.group.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(logged: &str, want: &str) {
        assert_eq!(with_attachment_kinds(logged), want, "{logged}");
    }

    #[test]
    fn a_model_is_told_what_was_attached_and_not_from_where() {
        check(
            "what is it?\n[attached: /home/me/a (1).png (image/png, 12 bytes, sha-256 00ff)]\n[attached: https://x/y (image/*)]",
            "what is it?\n[attached: image/png]\n[attached: image/*]",
        );
        check("[attached: standard input (application/pdf, 1 bytes, sha-256 00)]", "[attached: application/pdf]");
    }

    #[test]
    fn what_a_person_wrote_stays() {
        for text in ["", "a\n\nb\n", "[attached: x]", "[attached: a (b)]\nwhat is this line?"] {
            check(text, text);
        }
    }
}
