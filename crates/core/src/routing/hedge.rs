//! Hedging: the delay of a second call, and its conditions.
//!
//! The idea is Dean and Barroso's, "The Tail at Scale" (2013): a copy sent after the 95th percentile
//! costs some percent more calls and cuts the tail. The budget has no floor, as Finagle's
//! `BackupRequestFilter` has none: where everything is slow, hedging makes it slower.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::breaker::BreakerState;
use super::estimate::{Prior, PromptLength};
use super::skew;
use super::snapshot::DeploymentState;
use crate::model::Timestamp;

/// A hedge does not start before this, whatever was predicted.
const FLOOR: Duration = Duration::from_millis(300);
/// The delay where nothing is known of the deployment's first token.
const UNKNOWN: Duration = Duration::from_secs(3);
/// The time after a 429 without hedging.
const SINCE_LIMITED: Duration = Duration::from_secs(60);

/// The wait for the first deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// This percentile (1 to 99) of its time to the first token.
    Percentile(u8),
    /// This long.
    Fixed(Duration),
}

impl Delay {
    /// The delay of a call whose first token is `predicted` within this time (at the configured
    /// percentile); `None` without measurements of the deployment.
    #[must_use]
    pub(crate) fn of(self, predicted: Option<Duration>) -> Duration {
        match self {
            Self::Fixed(delay) => delay,
            Self::Percentile(_) => predicted.unwrap_or(UNKNOWN).max(FLOOR),
        }
    }
}

impl Delay {
    /// The delay of a call with a prompt of `prompt_tokens` to the deployment with this state.
    #[must_use]
    pub fn before(self, deployment: &DeploymentState, prompt_tokens: u64, now: Timestamp) -> Duration {
        let estimate = deployment.estimates.ttft.read(PromptLength::of(prompt_tokens), &Prior::TTFT, now, None);
        let predicted =
            estimate.and_then(|estimate| Duration::try_from_secs_f64(estimate.next(&Prior::TTFT, self.sigmas())).ok());
        self.of(predicted)
    }

    /// The percentile as standard deviations of a normal variable (0 without one).
    ///
    /// Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.2.23: off by less than 0.00045.
    #[must_use]
    pub(crate) fn sigmas(self) -> f64 {
        let Self::Percentile(percentile) = self else { return 0.0 };
        let p = f64::from(percentile) / 100.0;
        let tail = p.min(1.0 - p);
        let t = (-2.0 * tail.ln()).sqrt();
        let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
        let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
        let sigmas = t - above / below;
        if p < 0.5 { -sigmas } else { sigmas }
    }
}

/// The reasons against a second call to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HedgeRefusal {
    /// Its breaker is not closed.
    NotClosed,
    /// A rate limit keeps it shut, or did within the last minute.
    Limited,
    /// There is a cap on the cost, and its price is not known.
    Unpriced,
    /// It would cost more than a hedge may.
    OverCost,
    /// The group made too many extra calls.
    OverBudget,
}

/// A candidate for the second call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HedgeCandidate<'a> {
    /// Its shared state.
    pub deployment: &'a DeploymentState,
    /// Its breaker state, including its host's.
    pub state: BreakerState,
    /// A limit or a gate keeps it shut.
    pub gated: bool,
    /// The estimated cost of the call, in USD.
    pub cost: Option<f64>,
}

/// The reason against a second call to `rival` at `now`, if there is one; `max_cost` is the most that it can
/// cost by estimate, in USD.
#[must_use]
pub(crate) fn refusal(
    max_cost: Option<f64>,
    rival: &HedgeCandidate<'_>,
    budget: &HedgeBudget,
    now: Timestamp,
) -> Option<HedgeRefusal> {
    let recent = |at: Timestamp| skew::age(now, at).is_some_and(|age| age < SINCE_LIMITED);
    if rival.state != BreakerState::Closed {
        Some(HedgeRefusal::NotClosed)
    } else if rival.gated || rival.deployment.limited.is_some_and(recent) {
        Some(HedgeRefusal::Limited)
    } else {
        match (max_cost, rival.cost) {
            (Some(_), None) => Some(HedgeRefusal::Unpriced),
            (Some(cap), Some(cost)) if cost > cap => Some(HedgeRefusal::OverCost),
            _ => (!budget.allows()).then_some(HedgeRefusal::OverBudget),
        }
    }
}

