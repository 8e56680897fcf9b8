//! One request: its loop, its admission to deployments, its outcome and its log entry.

pub(super) mod admission;
pub(super) mod log;
pub(super) mod outcome;
pub(super) mod record;
pub(super) mod run;
