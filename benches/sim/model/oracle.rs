//! The best that can be done in a world: a policy that knows how fast and how reliable each deployment
//! is at this moment, and how long its queue is. It does not know what luck a single call will have.

use super::policy::{Action, Begin, COUNT, LIMIT, Outcome, Policy, Seconds};

/// The truth about a deployment at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Truth {
    /// Seconds to the first token, once it is served.
    pub first: Seconds,
    /// Seconds that a call holds a slot.
    pub service: Seconds,
    /// The share of calls that it refuses.
    pub refused: f64,
}

/// Tells the truth about a deployment.
type Tell<'t> = dyn Fn(usize, Seconds) -> Truth + 't;

pub struct Oracle<'t> {
    truth: &'t Tell<'t>,
    /// Calls that it serves at the same time.
    slots: usize,
    in_flight: [usize; COUNT],
}

impl<'t> Oracle<'t> {
    pub fn new(slots: usize, truth: &'t Tell<'t>) -> Self {
        Self { truth, slots, in_flight: [0; COUNT] }
    }

    /// Seconds to the first token that a call now can expect; a refusal costs a second more.
    fn expected(&self, index: usize, now: Seconds) -> f64 {
        let Truth { first, service, refused } = (self.truth)(index, now);
        let ahead = (self.in_flight[index] + 1).saturating_sub(self.slots) as f64;
        first + ahead * service / self.slots as f64 + refused / (1.0 - refused).max(1e-9)
    }
}

impl Policy for Oracle<'_> {
    fn begin(&mut self, _: usize, _: Seconds) {}

    fn next(&mut self, _: usize, now: Seconds) -> Action {
        let best = (0..COUNT).min_by(|a, b| self.expected(*a, now).total_cmp(&self.expected(*b, now)));
        Action::Call { deployment: best.unwrap_or(0), wait: 0.0, limit: LIMIT }
    }

    fn begins(&mut self, _: usize, deployment: usize, _: Seconds) -> Begin {
        self.in_flight[deployment] += 1;
        Begin::Now
    }

    fn ended(&mut self, _: usize, deployment: usize, _: Outcome, _: Seconds) {
        self.in_flight[deployment] -= 1;
    }

    fn done(&mut self, _: usize) {}
}
