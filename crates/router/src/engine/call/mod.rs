//! One call to a deployment: sending it, hedging it, checking and delivering its answer.

pub(super) mod attempt;
pub(super) mod checks;
pub(super) mod delivery;
pub mod hedge;
#[cfg(feature = "schema")]
pub(super) mod recursive_refs;
#[cfg(feature = "schema")]
pub(super) mod schema;
#[cfg(not(feature = "schema"))]
#[path = "schema_unavailable.rs"]
pub(super) mod schema;
mod schema_error;
pub(super) mod verify;
