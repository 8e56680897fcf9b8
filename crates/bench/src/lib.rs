//! Comparing deployments: what is measured, the plan of a run, its statistics; no clap, no terminal, no sockets.
//!
//! A [`Plan`](plan::Plan) says who is asked when; a run turns it into [`Sample`](sample::Sample)s, one a
//! call; everything that is reported is computed from those, by pure functions of seeds and values.

pub mod compare;
pub mod cost;
pub mod load_generator;
mod measure;
pub mod plan;
pub mod prompts;
pub mod record;
pub mod rehearsal;
pub mod report;
pub mod sample;
mod sample_builder;
pub mod schedule;
pub mod self_test;
pub mod stats;
pub mod summary;
pub mod sweep;
#[cfg(test)]
mod synthetic;
mod target_breaker;
#[cfg(test)]
mod testing;
