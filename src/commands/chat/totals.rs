//! The cost of a session.

use crate::ui::text::{count, money};
use llmroute_core::model::Usage;
use llmroute_router::engine::{AttemptRecord, CostSummary};

/// The sum of the answers of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SessionTotals {
    answers: usize,
    attempts: usize,
    input: u64,
    output: u64,
    usd: f64,
    wasted: f64,
    /// The number of calls with unknown cost.
    unknown: usize,
}

impl SessionTotals {
    /// Adds a turn, whatever its result.
    pub(crate) fn add(&mut self, attempts: &[AttemptRecord], usage: Option<&Usage>) {
        let spend = CostSummary::of(attempts);
        self.answers += usize::from(usage.is_some());
        self.attempts += attempts.len();
        self.input += usage.map_or(0, |usage| usage.input);
        self.output += usage.map_or(0, |usage| usage.output);
        self.usd += spend.delivered.unwrap_or(0.0);
        self.wasted += spend.wasted;
        self.unknown += spend.unknown + usize::from(!spend.complete);
    }

    /// One line for people.
    #[must_use]
    pub(crate) fn line(&self) -> String {
        let unknown = match self.unknown {
            0 => String::new(),
            1 => ", and one call of unknown cost".to_owned(),
            n => format!(", and {n} calls of unknown cost"),
        };
        let wasted = if self.wasted > 0.0 { format!(" (and {} wasted)", money(self.wasted)) } else { String::new() };
        let Self { answers, attempts, input, output, usd, .. } = self;
        format!(
            "{} in {}, {input} tokens in, {output} out, {}{wasted}{unknown}",
            count(*answers, "answer"),
            count(*attempts, "attempt"),
            money(*usd),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_costs_nothing() {
        assert_eq!(SessionTotals::default().line(), "0 answers in 0 attempts, 0 tokens in, 0 out, $0.00");
    }

    #[test]
    fn what_is_not_known_is_said() {
        let mut totals = SessionTotals::default();
        totals.add(&[], Some(&Usage { input: 3, output: 4, ..Usage::default() }));
        let want = "1 answer in 0 attempts, 3 tokens in, 4 out, $0.00, and one call of unknown cost";
        assert_eq!(totals.line(), want);
    }
}
