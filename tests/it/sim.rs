//! A small run of the simulator in `benches/sim`: our router against LiteLLM's, and `adaptive` against all strategies.

use llmroute_core::routing::Strategy;
use llmroute_core::routing::strategy::{Adaptive, CostBased, LatencyBased, LeastBusy, SimpleShuffle, UsageBased};
use std::sync::Arc;

#[path = "../../benches/sim/model/mod.rs"]
#[allow(dead_code, reason = "the benchmark prints more figures")]
mod model;

use model::figures::Figures;
use model::litellm::{Choice, LiteLlm, Setup};
use model::ours::{Ours, limited_map, lone_map, map};
use model::recovery::{self, Arrival, Limit, LoneLiteLlm, Recovery};
use model::rooms::Home;
use model::{limited, sparse, steady};

const SEEDS: [u64; 2] = [1, 2];
/// The jobs of a reduced scenario C: about two minutes at its limits.
const JOBS: usize = 600;

/// The mean of `figure` over the seeds.
fn mean(play: impl Fn(u64) -> Figures, figure: fn(&Figures) -> f64) -> f64 {
    SEEDS.iter().map(|seed| figure(&play(*seed))).sum::<f64>() / SEEDS.len() as f64
}

fn ours(strategy: Arc<dyn Strategy>, rate: f64) -> impl Fn(u64) -> Figures {
    let map = map(strategy, true);
    move |seed| steady::play(&mut Ours::new(&map, seed), rate, seed)
}

fn theirs(choice: Choice, rate: f64) -> impl Fn(u64) -> Figures {
    move |seed| steady::play(&mut LiteLlm::new(choice, seed), rate, seed)
}

fn latency() -> Arc<dyn Strategy> {
    Arc::new(LatencyBased::LONG_LIVED)
}

const THEIR_LATENCY: Choice = Choice::Latency { ttl: 3600.0 };

#[test]
fn the_same_seed_plays_the_same() {
    let play = ours(latency(), 2.0);
    assert_eq!(play(1).first_token, play(1).first_token);
}

#[test]
fn ours_fails_less_and_is_faster_than_litellms_latency_routing_at_every_load() {
    for (rate, fail) in [(2.0, 0.05), (6.0, 0.05), (9.0, 0.2)] {
        let (ours, theirs) = (ours(latency(), rate), theirs(THEIR_LATENCY, rate));
        let failed = (mean(&ours, Figures::fail_percent), mean(&theirs, Figures::fail_percent));
        assert!(failed.0 <= fail && failed.0 < failed.1, "at {rate}/s: {failed:?} %");
        let late = (mean(&ours, |figures| figures.quantile(0.99)), mean(&theirs, |figures| figures.quantile(0.99)));
        assert!(late.0 < late.1, "at {rate}/s: p99 {late:?} s");
    }
}

#[test]
fn one_shot_calls_are_faster_and_fail_less() {
    let map = map(Arc::new(LatencyBased::ONE_SHOT), false);
    let ours = |seed| sparse::play(&mut Ours::new(&map, seed), 10.0, seed);
    let theirs = |seed| sparse::play(&mut LiteLlm::new(THEIR_LATENCY, seed), 10.0, seed);
    let first = (mean(ours, Figures::mean_first_token), mean(theirs, Figures::mean_first_token));
    assert!(first.0 < first.1, "mean {first:?} s");
    let failed = (mean(ours, Figures::first_fail_percent), mean(theirs, Figures::first_fail_percent));
    assert!(2.0 * failed.0 < failed.1, "first attempts failed {failed:?} %");
    assert!(mean(ours, Figures::fail_percent) < 0.01);
}

#[test]
fn adaptive_is_never_much_worse_than_the_best_single_strategy() {
    for rate in [2.0, 6.0, 9.0] {
        // At more than 2 a second, routing by cost alone queues every job at one deployment: slow to simulate, far from the best.
        let cheapest = (rate < 3.0).then_some(Arc::new(CostBased) as Arc<dyn Strategy>);
        let single = [Arc::new(SimpleShuffle::default()) as Arc<dyn Strategy>, Arc::new(LeastBusy), latency()]
            .into_iter()
            .chain(cheapest);
        // One world for all strategies: the same random draws.
        let weighted = |strategy| ours(strategy, rate)(SEEDS[0]).weighted();
        let best = single.map(weighted).fold(f64::INFINITY, f64::min);
        let adaptive = weighted(Arc::new(Adaptive::LONG_LIVED));
        assert!(adaptive <= 1.10 * best, "at {rate}/s: {adaptive} against {best}");
    }
}

