//! The cost of a run: an estimate before it, and a cap that calls in flight cannot exceed.

use super::load_generator;
use super::plan::{Load, Plan, Stop, Target};
use super::sample::{Sample, TokenUsage};
use llmroute_core::model::{Price, Usage};

/// Factor by which a server may count more prompt tokens than estimated, until its first count is known.
const FIRST_CALL_MARGIN: f64 = 1.3;
/// Prompts count as similar in length if the shortest has at least this share of the longest.
const SIMILAR_LENGTH: f64 = 0.9;
/// Tolerance for floating-point rounding when costs are added up, USD.
const ROUNDING: f64 = 1e-12;

/// The most that one call can cost, USD: the whole prompt uncached and all of `max_tokens` used.
#[must_use]
pub(crate) fn max_call_cost(price: &Price, prompt_tokens: u64, max_tokens: u64) -> f64 {
    price.cost(&Usage { input: prompt_tokens, output: max_tokens, ..Usage::default() })
}

/// The cost of a plan at one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CostEstimate {
    /// At most this much, USD.
    AtMost(f64),
    /// This much per round, USD, because only time ends the run.
    PerRound(f64),
    /// The price is unknown.
    Unknown,
}

/// Estimates the cost of `plan` at each of its targets.
#[must_use]
pub fn estimate(plan: &Plan) -> Vec<CostEstimate> {
    let rounds = match plan.load {
        Load::Rounds { stop: Stop::Rounds(rounds), .. } | Load::Arrivals { stop: Stop::Rounds(rounds), .. } => {
            Some(f64::from(rounds))
        }
        Load::Arrivals { stop: Stop::After(span), rate, .. } => Some((span.as_secs_f64() * rate).ceil()),
        Load::Rounds { stop: Stop::After(_), .. } => None,
    };
    let of = |price: &Price| {
        let call = max_call_cost(price, plan.prompt_tokens, plan.max_tokens);
        rounds.map_or(CostEstimate::PerRound(call), |rounds| CostEstimate::AtMost(rounds * call))
    };
    plan.targets.iter().map(|target| target.price.as_ref().map_or(CostEstimate::Unknown, of)).collect()
}

/// A cap on the cost of a run. A call starts only if its highest possible cost still fits, so calls in flight
/// cannot exceed the cap.
#[derive(Debug, Clone)]
pub struct CostCap {
    cap: Option<f64>,
    spent: f64,
    /// Tokens of the longest prompt.
    prompt_tokens: u64,
    /// All prompts have about the same length, so one count calibrates the estimate of the others.
    similar_lengths: bool,
    max_tokens: u64,
    targets: Vec<TargetSpend>,
}

/// Spending at one target.
#[derive(Debug, Clone, Default)]
struct TargetSpend {
    price: Option<Price>,
    /// The amount reserved for each call in flight, USD.
    reserved: Vec<f64>,
    /// The highest ratio of counted to estimated prompt tokens.
    ratio: Option<f64>,
}

impl CostCap {
    /// Creates the cap of `plan`: `cap` USD, or no limit. The shortest prompt of the plan has `min_prompt_tokens`
    /// tokens.
    #[must_use]
    pub fn new(plan: &Plan, min_prompt_tokens: u64, cap: Option<f64>) -> Self {
        let spend = |target: &Target| TargetSpend { price: target.price, ..TargetSpend::default() };
        let targets = plan.targets.iter().map(spend).collect();
        let similar_lengths = min_prompt_tokens as f64 >= SIMILAR_LENGTH * plan.prompt_tokens as f64;
        Self {
            cap,
            spent: 0.0,
            prompt_tokens: plan.prompt_tokens,
            similar_lengths,
            max_tokens: plan.max_tokens,
            targets,
        }
    }

    /// The amount spent so far, USD, where prices are known.
    #[must_use]
    pub fn spent(&self) -> f64 {
        self.spent
    }

    fn reserved(&self) -> f64 {
        self.targets.iter().flat_map(|spend| &spend.reserved).sum()
    }

    /// Reserves the highest possible cost of a call to `target`; returns `false` if the cap has no room for it. A
    /// target without a price reserves nothing; the user agreed to that before the run.
    pub(crate) fn reserve(&mut self, target: usize) -> bool {
        let spend = &self.targets[target];
        let tokens = (self.prompt_tokens as f64 * spend.ratio.unwrap_or(FIRST_CALL_MARGIN)).ceil() as u64;
        let most = spend.price.map_or(0.0, |price| max_call_cost(&price, tokens, self.max_tokens));
        if self.cap.is_some_and(|cap| self.spent + self.reserved() + most > cap + ROUNDING) {
            return false;
        }
        self.targets[target].reserved.push(most);
        true
    }

