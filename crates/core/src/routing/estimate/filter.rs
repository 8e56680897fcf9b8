//! A scalar Kalman filter over the logarithm of a quantity: its mean, its uncertainty, its age.
//!
//! Logarithms, because latencies and lengths spread by factors; uncertainty that grows with time,
//! because a stale measurement is neither the truth nor nothing. The gains follow peak-EWMA of
//! linkerd and finagle in that slow is believed sooner than fast.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// The variance of what was never measured, and the most that age can make of it.
pub const VARIANCE_MAX: f64 = 0.30;
/// However often it is measured, it is never known better than this.
const VARIANCE_MIN: f64 = 0.005;
/// The least weight of a new sample: a long history never freezes the mean.
const GAIN_MIN: f64 = 0.10;
/// The least weight of a sample above the mean where peaks count.
const GAIN_PEAK: f64 = 0.5;
/// Larger logarithms (a microsecond, eleven days) are measurement errors.
const LN_MAX: f64 = 14.0;
/// Ages beyond this add nothing, and keep the arithmetic small.
const AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// The behaviour of a quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Variance that a second adds.
    pub drift: f64,
    /// Variance of one measurement around the truth.
    pub noise: f64,
    /// A sample above the mean counts at least half.
    pub peak: bool,
}

impl Prior {
    /// Time to the first token: drifts by ±12 % in ten minutes.
    pub const TTFT: Self = Self { drift: 0.12 * 0.12 / 600.0, noise: 0.45 * 0.45, peak: true };
    /// Seconds for each generated token.
    pub const SECONDS_PER_TOKEN: Self = Self { drift: 0.12 * 0.12 / 600.0, noise: 0.35 * 0.35, peak: true };
    /// Tokens counted by the model for each one estimated: a matter of its tokenizer, hardly drifts.
    pub(crate) const SIZE: Self = Self { drift: 0.02 * 0.02 / 86_400.0, noise: 0.2 * 0.2, peak: false };
}

/// The estimate of a quantity at a time: its logarithm is normal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean of the logarithm.
    pub ln: f64,
    /// The variance of that mean (not of one measurement).
    pub variance: f64,
    /// `true` if it was measured; otherwise it is the prior.
    pub measured: bool,
}

impl Estimate {
    /// The prior of a quantity that was never measured: `value`, with the full uncertainty.
    #[must_use]
    pub(crate) fn unmeasured(value: f64) -> Self {
        Self { ln: ln(value).unwrap_or(0.0), variance: VARIANCE_MAX, measured: false }
    }

    /// The quantity that is as likely exceeded as not.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.ln.exp()
    }

    /// The mean of the quantity, given the spread of single measurements in `law`.
    #[must_use]
    pub(crate) fn expected(&self, prior: &Prior) -> f64 {
        (self.ln + f64::midpoint(self.variance, prior.noise)).exp()
    }

    /// The standard deviation of the logarithm: 0.1 is about ±10 %.
    #[must_use]
    pub(crate) fn sigma(&self) -> f64 {
        self.variance.sqrt()
    }

    /// The value that the next measurement exceeds as often as a normal variable exceeds `sigmas`,
    /// given the spread of single measurements in `law`.
    #[must_use]
    pub(crate) fn next(&self, prior: &Prior, sigmas: f64) -> f64 {
        (self.ln + sigmas * (self.variance + prior.noise).sqrt()).exp()
    }

    /// The quantity `sigmas` standard deviations away from the median.
    #[must_use]
    pub fn at(&self, sigmas: f64) -> f64 {
        (self.ln + sigmas * self.sigma()).exp()
    }
}

