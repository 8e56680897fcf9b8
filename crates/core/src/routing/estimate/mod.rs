//! Estimates of a deployment from its calls: speed, answer length, reliability.
//!
//! Each estimate is kept for prompts of three lengths and for all of them together; a length that
//! was never or not lately seen is answered by the whole. Values only: reading changes nothing.

mod answer_length;
mod filter;
mod sample;
mod success_rate;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::answer_length::AnswerLength;
pub use self::filter::{Estimate, Filter, Prior, VARIANCE_MAX};
pub use self::sample::CallSample;
pub(crate) use self::success_rate::SuccessRate;
use crate::model::{Timestamp, Usage};

/// Seconds to the first token where nothing at all was measured.
pub(crate) const TTFT_UNKNOWN: f64 = 0.8;
/// Seconds for a token where nothing at all was measured.
pub(crate) const SECONDS_PER_TOKEN_UNKNOWN: f64 = 0.015;
/// The characters that `Prompt::estimated_tokens` counts as a token.
#[cfg(test)]
const CHARS_PER_TOKEN: f64 = 4.0;
/// The weight of the newest share of cached prompt tokens.
const CACHED_GAIN: f64 = 0.2;

/// The length class of a prompt: long ones have later first tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptLength {
    /// Up to 1,000 tokens.
    Short,
    /// Up to 8,000 tokens.
    Medium,
    /// More.
    Long,
}

impl PromptLength {
    /// The length class of a prompt with about `tokens` tokens.
    #[must_use]
    pub(crate) fn of(tokens: u64) -> Self {
        match tokens {
            0..1_000 => Self::Short,
            1_000..8_000 => Self::Medium,
            8_000.. => Self::Long,
        }
    }
}

/// One quantity, by prompt length and in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ByLength {
    #[serde(skip_serializing_if = "Filter::is_blank")]
    all: Filter,
    #[serde(skip_serializing_if = "Filter::is_blank")]
    short: Filter,
    #[serde(skip_serializing_if = "Filter::is_blank")]
    medium: Filter,
    #[serde(skip_serializing_if = "Filter::is_blank")]
    long: Filter,
}

impl ByLength {
    /// The estimate for prompts of `length`; measurements older than `ttl` are ignored.
    #[must_use]
    pub fn read(&self, length: PromptLength, prior: &Prior, now: Timestamp, ttl: Option<Duration>) -> Option<Estimate> {
        let young = |filter: &Filter| ttl.is_none_or(|ttl| filter.age(now).is_some_and(|age| age <= ttl));
        let read = |filter: &Filter| if young(filter) { filter.read(prior, now) } else { None };
        let own = read(self.at(length));
        let all = read(&self.all);
        // A cold length knows less than the whole, unless that is cold too.
        own.filter(|own| own.variance < VARIANCE_MAX).or(all).or(own)
    }

    fn learn(&mut self, value: f64, length: PromptLength, prior: &Prior, start: f64, now: Timestamp) {
        let start = Estimate::unmeasured(start);
        let whole = self.all.read(prior, now).map_or(start, |all| Estimate { variance: VARIANCE_MAX, ..all });
        self.all.learn(value, prior, start, now);
        let own = match length {
            PromptLength::Short => &mut self.short,
            PromptLength::Medium => &mut self.medium,
            PromptLength::Long => &mut self.long,
        };
        own.learn(value, prior, whole, now);
    }

    fn at(&self, length: PromptLength) -> &Filter {
        match length {
            PromptLength::Short => &self.short,
            PromptLength::Medium => &self.medium,
            PromptLength::Long => &self.long,
        }
    }

    fn is_blank(&self) -> bool {
        self.all.is_blank()
    }
}

