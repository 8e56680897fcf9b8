//! The limits of a provider for a key and a model, as far as its replies say. `meter` has our own limits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::wait_queue::WaitQueue;
use super::{Demand, LimitExceeded, LimitUnit, SharedTimes, Ticket, Turn};
use crate::model::{RateLimitReading, Refill, Resource, Timestamp, WindowEvidence};

/// A rate limit that closes the gate for longer is not believed.
const GATE_MAX: Duration = Duration::from_secs(3600);
/// Below this part of a limit calls are counted one by one before they begin.
const SCARCE: f64 = 0.25;
/// Reservations that are kept apart.
const KEPT: usize = 64;
/// A provider that resets a limit later than this is not believed.
const RESET_MAX: Duration = Duration::from_secs(24 * 3600);
/// A header that reports no room for longer may be wrong: a call is tried if no other deployment is left.
const REPORT_MAX: Duration = Duration::from_secs(90);
/// Time after which rate limits are forgotten.
const PACE_MEMORY: Duration = Duration::from_secs(60);
/// Time for which a pace stays as it was measured.
const PACE_HOLDS: Duration = Duration::from_secs(15);
/// Time in which it doubles after that, so that a limit that was raised or was none is found out.
const PACE_DOUBLES: Duration = Duration::from_secs(10);
/// Rate limits within [`PACE_MEMORY`] from which calls are paced. A single one may be a one-off, and its
/// gate is all that it asks for.
const PACED_FROM: u32 = 2;
/// Time for which it is remembered that a limit is a window.
const WINDOW_MEMORY: Duration = Duration::from_secs(3600);
/// Calls before this do not tell how fast the provider allows calls now.
const EPISODE_MAX: Duration = Duration::from_secs(10);

/// The shared state of one key for one model at one host.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderLimit {
    /// A reply came: what the provider says is known, if only that it says nothing.
    pub heard: bool,
    /// A rate limit said: not before this time. Never lowered.
    gate: Option<Timestamp>,
    buckets: Vec<Bucket>,
    /// The calls that were answered since the last gate opened.
    #[serde(skip_serializing_if = "Episode::is_empty")]
    episode: Episode,
    #[serde(rename = "paced", skip_serializing_if = "Option::is_none")]
    pace: Option<Pace>,
    /// The expected length of answers, rather too long than too short.
    output: Option<f64>,
    /// The requests that wait.
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
    /// The time of the reply.
    at: Timestamp,
    /// Calls that began since, and are not in `remaining`: when, and how much they need.
    taken: Vec<(Timestamp, u64)>,
    /// The last reading that fits a window and not a bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    windowed: Option<Timestamp>,
}

/// Answered calls since a gate opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Episode {
    /// The end of the gate; calls that began before it are not counted.
    opened: Timestamp,
    /// The beginning of the first call that is counted.
    first: Option<Timestamp>,
    answered: f64,
}

/// The rate that a provider allows that sends no figures, measured when it last refused a call.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Pace {
    /// The calls that it answered before it refused one. Answers that are still under way are added later.
    episode: Episode,
    /// The refusal.
    at: Timestamp,
    /// The wait that it asked for.
    wait: Duration,
    /// Refusals without a pause of [`PACE_MEMORY`].
    refusals: u32,
    /// The time at which the next call may begin.
    next: Timestamp,
}

/// The findings of one call about the provider's limits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LimitObservation {
    /// The beginning of the call.
    pub started: Timestamp,
    /// The time of the head of its reply, and what it said.
    pub reply: Option<(Timestamp, Vec<RateLimitReading>)>,
    /// It was rate limited: for how long.
    pub gate: Option<Duration>,
    /// It answered, with so many tokens.
    pub output: Option<u64>,
}

