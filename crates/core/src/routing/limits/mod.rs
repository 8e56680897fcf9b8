//! Limits that hold: our own (`rpm`, `budget`, …) and the provider's, as values.
//!
//! This module only decides. The engine keeps the values, and makes a check and its reservation one step for
//! all processes.

mod config;
mod meter;
mod provider_limit;
#[cfg(test)]
mod tests;
mod wait_queue;
mod window;

use std::time::Duration;

pub use config::{LimitConfig, LimitScope, ScopedLimit};
pub use meter::{InFlightCall, LEASE, Meter};
pub use provider_limit::{LimitObservation, ProviderLimit};
pub use wait_queue::{PLACE_LEASE, Ticket, Turn};

use super::failover::RequestAttributes;
use crate::model::{Price, Resource, Timestamp, Usage};

/// Tokens of an answer that are expected when the request sets no limit and nothing was learnt.
pub(crate) const EXPECTED_OUTPUT: u64 = 1000;
/// Billionths of a USD in one.
const NANOS: f64 = 1e9;

/// A value of the shared state whose times are those of the clock that all processes share.
pub trait SharedTimes {
    /// Moves all times by `by` milliseconds: from one clock to another.
    fn shift(&mut self, by: i64);
}

/// The limits of one scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Amounts per span of time.
    pub caps: Vec<Cap>,
    /// Requests at the same time.
    pub max_parallel: Option<u64>,
}

/// An amount in any period of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// Its key in the profile.
    pub name: &'static str,
    /// The counted quantity.
    pub counts: LimitUnit,
    /// In which time.
    pub span: Duration,
    /// The amount.
    pub limit: u64,
}

/// The quantity that an own limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnit {
    /// Calls that were begun.
    Requests,
    /// Tokens of prompts and answers.
    Tokens,
    /// Billionths of a USD.
    Nanos,
}

impl Cap {
    /// The limit in the unit of the profile: requests, tokens or USD.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an amount of money, for people")]
    pub fn shown(&self) -> serde_json::Value {
        match self.counts {
            LimitUnit::Requests | LimitUnit::Tokens => self.limit.into(),
            LimitUnit::Nanos => (self.limit as f64 / NANOS).into(),
        }
    }
}

impl Limits {
    /// Returns `true` if nothing is limited.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.caps.is_empty() && self.max_parallel.is_none()
    }

    /// Combines it with `other`; the lower of two limits holds.
    pub fn tighten(&mut self, other: &Self) {
        for cap in &other.caps {
            match self.caps.iter_mut().find(|own| (own.counts, own.span) == (cap.counts, cap.span)) {
                Some(own) => own.limit = own.limit.min(cap.limit),
                None => self.caps.push(*cap),
            }
        }
        self.max_parallel = self.max_parallel.into_iter().chain(other.max_parallel).min();
    }
}

/// The expected usage of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Tokens of the prompt, estimated.
    pub prompt: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// The request limits the answer to this length.
    pub bounded: bool,
    /// The cost at that length, in billionths of a USD; `None` without a price.
    pub nanos: Option<u64>,
    /// The cost of the prompt.
    pub prompt_nanos: u64,
    /// For how many calls there has to be room: for it and for those that wait in front of it.
    pub calls: u64,
    /// It is called despite a limit that the provider reported for a long time.
    pub tries_limit: bool,
}

impl Demand {
    /// The demand of a request with these `attributes` at a deployment with this `price`, whose answers were
    /// `learned` tokens long.
    #[must_use]
    pub fn of(attributes: &RequestAttributes, price: Option<Price>, learned: Option<u64>) -> Self {
        let expected = learned.unwrap_or(EXPECTED_OUTPUT);
        let output = attributes.max_tokens.unwrap_or(expected);
        let prompt = attributes.prompt_tokens;
        let cost = |output| price.map(|price| nanos(price.cost(&Usage { input: prompt, output, ..Usage::default() })));
        Self {
            prompt,
            output,
            bounded: attributes.max_tokens.is_some(),
            nanos: cost(output),
            prompt_nanos: cost(0).unwrap_or(0),
            calls: 1,
            tries_limit: false,
        }
    }

    /// The same behind `others` equal requests.
    fn behind(self, ahead: u64) -> Self {
        Self { calls: self.calls.saturating_add(ahead), ..self }
    }

