//! From the tables of a profile to what routing needs: names become positions, defaults are applied.

pub(crate) mod deployment;
mod fallbacks;
mod group;
mod model_names;
pub(crate) mod precedence;
pub(crate) mod provider;
mod rules;
pub mod strategy;
pub(crate) mod target;