impl SharedTimes for ProviderLimit {
    fn shift(&mut self, by: i64) {
        let Self { heard: _, gate, buckets, episode, pace, output: _, queue } = self;
        *gate = gate.map(|gate| gate.shifted(by));
        for Bucket { resource: _, span: _, limit: _, remaining: _, refill: _, at, taken, windowed } in buckets {
            *at = at.shifted(by);
            taken.iter_mut().for_each(|(begun, _)| *begun = begun.shifted(by));
            *windowed = windowed.map(|seen| seen.shifted(by));
        }
        episode.shift(by);
        if let Some(Pace { episode, at, wait: _, refusals: _, next }) = pace {
            episode.shift(by);
            *at = at.shifted(by);
            *next = next.shifted(by);
        }
        queue.shift(by);
    }
}

impl ProviderLimit {
    /// Until when a rate limit keeps it shut.
    #[must_use]
    pub fn gated(&self, now: Timestamp) -> Option<Timestamp> {
        // A gate far ahead is from a clock that stepped back since.
        self.gate.filter(|until| now < *until && until.since(now) <= GATE_MAX)
    }

    /// Estimates what is left of each limit at `now`: the resource, the amount, and the limit if it is known.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that is not negative")]
    pub fn left(&self, now: Timestamp) -> Vec<(Resource, u64, Option<u64>)> {
        let left = |bucket: &Bucket| (bucket.resource, bucket.level(now).max(0.0) as u64, bucket.limit);
        self.known(now).map(left).collect()
    }

    /// The expected tokens of an answer, once there were answers.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of counts")]
    pub fn expected_output(&self) -> Option<u64> {
        self.output.map(|tokens| tokens.ceil() as u64)
    }

    /// Checks that a call that needs `need` may begin at `now`.
    ///
    /// # Errors
    /// With the limit that has no room, and the time at which it will.
    pub fn check(&self, need: &Demand, now: Timestamp) -> Result<(), LimitExceeded> {
        let exceeded = |at, limit| LimitExceeded::Until { at, limit, counts: LimitUnit::Requests };
        let gate = self.gated(now).map(|at| exceeded(at, "the provider's rate limit".to_owned()));
        let buckets = self.known(now).filter_map(|bucket| {
            let at = bucket.room_at(need.of_resource(bucket.resource), now)?;
            let limit = format!("the provider's limit of {}", bucket.resource.as_str());
            if at.since(now) <= REPORT_MAX {
                return Some(exceeded(at, limit));
            }
            Some(LimitExceeded::Reported { at, limit }).filter(|_| !need.tries_limit)
        });
        let turn = |pace: &Pace| pace.next.max(now).after(pace.gap(now).saturating_mul(whole(need.calls - 1)));
        let pace = self.pace(now).filter(|pace| turn(pace) > now);
        let words = |pace: &Pace| format!("a pace of {:.2} requests/s after rate limits", pace.rate(now));
        let pace = pace.map(|pace| exceeded(turn(pace), words(pace)));
        gate.into_iter().chain(buckets).chain(pace).reduce(LimitExceeded::later).map_or(Ok(()), Err)
    }

