//! Figures of logged calls by deployment, day or group, as pure functions.
//!
//! A call is an attempt: a request that failed over counts for each deployment that it called. The log times the
//! first token of a request, so only requests with a single attempt measure a deployment's speed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::LogEntry;
use crate::ports::{LogEnd, RequestOutcome};

/// Samples that a 95th percentile needs: with fewer, an interval around it (95 %, by order statistics) has no end.
pub const P95_NEEDS: usize = 72;
/// The number of tokens from which the time between them is meaningful.
const PACE_TOKENS: u64 = 2;

/// The figures of one key (a deployment, a day, …).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallStats {
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
    /// Prompt tokens as counted by the providers.
    pub input_tokens: u64,
    /// Generated tokens.
    pub output_tokens: u64,
    /// The known cost of answered calls, in USD.
    pub cost: Option<f64>,
    /// The known cost of the other calls, in USD.
    pub wasted: f64,
    /// Milliseconds to the first token.
    ttft: Vec<u64>,
    /// Tokens per second after the first one.
    speed: Vec<f64>,
}

/// Counts every call of `entries`, under the name that `key` gives for the entry and the deployment.
#[must_use]
pub fn stats<K: Ord>(entries: &[LogEntry], key: impl Fn(&LogEntry, &str) -> K) -> BTreeMap<K, CallStats> {
    let mut found: BTreeMap<K, CallStats> = BTreeMap::new();
    for (entry, end) in entries.iter().filter_map(|entry| Some((entry, entry.end.as_ref()?))) {
        let attempts = entry.attempts();
        for (place, attempt) in attempts.iter().enumerate() {
            let Some(deployment) = name(attempt) else { continue };
            let stats = found.entry(key(entry, deployment)).or_default();
            let next = attempts.get(place + 1).and_then(name);
            stats.count(attempt, next.is_some_and(|next| next != deployment));
        }
        // Usage is known for the answer, and belongs to the deployment that gave it.
        if let Some(deployment) = end.deployment.as_deref().filter(|_| !attempts.is_empty()) {
            found.entry(key(entry, deployment)).or_default().measure(end, attempts.len() == 1);
        }
    }
    found
}

fn name(attempt: &Value) -> Option<&str> {
    attempt.get("deployment")?.as_str()
}

