//! What the provider allows a key for a model, as far as its replies say. Not our own limits (`meter`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::wait_queue::WaitQueue;
use super::{Demand, LimitExceeded, Ticket};
use crate::model::{RateLimitReading, Refill, Resource, Timestamp};

/// A rate limit that closes the gate for longer is not believed.
const GATE_MAX: Duration = Duration::from_secs(3600);
/// Below this part of a limit calls are counted one by one before they begin.
const SCARCE: f64 = 0.25;
/// Reservations that are kept apart.
const KEPT: usize = 64;
/// Requests per second of a pace: where it starts at least, how it grows, how it shrinks, its least.
const PACE_START: f64 = 1.0;
const PACE_UP: f64 = 0.02;
const PACE_DOWN: f64 = 0.7;
const PACE_LEAST: f64 = 0.1;
/// A pace is forgotten when no rate limit was met for so long.
const PACE_MEMORY: Duration = Duration::from_secs(600);
/// The time over which the rate of calls is averaged, in seconds.
const RATE_TIME: f64 = 10.0;

/// The shared state of one key for one model at one host.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderLimit {
    /// A reply came: what the provider says is known, if only that it says nothing.
    pub heard: bool,
    /// A rate limit said: not before this time. Never lowered.
    gate: Option<Timestamp>,
    buckets: Vec<Bucket>,
    pace: Option<Pace>,
    /// Calls per second, lately, as of the time.
    rate: Option<(f64, Timestamp)>,
    /// How long answers are, rather too long than too short.
    output: Option<f64>,
    /// Who waits.
    #[serde(skip_serializing_if = "WaitQueue::is_empty")]
    queue: WaitQueue,
}

/// One limit of the provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Bucket {
    resource: Resource,
    span: Option<Duration>,
    limit: Option<u64>,
    remaining: u64,
    refill: Refill,
    /// When the reply came.
    at: Timestamp,
    /// Calls that began since, and are not in `remaining`: when, and how much they need.
    taken: Vec<(Timestamp, u64)>,
}

/// How fast a key is used whose provider says nothing but "too fast" (AIMD).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Pace {
    /// Requests per second.
    rate: f64,
    /// When the next one may begin.
    next: Timestamp,
    /// The last rate limit.
    at: Timestamp,
}

/// What one call taught about the provider's limits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LimitObservation {
    /// When the call began.
    pub started: Timestamp,
    /// When the head of its reply came, if one did, and what it said.
    pub reply: Option<(Timestamp, Vec<RateLimitReading>)>,
    /// It was rate limited: for how long.
    pub gate: Option<Duration>,
    /// It answered, with so many tokens.
    pub output: Option<u64>,
}

impl ProviderLimit {
    /// Until when a rate limit keeps it shut.
    #[must_use]
    pub fn gated(&self, now: Timestamp) -> Option<Timestamp> {
        // A gate far ahead is from a clock that stepped back since.
        self.gate.filter(|until| now < *until && until.since(now) <= GATE_MAX)
    }

    /// What is believed to be left of each limit at `now`: of what, how much, and of how much if that is known.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that is not negative")]
    pub fn left(&self, now: Timestamp) -> Vec<(Resource, u64, Option<u64>)> {
        let left = |bucket: &Bucket| (bucket.resource, bucket.level(now).max(0.0) as u64, bucket.limit);
        self.known(now).map(left).collect()
    }

    /// How many tokens an answer is expected to have, once some came.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of counts")]
    pub fn expected_output(&self) -> Option<u64> {
        self.output.map(|tokens| tokens.ceil() as u64)
    }

    /// Whether a call that needs `need` may begin at `now`.
    ///
    /// # Errors
    /// When there will be room, and for what there is none.
    pub fn check(&self, need: &Demand, now: Timestamp) -> Result<(), LimitExceeded> {
        let gate = self.gated(now).map(|at| LimitExceeded::Until { at, limit: "the provider's rate limit".to_owned() });
        let buckets = self.known(now).filter_map(|bucket| {
            let at = bucket.room_at(need.of_resource(bucket.resource), now)?;
            Some(LimitExceeded::Until { at, limit: format!("the provider's limit of {}", bucket.resource.as_str()) })
        });
        let turn = |pace: &Pace| pace.next.max(now).after(pace.gap().saturating_mul(whole(need.calls - 1)));
        let pace = self.pace(now).filter(|pace| turn(pace) > now).map(|pace| LimitExceeded::Until {
            at: turn(pace),
            limit: format!("a pace of {:.2} requests/s after rate limits", pace.rate),
        });
        gate.into_iter().chain(buckets).chain(pace).reduce(LimitExceeded::later).map_or(Ok(()), Err)
    }

