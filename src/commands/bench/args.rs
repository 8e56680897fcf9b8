//! The arguments of `bench`, as typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Compare deployments: time to first token, tokens a second, errors, cost
///
/// Every round asks each deployment once, in a random order, without retries and fallbacks, so that what
/// differs between them is theirs. The plan and its cost are printed before anything is sent. Differences
/// come with their 95 % intervals, and are called differences only where those exclude zero.
#[derive(Debug, Clone, Default, Args)]
pub struct BenchArgs {
    /// What is asked; a short question of its own when nothing is given
    #[arg(value_name = "PROMPT")]
    pub prompt: Vec<String>,
    /// The deployments of this group, or one model; may be repeated. The default group when none is given
    #[arg(short, long = "model", value_name = "GROUP|PROVIDER/MODEL")]
    pub models: Vec<String>,
    /// Prompts in turn: one a line, or JSON objects with a `prompt`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "input_tokens"])]
    pub prompts: Option<PathBuf>,
    /// A made-up prompt of about so many tokens
    #[arg(long, value_name = "N", conflicts_with = "prompt", value_parser = clap::value_parser!(u64).range(1..))]
    pub input_tokens: Option<u64>,
    /// The most tokens of an answer; a made-up prompt asks for that many
    #[arg(long, visible_alias = "max-tokens", value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u64).range(1..))]
    pub output_tokens: u64,
    /// Send the same text every time, so that the providers' prompt caches may answer
    #[arg(long)]
    pub allow_cache: bool,
    /// Set a model option or another field of the request body; may be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    pub options: Vec<String>,

    /// Rounds
    #[arg(short = 'n', long, value_name = "N", help_heading = "Load", value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: Option<u32>,
    /// Begin no round after this
    #[arg(long, value_name = "DURATION", conflicts_with = "rounds", help_heading = "Load")]
    pub duration: Option<String>,
    /// Calls in flight at each deployment
    #[arg(short, long, value_name = "N", default_value_t = 1, help_heading = "Load", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub concurrency: u32,
    /// Start so many calls a second at each deployment, whether earlier ones are done or not; latency
    /// counts from the intended start
    #[arg(long, value_name = "R", conflicts_with = "concurrency", help_heading = "Load")]
    pub rate: Option<f64>,
    /// How the starts of `--rate` are spread
    #[arg(long, value_name = "HOW", default_value = "constant", help_heading = "Load")]
    pub arrival: ArrivalArg,
    /// Repeat with so many calls in flight: a comma-separated list
    #[arg(long, value_name = "N,N…", value_delimiter = ',', conflicts_with_all = ["concurrency", "rate", "csv", "markdown", "html", "save", "compare"], help_heading = "Load")]
    pub sweep: Vec<u32>,
    /// Find the highest rate with at most 1 % errors and a p95 of the TTFT within `--slo`
    #[arg(long, conflicts_with_all = ["concurrency", "rate", "sweep", "csv", "markdown", "html", "save", "compare"], help_heading = "Load")]
    pub find_limit: bool,
    /// What a good call is, for goodput: `ttft=500ms,tpot=50ms,e2e=5s`
    #[arg(long, value_name = "LIMITS", help_heading = "Load")]
    pub slo: Option<String>,
    /// Seed of orders, prompts, arrivals and statistics
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub seed: Option<u64>,

    /// Do not ask before spending
    #[arg(short, long, help_heading = "Cost")]
    pub yes: bool,
    /// Begin no call that could pass this
    #[arg(long, value_name = "USD", help_heading = "Cost")]
    pub max_cost: Option<f64>,
    /// Print the plan and what it may cost, and send nothing
    #[arg(long, help_heading = "Cost")]
    pub dry_run: bool,

    /// One JSON object: every sample and the summary
    #[arg(long, group = "form", help_heading = "Output")]
    pub json: bool,
    /// CSV: one row a call
    #[arg(long, group = "form", help_heading = "Output")]
    pub csv: bool,
    /// Markdown: the table, the plan and the verdicts
    #[arg(long, group = "form", help_heading = "Output")]
    pub markdown: bool,
    /// Write a page with tables and plots to FILE, too
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub html: Option<PathBuf>,
    /// Plots in ASCII
    #[arg(long, help_heading = "Output")]
    pub ascii: bool,
    /// Save the run under this name in the folder of the state, or in this file
    #[arg(long, value_name = "NAME|FILE", help_heading = "Output")]
    pub save: Option<String>,
    /// Compare with a saved run; exit 1 if worse beyond the interval
    #[arg(long, value_name = "NAME|FILE", help_heading = "Output")]
    pub compare: Option<String>,
    /// Do not let routing learn from the measurements
    #[arg(long, help_heading = "Output")]
    pub no_learn: bool,

    /// Run the group against simulated deployments with these faults, and score it:
    /// `503@20%,stall@5%,cut@40,slow=2s`
    #[arg(long, value_name = "FAULTS", help_heading = "Rehearsal", conflicts_with_all = ["sweep", "find_limit", "rate", "duration", "slo", "max_cost", "dry_run", "save", "compare", "html", "csv", "markdown"])]
    pub inject: Option<String>,
    /// Measure the error of the measurement on this machine, with a built-in server
    #[arg(long, exclusive = true, help_heading = "Rehearsal")]
    pub self_test: bool,
}

/// `--arrival`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ArrivalArg {
    /// At equal distances
    #[default]
    Constant,
    /// Independently of each other, as users come
    Poisson,
}
