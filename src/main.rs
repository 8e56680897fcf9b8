//! Parses, takes one snapshot of what surrounds the process, runs, and exits.

use std::process::ExitCode;

pub use llmroute::error::ErrorKind;
use llmroute::{commands, environment};

fn main() -> ExitCode {
    // A panic is a bug of ours and has its own exit code; its message is already on standard error.
    let code = std::panic::catch_unwind(|| commands::run(std::env::args_os(), &environment::Env::snapshot()));
    ExitCode::from(code.unwrap_or(ErrorKind::Internal.exit_code()))
}
