//! Statistical power: the smallest difference that a run can detect, and the rounds it would take.

use super::{Interval, LEVEL, normal, number};

/// The probability of detecting a difference that exists.
const POWER: f64 = 0.8;

/// Standard error of a median log-ratio times √n, assumed before a measurement.
///
/// TTFT of hosted models is roughly lognormal with σ ≈ 0.31 (p90 is about 1.5 times the median). The log-ratio of two
/// such values has √2 times that spread, and the standard error of a median is √(π/2) times that of a mean.
pub(crate) const SPREAD: f64 = 0.55;

/// More rounds than this are not suggested: a difference that small does not matter.
const MOST: f64 = 10_000.0;

/// The smallest ratio of times that this many paired rounds detect with 80 % probability, at 95 %.
///
/// 1.28 for 40 rounds, 1.22 for 60, 1.12 for 200.
#[must_use]
pub(crate) fn detectable(rounds: u32) -> f64 {
    (reach() * SPREAD / f64::from(rounds.max(1)).sqrt()).exp()
}

/// Estimates how many more rounds would decide, given a log-ratio from `n` of them: either that it differs, or that
/// it lies within `band`. `None` if neither is realistic.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and MOST")]
pub(crate) fn more_rounds(log_ratio: &Interval, n: usize, band: f64) -> Option<u32> {
    let error = (log_ratio.high - log_ratio.low) / 2.0 / normal::z_score(LEVEL);
    let room = log_ratio.at.abs().max(band - log_ratio.at.abs());
    let all = number(n) * (reach() * error / room).powi(2);
    let more = (all - number(n)).max(1.0);
    (more <= MOST).then(|| round_up(more as u32))
}

fn reach() -> f64 {
    normal::z_score(LEVEL) + normal::upper_quantile(1.0 - POWER)
}

/// Rounds up to one significant digit and at least to tens, because it is an estimate.
fn round_up(rounds: u32) -> u32 {
    let step = 10_u32.pow(rounds.max(10).ilog10());
    rounds.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_rounds_detect_smaller_differences() {
        for (rounds, want) in [(40, 1.28), (60, 1.22), (200, 1.12)] {
            assert!((detectable(rounds) - want).abs() < 0.006, "{rounds}: {}", detectable(rounds));
        }
    }

    #[test]
    fn a_close_result_needs_about_as_many_rounds_again() {
        let close = Interval { at: 0.85, low: 0.71, high: 1.01 }.map(f64::ln);
        assert_eq!(more_rounds(&close, 40, 1.1_f64.ln()), Some(60));
    }

    #[test]
    fn near_the_edge_of_the_band_the_difference_shows_first() {
        let edge = Interval { at: 0.09, low: -0.02, high: 0.2 };
        assert_eq!(more_rounds(&edge, 40, 0.095), Some(90));
    }

    #[test]
    fn a_difference_that_never_shows_has_no_number_of_rounds() {
        assert_eq!(more_rounds(&Interval { at: 0.05, low: -3.0, high: 3.0 }, 40, 0.095), None);
    }
}
