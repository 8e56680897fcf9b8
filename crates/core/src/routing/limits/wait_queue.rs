//! The requests that wait for room under a limit, in order of arrival. It does not compute their wait (`provider_limit`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// The grace period of a waiting call after its time.
const GRACE: Duration = Duration::from_secs(2);
/// An entry further ahead is from a clock that stepped back since.
const FAR: Duration = Duration::from_secs(3600);

/// A request's place: it keeps it through all its waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// When the request began.
    pub since: Timestamp,
    /// Its id.
    pub id: u64,
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

    /// A request waits until `at`. A killed process leaks its place no longer than that.
    pub(super) fn join(&mut self, ticket: Ticket, at: Timestamp, now: Timestamp) {
        self.0.retain(|(_, id, until)| *id != ticket.id && is_alive(*until, now));
        self.0.push((ticket.since, ticket.id, at.after(GRACE)));
    }

    /// A request does not wait any more.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.0.retain(|(_, id, _)| *id != ticket.id);
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

    /// The number of entries ahead of one that began at `since`, in a queue of (`since`, `waits until`), at 10 s.
    fn check(queue: &[(i64, i64)], since: i64, want: u64) {
        let now = Timestamp(10_000);
        let mut all = WaitQueue::default();
        for (id, (since, at)) in queue.iter().enumerate() {
            let ticket = Ticket { since: Timestamp(since * 1000), id: id as u64 };
            all.join(ticket, Timestamp(at * 1000), Timestamp(0));
        }
        assert_eq!(all.ahead(Ticket { since: Timestamp(since * 1000), id: 99 }, now), want, "{all:?}");
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<WaitQueue>(&json).unwrap(), all);
    }

    #[test]
    fn those_that_came_before_are_ahead() {
        check(&[(1, 20), (3, 20), (5, 20)], 4, 2);
    }

    #[test]
    fn of_the_same_moment_one_is_first() {
        check(&[(4, 20)], 4, 1);
    }

    #[test]
    fn who_is_overdue_is_gone() {
        check(&[(1, 9), (2, 8), (3, 7)], 4, 1);
    }

    #[test]
    fn who_is_far_ahead_is_from_another_clock() {
        check(&[(1, 9000)], 4, 0);
    }

    #[test]
    fn who_waits_again_stands_there_once() {
        let mut queue = WaitQueue::default();
        let (first, last) = (Ticket { since: Timestamp(1), id: 1 }, Ticket { since: Timestamp(2), id: 2 });
        queue.join(first, Timestamp(100), Timestamp(10));
        queue.join(first, Timestamp(200), Timestamp(20));
        assert_eq!(queue.ahead(last, Timestamp(20)), 1);
        queue.leave(first);
        assert!(queue.is_empty());
    }
}
