//! Models of LiteLLM's router (1.109.1) by its source: what it chooses by, its cooldown, its retries.

use std::collections::HashMap;

use super::policy::{Action, Begin, COUNT, LIMIT, Outcome, Policy, Seconds};

/// `num_retries`.
const RETRIES: u32 = 2;
/// Its cooldown.
const COOLDOWN: Seconds = 5.0;
/// The fewest requests in a clock minute that can start a cooldown.
const MIN_REQUESTS: u32 = 5;
/// It ranks by the mean of this many latest latencies.
const KEPT: usize = 10;
/// The longest of its own waits, and the longest that it obeys.
const WAIT_MAX: Seconds = 8.0;
const RETRY_AFTER_MAX: u64 = 60;

/// The measure by which it chooses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    /// `simple-shuffle`: by `rpm` if that is set, else alike.
    Shuffle,
    /// `least-busy`: the first of those with the fewest calls under way.
    LeastBusy,
    /// `latency-based-routing` on streams: the least mean time to the first token; unseen is 0,
    /// errors are not recorded, the list is forgotten an hour after it was last written.
    Latency { ttl: Seconds },
    /// `usage-based-routing-v2`: the fewest tokens in this clock minute.
    Usage,
}

/// Its configuration.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub choice: Choice,
    pub retries: u32,
    /// The `rpm` of each, where limits are set.
    pub rpm: Option<[u64; COUNT]>,
    /// Waits when no deployment is left, as long as for a single one. LiteLLM does not.
    pub waits: bool,
}

impl From<Choice> for Setup {
    fn from(choice: Choice) -> Self {
        Self { choice, retries: RETRIES, rpm: None, waits: false }
    }
}

#[derive(Debug, Clone, Default)]
struct Seen {
    latencies: Vec<f64>,
    in_flight: u32,
    cooling_until: Seconds,
    /// The clock minute of the counts below.
    minute: u64,
    requests: u32,
    failures: u32,
    begun: u64,
    tokens: u64,
}

/// Its router; what it learns is shared by all requests.
pub struct LiteLlm {
    setup: Setup,
    seen: [Seen; COUNT],
    /// Attempts of requests under way, and what the last 429 of each asked for.
    under_way: HashMap<usize, (u32, Option<u64>)>,
    written: Seconds,
    rng: fastrand::Rng,
}

impl LiteLlm {
    pub fn new(setup: impl Into<Setup>, seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        Self { setup: setup.into(), seen: Default::default(), under_way: HashMap::new(), written: 0.0, rng }
    }

    fn choose(&mut self, healthy: &[usize], now: Seconds) -> Option<usize> {
        let mut best = healthy.to_vec();
        let rpm = self.setup.rpm;
        match self.setup.choice {
            Choice::Shuffle => return self.draw(healthy),
            Choice::LeastBusy => best.sort_by_key(|index| self.seen[*index].in_flight),
            Choice::Latency { ttl } => {
                // One more than it answered in this minute must not be more than its limit.
                best.retain(|index| {
                    let seen = &self.seen[*index];
                    rpm.is_none_or(|rpm| u64::from(seen.requests - seen.failures) < rpm[*index])
                });
                if now - self.written >= ttl {
                    self.seen.iter_mut().for_each(|seen| seen.latencies.clear());
                }
                let mean = |index: &usize| {
                    let latencies = &self.seen[*index].latencies;
                    latencies.iter().sum::<f64>() / latencies.len().max(1) as f64
                };
                self.rng.shuffle(&mut best);
                best.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
            }
            Choice::Usage => {
                // One less than the limit: `rpm + 1 >= limit` is full (#33032).
                best.retain(|index| rpm.is_none_or(|rpm| self.seen[*index].begun + 1 < rpm[*index]));
                self.rng.shuffle(&mut best);
                best.sort_by_key(|index| self.seen[*index].tokens);
            }
        }
        best.first().copied()
    }

