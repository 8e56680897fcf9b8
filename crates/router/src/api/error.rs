//! The one error of the library.

use std::fmt;
use std::time::Duration;

use super::error_kind::ErrorKind;
use super::response::Attempt;
use crate::engine::{self, RouteErrorKind};
use llmroute_core::routing::Map;
use llmroute_core::routing::failover::Stop;

/// A call that gave no complete answer, or a router that cannot be built.
pub struct Error(Box<ErrorDetails>);

struct ErrorDetails {
    kind: ErrorKind,
    message: String,
    retry_after: Option<Duration>,
    attempts: Vec<Attempt>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A setting that needs a feature of the crate, which this build does not have: the [source](std::error::Error::source)
/// of an [`Error`] of kind [`ErrorKind::Configuration`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{needed_by} needs the feature `{feature}`")]
#[non_exhaustive]
pub struct MissingFeature {
    /// The setting.
    pub needed_by: String,
    /// The name of the feature, as in `Cargo.toml`.
    pub feature: &'static str,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (retry_after, attempts, source) = (None, Vec::new(), None);
        Self(Box::new(ErrorDetails { kind, message: message.into(), retry_after, attempts, source }))
    }

    /// Reports that `needed_by` needs a feature that this build does not have.
    pub(super) fn missing_feature(needed_by: impl Into<String>, feature: &'static str) -> Self {
        let missing = MissingFeature { needed_by: needed_by.into(), feature };
        let mut new = Self::new(ErrorKind::Configuration, missing.to_string());
        new.0.source = Some(Box::new(missing));
        new
    }

    pub(super) fn configuration(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        let mut new = Self::new(ErrorKind::Configuration, "the profile is not valid");
        new.0.source = Some(Box::new(error));
        new
    }

    /// Converts the outcome of a request to `group`.
    pub(super) fn of_request(error: &engine::RouteError, group: &str, map: &Map) -> Self {
        let last = error.attempts.iter().rev().find_map(|attempt| attempt.failure.as_ref());
        let by_failure = |otherwise: ErrorKind| last.map_or(otherwise, |failure| failure.class.into());
        let (kind, message) = match &error.why {
            RouteErrorKind::Stopped(Stop::Deadline) => {
                (ErrorKind::Timeout, format!("the deadline passed before `{group}` answered"))
            }
            RouteErrorKind::Stopped(Stop::RateLimited { .. }) => {
                (ErrorKind::RateLimit, format!("every deployment of `{group}` is at a rate limit"))
            }
            RouteErrorKind::Stopped(Stop::NoKey) => {
                (ErrorKind::NoDeployment, format!("no deployment of `{group}` has a key"))
            }
            RouteErrorKind::Stopped(Stop::Refused) => {
                (by_failure(ErrorKind::BadRequest), "the request was refused".to_owned())
            }
            RouteErrorKind::Stopped(Stop::Exhausted) if error.attempts.is_empty() => {
                (ErrorKind::NoDeployment, format!("no deployment of `{group}` is eligible"))
            }
            RouteErrorKind::Stopped(Stop::Exhausted) => {
                (by_failure(ErrorKind::NoDeployment), format!("every deployment of `{group}` failed"))
            }
            RouteErrorKind::Interrupted { .. } => {
                (ErrorKind::Interrupted, "the answer broke off and could not be completed".to_owned())
            }
            RouteErrorKind::Rule(_) => (ErrorKind::Configuration, format!("a rule of `{group}` cannot be evaluated")),
            RouteErrorKind::ReaderGone => (ErrorKind::Cancelled, "the request was cancelled".to_owned()),
        };
        let message = match last {
            Some(failure) => format!("{message}: {}: {}", failure.class, failure.message),
            None => message,
        };
        let mut new = Self::new(kind, message);
        new.0.retry_after = match &error.why {
            RouteErrorKind::Stopped(Stop::RateLimited { next }) => Some(*next),
            _ => last.and_then(|failure| failure.retry_after),
        };
        new.0.attempts = error.attempts.iter().map(|attempt| Attempt::of(attempt, map)).collect();
        new
    }

    /// Returns the kind of error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the time after which a deployment may answer again, if a server or a limit gave one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the calls that were made, in order.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// Returns true if the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("retry_after", &self.0.retry_after)
            .field("attempts", &self.0.attempts)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
