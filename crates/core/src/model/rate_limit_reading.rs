//! What a reply says of the provider's limits, in one convention for all forms of headers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a provider counts.
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

/// How what was used comes back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refill {
    /// Bit by bit; an empty one is full again after this time.
    Over(Duration),
    /// All at once, after this time.
    At(Duration),
}

/// How much of one resource was left when a reply was sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimitReading {
    /// What is counted.
    pub resource: Resource,
    /// The span of time in the header's name (`-minute`, `-10-second`), which tells two limits of
    /// one resource apart.
    pub span: Option<Duration>,
    /// How much there is when nothing is used, if the server says.
    pub limit: Option<u64>,
    /// How much is left.
    pub remaining: u64,
    /// How it comes back.
    pub refill: Refill,
}
