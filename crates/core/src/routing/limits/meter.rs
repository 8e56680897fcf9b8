//! The past and current usage of the limits of one scope. It does not share it between processes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::window::Window;
use super::{Cap, Consumption, Demand, LimitExceeded, LimitUnit, Limits, SharedTimes};
use crate::model::Timestamp;

/// The time after which a silent call in flight counts as dead: a killed process
/// leaks its place no longer than this.
pub const LEASE: Duration = Duration::from_secs(30);
/// The bounds of the wait before another look at calls in flight, which give back their place and the tokens and
/// money that they do not need at an unknown time. The wait is a quarter of the time that the oldest call has
/// taken so far.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(2)];

/// The counters of a deployment, a group or a provider.
///
/// A call is counted when it begins, by what it is expected to use (see [`Demand`]); when it is over,
/// by what it did use. Requests that were sent count, however they ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meter {
    counted: Vec<Counted>,
    held: Vec<InFlightCall>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Counted {
    counts: LimitUnit,
    span: Duration,
    window: Window,
}

/// A call in flight, by what it is expected to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlightCall {
    /// Its id.
    pub id: u64,
    /// Its beginning.
    pub at: Timestamp,
    /// Until when its process is believed to be alive.
    pub lease: Timestamp,
    /// Tokens of prompt and answer.
    pub tokens: u64,
    /// Billionths of a USD.
    pub nanos: u64,
}

impl InFlightCall {
    /// A call that starts at `now` and needs `need`.
    #[must_use]
    pub fn new(id: u64, need: &Demand, now: Timestamp) -> Self {
        let tokens = need.prompt.saturating_add(need.output);
        Self { id, at: now, lease: now.after(LEASE), tokens, nanos: need.nanos.unwrap_or(0) }
    }

    fn amount(&self, counts: LimitUnit) -> u64 {
        match counts {
            LimitUnit::Requests => 1,
            LimitUnit::Tokens => self.tokens,
            LimitUnit::Nanos => self.nanos,
        }
    }
}

impl SharedTimes for Meter {
    fn shift(&mut self, by: i64) {
        let Self { counted, held } = self;
        counted.iter_mut().for_each(|Counted { counts: _, span: _, window }| window.shift(by));
        for InFlightCall { id: _, at, lease, tokens: _, nanos: _ } in held {
            *at = at.shifted(by);
            *lease = lease.shifted(by);
        }
    }
}

impl Meter {
    /// Checks if a call that needs `need` can start at `now`; `of` completes the name of the limit in words.
    ///
    /// # Errors
    /// With the limit that has no room, and the time at which it will.
    pub fn check(&mut self, limits: &Limits, need: &Demand, now: Timestamp, of: &str) -> Result<(), LimitExceeded> {
        self.tidy(now);
        let mut shut: Option<LimitExceeded> = None;
        let mut add = |new: LimitExceeded| shut = Some(shut.take().map_or(new.clone(), |old| old.later(new)));
        for cap in &limits.caps {
            let limit = format!("{}{of}", cap.name);
            match need.of_cap(cap) {
                None if cap.counts == LimitUnit::Nanos && need.nanos.is_none() => add(LimitExceeded::Unpriced),
                None => add(LimitExceeded::Never { limit, counts: cap.counts }),
                Some((amount, spans)) => {
                    let room = self.room_at(cap, amount, now);
                    if room.is_some() || spans > 0 {
                        let at = room.unwrap_or(now).after(cap.span.saturating_mul(spans));
                        add(LimitExceeded::Until { at, limit, counts: cap.counts });
                    }
                }
            }
        }
        if limits.max_parallel.is_some_and(|most| self.held.len() as u64 >= most) {
            let limit = format!("max_parallel_requests{of}");
            add(LimitExceeded::Until { at: self.look_again(now), limit, counts: LimitUnit::Requests });
        }
        shut.map_or(Ok(()), Err)
    }

    /// Counts a starting call; call [`Meter::check`] before, in the same step.
    pub fn hold(&mut self, limits: &Limits, held: InFlightCall) {
        for cap in &limits.caps {
            if !self.counted.iter().any(|counted| (counted.counts, counted.span) == (cap.counts, cap.span)) {
                self.counted.push(Counted { counts: cap.counts, span: cap.span, window: Window::default() });
            }
        }
        self.held.push(held);
    }

