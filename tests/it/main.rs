//! The program and its parts from outside, in one binary.

mod bad_input;
mod engine;
mod faults;
mod limits;
mod logs;
mod state;
mod support;
mod support_test;
