//! Correlation of each round with the previous one, which reduces the information in a run.

use super::{mean, number};

/// Correlations up to this value are ignored: they occur by chance in a few dozen rounds.
pub(crate) const NOTABLE: f64 = 0.2;

/// The correlation of each value with its predecessor; `None` for too few or constant values.
#[must_use]
pub(crate) fn lag_one(values: &[f64]) -> Option<f64> {
    if values.len() < 8 {
        return None;
    }
    let mean = mean(values)?;
    let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let product: f64 = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    (square > 0.0).then(|| product / square)
}

/// The effective sample size of `n` correlated rounds: `n (1 − r)/(1 + r)` (Bartlett 1946, for a first-order
/// autoregressive process).
#[must_use]
pub(crate) fn effective_size(n: usize, correlation: f64) -> f64 {
    if correlation <= NOTABLE {
        return number(n);
    }
    let r = correlation.min(0.95);
    number(n) * (1.0 - r) / (1.0 + r)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_correlates_positively_and_a_zigzag_negatively() {
        let trend: Vec<f64> = (0..40).map(f64::from).collect();
        let zigzag: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
        assert!(lag_one(&trend).unwrap() > 0.8);
        assert!(lag_one(&zigzag).unwrap() < -0.8);
        assert_eq!(lag_one(&[1.0; 40]), None);
    }

    #[test]
    fn correlated_rounds_have_a_smaller_effective_size() {
        assert!((effective_size(40, 0.1) - 40.0).abs() < 1e-9);
        assert!((effective_size(40, 0.6) - 10.0).abs() < 1e-9);
        assert!((effective_size(40, -0.9) - 40.0).abs() < 1e-9);
    }
}
