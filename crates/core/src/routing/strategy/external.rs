//! `exec:COMMAND`: the order that a command of the user returned.

use std::sync::Arc;

use super::{Candidate, RankReason, Ranked, RankingContext, SimpleShuffle, Strategy};

/// The order of a command, which the engine runs before each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// The command line, for a shell.
    pub command: Arc<str>,
}

impl Strategy for External {
    fn name(&self) -> &str {
        "exec"
    }

    #[expect(clippy::cast_precision_loss, reason = "a group has few members")]
    fn rank(&self, candidates: &[Candidate<'_>], context: &RankingContext<'_>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
        let Some(order) = context.external_order else {
            return SimpleShuffle::default().rank(candidates, context, rng);
        };
        let listed = |(place, position): (usize, &usize)| Ranked {
            position: *position,
            score: place as f64,
            reason: RankReason::External,
        };
        order.iter().enumerate().map(listed).collect()
    }

    fn slow_start(&self) -> bool {
        false
    }

    fn command(&self) -> Option<&Arc<str>> {
        Some(&self.command)
    }
}
