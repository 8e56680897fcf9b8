//! The trait of a strategy, and the table of the built-in ones.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Candidate, Ranked, Sticky};
use super::{adaptive, cost, latency, least_busy, round_robin, simple_shuffle, usage};
use crate::routing::failover::RequestAttributes;

/// Orders the members of a group.
///
/// A strategy is a pure function of what it is given: it must not block, and takes randomness from
/// `rng` only. Built-in strategies and those of a program that uses this library implement the
/// same trait. A new built-in strategy is one file with an implementation and a [`StrategyEntry`],
/// and one line in [`BUILT_IN`].
///
/// ```
/// use llmroute_core::routing::strategy::{Candidate, Ranked, RankingContext, Strategy};
///
/// /// Prefers the deployment with the fewest calls under way.
/// #[derive(Debug)]
/// struct Quietest;
///
/// impl Strategy for Quietest {
///     fn name(&self) -> &str {
///         "quietest"
///     }
///
///     fn rank(
///         &self,
///         candidates: &[Candidate<'_>],
///         _: &RankingContext<'_>,
///         rng: &mut fastrand::Rng,
///     ) -> Vec<Ranked> {
///         let scores = candidates.iter().map(|candidate| (candidate.position, f64::from(candidate.in_flight)));
///         Ranked::by_score(scores, rng)
///     }
/// }
/// ```
pub trait Strategy: fmt::Debug + Send + Sync {
    /// The name in a profile, in `--json` and in explanations.
    fn name(&self) -> &str;

    /// Returns the candidates, best first. Candidates that are left out follow in random order;
    /// positions that are not candidates are ignored.
    fn rank(&self, candidates: &[Candidate<'_>], context: &RankingContext<'_>, rng: &mut fastrand::Rng) -> Vec<Ranked>;

    /// Returns whether the order depends on the calls under way, so that they must be counted.
    fn counts_calls(&self) -> bool {
        true
    }

    /// Returns whether a deployment that recovers gets a part of its traffic at first.
    fn slow_start(&self) -> bool {
        true
    }

    /// Returns whether the order depends on prices, so that an unknown price is worth a warning.
    fn uses_price(&self) -> bool {
        false
    }

    /// Returns whether the order depends on [`RankingContext::turn`], so that requests must be counted.
    fn takes_turns(&self) -> bool {
        false
    }

    /// Returns the age after which a measurement is ignored.
    fn ttl(&self) -> Option<Duration> {
        None
    }

    /// Returns the command that must run before a request to fill [`RankingContext::external_order`].
    fn command(&self) -> Option<&Arc<str>> {
        None
    }
}

/// The facts that a strategy may use besides the candidates.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RankingContext<'a> {
    /// The name of the group.
    pub group: &'a str,
    /// The request.
    pub attributes: &'a RequestAttributes,
    /// The number of requests that the group has had.
    pub turn: u64,
    /// The order that [`Strategy::command`] returned for this request.
    pub external_order: Option<&'a [usize]>,
}

/// A row of [`BUILT_IN`].
#[derive(Debug)]
pub struct StrategyEntry {
    /// The name in a profile.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// The order in one line, for help and docs.
    pub summary: &'static str,
    /// The keys of `routing_strategy_args` that it reads.
    pub arguments: &'static [Argument],
    /// Reads its arguments.
    pub parse_args: fn(&StrategyConfig) -> Arc<dyn Strategy>,
}

/// A key of `routing_strategy_args`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// The key.
    pub name: &'static str,
    /// The type of its value.
    pub kind: ArgumentKind,
}

impl Argument {
    pub(super) const fn number(name: &'static str) -> Self {
        Self { name, kind: ArgumentKind::Number }
    }

    pub(super) const fn duration(name: &'static str) -> Self {
        Self { name, kind: ArgumentKind::Duration }
    }
}

/// The type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A finite number from 0 up.
    Number,
    /// A span of time.
    Duration,
}

/// The settings of a group that a built-in strategy reads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StrategyConfig {
    numbers: Vec<(&'static str, f64)>,
    durations: Vec<(&'static str, Duration)>,
    /// The key by which the same caller gets the same deployment.
    pub sticky: Option<Sticky>,
    /// The process makes many calls, so it explores less.
    pub long_lived: bool,
}

impl StrategyConfig {
    /// A configuration without arguments.
    #[must_use]
    pub fn new(long_lived: bool) -> Self {
        Self { long_lived, ..Self::default() }
    }

    /// Sets a numeric argument.
    pub fn set_number(&mut self, name: &'static str, value: f64) {
        self.numbers.push((name, value));
    }

    /// Sets an argument that is a span of time.
    pub fn set_duration(&mut self, name: &'static str, value: Duration) {
        self.durations.push((name, value));
    }

    /// Returns a numeric argument, or `default` if it is not set.
    #[must_use]
    pub(crate) fn number(&self, name: &str, default: f64) -> f64 {
        self.numbers.iter().rev().find(|(set, _)| *set == name).map_or(default, |(_, value)| *value)
    }

    /// Returns an argument that is a span of time, if it is set.
    #[must_use]
    pub fn duration(&self, name: &str) -> Option<Duration> {
        self.durations.iter().rev().find(|(set, _)| *set == name).map(|(_, value)| *value)
    }
}

/// The built-in strategies; the first one is the default.
pub const BUILT_IN: &[StrategyEntry] = &[
    simple_shuffle::ENTRY,
    least_busy::ENTRY,
    latency::ENTRY,
    cost::ENTRY,
    usage::ENTRY,
    round_robin::ENTRY,
    adaptive::ENTRY,
];

impl StrategyEntry {
    /// Finds a built-in strategy by its name or one of its aliases.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        BUILT_IN.iter().find(|entry| entry.name == name || entry.aliases.contains(&name))
    }

    /// Returns the argument called `name`, if the strategy reads it.
    #[must_use]
    pub fn argument(&self, name: &str) -> Option<&'static Argument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }
}

impl PartialEq for StrategyEntry {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
