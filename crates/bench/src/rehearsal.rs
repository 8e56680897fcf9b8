//! Rehearsal of an outage: the real router over simulated deployments, some of which fail.
//!
//! The same requests run twice, with and without the faults. The score compares the two.

use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::Serialize;

use super::prompts::Prompts;
use llmroute_core::model::{Event, KeySource, Usage};
use llmroute_core::protocols::{Endpoint, Protocol};
use llmroute_core::routing::{DeploymentId, GroupId, Map};
use llmroute_core::wire::script::{Fault, Script};
pub use llmroute_router::engine::{
    AttemptRecord, CostSummary, Delivery, Disposition, Engine, Observer, Request, RouterEvent,
};

/// Jitter of a simulated deployment that has no script of its own.
const JITTER: f64 = 0.3;

/// Replaces every deployment by a simulated one that needs no key, and adds `faults` to those in `faulty`.
///
/// A deployment that is already simulated keeps its script.
pub fn simulate(
    map: &mut Map,
    endpoints: &mut [Endpoint],
    keys: &mut [KeySource],
    faulty: &[DeploymentId],
    faults: &[Fault],
) {
    keys.iter_mut().for_each(|key| *key = KeySource::None);
    map.deployments.iter_mut().for_each(|deployment| deployment.no_key = None);
    for (index, endpoint) in endpoints.iter_mut().enumerate() {
        endpoint.protocol = Protocol::Mock;
        // Every deployment has a seed of its own, the same in both runs.
        let fresh = Script { jitter: JITTER, seed: index as u64, ..Script::default() };
        let script = endpoint.script.get_or_insert(fresh);
        if faulty.contains(&DeploymentId(index)) {
            script.faults.extend_from_slice(faults);
        }
    }
}

/// The outcome of one request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RehearsedRequest {
    /// The request received a complete answer.
    pub answered: bool,
    /// Time to the first token that reached the caller.
    pub ttft: Option<Duration>,
    /// Time to the end, with or without an answer.
    pub duration: Duration,
    /// Number of calls.
    pub calls: usize,
    /// Calls that contributed nothing to the answer.
    pub wasted_calls: usize,
    /// Cost of the answer, USD, if known.
    pub cost: Option<f64>,
    /// Cost of the other calls, USD, as far as it is known or can be estimated from their tokens.
    pub wasted: f64,
}

/// Runs `count` requests for `group` on `workers` concurrent workers.
pub async fn run_requests(
    router: &Engine,
    group: GroupId,
    prompts: &Prompts,
    count: u32,
    workers: u32,
) -> Vec<RehearsedRequest> {
    let mut played: Vec<Option<RehearsedRequest>> = vec![None; count as usize];
    let mut next = 0..count;
    let mut flying = FuturesUnordered::new();
    flying.extend(next.by_ref().take(workers.max(1) as usize).map(|number| one(router, group, prompts, number)));
    while let Some((number, end)) = flying.next().await {
        played[number as usize] = Some(end);
        flying.extend(next.next().map(|number| one(router, group, prompts, number)));
    }
    played.into_iter().flatten().collect()
}

async fn one(router: &Engine, group: GroupId, prompts: &Prompts, number: u32) -> (u32, RehearsedRequest) {
    let prompt = prompts.prompt(number, prompts.output);
    let request = Request::new(group, prompt, Delivery::Whole, router.now());
    let mut rng = fastrand::Rng::with_seed(prompts.seed ^ u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut tokens = TokenCounter::default();
    let end = match router.run(&request, &mut rng, &mut tokens).await {
        Ok(done) => RehearsedRequest {
            answered: true,
            ttft: done.first_token,
            ..RehearsedRequest::of(
                &done.attempts,
                done.duration,
                router.map(),
                &tokens,
                request.attributes.prompt_tokens,
            )
        },
        Err(failed) => RehearsedRequest::of(
            &failed.attempts,
            failed.duration,
            router.map(),
            &tokens,
            request.attributes.prompt_tokens,
        ),
    };
    (number, end)
}

impl RehearsedRequest {
    fn of(
        attempts: &[AttemptRecord],
        duration: Duration,
        map: &Map,
        tokens: &TokenCounter,
        prompt_tokens: u64,
    ) -> Self {
        let wasted = attempts.iter().filter(|attempt| attempt.disposition != Disposition::Delivered);
        let spend = CostSummary::of(attempts);
        // A call that was cut off reports no usage: its cost is estimated from the tokens that arrived.
        let unpriced = wasted.clone().zip(&tokens.void).filter(|(attempt, _)| attempt.cost.is_none());
        let estimated: f64 = unpriced
            .filter_map(|(attempt, output)| {
                let price = map.deployment(attempt.deployment).price?;
                let usage = Usage { input: prompt_tokens, output: *output, ..Usage::default() };
                (*output > 0).then(|| price.cost(&usage))
            })
            .sum();
        Self {
            answered: false,
            ttft: None,
            duration,
            calls: attempts.len(),
            wasted_calls: wasted.count(),
            cost: spend.delivered,
            wasted: spend.wasted + estimated + 0.0,
        }
    }
}

/// Counts text events; a simulated deployment sends one per token.
#[derive(Debug, Default)]
struct TokenCounter {
    now: u64,
    /// Tokens of the failed calls, in order.
    void: Vec<u64>,
}

impl Observer for TokenCounter {
    fn on_event(&mut self, note: RouterEvent<'_>) {
        if let RouterEvent::Failed { .. } = note {
            self.void.push(std::mem::take(&mut self.now));
        }
    }

    fn on_output(&mut self, event: &Event) -> ControlFlow<()> {
        if let Event::Text(_) | Event::Reasoning(_) = event {
            self.now += 1;
        }
        ControlFlow::Continue(())
    }
}

/// The result of a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RehearsalScore {
    /// Number of requests.
    pub requests: usize,
    /// Requests with a complete answer.
    pub answered: usize,
    /// Calls per request, without and with the faults.
    pub calls: (f64, f64),
    /// Calls that contributed nothing to an answer.
    pub wasted_calls: usize,
    /// Cost of the wasted calls, USD.
    pub wasted: f64,
    /// Cost of the answers, USD, as far as it is known.
    pub spent: f64,
    /// Statistics of the time to the end of an answer, without and with the faults.
    pub duration: [DurationStat; 4],
}