    /// Whether calls must be counted before they begin: little is left, or there is a pace to keep.
    #[must_use]
    pub fn is_scarce(&self, need: &Demand, now: Timestamp) -> bool {
        let scarce = |bucket: &Bucket| match bucket.limit {
            Some(limit) => bucket.level(now) - float(need.of_resource(bucket.resource)) < SCARCE * float(limit),
            None => true,
        };
        self.pace(now).is_some() || !self.queue.is_empty() || self.known(now).any(scarce)
    }

    /// Counts a call that begins at `now`; [`ProviderLimit::check`] it before, in the same step.
    pub fn take(&mut self, need: &Demand, now: Timestamp) {
        for bucket in &mut self.buckets {
            bucket.taken.push((now, need.of_resource(bucket.resource)));
            if bucket.taken.len() > KEPT {
                // The older one is put to the younger: it is believed to be in flight for longer.
                let (_, amount) = bucket.taken.remove(0);
                bucket.taken[0].1 = bucket.taken[0].1.saturating_add(amount);
            }
        }
        if let Some(pace) = &mut self.pace {
            let from = if pace.next > now.after(PACE_MEMORY) { now } else { pace.next.max(now) };
            pace.next = from.after(pace.gap());
        }
    }

    /// A request waits for room until `at`, and those that come later stand behind it.
    pub fn join(&mut self, ticket: Ticket, at: Timestamp, now: Timestamp) {
        self.queue.join(ticket, at, now);
    }

    /// What there must be room for so that it is the turn of a request: its own `need`, and that of
    /// those who came before it and wait.
    #[must_use]
    pub fn turn(&self, need: Demand, ticket: Ticket, now: Timestamp) -> Demand {
        need.behind(self.queue.ahead(ticket, now))
    }

    /// A request waits no longer.
    pub fn leave(&mut self, ticket: Ticket) {
        self.queue.leave(ticket);
    }

    /// Learns from one call that is over.
    pub fn observe(&mut self, heard: &LimitObservation, now: Timestamp) {
        if let Some((at, readings)) = &heard.reply {
            self.heard = true;
            self.rate = Some((self.rate_at(now) + 1.0 / RATE_TIME, now));
            readings.iter().for_each(|reading| self.read(reading, heard.started, *at));
        }
        if let Some(tokens) = heard.output {
            let tokens = float(tokens);
            let before = self.output.unwrap_or(tokens);
            // Long answers weigh more: too little room is worse than too much.
            let weight = if tokens > before { 0.5 } else { 0.1 };
            self.output = Some(before + weight * (tokens - before));
        }
        match (heard.gate, &mut self.pace) {
            (Some(wait), _) => self.limited(wait, now),
            (None, Some(pace)) if heard.output.is_some() => pace.rate += PACE_UP,
            (None, _) => {}
        }
    }

    /// How much of the tightest limit is left, from 0 to 1.
    pub(super) fn headroom(&self, now: Timestamp) -> Option<f64> {
        let gate = self.gated(now).map(|_| 0.0);
        let level =
            |bucket: &Bucket| bucket.limit.map(|limit| (bucket.level(now) / float(limit.max(1))).clamp(0.0, 1.0));
        gate.into_iter().chain(self.known(now).filter_map(level)).min_by(f64::total_cmp)
    }

    fn read(&mut self, reading: &RateLimitReading, started: Timestamp, at: Timestamp) {
        let RateLimitReading { resource, span, limit, remaining, refill } = *reading;
        let same = |bucket: &Bucket| (bucket.resource, bucket.span) == (resource, span);
        let old = self.buckets.iter().position(same).map(|position| self.buckets.swap_remove(position));
        // Replies overtake each other; the later one stands, unless a clock stepped back far.
        if let Some(old) = old.as_ref().filter(|old| old.at > at && old.at.since(at) < GATE_MAX) {
            return self.buckets.push(old.clone());
        }
        // What began before the call that brought this is in it already.
        let mut taken = old.map(|old| old.taken).unwrap_or_default();
        taken.retain(|(begun, _)| *begun > started);
        self.buckets.push(Bucket { resource, span, limit, remaining, refill, at, taken });
    }

