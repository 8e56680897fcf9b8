//! The one error of the library.

use std::fmt;
use std::time::Duration;

use super::response::Attempt;
use crate::engine::{self, RouteErrorKind};
use llmroute_core::model::Class;
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

/// The kinds of error. The names are those of the failure classes in a profile, in the log and in `--json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The profile, or what the builder was given, is not valid.
    Configuration,
    /// No group of the router has this name.
    UnknownGroup,
    /// No deployment is eligible: each lacks its key, a required tag, a capability or room for the prompt.
    NoDeployment,
    /// The key is wrong, revoked or missing.
    Authentication,
    /// The key is valid but may not do this.
    Permission,
    /// The model, deployment or path does not exist.
    NotFound,
    /// The request itself is wrong.
    BadRequest,
    /// The model does not take a parameter or a feature of the request.
    Unsupported,
    /// The prompt does not fit the context window.
    ContextWindow,
    /// A filter blocked the request, or the model refused.
    ContentPolicy,
    /// A rate limit is reached; [`Error::retry_after`] says for how long.
    RateLimit,
    /// The account has no money or allowance left.
    Quota,
    /// The provider is out of capacity.
    Overloaded,
    /// The provider failed.
    ServerError,
    /// A time limit passed.
    Timeout,
    /// The network failed.
    Connection,
    /// The reply does not follow its protocol.
    Malformed,
    /// The answer ended early.
    Truncated,
    /// The answer does not satisfy its schema or check.
    InvalidOutput,
    /// A spending cap forbids the call.
    Budget,
    /// A part of the answer was delivered and cannot be completed.
    Interrupted,
    /// The request was cancelled.
    Cancelled,
}

impl ErrorKind {
    /// Returns the name in snake case, as in logs and traces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::UnknownGroup => "unknown_group",
            Self::NoDeployment => "no_deployment",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::BadRequest => "bad_request",
            Self::Unsupported => "unsupported",
            Self::ContextWindow => "context_window",
            Self::ContentPolicy => "content_policy",
            Self::RateLimit => "rate_limit",
            Self::Quota => "quota",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::InvalidOutput => "invalid_output",
            Self::Budget => "budget",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns true if the same request may succeed later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        match self {
            Self::RateLimit
            | Self::Overloaded
            | Self::ServerError
            | Self::Timeout
            | Self::Connection
            | Self::Malformed
            | Self::Truncated
            | Self::Interrupted => true,
            Self::Configuration
            | Self::UnknownGroup
            | Self::NoDeployment
            | Self::Authentication
            | Self::Permission
            | Self::NotFound
            | Self::BadRequest
            | Self::Unsupported
            | Self::ContextWindow
            | Self::ContentPolicy
            | Self::Quota
            | Self::InvalidOutput
            | Self::Budget
            | Self::Cancelled => false,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Class> for ErrorKind {
    fn from(class: Class) -> Self {
        match class {
            Class::Authentication => Self::Authentication,
            Class::Permission => Self::Permission,
            Class::NotFound => Self::NotFound,
            Class::BadRequest => Self::BadRequest,
            Class::Unsupported => Self::Unsupported,
            Class::ContextWindow => Self::ContextWindow,
            Class::ContentPolicy => Self::ContentPolicy,
            Class::RateLimit => Self::RateLimit,
            Class::Quota => Self::Quota,
            Class::Overloaded => Self::Overloaded,
            Class::ServerError => Self::ServerError,
            Class::Timeout(_) => Self::Timeout,
            Class::Connection(_) => Self::Connection,
            Class::Malformed => Self::Malformed,
            Class::Truncated => Self::Truncated,
            Class::InvalidOutput(_) => Self::InvalidOutput,
            Class::Budget => Self::Budget,
        }
    }
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
