//! Facts about models: prices, limits and capabilities, as of the table's date.
//!
//! The facts are lines of `models.tsv` (columns: `scripts/models_table.py`).

mod family;
pub mod fetched;
pub mod models_dev;
mod row;
#[cfg(test)]
mod tests;

pub use family::by_family;
pub use row::{find, models};

use std::borrow::Cow;
use std::fmt;

use crate::model::{Effort, Price};

/// The date of the table; a model whose price is newer carries its own.
pub(crate) const AS_OF: &str = "2026-11-21";

/// One model at one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The price of its tokens, if known.
    pub price: Option<Price>,
    /// Tokens that fit prompt and answer together, when known.
    pub context_window: Option<u64>,
    /// The most it reads, when that is less than the context window.
    pub max_input: Option<u64>,
    /// The most it generates, when known.
    pub max_output: Option<u64>,
    /// It sees images.
    pub vision: bool,
    /// It reads PDF files.
    pub pdf: bool,
    /// It hears.
    pub audio: bool,
    /// It calls tools.
    pub tools: bool,
    /// It holds to a JSON Schema.
    pub json_schema: bool,
    /// Its reasoning before an answer.
    pub reasoning: Reasoning,
    /// It continues an answer that was begun for it, when known.
    pub prefill: Option<bool>,
    /// Its support for `temperature` and `top_p`.
    pub sampling: Support,
    /// The levels of effort that it takes.
    pub efforts: Efforts,
    /// Its support for tools in chat completions; Responses have no such bound.
    pub chat_tools: Support,
    /// The form of effort in Anthropic's protocol.
    pub thinking: Thinking,
    /// The range of its reasoning budget in tokens, if it takes a budget instead of a level.
    pub budget: Option<Budget>,
    /// Its lifecycle status.
    pub status: Status,
    /// The date from which it is not served, as `YYYY-MM-DD`, if that is announced.
    pub shutdown: Option<Cow<'static, str>>,
    /// The model of the same provider that replaces it.
    pub successor: Option<Cow<'static, str>>,
    /// The source of the price.
    pub price_source: Source,
    /// The source of the other facts.
    pub source: Source,
}

/// The source of a fact, and its date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The source.
    pub origin: Origin,
    /// The date, as `YYYY-MM-DD`.
    pub as_of: Cow<'static, str>,
}

/// A source of facts about models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The table of this program.
    Builtin,
    /// A table that was fetched from models.dev.
    ModelsDev,
}

impl Source {
    /// The built-in table, as of its own date or of `date` when that is not empty.
    fn builtin(date: &'static str) -> Self {
        Self { origin: Origin::Builtin, as_of: Cow::Borrowed(if date.is_empty() { AS_OF } else { date }) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.origin {
            Origin::Builtin => "builtin",
            Origin::ModelsDev => "models.dev",
        };
        write!(f, "{origin} {}", self.as_of)
    }
}

/// The levels of effort that a model takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Efforts {
    /// Unknown; any value can be tried.
    Unknown,
    /// None at all.
    None,
    /// These.
    Levels(Vec<Effort>),
}

/// The reasoning of a model before an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasoning {
    /// Never.
    No,
    /// Only if an effort is requested.
    WhenAsked,
    /// Unless the effort is `none`.
    ByDefault,
}

/// The condition under which a parameter may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// Always.
    Always,
    /// Only while the model does not reason.
    WithoutReasoning,
    /// Only if no effort is requested.
    WithoutEffort,
    /// Never; the reply would be an error.
    Never,
}

/// The form of effort in the protocols of Anthropic and Bedrock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thinking {
    /// Not known.
    Unknown,
    /// As a budget of tokens.
    Budget,
    /// As a level.
    Effort,
    /// As a level, beside adaptive thinking.
    Adaptive,
    /// As [`Thinking::Adaptive`], but thinking before an answer is switched off by `between_tools`.
    BetweenTools,
    /// Elsewhere at Bedrock: `reasoning_effort`.
    Flat,
    /// Elsewhere at Bedrock: `reasoning`.
    Nested,
    /// Elsewhere at Bedrock: `reasoning_config`.
    Config,
    /// Amazon's own models: `reasoningConfig`.
    MaxEffort,
}

/// The range of a reasoning budget, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The fewest, when it thinks at all.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// Thinking can be switched off.
    pub off: bool,
}

/// The lifecycle status of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// In service.
    Current,
    /// Not finished.
    Beta,
    /// To be switched off.
    Deprecated,
    /// Switched off.
    Retired,
}

impl Model {
    /// Returns its status on `today` (`YYYY-MM-DD`): a shutdown that was announced may have happened since.
    #[must_use]
    pub fn status_on(&self, today: &str) -> Status {
        match &self.shutdown {
            Some(date) if date.as_ref() <= today => Status::Retired,
            Some(_) | None => self.status,
        }
    }

    /// Returns `true` if it reasons at `effort`.
    #[must_use]
    pub(crate) fn reasons(&self, effort: Option<Effort>) -> bool {
        match (self.reasoning, effort) {
            (Reasoning::No, _) | (_, Some(Effort::None)) | (Reasoning::WhenAsked, None) => false,
            (Reasoning::WhenAsked, Some(_)) | (Reasoning::ByDefault, _) => true,
        }
    }

    /// Returns `true` if `temperature` and `top_p` can be sent with `effort`.
    #[must_use]
    pub(crate) fn takes_sampling(&self, effort: Option<Effort>) -> bool {
        self.takes(self.sampling, effort)
    }

    /// Returns `false` if it is known to refuse this level of effort.
    #[must_use]
    pub(crate) fn takes_effort(&self, effort: Effort) -> bool {
        match (self.reasoning, &self.efforts, effort) {
            (Reasoning::No, _, _) | (_, Efforts::None, _) => false,
            (Reasoning::WhenAsked, _, Effort::None) | (_, Efforts::Unknown, _) => true,
            (_, Efforts::Levels(levels), effort) => levels.contains(&effort),
        }
    }

    /// Returns `true` if tools can be sent with `effort` in chat completions.
    #[must_use]
    pub(crate) fn takes_tools_in_chat(&self, effort: Option<Effort>) -> bool {
        self.takes(self.chat_tools, effort)
    }

    fn takes(&self, when: Support, effort: Option<Effort>) -> bool {
        match when {
            Support::Always => true,
            Support::WithoutReasoning => !self.reasons(effort),
            Support::WithoutEffort => effort.is_none_or(|effort| effort == Effort::None),
            Support::Never => false,
        }
    }
}