/// All that calls taught about one deployment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Estimates {
    /// Seconds to the first token.
    #[serde(skip_serializing_if = "ByLength::is_blank")]
    pub ttft: ByLength,
    /// Seconds for each token after the first.
    #[serde(rename = "pace", skip_serializing_if = "ByLength::is_blank")]
    pub seconds_per_token: ByLength,
    /// Tokens of an answer.
    #[serde(rename = "length", skip_serializing_if = "AnswerLength::is_blank")]
    pub output: AnswerLength,
    /// Prompt tokens that the model counts for each one that is estimated.
    #[serde(skip_serializing_if = "Filter::is_blank")]
    size: Filter,
    /// The share of prompt tokens that comes from the provider's cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    cached: Option<f64>,
    /// Answers and failures.
    #[serde(skip_serializing_if = "SuccessRate::is_blank")]
    pub record: SuccessRate,
}

impl Estimates {
    /// Learns from one call; `start` is the time to the first token to expect of a deployment without measurements.
    pub fn learn(&mut self, sample: &CallSample, start: f64, now: Timestamp) {
        let length = PromptLength::of(sample.prompt_tokens());
        self.record.learn(matches!(sample, CallSample::Answered { .. }), now);
        match *sample {
            CallSample::Failed { seconds, .. } => self.ttft.learn(seconds, length, &Prior::TTFT, start, now),
            CallSample::Answered { ttft, seconds_per_token, output, counted, cached, prompt_tokens } => {
                let learn = |what: &mut ByLength, value: Option<f64>, prior: &Prior, start: f64| {
                    if let Some(value) = value {
                        what.learn(value, length, prior, start, now);
                    }
                };
                learn(&mut self.ttft, ttft, &Prior::TTFT, start);
                learn(
                    &mut self.seconds_per_token,
                    seconds_per_token,
                    &Prior::SECONDS_PER_TOKEN,
                    SECONDS_PER_TOKEN_UNKNOWN,
                );
                if let Some(tokens) = output {
                    self.output.learn(tokens, length);
                }
                if let Some(counted) = counted {
                    self.size.learn(ratio(counted, prompt_tokens), &Prior::SIZE, Estimate::unmeasured(1.0), now);
                    let share = ratio(cached.min(counted), counted);
                    let before = self.cached_share();
                    let mixed = before + CACHED_GAIN * (share - before);
                    self.cached = (mixed > 1e-3).then(|| (mixed * 1e3).round() / 1e3);
                }
            }
        }
    }

    /// The tokens that this model counts for `estimated` tokens.
    #[must_use]
    pub(crate) fn tokens(&self, estimated: f64, now: Timestamp) -> f64 {
        estimated * self.size.read(&Prior::SIZE, now).map_or(1.0, |size| size.median())
    }

    /// The measured characters for each token of this model.
    #[cfg(test)]
    pub(crate) fn chars_per_token(&self, now: Timestamp) -> Option<f64> {
        self.size.read(&Prior::SIZE, now).map(|size| CHARS_PER_TOKEN / size.median())
    }

    /// The relative error of [`tokens`](Self::tokens), up or down: one standard deviation.
    #[must_use]
    pub(crate) fn margin(&self, now: Timestamp) -> f64 {
        let size = self.size.read(&Prior::SIZE, now).unwrap_or(Estimate::unmeasured(1.0));
        (size.variance + Prior::SIZE.noise).sqrt().exp() - 1.0
    }

    /// The expected usage of a call: a prompt of `estimated` tokens, an answer of the usual length
    /// and of at most `limit` tokens.
    #[must_use]
    pub(crate) fn usage(&self, estimated: u64, limit: Option<u64>, now: Timestamp) -> Usage {
        let input = self.tokens(float(estimated), now);
        let output = self.output.expected(PromptLength::of(estimated)).min(limit.map_or(f64::INFINITY, float));
        let cached = whole(input * self.cached_share());
        Usage { input: whole(input), cached, output: whole(output), ..Usage::default() }
    }

