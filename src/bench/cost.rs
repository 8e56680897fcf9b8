//! What a run may cost: an estimate before it, and a purse that cannot be overdrawn while it goes on.

use super::plan::{Load, Plan, Stop};
use crate::model::{Price, Usage};

/// Until a server has counted a prompt of ours, it may have more tokens than estimated by this factor.
const MARGIN: f64 = 1.3;
/// Less than any price of a call: additions of binary fractions do not cost anybody a call.
const DUST: f64 = 1e-12;

/// The most that one call can cost, USD: all of the prompt uncached, all of `max_tokens` used.
#[must_use]
pub fn most(price: &Price, prompt_tokens: u64, max_tokens: u64) -> f64 {
    price.cost(&Usage { input: prompt_tokens, output: max_tokens, ..Usage::default() })
}

/// What a plan may cost at one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Estimate {
    /// At most this, USD.
    AtMost(f64),
    /// This for every round, when only time ends the run.
    PerRound(f64),
    /// The price is not known.
    Unknown,
}

/// What `plan` may cost at each of its targets.
#[must_use]
pub fn estimate(plan: &Plan) -> Vec<Estimate> {
    let rounds = match plan.load {
        Load::Rounds { stop: Stop::Rounds(rounds), .. } | Load::Arrivals { stop: Stop::Rounds(rounds), .. } => {
            Some(f64::from(rounds))
        }
        Load::Arrivals { stop: Stop::After(span), rate, .. } => Some((span.as_secs_f64() * rate).ceil()),
        Load::Rounds { stop: Stop::After(_), .. } => None,
    };
    let of = |price: &Price| {
        let call = most(price, plan.prompt_tokens, plan.max_tokens);
        rounds.map_or(Estimate::PerRound(call), |rounds| Estimate::AtMost(rounds * call))
    };
    plan.targets.iter().map(|target| target.price.as_ref().map_or(Estimate::Unknown, of)).collect()
}

/// Money for a run: a call is begun only if the most that it can cost is left.
#[derive(Debug, Clone)]
pub struct Purse {
    cap: Option<f64>,
    spent: f64,
    held: f64,
    /// For each target, tokens that its server counted for each that we estimated.
    ratios: Vec<Option<f64>>,
}

impl Purse {
    /// A purse for `targets` targets that holds `cap` USD, or as much as it takes.
    #[must_use]
    pub fn new(targets: usize, cap: Option<f64>) -> Self {
        Self { cap, spent: 0.0, held: 0.0, ratios: vec![None; targets] }
    }

    /// Takes out the most that a call can cost; `None` when that much is not left. A target without a
    /// price costs nothing here: whoever lets it run has been told.
    #[must_use]
    pub fn hold(&mut self, target: usize, plan: &Plan) -> Option<f64> {
        let ratio = self.ratios.get(target).copied().flatten().unwrap_or(MARGIN);
        let tokens = (plan.prompt_tokens as f64 * ratio).ceil() as u64;
        let price = plan.targets.get(target).and_then(|target| target.price);
        let most = price.map_or(0.0, |price| most(&price, tokens, plan.max_tokens));
        if self.cap.is_some_and(|cap| self.spent + self.held + most > cap + DUST) {
            return None;
        }
        self.held += most;
        Some(most)
    }

    /// Puts back what was `held` for a call, less what it cost; a call that nobody can price may have
    /// cost what it held.
    pub fn settle(&mut self, held: f64, cost: f64) {
        self.held = (self.held - held).max(0.0);
        self.spent += cost;
    }

    /// A server of `target` counted `counted` tokens in a prompt that was estimated at `estimated`.
    pub fn counted(&mut self, target: usize, counted: u64, estimated: u64) {
        if let Some(ratio) = self.ratios.get_mut(target).filter(|_| counted > 0 && estimated > 0) {
            let seen = counted as f64 / estimated as f64;
            *ratio = Some(ratio.map_or(seen, |known| known.max(seen)));
        }
    }

    /// What was spent, USD.
    #[must_use]
    pub fn spent(&self) -> f64 {
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::plan::{Slo, Target};
    use super::*;

    fn plan(price: Option<Price>) -> Plan {
        let target = Target { name: "a".to_owned(), model: "m".to_owned(), price, host: "h".to_owned() };
        let load = Load::Rounds { stop: Stop::Rounds(40), in_flight: 1 };
        Plan { targets: vec![target], load, max_tokens: 100, prompt_tokens: 10, slo: Slo::default(), seed: 1 }
    }

    #[test]
    fn a_run_is_estimated_by_the_most_that_it_can_cost() {
        assert_eq!(estimate(&plan(Some(Price::flat(0.5, 0.25)))), [Estimate::AtMost(40.0 * 30.0)]);
        assert_eq!(estimate(&plan(Some(Price::flat(0.0, 0.0)))), [Estimate::AtMost(0.0)]);
        assert_eq!(estimate(&plan(None)), [Estimate::Unknown]);
        let mut timed = plan(Some(Price::flat(0.5, 0.25)));
        timed.load = Load::Rounds { stop: Stop::After(std::time::Duration::from_secs(60)), in_flight: 1 };
        assert_eq!(estimate(&timed), [Estimate::PerRound(30.0)]);
    }

    #[test]
    fn the_first_call_has_a_margin_and_later_ones_know_better() {
        let plan = plan(Some(Price::flat(1.0, 0.0)));
        let mut purse = Purse::new(1, Some(24.0));
        assert_eq!(purse.hold(0, &plan), Some(13.0));
        // What is in flight is not there for a second call.
        assert_eq!(purse.hold(0, &plan), None);
        purse.settle(13.0, 12.0);
        purse.counted(0, 12, 10);
        assert_eq!(purse.hold(0, &plan), Some(12.0));
        purse.settle(12.0, 12.0);
        assert_eq!(purse.hold(0, &plan), None);
        assert!((purse.spent() - 24.0).abs() < 1e-9);
    }

    #[test]
    fn without_a_cap_everything_goes() {
        assert_eq!(Purse::new(1, None).hold(0, &plan(Some(Price::flat(1e9, 1e9)))), Some(1.3e10 + 1e11));
        assert_eq!(Purse::new(1, Some(0.0)).hold(0, &plan(None)), Some(0.0));
    }

    proptest! {
        #[test]
        fn a_purse_is_never_overdrawn(cap in 0.0..5.0_f64, shares in prop::collection::vec((0.0..1.0_f64, any::<bool>()), 0..60)) {
            let plan = plan(Some(Price::flat(0.01, 0.002)));
            let mut purse = Purse::new(1, Some(cap));
            let mut flying = Vec::new();
            for (share, lands) in shares {
                flying.extend(purse.hold(0, &plan).map(|held| (held, share)));
                if lands && let Some((held, share)) = flying.pop() {
                    purse.settle(held, held * share);
                }
            }
            // Even when all that flies costs all that it can.
            let most = purse.spent() + flying.iter().map(|(held, _)| held).sum::<f64>();
            prop_assert!(most <= cap + 1e-9);
        }
    }
}