impl CallStats {
    fn count(&mut self, attempt: &Value, failed_over: bool) {
        self.calls += 1;
        let cost = attempt.get("cost_usd").and_then(Value::as_f64);
        let outcome = attempt.get("outcome").and_then(Value::as_str).unwrap_or_default();
        if outcome == "ok" {
            self.ok += 1;
            if let Some(cost) = cost {
                *self.cost.get_or_insert(0.0) += cost;
            }
            return;
        }
        self.wasted += cost.unwrap_or(0.0);
        if outcome == "failed" {
            self.failed += 1;
            self.failovers += u64::from(failed_over);
        } else {
            self.unneeded += 1;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn measure(&mut self, end: &LogEnd, alone: bool) {
        if let Some(usage) = &end.usage {
            self.input_tokens = self.input_tokens.saturating_add(usage.input);
            self.output_tokens = self.output_tokens.saturating_add(usage.output);
        }
        let Some(ttft) = end.ttft_ms.filter(|_| alone && end.outcome == RequestOutcome::Ok) else { return };
        self.ttft.push(ttft);
        let after = end.duration_ms.saturating_sub(ttft);
        if let Some(usage) = end.usage.filter(|usage| usage.output >= PACE_TOKENS && after > 0) {
            self.speed.push((usage.output - 1) as f64 * 1000.0 / after as f64);
        }
    }

    /// Adds the figures of `other`.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.ok += other.ok;
        self.failed += other.failed;
        self.failovers += other.failovers;
        self.unneeded += other.unneeded;
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        if let Some(cost) = other.cost {
            *self.cost.get_or_insert(0.0) += cost;
        }
        self.wasted += other.wasted;
        self.ttft.extend(&other.ttft);
        self.speed.extend(&other.speed);
    }

    /// The share of answered calls among the necessary ones (0 to 1).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn success(&self) -> Option<f64> {
        let judged = self.ok + self.failed;
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
    use serde_json::json;

    use super::*;
    use crate::ports::LogStart;
    use llmroute_core::model::{Timestamp, Usage};

    /// A request with these attempts, the last one at its deployment.
    fn entry(attempts: Value, ttft: u64, duration: u64, output: u64) -> LogEntry {
        let start = LogStart {
            id: "1".to_owned(),
            at: Timestamp(0),
            command: "ask".to_owned(),
            group: "main".to_owned(),
            conversation_id: None,
            parent: None,
            system: None,
            prompt: String::new(),
            tags: Vec::new(),
        };
        let last = attempts.as_array().and_then(|all| all.last()?["deployment"].as_str()).map(str::to_owned);
        let end = LogEnd {
            at: Timestamp(1),
            outcome: RequestOutcome::Ok,
            deployment: last,
            provider: None,
            model: None,
            text: String::new(),
            reasoning: String::new(),
            finish_reason: None,
            usage: Some(Usage { input: 7, output, ..Usage::default() }),
            cost_usd: None,
            ttft_ms: Some(ttft),
            duration_ms: duration,
            attempts,
            error: None,
        };
        LogEntry { start, end: Some(end) }
    }

    fn by_deployment(entries: &[LogEntry]) -> BTreeMap<String, CallStats> {
        stats(entries, |_, deployment| deployment.to_owned())
    }

    fn call(deployment: &str, outcome: &str, cost: f64) -> Value {
        json!({"deployment": deployment, "outcome": outcome, "cost_usd": cost})
    }

    #[test]
    fn a_failover_is_a_call_to_each_and_a_time_of_nobody() {
        let found = by_deployment(&[entry(json!([call("a", "failed", 0.5), call("b", "ok", 0.25)]), 900, 1000, 5)]);
        let (a, b) = (&found["a"], &found["b"]);
        assert_eq!((a.calls, a.ok, a.failed, a.failovers, a.wasted, a.cost), (1, 0, 1, 1, 0.5, None));
        assert_eq!((b.calls, b.ok, b.cost, b.output_tokens), (1, 1, Some(0.25), 5));
        assert_eq!((a.success(), b.success(), b.ttft_p50()), (Some(0.0), Some(1.0), None));
    }

    #[test]
    fn a_repeat_is_no_failover_and_a_loser_is_no_failure() {
        let found = by_deployment(&[entry(json!([call("a", "failed", 0.0), call("a", "ok", 0.0)]), 1, 2, 5)]);
        assert_eq!((found["a"].calls, found["a"].failed, found["a"].failovers), (2, 1, 0));
        let found = by_deployment(&[entry(json!([call("a", "lost", 0.125), call("b", "ok", 0.0)]), 1, 2, 5)]);
        assert_eq!((found["a"].unneeded, found["a"].success(), found["a"].wasted), (1, None, 0.125));
    }

    #[test]
    fn a_single_call_is_timed() {
        let found = by_deployment(&[entry(json!([call("a", "ok", 0.0)]), 200, 1200, 51)]);
        assert_eq!((found["a"].ttft_p50(), found["a"].tokens_per_second()), (Some(200), Some(50.0)));
    }

    #[test]
    fn a_quantile_that_the_sample_cannot_carry_is_none() {
        let samples = |count: u64| -> Vec<LogEntry> {
            (1..=count).map(|ttft| entry(json!([call("a", "ok", 0.0)]), ttft, 5000, 1)).collect()
        };
        let found = by_deployment(&samples(71));
        assert_eq!((found["a"].ttft_p50(), found["a"].ttft_p95()), (Some(36), None));
        let found = by_deployment(&samples(100));
        assert_eq!((found["a"].ttft_p50(), found["a"].ttft_p95()), (Some(50), Some(95)));
    }

    #[test]
    fn keys_are_those_of_the_caller_and_sums_add_up() {
        let entries = [entry(json!([call("a", "ok", 1.0)]), 1, 2, 5), entry(json!([call("b", "ok", 2.0)]), 1, 2, 5)];
        let found = stats(&entries, |entry, _| entry.start.group.clone());
        let mut sum = CallStats::default();
        by_deployment(&entries).values().for_each(|stats| sum.add(stats));
        assert_eq!((found["main"].calls, found["main"].cost), (2, Some(3.0)));
        assert_eq!((sum.calls, sum.cost, sum.timed()), (2, Some(3.0), 2));
    }

    #[test]
    fn what_has_no_end_is_not_counted() {
        let running = LogEntry { end: None, ..entry(json!([call("a", "ok", 1.0)]), 1, 2, 5) };
        assert!(by_deployment(&[running]).is_empty());
    }
}
