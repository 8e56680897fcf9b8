//! The accuracy of the measurement on this machine, against a local server that records when each token left.

mod server;

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;

pub use server::{ReferenceServer, SentTimes, TokenSchedule};

use super::load_generator::{CallTarget, LoadGenerator, NoSpendingLimit, Progress, drive};
use super::plan::{Arrival, Load, Plan, Slo, Stop, Target};
use super::sample::Sample;
use llmroute_core::catalog::Quirks;
use llmroute_core::model::Prompt;
use llmroute_core::protocols::{Endpoint, Overrides, Params, Protocol};
use llmroute_core::routing::Timeouts;
pub use llmroute_router::ports::{Clock, MeasuringNetwork};

/// The measurement errors of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Accuracy {
    /// Concurrent streams.
    pub streams: u32,
    /// Measured calls.
    pub calls: usize,
    /// Failed calls; should be zero.
    pub failed: usize,
    /// Mean absolute error of the arrival time of the first token. The time of sending has no error: it is taken
    /// before the write, and any later processing belongs to the server.
    pub ttft_mean: Duration,
    /// 99th percentile of that error.
    pub ttft_p99: Duration,
    /// Error of the mean token gap of a call, averaged over calls.
    pub itl_mean: Duration,
    /// Mean absolute error of single token gaps.
    pub gap_mean: Duration,
    /// Share of gaps that are unknown, because one read returned several tokens.
    pub coalesced: f64,
    /// 99th percentile of the lateness of starts; meaningful in an open loop only.
    pub late_p99: Duration,
    /// CPU time of the client, without the server's; `None` if unknown.
    pub cpu: Option<Duration>,
    /// Duration of the run.
    pub wall: Duration,
}

/// Measures `calls` calls for each number of streams, against a server on this machine.
///
/// # Errors
/// The server cannot listen.
pub async fn self_test(
    meter: &dyn MeasuringNetwork,
    clock: Clock,
    schedule: TokenSchedule,
    streams: &[(u32, u32)],
) -> std::io::Result<Vec<Accuracy>> {
    let mut found = Vec::new();
    for (streams, calls) in streams {
        let load = Load::Rounds { stop: Stop::Rounds(*calls), in_flight: *streams };
        found.push(measure(meter, clock, schedule, load, *streams).await?);
    }
    Ok(found)
}

/// Measures an open loop of `calls` starts at `rate` per second.
///
/// # Errors
/// The server cannot listen.
pub async fn open_loop(
    meter: &dyn MeasuringNetwork,
    clock: Clock,
    schedule: TokenSchedule,
    rate: f64,
    calls: u32,
) -> std::io::Result<Accuracy> {
    let load = Load::Arrivals { stop: Stop::Rounds(calls), rate, pattern: Arrival::Poisson };
    measure(meter, clock, schedule, load, 0).await
}

async fn measure(
    meter: &dyn MeasuringNetwork,
    clock: Clock,
    schedule: TokenSchedule,
    load: Load,
    streams: u32,
) -> std::io::Result<Accuracy> {
    let server = ReferenceServer::start(schedule)?;
    let endpoint = endpoint(&server);
    let long = Duration::from_secs(60);
    let timeouts = Timeouts { connect: long, first_token: long, idle: long, attempt: long };
    let targets = [CallTarget { endpoint: &endpoint, key: None, timeouts }];
    let plan = plan(load, schedule.seed);
    let run = LoadGenerator {
        plan: &plan,
        targets: &targets,
        // The server looks for the number of the call.
        prompt: &|_, round| Prompt::user(format!("call={round};")),
        meter,
        clock,
        max_in_flight: 10_000,
    };
    let mut samples = Vec::new();
    let mut on = |progress: Progress<'_>| {
        if let Progress::Done { sample, .. } = progress {
            samples.push(sample.clone());
        }
        ControlFlow::Continue(())
    };
    let zero = zero(meter);
    let driven = drive(run, &mut NoSpendingLimit, &mut on, std::future::pending()).await;
    let (truths, used) = server.stop();
    let cpu = driven.client.cpu.map(|cpu| cpu.saturating_sub(used.unwrap_or_default()));
    let start = zero + driven.start;
    let calls: Vec<ObservedCall> = samples.iter().map(|sample| ObservedCall::of(sample, start)).collect();
    Ok(Accuracy { streams, cpu, wall: driven.client.wall, ..accuracy(&calls, &truths) })
}

/// The origin of the meter's clock, which is the monotonic clock of this machine, as is the server's.
#[expect(clippy::disallowed_methods, reason = "the truth is a reading of the clock")]
fn zero(meter: &dyn MeasuringNetwork) -> Instant {
    let now = Instant::now();
    now - meter.now()
}

fn endpoint(server: &ReferenceServer) -> Endpoint {
    Endpoint {
        protocol: Protocol::Openai,
        provider: "self-test".to_owned(),
        base_url: server.url().clone(),
        model: "clock".to_owned(),
        region: None,
        quirks: Quirks::plain(Protocol::Openai),
        params: Params::default(),
        headers: Vec::new(),
        query: Vec::new(),
        overrides: Overrides::default(),
        script: None,
        known: None,
    }
}

