//! The program and its parts from outside, in one binary.

mod bad_input;
mod engine;
mod faults;
mod logs;
mod sim;
mod state;
mod strategies;
mod support;
mod support_test;
