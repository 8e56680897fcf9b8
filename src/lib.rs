//! llmroute: an LLM call that does not fail.

pub mod cli;
pub mod embed;
pub mod engine;
pub mod error;
pub mod history;
pub mod model;
pub mod ports;
pub mod profile;
pub mod provider;
pub mod route;
pub mod state;
pub mod transport;
pub mod wire;
