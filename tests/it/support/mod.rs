//! Support for the end-to-end tests: a server with configurable faults, and a way to run the program.
#![allow(dead_code, unused_imports, reason = "each test binary uses its own part of this")]

pub mod dialect;
pub mod faults;
pub mod filter;
pub mod peer;
pub mod profile;
pub mod proxy;
pub mod request;
pub mod run;
pub mod screen;
pub mod server;
mod signals;

pub use faults::{ANSWER, Fault, OTHER};
pub use profile::{KEY, Profile};
pub use run::{End, Home, Input, Output, Run, Sink};
pub use screen::Screen;
pub use server::{Nowhere, Server};
pub mod raw;
