//! The retry budget of a group, shared by all processes that use it.
//!
//! Without a budget every client of a broken provider multiplies its own load. The idea follows gRPC's
//! retry throttling (proposal A6). Forty failures at once exhaust a full budget: a dozen requests that
//! meet the same outage of a few seconds can all retry. Time refills it slowly, so that a process that
//! starts after an outage can retry, too.

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

const MAX: f64 = 10.0;
/// A repeat needs more than this.
const THRESHOLD: f64 = 5.0;
const COST_OF_FAILURE: f64 = 0.125;
const GAIN_OF_SUCCESS: f64 = 0.0125;
const REFILL_PER_SECOND: f64 = 0.1;

/// A token bucket that failures drain and successes and time refill.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RetryBudget {
    tokens: f64,
    at: Timestamp,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tokens: MAX, at: Timestamp::default() }
    }
}

impl RetryBudget {
    /// Returns `true` if a retry is left.
    #[must_use]
    pub fn allows_retry(&self, now: Timestamp) -> bool {
        self.level(now) > THRESHOLD
    }

    /// Counts the end of one attempt.
    pub(crate) fn observe(&mut self, success: bool, now: Timestamp) {
        let change = if success { GAIN_OF_SUCCESS } else { -COST_OF_FAILURE };
        self.tokens = (self.level(now) + change).clamp(0.0, MAX);
        self.at = if self.ran_ahead(now) { now } else { self.at.max(now) };
    }

    /// The tokens at `now`.
    #[must_use]
    pub fn level(&self, now: Timestamp) -> f64 {
        if self.ran_ahead(now) {
            return MAX;
        }
        (self.tokens + now.since(self.at).as_secs_f64() * REFILL_PER_SECOND).min(MAX)
    }

    /// Returns `true` if the clock was set back since, by more than the time to fill.
    fn ran_ahead(&self, now: Timestamp) -> bool {
        self.at.since(now).as_secs_f64() * REFILL_PER_SECOND > MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(events: &[(i64, bool)], at: i64, want: bool) {
        let mut budget = RetryBudget::default();
        for (second, success) in events {
            budget.observe(*success, Timestamp(second * 1000));
        }
        assert_eq!(budget.allows_retry(Timestamp(at * 1000)), want, "{events:?}, then at {at} s: {budget:?}");
    }

    #[test]
    fn a_fresh_budget_allows() {
        check(&[], 0, true);
    }

    #[test]
    fn forty_failures_at_once_exhaust_it() {
        check(&[(1, false); 39], 1, true);
        check(&[(1, false); 40], 1, false);
    }

    #[test]
    fn a_success_is_worth_a_tenth_of_a_failure() {
        check(&[[(1, false); 40].as_slice(), &[(1, true); 1]].concat(), 1, true);
        check(&[[(1, false); 41].as_slice(), &[(1, true); 9]].concat(), 1, false);
        check(&[[(1, false); 41].as_slice(), &[(1, true); 11]].concat(), 1, true);
    }

    #[test]
    fn time_refills_eight_failures_in_ten_seconds() {
        check(&[(1, false); 48], 10, false);
        check(&[(1, false); 48], 12, true);
    }

    #[test]
    fn a_clock_that_stepped_back_by_much_does_not_starve_it() {
        check(&[(100_000, false); 48], 1, true);
        check(&[[(100_000, false); 48].as_slice(), &[(1, false); 48]].concat(), 1, false);
        check(&[[(100_000, false); 48].as_slice(), &[(1, false); 48]].concat(), 12, true);
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing() {
        check(&[(100, false); 48], 1, false);
    }
}
