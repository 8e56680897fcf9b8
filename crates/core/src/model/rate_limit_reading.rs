//! Provider limits reported by a reply, in one convention for all header formats.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The resource that a provider counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Calls.
    Requests,
    /// Tokens of prompts and answers together.
    Tokens,
    /// Tokens of prompts.
    InputTokens,
    /// Tokens of answers.
    OutputTokens,
}

impl Resource {
    /// The name in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::InputTokens => "input tokens",
            Self::OutputTokens => "output tokens",
        }
    }
}

/// The way in which a limit refills.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refill {
    /// Bit by bit; an empty one is full again after this time.
    Over(Duration),
    /// All at once, after this time.
    At(Duration),
}

/// The evidence in one reply that a limit is a window that ends, and not a bucket that fills steadily.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WindowEvidence {
    /// There is none, or it is not needed.
    None,
    /// The reset can be the end of a window after this time as well as the refill of a bucket.
    Possible(Duration),
    /// The numbers do not fit a bucket.
    Certain,
}

/// The remaining amount of one resource when a reply was sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimitReading {
    /// The counted resource.
    pub resource: Resource,
    /// The span of time in the header's name (`-minute`, `-10-second`), which tells two limits of
    /// one resource apart.
    pub span: Option<Duration>,
    /// The limit, if the server reports it.
    pub limit: Option<u64>,
    /// The remaining amount.
    pub remaining: u64,
    /// The refill.
    pub refill: Refill,
    /// The evidence for a window.
    pub window: WindowEvidence,
}
