//! Tests that the statistics keep their error rates, on simulated runs with known properties.

use fastrand::Rng;

use super::{LEVEL, bootstrap, number, paired};

/// Rounds of a simulated run.
const ROUNDS: usize = 40;
/// Enough for a percentile, and fast in a debug build.
const RESAMPLES: usize = 250;

/// A standard normal value (Box and Muller).
fn gauss(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
}

/// Log latency of a host over time: a slow autoregressive drift, like that of a network.
fn drift(calls: usize, rng: &mut Rng) -> Vec<f64> {
    let mut level = 0.3 * gauss(rng);
    let step = |_| {
        level = 0.97 * level + 0.3 * (1.0 - 0.97_f64 * 0.97).sqrt() * gauss(rng);
        level
    };
    (0..calls).map(step).collect()
}

fn call(level: f64, rng: &mut Rng) -> f64 {
    300.0 * (level + 0.3 * gauss(rng)).exp()
}

/// Two identical targets, called in turn.
fn interleaved(rng: &mut Rng) -> Vec<(f64, f64)> {
    let drift = drift(2 * ROUNDS, rng);
    drift.chunks(2).map(|level| (call(level[0], rng), call(level[1], rng))).collect()
}

/// Two identical targets, one measured after the other.
fn one_after_the_other(rng: &mut Rng) -> Vec<(f64, f64)> {
    let drift = drift(2 * ROUNDS, rng);
    let (first, second) = drift.split_at(ROUNDS);
    first.iter().zip(second).map(|(a, b)| (call(*a, rng), call(*b, rng))).collect()
}

/// The share of runs whose interval reports a difference.
fn called_different(run: fn(&mut Rng) -> Vec<(f64, f64)>, runs: u64) -> f64 {
    let different = |seed: &u64| {
        let mut rng = Rng::with_seed(*seed);
        let pairs = run(&mut rng);
        paired::compare_by(&pairs, RESAMPLES, &mut rng).is_some_and(|found| found.log_ratio.excludes_zero())
    };
    number((0..runs).filter(different).count()) / number(usize::try_from(runs).expect("a few hundred"))
}

#[test]
fn identical_targets_in_turn_differ_at_the_nominal_rate() {
    let share = called_different(interleaved, 400);
    assert!((0.01..=0.065).contains(&share), "{share}");
}

#[test]
fn identical_targets_one_after_the_other_differ_far_more_often() {
    // These intervals already allow for correlated rounds; without that, the share would be even higher.
    let share = called_different(one_after_the_other, 200);
    assert!(share > 0.2, "{share}");
}

#[test]
fn an_interval_covers_the_median_at_the_nominal_rate() {
    let holds = |seed: &u64| {
        let mut rng = Rng::with_seed(*seed);
        let values: Vec<f64> = (0..ROUNDS).map(|_| (0.5 * gauss(&mut rng)).exp()).collect();
        let found = bootstrap::median(&values, LEVEL, RESAMPLES, &mut rng).unwrap();
        found.low <= 1.0 && 1.0 <= found.high
    };
    let share = number((0..500).filter(holds).count()) / 500.0;
    assert!((0.92..=0.98).contains(&share), "{share}");
}
