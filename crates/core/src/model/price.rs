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
}

impl Price {
    /// A price without cache discounts or tiers.
    #[must_use]
    pub fn flat(input: f64, output: f64) -> Self {
        Self { input, output, cache_read: input, cache_write: input, tier: None }
    }

    /// The cost in USD of what `usage` counts.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn cost(&self, usage: &Usage) -> f64 {
        let (input, output, cache_read) = match self.tier {
            Some(tier) if usage.input > tier.over => (tier.input, tier.output, tier.cache_read),
            _ => (self.input, self.output, self.cache_read),
        };
        let plain = usage.input.saturating_sub(usage.cached).saturating_sub(usage.cache_write);
        plain as f64 * input
            + usage.cached as f64 * cache_read
            + usage.cache_write as f64 * self.cache_write
            + usage.output as f64 * output
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
        let price = Price { input: 4.0, output: 10.0, cache_read: 1.0, cache_write: 5.0, tier: None };
        check(
            price,
            Usage { input: 10, output: 2, cached: 3, cache_write: 1, reasoning: 1 },
            6.0 * 4.0 + 3.0 + 5.0 + 20.0,
        );
    }

    #[test]
    fn a_long_prompt_moves_the_whole_request_to_its_tier() {
        let tier = Some(PriceTier { over: 100, input: 2.0, output: 3.0, cache_read: 2.0 });
        let price = Price { tier, ..Price::flat(1.0, 1.0) };
        check(price, Usage { input: 100, output: 1, ..Usage::default() }, 101.0);
        check(price, Usage { input: 101, output: 1, ..Usage::default() }, 205.0);
    }
}
