//! One request: its loop, its admission to deployments, its record and its log entry.

pub(super) mod admission;
mod class;
mod details;
pub(super) mod log;
pub(super) mod record;
pub(super) mod run;
