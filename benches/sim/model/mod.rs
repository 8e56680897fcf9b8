//! Routing against simulated providers on virtual time: worlds, policies and figures. No printing.
//!
//! Ours are the real failover, breaker, snapshot and strategies; LiteLLM's (1.109.1) are models after its
//! source: retries, cooldown and choice as it makes them.

pub mod figures;
pub mod limited;
pub mod litellm;
pub mod oracle;
pub mod ours;
pub mod policy;
pub mod recovery;
pub mod rooms;
pub mod sparse;
pub mod steady;
