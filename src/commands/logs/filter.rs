//! From arguments to a query of the log.

use clap::{Args, ValueEnum};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::LogsError;
use llmroute_core::model::{Class, Timestamp};
use llmroute_router::history::{History, LogQuery, SearchTerms};
use llmroute_router::ports::RequestOutcome;
pub(crate) use llmroute_router::profile::duration;

/// The forms of a time.
pub(crate) const TIME_HINT: &str =
    "write how long ago (`30m`, `2h`, `7d`), or a date like `2026-11-01` or `2026-11-01T09:30`";

/// Filters of a list; a request must pass all of them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct FilterArgs {
    /// Only requests with all these words in the prompt or the answer; `word*` matches a prefix
    #[arg(long, value_name = "TEXT", conflicts_with = "id")]
    pub search: Option<String>,
    /// Only requests to this group
    #[arg(long, value_name = "GROUP", conflicts_with = "id")]
    pub group: Option<String>,
    /// Only requests that called this deployment
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    pub deployment: Option<String>,
    /// Only requests where an attempt, or the whole request, failed with this class: `rate_limit`, `timeout`, …
    #[arg(long, value_name = "CLASS", conflicts_with = "id", value_parser = class)]
    pub class: Option<String>,
    /// Only requests whose answer ended for this reason: `stop`, `length`, `tool_calls`, …
    #[arg(long, value_name = "REASON", conflicts_with = "id")]
    pub finish_reason: Option<String>,
    /// Only requests with this outcome
    #[arg(long, value_name = "OUTCOME", conflicts_with = "id")]
    pub outcome: Option<OutcomeArg>,
    /// Only requests since this time: `2h` ago, or a date like `2026-11-01` or `2026-11-01T09:30`
    #[arg(long, value_name = "TIME", conflicts_with = "id")]
    pub since: Option<String>,
    /// Only requests before this time
    #[arg(long, value_name = "TIME", conflicts_with = "id")]
    pub until: Option<String>,
    /// Only turns of this conversation, including undone ones
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    pub conversation: Option<String>,
    /// Only requests with this label
    #[arg(long, value_name = "TAG", conflicts_with = "id")]
    pub tag: Option<String>,
}

/// `--outcome`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum OutcomeArg {
    /// One complete answer
    Ok,
    /// A part of an answer was given out
    Partial,
    /// No answer
    Failed,
    /// The person stopped it
    Cancelled,
    /// It runs, or its process died
    Unfinished,
}

impl FilterArgs {
    /// The query for `history`, with times relative to `now` in `zone`.
    ///
    /// # Errors
    /// Fails if a time is not valid, no word is left to search for, or the conversation does not exist.
    pub(crate) fn query(&self, history: &History, now: Timestamp, zone: &TimeZone) -> Result<LogQuery, LogsError> {
        let words = SearchTerms::of(self.search.as_deref().unwrap_or_default());
        if let Some(typed) = self.search.as_ref().filter(|_| words.is_empty()) {
            return Err(LogsError::NoWord(typed.clone()));
        }
        let time = |flag, typed: &Option<String>| {
            typed.as_deref().map(|typed| moment(typed, now, zone).ok_or_else(|| unclear(flag, typed))).transpose()
        };
        Ok(LogQuery {
            words,
            group: self.group.clone(),
            deployment: self.deployment.clone(),
            class: self.class.clone(),
            finish_reason: self.finish_reason.clone(),
            outcome: self.outcome.map(OutcomeArg::outcome),
            since: time("--since", &self.since)?,
            until: time("--until", &self.until)?,
            conversation: self.conversation.as_deref().map(|id| history.conversation_id(id)).transpose()?,
            tag: self.tag.clone(),
        })
    }
}

impl OutcomeArg {
    fn outcome(self) -> Option<RequestOutcome> {
        match self {
            Self::Ok => Some(RequestOutcome::Ok),
            Self::Partial => Some(RequestOutcome::Partial),
            Self::Failed => Some(RequestOutcome::Failed),
            Self::Cancelled => Some(RequestOutcome::Cancelled),
            Self::Unfinished => None,
        }
    }
}

/// The name of a class of failures.
fn class(typed: &str) -> Result<String, String> {
    let names = Class::ALL.map(Class::as_str);
    let known = names.contains(&typed).then(|| typed.to_owned());
    known.ok_or_else(|| format!("there is no such class; one of: {}", names.join(", ")))
}

fn unclear(flag: &'static str, typed: &str) -> LogsError {
    LogsError::Time { flag, typed: typed.to_owned() }
}

/// A duration before `now`, a time with its offset, or a date (its beginning) with or without a time in `zone`.
pub(crate) fn moment(typed: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    // A bare number could mean seconds or a year.
    if typed.ends_with(|c: char| c.is_ascii_alphabetic())
        && let Ok(span) = duration::parse(typed)
    {
        return Some(Timestamp(now.0.saturating_sub(i64::try_from(span.as_millis()).ok()?)));
    }
    if let Ok(at) = typed.parse::<jiff::Timestamp>() {
        return Some(Timestamp(at.as_millisecond()));
    }
    let at = match typed.parse::<Date>() {
        Ok(date) if !typed.contains(':') => date.at(0, 0, 0, 0),
        _ => typed.parse::<DateTime>().ok()?,
    };
    Some(Timestamp(at.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_323_045_678);

    fn check(typed: &str, want: Option<i64>) {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(moment(typed, NOW, &zone), want.map(Timestamp), "{typed}");
    }

    #[test]
    fn a_span_is_before_now() {
        check("2h", Some(NOW.0 - 7_200_000));
        check("1d12h", Some(NOW.0 - 129_600_000));
    }

    #[test]
    fn a_date_begins_in_the_zone_of_the_person() {
        check("2026-01-02", Some(1_767_308_400_000));
        check("2026-01-02T01:00", Some(1_767_312_000_000));
        check("2026-01-02 01:00:00", Some(1_767_312_000_000));
    }

    #[test]
    fn a_moment_with_its_offset_is_taken_as_it_is() {
        check("2026-01-02T00:00:00Z", Some(1_767_312_000_000));
    }

    #[test]
    fn anything_else_is_no_time() {
        for typed in ["", "2026", "soon", "2 hours ago", "2026-13-01", "-2h", "h"] {
            check(typed, None);
        }
    }
}
