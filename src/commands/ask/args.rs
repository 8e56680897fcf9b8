//! The arguments of `ask` as typed.

use std::path::PathBuf;

use clap::Args;

use super::question::QuestionArgs;

/// Ask a model group for one answer.
///
/// The prompt comes from the arguments, from standard input, or both: piped text comes first, then
/// a blank line, then the instruction; `{{stdin}}` inside the prompt places it instead.
/// In a `while read` loop give `--no-stdin`, or `ask` reads the loop's input.
#[derive(Debug, Default, Args)]
#[command(after_help = AFTER_HELP)]
pub struct AskArgs {
    /// The question, and how it is routed.
    #[command(flatten)]
    pub question: QuestionArgs,

    /// Print one JSON object with the answer and how it came about
    #[arg(long, conflicts_with_all = ["stream_json", "extract"], help_heading = "Output")]
    pub json: bool,
    /// Print one JSON event a line as the answer comes
    #[arg(long, conflicts_with_all = ["no_stream", "output", "extract"], help_heading = "Output")]
    pub stream_json: bool,
    /// Print the answer only when it is whole
    #[arg(short = 'S', long, help_heading = "Output")]
    pub no_stream: bool,
    /// Print only the first fenced block of the answer
    #[arg(short = 'x', long, conflicts_with = "schema", help_heading = "Output")]
    pub extract: bool,
    /// The answer is good if this shell command, which gets it on standard input, ends with status 0
    #[arg(long, value_name = "COMMAND", help_heading = "Output")]
    pub verify: Option<String>,
    /// Say on standard error who answered, tokens, cost and speed
    #[arg(short, long, help_heading = "Output")]
    pub usage: bool,
    /// Write the answer to FILE, whole or not at all
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Show who would be asked and with what, and send nothing
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,
    /// Do not write this request into the log
    #[arg(short = 'n', long, help_heading = "Output")]
    pub no_log: bool,
}

const AFTER_HELP: &str = "\
Exit codes: 0 one complete answer; 2 usage; 65 refused; 66 an input cannot be read; 69 nobody could
answer; 74 the output broke; 75 try later (rate limits); 77 keys failed everywhere; 78 profile;
124 deadline; 130 and 143 by signal.";
