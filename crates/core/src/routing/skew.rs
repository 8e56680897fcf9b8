//! Times from clocks that do not agree: other processes, other machines, a clock that was set back.

use std::time::Duration;

use crate::model::Timestamp;

/// Clocks of processes and machines differ by less than this; what lies further ahead was written
/// before the clock was set back.
const TOLERANCE: Duration = Duration::from_secs(60);

/// The time since `at`; `None` if `at` is so far in the future that a clock was set back.
#[must_use]
pub(crate) fn age(now: Timestamp, at: Timestamp) -> Option<Duration> {
    (at.since(now) <= TOLERANCE).then(|| now.since(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(now: i64, at: i64, want: Option<u64>) {
        assert_eq!(age(Timestamp(now), Timestamp(at)), want.map(Duration::from_millis));
    }

    #[test]
    fn the_past_has_an_age() {
        check(5000, 2000, Some(3000));
    }

    #[test]
    fn a_little_ahead_is_now() {
        check(5000, 5001, Some(0));
        check(0, 60_000, Some(0));
    }

    #[test]
    fn far_ahead_is_another_reckoning() {
        check(0, 60_001, None);
    }
}
