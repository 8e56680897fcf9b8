//! The summary of one target.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{Load, Plan, Slo};
use crate::record::Run;
use crate::sample::{Sample, TokenUsage};
use crate::stats::quantile::{self, RankedQuantile};
use crate::stats::{Interval, number, wilson};
use llmroute_core::model::Usage;

use super::call_metrics::{self, LatencyOrigin};
use super::metric::Metric;
use super::metric_stats::MetricStats;

/// The summary of one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetSummary {
    /// Its name, as in the plan.
    pub name: String,
    /// Finished calls, without those during which the clock stepped.
    pub calls: usize,
    /// Calls with a complete answer.
    pub good: usize,
    /// Calls during which the wall clock stepped. Their times are meaningless, so only their cost counts.
    pub void: usize,
    /// Failures by class.
    pub errors: BTreeMap<String, ErrorClass>,
    /// The share of failed calls, with its 95 % interval.
    pub error_rate: Option<Interval>,
    /// Statistics of good calls, by metric; metrics without values are absent.
    pub metrics: BTreeMap<Metric, MetricStats>,
    /// The p95 of the time to first token over all calls, with failures as infinite, ms.
    pub ttft_p95_with_failures: RankedQuantile,
    /// The p95 of the time to the last token over all calls, with failures as infinite, ms.
    pub e2e_p95_with_failures: RankedQuantile,
    /// Tokens of all calls.
    pub tokens: TokenCounts,
    /// Output tokens of good calls per second, from the first intended start to the last end. Meaningful only under
    /// load: in turns, the time includes the other targets' calls.
    pub output_tokens_per_s: Option<f64>,
    /// The cost; `None` if no price is known.
    pub cost: Option<Cost>,
    /// The calls that met the objective; `None` if there is no objective.
    pub goodput: Option<Goodput>,
    /// The median TCP handshake (one round trip) as a share of the median time to first token.
    pub network_share: Option<f64>,
}

/// Failures of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorClass {
    /// The number of failures.
    pub count: usize,
    /// The message of the first one.
    pub example: String,
}

/// Tokens of a target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCounts {
    /// Sums over all calls, including failures.
    pub total: Usage,
    /// Output tokens of good calls.
    pub good_output: u64,
    /// Reasoning that was billed but not sent, in good calls.
    pub hidden: u64,
    /// Good calls without server counts, whose tokens are estimates.
    pub estimated_calls: usize,
    /// Chunks of good calls.
    pub chunks: u64,
}

/// Cost as billed, USD. A failure costs too if the server counted tokens for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// All calls.
    pub spent: f64,
    /// Per call, including failures.
    pub per_call: f64,
    /// Per good answer, including the cost of failures; `None` without good answers.
    pub per_good: Option<f64>,
    /// Per million output tokens, including prompts, hidden reasoning and failures.
    pub per_million_output: Option<f64>,
    /// Per million tokens, input and output.
    pub per_million: Option<f64>,
}

/// The calls that met the objective.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Goodput {
    /// The number of calls.
    pub met: usize,
    /// Their share of all calls, including failures, with its interval.
    pub share: Interval,
    /// Calls per second.
    pub per_s: Option<f64>,
}

/// The start of latency measurements under this load.
#[must_use]
pub(crate) fn latency_origin(plan: &Plan) -> LatencyOrigin {
    match plan.load {
        Load::Rounds { .. } => LatencyOrigin::FirstByteSent,
        Load::Arrivals { .. } => LatencyOrigin::IntendedStart,
    }
}

impl TargetSummary {
    /// Summarizes the target at this position of the plan.
    #[must_use]
    pub(crate) fn of(run: &Run, target: usize) -> Self {
        let from = latency_origin(&run.plan);
        let all: Vec<&Sample> = run.samples.iter().filter(|sample| sample.target == target).collect();
        let valid: Vec<&Sample> = all.iter().copied().filter(|sample| !sample.clock_stepped).collect();
        let good: Vec<&Sample> = valid.iter().copied().filter(|sample| sample.is_good()).collect();
        let failed = valid.len() - good.len();
        let metrics = metrics(&good, from);
        let span = span(&valid);
        let tokens = tokens(&all, &good);
        let per_s = |count: f64| span.map(|span| count / span);
        let plan = &run.plan.targets[target];
        Self {
            name: plan.name.clone(),
            calls: valid.len(),
            good: good.len(),
            void: all.len() - valid.len(),
            errors: errors(&valid),
            error_rate: wilson::share(failed, valid.len()),
            ttft_p95_with_failures: ranked(&good, failed, Metric::TtftMs, from),
            e2e_p95_with_failures: ranked(&good, failed, Metric::E2eMs, from),
            output_tokens_per_s: per_s(count(tokens.good_output)),
            cost: cost(&all, good.len(), &tokens.total, plan.price.is_some()),
            goodput: goodput(&valid, &run.plan.slo, from, span),
            network_share: network_share(&metrics),
            metrics,
            tokens,
        }
    }

