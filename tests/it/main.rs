//! The command, run as a user runs it.

mod bad_input;
mod faults;
mod support;
mod support_test;
