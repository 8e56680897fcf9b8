//! Measures and compares deployments: the plan of a run, the load, the samples, their statistics and reports.
//!
//! A [`Plan`](plan::Plan) fixes which deployment is called when. A run turns it into one
//! [`Sample`](sample::Sample) per call. Every figure and report is computed from the samples by pure functions of
//! values and seeds. The crate parses no arguments and opens no sockets; the command line does.
//!
//! See `docs/architecture.md` for its place in the program, and `docs/bench.md` for the meaning of the figures.

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
mod schedule;
pub mod self_test;
pub mod stats;
pub mod summary;
pub mod sweep;
#[cfg(test)]
mod synthetic;
mod target_breaker;
#[cfg(test)]
mod testing;
