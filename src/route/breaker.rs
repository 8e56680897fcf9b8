//! The circuit breaker of one deployment: closed, open until a time, half-open with a leased probe.
//!
//! A value: what opens and closes it are pure functions of what was seen and when. It is advice to
//! the [`course`](super::course), which may ignore it when every deployment is open.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Class, ConnectionFault, Timestamp};

/// Failures in a row that open it in dense use.
const CONSECUTIVE: u32 = 5;
/// Share of failures that opens it, once there are [`MIN_VOLUME`] calls.
const FAILURE_SHARE: f64 = 0.4;
/// Calls (decayed) below which a share means nothing.
const MIN_VOLUME: f64 = 10.0;
/// Half-life of the counts.
const HALF_LIFE: Duration = Duration::from_secs(30);
/// Use is sparse when nothing was seen for this long: then one failure is all the evidence there is.
const SPARSE: Duration = Duration::from_secs(60);
/// The window of `allowed_fails`.
const FAILS_WINDOW: Duration = Duration::from_secs(60);
/// First and longest cooldown of failures that waiting does not mend (key, money, name).
const LONG: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3600));
/// A server that asks for more than this is not believed.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// Cooldowns are spread by this share in both directions, so that processes do not probe in step.
const JITTER: f64 = 0.1;

/// What a group says about cooling down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The first cooldown; doubled after each failed probe.
    pub cooldown: Duration,
    /// The longest cooldown.
    pub cooldown_max: Duration,
    /// This many failures in a minute open it; `None` for the breaker's own rules.
    pub allowed_fails: Option<u32>,
}

/// How one attempt ended, as far as the breaker cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The deployment answered, if only to say that the request is wrong.
    Alive,
    /// It failed.
    Failed {
        /// How.
        class: Class,
        /// How long the server asked us to stay away.
        retry_after: Option<Duration>,
    },
}

/// What one breaker looks at besides the event itself.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The rules of the group through which it was called.
    pub rules: Rules,
    /// Another deployment that could answer is closed, so nothing is lost by opening this one early.
    pub another_closed: bool,
    /// The time.
    pub now: Timestamp,
    /// A draw between 0 and 1 that spreads the cooldown.
    pub luck: f64,
}

/// The breaker of one deployment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    gate: Gate,
    consecutive: u32,
    /// Successes and failures, decayed to `seen`.
    good: f64,
    bad: f64,
    seen: Option<Timestamp>,
    /// Times of the latest failures, for `allowed_fails`.
    fails: Vec<Timestamp>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Gate {
    #[default]
    Closed,
    /// Not to be asked before `until`, unless there is nobody else.
    Open { until: Timestamp, cooldown_ms: u64, class: String },
    /// One call is out to see whether it recovered. A lease, not a lock: a call that is dropped or
    /// killed cannot keep it shut.
    Probing { lease: Timestamp, cooldown_ms: u64, class: String },
}

/// Whether a deployment may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Yes.
    Closed,
    /// By one caller, which must win the lease first.
    HalfOpen,
    /// Not before this time.
    Open {
        /// When it turns half-open.
        until: Timestamp,
    },
}

