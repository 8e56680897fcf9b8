//! A ranked member and the numbers that put it there, for people and for `--json`.

use std::fmt;

use crate::routing::estimate::Estimate;

/// A member with its place in an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Its position among the members of the group.
    pub position: usize,
    /// The sort key, lowest first, in a unit of the strategy.
    pub score: f64,
    /// The numbers behind the score.
    pub reason: RankReason,
}

impl Ranked {
    /// Sorts positions by score, lowest first; equal scores in random order.
    #[must_use]
    pub fn by_score(scores: impl IntoIterator<Item = (usize, f64)>, rng: &mut fastrand::Rng) -> Vec<Self> {
        let ranked = |(position, score)| Self { position, score, reason: RankReason::External };
        sort_by_score(scores.into_iter().map(ranked).collect(), rng)
    }
}

/// The numbers behind a place in an order.
#[derive(Debug, Clone, PartialEq)]
pub enum RankReason {
    /// A draw in proportion to shares.
    Share {
        /// Its share of the traffic, 0 to 1.
        share: f64,
        /// The draw is a hash of the caller.
        sticky: bool,
    },
    /// Its turn comes after this many others.
    Turn(usize),
    /// Calls under way; ties in random order.
    Busy(u32),
    /// An estimated time to the first token.
    Latency {
        /// The estimate.
        ttft: Estimate,
        /// The seconds that were drawn from it.
        drawn: f64,
        /// Calls under way, each as long as this one.
        in_flight: u32,
    },
    /// An estimated cost.
    Cost {
        /// USD for one attempt; `None` when the price is unknown.
        usd: Option<f64>,
        /// Expected tokens of the answer.
        output: f64,
        /// The probability that an attempt is answered.
        success: f64,
    },
    /// The headroom of its limits, 0 to 1; `None` if unknown.
    Headroom(Option<f64>),
    /// Time, money and failure together.
    Adaptive {
        /// Seconds to the end of the answer, as drawn.
        seconds: f64,
        /// USD; the group's highest where the price is unknown.
        usd: f64,
        /// The probability of a failure.
        failure: f64,
    },
    /// A command or a program gave the order.
    External,
    /// The order did not list it; it follows those that are listed.
    Unlisted,
    /// It has just recovered, and is ranked behind the others this time.
    SlowStart {
        /// The share of its usual traffic that it gets now.
        share: f64,
        /// The reason without slow start.
        reason: Box<RankReason>,
    },
}

impl fmt::Display for RankReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share { share, sticky } => {
                let by = if *sticky { "by a hash of the caller" } else { "at random" };
                write!(f, "{by}, {:.0} % of the traffic", share * 100.0)
            }
            Self::Turn(0) => f.write_str("its turn"),
            Self::Turn(others) => write!(f, "its turn in {others}"),
            Self::Busy(calls) => write!(f, "{calls} calls under way"),
            Self::Latency { ttft, drawn, in_flight } => {
                let measured = if ttft.measured { "" } else { " (never measured)" };
                write!(
                    f,
                    "first token {:.2} s ({:.2}–{:.2} s){measured}, drawn {drawn:.2} s, {in_flight} calls under way",
                    ttft.median(),
                    ttft.at(-1.0),
                    ttft.at(1.0)
                )
            }
            Self::Cost { usd: Some(usd), output, success } => {
                write!(f, "about {usd:.6} USD for {output:.0} tokens, answers {:.0} %", success * 100.0)
            }
            Self::Cost { usd: None, .. } => f.write_str("price unknown"),
            Self::Headroom(Some(left)) => write!(f, "{:.0} % of its limits left", left * 100.0),
            Self::Headroom(None) => f.write_str("use of its limits unknown"),
            Self::Adaptive { seconds, usd, failure } => {
                write!(f, "about {seconds:.2} s, {usd:.6} USD, fails {:.1} %", failure * 100.0)
            }
            Self::External => f.write_str("in the order of the command or program"),
            Self::Unlisted => f.write_str("not in the order of the command or program"),
            Self::SlowStart { share, reason } => {
                write!(f, "{reason}; slow start after an outage, {:.0} % of its traffic", share * 100.0)
            }
        }
    }
}

/// Sorts by score; equal ones in random order, so that no place in a list is an advantage.
pub(super) fn sort_by_score(mut ranked: Vec<Ranked>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
    rng.shuffle(&mut ranked);
    ranked.sort_by(|a, b| a.score.total_cmp(&b.score));
    ranked
}
