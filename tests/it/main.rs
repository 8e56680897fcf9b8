//! The command, run as a user runs it.

mod support;
mod support_test;
