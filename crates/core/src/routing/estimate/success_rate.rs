//! The success rate of a deployment, with decaying counts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// Half-life of the counts: long enough for calls that are minutes apart.
const HALF_LIFE: Duration = Duration::from_secs(600);
/// The prior, in calls: two, of which one in fifty failed.
const PRIOR: (f64, f64) = (1.96, 0.04);
const COUNT_MAX: f64 = 1e6;

/// Decayed counts of successes and failures, with a prior: the mean of a Beta distribution. Written
/// as `[good, bad, time]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "(f64, f64, Timestamp)", into = "(f64, f64, Timestamp)")]
pub struct SuccessRate {
    good: f64,
    bad: f64,
    at: Timestamp,
}

impl SuccessRate {
    /// Returns `true` if nothing was ever counted.
    #[must_use]
    pub(crate) fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// Counts one call.
    pub(crate) fn learn(&mut self, success: bool, now: Timestamp) {
        let (good, bad) = self.faded(now);
        let (plus, minus) = if success { (1.0, 0.0) } else { (0.0, 1.0) };
        *self = (good + plus, bad + minus, now).into();
    }

    /// The probability that the next call is answered.
    #[must_use]
    pub(crate) fn success(&self, now: Timestamp) -> f64 {
        let (good, bad) = self.faded(now);
        (good + PRIOR.0) / (good + bad + PRIOR.0 + PRIOR.1)
    }

    fn faded(&self, now: Timestamp) -> (f64, f64) {
        let factor = 0.5_f64.powf(now.since(self.at).as_secs_f64() / HALF_LIFE.as_secs_f64());
        (self.good * factor, self.bad * factor)
    }
}

impl From<(f64, f64, Timestamp)> for SuccessRate {
    fn from((good, bad, at): (f64, f64, Timestamp)) -> Self {
        // Five decimals are more than counts need, and short to write.
        let kept = |count: f64| {
            if count.is_finite() { (count.clamp(0.0, COUNT_MAX) * 1e5).round() / 1e5 } else { 0.0 }
        };
        Self { good: kept(good), bad: kept(bad), at }
    }
}

impl From<SuccessRate> for (f64, f64, Timestamp) {
    fn from(record: SuccessRate) -> Self {
        (record.good, record.bad, record.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(calls: &[(i64, bool)], at: i64, want: f64) {
        let mut record = SuccessRate::default();
        calls.iter().for_each(|(second, success)| record.learn(*success, Timestamp(second * 1000)));
        let got = record.success(Timestamp(at * 1000));
        assert!((got - want).abs() < 0.005, "{got} is not {want}");
    }

    #[test]
    fn the_unknown_is_taken_to_answer() {
        check(&[], 0, 0.98);
    }

    #[test]
    fn failures_count_and_fade() {
        check(&[(0, false)], 0, 0.653);
        check(&[(0, false)], 600, 0.784);
        check(&[(0, false)], 1_000_000, 0.98);
    }

    #[test]
    fn many_calls_outweigh_the_prior() {
        check(&[[(0, true); 20].as_slice(), &[(0, false); 20]].concat(), 0, 0.523);
    }

    #[test]
    fn a_clock_that_steps_back_keeps_it_a_probability() {
        check(&[(1_000_000, false), (0, true)], 0, 0.74);
    }
}
