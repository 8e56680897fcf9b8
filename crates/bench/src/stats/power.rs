//! What a run of so many rounds can see, and how many it would take; estimates for people, no tests.

use super::{Interval, LEVEL, normal, number};

/// The chance of seeing a difference that is there.
const POWER: f64 = 0.8;

/// Standard error of a median log-ratio times √n, before anything is measured.
///
/// Times to first token of hosted models spread like a lognormal of σ ≈ 0.31 (p90 is half as much again as
/// the median); the log-ratio of two has √2 times that, and a median is √(π/2) times less sure than a mean.
pub const SPREAD: f64 = 0.55;

/// More rounds than this are not advised: what they could show does not matter.
const MOST: f64 = 10_000.0;

/// The smallest ratio of times that so many paired rounds show in four runs of five, at 95 %.
///
/// 1.28 for 40 rounds, 1.22 for 60, 1.12 for 200.
#[must_use]
pub fn detectable(rounds: u32) -> f64 {
    (reach() * SPREAD / f64::from(rounds.max(1)).sqrt()).exp()
}

/// How many more rounds would probably decide, given a log-ratio from `n` of them: that it differs, or that it
/// lies within `band`, whichever comes first. Nothing when neither is near.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and MOST")]
pub fn more_rounds(log_ratio: &Interval, n: usize, band: f64) -> Option<u32> {
    let error = (log_ratio.high - log_ratio.low) / 2.0 / normal::z_score(LEVEL);
    let room = log_ratio.at.abs().max(band - log_ratio.at.abs());
    let all = number(n) * (reach() * error / room).powi(2);
    let more = (all - number(n)).max(1.0);
    (more <= MOST).then(|| round_up(more as u32))
}

fn reach() -> f64 {
    normal::z_score(LEVEL) + normal::upper_quantile(1.0 - POWER)
}

/// To one digit, upwards, by tens at least: it is an estimate.
fn round_up(rounds: u32) -> u32 {
    let step = 10_u32.pow(rounds.max(10).ilog10());
    rounds.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_rounds_see_smaller_differences() {
        for (rounds, want) in [(40, 1.28), (60, 1.22), (200, 1.12)] {
            assert!((detectable(rounds) - want).abs() < 0.006, "{rounds}: {}", detectable(rounds));
        }
    }

    #[test]
    fn a_close_call_needs_about_as_many_again() {
        let close = Interval { at: 0.85, low: 0.71, high: 1.01 }.map(f64::ln);
        assert_eq!(more_rounds(&close, 40, 1.1_f64.ln()), Some(60));
    }

    #[test]
    fn near_the_edge_of_the_band_it_is_the_difference_that_shows_first() {
        let edge = Interval { at: 0.09, low: -0.02, high: 0.2 };
        assert_eq!(more_rounds(&edge, 40, 0.095), Some(90));
    }

    #[test]
    fn what_will_never_show_has_no_number() {
        assert_eq!(more_rounds(&Interval { at: 0.05, low: -3.0, high: 3.0 }, 40, 0.095), None);
    }
}