impl Breaker {
    /// Where it stands at `now`; reading changes nothing.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        match self.gate {
            Gate::Closed => State::Closed,
            Gate::Open { until, cooldown_ms, .. } | Gate::Probing { lease: until, cooldown_ms, .. }
                if now < until && until.since(now) <= longest(cooldown_ms) =>
            {
                State::Open { until }
            }
            Gate::Open { .. } | Gate::Probing { .. } => State::HalfOpen,
        }
    }

    /// The class of failure that opened it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match &self.gate {
            Gate::Closed => None,
            Gate::Open { class, .. } | Gate::Probing { class, .. } => Some(class),
        }
    }

    /// Takes the lease of the half-open probe until `lease`; false when another caller holds it.
    pub fn claim_probe(&mut self, now: Timestamp, lease: Timestamp) -> bool {
        match self.state(now) {
            State::Closed => true,
            State::Open { .. } => false,
            State::HalfOpen => {
                let (cooldown_ms, class) = self.history();
                self.gate = Gate::Probing { lease, cooldown_ms, class };
                true
            }
        }
    }

    /// Learns from one attempt.
    pub fn observe(&mut self, seen: Seen, context: &Context) {
        let sparse = self.seen.is_none_or(|last| context.now.since(last) >= SPARSE);
        self.decay(context.now);
        match seen {
            Seen::Alive => {
                self.good += 1.0;
                self.consecutive = 0;
                self.fails.clear();
                self.gate = Gate::Closed;
            }
            Seen::Failed { class, retry_after } => {
                self.bad += 1.0;
                self.consecutive += 1;
                self.remember_failure(context);
                if let Some((first, max)) = self.opens(class, sparse, context) {
                    self.open(class, first, max, retry_after, context);
                }
            }
        }
    }

    /// Forgets everything: what `health --live` or a person proved is stronger than history.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Keeps as many times of failures as `allowed_fails` looks at.
    fn remember_failure(&mut self, context: &Context) {
        let kept = context.rules.allowed_fails.unwrap_or(0) as usize;
        self.fails.retain(|at| context.now.since(*at) < FAILS_WINDOW);
        self.fails.push(context.now);
        self.fails.drain(..self.fails.len().saturating_sub(kept));
    }

    /// The first and the longest cooldown, if this failure opens the breaker.
    fn opens(&self, class: Class, sparse: bool, context: &Context) -> Option<(Duration, Duration)> {
        let rules = &context.rules;
        let normal = (rules.cooldown, rules.cooldown_max);
        if let Gate::Open { .. } | Gate::Probing { .. } = self.gate {
            return Some(if is_long(class) { LONG } else { normal });
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

    fn open(&mut self, class: Class, first: Duration, max: Duration, floor: Option<Duration>, context: &Context) {
        let cooldown = match self.gate {
            Gate::Closed => first,
            // A probe that fails doubles; a late failure of a call that began before it opened does not.
            Gate::Open { until, cooldown_ms, .. } if context.now < until => Duration::from_millis(cooldown_ms),
            Gate::Open { cooldown_ms, .. } | Gate::Probing { cooldown_ms, .. } => {
                Duration::from_millis(cooldown_ms).max(first).saturating_mul(2)
            }
        }
        .min(max.max(first));
        let spread = 1.0 + JITTER * (2.0 * context.luck.clamp(0.0, 1.0) - 1.0);
        let wait = cooldown.mul_f64(spread).max(floor.unwrap_or_default().min(RETRY_AFTER_MAX));
        let until = match self.gate {
            Gate::Open { until, .. } => until.max(context.now.after(wait)),
            Gate::Closed | Gate::Probing { .. } => context.now.after(wait),
        };
        let cooldown_ms = u64::try_from(cooldown.as_millis()).unwrap_or(u64::MAX);
        self.gate = Gate::Open { until, cooldown_ms, class: class.as_str().to_owned() };
    }

    fn history(&self) -> (u64, String) {
        match &self.gate {
            Gate::Closed => (0, String::new()),
            Gate::Open { cooldown_ms, class, .. } | Gate::Probing { cooldown_ms, class, .. } => {
                (*cooldown_ms, class.clone())
            }
        }
    }

    fn decay(&mut self, now: Timestamp) {
        let age = self.seen.map_or(Duration::ZERO, |last| now.since(last));
        let factor = 0.5_f64.powf(age.as_secs_f64() / HALF_LIFE.as_secs_f64());
        self.good *= factor;
        self.bad *= factor;
        // A moment to come was written by a clock that stepped back since.
        self.seen = self.seen.filter(|seen| seen.since(now) < SPARSE).max(Some(now));
    }
}

/// What lies further ahead than this was written by a clock that stepped back since.
fn longest(cooldown_ms: u64) -> Duration {
    Duration::from_millis(cooldown_ms).max(RETRY_AFTER_MAX).mul_f64(1.0 + JITTER)
}

/// Whether waiting a little does not mend it: the key, the money or the name is wrong.
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
        | Class::InvalidOutput
        | Class::Budget => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules =
        Rules { cooldown: Duration::from_secs(120), cooldown_max: Duration::from_secs(1800), allowed_fails: None };

    /// Plays `script` (`second event`, one a line) on a breaker and tells where it stands after each.
    fn check(rules: Rules, another_closed: bool, script: &str) {
        let mut breaker = Breaker::default();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (event, want) = line.split_once("->").expect("a line is `second event -> state`");
            let (second, event) = event.trim().split_once(' ').expect("a line is `second event -> state`");
            let now = Timestamp((second.parse::<f64>().expect("a number") * 1000.0) as i64);
            let context = Context { rules, another_closed, now, luck: 0.5 };
            let failed = |class, retry_after| Seen::Failed { class, retry_after };
            match event.trim() {
                "ok" => breaker.observe(Seen::Alive, &context),
                "500" => breaker.observe(failed(Class::ServerError, None), &context),
                "503+300s" => breaker.observe(failed(Class::Overloaded, Some(Duration::from_secs(300))), &context),
                "refused" => breaker.observe(failed(Class::Connection(ConnectionFault::Refused), None), &context),
                "401" => breaker.observe(failed(Class::Authentication, None), &context),
                "look" => {}
                "probe" => assert!(breaker.claim_probe(now, now.after(Duration::from_secs(30))), "{line}"),
                "no-probe" => assert!(!breaker.claim_probe(now, now.after(Duration::from_secs(30))), "{line}"),
                other => panic!("unknown event {other}"),
            }
            let state = match breaker.state(now) {
                State::Closed => "closed".to_owned(),
                State::HalfOpen => "half-open".to_owned(),
                State::Open { until } => format!("open {}", until.since(now).as_secs()),
            };
            assert_eq!(state, want.trim(), "{line}");
        }
    }

    #[test]
    fn in_sparse_use_the_first_failure_opens_it_if_another_is_closed() {
        check(RULES, true, "0 500 -> open 120");
        check(RULES, false, "0 500 -> closed");
    }

    #[test]
    fn in_dense_use_one_failure_is_noise() {
        check(RULES, true, "0 ok -> closed\n 1 500 -> closed\n 2 ok -> closed\n 3 500 -> closed");
    }

    #[test]
    fn five_in_a_row_open_it() {
        check(
            RULES,
            false,
            "0 ok -> closed\n1 500 -> closed\n2 500 -> closed\n3 500 -> closed\n4 500 -> closed\n5 500 -> open 120",
        );
    }

    #[test]
    fn more_than_forty_percent_of_ten_open_it() {
        check(
            RULES,
            true,
            "0 ok -> closed\n0 ok -> closed\n0 ok -> closed\n0 ok -> closed\n0 ok -> closed\n0 500 -> closed
             0 ok -> closed\n0 500 -> closed\n0 500 -> closed\n0 500 -> closed\n0 500 -> open 120",
        );
    }

    #[test]
    fn old_failures_fade() {
        check(
            RULES,
            false,
            "0 500 -> closed\n0 500 -> closed\n0 500 -> closed\n0 500 -> closed\n300 ok -> closed\n301 500 -> closed",
        );
    }

    #[test]
    fn a_clock_that_stepped_back_by_much_keeps_nothing_shut() {
        check(RULES, false, "100000 refused -> open 120\n 0 look -> half-open\n 0 probe -> open 30\n 1 ok -> closed");
        check(RULES, false, "1000 refused -> open 120\n 0 look -> open 1120");
    }

    #[test]
    fn a_clock_that_stepped_back_leaves_no_old_counts() {
        let mut breaker = Breaker::default();
        let see = |breaker: &mut Breaker, seen, second: i64| {
            let context = Context { rules: RULES, another_closed: true, now: Timestamp(second * 1000), luck: 0.5 };
            breaker.observe(seen, &context);
        };
        see(&mut breaker, Seen::Alive, 100_000);
        see(&mut breaker, Seen::Alive, 0);
        see(&mut breaker, Seen::Failed { class: Class::ServerError, retry_after: None }, 300);
        assert!(matches!(breaker.state(Timestamp(300_000)), State::Open { .. }), "use was sparse: {breaker:?}");
    }

    #[test]
    fn a_refused_connection_opens_it_at_once() {
        check(RULES, false, "0 ok -> closed\n1 refused -> open 120");
    }

    #[test]
    fn a_wrong_key_cools_for_a_minute_doubling_to_an_hour() {
        check(
            RULES,
            false,
            "0 401 -> open 60\n60 look -> half-open\n60 probe -> open 30\n61 401 -> open 120\n181 probe -> open 30
             182 401 -> open 240\n10000 probe -> open 30\n10001 401 -> open 480\n20000 probe -> open 30
             20001 401 -> open 960\n30000 probe -> open 30\n30001 401 -> open 1920\n40000 probe -> open 30
             40001 401 -> open 3600\n50000 probe -> open 30\n50001 401 -> open 3600",
        );
    }

    #[test]
    fn exactly_one_probe_and_its_lease_expires() {
        check(RULES, true, "0 500 -> open 120\n120 probe -> open 30\n121 no-probe -> open 29\n150 probe -> open 30");
    }

    #[test]
    fn a_probe_that_answers_closes_it() {
        check(RULES, true, "0 500 -> open 120\n120 probe -> open 30\n121 ok -> closed\n122 500 -> closed");
    }

    #[test]
    fn a_late_failure_does_not_double_the_cooldown() {
        check(RULES, true, "0 500 -> open 120\n1 500 -> open 120\n2 500 -> open 120");
    }

    #[test]
    fn retry_after_is_a_floor() {
        check(RULES, true, "0 503+300s -> open 300");
    }

    #[test]
    fn allowed_fails_counts_failures_in_a_minute() {
        let rules = Rules { allowed_fails: Some(2), ..RULES };
        check(rules, true, "0 500 -> closed\n61 500 -> closed\n62 500 -> open 120");
    }

    #[test]
    fn a_clock_that_steps_back_keeps_it_usable() {
        check(RULES, true, "1000 500 -> open 120\n10 look -> open 1110\n10 no-probe -> open 1110");
    }

    #[test]
    fn jitter_stays_within_ten_percent() {
        for luck in [0.0, 0.25, 1.0] {
            let mut breaker = Breaker::default();
            let now = Timestamp(0);
            let seen = Seen::Failed { class: Class::ServerError, retry_after: None };
            breaker.observe(seen, &Context { rules: RULES, another_closed: true, now, luck });
            let State::Open { until } = breaker.state(now) else { panic!("not open") };
            assert!((108..=132).contains(&until.since(now).as_secs()), "{until:?}");
        }
    }
}
