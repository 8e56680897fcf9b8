//! The failures of a call: the only vocabulary between adapters and policy.

use std::fmt;
use std::time::Duration;

/// One failed call, as far as it could be understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The kind of failure; policy uses only this and `retry_after`.
    pub class: Class,
    /// The HTTP status, when there was a reply.
    pub status: Option<u16>,
    /// The message of the server or the transport, in one line, sanitized and truncated.
    pub message: String,
    /// The wait that the server requests.
    pub retry_after: Option<Duration>,
    /// The provider's id of the request, for its support.
    pub request_id: Option<String>,
}

impl Failure {
    /// A failure with a message and nothing else known.
    #[must_use]
    pub fn new(class: Class, message: impl AsRef<str>) -> Self {
        Self { class, status: None, message: one_line(message.as_ref()), retry_after: None, request_id: None }
    }
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The key is wrong, revoked or missing.
    Authentication,
    /// The key is valid but lacks permission.
    Permission,
    /// No such model, deployment or path.
    NotFound,
    /// The request itself is wrong; another provider would most likely refuse it, too.
    BadRequest,
    /// This model does not take a parameter or feature that another may take.
    Unsupported,
    /// The prompt does not fit the model's context window.
    ContextWindow,
    /// A filter blocked it, or the model refused.
    ContentPolicy,
    /// Too many requests or tokens for now.
    RateLimit,
    /// No money or allowance left; waiting does not help.
    Quota,
    /// The provider is out of capacity.
    Overloaded,
    /// The provider failed.
    ServerError,
    /// A time limit passed.
    Timeout(TimeoutKind),
    /// The network failed.
    Connection(ConnectionFault),
    /// The reply violates the protocol.
    Malformed,
    /// The answer ended before its end.
    Truncated,
    /// The answer arrived correctly but is unusable.
    InvalidOutput(OutputFault),
    /// Our own cap on spending forbids the call.
    Budget,
}

/// The fault of an unusable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputFault {
    /// The token limit ended it too early; another draw would end there, too.
    Cut,
    /// It fails its schema or check; another sample may pass.
    Rejected,
}

/// The time limit that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeoutKind {
    /// No connection in time.
    Connect,
    /// No first token in time.
    FirstToken,
    /// Silence between two chunks.
    Idle,
    /// The attempt took too long as a whole.
    Total,
    /// The server reports a timeout behind it (408, 504, 524).
    Upstream,
}

/// The kind of network failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionFault {
    /// The host name does not resolve.
    Dns,
    /// The connection was refused.
    Refused,
    /// No secure connection could be made.
    Tls,
    /// The connection broke.
    Broken,
}

impl Class {
    /// One of each name.
    pub const ALL: [Self; 17] = [
        Self::Authentication,
        Self::Permission,
        Self::NotFound,
        Self::BadRequest,
        Self::Unsupported,
        Self::ContextWindow,
        Self::ContentPolicy,
        Self::RateLimit,
        Self::Quota,
        Self::Overloaded,
        Self::ServerError,
        Self::Timeout(TimeoutKind::Total),
        Self::Connection(ConnectionFault::Broken),
        Self::Malformed,
        Self::Truncated,
        Self::InvalidOutput(OutputFault::Rejected),
        Self::Budget,
    ];

    /// The name in messages, in `--json`, in the log and in the profile.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
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
            Self::Timeout(_) => "timeout",
            Self::Connection(_) => "connection",
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::InvalidOutput(_) => "invalid_output",
            Self::Budget => "budget",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The longest server message that is kept, in characters.
const MESSAGE_CHARS: usize = 300;

/// Makes `text` safe and short enough for one line of a terminal or a log.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.chars().count() > MESSAGE_CHARS {
            line = line.chars().take(MESSAGE_CHARS).collect();
            line.push('…');
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_for_two_classes() {
        let mut names = Class::ALL.map(Class::as_str).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Class::ALL.len());
    }

    #[test]
    fn a_message_is_one_clean_short_line() {
        assert_eq!(one_line("a\r\n  b\u{1b}[31mc\0"), "a b [31mc");
        assert_eq!(one_line(&"x".repeat(10_000)).chars().count(), MESSAGE_CHARS + 1);
        assert_eq!(one_line(" \n "), "");
    }
}
