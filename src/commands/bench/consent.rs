//! Consent to the cost of a run, obtained before anything is sent.

use std::io;

use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::ui::console::Console;
use crate::ui::text::money;
pub(crate) use llmroute_bench::cost::CostEstimate;

/// The largest cost that needs no consent, USD.
const SMALL: f64 = 0.05;
/// The default cost cap of a run, USD.
pub(crate) const CAP: f64 = 0.25;

/// The arguments about money.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpendingOptions {
    /// `--yes`.
    pub yes: bool,
    /// `--max-cost`.
    pub max_cost: Option<f64>,
}

impl SpendingOptions {
    /// Checks the amount.
    ///
    /// # Errors
    /// Fails on an impossible one.
    pub(crate) fn check(self) -> Result<Self, CommandError> {
        match self.max_cost {
            Some(max) if !max.is_finite() || max < 0.0 => {
                Err(CommandError::new(ErrorKind::Usage, format!("`--max-cost {max}` is not an amount")))
            }
            _ => Ok(self),
        }
    }
}

/// Returns the cost cap of a run with these estimates, if it may be made at all.
///
/// # Errors
/// Fails if it could be expensive, or its cost is unknown, and consent is missing.
pub(crate) fn cap(
    estimates: &[CostEstimate],
    said: SpendingOptions,
    env: &Env,
    console: &mut Console,
) -> Result<Option<f64>, CommandError> {
    let unknown = estimates.contains(&CostEstimate::Unknown);
    let known: f64 = estimates.iter().map(amount).sum();
    // An explicit cap is consent up to the cap; it cannot hold without a price.
    let agreed = said.yes || (said.max_cost.is_some() && !unknown) || (known <= SMALL && !unknown);
    if !agreed {
        let what = if unknown { "a price is not known, so the cost is not either" } else { "this may cost" };
        let what = if unknown { what.to_owned() } else { format!("{what} up to {}", money(known)) };
        if !(env.stdin_terminal && env.stderr_terminal) {
            return Err(CommandError::new(ErrorKind::Usage, format!("{what}, and there is no terminal to ask"))
                .hint("add `--yes`, or `--max-cost USD` where every price is known"));
        }
        console.question(&format!("{what}; go on?"));
        let mut answer = String::new();
        match io::stdin().read_line(&mut answer) {
            Ok(_) if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) => {}
            Ok(_) | Err(_) => return Err(CommandError::new(ErrorKind::Other, "nothing was sent")),
        }
    }
    // Consent to an estimate covers that amount, with a margin for underestimated prompts.
    Ok(Some(said.max_cost.unwrap_or_else(|| (known * 1.5).max(CAP))))
}

fn amount(estimate: &CostEstimate) -> f64 {
    match estimate {
        CostEstimate::AtMost(usd) => *usd,
        // The number of rounds that fit into the time is unknown: as many as the cap pays for.
        CostEstimate::PerRound(usd) if *usd > 0.0 => CAP,
        CostEstimate::PerRound(_) | CostEstimate::Unknown => 0.0,
    }
}
