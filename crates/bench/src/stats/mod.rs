//! Statistics as pure functions; resampling draws from a generator that the caller seeds.

pub(crate) mod autocorrelation;
pub(crate) mod bootstrap;
#[cfg(test)]
mod calibration;
pub(crate) mod holm;
pub(crate) mod normal;
pub(crate) mod paired;
mod power;
pub mod quantile;
pub(crate) mod wilcoxon;
pub(crate) mod wilson;

use serde::{Deserialize, Serialize};

pub(crate) use power::{detectable, more_rounds};

/// The default confidence level.
pub(crate) const LEVEL: f64 = 0.95;

/// An estimate with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate.
    pub at: f64,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

impl Interval {
    /// Applies an increasing function to the estimate and to both bounds.
    #[must_use]
    pub(crate) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { at: f(self.at), low: f(self.low), high: f(self.high) }
    }

    /// The interval of `b − a`, given that of `a − b`.
    #[must_use]
    pub(crate) fn negated(self) -> Self {
        Self { at: -self.at, low: -self.high, high: -self.low }
    }

    /// Moves both bounds away from the estimate by the factor `by`.
    #[must_use]
    pub(crate) fn widened(self, by: f64) -> Self {
        Self { at: self.at, low: self.at - (self.at - self.low) * by, high: self.at + (self.high - self.at) * by }
    }

    /// Reports whether zero lies outside of the interval.
    #[must_use]
    pub(crate) fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }

    /// Reports whether the interval lies entirely within `±band`.
    #[must_use]
    pub(crate) fn within(&self, band: f64) -> bool {
        -band < self.low && self.high < band
    }
}

/// Converts a count for arithmetic.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
pub(crate) fn number(count: usize) -> f64 {
    count as f64
}

/// The arithmetic mean; `None` if there are no values.
#[must_use]
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / number(values.len()))
}
