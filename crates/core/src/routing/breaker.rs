//! The circuit breaker of one deployment: closed, open until a time, half-open with a leased probe.
//!
//! A value: what opens and closes it are pure functions of what was seen and when. It is advice to
//! the [`failover`](super::failover), which may ignore it when every deployment is open.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::skew;
use crate::model::{Class, ConnectionFault, Timestamp};

/// Failures in a row that open it in dense use.
const CONSECUTIVE: u32 = 5;
/// Share of failures that opens it, once there are [`MIN_VOLUME`] calls.
const FAILURE_SHARE: f64 = 0.4;
/// The (decayed) number of calls from which a failure share is meaningful.
const MIN_VOLUME: f64 = 10.0;
/// Half-life of the counts.
const HALF_LIFE: Duration = Duration::from_secs(30);
/// Use is sparse when nothing was seen for this long: then one failure is all the evidence there is.
const SPARSE: Duration = Duration::from_secs(60);
/// The window of `allowed_fails`.
const FAILS_WINDOW: Duration = Duration::from_secs(60);
/// First and longest cooldown of failures that waiting does not mend (key, money, name).
const LONG: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3600));
/// The longest credible wait.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// A lease of a probe that ends later than this was written by a clock that ran ahead.
const LEASE_MAX: Duration = Duration::from_secs(600);
/// After a recovery the full share of the traffic comes back over this time …
const SLOW_START: Duration = Duration::from_secs(15);
/// … or with this many answers, whichever is first.
const SLOW_CALLS: u32 = 5;
/// The share that a deployment has at least while it comes back.
const SLOW_FLOOR: f64 = 0.1;
/// Cooldowns are spread by this share in both directions, so that processes do not probe in step.
const JITTER: f64 = 0.1;

/// The cooldown settings of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// The first cooldown; doubled after each failed probe.
    pub cooldown: Duration,
    /// The longest cooldown.
    pub cooldown_max: Duration,
    /// This many failures in a minute open it; `None` for the breaker's own rules.
    pub allowed_fails: Option<u32>,
    /// The same for the class of this very failure (`allowed_fails_policy`); it goes before every
    /// other rule.
    pub allowed_of_class: Option<u32>,
    /// The number of failures that must be remembered for these settings.
    pub remembered: u32,
}

/// The result of an attempt for the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerEvent {
    /// The deployment answered, even if it refused the request.
    Alive,
    /// It failed.
    Failed {
        /// The failure class.
        class: Class,
        /// The wait that the server requested.
        retry_after: Option<Duration>,
    },
}

/// The context of an event.
#[derive(Debug, Clone, Copy)]
pub struct BreakerContext {
    /// The rules of the group through which it was called.
    pub rules: BreakerPolicy,
    /// Another deployment that could answer is closed, so nothing is lost by opening this one early.
    pub another_closed: bool,
    /// The time.
    pub now: Timestamp,
    /// A draw between 0 and 1 that spreads the cooldown.
    pub jitter: f64,
}

/// The breaker of one deployment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    gate: Phase,
    consecutive: u32,
    /// Successes and failures, decayed to `seen`.
    good: f64,
    bad: f64,
    seen: Option<Timestamp>,
    /// Times of the latest failures, for `allowed_fails`.
    fails: Vec<Timestamp>,
    /// It answered after it had been open: it comes back slowly.
    #[serde(rename = "comeback", skip_serializing_if = "Option::is_none")]
    recovery: Option<Recovery>,
}

/// A recovery under way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Recovery {
    /// The time of its first answer.
    since: Timestamp,
    /// Answers since then.
    calls: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    #[default]
    Closed,
    /// Excluded before `until`, unless no other deployment is left.
    Open {
        until: Timestamp,
        cooldown_ms: u64,
        class: String,
        /// The time at which it opened; states of older versions lack it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// One call is out to see whether it recovered. A lease, not a lock: a call that is dropped or
    /// killed cannot keep it shut.
    Probing { lease: Timestamp, cooldown_ms: u64, class: String },
}

/// The state of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Yes.
    Closed,
    /// By one caller, which must win the lease first.
    HalfOpen,
    /// Not before this time.
    Open {
        /// The time at which it turns half-open.
        until: Timestamp,
    },
}

