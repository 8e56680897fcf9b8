//! The usage of a call, in one convention for all providers.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::Price;

/// Token counts of one call.
///
/// Adapters translate to this convention: `input` includes cached and cache-written tokens,
/// `output` includes reasoning tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Prompt tokens, cached ones included.
    pub input: u64,
    /// Generated tokens, reasoning included.
    pub output: u64,
    /// The part of `input` that was read from the provider's cache.
    pub cached: u64,
    /// The part of `input` that was written to the provider's cache.
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for an hour, which costs more.
    pub cache_write_1h: u64,
    /// The part of `output` that was hidden or shown reasoning.
    pub reasoning: u64,
    /// The cost that the reply names, in billionths of a USD; it replaces the computed one.
    pub cost_nanos: Option<u64>,
    /// The tokens that are billed, where they are fewer than those that were counted.
    pub billed: Option<BilledTokens>,
}

/// The tokens that a provider bills.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledTokens {
    /// Prompt tokens.
    pub input: u64,
    /// Generated tokens.
    pub output: u64,
}

impl Usage {
    /// Returns the cost in USD: the one that the reply names, or else the one that `price` gives.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a cost is far below 2^52 billionths")]
    pub fn cost(&self, price: Option<&Price>) -> Option<f64> {
        self.cost_nanos.map(|nanos| nanos as f64 / 1e9).or_else(|| price.map(|price| price.cost(self)))
    }
}

/// Saturates: a server may count what it likes.
impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cached = self.cached.saturating_add(other.cached);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.cache_write_1h = self.cache_write_1h.saturating_add(other.cache_write_1h);
        self.cost_nanos = match (self.cost_nanos, other.cost_nanos) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        self.billed = match (self.billed, other.billed) {
            (Some(one), Some(other)) => Some(BilledTokens {
                input: one.input.saturating_add(other.input),
                output: one.output.saturating_add(other.output),
            }),
            (one, other) => one.or(other),
        };
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_are_too_large_are_the_largest() {
        let mut total = Usage {
            input: u64::MAX,
            output: 1,
            cached: u64::MAX,
            cache_write: 2,
            reasoning: u64::MAX,
            ..Usage::default()
        };
        total +=
            Usage { input: 1, output: u64::MAX, cached: 1, cache_write: u64::MAX, reasoning: 1, ..Usage::default() };
        let most = u64::MAX;
        let all =
            Usage { input: most, output: most, cached: most, cache_write: most, reasoning: most, ..Usage::default() };
        assert_eq!(total, all);
    }
}
