//! The self-check of the measuring client: whether its own delays spoil the figures.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::Load;
use crate::record::Run;
use crate::sample::Sample;
use crate::stats::{number, quantile};

use super::call_metrics::millis;
use super::metric::Metric;
use super::target::TargetSummary;

/// The highest lateness of starts, as a share of the time to first token.
const LATE: f64 = 0.05;
/// From this share of one CPU on, reads delay each other.
const BUSY: f64 = 0.9;
/// The highest share of gaps that may be unknown.
const UNSEEN: f64 = 0.1;
/// The highest share of starts that may be dropped.
const DROPPED: f64 = 0.01;

/// The measuring client in figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientSummary {
    /// Lateness of starts, ms.
    pub lateness: Option<LagStats>,
    /// Delay from the kernel's receive timestamp to the read, ms, where both are known.
    pub read_lag: Option<LagStats>,
    /// CPU time divided by wall time: 1 is one full CPU.
    pub cpu_share: Option<f64>,
    /// Calls during which the wall clock stepped.
    pub clock_steps: usize,
    /// Share of gaps between chunks that were read together.
    pub coalesced_share: Option<f64>,
    /// Starts that were skipped because too many calls were in flight.
    pub dropped: u64,
    /// Starts that were skipped because a target limited its rate; not a fault of the client.
    #[serde(default)]
    pub rate_limited: u64,
    /// Reasons why the run is invalid; empty if it is valid.
    pub invalid: Vec<ClientIssue>,
    /// Issues that do not make the run invalid.
    pub warnings: Vec<ClientIssue>,
}

/// A delay of the client, ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LagStats {
    /// The p99; `None` if the sample is too small.
    pub p99: Option<f64>,
    /// The maximum.
    pub max: f64,
}

/// An issue of the measuring client.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientIssue {
    /// Calls were sent late, by this many ms.
    Late(f64),
    /// The client used this share of a CPU.
    Busy(f64),
    /// This many starts were dropped.
    Dropped(u64),
    /// Reads lagged this many ms behind the data.
    SlowReads(f64),
    /// This share of the gaps is unknown.
    Unseen(f64),
    /// The wall clock stepped during this many calls.
    ClockSteps(usize),
}

impl LagStats {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        Some(Self { max: *values.last()?, p99: quantile::estimate(&values, 0.99).value() })
    }

    /// The p99, or the maximum if the sample is too small.
    #[must_use]
    pub(crate) fn judged(&self) -> f64 {
        self.p99.unwrap_or(self.max)
    }
}

impl ClientSummary {
    /// Checks the client of a run.
    #[must_use]
    pub(crate) fn of(run: &Run, targets: &[TargetSummary]) -> Self {
        let wall = run.client.wall.as_secs_f64();
        let mut summary = Self {
            lateness: LagStats::of(run.samples.iter().map(|sample| millis(sample.lateness())).collect()),
            read_lag: LagStats::of(run.samples.iter().filter_map(|sample| sample.read_lag.map(millis)).collect()),
            cpu_share: run.client.cpu.filter(|_| wall > 0.0).map(|cpu| cpu.as_secs_f64() / wall),
            clock_steps: run.samples.iter().filter(|sample| sample.clock_stepped).count(),
            coalesced_share: coalesced(&run.samples),
            dropped: run.client.dropped,
            rate_limited: run.client.rate_limited,
            invalid: Vec::new(),
            warnings: Vec::new(),
        };
        let medians =
            targets.iter().filter_map(|target| target.figures(Metric::TtftMs)).map(super::MetricStats::median);
        summary.judge(run, medians.reduce(f64::min));
        summary
    }

    /// Reports whether the figures of the run can be trusted.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.invalid.is_empty()
    }

    fn judge(&mut self, run: &Run, shortest: Option<f64>) {
        let too_long = |lag: Option<LagStats>| {
            lag.map(|lag| lag.judged()).filter(|lag| shortest.is_some_and(|ttft| *lag > LATE * ttft))
        };
        let starts = number(run.samples.len()) + usize::try_from(self.dropped).map_or(f64::MAX, number);
        let dropped = usize::try_from(self.dropped).map_or(f64::MAX, number) > DROPPED * starts;
        match run.plan.load {
            // A round waits for the previous one, so no call had an earlier intended start.
            Load::Rounds { .. } => {}
            Load::Arrivals { .. } => {
                self.invalid.extend(too_long(self.lateness).map(ClientIssue::Late));
                self.invalid.extend(dropped.then_some(ClientIssue::Dropped(self.dropped)));
            }
        }
        self.invalid.extend(self.cpu_share.filter(|share| *share > BUSY).map(ClientIssue::Busy));
        self.warnings.extend(too_long(self.read_lag).map(ClientIssue::SlowReads));
        self.warnings.extend(self.coalesced_share.filter(|share| *share > UNSEEN).map(ClientIssue::Unseen));
        self.warnings.extend((self.clock_steps > 0).then_some(ClientIssue::ClockSteps(self.clock_steps)));
    }
}

fn coalesced(samples: &[Sample]) -> Option<f64> {
    let (mut unseen, mut all) = (0, 0);
    for gap in samples.iter().flat_map(|sample| &sample.gaps) {
        unseen += usize::from(gap.coalesced);
        all += 1;
    }
    (all > 0).then(|| number(unseen) / number(all))
}

impl fmt::Display for ClientIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(ms) => write!(f, "calls were sent {ms:.1} ms late, more than 5 % of the time to first token"),
            Self::Busy(share) => write!(f, "the client used {:.0} % of a CPU", share * 100.0),
            Self::Dropped(count) => write!(f, "{count} starts were dropped: too many calls in flight"),
            Self::SlowReads(ms) => write!(f, "data was read {ms:.1} ms after it arrived"),
            Self::Unseen(share) => {
                write!(f, "{:.0} % of the gaps are unknown: one read returned several chunks", share * 100.0)
            }
            Self::ClockSteps(1) => f.write_str("the clock stepped during 1 call, which is ignored"),
            Self::ClockSteps(count) => write!(f, "the clock stepped during {count} calls, which are ignored"),
        }
    }
}