impl Breaker {
    /// The state at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> BreakerState {
        match self.gate {
            Phase::Closed => BreakerState::Closed,
            // Opened in what is now the future: the clock was set back, and how much of the cooldown
            // is left is unknown. One caller may find out.
            Phase::Open { at: Some(at), .. } if skew::age(now, at).is_none() => BreakerState::HalfOpen,
            Phase::Probing { lease, .. } if lease.since(now) > LEASE_MAX => BreakerState::HalfOpen,
            Phase::Open { until, cooldown_ms, .. } | Phase::Probing { lease: until, cooldown_ms, .. }
                if now < until && until.since(now) <= longest(cooldown_ms) =>
            {
                BreakerState::Open { until }
            }
            Phase::Open { .. } | Phase::Probing { .. } => BreakerState::HalfOpen,
        }
    }

    /// The class of failure that opened it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match &self.gate {
            Phase::Closed => None,
            Phase::Open { class, .. } | Phase::Probing { class, .. } => Some(class),
        }
    }

    /// The share of its usual traffic that it should get at `now`, in (0, 1]: after a recovery it
    /// grows over 15 s or five answers.
    #[must_use]
    pub(crate) fn ramp(&self, now: Timestamp) -> f64 {
        let Some(Recovery { since, calls }) = self.recovery else { return 1.0 };
        let Some(age) = skew::age(now, since) else { return 1.0 };
        let by_time = age.as_secs_f64() / SLOW_START.as_secs_f64();
        let by_calls = f64::from(calls) / f64::from(SLOW_CALLS);
        by_time.max(by_calls).clamp(SLOW_FLOOR, 1.0)
    }

    /// Takes the lease of the half-open probe until `lease`; false when another caller holds it.
    pub fn claim_probe(&mut self, now: Timestamp, lease: Timestamp) -> bool {
        match self.state(now) {
            BreakerState::Closed => true,
            BreakerState::Open { .. } => false,
            BreakerState::HalfOpen => {
                let (cooldown_ms, class) = self.history();
                self.gate = Phase::Probing { lease, cooldown_ms, class };
                true
            }
        }
    }

    /// Extends the running probe: no other process probes until `lease`.
    pub fn extend_probe(&mut self, now: Timestamp, lease: Timestamp) {
        if let Phase::Probing { lease: until, .. } = &mut self.gate
            && now < *until
        {
            *until = lease.max(*until);
        }
    }

    /// Learns from one attempt.
    pub fn observe(&mut self, seen: BreakerEvent, context: &BreakerContext) {
        let sparse = self.seen.is_none_or(|last| skew::age(context.now, last).is_none_or(|age| age >= SPARSE));
        self.decay(context.now);
        match seen {
            BreakerEvent::Alive => {
                self.good += 1.0;
                self.consecutive = 0;
                // Failures of the last minute count until it is over, or until it has recovered.
                if self.gate != Phase::Closed {
                    self.fails.clear();
                }
                self.recovery = match (&self.gate, self.recovery) {
                    (Phase::Open { .. } | Phase::Probing { .. }, _) => Some(Recovery { since: context.now, calls: 0 }),
                    (Phase::Closed, Some(back)) => Some(Recovery { calls: back.calls + 1, ..back }),
                    (Phase::Closed, None) => None,
                };
                self.gate = Phase::Closed;
                if self.ramp(context.now) >= 1.0 {
                    self.recovery = None;
                }
            }
            BreakerEvent::Failed { class, retry_after } => {
                self.bad += 1.0;
                self.consecutive += 1;
                self.remember_failure(context);
                if let Some((first, max)) = self.opens(class, sparse, context) {
                    self.open(class, first, max, retry_after, context);
                }
            }
        }
    }

    /// Keeps as many times of failures as `allowed_fails` looks at.
    fn remember_failure(&mut self, context: &BreakerContext) {
        let kept = context.rules.remembered as usize;
        self.fails.retain(|at| skew::age(context.now, *at).is_some_and(|age| age < FAILS_WINDOW));
        self.fails.push(context.now);
        self.fails.drain(..self.fails.len().saturating_sub(kept));
    }

    /// The first and the longest cooldown, if this failure opens the breaker.
    fn opens(&self, class: Class, sparse: bool, context: &BreakerContext) -> Option<(Duration, Duration)> {
        let rules = &context.rules;
        // `cooldown_time = 0`: the breaker never opens.
        if rules.cooldown.is_zero() {
            return None;
        }
        let normal = (rules.cooldown, rules.cooldown_max);
        let spans = if is_long(class) { LONG } else { normal };
        if let Phase::Open { .. } | Phase::Probing { .. } = self.gate {
            return Some(spans);
        }
        if let Some(allowed) = rules.allowed_of_class {
            return (self.fails.len() >= allowed as usize).then_some(spans);
        }
        match class {
            class if is_long(class) => Some(LONG),
            Class::Connection(ConnectionFault::Refused | ConnectionFault::Dns) => Some(normal),
            _ => {
                let many = match rules.allowed_fails {
                    Some(allowed) => self.fails.len() >= allowed as usize,
                    None => {
                        self.consecutive >= CONSECUTIVE
                            || (self.good + self.bad >= MIN_VOLUME && self.bad > FAILURE_SHARE * (self.good + self.bad))
                            || (sparse && context.another_closed)
                    }
                };
                many.then_some(normal)
            }
        }
    }

    fn open(
        &mut self,
        class: Class,
        first: Duration,
        max: Duration,
        floor: Option<Duration>,
        context: &BreakerContext,
    ) {
        let cooldown = match self.gate {
            Phase::Closed => first,
            // A probe that fails doubles; a late failure of a call that began before it opened does not.
            Phase::Open { until, cooldown_ms, .. } if context.now < until => Duration::from_millis(cooldown_ms),
            Phase::Open { cooldown_ms, .. } | Phase::Probing { cooldown_ms, .. } => {
                Duration::from_millis(cooldown_ms).max(first).saturating_mul(2)
            }
        }
        .min(max.max(first));
        let spread = 1.0 + JITTER * (2.0 * context.jitter.clamp(0.0, 1.0) - 1.0);
        let wait = cooldown.mul_f64(spread).max(floor.unwrap_or_default().min(RETRY_AFTER_MAX));
        let until = match self.gate {
            // A later failure does not shorten it, unless the clock was set back meanwhile.
            Phase::Open { until, at, .. } if at.is_none_or(|at| skew::age(context.now, at).is_some()) => {
                until.max(context.now.after(wait))
            }
            Phase::Open { .. } | Phase::Closed | Phase::Probing { .. } => context.now.after(wait),
        };
        let cooldown_ms = u64::try_from(cooldown.as_millis()).unwrap_or(u64::MAX);
        self.gate = Phase::Open { until, cooldown_ms, class: class.as_str().to_owned(), at: Some(context.now) };
        self.recovery = None;
    }

    fn history(&self) -> (u64, String) {
        match &self.gate {
            Phase::Closed => (0, String::new()),
            Phase::Open { cooldown_ms, class, .. } | Phase::Probing { cooldown_ms, class, .. } => {
                (*cooldown_ms, class.clone())
            }
        }
    }

    fn decay(&mut self, now: Timestamp) {
        let seen = self.seen.filter(|last| skew::age(now, *last).is_some());
        let age = seen.map_or(Duration::ZERO, |last| now.since(last));
        let factor = 0.5_f64.powf(age.as_secs_f64() / HALF_LIFE.as_secs_f64());
        self.good *= factor;
        self.bad *= factor;
        self.seen = seen.max(Some(now));
    }
}

/// A time further ahead than this was written before the clock was set back.
fn longest(cooldown_ms: u64) -> Duration {
    Duration::from_millis(cooldown_ms).max(RETRY_AFTER_MAX).mul_f64(1.0 + JITTER)
}

/// Returns `true` if a short wait does not help: the key, the budget or the name is wrong.
fn is_long(class: Class) -> bool {
    match class {
        Class::Authentication | Class::Permission | Class::NotFound | Class::Quota => true,
        Class::BadRequest
        | Class::Unsupported
        | Class::ContextWindow
        | Class::ContentPolicy
        | Class::RateLimit
        | Class::Overloaded
        | Class::ServerError
        | Class::Timeout(_)
        | Class::Connection(_)
        | Class::Malformed
        | Class::Truncated
        | Class::InvalidOutput(_)
        | Class::Budget => false,
    }
}

#[cfg(test)]
mod tests;
