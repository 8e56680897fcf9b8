//! Percentile bootstrap of medians.
//!
//! Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979). Rounds are drawn with
//! replacement, and the interval is cut from the medians of the resamples. The method assumes independent rounds.
//! This is why differences are taken within rounds: drift affects both sides and cancels out.

use fastrand::Rng;

use super::{Interval, normal, number, quantile};

/// Number of resamples.
pub(crate) const RESAMPLES: usize = 2000;

/// Limit on all draws for one interval. Above 5,000 rounds, fewer resamples are enough.
const DRAWS: usize = 10_000_000;

/// Smallest sample with an interval: the range of five values covers the median with only 94 %.
pub(crate) const FEWEST: usize = 6;

/// The median of `values` with its interval. Equal generators give equal intervals.
#[must_use]
pub(crate) fn median(values: &[f64], level: f64, resamples: usize, rng: &mut Rng) -> Option<Interval> {
    if values.len() < FEWEST {
        return None;
    }
    let sorted = sorted(values);
    let mut draw = Resample::new(sorted.len());
    let medians: Vec<f64> = (0..resamples).map(|_| draw.median(&sorted, rng)).collect();
    Some(cut(quantile::point(&sorted, 0.5), medians, level))
}

/// The logarithm of the ratio of medians, `now / earlier`, of two independent samples.
#[must_use]
pub(crate) fn log_ratio(now: &[f64], earlier: &[f64], level: f64, rng: &mut Rng) -> Option<Interval> {
    let positive = |values: &[f64]| values.iter().all(|value| *value > 0.0);
    if now.len().min(earlier.len()) < FEWEST || !positive(now) || !positive(earlier) {
        return None;
    }
    let (now, earlier) = (sorted(now), sorted(earlier));
    let (mut draw_now, mut draw_earlier) = (Resample::new(now.len()), Resample::new(earlier.len()));
    let times = resamples(now.len().max(earlier.len()));
    let ratios = (0..times).map(|_| (draw_now.median(&now, rng) / draw_earlier.median(&earlier, rng)).ln()).collect();
    let at = (quantile::point(&now, 0.5) / quantile::point(&earlier, 0.5)).ln();
    Some(cut(at, ratios, level))
}

/// The number of resamples for a sample of size `n`.
#[must_use]
pub(crate) fn resamples(n: usize) -> usize {
    (DRAWS / n.max(1)).clamp(200, RESAMPLES)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn cut(at: f64, mut statistics: Vec<f64>, level: f64) -> Interval {
    statistics.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    // An extreme percentile of the resamples is unreliable; a normal tail extrapolates better.
    let few = number(statistics.len()) * tail < 10.0;
    let ends = |tail: f64| (quantile::point(&statistics, tail), quantile::point(&statistics, 1.0 - tail));
    if !few {
        let (low, high) = ends(tail);
        return Interval { at, low, high };
    }
    let (low, high) = ends(0.025);
    Interval { at, low, high }.widened(normal::z_score(level) / normal::z_score(0.95))
}

/// A resample: how often each position of the sorted sample was drawn. The buffer is reused.
struct Resample {
    counts: Vec<u32>,
}

impl Resample {
    fn new(n: usize) -> Self {
        Self { counts: vec![0; n] }
    }

    fn median(&mut self, sorted: &[f64], rng: &mut Rng) -> f64 {
        let n = self.counts.len();
        self.counts.fill(0);
        for _ in 0..n {
            self.counts[rng.usize(..n)] += 1;
        }
        let upper = self.position(n / 2);
        if n % 2 == 1 {
            return sorted[upper];
        }
        let lower = self.position(n / 2 - 1);
        f64::midpoint(sorted[lower], sorted[upper])
    }

    /// The position of the given rank, counted from zero.
    fn position(&self, rank: usize) -> usize {
        let mut drawn = 0;
        let reached = |count: &u32| {
            drawn += *count as usize;
            drawn > rank
        };
        self.counts.iter().position(reached).expect("there are as many draws as positions")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_intervals() {
        let values: Vec<f64> = (0..40).map(|i| number(i * i % 37)).collect();
        let once = median(&values, 0.95, RESAMPLES, &mut Rng::with_seed(7));
        assert_eq!(once, median(&values, 0.95, RESAMPLES, &mut Rng::with_seed(7)));
        let Interval { at, low, high } = once.unwrap();
        assert!(low < at && at < high, "{once:?}");
    }

    #[test]
    fn a_higher_level_gives_a_wider_interval() {
        let values: Vec<f64> = (0..40).map(|i| number(i * i % 37)).collect();
        let width = |level| {
            let interval = median(&values, level, RESAMPLES, &mut Rng::with_seed(7)).unwrap();
            interval.high - interval.low
        };
        assert!(width(0.9) < width(0.95) && width(0.95) < width(0.999));
    }

    #[test]
    fn five_values_have_no_interval() {
        assert_eq!(median(&[1.0; 5], 0.95, RESAMPLES, &mut Rng::with_seed(1)), None);
    }

    #[test]
    fn equal_values_have_an_interval_of_zero_width() {
        let sure = Interval { at: 2.0, low: 2.0, high: 2.0 };
        assert_eq!(median(&[2.0; 9], 0.95, RESAMPLES, &mut Rng::with_seed(1)), Some(sure));
        assert_eq!(
            log_ratio(&[2.0; 9], &[1.0; 8], 0.95, &mut Rng::with_seed(1)),
            Some(Interval { at: 1.0, low: 1.0, high: 1.0 }.map(|x| x * 2_f64.ln()))
        );
    }
}
