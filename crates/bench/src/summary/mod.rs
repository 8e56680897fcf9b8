//! The summary of a run: a pure function of its samples.

mod call_metrics;
mod client;
mod metric;
mod metric_stats;
mod pair;
mod target;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(crate) use call_metrics::{LatencyOrigin, hidden_reasoning_tokens, millis, value};
pub(crate) use client::{ClientSummary, LagStats};
pub(crate) use metric::Metric;
pub(crate) use metric_stats::MetricStats;
pub(crate) use pair::{COMPARED, EQUIVALENCE_BAND, Outcome, Pair, Uncertainty};
pub(crate) use target::{ErrorClass, TargetSummary, latency_origin};

use super::record::Run;

/// The summary of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The targets, in the order of the plan.
    pub targets: Vec<TargetSummary>,
    /// All pairs of targets, by metric.
    pub pairs: Vec<Pair>,
    /// The self-check of the client.
    pub client: ClientSummary,
    /// Rounds in which at least one call ended.
    pub rounds: usize,
    /// Cost of all calls with a known price, USD.
    pub spent: f64,
}

impl Summary {
    /// Summarizes a run, complete or not.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let targets: Vec<TargetSummary> = (0..run.plan.targets.len()).map(|at| TargetSummary::of(run, at)).collect();
        let mut rounds: Vec<u32> = run.samples.iter().map(|sample| sample.round).collect();
        rounds.sort_unstable();
        rounds.dedup();
        Self {
            pairs: pair::all(run, &targets),
            client: ClientSummary::of(run, &targets),
            rounds: rounds.len(),
            spent: targets.iter().filter_map(|target| target.cost).map(|cost| cost.spent).sum(),
            targets,
        }
    }

    /// The comparison of `a` with `b`, from the view of `a`.
    #[must_use]
    pub(crate) fn pair(&self, a: usize, b: usize, metric: Metric) -> Option<Pair> {
        let of = |pair: &&Pair| pair.metric == metric && (pair.a, pair.b) == (a.min(b), a.max(b));
        let pair = self.pairs.iter().find(of)?;
        Some(if a < b { *pair } else { pair.reversed() })
    }

    /// Positions of the targets by median time to first token, shortest first. Targets that clearly fail more often
    /// than another follow those that do not; targets without answers come last.
    #[must_use]
    pub(crate) fn ranking(&self) -> Vec<usize> {
        let rank = |at: &usize| {
            let target = &self.targets[*at];
            let median = target.figures(Metric::TtftMs).map_or(f64::INFINITY, MetricStats::median);
            (self.targets.iter().any(|other| target.fails_more_than(other)), median)
        };
        let mut order: Vec<usize> = (0..self.targets.len()).collect();
        order.sort_by(|a, b| {
            let (a, b) = (rank(a), rank(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        order
    }
}
