//! The commands (the lead owns this file).

pub mod profile;
