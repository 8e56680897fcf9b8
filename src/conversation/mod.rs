//! The turns of a conversation, and how many of them fit into a model's context window.

pub(crate) mod fit;
pub(crate) mod turns;
