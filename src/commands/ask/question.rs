//! What is asked and how it is routed, as typed: the arguments that `ask` and `route` share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use llmroute_core::model::Effort;

/// A question, and how it is routed.
#[derive(Debug, Clone, Default, Args)]
pub struct QuestionArgs {
    /// The prompt; `-` reads it from standard input
    #[arg(value_name = "PROMPT")]
    pub prompt: Vec<String>,

    /// The model group, or one model without routing
    #[arg(short, long, value_name = "GROUP|PROVIDER/MODEL")]
    pub model: Option<String>,
    /// System prompt
    #[arg(short, long, value_name = "TEXT")]
    pub system: Option<String>,
    /// This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`
    #[arg(short, long, value_name = "NAME")]
    pub template: Option<String>,
    /// Put the text of FILE before the prompt; may be repeated
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Show the model an image or a PDF file, from FILE, an address or standard input (`-`); may be repeated
    #[arg(short, long = "attachment", value_name = "FILE|URL|-")]
    pub attachments: Vec<String>,
    /// Continue the newest conversation; an `ask` begins one
    #[arg(short, long = "continue")]
    pub continues: bool,
    /// Continue this conversation: its id or that of a turn, or the unique beginning or end of one
    #[arg(long, value_name = "ID", conflicts_with = "continues")]
    pub cid: Option<String>,
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
    /// The answer is JSON that satisfies this JSON Schema; it is printed when it is whole
    #[arg(long, value_name = "FILE|JSON", help_heading = "Model")]
    pub schema: Option<String>,
    /// Seed of the model's sampling
    #[arg(long, value_name = "N", help_heading = "Model")]
    pub seed: Option<i64>,

    /// Label for rules and statistics; may be repeated
    #[arg(long = "tag", value_name = "TAG", help_heading = "Routing")]
    pub tags: Vec<String>,
    /// Only deployments with this tag, or without it (`!TAG`); may be repeated
    #[arg(long = "require-tag", value_name = "TAG|!TAG", help_heading = "Routing")]
    pub require_tags: Vec<String>,
    /// This group or model when the first one fails, instead of the profile's fallbacks; may be repeated
    #[arg(long = "fallback", value_name = "GROUP|PROVIDER/MODEL", help_heading = "Routing")]
    pub fallbacks: Vec<String>,
    /// No fallback group
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
    /// Only deployments whose estimated cost is known and at most this
    #[arg(long, value_name = "USD", help_heading = "Routing")]
    pub max_cost: Option<f64>,
    /// Seed of the routing's own luck
    #[arg(long, value_name = "N", help_heading = "Routing")]
    pub route_seed: Option<u64>,
}

impl QuestionArgs {
    /// Whether a conversation goes on with it.
    #[must_use]
    pub fn is_continued(&self) -> bool {
        self.continues || self.cid.is_some()
    }
}

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
