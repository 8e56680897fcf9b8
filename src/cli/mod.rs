//! What a person types and sees: one file a command. It owns no decision of routing.

pub mod logs;