    /// The statistics of a metric, if it has values.
    #[must_use]
    pub(crate) fn figures(&self, metric: Metric) -> Option<&MetricStats> {
        self.metrics.get(&metric)
    }

    /// Reports whether any token counts are estimates.
    #[must_use]
    pub(crate) fn is_estimated(&self) -> bool {
        self.tokens.estimated_calls > 0
    }

    /// Reports whether this target clearly fails more often: its interval lies above the other's.
    #[must_use]
    pub(crate) fn fails_more_than(&self, other: &Self) -> bool {
        match (self.error_rate, other.error_rate) {
            (Some(mine), Some(theirs)) => mine.low > theirs.high,
            (Some(_) | None, _) => false,
        }
    }
}

fn metrics(good: &[&Sample], from: LatencyOrigin) -> BTreeMap<Metric, MetricStats> {
    let of =
        |metric| MetricStats::of(good.iter().flat_map(|sample| call_metrics::values(sample, metric, from)).collect());
    Metric::ALL.into_iter().filter_map(|metric| of(metric).map(|figures| (metric, figures))).collect()
}

fn ranked(good: &[&Sample], failed: usize, metric: Metric, from: LatencyOrigin) -> RankedQuantile {
    let mut values: Vec<f64> = good.iter().filter_map(|sample| call_metrics::value(sample, metric, from)).collect();
    values.sort_by(f64::total_cmp);
    quantile::with_failures(&values, failed, 0.95)
}

fn errors(valid: &[&Sample]) -> BTreeMap<String, ErrorClass> {
    let mut errors: BTreeMap<String, ErrorClass> = BTreeMap::new();
    for fault in valid.iter().filter_map(|sample| sample.failure.as_ref()) {
        let class = errors
            .entry(fault.class.clone())
            .or_insert_with(|| ErrorClass { count: 0, example: fault.message.clone() });
        class.count += 1;
    }
    errors
}

/// Seconds from the first intended start to the last end.
fn span(samples: &[&Sample]) -> Option<f64> {
    let first = samples.iter().map(|sample| sample.due).min()?;
    let last = samples.iter().map(|sample| sample.sent + sample.end).max()?;
    let span = last.saturating_sub(first).as_secs_f64();
    (span > 0.0).then_some(span)
}

fn tokens(all: &[&Sample], good: &[&Sample]) -> TokenCounts {
    let mut counts = TokenCounts::default();
    for sample in all {
        counts.total += *sample.usage.usage();
    }
    for sample in good {
        counts.good_output = counts.good_output.saturating_add(sample.usage.usage().output);
        counts.hidden = counts.hidden.saturating_add(call_metrics::hidden_reasoning_tokens(sample));
        counts.estimated_calls += usize::from(matches!(sample.usage, TokenUsage::Estimated(_)));
        counts.chunks += sample.gaps.len() as u64 + u64::from(sample.first_token.is_some());
    }
    counts
}

fn cost(all: &[&Sample], good: usize, total: &Usage, priced: bool) -> Option<Cost> {
    if !priced && all.iter().all(|sample| sample.cost_usd.is_none()) {
        return None;
    }
    let spent = all.iter().filter_map(|sample| sample.cost_usd).sum::<f64>() + 0.0;
    let per = |count: f64| (count > 0.0).then(|| spent / count);
    Some(Cost {
        spent,
        per_call: per(number(all.len()))?,
        per_good: per(number(good)),
        per_million_output: per(count(total.output) / 1e6),
        per_million: per(count(total.input.saturating_add(total.output)) / 1e6),
    })
}

fn goodput(valid: &[&Sample], slo: &Slo, from: LatencyOrigin, span: Option<f64>) -> Option<Goodput> {
    let limits = [(Metric::TtftMs, slo.ttft), (Metric::TpotMs, slo.tpot), (Metric::E2eMs, slo.e2e)];
    let limits: Vec<(Metric, f64)> =
        limits.into_iter().filter_map(|(metric, limit)| Some((metric, call_metrics::millis(limit?)))).collect();
    if limits.is_empty() {
        return None;
    }
    // An answer of one token has no time per token and meets any limit on it.
    let meets = |sample: &&&Sample| {
        let within = |(metric, limit): &(Metric, f64)| {
            call_metrics::value(sample, *metric, from).is_none_or(|value| value <= *limit)
        };
        sample.is_good() && limits.iter().all(within)
    };
    let met = valid.iter().filter(meets).count();
    Some(Goodput { met, share: wilson::share(met, valid.len())?, per_s: span.map(|span| number(met) / span) })
}

fn network_share(metrics: &BTreeMap<Metric, MetricStats>) -> Option<f64> {
    Some(metrics.get(&Metric::TcpMs)?.median() / metrics.get(&Metric::TtftMs)?.median())
}

fn count(tokens: u64) -> f64 {
    usize::try_from(tokens).map_or(f64::MAX, number)
}
