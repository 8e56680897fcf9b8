//! Comparison with an earlier run, for continuous integration: reports what became worse beyond chance.
//!
//! The two runs share no rounds, so time of day and network conditions are part of the difference. Intervals are
//! therefore unpaired: a bootstrap of the ratio of medians, and Newcombe's interval for the error rate. All hold
//! together at 95 % (Bonferroni), so that ten comparisons do not fail a build by chance.

use fastrand::Rng;

use super::record::{EndReason, Run};
use super::report::layout::{self, Column};
use super::report::units;
use super::stats::{Interval, LEVEL, bootstrap, number, wilson};
use super::summary::{COMPARED, EQUIVALENCE_BAND, Metric, latency_origin, value};

/// The comparison of a run with an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineComparison {
    /// A table and notes, at most 100 columns wide.
    pub lines: Vec<String>,
    /// At least one target became worse, beyond the interval.
    pub worse: bool,
    /// Reasons why a build must not pass on this comparison.
    pub blockers: Vec<String>,
}

const WIDTH: usize = 100;

const COLUMNS: [Column; 7] = [
    Column { group: "", title: "deployment", drop: 0, right: false },
    Column { group: "", title: "metric", drop: 0, right: false },
    Column { group: "", title: "earlier → now", drop: 0, right: true },
    Column { group: "", title: "change", drop: 0, right: true },
    Column { group: "", title: "interval", drop: 0, right: false },
    Column { group: "", title: "finding", drop: 1, right: false },
    Column { group: "", title: "", drop: 0, right: false },
];

/// The finding for one metric.
enum Finding {
    Worse,
    Better,
    Same,
    Unclear,
    /// One of the runs has fewer than six good calls.
    TooFew,
}

/// Compares the targets that occur in both runs, by name.
#[must_use]
pub fn with_baseline(earlier: &Run, now: &Run) -> BaselineComparison {
    let shared: Vec<(usize, usize)> = now
        .plan
        .targets
        .iter()
        .enumerate()
        .filter_map(|(at, target)| Some((earlier.plan.targets.iter().position(|old| old.name == target.name)?, at)))
        .collect();
    let level = 1.0 - (1.0 - LEVEL) / number((shared.len() * (COMPARED.len() + 1)).max(1));
    let mut rng = Rng::with_seed(now.plan.seed);
    let mut rows = Vec::new();
    let mut worse = false;
    let mut blockers = blockers(earlier, now);
    for (old, new) in shared {
        let both = TargetInBothRuns { earlier, now, old, new, level };
        let found = both.rows(&mut rng);
        let timed =
            |finding: &Finding| matches!(finding, Finding::Worse | Finding::Better | Finding::Same | Finding::Unclear);
        // A target that only just started to fail has no times: its error rate is the finding.
        if found.iter().filter(|(_, finding)| timed(finding)).count() < 2
            && !found.iter().any(|(_, finding)| matches!(finding, Finding::Worse))
        {
            blockers.push(format!("{}: too few good calls for a comparison", now.plan.targets[new].name));
        }
        for (row, finding) in found {
            worse |= matches!(finding, Finding::Worse);
            rows.push(row);
        }
    }
    let mut lines = if rows.is_empty() { Vec::new() } else { layout::table(&COLUMNS, &rows, WIDTH) };
    lines.extend(notes(earlier, now).iter().flat_map(|note| layout::wrap(note, WIDTH, 2)));
    BaselineComparison { lines, worse, blockers }
}

/// Finds the reasons why the runs as a whole are not comparable.
fn blockers(earlier: &Run, now: &Run) -> Vec<String> {
    let names = |run: &Run| run.plan.targets.iter().map(|target| target.name.clone()).collect::<Vec<String>>();
    let (before, after) = (names(earlier), names(now));
    let gone = before.iter().filter(|name| !after.contains(name));
    let mut blockers: Vec<String> =
        gone.map(|name| format!("{name} is in the earlier run but not in this one")).collect();
    for (run, which) in [(earlier, "the earlier run"), (now, "this run")] {
        match run.ended {
            EndReason::Done => {}
            EndReason::Interrupted => blockers.push(format!("{which} was interrupted")),
            EndReason::MaxCost => blockers.push(format!("{which} ended at its cost cap")),
            EndReason::NoTargetLeft => {
                blockers.push(format!("{which} stopped because every deployment failed permanently"))
            }
        }
    }
    blockers
}

/// A target that occurs in both runs.
struct TargetInBothRuns<'a> {
    earlier: &'a Run,
    now: &'a Run,
    old: usize,
    new: usize,
    level: f64,
}

