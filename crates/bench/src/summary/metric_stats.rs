//! Statistics of one metric.

use serde::{Deserialize, Serialize};

use crate::stats::mean;
use crate::stats::quantile::{self, Quantile};

/// The statistics of one metric, in its unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricStats {
    /// The number of values.
    pub n: usize,
    /// The arithmetic mean.
    pub mean: f64,
    /// The minimum.
    pub min: f64,
    /// The maximum.
    pub max: f64,
    /// The median.
    pub p50: Quantile,
    /// The 90th percentile.
    pub p90: Quantile,
    /// The 95th percentile.
    pub p95: Quantile,
    /// The 99th percentile.
    pub p99: Quantile,
    /// The data of a box plot.
    pub shape: BoxPlot,
    /// The number of outliers, which are included in all statistics.
    pub outliers: usize,
}

/// The data of a box plot, for a sample of any size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BoxPlot {
    /// The 10th percentile.
    pub p10: f64,
    /// The lower quartile.
    pub p25: f64,
    /// The upper quartile.
    pub p75: f64,
    /// The 90th percentile.
    pub p90: f64,
}

impl MetricStats {
    /// The statistics of values in any order; `None` if there are none.
    #[must_use]
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
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
    pub(crate) fn median(&self) -> f64 {
        self.p50.value().expect("a sample that is not empty has a median")
    }
}

/// Tukey's outer fence, three interquartile ranges beyond the quartiles ("Exploratory data analysis", 1977), on a
/// logarithmic scale, because latencies are skewed.
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
    fn no_values_have_no_statistics() {
        assert_eq!(MetricStats::of(Vec::new()), None);
    }

    #[test]
    fn an_outlier_is_counted_and_included() {
        let mut values: Vec<f64> = (0..39).map(|i| 100.0 + f64::from(i)).collect();
        values.push(5000.0);
        let figures = MetricStats::of(values).unwrap();
        assert_eq!((figures.n, figures.outliers, figures.max), (40, 1, 5000.0));
        assert_eq!([figures.p95, figures.p99], [32, 328].map(|missing| Quantile::Missing { missing }));
    }
}
