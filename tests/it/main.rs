//! The program and its parts from outside, in one binary.

mod logs;
mod state;
