//! The vocabulary that every other part speaks; it owns no behaviour and knows no other part.

pub mod aws;
mod capabilities;
pub mod event;
pub mod failure;
pub mod format;
pub mod media;
pub mod price;
pub mod prompt;
pub mod rate_limit_reading;
pub mod redact;
pub mod refused_parameters;
pub mod sanitize;
pub mod secret;
pub mod state_source;
pub mod time;
pub mod usage;

pub use aws::{AwsKeys, AwsSso};
pub use capabilities::Capabilities;
pub use event::{Answer, Event, Finish, ToolCall};
pub use failure::{Class, ConnectionFault, Failure, OutputFault, TimeoutKind};
pub use price::Price;
pub use prompt::{Effort, Message, Part, Prompt, Role, Sampling, Tool};
pub use rate_limit_reading::{RateLimitReading, Refill, Resource};
pub use secret::{KeySource, Secret};
pub use state_source::{RedisUrl, StateSource};
pub use time::Timestamp;
pub use usage::Usage;