    /// Returns `true` if calls must be counted before they begin: little is left, or there is a pace to keep.
    #[must_use]
    pub fn is_scarce(&self, need: &Demand, now: Timestamp) -> bool {
        let scarce = |bucket: &Bucket| match bucket.limit {
            Some(limit) => {
                bucket.level_to_share(now) - float(need.of_resource(bucket.resource)) < SCARCE * float(limit)
            }
            None => true,
        };
        // Another process may have been refused too: only the shared state knows whether there is a pace.
        self.recent_pace(now).is_some() || !self.queue.is_empty() || self.known(now).any(scarce)
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
            pace.next = from.after(pace.gap(now));
        }
    }

    /// Takes or renews the place of a request that waits for room; later ones are behind it.
    pub fn join(&mut self, ticket: Ticket, now: Timestamp) {
        self.queue.join(ticket, now);
    }

    /// The turn of a request: there must be room for `demand`, and for the requests that wait before it.
    #[must_use]
    pub fn turn(&self, demand: Demand, ticket: Ticket, now: Timestamp) -> Turn {
        Turn::new(demand, self.queue.ahead(ticket, now), ticket, now)
    }

    /// Gives up the place of a request.
    pub fn leave(&mut self, ticket: Ticket) {
        self.queue.leave(ticket);
    }

    /// Learns from one call that is over.
    pub fn observe(&mut self, heard: &LimitObservation, now: Timestamp) {
        if let Some((at, readings)) = &heard.reply {
            self.heard = true;
            readings.iter().for_each(|reading| self.read(reading, heard.started, *at));
        }
        if let Some(tokens) = heard.output {
            let tokens = float(tokens);
            let before = self.output.unwrap_or(tokens);
            // Long answers weigh more: too little room is worse than too much.
            let weight = if tokens > before { 0.5 } else { 0.1 };
            self.output = Some(before + weight * (tokens - before));
        }
        if let Some(wait) = heard.gate {
            self.limited(wait, now);
        } else if heard.output.is_some() {
            self.answered(heard.started, now);
        }
    }

    /// The rest of the tightest limit, from 0 to 1.
    pub(super) fn headroom(&self, now: Timestamp) -> Option<f64> {
        let gate = self.gated(now).map(|_| 0.0);
        let level =
            |bucket: &Bucket| bucket.limit.map(|limit| (bucket.level(now) / float(limit.max(1))).clamp(0.0, 1.0));
        gate.into_iter().chain(self.known(now).filter_map(level)).min_by(f64::total_cmp)
    }

    fn read(&mut self, reading: &RateLimitReading, started: Timestamp, at: Timestamp) {
        let RateLimitReading { resource, span, limit, remaining, refill, window } = *reading;
        let refill = match refill {
            Refill::Over(span) => Refill::Over(span.min(RESET_MAX)),
            Refill::At(end) => Refill::At(end.min(RESET_MAX)),
        };
        let same = |bucket: &Bucket| (bucket.resource, bucket.span) == (resource, span);
        let old = self.buckets.iter().position(same).map(|position| self.buckets.swap_remove(position));
        // Replies overtake each other; the later one stands, unless a clock stepped back far.
        if let Some(old) = old.as_ref().filter(|old| old.at > at && old.at.since(at) < GATE_MAX) {
            return self.buckets.push(old.clone());
        }
        let recent = |seen: &Timestamp| at.since(*seen) < WINDOW_MEMORY;
        let seen = old.as_ref().and_then(|old| old.windowed).filter(recent);
        let (refill, windowed) = match window {
            WindowEvidence::Certain => (refill, Some(at)),
            // An empty window and an empty bucket look alike.
            WindowEvidence::Possible(end) if seen.is_some() => (Refill::At(end.min(RESET_MAX)), seen),
            WindowEvidence::Possible(_) | WindowEvidence::None => (refill, seen),
        };
        // What began before the call that brought this is in it already.
        let mut taken = old.map(|old| old.taken).unwrap_or_default();
        taken.retain(|(begun, _)| *begun > started);
        self.buckets.push(Bucket { resource, span, limit, remaining, refill, at, taken, windowed });
    }

    /// Counts an answered call for the rate that the provider allows.
    fn answered(&mut self, started: Timestamp, now: Timestamp) {
        if let Some(pace) = &mut self.pace
            && started <= pace.at
        {
            pace.episode.count(started, pace.at);
        } else {
            self.episode = self.episode.until(now);
            self.episode.count(started, now);
        }
    }

    /// Closes the gate, and measures the rate that the provider allowed unless it sends figures to obey.
    fn limited(&mut self, wait: Duration, now: Timestamp) {
        let gated = self.gated(now);
        let wait = wait.min(GATE_MAX);
        let until = gated.map_or(now.after(wait), |gate| gate.max(now.after(wait)));
        self.gate = Some(until);
        if !self.buckets.is_empty() {
            self.pace = None;
            return;
        }
        let old = self.recent_pace(now).copied();
        let refusals = old.map_or(0, |pace| pace.refusals).saturating_add(1);
        self.pace = Some(match old {
            // A call that began before the gate was known says nothing more than the one that closed it.
            Some(pace) if gated.is_some() => Pace { refusals, next: until, wait: pace.wait.max(wait), ..pace },
            Some(_) | None => Pace { episode: self.episode.until(now), at: now, wait, refusals, next: until },
        });
        self.episode = Episode { opened: until, ..Episode::default() };
    }

    /// The pace to keep at `now`.
    fn pace(&self, now: Timestamp) -> Option<&Pace> {
        self.recent_pace(now).filter(|pace| pace.refusals >= PACED_FROM)
    }

    fn recent_pace(&self, now: Timestamp) -> Option<&Pace> {
        // One from the future was written before the clock was set back.
        let opened = |pace: &Pace| pace.at.after(pace.wait);
        let recent = |pace: &&Pace| now.since(opened(pace)) < PACE_MEMORY && pace.at.since(now) < PACE_MEMORY;
        self.pace.as_ref().filter(recent)
    }

    /// The limits that say something at `now`.
    fn known(&self, now: Timestamp) -> impl Iterator<Item = &Bucket> {
        self.buckets.iter().filter(move |bucket| bucket.says(now))
    }
}