    /// The share of prompt tokens to expect from the provider's cache.
    #[must_use]
    pub(crate) fn cached_share(&self) -> f64 {
        self.cached.filter(|share| share.is_finite()).map_or(0.0, |share| share.clamp(0.0, 1.0))
    }
}

#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn float(tokens: u64) -> f64 {
    tokens as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of tokens; `as` saturates")]
fn whole(tokens: f64) -> u64 {
    tokens.round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(prompt_tokens: u64, ttft: f64) -> CallSample {
        let (seconds_per_token, output) = (Some(0.01), Some(100.0));
        CallSample::Answered { prompt_tokens, ttft: Some(ttft), seconds_per_token, output, counted: None, cached: 0 }
    }

    /// The estimate for a prompt of `tokens` after `calls` (`prompt tokens`, `seconds`), in tenths.
    fn check(calls: &[(u64, f64)], tokens: u64, at: i64, want: Option<i64>) {
        let mut estimates = Estimates::default();
        for (prompt, seconds) in calls {
            estimates.learn(&answered(*prompt, *seconds), 1.0, Timestamp(0));
        }
        let estimate = estimates.ttft.read(PromptLength::of(tokens), &Prior::TTFT, Timestamp(at), None);
        assert_eq!(estimate.map(|estimate| (estimate.median() * 10.0).round() as i64), want);
    }

    #[test]
    fn nothing_seen_is_nothing_known() {
        check(&[], 10, 0, None);
    }

    #[test]
    fn a_length_has_its_own_estimate() {
        let calls = [[(10, 1.0); 30].as_slice(), &[(9000, 8.0); 30]].concat();
        check(&calls, 10, 0, Some(10));
        check(&calls, 9000, 0, Some(80));
    }

    #[test]
    fn a_cold_length_is_answered_by_the_whole() {
        check(&[(10, 2.0); 30], 9000, 0, Some(20));
    }

    #[test]
    fn an_age_beyond_the_ttl_is_unknown() {
        let mut estimates = Estimates::default();
        estimates.learn(&answered(10, 1.0), 1.0, Timestamp(0));
        let read = |now| {
            estimates
                .ttft
                .read(PromptLength::Short, &Prior::TTFT, Timestamp(now), Some(Duration::from_secs(60)))
                .is_some()
        };
        assert_eq!([read(60_000), read(60_001)], [true, false]);
    }

    #[test]
    fn a_tokenizer_is_learnt_from_what_is_counted() {
        let mut estimates = Estimates::default();
        let counted = |counted| CallSample::Answered {
            prompt_tokens: 1000,
            ttft: None,
            seconds_per_token: None,
            output: None,
            counted: Some(counted),
            cached: 500,
        };
        (0..100).for_each(|_| estimates.learn(&counted(2000), 1.0, Timestamp(0)));
        let now = Timestamp(0);
        assert_eq!(estimates.tokens(100.0, now).round(), 200.0);
        assert_eq!(estimates.chars_per_token(now).map(|chars| (chars * 10.0).round()), Some(20.0));
        assert_eq!((estimates.cached_share() * 100.0).round(), 25.0);
        let margins = [estimates.margin(now), Estimates::default().margin(now)];
        assert_eq!(margins.map(|margin| (margin * 100.0).round()), [24.0, 79.0]);
    }

    #[test]
    fn they_survive_their_own_json_and_an_empty_one() {
        let mut estimates = Estimates::default();
        estimates.learn(&answered(10, 1.3), 1.0, Timestamp(5));
        estimates.learn(&CallSample::Failed { prompt_tokens: 9000, seconds: 5.0 }, 1.0, Timestamp(7));
        let json = serde_json::to_string(&estimates).unwrap();
        assert_eq!(serde_json::from_str::<Estimates>(&json).unwrap(), estimates);
        assert!(json.len() < 600, "{json}");
        assert_eq!(serde_json::from_str::<Estimates>("{}").unwrap(), Estimates::default());
    }
}
