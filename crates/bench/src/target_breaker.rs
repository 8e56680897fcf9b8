//! When a target is asked no more, or not for a while: pure.

use std::time::Duration;

use llmroute_core::model::{Class, Failure};

/// So many refusals in a row that no waiting cures, and the target is out.
const STRIKES: u32 = 3;
/// A pause where the server names none: doubled by every further refusal, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What is held against a target.
#[derive(Debug, Clone, Copy, Default)]
pub struct TargetBreaker {
    strikes: u32,
    limited: u32,
    stopped: bool,
    paused_until: Duration,
}

/// What a failure means for the calls that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerReaction {
    /// Nothing.
    None,
    /// They wait so long.
    Pause(Duration),
    /// There are none.
    Stop,
}

impl TargetBreaker {
    /// Whether it is asked no more.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Until when it is not asked.
    pub fn paused_until(&self) -> Duration {
        self.paused_until
    }

    /// Learns how a call ended at `now`.
    pub fn observe(&mut self, failure: Option<&Failure>, now: Duration) -> BreakerReaction {
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
        // Calls that were in flight together are refused together: one pause for all.
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
        let mut guard = TargetBreaker::default();
        let mut last = BreakerReaction::None;
        for class in classes {
            let now = guard.paused_until();
            last = guard.observe(Some(&Failure::new(*class, "x")), now);
        }
        assert_eq!(last, want, "{classes:?}");
        assert_eq!(guard.is_stopped(), want == BreakerReaction::Stop);
    }

    #[test]
    fn three_refusals_that_go_on_are_the_end() {
        check(&[Class::Authentication; 2], BreakerReaction::None);
        check(&[Class::Authentication; 3], BreakerReaction::Stop);
        check(&[Class::Quota, Class::NotFound, Class::Permission], BreakerReaction::Stop);
    }

    #[test]
    fn what_may_pass_breaks_the_row() {
        check(&[Class::Quota, Class::Quota, Class::ServerError, Class::Quota], BreakerReaction::None);
        check(&[Class::ServerError; 9], BreakerReaction::None);
    }

    #[test]
    fn a_success_breaks_the_row() {
        let mut guard = TargetBreaker::default();
        let failure = Failure::new(Class::Quota, "x");
        for end in [Some(&failure), Some(&failure), None, Some(&failure)] {
            assert_eq!(guard.observe(end, S), BreakerReaction::None);
        }
    }

    #[test]
    fn pauses_grow() {
        check(&[Class::RateLimit], BreakerReaction::Pause(S));
        check(&[Class::RateLimit; 3], BreakerReaction::Pause(4 * S));
        check(&[Class::RateLimit; 9], BreakerReaction::Pause(60 * S));
    }

    #[test]
    fn the_server_says_how_long() {
        let mut guard = TargetBreaker::default();
        let failure = Failure { retry_after: Some(7 * S), ..Failure::new(Class::RateLimit, "x") };
        assert_eq!(guard.observe(Some(&failure), S), BreakerReaction::Pause(7 * S));
        assert_eq!(guard.paused_until(), 8 * S);
        assert_eq!(guard.observe(Some(&failure), S), BreakerReaction::None, "one pause for those in flight together");
        let long = Failure { retry_after: Some(3600 * S), ..failure };
        assert_eq!(guard.observe(Some(&long), 8 * S), BreakerReaction::Pause(60 * S));
    }
}
