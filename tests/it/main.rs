//! The program and its parts from outside, in one binary.

mod bad_input;
mod bedrock;
mod engine;
mod faults;
mod hedge;
mod hygiene;
mod limits;
mod logs;
mod protocols;
mod recovery;
mod route;
mod sim;
mod state;
mod state_command;
mod strategies;
mod support;
mod support_test;
mod template;
