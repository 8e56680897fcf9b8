//! The requests that wait for room under a limit, in order of arrival. It does not compute their wait (`provider_limit`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Demand, LimitExceeded};
use crate::model::Timestamp;

/// The interval at which a waiting request renews its place.
pub const PLACE_RENEWAL: Duration = Duration::from_secs(1);
/// The time after which a place that is not renewed is lost.
const PLACE_LEASE: Duration = Duration::from_secs(3);
/// The age of a renewal up to which its request certainly still waits.
const FRESH: Duration = Duration::from_millis(1500);
/// A place that is held for longer is from a clock that stepped back since.
const FAR: Duration = Duration::from_secs(6);

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

/// The need of a request together with the requests that wait before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedDemand {
    /// With all of them.
    all: Demand,
    /// With those that certainly still wait.
    certain: Demand,
    /// The time at which the first of the uncertain places is lost.
    lapses: Option<Timestamp>,
}

impl QueuedDemand {
    /// Checks that there is room, with `check`. A wait that is due to requests that may be gone ends when their
    /// places are lost.
    ///
    /// # Errors
    /// The limit that `check` found exceeded.
    pub fn check(&self, mut check: impl FnMut(&Demand) -> Result<(), LimitExceeded>) -> Result<(), LimitExceeded> {
        let exceeded = match (check(&self.all), self.lapses) {
            (Ok(()), _) => return Ok(()),
            (Err(exceeded), None) => return Err(exceeded),
            (Err(exceeded), Some(lapses)) => (exceeded, lapses),
        };
        let (LimitExceeded::Until { at, limit }, lapses) = exceeded else { return Err(exceeded.0) };
        let certain = match check(&self.certain) {
            Ok(()) => lapses,
            Err(LimitExceeded::Until { at, .. }) => lapses.max(at),
            Err(exceeded) => return Err(exceeded),
        };
        Err(LimitExceeded::Until { at: at.min(certain), limit })
    }
}

impl WaitQueue {
    /// Returns `true` if it is empty, including expired entries.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes or renews the place of a request that waits.
    pub(super) fn join(&mut self, ticket: Ticket, now: Timestamp) {
        self.0.retain(|(_, id, until)| *id != ticket.id && is_held(*until, now));
        self.0.push((ticket.since, ticket.id, now.after(PLACE_LEASE)));
    }

    /// A request does not wait any more.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.0.retain(|(_, id, _)| *id != ticket.id);
    }

    /// Adds the requests that wait before `ticket` to the `demand` of its own.
    ///
    /// A request still waits for certain if it renewed its place since `ticket` began, and lately.
    pub(super) fn behind(&self, demand: Demand, ticket: Ticket, now: Timestamp) -> QueuedDemand {
        let before = |(since, id, until): &&(Timestamp, u64, Timestamp)| {
            (*since, *id) < (ticket.since, ticket.id) && is_held(*until, now)
        };
        let (mut all, mut certain, mut lapses) = (0, 0, None::<Timestamp>);
        for (_, _, until) in self.0.iter().filter(before) {
            all += 1;
            if *until >= ticket.since.after(PLACE_LEASE) && now.after(PLACE_LEASE).since(*until) <= FRESH {
                certain += 1;
            } else {
                lapses = Some(lapses.map_or(*until, |lapses| lapses.min(*until)));
            }
        }
        QueuedDemand { all: demand.behind(all), certain: demand.behind(certain), lapses }
    }
}

fn is_held(until: Timestamp, now: Timestamp) -> bool {
    now < until && until.since(now) <= FAR
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(id: u64, second: i64) -> Ticket {
        Ticket { since: Timestamp(second * 1000), id }
    }

    fn one() -> Demand {
        Demand { prompt: 1, output: 1, bounded: true, nanos: None, prompt_nanos: 0, calls: 1 }
    }

    /// A queue of (`since`, `renewed`) in seconds.
    fn queue(places: &[(i64, i64)]) -> WaitQueue {
        let mut queue = WaitQueue::default();
        for (id, (since, renewed)) in (1..).zip(places) {
            let at = Timestamp(renewed * 1000);
            queue.0.push((Timestamp(since * 1000), id, at.after(PLACE_LEASE)));
        }
        queue
    }

    /// Checks, at 10 s, the calls that a request of second `since` needs room for: all, and the certain ones.
    fn check(places: &[(i64, i64)], since: i64, want: (u64, u64), lapses: Option<i64>) {
        let all = queue(places);
        let turn = all.behind(one(), ticket(99, since), Timestamp(10_000));
        assert_eq!((turn.all.calls, turn.certain.calls), want, "{all:?}");
        assert_eq!(turn.lapses, lapses.map(|second| Timestamp(second * 1000)), "{all:?}");
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<WaitQueue>(&json).unwrap(), all);
    }

    #[test]
    fn earlier_requests_are_ahead() {
        check(&[(1, 9), (3, 9), (5, 9)], 4, (3, 3), None);
        check(&[(4, 9)], 4, (2, 2), None);
    }

    #[test]
    fn a_place_that_is_not_renewed_is_lost() {
        check(&[(1, 6), (2, 7), (3, 9)], 4, (2, 2), None);
    }

    #[test]
    fn a_place_that_was_renewed_before_the_request_began_is_uncertain() {
        check(&[(1, 9), (2, 9)], 9, (3, 1), Some(12));
    }

    #[test]
    fn a_late_renewal_makes_a_place_uncertain() {
        check(&[(1, 8), (2, 9)], 4, (3, 2), Some(11));
    }

    #[test]
    fn a_place_far_ahead_is_from_another_clock() {
        check(&[(1, 9000)], 4, (1, 1), None);
    }

    #[test]
    fn a_request_that_waits_again_has_one_place() {
        let mut queue = WaitQueue::default();
        queue.join(ticket(1, 1), Timestamp(2_000));
        queue.join(ticket(1, 1), Timestamp(3_000));
        assert_eq!(queue.behind(one(), ticket(2, 2), Timestamp(3_000)).all.calls, 2);
        queue.leave(ticket(1, 1));
        assert!(queue.is_empty());
    }

    /// The wait of a request behind `calls` others, where each takes ten seconds.
    fn ten_seconds_each(demand: &Demand) -> Result<(), LimitExceeded> {
        match demand.calls {
            1 => Ok(()),
            calls => Err(LimitExceeded::Until {
                at: Timestamp(10_000).after(Duration::from_secs(10) * u32::try_from(calls - 1).unwrap()),
                limit: "rpm".to_owned(),
            }),
        }
    }

    #[test]
    fn an_uncertain_place_is_waited_for_no_longer_than_it_lasts() {
        let until = |places: &[(i64, i64)], since| {
            let turn = queue(places).behind(one(), ticket(99, since), Timestamp(10_000));
            match turn.check(ten_seconds_each) {
                Err(LimitExceeded::Until { at, .. }) => at.0 / 1000,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(until(&[(1, 9), (2, 9)], 10), 12, "both may be gone");
        assert_eq!(until(&[(1, 8), (2, 9)], 4), 20, "one of them certainly waits");
        assert_eq!(until(&[(1, 9), (2, 9)], 4), 30);
    }
}