    /// The process of the call `id` is alive at `now`.
    pub fn renew(&mut self, id: u64, now: Timestamp) {
        if let Some(held) = self.held.iter_mut().find(|held| held.id == id) {
            held.lease = now.after(LEASE);
        }
    }

    /// The call `id` is over and used `spent`.
    pub fn settle(&mut self, id: u64, spent: Consumption) {
        if let Some(held) = self.take(id) {
            self.count(&InFlightCall { tokens: spent.tokens, nanos: spent.nanos, ..held });
        }
    }

    /// The call `id` was never sent: it counts for nothing.
    pub fn cancel(&mut self, id: u64) {
        self.take(id);
    }

    /// The rest of the tightest limit, from 0 to 1.
    pub(super) fn headroom(&self, limits: &Limits, now: Timestamp) -> Option<f64> {
        let caps = limits.caps.iter().map(|cap| left(self.used(cap, now).map(|(_, amount)| amount).sum(), cap.limit));
        let alive = self.held.iter().filter(|held| held.lease > now).count() as u64;
        caps.chain(limits.max_parallel.map(|most| left(alive, most))).min_by(f64::total_cmp)
    }

    /// The time at which a call in flight may have ended.
    fn look_again(&self, now: Timestamp) -> Timestamp {
        let freed = self.held.iter().map(|held| held.lease).min().unwrap_or(now);
        let oldest = self.held.iter().map(|held| held.at).min().unwrap_or(now);
        freed.min(now.after((now.since(oldest) / 4).clamp(LOOK_AGAIN[0], LOOK_AGAIN[1])))
    }

    /// The time at which `amount` fits under `cap`; `None` is now.
    fn room_at(&self, cap: &Cap, amount: u64, now: Timestamp) -> Option<Timestamp> {
        let mut used: Vec<(Timestamp, u64)> = self.used(cap, now).collect();
        let total = used.iter().map(|(_, amount)| *amount).fold(amount, u64::saturating_add);
        let mut excess = total.checked_sub(cap.limit).filter(|excess| *excess > 0)?;
        // Calls in flight hold what they may use, and mostly give a part of it back when they end.
        let held = self.held.iter().map(|held| held.amount(cap.counts).min(cap.limit)).fold(0, u64::saturating_add);
        if cap.counts != LimitUnit::Requests && held >= excess {
            return Some(self.look_again(now));
        }
        used.sort_unstable();
        for (at, amount) in used {
            excess = excess.saturating_sub(amount);
            if excess == 0 {
                return Some(at.after(cap.span));
            }
        }
        // Its own need is within the limit, so the loop ends before this.
        Some(now.after(cap.span))
    }

    /// The usage of `cap` at `now`. A call in flight takes at most all of it.
    fn used(&self, cap: &Cap, now: Timestamp) -> impl Iterator<Item = (Timestamp, u64)> {
        let counted = self.counted.iter().filter(|counted| (counted.counts, counted.span) == (cap.counts, cap.span));
        let counted = counted.flat_map(|counted| counted.window.entries());
        let held = self.held.iter().map(|held| (held.at, held.amount(cap.counts).min(cap.limit)));
        counted.chain(held).filter(move |(at, _)| at.after(cap.span) > now)
    }

    fn tidy(&mut self, now: Timestamp) {
        let longest = self.counted.iter().map(|counted| counted.span).max().unwrap_or_default();
        for held in &mut self.held {
            // From a clock that ran ahead, as in a window.
            held.lease = held.lease.min(now.after(LEASE));
            if held.at > now.after(longest) {
                held.at = now;
            }
        }
        let dead: Vec<InFlightCall> = self.held.extract_if(.., |held| held.lease <= now).collect();
        dead.iter().for_each(|held| self.count(held));
        for counted in &mut self.counted {
            counted.window.tidy(counted.span, now);
        }
        // Calls in flight will be counted in the existing windows.
        if self.held.is_empty() {
            self.counted.retain(|counted| !counted.window.is_empty());
        }
    }

    fn take(&mut self, id: u64) -> Option<InFlightCall> {
        let position = self.held.iter().position(|held| held.id == id)?;
        Some(self.held.swap_remove(position))
    }

    fn count(&mut self, held: &InFlightCall) {
        for counted in &mut self.counted {
            counted.window.add(held.at, held.amount(counted.counts));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "only a ratio")]
fn left(used: u64, limit: u64) -> f64 {
    if limit == 0 { 0.0 } else { limit.saturating_sub(used) as f64 / limit as f64 }
}
