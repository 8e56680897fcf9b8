//! The kinds of error.

use std::fmt;

use llmroute_core::model::Class;

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
    /// A rate limit is reached; [`Error::retry_after`](super::Error::retry_after) says for how long.
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
