//! llmroute: an LLM call that does not fail.

pub mod cli;
pub mod model;
pub mod ports;
pub mod profile;
pub mod provider;
pub mod route;
pub mod transport;
pub mod wire;
