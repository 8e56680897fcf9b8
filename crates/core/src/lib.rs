//! The pure core of llmroute: values in, values out. No I/O, no clock, no randomness of its own.

pub mod call;
pub mod catalog;
pub mod model;
pub mod protocols;
pub mod routing;
pub mod wire;