    /// Books a finished call to `target`: its cost, and the prompt tokens that the server counted.
    pub(crate) fn settle(&mut self, target: usize, cost: f64, counted: Option<u64>) {
        self.spent += cost;
        let estimated = self.prompt_tokens;
        let spend = &mut self.targets[target];
        // Reservations are not tied to calls: releasing the smallest one leaves enough for the others.
        if let Some(least) = (0..spend.reserved.len()).min_by(|a, b| spend.reserved[*a].total_cmp(&spend.reserved[*b]))
        {
            spend.reserved.swap_remove(least);
        }
        if let Some(counted) = counted.filter(|counted| self.similar_lengths && *counted > 0 && estimated > 0) {
            let seen = counted as f64 / estimated as f64;
            spend.ratio = Some(spend.ratio.map_or(seen, |known| known.max(seen)));
        }
    }
}

impl load_generator::SpendingLimit for CostCap {
    fn reserve(&mut self, target: usize) -> bool {
        Self::reserve(self, target)
    }

    fn settle(&mut self, sample: &Sample) {
        let usage = sample.usage.usage();
        // A call that broke off after its first token is billed for what arrived at most.
        let unknown = || {
            let price = self.targets[sample.target].price.filter(|_| sample.first_token.is_some());
            price.map_or(0.0, |price| price.cost(usage))
        };
        let counted = matches!(sample.usage, TokenUsage::Counted(_)).then_some(usage.input);
        self.settle(sample.target, sample.cost_usd.unwrap_or_else(unknown), counted);
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
    fn the_estimate_is_the_highest_possible_cost() {
        assert_eq!(estimate(&plan(Some(Price::flat(0.5, 0.25)))), [CostEstimate::AtMost(40.0 * 30.0)]);
        assert_eq!(estimate(&plan(Some(Price::flat(0.0, 0.0)))), [CostEstimate::AtMost(0.0)]);
        assert_eq!(estimate(&plan(None)), [CostEstimate::Unknown]);
        let mut timed = plan(Some(Price::flat(0.5, 0.25)));
        timed.load = Load::Rounds { stop: Stop::After(std::time::Duration::from_secs(60)), in_flight: 1 };
        assert_eq!(estimate(&timed), [CostEstimate::PerRound(30.0)]);
    }

    #[test]
    fn the_first_call_is_reserved_with_a_margin_and_later_ones_by_the_count() {
        let mut cost_cap = CostCap::new(&plan(Some(Price::flat(1.0, 0.0))), 10, Some(24.0));
        assert!(cost_cap.reserve(0));
        // The first call is in flight, so its reservation is taken.
        assert!(!cost_cap.reserve(0));
        cost_cap.settle(0, 12.0, Some(12));
        assert!(cost_cap.reserve(0), "12 are left, and it takes no more");
        cost_cap.settle(0, 12.0, Some(12));
        assert!(!cost_cap.reserve(0));
        assert!((cost_cap.spent() - 24.0).abs() < 1e-9);
    }

    #[test]
    fn a_short_prompt_does_not_calibrate_a_long_one() {
        let mut cost_cap = CostCap::new(&plan(Some(Price::flat(1.0, 0.0))), 1, Some(24.0));
        assert!(cost_cap.reserve(0));
        cost_cap.settle(0, 1.0, Some(1));
        assert!(cost_cap.reserve(0) && !cost_cap.reserve(0), "each may be the longest: 13 of 23, and then 10");
    }

    #[test]
    fn without_a_cap_every_call_may_start() {
        assert!(CostCap::new(&plan(Some(Price::flat(1e9, 1e9))), 10, None).reserve(0));
        assert!(CostCap::new(&plan(None), 10, Some(0.0)).reserve(0));
    }

    proptest! {
        #[test]
        fn a_wallet_is_never_overdrawn(cap in 0.0..5.0_f64, shares in prop::collection::vec((0.0..1.0_f64, any::<bool>()), 0..60)) {
            let mut cost_cap = CostCap::new(&plan(Some(Price::flat(0.01, 0.002))), 10, Some(cap));
            // The estimate of every call.
            let (most, mut flying) = (0.33, Vec::new());
            for (share, lands) in shares {
                if cost_cap.reserve(0) {
                    flying.push(share);
                }
                if lands && let Some(share) = flying.pop() {
                    cost_cap.settle(0, most * share, None);
                }
            }
            // Even if every call in flight costs its maximum.
            let most = cost_cap.spent() + most * flying.len() as f64;
            prop_assert!(most <= cap + 1e-9);
        }
    }
}