    /// Returns its share of `cap`, and the number of spans that the requests before it fill, or `None` if it never
    /// fits. An answer whose length is only expected takes at most what the limit leaves beside the prompt.
    fn of_cap(&self, cap: &Cap) -> Option<(u64, u32)> {
        let (whole, least) = match cap.counts {
            LimitUnit::Requests => (1, 1),
            LimitUnit::Tokens => (self.prompt.saturating_add(self.output), self.prompt),
            LimitUnit::Nanos => (self.nanos?, self.prompt_nanos),
        };
        let each = match whole <= cap.limit {
            true => whole,
            false if self.bounded || least > cap.limit => return None,
            false => cap.limit,
        };
        let total = each.saturating_mul(self.calls);
        // Tokens and cost are estimates, which do not prove a longer wait.
        if cap.counts != LimitUnit::Requests || total <= cap.limit {
            return Some((total.min(cap.limit), 0));
        }
        let spans = (total - 1) / cap.limit;
        Some((total - spans * cap.limit, u32::try_from(spans).unwrap_or(u32::MAX)))
    }

    /// Its use of a provider's `resource`.
    fn of_resource(&self, resource: Resource) -> u64 {
        let each = match resource {
            Resource::Requests => 1,
            Resource::Tokens => self.prompt.saturating_add(self.output),
            Resource::InputTokens => self.prompt,
            Resource::OutputTokens => self.output,
        };
        each.saturating_mul(self.calls)
    }
}

/// The actual usage of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consumption {
    /// Tokens of prompt and answer.
    pub tokens: u64,
    /// Billionths of a USD.
    pub nanos: u64,
}

/// An amount of USD in billionths.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
pub fn nanos(usd: f64) -> u64 {
    (usd * NANOS).ceil().clamp(0.0, 1e18) as u64
}

/// The headroom of a deployment's limits at the time of a snapshot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Headroom {
    /// See [`headroom`].
    pub share: Option<f64>,
    /// The limit that excludes it, if any.
    pub exceeded: Option<LimitExceeded>,
}

/// The reason for which a limit refuses a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitExceeded {
    /// No room now.
    Until {
        /// The time at which there may be.
        at: Timestamp,
        /// The limit in words.
        limit: String,
        /// The quantity that it counts.
        counts: LimitUnit,
    },
    /// No room for a long time, according to the headers of a reply. A call is tried if no other deployment is left.
    Reported {
        /// The time at which there may be.
        at: Timestamp,
        /// The limit in words.
        limit: String,
    },
    /// The request is larger than the limit ever leaves room for.
    Never {
        /// The limit in words.
        limit: String,
        /// The quantity that it counts.
        counts: LimitUnit,
    },
    /// There is a budget and no price.
    Unpriced,
}

impl LimitExceeded {
    /// Until when it holds, if it does at `now`; what never fits holds for ever.
    #[must_use]
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Until { at, .. } | Self::Reported { at, .. } => Some(*at).filter(|at| now < *at),
            Self::Never { .. } | Self::Unpriced => Some(Timestamp(i64::MAX)),
        }
    }

    /// The same until `at`, if it ends.
    fn lasting(&self, at: Timestamp) -> Self {
        match self {
            Self::Until { limit, counts, .. } => Self::Until { at, limit: limit.clone(), counts: *counts },
            Self::Reported { limit, .. } => Self::Reported { at, limit: limit.clone() },
            Self::Never { .. } | Self::Unpriced => self.clone(),
        }
    }

    /// Of two reasons the one that holds longer.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        let end = |exceeded: &Self| match exceeded {
            Self::Until { at, .. } | Self::Reported { at, .. } => *at,
            Self::Never { .. } | Self::Unpriced => Timestamp(i64::MAX),
        };
        if end(&self) < end(&other) { other } else { self }
    }
}

/// The rest of the tightest limit, from 0 (nothing) to 1 (all of it); `None` if nothing is
/// known of any. Looks at our own counters and at the provider's headers.
///
/// `own` are the limits of a deployment, of its group and of its provider, each with what was counted.
#[must_use]
pub fn headroom<'a>(
    own: impl IntoIterator<Item = (&'a Limits, &'a Meter)>,
    provider: &ProviderLimit,
    now: Timestamp,
) -> Option<f64> {
    let own = own.into_iter().filter_map(|(limits, meter)| meter.headroom(limits, now));
    own.chain(provider.headroom(now)).min_by(f64::total_cmp)
}
