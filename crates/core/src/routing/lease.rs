//! The calls in flight to a deployment, counted across processes. A lease, not a count: what a
//! killed process held expires.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// No attempt lasts longer; a lease further ahead is from a clock that stepped back since.
const MAX: Duration = Duration::from_secs(24 * 3600);

/// The calls under way. Written as a list of `[id, until]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Leases(Vec<(u64, Timestamp)>);

impl Leases {
    /// Returns `true` if there are none, including expired ones.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a call that ends at `until` at the latest.
    pub fn take(&mut self, id: u64, until: Timestamp, now: Timestamp) {
        self.0.retain(|lease| lease.0 != id && holds(lease.1, now));
        self.0.push((id, until.min(now.after(MAX))));
    }

    /// A call is over.
    pub fn release(&mut self, id: u64, now: Timestamp) {
        self.0.retain(|lease| lease.0 != id && holds(lease.1, now));
    }

    /// The number of calls in flight at `now`.
    #[must_use]
    pub(crate) fn in_flight(&self, now: Timestamp) -> u32 {
        u32::try_from(self.0.iter().filter(|(_, until)| holds(*until, now)).count()).unwrap_or(u32::MAX)
    }
}

fn holds(until: Timestamp, now: Timestamp) -> bool {
    now < until && until.since(now) <= MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: impl FnOnce(&mut Leases), at: i64, want: u32) {
        let mut leases = Leases::default();
        script(&mut leases);
        assert_eq!(leases.in_flight(Timestamp(at)), want, "{leases:?}");
    }

    fn take(leases: &mut Leases, id: u64) {
        leases.take(id, Timestamp(1000), Timestamp(0));
    }

    #[test]
    fn a_call_counts_until_it_is_over() {
        check(|leases| take(leases, 1), 0, 1);
        check(|leases| [1, 2].into_iter().for_each(|id| take(leases, id)), 999, 2);
        check(|leases| [1, 2].into_iter().for_each(|id| take(leases, id)), 1000, 0);
    }

    #[test]
    fn releasing_ends_its_own_call_only() {
        let script = |leases: &mut Leases| {
            [1, 2].into_iter().for_each(|id| take(leases, id));
            leases.release(1, Timestamp(1));
            leases.release(1, Timestamp(1));
        };
        check(script, 1, 1);
    }

    #[test]
    fn what_expired_is_swept() {
        let script = |leases: &mut Leases| {
            take(leases, 1);
            leases.release(7, Timestamp(1000));
            assert!(leases.is_empty());
        };
        check(script, 0, 0);
    }

    #[test]
    fn a_lease_from_a_clock_that_ran_ahead_is_none() {
        check(|leases| leases.take(1, Timestamp(i64::MAX), Timestamp(i64::MAX - 5)), 0, 0);
    }
}
