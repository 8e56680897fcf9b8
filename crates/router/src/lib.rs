//! In-process routing of LLM calls: model groups, failover, limits, shared state.

pub mod builder;
pub mod credentials;
pub mod engine;
pub mod health;
pub mod history;
pub mod ports;
pub mod profile;
pub mod state;
pub mod transport;
