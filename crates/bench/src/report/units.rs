//! Number formats of the reports.

pub(crate) use llmroute_core::model::format::{count, money};

use crate::stats::Interval;
use crate::stats::quantile::Quantile;

/// Stands for an unknown value.
pub(crate) const NONE: &str = "–";

/// Milliseconds and rates: about three digits, without a fraction from 100 on.
#[must_use]
pub(crate) fn plain(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Milliseconds without a fraction from ten on.
#[must_use]
pub(crate) fn whole(value: f64) -> String {
    if value.abs() >= 9.95 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// Milliseconds as seconds.
#[must_use]
pub(crate) fn seconds(ms: f64) -> String {
    let value = ms / 1e3;
    if value >= 99.95 {
        format!("{value:.0}")
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A quantile, or a dash.
#[must_use]
pub(crate) fn quantile(quantile: Quantile, unit: fn(f64) -> String) -> String {
    quantile.value().map_or_else(|| NONE.to_owned(), unit)
}

/// A share as a whole percentage; small shares keep one decimal.
#[must_use]
pub(crate) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value > 0.0 && value < 0.95 { format!("{value:.1}%") } else { format!("{value:.0}%") }
}

/// `5% 1–17`: a share and its interval.
#[must_use]
pub(crate) fn share(interval: &Interval) -> String {
    format!("{} {:.0}–{:.0}", percent(interval.at), interval.low * 100.0, interval.high * 100.0)
}

/// `×2.4`, or `×0.85` below one.
#[must_use]
pub(crate) fn factor(ratio: f64) -> String {
    format!("×{}", digits(ratio))
}

/// `0.71–1.01`.
#[must_use]
pub(crate) fn range(low: f64, high: f64, unit: fn(f64) -> String) -> String {
    let (low, high) = (unit(low), unit(high));
    if low.starts_with('-') || high.starts_with('-') { format!("{low} to {high}") } else { format!("{low}–{high}") }
}

/// A ratio: two decimals up to two, one above.
#[must_use]
pub(crate) fn digits(ratio: f64) -> String {
    if ratio < 1.995 {
        format!("{ratio:.2}")
    } else if ratio < 99.95 {
        format!("{ratio:.1}")
    } else {
        format!("{ratio:.0}")
    }
}

/// Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten, or all digits if the axis is short.
#[must_use]
pub(crate) fn ticks(low: f64, high: f64) -> Vec<f64> {
    let of = |steps: &[u32]| -> Vec<f64> {
        // Dividing below one keeps 0.3 exact.
        let power = |step: u32, power: i32| {
            let scale = 10_f64.powi(power.abs());
            if power < 0 { f64::from(step) / scale } else { f64::from(step) * scale }
        };
        let all = (-3..8).flat_map(|exponent| steps.iter().map(move |step| power(*step, exponent)));
        all.filter(|tick| *tick >= low && *tick <= high).collect()
    };
    let few = of(&[1, 2, 5]);
    if few.len() < 3 { of(&[1, 2, 3, 4, 5, 6, 7, 8, 9]) } else { few }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_digits() {
        for (value, want) in [(0.123, "0.12"), (9.999, "10.0"), (12.34, "12.3"), (99.96, "100"), (1234.5, "1234")] {
            assert_eq!(plain(value), want);
        }
        for (ms, want) in [(534.0, "0.53"), (2063.0, "2.06"), (12_345.0, "12.3"), (100_000.0, "100")] {
            assert_eq!(seconds(ms), want);
        }
    }

    #[test]
    fn a_small_share_does_not_look_like_zero() {
        assert_eq!((percent(0.0), percent(0.004), percent(0.05)), ("0%".into(), "0.4%".into(), "5%".into()));
    }

    #[test]
    fn a_range_below_zero_is_readable() {
        assert_eq!(range(-3.0, 5.0, whole), "-3.0 to 5.0");
        assert_eq!(range(95.2, 190.1, whole), "95–190");
    }
}
