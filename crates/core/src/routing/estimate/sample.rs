//! The measurements of one call: speed, length, success.

use std::time::Duration;

use crate::model::{Class, Failure, Usage};

/// A failure is at least as bad as this many seconds: one that comes fast must not look fast.
const FAILURE_LEAST: Duration = Duration::from_secs(5);
/// The longest credible wait.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);
/// The shortest answer that measures the speed, in tokens.
const PACE_TOKENS: u64 = 8;
/// The shortest prompt that calibrates the tokenizer: shorter ones consist mostly of the template.
const SIZE_TOKENS: u64 = 100;

/// The measurements that one call adds to [`Estimates`](super::Estimates).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CallSample {
    /// It was answered.
    Answered {
        /// Estimated prompt tokens.
        prompt_tokens: u64,
        /// Seconds to the first token.
        ttft: Option<f64>,
        /// Seconds for each token after that.
        seconds_per_token: Option<f64>,
        /// Generated tokens.
        output: Option<f64>,
        /// Prompt tokens as the provider counts them.
        counted: Option<u64>,
        /// The cached prompt tokens.
        cached: u64,
    },
    /// It failed, which counts as a slow answer.
    Failed {
        /// Estimated prompt tokens.
        prompt_tokens: u64,
        /// The time.
        seconds: f64,
    },
}

impl CallSample {
    /// The experience of an answer that took `duration`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn answered(
        prompt_tokens: u64,
        ttft: Option<Duration>,
        duration: Duration,
        usage: Option<&Usage>,
        shown_reasoning: bool,
    ) -> Self {
        // Hidden reasoning ends before the first token, so it does not affect the speed.
        let seen = usage.map(
            |usage| {
                if shown_reasoning { usage.output } else { usage.output.saturating_sub(usage.reasoning) }
            },
        );
        let after_first = ttft.map(|ttft| duration.saturating_sub(ttft)).filter(|rest| !rest.is_zero());
        let seconds_per_token = seen
            .filter(|seen| *seen >= PACE_TOKENS)
            .zip(after_first)
            .map(|(seen, rest)| rest.as_secs_f64() / (seen - 1) as f64);
        Self::Answered {
            prompt_tokens,
            // An answer within the clock's resolution was still not instant.
            ttft: ttft.map(|ttft| ttft.max(Duration::from_millis(1)).as_secs_f64()),
            seconds_per_token,
            output: usage.map(|usage| usage.output.max(1) as f64),
            counted: usage.map(|usage| usage.input).filter(|input| *input > 0 && prompt_tokens >= SIZE_TOKENS),
            cached: usage.map_or(0, |usage| usage.cached),
        }
    }

    /// The sample of a failure after `elapsed`; `None` if it is no evidence about the deployment:
    /// the caller's own faults, rate limits, and calls that were never made.
    #[must_use]
    pub fn failed(prompt_tokens: u64, failure: &Failure, elapsed: Duration) -> Option<Self> {
        match failure.class {
            Class::BadRequest
            | Class::Unsupported
            | Class::ContextWindow
            | Class::ContentPolicy
            | Class::InvalidOutput(_)
            | Class::RateLimit
            | Class::Budget => None,
            Class::Authentication
            | Class::Permission
            | Class::NotFound
            | Class::Quota
            | Class::Overloaded
            | Class::ServerError
            | Class::Timeout(_)
            | Class::Connection(_)
            | Class::Malformed
            | Class::Truncated => {
                let asked = failure.retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
                Some(Self::Failed { prompt_tokens, seconds: FAILURE_LEAST.max(elapsed).max(asked).as_secs_f64() })
            }
        }
    }

    /// Estimated prompt tokens.
    #[must_use]
    pub(crate) fn prompt_tokens(&self) -> u64 {
        match self {
            Self::Answered { prompt_tokens, .. } | Self::Failed { prompt_tokens, .. } => *prompt_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(class: Class, retry_after: Option<u64>, elapsed: u64, want: Option<f64>) {
        let failure = Failure { retry_after: retry_after.map(Duration::from_secs), ..Failure::new(class, "") };
        let got = CallSample::failed(10, &failure, Duration::from_secs(elapsed));
        assert_eq!(got, want.map(|seconds| CallSample::Failed { prompt_tokens: 10, seconds }));
    }

    #[test]
    fn a_fast_failure_is_slow() {
        check(Class::ServerError, None, 0, Some(5.0));
        check(Class::ServerError, None, 30, Some(30.0));
    }

    #[test]
    fn a_server_that_asks_for_time_is_as_slow_as_it_says_within_reason() {
        check(Class::Overloaded, Some(60), 0, Some(60.0));
        check(Class::Overloaded, Some(6000), 0, Some(300.0));
    }

    #[test]
    fn faults_of_the_caller_and_rate_limits_say_nothing() {
        check(Class::BadRequest, None, 1, None);
        check(Class::ContentPolicy, None, 1, None);
        check(Class::RateLimit, Some(60), 1, None);
    }

    #[test]
    fn the_pace_leaves_out_the_first_token_and_hidden_reasoning() {
        let usage = Usage { input: 10, output: 111, reasoning: 10, ..Usage::default() };
        let second = Duration::from_secs(1);
        let seconds_per_token = |shown| match CallSample::answered(10, Some(second), second * 11, Some(&usage), shown) {
            CallSample::Answered { seconds_per_token, .. } => seconds_per_token,
            CallSample::Failed { .. } => None,
        };
        assert_eq!(seconds_per_token(false), Some(0.1));
        assert_eq!(seconds_per_token(true).map(|seconds_per_token| (seconds_per_token * 1100.0).round()), Some(100.0));
    }

    #[test]
    fn without_usage_only_the_first_token_is_known() {
        let second = Duration::from_secs(1);
        let CallSample::Answered { ttft, seconds_per_token, output, counted, .. } =
            CallSample::answered(1000, Some(second), second, None, false)
        else {
            panic!("an answer")
        };
        assert_eq!((ttft, seconds_per_token, output, counted), (Some(1.0), None, None, None));
    }
}
