//! The arguments of `ask` as typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::model::Effort;

/// Ask a model group for one answer.
///
/// The prompt comes from the arguments, from standard input, or both: piped text comes first, then
/// a blank line, then the instruction; `{{stdin}}` inside the prompt places it instead.
/// In a `while read` loop give `--no-stdin`, or `ask` reads the loop's input.
#[derive(Debug, Default, Args)]
#[command(after_help = AFTER_HELP)]
pub struct AskArgs {
    /// The prompt; `-` reads it from standard input
    #[arg(value_name = "PROMPT")]
    pub prompt: Vec<String>,

    /// Ask this model group, or one model without routing
    #[arg(short, long, value_name = "GROUP|PROVIDER/MODEL")]
    pub model: Option<String>,
    /// System prompt
    #[arg(short, long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Ask with this template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`
    #[arg(short, long, value_name = "NAME")]
    pub template: Option<String>,
    /// Put the text of FILE before the prompt; may be repeated
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Do not read standard input
    #[arg(long)]
    pub no_stdin: bool,

    /// Set a model option or another field of the request body; may be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE", help_heading = "Model")]
    pub options: Vec<String>,
    /// Randomness of the answer
    #[arg(long, value_name = "T", help_heading = "Model")]
    pub temperature: Option<f64>,
    /// The most tokens to generate
    #[arg(long, value_name = "N", help_heading = "Model")]
    pub max_tokens: Option<u64>,
    /// How long the model may reason
    #[arg(long, value_name = "LEVEL", help_heading = "Model")]
    pub reasoning_effort: Option<EffortArg>,
    /// Seed of the model's sampling
    #[arg(long, value_name = "N", help_heading = "Model")]
    pub seed: Option<i64>,

    /// Label for rules and statistics; may be repeated
    #[arg(long = "tag", value_name = "TAG", help_heading = "Routing")]
    pub tags: Vec<String>,
    /// Ask only deployments with this tag, or without it (`!TAG`); may be repeated
    #[arg(long = "require-tag", value_name = "TAG|!TAG", help_heading = "Routing")]
    pub require_tags: Vec<String>,
    /// Ask this group or model when the first one fails, instead of the profile's fallbacks; may be repeated
    #[arg(long = "fallback", value_name = "GROUP|PROVIDER/MODEL", help_heading = "Routing")]
    pub fallbacks: Vec<String>,
    /// Ask no fallback group
    #[arg(long, conflicts_with = "fallbacks", help_heading = "Routing")]
    pub no_fallback: bool,
    /// Order deployments by this strategy, whatever the groups say
    #[arg(long, value_name = "STRATEGY", help_heading = "Routing")]
    pub strategy: Option<String>,
    /// Who asks, for rules and for groups that are sticky by user; not sent to anybody
    #[arg(long, value_name = "NAME", help_heading = "Routing")]
    pub user: Option<String>,
    /// Further attempts inside a group after the first
    #[arg(long, value_name = "N", help_heading = "Routing")]
    pub num_retries: Option<u32>,
    /// What happens when an answer breaks after its beginning was printed
    #[arg(long, value_name = "MODE", help_heading = "Routing")]
    pub midstream: Option<MidstreamArg>,
    /// Ask a second deployment, too, when no token came by then; the first to begin answers
    #[arg(
        long,
        value_name = "DURATION|pNN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "p95",
        help_heading = "Routing"
    )]
    pub hedge: Option<String>,
    /// Limit of one attempt
    #[arg(long, value_name = "DURATION", help_heading = "Routing")]
    pub timeout: Option<String>,
    /// Limit until the first token of an attempt
    #[arg(long, value_name = "DURATION", help_heading = "Routing")]
    pub first_token_timeout: Option<String>,
    /// Limit of silence between two tokens
    #[arg(long, value_name = "DURATION", help_heading = "Routing")]
    pub idle_timeout: Option<String>,
    /// Limit of everything: attempts, waits, fallbacks
    #[arg(long, value_name = "DURATION", help_heading = "Routing")]
    pub deadline: Option<String>,
    /// Ask only deployments whose estimated cost is known and at most this
    #[arg(long, value_name = "USD", help_heading = "Routing")]
    pub max_cost: Option<f64>,
    /// Seed of the routing's own luck
    #[arg(long, value_name = "N", help_heading = "Routing")]
    pub route_seed: Option<u64>,

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
    #[arg(short = 'x', long, help_heading = "Output")]
    pub extract: bool,
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

/// `--reasoning-effort`.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum EffortArg {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl From<EffortArg> for Effort {
    fn from(effort: EffortArg) -> Self {
        match effort {
            EffortArg::None => Self::None,
            EffortArg::Minimal => Self::Minimal,
            EffortArg::Low => Self::Low,
            EffortArg::Medium => Self::Medium,
            EffortArg::High => Self::High,
            EffortArg::Xhigh => Self::Xhigh,
            EffortArg::Max => Self::Max,
        }
    }
}

/// `--midstream`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum MidstreamArg {
    /// Only an exact continuation is printed; else exit 74
    Exact,
    /// The new answer is printed from its beginning
    Restart,
    /// The next deployment is told to continue, which makes one text of two models
    Resume,
    /// The partial answer stands; exit 74
    Fail,
}