    /// One draw in proportion to `rpm`.
    fn draw(&mut self, healthy: &[usize]) -> Option<usize> {
        let shares = self.setup.rpm.unwrap_or([1; COUNT]);
        let total = healthy.iter().map(|index| shares[*index]).sum::<u64>();
        let mut left = self.rng.u64(..total.max(1));
        healthy.iter().copied().find(|index| {
            let here = left < shares[*index];
            left = left.saturating_sub(shares[*index]);
            here
        })
    }

    /// Counts belong to a clock minute.
    fn turn_minute(&mut self, now: Seconds) {
        let minute = (now / 60.0) as u64;
        for seen in self.seen.iter_mut().filter(|seen| seen.minute != minute) {
            (seen.minute, seen.requests, seen.failures, seen.begun, seen.tokens) = (minute, 0, 0, 0, 0);
        }
    }

    /// More than half of at least five requests of a clock minute failed: five seconds of rest.
    fn count(&mut self, deployment: usize, failed: bool, now: Seconds) {
        let seen = &mut self.seen[deployment];
        seen.requests += 1;
        seen.failures += u32::from(failed);
        if failed && seen.requests >= MIN_REQUESTS && 2 * seen.failures > seen.requests {
            seen.cool(COOLDOWN, now);
        }
    }
}

impl Seen {
    /// Cooled again, it keeps the end it has (#40130).
    fn cool(&mut self, seconds: Seconds, now: Seconds) {
        if self.cooling_until <= now {
            self.cooling_until = now + seconds;
        }
    }
}

impl Policy for LiteLlm {
    fn begin(&mut self, request: usize, _: Seconds) {
        self.under_way.insert(request, (0, None));
    }

    fn next(&mut self, request: usize, now: Seconds) -> Action {
        self.turn_minute(now);
        let (attempts, asked) = self.under_way.get(&request).copied().unwrap_or_default();
        if attempts > self.setup.retries {
            return Action::GiveUp;
        }
        self.under_way.insert(request, (attempts + 1, None));
        let healthy: Vec<usize> = (0..COUNT).filter(|index| self.seen[*index].cooling_until <= now).collect();
        if let Some(deployment) = self.choose(&healthy, now) {
            // While anybody is healthy it does not wait, whatever was asked for.
            return Action::Call { deployment, wait: 0.0, limit: LIMIT };
        }
        if !self.setup.waits {
            // No deployment is healthy: no further attempt. If all are over their counted limits, further
            // attempts find the same at once.
            return Action::GiveUp;
        }
        let asked = asked.filter(|seconds| *seconds <= RETRY_AFTER_MAX).map(|seconds| seconds as f64);
        let backoff = (0.5 * f64::from(1 << attempts.min(5))).min(WAIT_MAX);
        Action::Wait(asked.unwrap_or(backoff) + 0.75 * self.rng.f64())
    }

    fn begins(&mut self, _: usize, deployment: usize, _: Seconds) -> Begin {
        let seen = &mut self.seen[deployment];
        seen.in_flight += 1;
        seen.begun += 1;
        Begin::Now
    }

    fn ended(&mut self, request: usize, deployment: usize, outcome: Outcome, now: Seconds) {
        self.turn_minute(now);
        self.seen[deployment].in_flight -= 1;
        match outcome {
            Outcome::Answered { ttft, tokens, .. } => {
                self.count(deployment, false, now);
                let seen = &mut self.seen[deployment];
                seen.tokens += tokens;
                seen.latencies.push(ttft);
                if seen.latencies.len() > KEPT {
                    seen.latencies.remove(0);
                }
                self.written = now;
            }
            Outcome::Limited { retry_after } => {
                self.count(deployment, true, now);
                // One of several is cooled by its first 429, for as long as that asks.
                self.seen[deployment].cool(retry_after as f64, now);
                if let Some((_, asked)) = self.under_way.get_mut(&request) {
                    *asked = Some(retry_after);
                }
            }
            Outcome::Refused { .. } | Outcome::Silent { .. } => self.count(deployment, true, now),
        }
    }

    fn done(&mut self, request: usize) {
        self.under_way.remove(&request);
    }
}