fn plan(load: Load, seed: u64) -> Plan {
    let target = Target { name: "self-test".to_owned(), model: "clock".to_owned(), price: None, host: String::new() };
    Plan { targets: vec![target], load, max_tokens: 128, prompt_tokens: 4, slo: Slo::default(), seed }
}

/// One call as the client saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedCall {
    /// The number of the call.
    pub call: u32,
    /// Arrival of the first token; `None` if the call failed.
    pub first: Option<Instant>,
    /// Gaps between tokens, each with a flag that it is unknown because one read returned both tokens.
    pub gaps: Vec<(Duration, bool)>,
    /// Lateness of the start.
    pub late: Duration,
}

impl ObservedCall {
    /// Converts a sample of a run that began at `start`.
    fn of(sample: &Sample, start: Instant) -> Self {
        let first = sample.first_token.filter(|_| sample.is_good()).map(|first| start + sample.sent + first);
        let gaps = sample.gaps.iter().map(|gap| (gap.after, gap.coalesced)).collect();
        Self { call: sample.round, first, gaps, late: sample.lateness() }
    }
}

/// Compares what a client saw with what the server recorded.
#[must_use]
pub fn accuracy(calls: &[ObservedCall], truths: &[SentTimes]) -> Accuracy {
    let truths: std::collections::HashMap<u32, &SentTimes> = truths.iter().map(|truth| (truth.call, truth)).collect();
    let (mut ttft, mut gaps, mut itl) = (Vec::new(), Vec::new(), Vec::new());
    let (mut failed, mut coalesced, mut pieces) = (0, 0, 0);
    for call in calls {
        let truth = truths.get(&call.call).and_then(|truth| Some((truth, *truth.left.first()?)));
        let (Some(first), Some((truth, left))) = (call.first, truth) else {
            failed += 1;
            continue;
        };
        // A token may be received before the server's write returns.
        ttft.push(first.saturating_duration_since(left).max(left.saturating_duration_since(first)));
        let ours: Vec<_> = call.gaps.iter().map(|gap| gap.0).collect();
        itl.push(mean(&ours).abs_diff(truth.mean_gap()));
        gaps.extend(ours.iter().zip(truth.gaps()).map(|(ours, truth)| ours.abs_diff(truth)));
        pieces += ours.len();
        coalesced += call.gaps.iter().filter(|gap| gap.1).count();
    }
    Accuracy {
        calls: calls.len(),
        failed,
        ttft_mean: mean(&ttft),
        ttft_p99: p99(ttft),
        itl_mean: mean(&itl),
        gap_mean: mean(&gaps),
        coalesced: share(coalesced, pieces),
        late_p99: p99(calls.iter().map(|call| call.late).collect()),
        ..Accuracy::default()
    }
}

fn mean(spans: &[Duration]) -> Duration {
    let count = u32::try_from(spans.len()).unwrap_or(u32::MAX);
    spans.iter().sum::<Duration>().checked_div(count).unwrap_or_default()
}

fn p99(mut spans: Vec<Duration>) -> Duration {
    spans.sort_unstable();
    // The nearest rank.
    spans.get((spans.len() * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a run has fewer pieces than 2^52")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmroute_core::model::Timestamp;
    use llmroute_router::transport::MeasuringTransport;

    const SHORT: TokenSchedule = TokenSchedule {
        ttft: Duration::from_millis(5),
        itl: Duration::from_millis(1),
        tokens: 10,
        jitter: 0.3,
        seed: 3,
    };

    fn run<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
    }

    #[test]
    fn each_call_is_matched_with_the_server_record() {
        let (meter, clock) = (MeasuringTransport::new(1), Clock::starting_at(Timestamp(0)));
        let found = run(self_test(&meter, clock, SHORT, &[(1, 3), (4, 12)])).unwrap();
        for (accuracy, calls) in found.iter().zip([3, 12]) {
            assert_eq!((accuracy.calls, accuracy.failed), (calls, 0), "{accuracy:?}");
            // The machine may be busy, so this bound only excludes nonsense.
            assert!(accuracy.ttft_mean < Duration::from_secs(1), "{accuracy:?}");
        }
    }

    #[test]
    fn an_open_loop_is_matched_with_the_server_record() {
        let (meter, clock) = (MeasuringTransport::new(1), Clock::starting_at(Timestamp(0)));
        let accuracy = run(open_loop(&meter, clock, SHORT, 400.0, 20)).unwrap();
        assert_eq!((accuracy.calls, accuracy.failed), (20, 0), "{accuracy:?}");
    }

    #[test]
    fn percentiles_use_the_nearest_rank() {
        let spans = |count: u64| (1..=count).map(Duration::from_millis).collect::<Vec<_>>();
        assert_eq!(
            (p99(spans(100)), p99(spans(1)), p99(Vec::new())),
            (Duration::from_millis(99), Duration::from_millis(1), Duration::ZERO)
        );
        assert_eq!(mean(&spans(3)), Duration::from_millis(2));
    }
}