/// The filter of one quantity. Written as `[mean, variance, time]`, or `null`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Option<(f64, f64, Timestamp)>", into = "Option<(f64, f64, Timestamp)>")]
pub struct Filter(Option<Known>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Known {
    ln: f64,
    variance: f64,
    at: Timestamp,
}

impl Filter {
    /// Returns `true` if nothing was ever measured.
    #[must_use]
    pub(crate) fn is_blank(&self) -> bool {
        self.0.is_none()
    }

    /// The age of the last measurement.
    #[must_use]
    pub(crate) fn age(&self, now: Timestamp) -> Option<Duration> {
        self.0.map(|known| now.since(known.at))
    }

    /// The estimate at `now`.
    #[must_use]
    pub(crate) fn read(&self, prior: &Prior, now: Timestamp) -> Option<Estimate> {
        let known = self.0?;
        let age = now.since(known.at).min(AGE_MAX).as_secs_f64();
        Some(Estimate {
            ln: known.ln,
            variance: (known.variance + prior.drift * age).min(VARIANCE_MAX),
            measured: true,
        })
    }

    /// Adds one measurement; the first one is weighed against `start`. Anything but a positive finite
    /// number teaches nothing.
    pub(crate) fn learn(&mut self, value: f64, prior: &Prior, start: Estimate, now: Timestamp) {
        let Some(sample) = ln(value) else { return };
        let Estimate { ln, variance, .. } = self.read(prior, now).unwrap_or(start);
        let mut gain = (variance / (variance + prior.noise)).max(GAIN_MIN);
        if prior.peak && sample > ln {
            gain = gain.max(GAIN_PEAK);
        }
        // The time is the clock's even when it stepped back: else the age would stand still until it
        // caught up.
        *self = Some((ln + gain * (sample - ln), (1.0 - gain) * variance, now)).into();
    }
}

impl From<Option<(f64, f64, Timestamp)>> for Filter {
    fn from(parts: Option<(f64, f64, Timestamp)>) -> Self {
        let finite = parts.filter(|(ln, variance, _)| ln.is_finite() && variance.is_finite());
        Self(finite.map(|(ln, variance, at)| Known {
            ln: kept(ln.clamp(-LN_MAX, LN_MAX)),
            variance: kept(variance.clamp(VARIANCE_MIN, VARIANCE_MAX)),
            at,
        }))
    }
}

impl From<Filter> for Option<(f64, f64, Timestamp)> {
    fn from(filter: Filter) -> Self {
        filter.0.map(|known| (known.ln, known.variance, known.at))
    }
}

/// Five decimals are more than is ever known, and short to write.
fn kept(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

fn ln(value: f64) -> Option<f64> {
    (value.is_finite() && value > 0.0).then(|| value.ln().clamp(-LN_MAX, LN_MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Adds `samples` (`second`, value) of the first token, and returns median and sigma at `at`.
    fn check(samples: &[(i64, f64)], at: i64, median: f64, sigma: f64) {
        let mut filter = Filter::default();
        for (second, value) in samples {
            filter.learn(*value, &Prior::TTFT, Estimate::unmeasured(0.8), Timestamp(second * 1000));
        }
        let estimate = filter.read(&Prior::TTFT, Timestamp(at * 1000)).unwrap_or(Estimate::unmeasured(0.8));
        let near = |got: f64, want: f64| (got / want - 1.0).abs() < 0.02;
        assert!(near(estimate.median(), median), "median {} is not {median}", estimate.median());
        assert!(near(estimate.sigma(), sigma), "sigma {} is not {sigma}", estimate.sigma());
    }

    #[test]
    fn the_unknown_is_wide() {
        check(&[], 0, 0.8, 0.5477);
    }

    #[test]
    fn the_first_sample_counts_for_more_than_half() {
        check(&[(0, 0.4)], 0, 0.53, 0.348);
    }

    #[test]
    fn age_widens_and_does_not_move() {
        check(&[(0, 0.4)], 3600, 0.53, 0.455);
        check(&[(0, 0.4)], 1_000_000, 0.53, 0.5477);
    }

    #[test]
    fn slow_is_believed_sooner_than_fast() {
        let steady: Vec<(i64, f64)> = (0..50).map(|second| (second, 1.0)).collect();
        check(&[steady.as_slice(), &[(50, 16.0)]].concat(), 50, 4.0, 0.0707);
        check(&[steady.as_slice(), &[(50, 1.0 / 16.0)]].concat(), 50, 0.757, 0.0707);
    }

    #[test]
    fn a_clock_that_steps_back_is_young_again() {
        check(&[(10_000, 0.4), (0, 0.4)], 0, 0.476, 0.275);
    }

    #[test]
    fn what_is_no_measurement_teaches_nothing() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut filter = Filter::default();
            filter.learn(value, &Prior::TTFT, Estimate::unmeasured(1.0), Timestamp(0));
            assert!(filter.is_blank(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn hostile_samples_and_clocks_leave_it_finite_and_readable(
            samples in prop::collection::vec((any::<f64>(), any::<i64>()), 0..40), at: i64
        ) {
            let mut filter = Filter::default();
            for (value, now) in samples {
                filter.learn(value, &Prior::TTFT, Estimate::unmeasured(value), Timestamp(now));
            }
            let before = filter;
            if let Some(estimate) = filter.read(&Prior::TTFT, Timestamp(at)) {
                prop_assert!(estimate.ln.abs() <= LN_MAX && estimate.median() > 0.0 && estimate.expected(&Prior::TTFT).is_finite());
                prop_assert!((VARIANCE_MIN..=VARIANCE_MAX).contains(&estimate.variance));
            }
            prop_assert_eq!(before, filter);
            let json = serde_json::to_string(&filter).unwrap();
            prop_assert_eq!(serde_json::from_str::<Filter>(&json).unwrap(), filter);
        }

        #[test]
        fn hostile_state_is_tamed(ln: f64, variance: f64, at: i64) {
            let json = serde_json::to_string(&(ln, variance, at)).unwrap();
            if let Ok(filter) = serde_json::from_str::<Filter>(&json) {
                let estimate = filter.read(&Prior::TTFT, Timestamp(0));
                prop_assert!(estimate.is_none_or(|estimate| estimate.ln.abs() <= LN_MAX && estimate.variance <= VARIANCE_MAX));
            }
        }
    }
}
