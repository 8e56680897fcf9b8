//! A ranked member and the numbers that put it there, for people and for `--json`.

use std::fmt;

use crate::routing::estimate::Estimate;

/// A member with its place in an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Its position among the members of the group.
    pub position: usize,
    /// What it was sorted by: lower comes first. Its unit is the strategy's.
    pub score: f64,
    /// The numbers behind the score.
    pub why: RankReason,
}

/// Why a member stands where it does.
#[derive(Debug, Clone, PartialEq)]
pub enum RankReason {
    /// A draw in proportion to shares.
    Share {
        /// Its share of the traffic, 0 to 1.
        share: f64,
        /// The draw is a hash of who asks.
        sticky: bool,
    },
    /// Its turn comes after this many others.
    Turn(usize),
    /// Calls under way; ties by luck.
    Busy(u32),
    /// An estimated time to the first token.
    Latency {
        /// What is believed.
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
    /// What is left of its limits, 0 to 1; `None` when that is unknown.
    Headroom(Option<f64>),
    /// Time, money and failure together.
    Adaptive {
        /// Seconds to the end of the answer, with luck of the draw.
        seconds: f64,
        /// USD; the group's highest where the price is unknown.
        usd: f64,
        /// The probability of a failure.
        failure: f64,
    },
    /// Somebody outside put it there.
    External,
    /// Nobody named it; it follows those who were.
    Unlisted,
    /// It comes back from an outage, and stands behind the others this time.
    SlowStart {
        /// The share of its usual traffic that it gets now.
        share: f64,
        /// What would have counted.
        why: Box<RankReason>,
    },
}

impl fmt::Display for RankReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share { share, sticky } => {
                let by = if *sticky { "by a hash of who asks" } else { "by luck" };
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
            Self::External => f.write_str("as the command or program said"),
            Self::Unlisted => f.write_str("not named by the command or program"),
            Self::SlowStart { share, why } => {
                write!(f, "{why}; comes back from an outage with {:.0} % of its traffic", share * 100.0)
            }
        }
    }
}

/// Sorts by score; those that are equal by luck, so that no place in a list is an advantage.
pub(super) fn by_score(mut ranked: Vec<Ranked>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
    rng.shuffle(&mut ranked);
    ranked.sort_by(|a, b| a.score.total_cmp(&b.score));
    ranked
}
