//! Plans on simulated deployments and a paused clock: bytes, times and order are the same in every run.

use super::super::plan::{Arrival, Stop};
use super::super::sample::{Connection, TokenUsage};
use super::super::testing::{plan, simulated, timeouts};
use super::*;
use llmroute_core::model::Timestamp;
use llmroute_core::wire::script::{Script, parse_faults};
use llmroute_router::transport::MeasuringTransport;

const MS: Duration = Duration::from_millis(1);

fn script(ttft: u32, faults: &str) -> Script {
    let faults = parse_faults(faults).unwrap();
    Script {
        latency: 10 * MS,
        ttft: ttft * MS,
        itl: 5 * MS,
        tokens: Some(10),
        faults,
        seed: u64::from(ttft),
        ..Script::default()
    }
}

/// A run and its samples.
struct Watched {
    samples: Vec<Sample>,
    pauses: Vec<Pause>,
    client: ClientStats,
    ended: EndReason,
}

/// A plan for simulated deployments. A run gives its samples and one line for each event.
struct Bench {
    plan: Plan,
    scripts: Vec<Script>,
    max_in_flight: usize,
    /// The number of calls that the cost limit allows.
    paid: usize,
    /// The number of samples after which the observer stops the run.
    breaks: usize,
    stop_after: Duration,
}

struct Counted(usize);

impl SpendingLimit for Counted {
    fn reserve(&mut self, _target: usize) -> bool {
        let paid = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        paid
    }

    fn settle(&mut self, _sample: &Sample) {}
}

impl Bench {
    fn new(scripts: Vec<Script>) -> Self {
        let hosts: Vec<String> = (0..scripts.len()).map(|host| host.to_string()).collect();
        let plan = plan(&hosts.iter().map(String::as_str).collect::<Vec<_>>());
        let stop_after = Duration::from_secs(1 << 30);
        Self { plan, scripts, max_in_flight: 1000, paid: usize::MAX, breaks: usize::MAX, stop_after }
    }

    fn load(self, load: Load) -> Self {
        Self { plan: Plan { load, ..self.plan }, ..self }
    }

    fn run(&self) -> (Watched, Vec<String>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(self.drive())
    }