/// The extra calls that a group may make, shared by all processes: one for every twenty calls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HedgeBudget {
    calls: f64,
}

/// Extra calls earned by one call.
const SHARE: f64 = 0.05;
/// Extra calls that can be saved up.
const MOST: f64 = 5.0;

impl Default for HedgeBudget {
    /// The initial budget: one extra call.
    fn default() -> Self {
        Self { calls: 1.0 }
    }
}

impl HedgeBudget {
    /// Returns `true` if an extra call is left.
    #[must_use]
    pub fn allows(&self) -> bool {
        // Twenty times a twentieth is a little less than one in binary.
        self.calls >= 1.0 - 1e-9
    }

    /// Counts a call that was not extra.
    pub(crate) fn earn(&mut self) {
        self.calls = (self.calls + SHARE).min(MOST);
    }

    /// Takes an extra call, if one is left.
    pub fn spend(&mut self) -> bool {
        let allows = self.allows();
        if allows {
            self.calls = (self.calls - 1.0).max(0.0);
        }
        allows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn delay(delay: Delay, predicted: Option<u64>, want: u64) {
        assert_eq!(delay.of(predicted.map(Duration::from_millis)), Duration::from_millis(want), "{delay:?}");
    }

    fn check(
        max_cost: Option<f64>,
        cost: Option<f64>,
        change: impl FnOnce(&mut DeploymentState),
        want: Option<HedgeRefusal>,
    ) {
        let mut deployment = DeploymentState::default();
        change(&mut deployment);
        let gated = deployment.gated(NOW).is_some();
        let rival = HedgeCandidate { state: deployment.breaker.state(NOW), gated, deployment: &deployment, cost };
        assert_eq!(refusal(max_cost, &rival, &HedgeBudget::default(), NOW), want);
    }

    #[test]
    fn a_prediction_is_waited_for_and_at_least_the_floor() {
        delay(Delay::Percentile(95), Some(1900), 1900);
        delay(Delay::Percentile(95), Some(20), 300);
    }

    #[test]
    fn what_is_not_known_is_waited_for_three_seconds() {
        delay(Delay::Percentile(50), None, 3000);
    }

    #[test]
    fn what_is_written_holds() {
        delay(Delay::Fixed(Duration::from_millis(10)), Some(5000), 10);
    }

    #[test]
    fn a_percentile_is_so_many_sigmas() {
        for (percentile, want) in [(50, 0.0), (95, 1.6449), (5, -1.6449), (99, 2.3263)] {
            let got = Delay::Percentile(percentile).sigmas();
            assert!((got - want).abs() < 5e-4, "p{percentile}: {got}");
        }
    }

    #[test]
    fn a_closed_one_may_be_asked() {
        check(None, None, |_| {}, None);
    }

    #[test]
    fn one_that_is_gated_may_not() {
        check(None, None, |deployment| deployment.gate = Some(Timestamp(1_000_500)), Some(HedgeRefusal::Limited));
    }

    #[test]
    fn one_that_was_limited_within_a_minute_may_not() {
        check(None, None, |deployment| deployment.limited = Some(Timestamp(940_001)), Some(HedgeRefusal::Limited));
        check(None, None, |deployment| deployment.limited = Some(Timestamp(940_000)), None);
    }

    #[test]
    fn a_cap_needs_a_price_below_it() {
        check(Some(0.01), None, |_| {}, Some(HedgeRefusal::Unpriced));
        check(Some(0.01), Some(0.02), |_| {}, Some(HedgeRefusal::OverCost));
        check(Some(0.01), Some(0.01), |_| {}, None);
    }

    #[test]
    fn the_first_is_free_and_then_one_in_twenty() {
        let mut budget = HedgeBudget::default();
        assert!(budget.spend());
        (0..19).for_each(|_| budget.earn());
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend());
    }

    #[test]
    fn not_more_than_five_are_saved_up() {
        let mut budget = HedgeBudget::default();
        (0..1000).for_each(|_| budget.earn());
        assert_eq!((0..10).filter(|_| budget.spend()).count(), 5);
    }
}