/// One statistic of the duration of answered requests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DurationStat {
    /// `mean`, `p50`, `p95` or `max`.
    pub name: &'static str,
    /// Seconds without the faults; `None` if no request was answered.
    pub without: Option<f64>,
    /// Seconds with the faults.
    pub with: Option<f64>,
}

/// Compares the requests of the two runs.
#[must_use]
pub fn score(with: &[RehearsedRequest], without: &[RehearsedRequest]) -> RehearsalScore {
    let level = |name, of: fn(&[f64]) -> f64| {
        let seconds =
            |played: &[RehearsedRequest]| Some(durations(played)).filter(|all| !all.is_empty()).map(|all| of(&all));
        DurationStat { name, without: seconds(without), with: seconds(with) }
    };
    let calls = |played: &[RehearsedRequest]| {
        played.iter().map(|one| one.calls).sum::<usize>() as f64 / played.len().max(1) as f64
    };
    RehearsalScore {
        requests: with.len(),
        answered: with.iter().filter(|one| one.answered).count(),
        calls: (calls(without), calls(with)),
        wasted_calls: with.iter().map(|one| one.wasted_calls).sum(),
        // The sum of no floats is -0.0.
        wasted: with.iter().map(|one| one.wasted).sum::<f64>() + 0.0,
        spent: with.iter().filter_map(|one| one.cost).sum::<f64>() + 0.0,
        duration: [
            level("mean", |all| all.iter().sum::<f64>() / all.len().max(1) as f64),
            level("p50", |all| nth(all, 0.50)),
            level("p95", |all| nth(all, 0.95)),
            level("max", |all| nth(all, 1.0)),
        ],
    }
}

/// The durations of answered requests in seconds, sorted.
fn durations(played: &[RehearsedRequest]) -> Vec<f64> {
    let answered = played.iter().filter(|one| one.answered);
    let mut seconds: Vec<f64> = answered.map(|one| one.duration.as_secs_f64()).collect();
    seconds.sort_by(f64::total_cmp);
    seconds
}

/// The value of rank ⌈share·n⌉ of `sorted`, or 0 if it is empty.
fn nth(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(answered: bool, seconds: u64, calls: usize) -> RehearsedRequest {
        RehearsedRequest {
            answered,
            ttft: None,
            duration: Duration::from_secs(seconds),
            calls,
            wasted_calls: calls - usize::from(answered),
            cost: answered.then_some(0.5),
            wasted: 0.25,
        }
    }

    #[test]
    fn the_score_compares_requests_with_and_without_faults() {
        let without = [played(true, 1, 1), played(true, 1, 1), played(true, 2, 1), played(true, 2, 1)];
        let with = [played(true, 1, 1), played(true, 5, 2), played(false, 9, 3), played(true, 3, 2)];
        let score = score(&with, &without);
        assert_eq!((score.requests, score.answered, score.wasted_calls), (4, 3, 5));
        assert_eq!(score.calls, (1.0, 2.0));
        assert_eq!((score.wasted, score.spent), (1.0, 1.5));
        let levels = score.duration.map(|level| (level.name, level.without, level.with));
        assert_eq!(
            levels,
            [("mean", 1.5, 3.0), ("p50", 1.0, 3.0), ("p95", 2.0, 5.0), ("max", 2.0, 5.0)]
                .map(|(name, without, with)| (name, Some(without), Some(with)))
        );
    }

    #[test]
    fn without_answers_there_are_no_durations() {
        let unanswered = [played(false, 9, 3)];
        assert_eq!(score(&unanswered, &unanswered).duration.map(|level| level.with), [None; 4]);
    }
}