    async fn drive(&self) -> (Watched, Vec<String>) {
        let endpoints: Vec<_> = self.scripts.iter().cloned().map(simulated).collect();
        let seat = |endpoint| CallTarget { endpoint, key: None, timeouts: timeouts() };
        let targets: Vec<_> = endpoints.iter().map(seat).collect();
        let meter = MeasuringTransport::simulated(self.plan.seed);
        let run = LoadGenerator {
            plan: &self.plan,
            targets: &targets,
            prompt: &|target, round| Prompt::user(format!("{target} {round}")),
            meter: &meter,
            clock: Clock::starting_at(Timestamp(0)),
            max_in_flight: self.max_in_flight,
        };
        let (mut told, mut samples) = (Vec::new(), Vec::new());
        let mut on = |progress: Progress<'_>| {
            let word = match progress {
                Progress::Round(round) => format!("round {round}"),
                Progress::Began { target, round } => format!("began {target} {round}"),
                Progress::Streaming { .. } => return ControlFlow::Continue(()),
                Progress::Done { sample, .. } => format!("done {} {}", sample.target, sample.round),
                Progress::Paused(pause) => format!("paused {} {:?}", pause.target, pause.span),
                Progress::Stopped { target, failure } => format!("out {target} {}", failure.class),
            };
            if let Progress::Done { sample, .. } = progress {
                samples.push(sample.clone());
            }
            told.push(word);
            if samples.len() < self.breaks { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let stop = tokio::time::sleep(self.stop_after);
        let LoadResult { pauses, client, ended, .. } = drive(run, &mut Counted(self.paid), &mut on, stop).await;
        (Watched { samples, pauses, client, ended }, told)
    }
}

fn arrivals(stop: Stop, rate: f64, pattern: Arrival) -> Load {
    Load::Arrivals { stop, rate, pattern }
}

#[test]
fn a_round_calls_each_target_once_and_measures_its_script() {
    let (driven, told) = Bench::new(vec![script(100, ""), script(130, "")]).run();
    assert_eq!((driven.ended, driven.samples.len(), driven.client.cpu), (EndReason::Done, 80, None));
    for target in 0..2 {
        let rounds: Vec<u32> = driven.samples.iter().filter(|s| s.target == target).map(|s| s.round).collect();
        assert_eq!(rounds, (0..40).collect::<Vec<_>>());
    }
    for sample in &driven.samples {
        let ttft = [100 * MS, 130 * MS][sample.target];
        assert_eq!((sample.first_token, sample.first_answer, sample.end), (Some(ttft), Some(ttft), ttft + 45 * MS));
        assert!(sample.gaps.iter().all(|gap| gap.after == 5 * MS && !gap.coalesced) && sample.gaps.len() == 9);
        assert!(matches!(sample.usage, TokenUsage::Counted(usage) if usage.output == 10));
        assert_eq!(
            (sample.connection, sample.lateness(), sample.is_good()),
            (Connection::Unknown, Duration::ZERO, true)
        );
    }
    assert_eq!(told.iter().filter(|word| word.starts_with("round")).count(), 40);
    let first: Vec<_> = told.chunks(5).map(|round| round[1].clone()).collect();
    assert!(
        first.iter().any(|word| word.starts_with("began 0")) && first.iter().any(|word| word.starts_with("began 1"))
    );
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let jittered = || Script { jitter: 0.3, ..script(100, "503@20%,cut@10%,slow=2s@5%") };
    let bench = || Bench::new(vec![jittered(), jittered()]).load(Load::Rounds { stop: Stop::Rounds(30), in_flight: 4 });
    let text = |bench: Bench| serde_json::to_string(&bench.run().0.samples).unwrap();
    assert_eq!(text(bench()), text(bench()));
    let mut other = bench();
    other.plan.seed = 2;
    assert_ne!(text(bench()), text(other));
}

#[test]
fn targets_of_one_host_are_called_in_turn() {
    let mut bench = Bench::new(vec![script(100, ""), script(100, "")]);
    let apart = bench.run().0.client.wall;
    for target in &mut bench.plan.targets {
        target.host = "one".into();
    }
    let (driven, told) = bench.run();
    assert!(told.chunks(5).all(|round| round[1].starts_with("began") && round[2].starts_with("done")), "{told:?}");
    assert!(driven.client.wall > apart.mul_f64(1.9));
}

#[test]
fn rounds_in_flight_share_the_time() {
    let load = |in_flight| Load::Rounds { stop: Stop::Rounds(40), in_flight };
    let one = Bench::new(vec![script(100, "")]).load(load(1)).run().0.client.wall;
    let eight = Bench::new(vec![script(100, "")]).load(load(8)).run().0;
    assert!(eight.client.wall.mul_f64(7.9) < one && eight.samples.len() == 40);
}

#[test]
fn no_round_begins_after_the_time() {
    let load = Load::Rounds { stop: Stop::After(Duration::from_secs(1)), in_flight: 1 };
    let (driven, _) = Bench::new(vec![script(100, "")]).load(load).run();
    // Each takes 145 ms.
    assert_eq!((driven.samples.len(), driven.ended), (7, EndReason::Done));
    let load = arrivals(Stop::After(Duration::from_secs(1)), 20.0, Arrival::Constant);
    assert_eq!(Bench::new(vec![script(100, "")]).load(load).run().0.samples.len(), 20);
}

#[test]
fn a_round_that_has_begun_is_finished() {
    let load = Load::Rounds { stop: Stop::After(Duration::from_millis(100)), in_flight: 1 };
    let mut bench = Bench::new(vec![script(100, ""), script(100, "")]).load(load);
    // One after the other: the second is called after the time.
    for target in &mut bench.plan.targets {
        target.host = "one".into();
    }
    let (driven, _) = bench.run();
    assert_eq!((driven.samples.len(), driven.ended), (2, EndReason::Done));
}

#[test]
fn a_rate_limit_is_not_waited_out_beyond_the_time() {
    let load = Load::Rounds { stop: Stop::After(Duration::from_secs(2)), in_flight: 1 };
    let (driven, _) = Bench::new(vec![script(100, "429=50s")]).load(load).run();
    assert_eq!((driven.samples.len(), driven.ended), (1, EndReason::Done));
    assert!(driven.client.wall <= Duration::from_millis(2010), "{:?}", driven.client.wall);
}

#[test]
fn an_open_loop_starts_calls_on_time() {
    let load = arrivals(Stop::Rounds(100), 50.0, Arrival::Constant);
    let (driven, _) = Bench::new(vec![script(500, ""), script(100, "")]).load(load).run();
    assert_eq!((driven.samples.len(), driven.client.dropped), (200, 0));
    for sample in &driven.samples {
        assert_eq!(sample.due, 20 * MS * sample.round);
        assert!(sample.lateness() <= MS, "{:?}", sample.lateness());
    }
}

#[test]
fn starts_beyond_the_cap_are_dropped() {
    let load = arrivals(Stop::Rounds(100), 50.0, Arrival::Constant);
    let mut bench = Bench::new(vec![script(455, "")]).load(load);
    // 500 ms each, ten of them at a time: 20 a second.
    bench.max_in_flight = 10;
    let (driven, _) = bench.run();
    assert_eq!(driven.samples.len() as u64 + driven.client.dropped, 100);
    assert!((38..=50).contains(&driven.samples.len()), "{}", driven.samples.len());
}

#[test]
fn three_permanent_failures_stop_one_target_only() {
    let (driven, told) = Bench::new(vec![script(100, "401"), script(100, "")]).run();
    let count = |target| driven.samples.iter().filter(|sample| sample.target == target).count();
    assert_eq!((count(0), count(1), driven.ended), (3, 40, EndReason::Done));
    assert!(told.contains(&"out 0 authentication".to_owned()), "{told:?}");
    let fault = driven.samples.iter().find_map(|sample| sample.failure.clone()).unwrap();
    assert_eq!((fault.class.as_str(), fault.status), ("authentication", Some(401)));
    let (driven, _) = Bench::new(vec![script(100, "401")]).run();
    assert_eq!((driven.samples.len(), driven.ended), (3, EndReason::NoTargetLeft));
}

#[test]
fn a_rate_limit_pauses_its_target() {
    let mut bench = Bench::new(vec![script(100, "429=7s")]);
    bench.plan.load = Load::Rounds { stop: Stop::Rounds(3), in_flight: 1 };
    let (driven, _) = bench.run();
    assert_eq!((driven.samples.len(), driven.pauses.len()), (3, 3));
    assert!(driven.pauses.iter().all(|pause| pause.span == 7000 * MS));
    assert!(driven.samples.iter().all(|sample| sample.lateness() <= MS && sample.end < 1000 * MS));
    assert!(driven.client.wall > Duration::from_secs(14));
}

#[test]
fn arrivals_in_a_pause_are_skipped_not_dropped() {
    let load = arrivals(Stop::Rounds(100), 50.0, Arrival::Constant);
    let (driven, _) = Bench::new(vec![script(100, "429=1s")]).load(load).run();
    assert_eq!(driven.client.dropped, 0);
    assert!(driven.client.rate_limited > 20, "{:?}", driven.client);
    assert_eq!(driven.samples.len() as u64 + driven.client.rate_limited, 100);
}

#[test]
fn the_cost_limit_ends_the_run() {
    let mut bench = Bench::new(vec![script(100, ""), script(100, "")]);
    bench.paid = 7;
    let (driven, _) = bench.run();
    assert_eq!((driven.samples.len(), driven.ended), (7, EndReason::MaxCost));
    let mut bench = bench.load(arrivals(Stop::Rounds(100), 50.0, Arrival::Poisson));
    bench.paid = 31;
    let (driven, _) = bench.run();
    assert_eq!((driven.samples.len(), driven.ended), (31, EndReason::MaxCost));
}

#[test]
fn an_interrupted_run_keeps_its_samples() {
    let mut bench = Bench::new(vec![script(100, "")]);
    bench.breaks = 5;
    let (driven, _) = bench.run();
    assert_eq!((driven.samples.len(), driven.ended), (5, EndReason::Interrupted));
    let mut bench = Bench::new(vec![script(100, "")]);
    bench.stop_after = Duration::from_secs(1);
    let (driven, _) = bench.run();
    assert_eq!((driven.samples.len(), driven.ended), (6, EndReason::Interrupted));
}

#[test]
fn failures_are_samples() {
    for (faults, class) in
        [("cut@3", "truncated"), ("refuse", "connection/refused"), ("empty", "malformed"), ("503", "server_error")]
    {
        let mut bench = Bench::new(vec![script(100, faults)]);
        bench.plan.load = Load::Rounds { stop: Stop::Rounds(1), in_flight: 1 };
        let sample = bench.run().0.samples.remove(0);
        let fault = sample.failure.expect("a failure");
        assert!(fault.class == class || (faults == "503" && fault.class == "overloaded"), "{faults}: {fault:?}");
    }
}

#[test]
fn silence_ends_with_its_timeout() {
    let mut bench = Bench::new(vec![script(100, "stall")]);
    bench.plan.load = Load::Rounds { stop: Stop::Rounds(1), in_flight: 1 };
    let sample = bench.run().0.samples.remove(0);
    assert_eq!(sample.failure.expect("a failure").class, "timeout/first_token");
    assert_eq!(sample.end.as_secs(), timeouts().first_token.as_secs());
}
