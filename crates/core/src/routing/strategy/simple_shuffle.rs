//! `simple-shuffle`: random, in proportion to weights, else to rpm, else to tpm, else evenly.
//!
//! With `sticky`, a hash of the caller replaces the random draw: the same key gets the same deployment
//! in every run and on every machine, and a deployment that is added or removed moves only the keys
//! that it gains or loses.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Candidate, RankReason, Ranked, RankingContext, Strategy, StrategyEntry};
use crate::routing::Member;
use crate::routing::failover::Identity;

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "simple-shuffle",
    aliases: &[],
    summary: "random, in proportion to weights, else to rate limits",
    arguments: &[],
    parse_args: |config| Arc::new(SimpleShuffle { sticky: config.sticky }),
};

/// The key by which a sticky group recognises a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sticky {
    /// The user.
    User,
    /// The conversation.
    Conversation,
    /// The prompt.
    Prompt,
}

impl Sticky {
    fn key(self, identity: &Identity) -> Option<&str> {
        match self {
            Self::User => identity.user.as_deref(),
            Self::Conversation => identity.conversation.as_deref(),
            Self::Prompt => identity.prompt.as_deref(),
        }
    }
}

/// Members in random order, in proportion to their shares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SimpleShuffle {
    /// The key whose hash replaces the random draw.
    pub sticky: Option<Sticky>,
}

impl Strategy for SimpleShuffle {
    fn name(&self) -> &str {
        ENTRY.name
    }

    /// Draws candidates without replacement, in proportion to their shares; a caller without a sticky
    /// key gets a random draw.
    fn rank(&self, candidates: &[Candidate<'_>], context: &RankingContext<'_>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
        match self.sticky.and_then(|sticky| sticky.key(&context.attributes.identity)) {
            Some(key) => race(candidates, true, |candidate| hash(&[key, context.group, &candidate.deployment.name])),
            None => race(candidates, false, |_| rng.f64()),
        }
    }

    fn counts_calls(&self) -> bool {
        false
    }

    fn slow_start(&self) -> bool {
        self.sticky.is_none()
    }
}

/// A number from 0 to 1 that depends on the texts alone.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
fn hash(texts: &[&str]) -> f64 {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    let bits = hash.finalize().iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// Each draw is `-ln(u)/share`, smallest first: the exponential race gives the same law as drawing
/// one by one (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006).
fn race<'a>(
    candidates: &[Candidate<'a>],
    sticky: bool,
    mut draw_unit: impl FnMut(&Candidate<'a>) -> f64,
) -> Vec<Ranked> {
    let members: Vec<&Member> = candidates.iter().map(|candidate| candidate.member).collect();
    let shares = shares(&members);
    let sum: f64 = shares.iter().sum();
    let arrive = |(candidate, share): (&Candidate<'a>, f64)| {
        let reason = RankReason::Share { share: if sum > 0.0 { share / sum } else { 0.0 }, sticky };
        Ranked { position: candidate.position, score: draw(share, draw_unit(candidate)), reason }
    };
    let mut ranked: Vec<Ranked> = candidates.iter().zip(shares).map(arrive).collect();
    ranked.sort_by(|a, b| a.score.total_cmp(&b.score));
    ranked
}

/// The arrival of a member of this share in the race; one without a share arrives last.
fn draw(share: f64, unit: f64) -> f64 {
    if share > 0.0 { -(1.0 - unit).ln() / share } else { f64::INFINITY }
}

/// The share of each member. Where some have a weight, a missing one is 1, not nothing.
#[expect(clippy::cast_precision_loss, reason = "limits are far below 2^52")]
fn shares(members: &[&Member]) -> Vec<f64> {
    let by = |share: fn(&Member) -> Option<f64>, missing: Option<f64>| {
        let shares: Vec<Option<f64>> = members.iter().map(|member| share(member)).collect();
        let known = shares.iter().flatten().sum::<f64>() > 0.0;
        let missing = missing.unwrap_or_else(|| mean(&shares));
        known.then(|| shares.into_iter().map(|share| share.unwrap_or(missing).max(0.0)).collect::<Vec<f64>>())
    };
    by(|member| member.weight, Some(1.0))
        .or_else(|| by(|member| member.rpm.map(|rpm| rpm as f64), None))
        .or_else(|| by(|member| member.tpm.map(|tpm| tpm as f64), None))
        .unwrap_or_else(|| vec![1.0; members.len()])
}

/// The mean of what is known: a member without a limit is taken for an average one.
#[expect(clippy::cast_precision_loss, reason = "a group has few members")]
fn mean(shares: &[Option<f64>]) -> f64 {
    let known: Vec<f64> = shares.iter().flatten().copied().collect();
    if known.is_empty() { 1.0 } else { known.iter().sum::<f64>() / known.len() as f64 }
}
