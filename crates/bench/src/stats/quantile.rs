//! Quantiles of a sample with their intervals, and the sample sizes that they require.
//!
//! The estimate is definition 7 of Hyndman and Fan, "Sample quantiles in statistical packages", The American
//! Statistician 50 (1996): linear between the order statistics around `1 + (n − 1)q`, as in R and `NumPy`. The interval
//! uses order statistics (David and Nagaraja, Order Statistics, 3rd ed., 7.1) and assumes no distribution.

use serde::{Deserialize, Serialize};

use super::{LEVEL, number};

/// A quantile of a sample, or the number of values that the sample lacks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Quantile {
    /// The sample is large enough.
    Known {
        /// The estimate.
        value: f64,
        /// The lower bound of the 95 % interval; `None` for a median of fewer than six values.
        low: Option<f64>,
        /// The upper bound.
        high: Option<f64>,
    },
    /// The sample is too small.
    Missing {
        /// The number of values that are missing.
        missing: usize,
    },
}

impl Quantile {
    /// The estimate, if the sample is large enough.
    #[must_use]
    pub(crate) fn value(&self) -> Option<f64> {
        match self {
            Self::Known { value, .. } => Some(*value),
            Self::Missing { .. } => None,
        }
    }
}

/// A quantile over all calls, where a failure ranks above every success.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RankedQuantile {
    /// The call of that rank succeeded.
    Value(f64),
    /// The call of that rank failed.
    Infinite,
    /// There are too few calls; this many are missing.
    Missing(usize),
}

/// The smallest sample whose 95 % interval of the quantile has both bounds within the sample.
///
/// The largest of `n` values lies below the quantile with probability `qⁿ`, which must be at most 2.5 %:
/// `n ≥ ln 0.025 / ln q`. p90 needs 36, p95 72, p99 368.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
pub fn min_sample_size(q: f64) -> usize {
    let tail = (1.0 - LEVEL) / 2.0;
    (tail.ln() / q.max(1.0 - q).ln()).ceil() as usize
}

/// A quantile of sorted values. The median describes the sample itself, so it is given for any size.
#[must_use]
pub(crate) fn estimate(sorted: &[f64], q: f64) -> Quantile {
    let missing = min_sample_size(q).saturating_sub(sorted.len());
    let is_median = (q - 0.5).abs() < f64::EPSILON;
    if sorted.is_empty() || (missing > 0 && !is_median) {
        return Quantile::Missing { missing: missing.max(1) };
    }
    let (low, high) = interval(sorted, q).unzip();
    Quantile::Known { value: point(sorted, q), low, high }
}

/// The estimate alone, for any sorted, non-empty sample.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position in the sample")]
pub(crate) fn point(sorted: &[f64], q: f64) -> f64 {
    let last = sorted.len() - 1;
    let rank = number(last) * q;
    let below = (rank.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (rank - rank.floor())
}

/// The order statistics that enclose the quantile with 95 % confidence, if the sample is large enough.
#[must_use]
pub(crate) fn interval(sorted: &[f64], q: f64) -> Option<(f64, f64)> {
    let n = sorted.len();
    if n < min_sample_size(q) {
        return None;
    }
    let tail = (1.0 - LEVEL) / 2.0;
    let cumulated = binomial(n, q);
    // P(x(l) > quantile) = P(Bin < l) ≤ tail, and P(x(u) < quantile) = P(Bin ≥ u) ≤ tail, ranks from 1.
    let lower = cumulated.iter().take_while(|p| **p <= tail).count();
    let upper = cumulated.iter().take_while(|p| **p < 1.0 - tail).count() + 1;
    Some((sorted[lower.max(1) - 1], sorted[upper.min(n) - 1]))
}

/// `P(Bin(n, p) ≤ k)` for every `k` below `n`; in logarithms, because `(1 − p)ⁿ` may underflow.
fn binomial(n: usize, p: f64) -> Vec<f64> {
    let odds = (p / (1.0 - p)).ln();
    let mut log = number(n) * (1.0 - p).ln();
    let mut sum = 0.0;
    let step = |k: usize| {
        sum += log.exp();
        log += (number(n - k) / number(k + 1)).ln() + odds;
        sum
    };
    (0..n).map(step).collect()
}

/// The smallest value that at most `1 − q` of all calls exceed, where `failures` rank above all `sorted` successes
/// (nearest rank, because nothing lies between a value and infinity).
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position in the sample")]
pub(crate) fn with_failures(sorted: &[f64], failures: usize, q: f64) -> RankedQuantile {
    let n = sorted.len() + failures;
    match min_sample_size(q).saturating_sub(n) {
        0 => {
            let rank = (number(n) * q).ceil() as usize;
            sorted.get(rank.max(1) - 1).map_or(RankedQuantile::Infinite, |value| RankedQuantile::Value(*value))
        }
        missing => RankedQuantile::Missing(missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_needs(q: f64, want: usize) {
        assert_eq!(min_sample_size(q), want, "of {q}");
    }

    fn upto(n: usize) -> Vec<f64> {
        (1..=n).map(number).collect()
    }

    #[test]
    fn quantiles_need_a_minimum_sample() {
        for (q, want) in [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.1, 36)] {
            check_needs(q, want);
        }
    }

    #[test]
    fn a_small_sample_reports_how_many_values_are_missing() {
        assert_eq!(estimate(&upto(35), 0.9), Quantile::Missing { missing: 1 });
        assert_eq!(estimate(&upto(40), 0.99), Quantile::Missing { missing: 328 });
        assert_eq!(estimate(&[], 0.5), Quantile::Missing { missing: 6 });
    }

    #[test]
    fn the_smallest_sample_uses_its_maximum_as_a_bound() {
        let Quantile::Known { high, .. } = estimate(&upto(36), 0.9) else { panic!("36 carry p90") };
        assert_eq!(high, Some(36.0));
    }

    #[test]
    fn a_median_of_one_value_has_no_interval() {
        assert_eq!(estimate(&[3.0], 0.5), Quantile::Known { value: 3.0, low: None, high: None });
        // Table of Conover, Practical Nonparametric Statistics: n = 20 has ranks 6 and 15.
        assert_eq!(estimate(&upto(20), 0.5), Quantile::Known { value: 10.5, low: Some(6.0), high: Some(15.0) });
    }

    #[test]
    fn a_large_sample_has_an_interval() {
        let Quantile::Known { low: Some(low), high: Some(high), .. } = estimate(&upto(100_000), 0.99) else { panic!() };
        assert!((98_930.0..98_950.0).contains(&low) && (99_050.0..99_070.0).contains(&high), "{low} {high}");
    }

    #[test]
    fn between_two_ranks_it_interpolates() {
        assert!((point(&[1.0, 2.0, 3.0, 4.0], 0.9) - 3.7).abs() < 1e-12);
    }

    #[test]
    fn failures_rank_above_every_success() {
        let good = upto(76);
        assert_eq!(with_failures(&good, 4, 0.95), RankedQuantile::Value(76.0));
        assert_eq!(with_failures(&good, 5, 0.95), RankedQuantile::Infinite);
        assert_eq!(with_failures(&good[..70], 1, 0.95), RankedQuantile::Missing(1));
    }
}
