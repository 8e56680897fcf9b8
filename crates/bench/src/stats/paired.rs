//! Paired comparison of two targets within rounds.

use fastrand::Rng;
use serde::{Deserialize, Serialize};

use super::{Interval, LEVEL, autocorrelation, bootstrap, normal, number, wilcoxon};

/// The comparison of `a` with `b`. Intervals and p-value already allow for correlated rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    /// Rounds in which both have a value.
    pub n: usize,
    /// Median of `ln(a / b)`.
    pub log_ratio: Interval,
    /// Median of `a − b`, in the unit of the values.
    pub difference: Interval,
    /// Wilcoxon's signed-rank test of the log-ratios.
    pub p: f64,
    /// Correlation of a round with the previous one.
    pub autocorrelation: Option<f64>,
    /// Effective number of independent rounds.
    pub effective: f64,
}

/// Compares pairs `(a, b)` of positive values, in round order; `None` for fewer than [`bootstrap::FEWEST`].
#[must_use]
pub(crate) fn compare(pairs: &[(f64, f64)], rng: &mut Rng) -> Option<PairedComparison> {
    compare_by(pairs, bootstrap::resamples(pairs.len()), rng)
}

/// Runs [`compare`] with another number of resamples.
pub(super) fn compare_by(pairs: &[(f64, f64)], resamples: usize, rng: &mut Rng) -> Option<PairedComparison> {
    let pairs: Vec<(f64, f64)> = pairs.iter().copied().filter(|(a, b)| *a > 0.0 && *b > 0.0).collect();
    let logs: Vec<f64> = pairs.iter().map(|(a, b)| (a / b).ln()).collect();
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| a - b).collect();
    // Equal draws, so that both intervals exclude zero together.
    let mut same = rng.clone();
    let log_ratio = bootstrap::median(&logs, LEVEL, resamples, rng)?;
    let difference = bootstrap::median(&differences, LEVEL, resamples, &mut same)?;
    let correlation = autocorrelation::lag_one(&logs);
    let effective = correlation.map_or(number(logs.len()), |r| autocorrelation::effective_size(logs.len(), r));
    let widening = (number(logs.len()) / effective).sqrt();
    Some(PairedComparison {
        n: logs.len(),
        log_ratio: log_ratio.widened(widening),
        difference: difference.widened(widening),
        p: widened_p_value(wilcoxon::p_value(&logs), widening),
        autocorrelation: correlation,
        effective,
    })
}

impl PairedComparison {
    /// The ratio `a / b`.
    #[must_use]
    pub(crate) fn ratio(&self) -> Interval {
        self.log_ratio.map(f64::exp)
    }

    /// The comparison of `b` with `a`.
    #[must_use]
    pub(crate) fn reversed(&self) -> Self {
        Self { log_ratio: self.log_ratio.negated(), difference: self.difference.negated(), ..*self }
    }
}

/// The p-value if the standard error were larger by the factor `widening`.
fn widened_p_value(p: f64, widening: f64) -> f64 {
    if widening <= 1.0 {
        return p;
    }
    let z = normal::upper_quantile((p / 2.0).max(f64::MIN_POSITIVE));
    (2.0 * normal::upper_tail(z / widening)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(n: u32, ratio: f64) -> Vec<(f64, f64)> {
        let mut rng = Rng::with_seed(5);
        (0..n).map(|_| (100.0 * ratio * (1.0 + 0.2 * rng.f64()), 100.0 * (1.0 + 0.2 * rng.f64()))).collect()
    }

    #[test]
    fn a_difference_shows_in_the_ratio_and_in_milliseconds() {
        let found = compare(&noisy(40, 1.5), &mut Rng::with_seed(1)).unwrap();
        assert!((found.ratio().at - 1.5).abs() < 0.06 && (found.difference.at - 55.0).abs() < 6.0, "{found:?}");
        assert!(found.log_ratio.excludes_zero() && found.difference.excludes_zero() && found.p < 1e-6);
    }

    #[test]
    fn the_reversed_comparison_has_the_inverse_ratio() {
        let found = compare(&noisy(40, 1.5), &mut Rng::with_seed(1)).unwrap().reversed();
        assert!(found.ratio().at < 0.7 && found.difference.high < 0.0, "{found:?}");
    }

    #[test]
    fn too_few_pairs_give_no_result() {
        assert_eq!(compare(&noisy(5, 1.5), &mut Rng::with_seed(1)), None);
    }

    #[test]
    fn correlated_rounds_widen_the_result() {
        let pairs: Vec<(f64, f64)> = (0..40).map(|i| (100.0 + f64::from(i), 119.5)).collect();
        let found = compare(&pairs, &mut Rng::with_seed(1)).unwrap();
        assert!(found.effective < 5.0, "{found:?}");
        assert!(widened_p_value(0.01, 2.0) > 0.1);
    }
}
