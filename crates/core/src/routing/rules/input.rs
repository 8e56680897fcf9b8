//! The input and the errors of conditions, which exist with and without the feature `rules`.

use std::collections::BTreeMap;

/// The variables available to a condition.
pub const VARIABLES: &[&str] = &["prompt", "system", "tokens", "tags", "user", "env", "has_image", "hour"];

/// The functions and macros of a condition.
pub const FUNCTIONS: &[&str] = &[
    "contains_pii",
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "type",
    "dyn",
    "has",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
];

/// The values available to a condition.
#[derive(Debug, Clone, Copy)]
pub struct RuleInput<'a> {
    /// The user messages of the conversation, as one text.
    pub prompt: &'a str,
    /// The system prompt; empty without one.
    pub system: &'a str,
    /// Estimated tokens of all of it.
    pub tokens: u64,
    /// Labels given with `--tag`.
    pub tags: &'a [String],
    /// The user; empty if not given.
    pub user: &'a str,
    /// Variables of the environment that rules may read.
    pub env: &'a BTreeMap<String, String>,
    /// An image is attached.
    pub has_image: bool,
    /// The local hour from 0 to 23, when known.
    pub hour: Option<u8>,
}

/// The reason why a condition has no value. It holds nothing of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvaluationError {
    /// It reads a key that is not there, as `env.NAME` of a variable that is not set.
    NoKey,
    /// It reads an element that is not there.
    NoElement,
    /// It reads a name that has no value here.
    NoValue,
    /// It calculates what has no result.
    Arithmetic,
    /// It uses values of types that do not go together.
    Types,
    /// It converts or matches what cannot be.
    Function,
    /// Its value is neither true nor false.
    NotBool,
    /// Something else.
    Other,
}

impl EvaluationError {
    /// Returns the fault in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoKey => "it reads a key that is not there",
            Self::NoElement => "it reads an element that is not there",
            Self::NoValue => "it reads a name that has no value here",
            Self::Arithmetic => "it calculates what has no result",
            Self::Types => "it uses values of types that do not go together",
            Self::Function => "it converts or matches what cannot be",
            Self::NotBool => "its value is neither true nor false",
            Self::Other => "it has no value",
        }
    }
}

/// An error in a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionError {
    /// The problem, as a lower-case fragment.
    pub message: String,
    /// Its position in the text, in bytes.
    pub at: std::ops::Range<usize>,
    /// The name that is not known, for a suggestion.
    pub unknown: Option<String>,
}
