//! The public API of the library.

mod builder;
mod chat;
mod config;
mod error;
mod error_kind;
mod event;
mod response;
mod router;
mod strategy;
mod stream;
mod trace;

pub use builder::{RouterBuilder, State};
pub use chat::{ChatFuture, ChatRequest, Midstream};
pub use config::{Deployment, Group, Provider};
pub use error::{Error, MissingFeature};
pub use error_kind::ErrorKind;
pub use event::ChatEvent;
pub use response::{Attempt, AttemptOutcome, ChatResponse};
pub use router::Router;
pub use strategy::{Candidate, RequestContext, Strategy};
pub use stream::ChatStream;
