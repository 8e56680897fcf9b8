//! Parses, takes one snapshot of what surrounds the process, runs, and exits.

use std::process::ExitCode;

use llmroute::cli;
use llmroute::error::Kind;

fn main() -> ExitCode {
    // A panic is a bug of ours and has its own exit code; its message is already on standard error.
    let code = std::panic::catch_unwind(|| cli::run(std::env::args_os(), &cli::env::Env::snapshot()));
    ExitCode::from(code.unwrap_or(Kind::Internal.exit_code()))
}
