//! The command line of llmroute. The map of the code is in `docs/architecture.md`.

pub mod chat;
pub mod cli;
pub mod error;
