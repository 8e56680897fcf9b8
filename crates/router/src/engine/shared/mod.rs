//! The state that processes share, as one request sees and changes it.

pub(super) mod eligibility;
pub mod keys;
pub(super) mod lease;
pub(super) mod provider_limits;
pub(super) mod reservation;
pub(super) mod session;
pub(super) mod wait_queue;
