//! The pure core of llmroute: wire formats, protocols, the catalog of models, and routing decisions.
//!
//! It performs no I/O and has no clock and no randomness of its own: time and random generators are arguments. This
//! crate is an implementation detail of `llmroute-router` and has no stable interface. The map of the code is in
//! `docs/architecture.md`.

pub mod call;
pub mod catalog;
pub mod model;
pub mod protocols;
pub mod routing;
pub mod wire;
