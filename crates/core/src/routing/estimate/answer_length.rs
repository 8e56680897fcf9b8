//! The expected length of answers: a mean that a few answers of one length move there.

use serde::{Deserialize, Serialize};

use super::PromptLength;

/// Tokens of an answer where nothing at all was measured.
const OUTPUT_UNKNOWN: f64 = 300.0;
/// The weight of that guess, in answers.
const GUESS_WEIGHT: f64 = 0.25;
/// The largest weight of earlier answers, so that a change is noticed after about as many.
const WEIGHT_MAX: f64 = 30.0;

/// A mean of answer lengths. Written as `[tokens, answers]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "(f64, f64)", into = "(f64, f64)")]
struct Mean {
    tokens: f64,
    weight: f64,
}

/// The mean length of answers, by prompt length and in all.
///
/// The cost and the duration of an answer are proportional to its length, so that the arithmetic mean is the value to
/// expect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnswerLength {
    #[serde(skip_serializing_if = "Mean::is_blank")]
    all: Mean,
    #[serde(skip_serializing_if = "Mean::is_blank")]
    short: Mean,
    #[serde(skip_serializing_if = "Mean::is_blank")]
    medium: Mean,
    #[serde(skip_serializing_if = "Mean::is_blank")]
    long: Mean,
}

impl AnswerLength {
    /// The expected tokens of the answer to a prompt of `length`.
    #[must_use]
    pub fn expected(&self, length: PromptLength) -> f64 {
        self.at(length).value(self.all.value(OUTPUT_UNKNOWN))
    }

    /// Adds one answer.
    pub(super) fn learn(&mut self, tokens: f64, length: PromptLength) {
        self.all.learn(tokens);
        match length {
            PromptLength::Short => self.short.learn(tokens),
            PromptLength::Medium => self.medium.learn(tokens),
            PromptLength::Long => self.long.learn(tokens),
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.all.is_blank()
    }

    fn at(&self, length: PromptLength) -> &Mean {
        match length {
            PromptLength::Short => &self.short,
            PromptLength::Medium => &self.medium,
            PromptLength::Long => &self.long,
        }
    }
}

impl Mean {
    /// The mean, with `guess` as a part of an answer.
    fn value(&self, guess: f64) -> f64 {
        (self.tokens * self.weight + guess * GUESS_WEIGHT) / (self.weight + GUESS_WEIGHT)
    }

    fn learn(&mut self, tokens: f64) {
        if !tokens.is_finite() || tokens <= 0.0 {
            return;
        }
        let weight = self.weight.min(WEIGHT_MAX);
        *self = (((self.tokens * weight + tokens) / (weight + 1.0)), weight + 1.0).into();
    }

    fn is_blank(&self) -> bool {
        self.weight <= 0.0
    }
}

impl From<(f64, f64)> for Mean {
    fn from((tokens, weight): (f64, f64)) -> Self {
        let is_valid = tokens.is_finite() && weight.is_finite() && tokens > 0.0 && weight > 0.0;
        if !is_valid {
            return Self::default();
        }
        // A tenth of a token is more than is ever known, and short to write.
        let rounded = |value: f64| (value * 10.0).round() / 10.0;
        Self { tokens: rounded(tokens.min(1e9)), weight: rounded(weight.min(WEIGHT_MAX + 1.0)) }
    }
}

impl From<Mean> for (f64, f64) {
    fn from(mean: Mean) -> Self {
        (mean.tokens, mean.weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected length for a short prompt after answers of these lengths to short prompts.
    fn check(answers: &[f64], want: f64) {
        let mut length = AnswerLength::default();
        answers.iter().for_each(|tokens| length.learn(*tokens, PromptLength::Short));
        assert_eq!(length.expected(PromptLength::Short).round(), want, "{answers:?}");
        let json = serde_json::to_string(&length).unwrap();
        assert_eq!(serde_json::from_str::<AnswerLength>(&json).unwrap(), length, "{json}");
    }

    #[test]
    fn answers_of_one_length_are_expected_after_a_few() {
        check(&[], 300.0);
        check(&[200.0], 204.0);
        check(&[200.0; 5], 200.0);
        check(&[200.0; 30], 200.0);
        check(&[4000.0], 3852.0);
        check(&[10.0; 5], 11.0);
    }

    #[test]
    fn lengths_that_vary_are_averaged() {
        check(&[[100.0, 500.0]; 20].concat(), 301.0);
    }

    #[test]
    fn a_change_is_noticed() {
        check(&[[100.0; 100].as_slice(), &[1000.0; 100]].concat(), 966.0);
    }

    #[test]
    fn a_prompt_length_without_answers_expects_the_mean_of_all() {
        let mut length = AnswerLength::default();
        (0..5).for_each(|_| length.learn(200.0, PromptLength::Short));
        assert_eq!(length.expected(PromptLength::Long).round(), 205.0);
    }

    #[test]
    fn a_value_that_is_not_a_length_teaches_nothing() {
        check(&[0.0, -1.0, f64::NAN, f64::INFINITY], 300.0);
        for hostile in ["{\"short\":[-1,5]}", "{\"all\":[1e300,1e300]}", "{\"short\":[5,-1]}"] {
            let length: AnswerLength = serde_json::from_str(hostile).unwrap();
            let expected = length.expected(PromptLength::Short);
            assert!(expected.is_finite() && expected > 0.0, "{hostile}: {expected}");
        }
    }
}