impl Episode {
    fn shift(&mut self, by: i64) {
        let Self { opened, first, answered: _ } = self;
        // The default is no time.
        if *opened != Timestamp::default() {
            *opened = opened.shifted(by);
        }
        *first = first.map(|first| first.shifted(by));
    }

    /// Counts a call that began at `started`, unless that lies too far before `now`.
    fn count(&mut self, started: Timestamp, now: Timestamp) {
        if started >= self.opened && now.since(started) <= EPISODE_MAX {
            self.first = Some(self.first.map_or(started, |first| first.min(started)));
            self.answered += 1.0;
        }
    }

    /// The same without what lies too far before `now`: the count is scaled to the time that is left.
    fn until(self, now: Timestamp) -> Self {
        let length = self.first.map_or(Duration::ZERO, |first| now.since(first));
        if length <= EPISODE_MAX {
            return self;
        }
        let first = Timestamp(now.0.saturating_sub(i64::try_from(EPISODE_MAX.as_millis()).unwrap_or(0)));
        let share = EPISODE_MAX.as_secs_f64() / length.as_secs_f64();
        Self { first: Some(first), answered: self.answered * share, ..self }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Pace {
    /// Requests per second: what was answered, over the time until the provider takes calls again.
    fn rate(&self, now: Timestamp) -> f64 {
        let answering = self.episode.first.map_or(Duration::ZERO, |first| self.at.since(first));
        let span = (answering + self.wait).as_secs_f64().max(0.1);
        let growing = now.since(self.at.after(self.wait + PACE_HOLDS)).as_secs_f64();
        self.episode.answered.max(1.0) / span * (growing / PACE_DOUBLES.as_secs_f64()).exp2()
    }

    /// The time from one call to the next.
    fn gap(&self, now: Timestamp) -> Duration {
        Duration::try_from_secs_f64(1.0 / self.rate(now)).unwrap_or(GATE_MAX).min(GATE_MAX)
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

    /// The level from which calls are shared out. All that wait for the end of a window would call at once, so
    /// that a window counts as used for as long again.
    fn level_to_share(&self, now: Timestamp) -> f64 {
        match self.refill {
            Refill::At(end) if now.since(self.at) < end.saturating_mul(2).max(PACE_MEMORY) => {
                self.level(now).min(float(self.remaining))
            }
            Refill::At(_) | Refill::Over(_) => self.level(now),
        }
    }

    /// The amount of calls that began since and have not ended yet.
    fn reserved(&self, now: Timestamp) -> f64 {
        let (Refill::Over(span) | Refill::At(span)) = self.refill;
        let young = self.taken.iter().filter(|(at, _)| now.since(*at) < span);
        young.map(|(_, amount)| float(*amount)).sum()
    }

    /// The time at which there is room for `amount`; `None` is now. More than the limit waits until it is full.
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
