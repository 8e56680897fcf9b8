//! The requests that wait for room under a limit, in order of arrival. It does not compute their wait (`provider_limit`).
//!
//! A request holds its place by a lease that it renews while it waits. It leaves the queue when it gives up;
//! one that is killed or stopped loses its place with the lease.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Demand, LimitExceeded};
use crate::model::Timestamp;

/// The time for which a place is held without a renewal.
pub const PLACE_LEASE: Duration = Duration::from_millis(2500);
/// A wait for which a request may give up. Requests look again before a shorter one is over.
const LONG_WAIT: Duration = Duration::from_secs(10);
/// An entry further ahead is from a clock that stepped back since.
const FAR: Duration = Duration::from_secs(60);

/// A request's place: it keeps it through all its waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The beginning of the request.
    pub since: Timestamp,
    /// Its id.
    pub id: u64,
}

/// A demand with the demands of the requests that wait before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    own: Demand,
    /// The number of requests before it.
    ahead: u64,
    /// The time at which it is certain that those before it still wait, if it is not certain yet.
    certain_at: Option<Timestamp>,
    now: Timestamp,
}

impl Turn {
    pub(super) fn new(own: Demand, ahead: u64, ticket: Ticket, now: Timestamp) -> Self {
        // A lease that is older than the request may belong to one that was killed.
        let certain_at = ticket.since.after(PLACE_LEASE);
        Self { own, ahead, certain_at: Some(certain_at).filter(|at| ahead > 0 && now < *at), now }
    }

    /// Checks that there is room for the demand and for those before it.
    ///
    /// # Errors
    /// With the time at which it is its turn. A long wait, for which a request may give up, is given only once it is
    /// certain that those before it still wait; until then, the time at which this is certain, or at which there is
    /// room for the demand alone.
    pub fn check(&self, mut check: impl FnMut(&Demand) -> Result<(), LimitExceeded>) -> Result<(), LimitExceeded> {
        let Err(exceeded) = check(&self.own.behind(self.ahead)) else { return Ok(()) };
        let (LimitExceeded::Until { at, .. } | LimitExceeded::Reported { at, .. }, Some(certain_at)) =
            (&exceeded, self.certain_at)
        else {
            return Err(exceeded);
        };
        if at.since(self.now) < LONG_WAIT {
            return Err(exceeded);
        }
        let alone = match check(&self.own) {
            Ok(()) => certain_at,
            Err(LimitExceeded::Until { at, .. } | LimitExceeded::Reported { at, .. }) => at.max(certain_at),
            Err(LimitExceeded::Never { .. } | LimitExceeded::Unpriced) => *at,
        };
        Err(exceeded.lasting(alone.min(*at)))
    }
}

/// The requests that wait. Written as a list of `[since, id, until]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct WaitQueue(Vec<(Timestamp, u64, Timestamp)>);

impl WaitQueue {
    /// Returns `true` if it is empty, including expired entries.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes or renews the place of a request.
    pub(super) fn join(&mut self, ticket: Ticket, now: Timestamp) {
        self.0.retain(|(_, id, until)| *id != ticket.id && is_alive(*until, now));
        self.0.push((ticket.since, ticket.id, now.after(PLACE_LEASE)));
    }

    /// Gives up the place of a request.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.0.retain(|(_, id, _)| *id != ticket.id);
    }

    /// Moves all times by `by` milliseconds.
    pub(super) fn shift(&mut self, by: i64) {
        for (since, _, until) in &mut self.0 {
            *since = since.shifted(by);
            *until = until.shifted(by);
        }
    }

    /// The number of earlier entries.
    pub(super) fn ahead(&self, ticket: Ticket, now: Timestamp) -> u64 {
        let before = |(since, id, until): &&(Timestamp, u64, Timestamp)| {
            (*since, *id) < (ticket.since, ticket.id) && is_alive(*until, now)
        };
        self.0.iter().filter(before).count() as u64
    }
}

fn is_alive(until: Timestamp, now: Timestamp) -> bool {
    now < until && until.since(now) <= FAR
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::limits::LimitUnit;

    fn ticket(since: i64, id: u64) -> Ticket {
        Ticket { since: Timestamp(since * 1000), id }
    }

    /// The number of entries ahead of one that began at `since`, in a queue of (`since`, `last renewed`), at 10 s.
    fn check(queue: &[(i64, i64)], since: i64, want: u64) {
        let now = Timestamp(10_000);
        let mut all = WaitQueue::default();
        for (id, (since, renewed)) in queue.iter().enumerate() {
            all.join(ticket(*since, id as u64), Timestamp(renewed * 1000));
        }
        assert_eq!(all.ahead(ticket(since, 99), now), want, "{all:?}");
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<WaitQueue>(&json).unwrap(), all);
    }

    #[test]
    fn earlier_requests_are_ahead() {
        check(&[(1, 9), (3, 9), (5, 9)], 4, 2);
    }

    #[test]
    fn of_the_same_moment_one_is_first() {
        check(&[(4, 9)], 4, 1);
    }

    #[test]
    fn a_place_that_is_not_renewed_expires() {
        check(&[(1, 8), (2, 7), (3, 6)], 4, 1);
    }

    #[test]
    fn an_entry_far_in_the_future_is_from_another_clock() {
        check(&[(1, 90)], 4, 0);
    }

    #[test]
    fn a_request_that_waits_again_is_in_the_queue_once() {
        let mut queue = WaitQueue::default();
        let (first, last) = (ticket(1, 1), ticket(2, 2));
        queue.join(first, Timestamp(10));
        queue.join(first, Timestamp(20));
        assert_eq!(queue.ahead(last, Timestamp(20)), 1);
        queue.leave(first);
        assert!(queue.is_empty());
    }

    /// The turn of a request that began at 10 s, behind one other, under a limit with room for one call at `room`
    /// and for two a minute later.
    fn turn(now: i64, room: i64) -> Result<(), i64> {
        let own =
            Demand { prompt: 0, output: 0, bounded: false, nanos: None, prompt_nanos: 0, calls: 1, tries_limit: false };
        let until = |second: i64| match now < second {
            true => Err(LimitExceeded::Until {
                at: Timestamp(second * 1000),
                limit: String::new(),
                counts: LimitUnit::Requests,
            }),
            false => Ok(()),
        };
        let turn = Turn::new(own, 1, ticket(10, 1), Timestamp(now * 1000));
        match turn.check(|demand| until(room + 60 * i64::from(demand.calls > 1))) {
            Ok(()) => Ok(()),
            Err(LimitExceeded::Until { at, .. }) => Err(at.0 / 1000),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_long_wait_is_certain_only_once_those_ahead_have_renewed_their_places() {
        assert_eq!(turn(10, 20), Err(20), "they may have been killed");
        assert_eq!(turn(10, 5), Err(12), "they may be about to call");
        assert_eq!(turn(13, 20), Err(80));
        assert_eq!(turn(13, 5), Err(65));
        assert_eq!(turn(70, 5), Ok(()));
    }
}
