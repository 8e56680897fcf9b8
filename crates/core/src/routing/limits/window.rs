//! The usage in a sliding time window. It does not decide about limits (`meter`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// The number of separate times; beyond it, neighbours are merged.
const KEPT: usize = 2048;

/// Amounts with the moments at which they were used, oldest first.
///
/// Exact to the millisecond while at most 2,048 moments lie in the window. Of more, neighbours within
/// 1/1,024 of the span are put together at the latest of their moments: an amount may leave the
/// window a little late, never early, so that no window of that length ever holds more than was
/// allowed.
///
/// A clock that steps back makes amounts look younger than they are, which errs to the same side.
/// One that steps back by more than the span would shut the door for that long: then what lies
/// beyond is counted as used now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(i64, u64)>", into = "Vec<(i64, u64)>")]
pub(super) struct Window {
    entries: Vec<(Timestamp, u64)>,
}

impl Window {
    /// Forgets what has left a window of `span` that ends at `now`.
    pub(super) fn tidy(&mut self, span: Duration, now: Timestamp) {
        if self.entries.last().is_some_and(|(at, _)| *at > now.after(span)) {
            let ahead = self.entries.partition_point(|(at, _)| *at <= now.after(span));
            let amount = self.entries.drain(ahead..).map(|(_, amount)| amount).fold(0, u64::saturating_add);
            self.add(now, amount);
        }
        let gone = self.entries.partition_point(|(at, _)| at.after(span) <= now);
        self.entries.drain(..gone);
        if self.entries.len() > KEPT {
            self.compact(span);
        }
    }

    /// Counts `amount` as used at `at`.
    pub(super) fn add(&mut self, at: Timestamp, amount: u64) {
        if amount == 0 {
            return;
        }
        let position = self.entries.partition_point(|(other, _)| *other < at);
        match self.entries.get_mut(position) {
            Some((other, there)) if *other == at => *there = there.saturating_add(amount),
            _ => self.entries.insert(position, (at, amount)),
        }
    }

    /// The entries, oldest first; call `tidy` before.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Timestamp, u64)> {
        self.entries.iter().copied()
    }

    /// Moves all times by `by` milliseconds.
    pub(super) fn shift(&mut self, by: i64) {
        self.entries.iter_mut().for_each(|(at, _)| *at = at.shifted(by));
    }

    /// Returns `true` if it is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn compact(&mut self, span: Duration) {
        let width = i64::try_from(span.as_millis()).unwrap_or(i64::MAX) / (KEPT as i64 / 2);
        let mut kept: Vec<(Timestamp, u64)> = Vec::with_capacity(KEPT);
        let mut first = Timestamp(i64::MIN);
        for &(at, amount) in &self.entries {
            match kept.last_mut() {
                Some(last) if at.0.saturating_sub(first.0) < width => *last = (at, last.1.saturating_add(amount)),
                _ => {
                    first = at;
                    kept.push((at, amount));
                }
            }
        }
        self.entries = kept;
    }
}

/// In the store a moment is written as the milliseconds since the one before it: a third of the size.
impl From<Window> for Vec<(i64, u64)> {
    fn from(window: Window) -> Self {
        let mut before = 0;
        let delta = |(at, amount): (Timestamp, u64)| {
            let since = at.0.saturating_sub(before);
            before = at.0;
            (since, amount)
        };
        window.entries.into_iter().map(delta).collect()
    }
}

impl From<Vec<(i64, u64)>> for Window {
    fn from(deltas: Vec<(i64, u64)>) -> Self {
        let mut window = Self::default();
        let mut at: i64 = 0;
        for (since, amount) in deltas {
            at = at.saturating_add(since);
            window.add(Timestamp(at), amount);
        }
        window
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn check(adds: &[(i64, u64)], now: i64, want: &[(i64, u64)]) {
        let mut window = Window::default();
        adds.iter().for_each(|(at, amount)| window.add(Timestamp(at * 1000), *amount));
        window.tidy(MINUTE, Timestamp(now * 1000));
        let got: Vec<(i64, u64)> = window.entries().map(|(at, amount)| (at.0 / 1000, amount)).collect();
        assert_eq!(got, want);
        let json = serde_json::to_string(&window).unwrap();
        assert_eq!(serde_json::from_str::<Window>(&json).unwrap(), window);
    }

    #[test]
    fn what_is_as_old_as_the_span_is_gone() {
        check(&[(0, 1), (1, 2), (30, 3)], 60, &[(1, 2), (30, 3)]);
    }

    #[test]
    fn moments_come_in_any_order() {
        check(&[(30, 3), (1, 2), (30, 4)], 31, &[(1, 2), (30, 7)]);
    }

    #[test]
    fn nothing_takes_no_room() {
        check(&[(30, 0)], 31, &[]);
    }

    #[test]
    fn a_clock_that_steps_back_a_little_forgets_nothing() {
        check(&[(100, 3)], 50, &[(100, 3)]);
    }

    #[test]
    fn a_clock_that_steps_back_far_does_not_shut_the_door_for_long() {
        check(&[(90, 3), (10_000, 3), (20_000, 4)], 50, &[(50, 7), (90, 3)]);
    }

    proptest! {
        #[test]
        fn many_moments_are_put_together_and_none_leaves_early(steps in prop::collection::vec(0i64..60, 3000..6000)) {
            let mut window = Window::default();
            let mut all = Vec::new();
            let mut now = 0;
            for step in steps {
                now += step;
                all.push(now);
                window.tidy(MINUTE, Timestamp(now));
                window.add(Timestamp(now), 1);
                prop_assert!(window.entries.len() <= KEPT + 1);
            }
            let young = all.iter().filter(|at| **at > now - 60_000).count() as u64;
            let counted: u64 = window.entries().map(|(_, amount)| amount).sum();
            prop_assert!(counted >= young && counted <= young + 60_000 / 1024 + 60);
        }
    }
}
