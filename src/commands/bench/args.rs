//! The arguments of `bench`, as typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Compare deployments: time to first token, tokens per second, errors, cost
///
/// Every round calls each deployment once, in random order, without retries and fallbacks, so differences
/// come from the deployments. The plan and its maximum cost are printed before anything is sent. Differences
/// have 95% confidence intervals, and are reported only if the interval excludes zero.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BenchArgs {
    /// Prompt; a short built-in question by default
    #[arg(value_name = "PROMPT")]
    pub prompt: Vec<String>,
    /// Deployments of this group, or a single model; can be repeated; default: the default group
    #[arg(short, long = "model", value_name = "GROUP|PROVIDER/MODEL")]
    pub models: Vec<String>,
    /// File of prompts, used in turn: one per line, or JSON objects with a `prompt`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "input_tokens"])]
    pub prompts: Option<PathBuf>,
    /// Use a synthetic prompt of about N tokens
    #[arg(long, value_name = "N", conflicts_with = "prompt", value_parser = clap::value_parser!(u64).range(1..))]
    pub input_tokens: Option<u64>,
    /// Maximum tokens of an answer; a synthetic prompt asks for that many
    #[arg(long, visible_alias = "max-tokens", value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u64).range(1..))]
    pub output_tokens: u64,
    /// Send the same text every time, so that the prompt caches of providers can answer
    #[arg(long)]
    pub allow_cache: bool,
    /// Set a model parameter or any other field of the request body; can be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    pub options: Vec<String>,

    /// Number of rounds
    #[arg(short = 'n', long, value_name = "N", help_heading = "Load", value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: Option<u32>,
    /// Start no round after this time
    #[arg(long, value_name = "DURATION", conflicts_with = "rounds", help_heading = "Load")]
    pub duration: Option<String>,
    /// Calls in flight at each deployment
    #[arg(short, long, value_name = "N", default_value_t = 1, help_heading = "Load", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub concurrency: u32,
    /// Start R calls per second at each deployment, even if earlier calls are still running; latency
    /// counts from the intended start
    #[arg(long, value_name = "R", conflicts_with = "concurrency", help_heading = "Load")]
    pub rate: Option<f64>,
    /// Distribution of the starts of `--rate`
    #[arg(long, value_name = "HOW", default_value = "constant", help_heading = "Load")]
    pub arrival: ArrivalArg,
    /// Repeat with each of these numbers of calls in flight
    #[arg(long, value_name = "N,N…", value_delimiter = ',', conflicts_with_all = ["concurrency", "rate", "csv", "markdown", "html", "save", "compare"], help_heading = "Load")]
    pub sweep: Vec<u32>,
    /// Find the highest rate with at most 1% errors and a p95 of the TTFT within `--slo`
    #[arg(long, conflicts_with_all = ["concurrency", "rate", "sweep", "csv", "markdown", "html", "save", "compare"], help_heading = "Load")]
    pub find_limit: bool,
    /// Limits of a good call, for goodput: `ttft=500ms,tpot=50ms,e2e=5s`
    #[arg(long, value_name = "LIMITS", help_heading = "Load")]
    pub slo: Option<String>,
    /// Seed for orders, prompts, arrivals and statistics
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub seed: Option<u64>,

    /// Skip the confirmation of the cost
    #[arg(short, long, help_heading = "Cost")]
    pub yes: bool,
    /// Start no call that could exceed this cost
    #[arg(long, value_name = "USD", help_heading = "Cost")]
    pub max_cost: Option<f64>,
    /// Print the plan and its maximum cost, without sending anything
    #[arg(long, help_heading = "Cost")]
    pub dry_run: bool,

    /// Print one JSON object with every sample and the summary
    #[arg(long, group = "form", help_heading = "Output")]
    pub json: bool,
    /// Print CSV, one row per call
    #[arg(long, group = "form", help_heading = "Output")]
    pub csv: bool,
    /// Print Markdown: the table, the plan and the findings
    #[arg(long, group = "form", help_heading = "Output")]
    pub markdown: bool,
    /// Also write a page with tables and plots to FILE
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub html: Option<PathBuf>,
    /// Draw plots in ASCII
    #[arg(long, help_heading = "Output")]
    pub ascii: bool,
    /// Save the run under this name in the folder of the state, or in this file
    #[arg(long, value_name = "NAME|FILE", help_heading = "Output")]
    pub save: Option<String>,
    /// Compare with a saved run; exit 1 if worse beyond the interval
    #[arg(long, value_name = "NAME|FILE", help_heading = "Output")]
    pub compare: Option<String>,
    /// Do not record the measurements for routing
    #[arg(long, help_heading = "Output")]
    pub no_learn: bool,

    /// Run the group against simulated deployments with these faults, and score it:
    /// `503@20%,stall@5%,cut@40,slow=2s`
    #[arg(long, value_name = "FAULTS", help_heading = "Rehearsal", conflicts_with_all = ["sweep", "find_limit", "rate", "duration", "slo", "max_cost", "dry_run", "save", "compare", "html", "csv", "markdown"])]
    pub inject: Option<String>,
    /// Measure the measurement error on this machine, with a built-in server
    #[arg(long, exclusive = true, help_heading = "Rehearsal")]
    pub self_test: bool,
}

/// `--arrival`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArrivalArg {
    /// At equal intervals
    #[default]
    Constant,
    /// At random, independently of each other
    Poisson,
}
