//! The statistics of a run: numbers in, numbers out. What the numbers mean is the summary's concern.
//!
//! Everything here is a pure function; resampling draws from a generator that the caller seeds.

pub mod autocorrelation;
pub mod bootstrap;
#[cfg(test)]
mod calibration;
pub mod holm;
pub mod normal;
pub mod paired;
mod power;
pub mod quantile;
pub mod wilcoxon;
pub mod wilson;

use serde::{Deserialize, Serialize};

pub use power::{SPREAD, detectable, more_rounds};

/// How sure an interval is, unless said otherwise.
pub const LEVEL: f64 = 0.95;

/// An estimate with the interval that holds the truth in [`LEVEL`] of all runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate.
    pub at: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// All three through a function that grows.
    #[must_use]
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { at: f(self.at), low: f(self.low), high: f(self.high) }
    }

    /// The same seen from the other side: of `b − a` where this is of `a − b`.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { at: -self.at, low: -self.high, high: -self.low }
    }

    /// Ends so many times as far from the estimate.
    #[must_use]
    pub fn widened(self, by: f64) -> Self {
        Self { at: self.at, low: self.at - (self.at - self.low) * by, high: self.at + (self.high - self.at) * by }
    }

    /// Whether zero lies outside.
    #[must_use]
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }

    /// Whether it lies wholly within `±band` of zero.
    #[must_use]
    pub fn within(&self, band: f64) -> bool {
        -band < self.low && self.high < band
    }
}

/// A count as a number to calculate with.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
pub fn number(count: usize) -> f64 {
    count as f64
}

/// The arithmetic mean; nothing of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / number(values.len()))
}
