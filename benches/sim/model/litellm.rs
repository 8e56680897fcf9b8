//! Models of LiteLLM's router (1.109.1) by its source: what it chooses by, its cooldown, its retries.

use std::collections::HashMap;

use super::policy::{Action, COUNT, LIMIT, Outcome, Policy, Seconds};

/// `num_retries`.
const RETRIES: u32 = 2;
/// Its cooldown.
const COOLDOWN: Seconds = 5.0;
/// Fewer requests in a clock minute than this cool nobody.
const MIN_REQUESTS: u32 = 5;
/// It ranks by the mean of this many latest latencies.
const KEPT: usize = 10;

/// What it chooses by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    /// `simple-shuffle` without weights.
    Shuffle,
    /// `least-busy`: the first of those with the fewest calls under way.
    LeastBusy,
    /// `latency-based-routing` on streams: the least mean time to the first token; unseen is 0,
    /// errors are not recorded, the list is forgotten an hour after it was last written.
    Latency { ttl: Seconds },
}

#[derive(Debug, Clone, Default)]
struct Seen {
    latencies: Vec<f64>,
    in_flight: u32,
    cooling_until: Seconds,
    minute: u64,
    requests: u32,
    failures: u32,
}

/// Its router; what it learns is shared by all requests.
pub struct LiteLlm {
    choice: Choice,
    seen: [Seen; COUNT],
    /// Attempts of requests under way.
    attempts: HashMap<usize, u32>,
    written: Seconds,
    rng: fastrand::Rng,
}

impl LiteLlm {
    pub fn new(choice: Choice, seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        Self { choice, seen: Default::default(), attempts: HashMap::new(), written: 0.0, rng }
    }

    fn choose(&mut self, healthy: &[usize], now: Seconds) -> usize {
        let mut best = healthy.to_vec();
        match self.choice {
            Choice::Shuffle => self.rng.shuffle(&mut best),
            Choice::LeastBusy => best.sort_by_key(|index| self.seen[*index].in_flight),
            Choice::Latency { ttl } => {
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
        }
        best[0]
    }

    /// More than half of at least five requests of a clock minute failed: five seconds of rest.
    fn count(&mut self, deployment: usize, failed: bool, now: Seconds) {
        let seen = &mut self.seen[deployment];
        let minute = (now / 60.0) as u64;
        if seen.minute != minute {
            (seen.minute, seen.requests, seen.failures) = (minute, 0, 0);
        }
        seen.requests += 1;
        seen.failures += u32::from(failed);
        if failed && seen.requests >= MIN_REQUESTS && 2 * seen.failures > seen.requests {
            seen.cooling_until = now + COOLDOWN;
        }
    }
}

impl Policy for LiteLlm {
    fn begin(&mut self, request: usize, _: Seconds) {
        self.attempts.insert(request, 0);
    }

    fn next(&mut self, request: usize, now: Seconds) -> Action {
        let healthy: Vec<usize> = (0..COUNT).filter(|index| self.seen[*index].cooling_until <= now).collect();
        let attempts = self.attempts.entry(request).or_default();
        if *attempts > RETRIES {
            return Action::GiveUp;
        }
        *attempts += 1;
        if healthy.is_empty() {
            // The attempt fails at once for lack of a deployment, and it sleeps before the next.
            return Action::Wait((0.5 * f64::from(1 << (*attempts - 1))).min(8.0));
        }
        let deployment = self.choose(&healthy, now);
        Action::Call { deployment, wait: 0.0, limit: LIMIT }
    }

    fn called(&mut self, _: usize, deployment: usize, _: Seconds) {
        self.seen[deployment].in_flight += 1;
    }

    fn ended(&mut self, _: usize, deployment: usize, outcome: Outcome, now: Seconds) {
        self.seen[deployment].in_flight -= 1;
        match outcome {
            Outcome::Answered { ttft, .. } => {
                self.count(deployment, false, now);
                let latencies = &mut self.seen[deployment].latencies;
                latencies.push(ttft);
                if latencies.len() > KEPT {
                    latencies.remove(0);
                }
                self.written = now;
            }
            Outcome::Refused { .. } | Outcome::Silent { .. } => self.count(deployment, true, now),
        }
    }

    fn done(&mut self, request: usize) {
        self.attempts.remove(&request);
    }
}
