//! The only ways out of the process, as traits: the network, the shared state, the keys, the time.
//!
//! The engine uses these; `transport`, `state` and `credentials` implement them.

mod clock;
mod keys;
mod log;
mod network;
mod store;

use std::future::Future;
use std::pin::Pin;

pub use clock::Clock;
pub use keys::{KeyError, KeyProvider};
pub use log::{LogEnd, LogStart, RequestOutcome};
pub use network::{
    ConnectionCheck, ConnectionChecker, ConnectionInfo, ConnectionTimings, HttpReply, MeasuredConnection,
    MeasuringNetwork, ReplyHead, StampedChunk, Transport,
};
pub use store::{StateUpdate, Store, StoreError, StoreErrorKind, StoreWrite, ValueChange};

pub use llmroute_core::model::{Failure, KeySource, Secret, Timestamp, Usage};

/// A future that can be stored behind a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
