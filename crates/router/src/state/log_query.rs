//! Queries of the log: one definition for every store. A store can exclude impossible
//! matches by its own means, and checks the rest here.

use serde_json::Value;

use super::LogRecord;
use super::search_terms::SearchTerms;
use crate::ports::RequestOutcome;
use llmroute_core::model::Timestamp;

/// The conditions on a request; `None` means any.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogQuery {
    /// Words that occur in the prompt or in the answer.
    pub words: SearchTerms,
    /// The group.
    pub group: Option<String>,
    /// A deployment that was called.
    pub deployment: Option<String>,
    /// The class of a failure, of the request or of an attempt.
    pub class: Option<String>,
    /// The reason why the answer ended.
    pub finish_reason: Option<String>,
    /// The outcome: `Some(None)` is an unfinished request.
    pub outcome: Option<Option<RequestOutcome>>,
    /// The earliest time.
    pub since: Option<Timestamp>,
    /// The first time that is too late.
    pub until: Option<Timestamp>,
    /// The full id of its conversation.
    pub conversation: Option<String>,
    /// A tag.
    pub tag: Option<String>,
}

impl LogQuery {
    /// Returns `true` if it matches every request.
    #[must_use]
    pub fn is_any(&self) -> bool {
        *self == Self::default()
    }

    /// Returns `true` if `record` matches.
    #[must_use]
    pub(crate) fn matches(&self, (start, end): &LogRecord) -> bool {
        let attempts = || end.iter().filter_map(|end| end.attempts.as_array()).flatten();
        let said = |value: &Value, field: &str, want: &str| value.get(field).and_then(Value::as_str) == Some(want);
        let asked = |name: &String| {
            end.as_ref().is_some_and(|end| end.deployment.as_ref() == Some(name))
                || attempts().any(|attempt| said(attempt, "deployment", name))
        };
        let failed = |class: &String| {
            let error = end.as_ref().and_then(|end| end.error.as_ref());
            error.into_iter().chain(attempts()).any(|failure| said(failure, "class", class))
        };
        let ended = || end.as_ref().and_then(|end| end.finish_reason.as_ref());
        let answer = end.as_ref().map_or("", |end| end.text.as_str());
        self.group.as_ref().is_none_or(|group| start.group == *group)
            && self.since.is_none_or(|since| start.at >= since)
            && self.until.is_none_or(|until| start.at < until)
            && self.outcome.is_none_or(|outcome| end.as_ref().map(|end| end.outcome) == outcome)
            && self.conversation.as_deref().is_none_or(|id| start.conversation() == Some(id))
            && self.tag.as_ref().is_none_or(|tag| start.tags.contains(tag))
            && self.deployment.as_ref().is_none_or(asked)
            && self.class.as_ref().is_none_or(failed)
            && self.finish_reason.as_ref().is_none_or(|reason| ended() == Some(reason))
            && self.words.all_occur_in(&[&start.prompt, answer])
    }
}
