//! The arguments of `ask` as typed.

use std::path::PathBuf;

use clap::Args;

use super::question::QuestionArgs;

/// Send a prompt to a model group and print the answer
///
/// The prompt comes from the arguments, from standard input, or from both: piped text comes first, then
/// a blank line, then the arguments. `{{stdin}}` in the prompt marks another place for the piped text.
/// In a `while read` loop, use `--no-stdin`; otherwise `ask` reads the input of the loop.
#[derive(Debug, Default, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct AskArgs {
    /// The question and its routing.
    #[command(flatten)]
    pub question: QuestionArgs,

    /// Print one JSON object with the answer, its attempts and its cost
    #[arg(long, conflicts_with_all = ["stream_json", "extract"], help_heading = "Output")]
    pub json: bool,
    /// Print one JSON event per line while the answer arrives
    #[arg(long, conflicts_with_all = ["no_stream", "output", "extract"], help_heading = "Output")]
    pub stream_json: bool,
    /// Print the answer only when it is complete
    #[arg(short = 'S', long, help_heading = "Output")]
    pub no_stream: bool,
    /// Print only the first fenced code block of the answer
    #[arg(short = 'x', long, conflicts_with = "schema", help_heading = "Output")]
    pub extract: bool,
    /// Accept the answer only if this shell command exits with 0; it gets the answer on standard input
    #[arg(long, value_name = "COMMAND", help_heading = "Output")]
    pub verify: Option<String>,
    /// Reject an answer that the token limit cut, and call the next deployment
    #[arg(long, help_heading = "Output")]
    pub fail_on_truncated: bool,
    /// Print the deployment, tokens, cost and speed to standard error
    #[arg(short, long, help_heading = "Output")]
    pub usage: bool,
    /// Write the answer to FILE, atomically
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Show the requests that would be sent, without sending them
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,
    /// Do not log this request
    #[arg(short = 'n', long, help_heading = "Output")]
    pub no_log: bool,
}

const AFTER_HELP: &str = "\
Exit codes: 0 complete answer; 2 usage error; 65 request refused; 66 unreadable input; 69 no
deployment could answer; 74 output error or broken answer; 75 rate limited, try later; 77 every key
refused; 78 profile error; 124 deadline passed; 130 and 143 ended by a signal.";
