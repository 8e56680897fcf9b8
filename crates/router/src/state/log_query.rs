//! Which requests of the log are wanted: one definition for every store. A store may leave out by its own
//! means what cannot be wanted, and asks here about the rest.

use serde_json::Value;

use super::LogRecord;
use super::search_terms::SearchTerms;
use crate::ports::RequestOutcome;
use llmroute_core::model::Timestamp;

/// What a request must be; what is `None` may be anything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogQuery {
    /// SearchTerms that occur in the prompt or in the answer.
    pub words: SearchTerms,
    /// The group that was asked.
    pub group: Option<String>,
    /// A deployment that was asked.
    pub deployment: Option<String>,
    /// The class of a failure, of the request or of an attempt.
    pub class: Option<String>,
    /// How it ended: `Some(None)` is a request without an end.
    pub outcome: Option<Option<RequestOutcome>>,
    /// Asked at this moment or later.
    pub since: Option<Timestamp>,
    /// Asked before this moment.
    pub until: Option<Timestamp>,
    /// The whole id of its conversation.
    pub conversation: Option<String>,
    /// A label that it was given.
    pub tag: Option<String>,
}

impl LogQuery {
    /// Whether it leaves nothing out.
    #[must_use]
    pub fn is_any(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `record` is wanted.
    #[must_use]
    pub fn matches(&self, (start, end): &LogRecord) -> bool {
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
        let answer = end.as_ref().map_or("", |end| end.text.as_str());
        self.group.as_ref().is_none_or(|group| start.group == *group)
            && self.since.is_none_or(|since| start.at >= since)
            && self.until.is_none_or(|until| start.at < until)
            && self.outcome.is_none_or(|outcome| end.as_ref().map(|end| end.outcome) == outcome)
            && self.conversation.as_deref().is_none_or(|id| start.conversation() == Some(id))
            && self.tag.as_ref().is_none_or(|tag| start.tags.contains(tag))
            && self.deployment.as_ref().is_none_or(asked)
            && self.class.as_ref().is_none_or(failed)
            && self.words.all_occur_in(&[&start.prompt, answer])
    }
}
