//! The usage of a call, in one convention for all providers.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

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
    /// The part of `output` that was hidden or shown reasoning.
    pub reasoning: u64,
}

/// Saturates: a server may count what it likes.
impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cached = self.cached.saturating_add(other.cached);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_are_too_large_are_the_largest() {
        let mut total = Usage { input: u64::MAX, output: 1, cached: u64::MAX, cache_write: 2, reasoning: u64::MAX };
        total += Usage { input: 1, output: u64::MAX, cached: 1, cache_write: u64::MAX, reasoning: 1 };
        let most = u64::MAX;
        assert_eq!(total, Usage { input: most, output: most, cached: most, cache_write: most, reasoning: most });
    }
}
