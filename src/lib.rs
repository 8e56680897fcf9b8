//! llmroute: an LLM call that does not fail.

pub mod engine;
pub mod model;
pub mod ports;
pub mod provider;
pub mod route;
pub mod transport;
pub mod wire;