    /// Closes the gate, and slows down if the provider says nothing that could be obeyed instead.
    fn limited(&mut self, wait: Duration, now: Timestamp) {
        let first = self.gated(now).is_none();
        let until = now.after(wait.min(GATE_MAX));
        self.gate = Some(self.gated(now).map_or(until, |gate| gate.max(until)));
        if !self.buckets.is_empty() {
            self.pace = None;
        } else if first {
            let rate = self.pace(now).map_or_else(|| self.rate_at(now).max(PACE_START), |pace| pace.rate);
            let rate = (rate * PACE_DOWN).max(PACE_LEAST);
            self.pace = Some(Pace { rate, next: now, at: now });
        }
    }

    fn pace(&self, now: Timestamp) -> Option<&Pace> {
        let fresh = |pace: &&Pace| now.since(pace.at) < PACE_MEMORY && pace.at.since(now) < PACE_MEMORY;
        self.pace.as_ref().filter(fresh)
    }

    fn rate_at(&self, now: Timestamp) -> f64 {
        self.rate.map_or(0.0, |(rate, at)| rate * (-now.since(at).as_secs_f64() / RATE_TIME).exp())
    }

    /// The limits that say something at `now`.
    fn known(&self, now: Timestamp) -> impl Iterator<Item = &Bucket> {
        self.buckets.iter().filter(move |bucket| bucket.says(now))
    }
}

impl Pace {
    /// From one call to the next.
    fn gap(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.rate.max(PACE_LEAST))
    }
}

impl Bucket {
    /// A bucket from a clock that ran far ahead says nothing, nor one of unknown size after its time.
    fn says(&self, now: Timestamp) -> bool {
        let (Refill::Over(span) | Refill::At(span)) = self.refill;
        self.at.since(now) <= span && (self.limit.is_some() || now.since(self.at) < span)
    }

    /// `min(L, remaining + Δt·L/window) − reserved since`.
    fn level(&self, now: Timestamp) -> f64 {
        let (remaining, passed) = (float(self.remaining), now.since(self.at).as_secs_f64());
        let limit = self.limit.map(float);
        let full = limit.unwrap_or(remaining).max(remaining);
        let level = match self.refill {
            Refill::Over(window) => remaining + passed * limit.unwrap_or(0.0) / window.as_secs_f64().max(1e-3),
            Refill::At(end) if passed >= end.as_secs_f64() => full,
            Refill::At(_) => remaining,
        };
        level.min(full) - self.reserved(now)
    }

    /// What began since and has not come back yet.
    fn reserved(&self, now: Timestamp) -> f64 {
        let (Refill::Over(span) | Refill::At(span)) = self.refill;
        let young = self.taken.iter().filter(|(at, _)| now.since(*at) < span);
        young.map(|(_, amount)| float(*amount)).sum()
    }

    /// When there is room for `amount`; `None` is now. More than all of it waits until it is full.
    fn room_at(&self, amount: u64, now: Timestamp) -> Option<Timestamp> {
        let need = float(self.limit.map_or(amount, |limit| amount.min(limit)));
        let lack = need - self.level(now);
        if lack <= 0.0 {
            return None;
        }
        let wait = match (self.refill, self.limit) {
            (Refill::Over(window), Some(limit)) => window.as_secs_f64() * (lack / float(limit.max(1))).min(1.0),
            (Refill::Over(window), None) => window.as_secs_f64() - now.since(self.at).as_secs_f64(),
            (Refill::At(end), _) => end.as_secs_f64() - now.since(self.at).as_secs_f64(),
        };
        // After the end of a fixed window only what was reserved is in the way: look again soon.
        let wait = Duration::try_from_secs_f64(wait.max(0.0)).unwrap_or(GATE_MAX);
        Some(now.after(wait + Duration::from_millis(1)))
    }
}

fn whole(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "counts are at most 10^15")]
fn float(count: u64) -> f64 {
    count as f64
}
