//! The program and its parts from outside, in one binary.

mod attachments;
mod bad_input;
mod bedrock;
mod checks;
mod engine;
mod faults;
mod hedge;
mod history;
mod hygiene;
mod keys;
mod limits;
mod logs;
mod models;
mod overrides;
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
mod tools;