impl TargetInBothRuns<'_> {
    fn rows(&self, rng: &mut Rng) -> Vec<(Vec<String>, Finding)> {
        let mut rows: Vec<_> = COMPARED.into_iter().filter_map(|metric| self.times(metric, rng)).collect();
        rows.extend(self.errors());
        rows
    }

    fn times(&self, metric: Metric, rng: &mut Rng) -> Option<(Vec<String>, Finding)> {
        let (was, is) = (values(self.earlier, self.old, metric), values(self.now, self.new, metric));
        let (label, unit): (_, fn(f64) -> String) = match metric {
            Metric::TtftMs => ("TTFT p50 ms", units::whole),
            Metric::TpotMs => ("TPOT p50 ms", units::plain),
            _ => ("E2E p50 s", units::seconds),
        };
        let medians = [median(&was), median(&is)].map(|value| value.map_or_else(|| units::NONE.to_owned(), unit));
        if was.is_empty() && is.is_empty() {
            return None;
        }
        let change = bootstrap::log_ratio(&is, &was, self.level, rng);
        let finding = change.map_or(Finding::TooFew, |change| judge(&change, EQUIVALENCE_BAND.ln()));
        let change = change.map(|change| change.map(|log| log.exp() - 1.0));
        Some(self.row(label, medians, change, finding))
    }

    fn errors(&self) -> Option<(Vec<String>, Finding)> {
        let was = error_rate(self.earlier, self.old, self.level)?;
        let is = error_rate(self.now, self.new, self.level)?;
        let change = wilson::difference(is, was);
        // In percentage points: a change below one point does not matter.
        let finding = judge(&change, 0.01);
        Some(self.row("errors", [units::percent(was.at), units::percent(is.at)], Some(change), finding))
    }

    fn row(
        &self,
        metric: &str,
        sides: [String; 2],
        change: Option<Interval>,
        finding: Finding,
    ) -> (Vec<String>, Finding) {
        let (word, verdict) = match finding {
            Finding::Worse => ("worse", "FAIL"),
            Finding::Better => ("better", "PASS"),
            Finding::Same => ("same", "PASS"),
            Finding::Unclear => ("no difference detected", "PASS"),
            Finding::TooFew => ("fewer than 6 good calls", "–"),
        };
        let [was, is] = sides;
        let none = || units::NONE.to_owned();
        let row = vec![
            layout::name(&self.now.plan.targets[self.new].name),
            metric.to_owned(),
            format!("{was} → {is}"),
            change.map_or_else(none, |change| signed(change.at)),
            change.map_or_else(none, |change| format!("[{}, {}]", signed(change.low), signed(change.high))),
            word.to_owned(),
            verdict.to_owned(),
        ];
        (row, finding)
    }
}

fn judge(change: &Interval, band: f64) -> Finding {
    if change.within(band) {
        Finding::Same
    } else if change.low > 0.0 {
        Finding::Worse
    } else if change.high < 0.0 {
        Finding::Better
    } else {
        Finding::Unclear
    }
}

fn values(run: &Run, target: usize, metric: Metric) -> Vec<f64> {
    let from = latency_origin(&run.plan);
    let good = run.samples.iter().filter(|sample| sample.target == target && sample.is_good());
    good.filter_map(|sample| value(sample, metric, from)).collect()
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (!sorted.is_empty()).then(|| super::stats::quantile::point(&sorted, 0.5))
}

fn error_rate(run: &Run, target: usize, level: f64) -> Option<Interval> {
    let valid = || run.samples.iter().filter(|sample| sample.target == target && !sample.clock_stepped);
    wilson::share_at(valid().filter(|sample| sample.failure.is_some()).count(), valid().count(), level)
}

fn signed(change: f64) -> String {
    let percent = change * 100.0;
    // Avoids "-0%".
    if percent.abs() < 0.5 { "0%".to_owned() } else { format!("{percent:+.0}%") }
}

fn notes(earlier: &Run, now: &Run) -> Vec<String> {
    let missing = |of: &Run, from: &Run| -> Vec<String> {
        let has = |name: &str| from.plan.targets.iter().any(|target| target.name == name);
        of.plan
            .targets
            .iter()
            .map(|target| &target.name)
            .filter(|name| !has(name))
            .map(|name| layout::name(name))
            .collect()
    };
    let mut notes = Vec::new();
    for (names, what) in [(missing(earlier, now), "not in this run"), (missing(now, earlier), "not in the earlier run")]
    {
        if !names.is_empty() {
            notes.push(format!("note: {what}: {}", names.join(", ")));
        }
    }
    let asked = |run: &Run| (run.plan.load, run.plan.max_tokens, run.plan.prompt_tokens);
    if asked(earlier) != asked(now) {
        notes.push("note: the runs differ in load, prompt size or answer size".to_owned());
    }
    notes.push("note: the runs took place at different times, so time of day and network are part of the difference; all intervals hold jointly at 95 %".to_owned());
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{SimulatedTarget, run};

    fn check(earlier: SimulatedTarget, now: SimulatedTarget, worse: bool, word: &str) {
        let found = with_baseline(&run(1, &[earlier], 60), &run(2, &[now], 60));
        let text = found.lines.join("\n");
        assert_eq!(found.worse, worse, "{text}");
        assert!(text.contains(word), "{text}");
        assert!(found.lines.iter().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn equal_targets_pass() {
        check(
            SimulatedTarget::new("a", 200.0),
            SimulatedTarget::new("a", 200.0),
            false,
            "no difference detected  PASS",
        );
    }

    #[test]
    fn a_slower_target_fails() {
        check(SimulatedTarget::new("a", 200.0), SimulatedTarget::new("a", 400.0), true, "worse                   FAIL");
    }

    #[test]
    fn a_faster_target_passes() {
        check(
            SimulatedTarget::new("a", 400.0),
            SimulatedTarget::new("a", 200.0),
            false,
            "better                  PASS",
        );
    }

    #[test]
    fn more_failures_fail() {
        check(SimulatedTarget::new("a", 200.0), SimulatedTarget::new("a", 200.0).failing(0.4), true, "FAIL");
    }

    #[test]
    fn a_target_of_only_one_run_gets_a_note() {
        check(SimulatedTarget::new("a", 200.0), SimulatedTarget::new("b", 200.0), false, "not in this run: a");
    }

    #[test]
    fn identical_runs_rarely_fail() {
        let again = |seed| run(seed, &[SimulatedTarget::new("a", 200.0)], 40);
        let fails = (0..24).filter(|seed| with_baseline(&again(1000 + seed), &again(5000 + seed)).worse).count();
        assert!(fails <= 2, "{fails} of 24");
    }
}
