//! Figures of logged requests by deployment, day, tag, …, as pure functions.
//!
//! A call is an attempt: a request that failed over counts for each deployment that it called. The log times the
//! first token of a request, so only requests with a single attempt measure a deployment's speed.

use std::collections::BTreeMap;

use crate::ports::RequestOutcome;
use crate::state::{LoggedAttempt, LoggedRequest};

/// Samples that a 95th percentile needs: with fewer, an interval around it (95 %, by order statistics) has no end.
pub const P95_NEEDS: usize = 72;
/// The number of tokens from which the time between them is meaningful.
const PACE_TOKENS: u64 = 2;

/// The figures of one key (a deployment, a day, …).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallStats {
    /// Requests with a call here, or that failed without a call.
    pub requests: u64,
    /// Requests that failed before any deployment was called.
    pub not_called: u64,
    /// Attempts.
    pub calls: u64,
    /// Attempts that answered.
    pub ok: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Failed attempts after which another deployment was called.
    pub failovers: u64,
    /// Attempts that became unnecessary: a faster one won, or the request was cancelled.
    pub unneeded: u64,
    /// Prompt tokens as counted by the providers, of all calls.
    pub input_tokens: u64,
    /// Generated tokens of all calls.
    pub output_tokens: u64,
    /// The known cost of all calls, in USD.
    pub cost: Option<f64>,
    /// The part of it for calls whose answer was not used.
    pub wasted: f64,
    /// Calls that a provider bills at a cost that is not known.
    pub unpriced: u64,
    /// Failed calls, and failed requests without a call, by class.
    pub classes: BTreeMap<String, u64>,
    /// Answers by the reason why they ended.
    pub finish_reasons: BTreeMap<String, u64>,
    /// Milliseconds to the first token.
    ttft: Vec<u64>,
    /// Tokens per second after the first one.
    speed: Vec<f64>,
}

/// Figures by key, filled one request at a time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StatsByKey<K: Ord>(pub BTreeMap<K, CallStats>);

impl<K: Ord + Clone> StatsByKey<K> {
    /// Counts every call of `request`, under each of the keys that `keys` gives for the request and a call.
    /// A request without a call that failed is counted under the keys for `None`.
    pub fn count(&mut self, request: &LoggedRequest, keys: impl Fn(&LoggedRequest, Option<&LoggedAttempt>) -> Vec<K>) {
        let Some(outcome) = request.outcome else { return };
        let attempts = &request.attempts;
        if attempts.is_empty() && outcome == RequestOutcome::Failed {
            keys(request, None).into_iter().for_each(|key| self.of(key).not_called(request.class.as_deref()));
        }
        let mut counted: Vec<K> = Vec::new();
        let own_usage = attempts.iter().all(|attempt| attempt.input_tokens.is_none());
        for (place, attempt) in attempts.iter().enumerate().filter(|(_, attempt)| attempt.deployment.is_some()) {
            let next = attempts.get(place + 1).and_then(|next| next.deployment.as_ref());
            let failed_over = next.is_some() && next != attempt.deployment.as_ref();
            let answered = attempt.outcome == "ok" && attempt.deployment == request.deployment;
            for key in keys(request, Some(attempt)) {
                let stats = self.of(key.clone());
                stats.call(attempt, failed_over);
                if answered {
                    stats.answer(request, attempts.len() == 1, own_usage);
                }
                if !counted.contains(&key) {
                    stats.requests += 1;
                    counted.push(key);
                }
            }
        }
    }

    fn of(&mut self, key: K) -> &mut CallStats {
        self.0.entry(key).or_default()
    }
}

impl CallStats {
    fn not_called(&mut self, class: Option<&str>) {
        self.requests += 1;
        self.not_called += 1;
        self.class(class);
    }

    fn class(&mut self, class: Option<&str>) {
        if let Some(class) = class {
            *self.classes.entry(class.to_owned()).or_default() += 1;
        }
    }

