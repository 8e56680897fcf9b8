//! Ways out to the network (another owner).

pub mod keys;
pub mod probe;
