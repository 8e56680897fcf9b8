//! Limits of one request that replace those of the profile.

use std::time::Duration;

use crate::error::{CommandError, ErrorKind};
use llmroute_core::routing::Group;
use llmroute_core::routing::hedge::Delay;
pub(crate) use llmroute_router::profile::{duration, hedge};

/// The limits that were typed; they apply to every group.
#[derive(Debug, Clone, Default)]
pub(crate) struct LimitOverrides {
    /// Of one attempt.
    pub timeout: Option<Duration>,
    /// Until the first token of an attempt.
    pub first_token: Option<Duration>,
    /// Between two tokens.
    pub idle: Option<Duration>,
    /// Of the whole request.
    pub deadline: Option<Duration>,
    /// The longest wait for a rate limit.
    pub max_wait: Option<Duration>,
    /// Retries inside a group.
    pub num_retries: Option<u32>,
    /// The delay of the second call; `Some(None)` makes none.
    pub hedge: Option<Option<Delay>>,
}

impl LimitOverrides {
    /// Replaces the limits of `group`.
    pub(super) fn apply(&self, group: &mut Group) {
        let set = |limit: &mut Duration, typed: Option<Duration>| *limit = typed.unwrap_or(*limit);
        set(&mut group.policy.deadline, self.deadline);
        set(&mut group.policy.max_wait, self.max_wait);
        group.policy.num_retries = self.num_retries.unwrap_or(group.policy.num_retries);
        group.policy.hedge = self.hedge.unwrap_or(group.policy.hedge);
        for member in &mut group.members {
            set(&mut member.timeouts.attempt, self.timeout);
            set(&mut member.timeouts.first_token, self.first_token);
            set(&mut member.timeouts.idle, self.idle);
        }
    }
}

/// Parses the value of `--hedge`.
///
/// # Errors
/// `usage` for an invalid value.
pub(crate) fn parse_hedge(typed: Option<&str>) -> Result<Option<Option<Delay>>, CommandError> {
    let wrong =
        |text: &str, why| CommandError::new(ErrorKind::Usage, format!("`--hedge={text}`: {why}")).hint(hedge::FORMS);
    typed.map(|text| hedge::parse(text).map_err(|why| wrong(text, why))).transpose()
}

/// Parses the duration that `flag` was given, which is longer than zero.
///
/// # Errors
/// `usage` for an invalid value.
pub(crate) fn parse_limit(flag: &str, typed: Option<&str>) -> Result<Option<Duration>, CommandError> {
    match parse_duration(flag, typed)? {
        Some(limit) if limit.is_zero() => {
            let typed = typed.unwrap_or_default();
            Err(CommandError::new(ErrorKind::Usage, format!("`{flag} {typed}` must be longer than zero")))
        }
        limit => Ok(limit),
    }
}

/// Parses the duration that `flag` was given.
///
/// # Errors
/// `usage` for an invalid value.
pub(crate) fn parse_duration(flag: &str, typed: Option<&str>) -> Result<Option<Duration>, CommandError> {
    let wrong = |typed: &str, reason| {
        CommandError::new(ErrorKind::Usage, format!("`{flag} {typed}`: {reason}"))
            .hint("a duration is a number of seconds, or like `250ms`, `30s`, `5m`, `1h30m`")
    };
    typed.map(|typed| duration::parse(typed).map_err(|reason| wrong(typed, reason))).transpose()
}
