//! Parameters that a deployment refused, and for how long that is believed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Effort, Timestamp};

/// A refusal is believed for this long; after that the parameter is sent again.
const BELIEVED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A parameter of a request that expresses a preference: the request keeps its meaning without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parameter {
    /// Randomness.
    Temperature,
    /// Nucleus sampling.
    TopP,
    /// The random seed of the model.
    Seed,
    /// The effort of reasoning.
    ReasoningEffort,
    /// A number of output tokens beyond the limit of the model.
    MaxTokens,
    /// Strict mode of a schema.
    StrictSchema,
    /// A schema in a field of its own; without it the schema is part of the instructions.
    ResponseFormat,
    /// JSON mode, beside a schema in the instructions.
    JsonMode,
    /// The request for usage in a stream.
    StreamOptions,
    /// Sampling among the likeliest tokens.
    TopK,
    /// The smallest probability of a token.
    MinP,
    /// The number of answers.
    N,
    /// A penalty for frequent tokens.
    FrequencyPenalty,
    /// A penalty for tokens that occurred before.
    PresencePenalty,
    /// A penalty for repetitions.
    RepetitionPenalty,
    /// Probabilities in the reply.
    Logprobs,
    /// The length of the answer in words.
    Verbosity,
    /// Several tool calls in one answer.
    ParallelToolCalls,
    /// A name of the end user.
    User,
    /// Storage of the answer at the provider.
    Store,
    /// Labels of the request at the provider.
    Metadata,
}

impl Parameter {
    /// All parameters, in the order in which a message that names several is read.
    pub(crate) const ALL: [Self; 21] = [
        Self::MaxTokens,
        Self::Temperature,
        Self::TopP,
        Self::TopK,
        Self::MinP,
        Self::Seed,
        Self::FrequencyPenalty,
        Self::PresencePenalty,
        Self::RepetitionPenalty,
        Self::Logprobs,
        Self::Verbosity,
        Self::ParallelToolCalls,
        Self::ReasoningEffort,
        Self::StrictSchema,
        Self::ResponseFormat,
        Self::JsonMode,
        Self::StreamOptions,
        Self::N,
        Self::User,
        Self::Store,
        Self::Metadata,
    ];

    /// Returns the name in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.names()[0]
    }

    /// The names on the wire, in lower case; the first one stands in messages.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Temperature => &["temperature"],
            Self::TopP => &["top_p", "topp"],
            Self::Seed => &["seed", "random_seed"],
            Self::ReasoningEffort => &[
                "reasoning_effort",
                "effort",
                "reasoning",
                "thinking",
                "think",
                "thinking_config",
                "thinkingconfig",
                "thinkinglevel",
                "thinkingbudget",
                "budget_tokens",
                "enable_thinking",
            ],
            Self::MaxTokens => &[
                "max_tokens",
                "max_completion_tokens",
                "max_output_tokens",
                "maxoutputtokens",
                "max_new_tokens",
                "maxtokens",
                "num_predict",
            ],
            Self::StrictSchema => &["strict"],
            Self::ResponseFormat => &[
                "response_format",
                "json_schema",
                "output_format",
                "output_config",
                "response_schema",
                "responseschema",
                "responsejsonschema",
                "response_json_schema",
                "outputconfig",
                "schema",
                "grammar",
                "structured",
                "guided_json",
            ],
            Self::JsonMode => &["json_object", "response_format", "json", "responsemimetype", "response_mime_type"],
            Self::StreamOptions => &["stream_options", "include_usage"],
            Self::TopK => &["top_k", "topk"],
            Self::MinP => &["min_p"],
            Self::N => &["n", "candidatecount", "candidate_count"],
            Self::FrequencyPenalty => &["frequency_penalty", "frequencypenalty"],
            Self::PresencePenalty => &["presence_penalty", "presencepenalty"],
            Self::RepetitionPenalty => &["repetition_penalty", "repeat_penalty"],
            Self::Logprobs => &["logprobs", "top_logprobs"],
            Self::Verbosity => &["verbosity"],
            Self::ParallelToolCalls => &["parallel_tool_calls"],
            Self::User => &["user"],
            Self::Store => &["store"],
            Self::Metadata => &["metadata"],
        }
    }

    /// Returns true if `text`, in lower case, names the parameter. A name that is also a word must be marked as one.
    pub(crate) fn is_named_in(self, text: &str) -> bool {
        let is_word = matches!(self, Self::N | Self::User | Self::Store | Self::Metadata);
        self.names().iter().any(|name| places(text, name).any(|at| !is_word || is_marked(text, at, name.len())))
    }
}

/// The places of `name` in `text` as a whole word.
fn places<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name)
        .map(|(at, _)| at)
        .filter(move |at| !text[..*at].ends_with(in_word) && !text[at + name.len()..].starts_with(in_word))
}

/// Returns true if the word at `at` is quoted, follows a word for a parameter, or stands before a comparison.
fn is_marked(text: &str, at: usize, length: usize) -> bool {
    const BEFORE: [&str; 8] =
        ["parameter", "parameters", "parameter:", "supplied:", "argument", "field", "only", "key"];
    let (before, after) = (&text[..at], &text[at + length..]);
    let quotes = ['\'', '"', '`'];
    (before.ends_with(quotes) && after.starts_with(quotes))
        || before.trim_end().rsplit(' ').next().is_some_and(|word| before.ends_with(' ') && BEFORE.contains(&word))
        || ["=", ">", "<", ":", "must be", "should be"].iter().any(|sign| after.trim_start().starts_with(sign))
}

/// Levels of effort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffortSet(u8);

