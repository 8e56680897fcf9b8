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
pub struct Guard {
    strikes: u32,
    limited: u32,
    out: bool,
    paused_until: Duration,
}

/// What a failure means for the calls that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing.
    None,
    /// They wait so long.
    Pause(Duration),
    /// There are none.
    Out,
}

impl Guard {
    /// Whether it is asked no more.
    pub fn is_out(&self) -> bool {
        self.out
    }

    /// Until when it is not asked.
    pub fn paused_until(&self) -> Duration {
        self.paused_until
    }

    /// Learns how a call ended at `now`.
    pub fn observe(&mut self, failure: Option<&Failure>, now: Duration) -> Reaction {
        let Some(failure) = failure else {
            (self.strikes, self.limited) = (0, 0);
            return Reaction::None;
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
                Reaction::None
            }
        }
    }

    fn strike(&mut self) -> Reaction {
        self.strikes += 1;
        if self.strikes < STRIKES || self.out {
            return Reaction::None;
        }
        self.out = true;
        Reaction::Out
    }

    fn pause(&mut self, asked: Option<Duration>, now: Duration) -> Reaction {
        self.strikes = 0;
        // Calls that were in flight together are refused together: one pause for all.
        if now < self.paused_until && asked.is_none() {
            return Reaction::None;
        }
        let own = FIRST_PAUSE.saturating_mul(1 << self.limited.min(6)).min(LONGEST_PAUSE);
        self.limited += 1;
        let until = now + asked.unwrap_or(own).min(LONGEST_PAUSE);
        if until <= self.paused_until {
            return Reaction::None;
        }
        self.paused_until = until;
        Reaction::Pause(until - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn check(classes: &[Class], want: Reaction) {
        let mut guard = Guard::default();
        let mut last = Reaction::None;
        for class in classes {
            let now = guard.paused_until();
            last = guard.observe(Some(&Failure::new(*class, "x")), now);
        }
        assert_eq!(last, want, "{classes:?}");
        assert_eq!(guard.is_out(), want == Reaction::Out);
    }

    #[test]
    fn three_refusals_that_go_on_are_the_end() {
        check(&[Class::Authentication; 2], Reaction::None);
        check(&[Class::Authentication; 3], Reaction::Out);
        check(&[Class::Quota, Class::NotFound, Class::Permission], Reaction::Out);
    }

    #[test]
    fn what_may_pass_breaks_the_row() {
        check(&[Class::Quota, Class::Quota, Class::ServerError, Class::Quota], Reaction::None);
        check(&[Class::ServerError; 9], Reaction::None);
    }

    #[test]
    fn a_success_breaks_the_row() {
        let mut guard = Guard::default();
        let failure = Failure::new(Class::Quota, "x");
        for end in [Some(&failure), Some(&failure), None, Some(&failure)] {
            assert_eq!(guard.observe(end, S), Reaction::None);
        }
    }

    #[test]
    fn pauses_grow() {
        check(&[Class::RateLimit], Reaction::Pause(S));
        check(&[Class::RateLimit; 3], Reaction::Pause(4 * S));
        check(&[Class::RateLimit; 9], Reaction::Pause(60 * S));
    }

    #[test]
    fn the_server_says_how_long() {
        let mut guard = Guard::default();
        let failure = Failure { retry_after: Some(7 * S), ..Failure::new(Class::RateLimit, "x") };
        assert_eq!(guard.observe(Some(&failure), S), Reaction::Pause(7 * S));
        assert_eq!(guard.paused_until(), 8 * S);
        assert_eq!(guard.observe(Some(&failure), S), Reaction::None, "one pause for those in flight together");
        let long = Failure { retry_after: Some(3600 * S), ..failure };
        assert_eq!(guard.observe(Some(&long), 8 * S), Reaction::Pause(60 * S));
    }
}
