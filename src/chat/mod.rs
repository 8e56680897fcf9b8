//! A conversation: how much of it a model is told.

pub mod fit;