impl EffortSet {
    /// Returns true if it holds no level.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    fn bit(effort: Effort) -> u8 {
        Effort::ALL.iter().position(|known| *known == effort).map_or(0, |position| 1 << position)
    }

    /// Returns true if it holds `effort`.
    #[must_use]
    pub fn contains(self, effort: Effort) -> bool {
        self.0 & Self::bit(effort) != 0
    }

    /// Returns `effort`, or else the next lower level, or else the lowest one.
    #[must_use]
    pub fn nearest(self, effort: Effort) -> Option<Effort> {
        let mut levels = Effort::ALL.into_iter().filter(|level| self.contains(*level));
        let first = levels.next()?;
        Some(levels.take_while(|level| *level <= effort).last().unwrap_or(first))
    }
}

impl FromIterator<Effort> for EffortSet {
    fn from_iter<I: IntoIterator<Item = Effort>>(levels: I) -> Self {
        Self(levels.into_iter().fold(0, |set, level| set | Self::bit(level)))
    }
}

/// A refusal of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The time of the refusal.
    pub at: Timestamp,
    /// The largest accepted value, where the reply names one; otherwise the parameter is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The accepted levels of effort, where the reply names them.
    #[serde(default, skip_serializing_if = "EffortSet::is_empty")]
    pub efforts: EffortSet,
}

/// A change to a request for the sake of a deployment that does not take all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A parameter was left out.
    LeftOut(&'static str),
    /// The number of output tokens was lowered to the limit of the model.
    Lowered(u64),
    /// The effort was replaced by one that the model takes.
    Effort(Effort),
    /// The schema was sent without strict mode.
    NotStrict,
    /// The schema was put into the instructions.
    Instruction,
}

impl Change {
    /// Describes `changes` as the rest of a sentence that begins with the deployment.
    #[must_use]
    pub fn describe(changes: &[Self]) -> String {
        let left_out = changes.iter().filter_map(|change| match change {
            Self::LeftOut(name) => Some(*name),
            Self::Lowered(_) | Self::Effort(_) | Self::NotStrict | Self::Instruction => None,
        });
        let left_out: Vec<&str> = left_out.collect();
        let mut parts = Vec::new();
        if !left_out.is_empty() {
            parts.push(format!("does not take {}; left out", left_out.join(", ")));
        }
        parts.extend(changes.iter().filter_map(|change| match change {
            Self::LeftOut(_) => None,
            Self::Lowered(limit) => Some(format!("takes at most {limit} output tokens; lowered max_tokens")),
            Self::Effort(effort) => {
                Some(format!("does not take this reasoning_effort; sent `{}` instead", effort.as_str()))
            }
            Self::NotStrict => Some("does not take the schema in strict mode; sent it without".to_owned()),
            Self::Instruction => Some("does not take response_format; sent the schema as an instruction".to_owned()),
        }));
        parts.join("; it ")
    }
}

/// The parameters that a deployment refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefusedParameters(BTreeMap<Parameter, Refusal>);

impl RefusedParameters {
    /// Returns true if nothing was refused.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a refusal, and forgets those that are too old.
    pub fn insert(&mut self, parameter: Parameter, refusal: Refusal) {
        self.0.retain(|_, known| refusal.at.since(known.at) < BELIEVED);
        self.0.insert(parameter, refusal);
    }

    /// Returns the refusals that are believed at `now`.
    pub fn believed(&self, now: Timestamp) -> impl Iterator<Item = (Parameter, Refusal)> + '_ {
        let fresh = move |(_, refusal): &(Parameter, Refusal)| now.since(refusal.at) < BELIEVED;
        self.0.iter().map(|(parameter, refusal)| (*parameter, *refusal)).filter(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_believed_for_seven_days() {
        let mut refused = RefusedParameters::default();
        refused
            .insert(Parameter::Temperature, Refusal { at: Timestamp(0), limit: None, efforts: EffortSet::default() });
        let days = |days: i64| Timestamp(days * 24 * 3_600_000);
        assert_eq!((refused.believed(days(6)).count(), refused.believed(days(7)).count()), (1, 0));
        refused.insert(Parameter::MaxTokens, Refusal { at: days(8), limit: Some(4096), efforts: EffortSet::default() });
        assert_eq!(serde_json::to_string(&refused).unwrap(), r#"{"max_tokens":{"at":691200000,"limit":4096}}"#);
    }

    #[test]
    fn a_name_that_is_also_a_word_must_be_marked() {
        for text in
            ["'n' must be 1", "only n = 1 is allowed", "unrecognized request argument supplied: n", "n: too large"]
        {
            assert!(Parameter::N.is_named_in(text), "{text}");
        }
        for text in ["in n dimensions", "the nth value", "an n-gram"] {
            assert!(!Parameter::N.is_named_in(text), "{text}");
        }
        assert!(Parameter::User.is_named_in("unknown parameter: 'user'"));
        assert!(!Parameter::User.is_named_in("the user message is empty"));
        assert!(!Parameter::Temperature.is_named_in("temperatures"));
    }

    #[test]
    fn the_nearest_accepted_effort_is_chosen() {
        let set: EffortSet = [Effort::Low, Effort::Medium].into_iter().collect();
        assert_eq!(set.nearest(Effort::Max), Some(Effort::Medium));
        assert_eq!(set.nearest(Effort::Low), Some(Effort::Low));
        assert_eq!(set.nearest(Effort::None), Some(Effort::Low));
        assert_eq!(EffortSet::default().nearest(Effort::Low), None);
    }

    #[test]
    fn changes_are_described_in_one_line() {
        let changes = [Change::LeftOut("seed"), Change::Lowered(4096), Change::LeftOut("top_p")];
        assert_eq!(
            Change::describe(&changes),
            "does not take seed, top_p; left out; it takes at most 4096 output tokens; lowered max_tokens"
        );
    }
}
