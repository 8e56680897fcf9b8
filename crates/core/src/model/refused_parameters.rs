//! Parameters that a deployment refused, and for how long that is believed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Timestamp;

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
    /// A schema in a field of its own; without it the schema is part of the instructions.
    ResponseFormat,
    /// The request for usage in a stream.
    StreamOptions,
}

impl Parameter {
    /// Returns the name in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::Seed => "seed",
            Self::ReasoningEffort => "reasoning_effort",
            Self::MaxTokens => "max_tokens",
            Self::ResponseFormat => "response_format",
            Self::StreamOptions => "stream_options",
        }
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
}

/// The parameters that a deployment refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefusedParameters(BTreeMap<Parameter, Refusal>);

impl RefusedParameters {
    /// Returns true if nothing was refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
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
        refused.insert(Parameter::Temperature, Refusal { at: Timestamp(0), limit: None });
        let days = |days: i64| Timestamp(days * 24 * 3_600_000);
        assert_eq!((refused.believed(days(6)).count(), refused.believed(days(7)).count()), (1, 0));
        refused.insert(Parameter::MaxTokens, Refusal { at: days(8), limit: Some(4096) });
        assert_eq!(serde_json::to_string(&refused).unwrap(), r#"{"max_tokens":{"at":691200000,"limit":4096}}"#);
    }
}
