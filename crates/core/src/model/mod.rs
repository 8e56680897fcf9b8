//! The vocabulary that every other part speaks; it owns no behaviour and knows no other part.

pub(crate) mod aws;
mod capabilities;
pub(crate) mod event;
pub mod failure;
pub mod format;
pub mod media;
pub(crate) mod price;
pub mod prompt;
pub(crate) mod rate_limit_reading;
pub mod redact;
pub mod refused_parameters;
pub mod sanitize;
pub(crate) mod secret;
pub mod state_source;
pub(crate) mod time;
pub(crate) mod usage;

pub use aws::{AwsKeys, AwsSso};
pub use capabilities::Capabilities;
pub use event::{Answer, Event, Finish, ToolCall};
pub use failure::{Class, ConnectionFault, Failure, OutputFault, TimeoutKind};
pub use price::Price;
pub use prompt::{Effort, Message, Part, Prompt, Role, Sampling, Tool};
pub use rate_limit_reading::{RateLimitReading, Refill, Resource, WindowEvidence};
pub use secret::{KeySource, Secret};
pub use state_source::{RedisUrl, StateSource};
pub use time::Timestamp;
pub use usage::{BilledTokens, Usage};
