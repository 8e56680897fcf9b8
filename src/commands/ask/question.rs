//! The question and its routing, as typed: the arguments that `ask` and `route` share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::error::CommandError;
use crate::request::RequestOptions;
use crate::request::limits::{LimitOverrides, parse_duration, parse_hedge, parse_limit};
use llmroute_core::model::{Effort, Sampling};
use llmroute_core::routing::strategy::BUILT_IN;

/// A question and its routing.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct QuestionArgs {
    /// Prompt; `-` reads it from standard input
    #[arg(value_name = "PROMPT")]
    pub prompt: Vec<String>,

    /// Model group, or a single model without routing
    #[arg(short, long, value_name = "GROUP|PROVIDER/MODEL")]
    pub model: Option<String>,
    /// System prompt
    #[arg(short, long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`
    #[arg(short, long, value_name = "NAME")]
    pub template: Option<String>,
    /// Put the text of FILE, or of standard input (`-`), before the prompt; can be repeated
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Attach an image or a PDF file, from a file, a URL or standard input (`-`); can be repeated
    #[arg(short, long = "attachment", value_name = "FILE|URL|-")]
    pub attachments: Vec<String>,
    /// Continue the latest conversation
    #[arg(short, long = "continue")]
    pub continues: bool,
    /// Continue the conversation with this id, or with this request; a unique beginning or end of the id is enough
    #[arg(long, value_name = "ID", conflicts_with = "continues")]
    pub cid: Option<String>,
    /// Do not read standard input
    #[arg(long)]
    pub no_stdin: bool,
    /// Accept empty piped input and empty files
    #[arg(long)]
    pub allow_empty: bool,

    /// Set a model parameter or any other field of the request body; can be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE", help_heading = "Model")]
    pub options: Vec<String>,
    /// Sampling temperature
    #[arg(long, value_name = "T", help_heading = "Model")]
    pub temperature: Option<f64>,
    /// Maximum number of tokens to generate
    #[arg(long, value_name = "N", help_heading = "Model")]
    pub max_tokens: Option<u64>,
    /// Reasoning effort
    #[arg(long, value_name = "LEVEL", help_heading = "Model")]
    pub reasoning_effort: Option<EffortArg>,
    /// Require JSON that satisfies this JSON Schema; printed when complete
    #[arg(long, value_name = "FILE|JSON", help_heading = "Model")]
    pub schema: Option<String>,
    /// Seed for the model's sampling
    #[arg(long, value_name = "N", help_heading = "Model")]
    pub seed: Option<i64>,

    /// Label for rules and statistics; can be repeated
    #[arg(long = "tag", value_name = "TAG", help_heading = "Routing")]
    pub tags: Vec<String>,
    /// Use only deployments with this tag, or without it (`!TAG`); can be repeated
    #[arg(long = "require-tag", value_name = "TAG|!TAG", help_heading = "Routing")]
    pub require_tags: Vec<String>,
    /// Fall back to this group or model instead of the profile's fallbacks; can be repeated
    #[arg(long = "fallback", value_name = "GROUP|PROVIDER/MODEL", help_heading = "Routing")]
    pub fallbacks: Vec<String>,
    /// Do not use fallback groups
    #[arg(long, conflicts_with = "fallbacks", help_heading = "Routing")]
    pub no_fallback: bool,
    /// `--strategy`; the names in its help come from the table of strategies.
    #[arg(long, value_name = "STRATEGY", help = strategies(), help_heading = "Routing")]
    pub strategy: Option<String>,
    /// User name for rules and for groups that are sticky by user; never sent
    #[arg(long, value_name = "NAME", help_heading = "Routing")]
    pub user: Option<String>,
    /// Retries inside a group after the first attempt
    #[arg(long, value_name = "N", help_heading = "Routing")]
    pub num_retries: Option<u32>,
    /// Action when an answer fails after part of it was printed
    #[arg(long, value_name = "MODE", help_heading = "Routing")]
    pub midstream: Option<MidstreamArg>,
    /// Also call a second deployment if no token has arrived by then; the first one to reply is used
    #[arg(
        long,
        value_name = "DURATION|pNN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "p95",
        help_heading = "Routing"
    )]
    pub hedge: Option<String>,
    /// Time limit of one attempt
    #[arg(long, value_name = "DURATION", help_heading = "Routing")]
    pub timeout: Option<String>,
    /// Time limit until the first token of an attempt
    #[arg(long, value_name = "DURATION", help_heading = "Routing")]
    pub first_token_timeout: Option<String>,
    /// Time limit between two tokens
    #[arg(long, value_name = "DURATION", help_heading = "Routing")]
    pub idle_timeout: Option<String>,
    /// Time limit of the whole request: attempts, waits and fallbacks
    #[arg(long, value_name = "DURATION", help_heading = "Routing")]
    pub deadline: Option<String>,
    /// Longest wait for a rate limit
    #[arg(long, value_name = "DURATION", help_heading = "Routing")]
    pub max_wait: Option<String>,
    /// Use only deployments with a known price and an estimated cost of at most this
    #[arg(long, value_name = "USD", help_heading = "Routing")]
    pub max_cost: Option<f64>,
    /// Seed for the random choices of routing
    #[arg(long, value_name = "N", help_heading = "Routing")]
    pub route_seed: Option<u64>,
}

/// The help of `--strategy`, with the name of every strategy.
fn strategies() -> String {
    let names: Vec<String> = BUILT_IN.iter().map(|entry| format!("`{}`", entry.name)).collect();
    format!("Order deployments by this strategy in every group: {} or `exec:COMMAND`", names.join(", "))
}

impl QuestionArgs {
    /// Returns `true` if it continues a conversation.
    #[must_use]
    pub(crate) fn is_continued(&self) -> bool {
        self.continues || self.cid.is_some()
    }

    /// The options of the request.
    ///
    /// # Errors
    /// `usage` for an invalid limit.
    pub(crate) fn request(&self) -> Result<RequestOptions, CommandError> {
        Ok(RequestOptions {
            model: self.model.clone(),
            template: self.template.clone(),
            options: self.options.clone(),
            sampling: Sampling {
                temperature: self.temperature,
                max_tokens: self.max_tokens,
                effort: self.reasoning_effort.map(Effort::from),
                seed: self.seed,
                ..Sampling::default()
            },
            tags: self.tags.clone(),
            require_tags: self.require_tags.clone(),
            user: self.user.clone(),
            fallbacks: self.fallbacks.clone(),
            no_fallback: self.no_fallback,
            strategy: self.strategy.clone(),
            max_cost: self.max_cost,
            route_seed: self.route_seed,
            limits: LimitOverrides {
                timeout: parse_limit("--timeout", self.timeout.as_deref())?,
                first_token: parse_limit("--first-token-timeout", self.first_token_timeout.as_deref())?,
                idle: parse_limit("--idle-timeout", self.idle_timeout.as_deref())?,
                deadline: parse_limit("--deadline", self.deadline.as_deref())?,
                max_wait: parse_duration("--max-wait", self.max_wait.as_deref())?,
                num_retries: self.num_retries,
                hedge: parse_hedge(self.hedge.as_deref())?,
            },
        })
    }
}

/// `--reasoning-effort`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum EffortArg {
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
pub(crate) enum MidstreamArg {
    /// Print only an exact continuation; otherwise exit with 74
    Exact,
    /// Print the new answer from the start
    Restart,
    /// Tell the next deployment to continue the text; the answer then comes from two models
    Resume,
    /// Keep the partial answer and exit with 74
    Fail,
}
