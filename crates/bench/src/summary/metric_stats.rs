//! Many values of one metric in a few figures; not which values.

use serde::{Deserialize, Serialize};

use crate::stats::quantile::{self, Quantile};
use crate::stats::{mean, number};

/// What is said of a sample of one metric, in its unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricStats {
    /// How many values.
    pub n: usize,
    /// The arithmetic mean.
    pub mean: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The median.
    pub p50: Quantile,
    /// Nine in ten are below.
    pub p90: Quantile,
    /// Nineteen in twenty are below.
    pub p95: Quantile,
    /// Ninety-nine in a hundred are below.
    pub p99: Quantile,
    /// What a box plot is drawn of.
    pub shape: BoxPlot,
    /// Values far beyond the others; they are in all figures.
    pub outliers: usize,
}

/// The shape of a sample: of any size, for the eye.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BoxPlot {
    /// One in ten is below.
    pub p10: f64,
    /// A quarter is below.
    pub p25: f64,
    /// Three quarters are below.
    pub p75: f64,
    /// Nine in ten are below.
    pub p90: f64,
}

impl MetricStats {
    /// The figures of values in any order; nothing of nothing.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let point = |q| quantile::point(&values, q);
        let mean = mean(&values)?;
        let shape = BoxPlot { p10: point(0.1), p25: point(0.25), p75: point(0.75), p90: point(0.9) };
        Some(Self {
            n: values.len(),
            mean,
            min: values[0],
            max: values[values.len() - 1],
            p50: quantile::estimate(&values, 0.5),
            p90: quantile::estimate(&values, 0.9),
            p95: quantile::estimate(&values, 0.95),
            p99: quantile::estimate(&values, 0.99),
            shape,
            outliers: values.iter().filter(|value| is_outlier(**value, &shape)).count(),
        })
    }

    /// The median.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.p50.value().expect("a sample that is not empty has a median")
    }

    /// How many values a quantile lacks, of the four by name.
    #[must_use]
    pub fn missing(&self) -> Vec<(&'static str, usize)> {
        [("p90", self.p90), ("p95", self.p95), ("p99", self.p99)]
            .into_iter()
            .filter_map(|(name, quantile)| match quantile {
                Quantile::Missing { missing } => Some((name, missing)),
                Quantile::Known { .. } => None,
            })
            .collect()
    }

    /// The share of values that are outliers.
    #[must_use]
    pub fn outlier_share(&self) -> f64 {
        number(self.outliers) / number(self.n)
    }
}

/// Tukey's outer fence, three quartile distances beyond the quartiles ("Exploratory data analysis", 1977),
/// of logarithms: latencies are skewed, and what is ten times as long is as far as what is a tenth.
fn is_outlier(value: f64, shape: &BoxPlot) -> bool {
    if shape.p25 <= 0.0 || value <= 0.0 {
        return false;
    }
    let reach = 3.0 * (shape.p75 / shape.p25).ln();
    (value / shape.p75).ln() > reach || (shape.p25 / value).ln() > reach
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_figures() {
        assert_eq!(MetricStats::of(Vec::new()), None);
    }

    #[test]
    fn an_outlier_is_counted_and_kept() {
        let mut values: Vec<f64> = (0..39).map(|i| 100.0 + f64::from(i)).collect();
        values.push(5000.0);
        let figures = MetricStats::of(values).unwrap();
        assert_eq!((figures.n, figures.outliers, figures.max), (40, 1, 5000.0));
        assert_eq!(figures.missing(), [("p95", 32), ("p99", 328)]);
    }
}
