//! Token prices.

use serde::{Deserialize, Serialize};

use super::Usage;

/// Prices in USD per token. A price of 0 is a price; an unknown price is the absence of a `Price`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Uncached prompt tokens.
    pub input: f64,
    /// Generated tokens.
    pub output: f64,
    /// Prompt tokens read from cache; the input price when the provider names none.
    pub cache_read: f64,
    /// Prompt tokens written to cache; the input price when the provider names none.
    pub cache_write: f64,
    /// Prompt tokens written to cache and kept for an hour; as `cache_write` when the provider names none.
    pub cache_write_1h: f64,
    /// From this many prompt tokens on, the whole request is priced by `above` instead.
    pub tier: Option<PriceTier>,
}

/// The price of a request with a long prompt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PriceTier {
    /// Applies when the prompt has more tokens than this.
    pub over: u64,
    /// Uncached prompt tokens, USD per token.
    pub input: f64,
    /// Generated tokens, USD per token.
    pub output: f64,
    /// Prompt tokens read from cache, USD per token.
    pub cache_read: f64,
    /// Prompt tokens written to cache, USD per token.
    pub cache_write: f64,
    /// Prompt tokens written to cache and kept for an hour, USD per token.
    pub cache_write_1h: f64,
}

impl Price {
    /// A price without cache discounts or tiers.
    #[must_use]
    pub fn flat(input: f64, output: f64) -> Self {
        Self { input, output, cache_read: input, cache_write: input, cache_write_1h: input, tier: None }
    }

    /// The cost in USD of what `usage` counts.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn cost(&self, usage: &Usage) -> f64 {
        let price = match self.tier {
            Some(tier) if usage.input > tier.over => tier,
            _ => self.base(),
        };
        if let Some(billed) = usage.billed {
            return billed.input as f64 * price.input + billed.output as f64 * price.output;
        }
        let plain = usage.input.saturating_sub(usage.cached).saturating_sub(usage.cache_write);
        let short = usage.cache_write.saturating_sub(usage.cache_write_1h);
        plain as f64 * price.input
            + usage.cached as f64 * price.cache_read
            + short as f64 * price.cache_write
            + (usage.cache_write - short) as f64 * price.cache_write_1h
            + usage.output as f64 * price.output
    }

    /// The prices of a short prompt.
    fn base(&self) -> PriceTier {
        let Self { input, output, cache_read, cache_write, cache_write_1h, tier: _ } = *self;
        PriceTier { over: 0, input, output, cache_read, cache_write, cache_write_1h }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(price: Price, usage: Usage, want: f64) {
        let got = price.cost(&usage);
        assert!((got - want).abs() < 1e-12, "{got} is not {want}");
    }

    #[test]
    fn cached_and_written_tokens_have_their_own_price() {
        let price = Price { cache_read: 1.0, cache_write: 5.0, cache_write_1h: 8.0, ..Price::flat(4.0, 10.0) };
        let usage = Usage { input: 12, output: 2, cached: 3, cache_write: 3, reasoning: 1, ..Usage::default() };
        check(price, usage, 6.0 * 4.0 + 3.0 + 3.0 * 5.0 + 20.0);
        check(price, Usage { cache_write_1h: 2, ..usage }, 6.0 * 4.0 + 3.0 + 5.0 + 2.0 * 8.0 + 20.0);
    }

    #[test]
    fn a_long_prompt_moves_the_whole_request_to_its_tier() {
        let (cache_write, cache_write_1h) = (5.0, 7.0);
        let tier = Some(PriceTier { over: 100, input: 2.0, output: 3.0, cache_read: 2.0, cache_write, cache_write_1h });
        let price = Price { tier, ..Price::flat(1.0, 1.0) };
        check(price, Usage { input: 100, output: 1, ..Usage::default() }, 101.0);
        check(price, Usage { input: 101, output: 1, ..Usage::default() }, 205.0);
        let usage = Usage { input: 101, cache_write: 2, cache_write_1h: 1, ..Usage::default() };
        check(price, usage, 99.0 * 2.0 + 5.0 + 7.0);
    }

    #[test]
    fn a_reported_cost_replaces_the_computed_one() {
        let usage = Usage { input: 10, output: 1, ..Usage::default() };
        assert_eq!(usage.cost(None), None);
        assert_eq!(usage.cost(Some(&Price::flat(1.0, 2.0))), Some(12.0));
        let reported = Usage { cost_nanos: Some(2_500_000), ..usage };
        assert_eq!(reported.cost(None), Some(0.0025));
        assert_eq!(reported.cost(Some(&Price::flat(1.0, 2.0))), Some(0.0025));
    }
}
