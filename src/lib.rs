//! The command line of llmroute. The map of the code is in `docs/architecture.md`.

pub mod artifacts;
pub mod commands;
mod conversation;
pub mod environment;
pub mod error;
mod request;
mod setup;
mod signals;
mod state_location;
pub mod ui;