    fn call(&mut self, attempt: &LoggedAttempt, failed_over: bool) {
        self.calls += 1;
        self.input_tokens = self.input_tokens.saturating_add(attempt.input_tokens.unwrap_or(0));
        self.output_tokens = self.output_tokens.saturating_add(attempt.output_tokens.unwrap_or(0));
        let answered = attempt.outcome == "ok";
        match attempt.cost_usd {
            Some(cost) => *self.cost.get_or_insert(0.0) += cost,
            None => self.unpriced += u64::from(attempt.billed.unwrap_or(answered)),
        }
        if answered {
            self.ok += 1;
            return;
        }
        self.wasted += attempt.cost_usd.unwrap_or(0.0);
        if attempt.outcome == "failed" {
            self.failed += 1;
            self.failovers += u64::from(failed_over);
            self.class(attempt.class.as_deref());
        } else {
            self.unneeded += 1;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn answer(&mut self, request: &LoggedRequest, alone: bool, own_usage: bool) {
        if let Some(usage) = request.usage.filter(|_| own_usage) {
            self.input_tokens = self.input_tokens.saturating_add(usage.input);
            self.output_tokens = self.output_tokens.saturating_add(usage.output);
        }
        if let Some(reason) = &request.finish_reason {
            *self.finish_reasons.entry(reason.clone()).or_default() += 1;
        }
        let Some(ttft) = request.ttft_ms.filter(|_| alone && request.outcome == Some(RequestOutcome::Ok)) else {
            return;
        };
        self.ttft.push(ttft);
        let after = request.duration_ms.saturating_sub(ttft);
        if let Some(usage) = request.usage.filter(|usage| usage.output >= PACE_TOKENS && after > 0) {
            self.speed.push((usage.output - 1) as f64 * 1000.0 / after as f64);
        }
    }

    /// The share of successes (0 to 1) among the necessary calls and the requests that failed without a call.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn success(&self) -> Option<f64> {
        let judged = self.ok + self.failed + self.not_called;
        (judged > 0).then(|| self.ok as f64 / judged as f64)
    }

    /// The median of the milliseconds to the first token.
    #[must_use]
    pub fn ttft_p50(&self) -> Option<u64> {
        quantile(&mut self.ttft.clone(), 50, u64::cmp)
    }

    /// Their 95th percentile; `None` with fewer than [`P95_NEEDS`].
    #[must_use]
    pub fn ttft_p95(&self) -> Option<u64> {
        let samples = Some(self.ttft.clone()).filter(|samples| samples.len() >= P95_NEEDS);
        quantile(&mut samples?, 95, u64::cmp)
    }

    /// The number of timed first tokens.
    #[must_use]
    pub fn timed(&self) -> usize {
        self.ttft.len()
    }

    /// The median of the tokens per second.
    #[must_use]
    pub fn tokens_per_second(&self) -> Option<f64> {
        quantile(&mut self.speed.clone(), 50, f64::total_cmp)
    }
}

/// The smallest sample that is not below `percent` of them all (nearest rank).
fn quantile<T: Copy>(samples: &mut [T], percent: usize, order: impl FnMut(&T, &T) -> std::cmp::Ordering) -> Option<T> {
    samples.sort_by(order);
    let rank = (samples.len() * percent).div_ceil(100);
    samples.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmroute_core::model::Usage;

    /// A request with these attempts, the last one at its deployment.
    fn entry(attempts: Vec<LoggedAttempt>, ttft: u64, duration: u64, output: u64) -> LoggedRequest {
        LoggedRequest {
            group: "main".to_owned(),
            outcome: Some(RequestOutcome::Ok),
            deployment: attempts.last().and_then(|last| last.deployment.clone()),
            finish_reason: Some("stop".to_owned()),
            usage: Some(Usage { input: 7, output, ..Usage::default() }),
            ttft_ms: Some(ttft),
            duration_ms: duration,
            attempts,
            ..LoggedRequest::default()
        }
    }

    fn by_deployment(entries: &[LoggedRequest]) -> BTreeMap<String, CallStats> {
        let mut found = StatsByKey::default();
        let key = |_: &LoggedRequest, attempt: Option<&LoggedAttempt>| {
            vec![attempt.and_then(|attempt| attempt.deployment.clone()).unwrap_or_default()]
        };
        entries.iter().for_each(|entry| found.count(entry, key));
        found.0
    }

    fn call(deployment: &str, outcome: &str, cost: f64) -> LoggedAttempt {
        LoggedAttempt {
            deployment: Some(deployment.to_owned()),
            outcome: outcome.to_owned(),
            cost_usd: Some(cost),
            ..LoggedAttempt::default()
        }
    }

    #[test]
    fn a_failover_is_a_call_to_each_and_times_neither() {
        let failed = LoggedAttempt { class: Some("timeout".to_owned()), ..call("a", "failed", 0.5) };
        let found = by_deployment(&[entry(vec![failed, call("b", "ok", 0.25)], 900, 1000, 5)]);
        let (a, b) = (&found["a"], &found["b"]);
        assert_eq!((a.calls, a.ok, a.failed, a.failovers, a.wasted, a.cost), (1, 0, 1, 1, 0.5, Some(0.5)));
        assert_eq!((b.calls, b.ok, b.cost, b.output_tokens), (1, 1, Some(0.25), 5));
        assert_eq!((a.success(), b.success(), b.ttft_p50()), (Some(0.0), Some(1.0), None));
        assert_eq!((a.classes.get("timeout"), b.finish_reasons.get("stop")), (Some(&1), Some(&1)));
    }

    #[test]
    fn a_repeat_is_not_a_failover_and_a_loser_is_not_a_failure() {
        let found = by_deployment(&[entry(vec![call("a", "failed", 0.0), call("a", "ok", 0.0)], 1, 2, 5)]);
        assert_eq!((found["a"].requests, found["a"].calls, found["a"].failed, found["a"].failovers), (1, 2, 1, 0));
        let found = by_deployment(&[entry(vec![call("a", "lost", 0.125), call("b", "ok", 0.0)], 1, 2, 5)]);
        assert_eq!((found["a"].unneeded, found["a"].success(), found["a"].wasted), (1, None, 0.125));
    }

    #[test]
    fn a_single_call_is_timed() {
        let found = by_deployment(&[entry(vec![call("a", "ok", 0.0)], 200, 1200, 51)]);
        assert_eq!((found["a"].ttft_p50(), found["a"].tokens_per_second()), (Some(200), Some(50.0)));
    }

    #[test]
    fn a_quantile_that_the_sample_cannot_carry_is_none() {
        let samples = |count: u64| -> Vec<LoggedRequest> {
            (1..=count).map(|ttft| entry(vec![call("a", "ok", 0.0)], ttft, 5000, 1)).collect()
        };
        let found = by_deployment(&samples(71));
        assert_eq!((found["a"].ttft_p50(), found["a"].ttft_p95()), (Some(36), None));
        let found = by_deployment(&samples(100));
        assert_eq!((found["a"].ttft_p50(), found["a"].ttft_p95()), (Some(50), Some(95)));
    }

    #[test]
    fn a_request_counts_once_under_each_of_its_keys() {
        let request = entry(vec![call("a", "failed", 1.0), call("b", "ok", 2.0)], 1, 2, 5);
        let mut found = StatsByKey::default();
        found.count(&request, |_, _| vec!["x", "y"]);
        for key in ["x", "y"] {
            let stats = &found.0[key];
            assert_eq!((stats.requests, stats.calls, stats.cost, stats.wasted), (1, 2, Some(3.0), 1.0), "{key}");
        }
    }

    #[test]
    fn a_failed_request_without_a_call_lowers_the_share_of_successes() {
        let refused = LoggedRequest {
            outcome: Some(RequestOutcome::Failed),
            class: Some("budget".to_owned()),
            attempts: Vec::new(),
            ..entry(Vec::new(), 1, 2, 5)
        };
        let mut found = StatsByKey::default();
        for request in [&refused, &entry(vec![call("a", "ok", 1.0)], 1, 2, 5)] {
            found.count(request, |_, _| vec![()]);
        }
        let stats = &found.0[&()];
        assert_eq!((stats.requests, stats.not_called, stats.calls, stats.success()), (2, 1, 1, Some(0.5)));
        assert_eq!(stats.classes.get("budget"), Some(&1));
    }

    #[test]
    fn a_billed_call_without_a_price_is_counted() {
        let unknown = |outcome, billed| LoggedAttempt { cost_usd: None, billed, ..call("a", outcome, 0.0) };
        let unpriced = |attempt| by_deployment(&[entry(vec![attempt], 1, 2, 5)])["a"].unpriced;
        assert_eq!(unpriced(unknown("ok", None)), 1);
        assert_eq!(unpriced(unknown("failed", None)), 0);
        assert_eq!(unpriced(unknown("failed", Some(true))), 1);
        assert_eq!(unpriced(unknown("failed", Some(false))), 0);
        assert_eq!(unpriced(call("a", "ok", 0.0)), 0);
    }

    #[test]
    fn tokens_of_every_call_are_counted() {
        let with = |deployment, outcome, tokens| LoggedAttempt {
            input_tokens: Some(tokens),
            output_tokens: Some(1),
            ..call(deployment, outcome, 0.0)
        };
        let found = by_deployment(&[entry(vec![with("a", "failed", 10), with("b", "ok", 20)], 1, 2, 5)]);
        assert_eq!((found["a"].input_tokens, found["b"].input_tokens, found["b"].output_tokens), (10, 20, 1));
    }

    #[test]
    fn a_request_without_an_end_is_not_counted() {
        let running = LoggedRequest { outcome: None, ..entry(vec![call("a", "ok", 1.0)], 1, 2, 5) };
        assert!(by_deployment(&[running]).is_empty());
    }
}
