//! Decides when a target is paused or not called any more.

use std::time::Duration;

use llmroute_core::model::{Class, Failure};

/// The number of permanent failures in a row that stop a target.
const STRIKES: u32 = 3;
/// The first pause where the server names none; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The recent failures of a target.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TargetBreaker {
    strikes: u32,
    limited: u32,
    stopped: bool,
    paused_until: Duration,
}

/// The reaction to the end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BreakerReaction {
    /// Go on.
    None,
    /// Pause the target for this long.
    Pause(Duration),
    /// Do not call the target any more.
    Stop,
}

impl TargetBreaker {
    /// Returns true if the target is not called any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Returns the end of the pause.
    pub(crate) fn paused_until(&self) -> Duration {
        self.paused_until
    }

    /// Takes the end of a call at `now`.
    pub(crate) fn observe(&mut self, failure: Option<&Failure>, now: Duration) -> BreakerReaction {
        let Some(failure) = failure else {
            (self.strikes, self.limited) = (0, 0);
            return BreakerReaction::None;
        };
        match failure.class {
            Class::Authentication | Class::Permission | Class::NotFound | Class::Quota => self.strike(),
            Class::RateLimit => self.pause(failure.retry_after, now),
            Class::BadRequest
            | Class::Unsupported
            | Class::ContextWindow
            | Class::ContentPolicy
            | Class::Overloaded
            | Class::ServerError
            | Class::Timeout(_)
            | Class::Connection(_)
            | Class::Malformed
            | Class::Truncated
            | Class::InvalidOutput(_)
            | Class::Budget => {
                self.strikes = 0;
                BreakerReaction::None
            }
        }
    }

    fn strike(&mut self) -> BreakerReaction {
        self.strikes += 1;
        if self.strikes < STRIKES || self.stopped {
            return BreakerReaction::None;
        }
        self.stopped = true;
        BreakerReaction::Stop
    }

    fn pause(&mut self, asked: Option<Duration>, now: Duration) -> BreakerReaction {
        self.strikes = 0;
        // Calls that were in flight together are refused together; they cause one pause.
        if now < self.paused_until && asked.is_none() {
            return BreakerReaction::None;
        }
        let own = FIRST_PAUSE.saturating_mul(1 << self.limited.min(6)).min(LONGEST_PAUSE);
        self.limited += 1;
        let until = now + asked.unwrap_or(own).min(LONGEST_PAUSE);
        if until <= self.paused_until {
            return BreakerReaction::None;
        }
        self.paused_until = until;
        BreakerReaction::Pause(until - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn check(classes: &[Class], want: BreakerReaction) {
        let mut breaker = TargetBreaker::default();
        let mut last = BreakerReaction::None;
        for class in classes {
            let now = breaker.paused_until();
            last = breaker.observe(Some(&Failure::new(*class, "x")), now);
        }
        assert_eq!(last, want, "{classes:?}");
        assert_eq!(breaker.is_stopped(), want == BreakerReaction::Stop);
    }

    #[test]
    fn three_permanent_failures_in_a_row_stop_the_target() {
        check(&[Class::Authentication; 2], BreakerReaction::None);
        check(&[Class::Authentication; 3], BreakerReaction::Stop);
        check(&[Class::Quota, Class::NotFound, Class::Permission], BreakerReaction::Stop);
    }

    #[test]
    fn a_temporary_failure_resets_the_count() {
        check(&[Class::Quota, Class::Quota, Class::ServerError, Class::Quota], BreakerReaction::None);
        check(&[Class::ServerError; 9], BreakerReaction::None);
    }

    #[test]
    fn a_success_resets_the_count() {
        let mut breaker = TargetBreaker::default();
        let failure = Failure::new(Class::Quota, "x");
        for end in [Some(&failure), Some(&failure), None, Some(&failure)] {
            assert_eq!(breaker.observe(end, S), BreakerReaction::None);
        }
    }

    #[test]
    fn pauses_grow() {
        check(&[Class::RateLimit], BreakerReaction::Pause(S));
        check(&[Class::RateLimit; 3], BreakerReaction::Pause(4 * S));
        check(&[Class::RateLimit; 9], BreakerReaction::Pause(60 * S));
    }

    #[test]
    fn the_server_names_the_pause() {
        let mut breaker = TargetBreaker::default();
        let failure = Failure { retry_after: Some(7 * S), ..Failure::new(Class::RateLimit, "x") };
        assert_eq!(breaker.observe(Some(&failure), S), BreakerReaction::Pause(7 * S));
        assert_eq!(breaker.paused_until(), 8 * S);
        assert_eq!(
            breaker.observe(Some(&failure), S),
            BreakerReaction::None,
            "calls in flight together cause one pause"
        );
        let long = Failure { retry_after: Some(3600 * S), ..failure };
        assert_eq!(breaker.observe(Some(&long), 8 * S), BreakerReaction::Pause(60 * S));
    }
}
