//! Orders that come from outside: a program that uses this library, or a command (`exec:`). Whatever
//! they say, what comes out is an order of exactly the candidates.

use std::fmt;
use std::sync::Arc;

use super::{Candidate, RankReason, Ranked, simple_shuffle};
use crate::routing::failover::RequestAttributes;

/// A strategy of a program that uses this library.
///
/// It must be a pure function: it is asked in the middle of a decision and must not block.
pub trait CustomOrder: Send + Sync {
    /// The name in `--json` and in explanations.
    fn name(&self) -> &str;

    /// Positions ([`Candidate::position`]) of `candidates`, best first. Those that it leaves out
    /// follow in a shuffled order; what is no candidate is ignored.
    fn order(
        &self,
        candidates: &[Candidate<'_>],
        attributes: &RequestAttributes,
        rng: &mut fastrand::Rng,
    ) -> Vec<usize>;
}

/// A [`CustomOrder`] as a value that a group can hold.
#[derive(Clone)]
pub struct Custom(Arc<dyn CustomOrder>);

impl Custom {
    /// Wraps `order`.
    #[must_use]
    pub fn new(order: impl CustomOrder + 'static) -> Self {
        Self(Arc::new(order))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    pub(super) fn rank(
        &self,
        candidates: &[Candidate<'_>],
        attributes: &RequestAttributes,
        rng: &mut fastrand::Rng,
    ) -> Vec<Ranked> {
        let said = self.0.order(candidates, attributes, rng);
        in_order_of(candidates, Some(&said), rng)
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Custom").field(&self.name()).finish()
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Those of `said` that are candidates, each once, then the others shuffled. All shuffled when
/// nothing was said.
#[expect(clippy::cast_precision_loss, reason = "a group has few members")]
pub(super) fn in_order_of(
    candidates: &[Candidate<'_>],
    said: Option<&Vec<usize>>,
    rng: &mut fastrand::Rng,
) -> Vec<Ranked> {
    let shuffled = simple_shuffle::rank(candidates, rng);
    let Some(said) = said else { return shuffled };
    let place = |position: usize| said.iter().position(|named| *named == position);
    let mut ranked: Vec<Ranked> = shuffled
        .into_iter()
        .map(|Ranked { position, .. }| match place(position) {
            Some(place) => Ranked { position, score: place as f64, why: RankReason::External },
            None => Ranked { position, score: said.len() as f64, why: RankReason::Unlisted },
        })
        .collect();
    ranked.sort_by(|a, b| a.score.total_cmp(&b.score));
    ranked
}