#[test]
fn no_job_fails_on_a_limit_where_litellm_fails_half() {
    // The default `max_wait`; then with own limits, which refill in bursts.
    for (home, own, max_wait) in [(Home::Shared, false, 20.0), (Home::Apart, false, 20.0), (Home::Shared, true, 120.0)]
    {
        let map = limited_map(Arc::new(UsageBased), own, max_wait);
        let ours = |seed| limited::play(&mut Ours::at(home, &map, seed), JOBS, seed);
        assert!(mean(ours, Figures::fail_percent) < 0.2, "{home:?} {own}: {} %", mean(ours, Figures::fail_percent));
        assert!(mean(ours, Figures::attempts_per_request) < 1.1, "{home:?} {own}");
        if !own {
            let late = mean(ours, |figures| figures.quantile(0.99));
            assert!(late < 15.0, "{home:?}: who waits is not served in turn, p99 {late} s");
        }
    }
    for choice in [Choice::Shuffle, THEIR_LATENCY, Choice::Usage] {
        let setup = Setup { choice, retries: 2, rpm: Some(limited::LIMIT), waits: false };
        let theirs = |seed| limited::play(&mut LiteLlm::new(setup, seed), JOBS, seed);
        assert!(mean(theirs, Figures::fail_percent) > 50.0, "{choice:?}");
    }
}

/// Plays one deployment that recovers, by ours and by LiteLLM's.
fn recover(limit: Limit, arrival: Arrival, count: usize, seed: u64) -> (Recovery, Recovery) {
    let map = lone_map(false);
    let ours = recovery::play(&mut Ours::at(Home::Apart, &map, seed), limit, false, arrival, count);
    (ours, recovery::play(&mut LoneLiteLlm::new(false, seed), limit, false, arrival, count))
}

#[test]
fn one_429_does_not_slow_the_calls_after_its_gate() {
    for seed in 0..20 {
        let (ours, theirs) = recover(Limit::Once(6), Arrival::Sequential, 30, seed);
        assert_eq!((ours.answered, ours.wasted), (30, 1));
        assert!(ours.seconds <= 1.2 * theirs.seconds, "{ours:?} {theirs:?}");
    }
}

#[test]
fn a_hidden_limit_is_found_out_with_few_refusals() {
    for seed in 0..20 {
        for limit in [Limit::Window(5, 1.0), Limit::Window(10, 2.0), Limit::Bucket(60.0)] {
            let (ours, theirs) = recover(limit, Arrival::Sequential, 90, seed);
            assert!(ours.answered >= theirs.answered && ours.seconds <= 1.2 * theirs.seconds, "{ours:?} {theirs:?}");
            assert!(ours.wasted < theirs.wasted && ours.wasted <= 5, "{limit:?}: {ours:?} {theirs:?}");
        }
    }
}

#[test]
fn thirty_processes_at_once_are_all_answered_soon() {
    for seed in 0..20 {
        for (limit, first, seconds) in [(Limit::Window(5, 1.0), 25, 9.0), (Limit::Window(10, 2.0), 20, 6.6)] {
            let (ours, theirs) = recover(limit, Arrival::AtOnce, 30, seed);
            assert_eq!(ours.answered, 30, "{ours:?}");
            assert!(ours.wasted <= first + 1 && ours.wasted < theirs.wasted, "{ours:?} {theirs:?}");
            assert!(ours.seconds <= seconds, "{ours:?} {theirs:?}");
        }
    }
}

#[test]
fn two_retries_outlast_an_outage_of_a_second_and_a_half() {
    for seed in 0..100 {
        let (ours, _) = recover(Limit::Outage(1.5), Arrival::AtOnce, 1, seed);
        assert_eq!(ours.answered, 1, "{seed}: {ours:?}");
    }
}

#[test]
fn a_server_that_stays_down_gets_no_more_calls_than_from_litellm() {
    let (ours, theirs) = recover(Limit::Outage(1e9), Arrival::Sequential, 12, 1);
    assert!(ours.calls <= theirs.calls, "{ours:?} {theirs:?}");
}

#[test]
fn one_500_does_not_move_the_traffic_to_the_fallback_group() {
    let map = lone_map(true);
    for seed in 0..20 {
        let mut ours = Ours::at(Home::Apart, &map, seed);
        let run = recovery::play(&mut ours, Limit::Outage(0.1), false, Arrival::Every(5.0), 31);
        assert_eq!((run.answered, run.by_fallback), (31, 1));
    }
}
