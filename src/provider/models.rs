//! What is known of each model: prices, limits and capabilities, as of the table's date.

use crate::model::Price;

/// One model at one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What its tokens cost, when known.
    pub price: Option<Price>,
    /// Tokens that fit prompt and answer together, when known.
    pub context_window: Option<u64>,
    /// The most it generates, when known.
    pub max_output: Option<u64>,
    /// It sees images.
    pub vision: bool,
    /// It calls tools.
    pub tools: bool,
    /// It holds to a JSON Schema.
    pub json_schema: bool,
    /// It reasons before it answers.
    pub reasoning: bool,
    /// It continues an answer that was begun for it, when known.
    pub prefill: Option<bool>,
    /// It takes `temperature` and `top_p`.
    pub sampling: bool,
}

/// What is known of `model` at `provider`; parses one line of the table.
#[must_use]
pub fn find(_provider: &str, _model: &str) -> Option<Model> {
    None
}
