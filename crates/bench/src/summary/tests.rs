//! Tests of summaries against simulated runs with known properties.

use std::time::Duration;

use super::client::ClientIssue;
use super::*;
use crate::plan::{Arrival, Load, Slo, Stop};
use crate::stats::quantile::RankedQuantile;
use crate::synthetic::{self, SimulatedTarget as Host, run};

fn outcome(run: &Run, a: usize, b: usize) -> Outcome {
    Summary::of(run).pair(a, b, Metric::TtftMs).unwrap().outcome
}

fn check(hosts: &[Host], rounds: u32, want: Outcome) {
    assert_eq!(outcome(&run(3, hosts, rounds), 0, 1), want);
}

fn open(mut run: Run) -> Run {
    run.plan.load = Load::Arrivals { stop: Stop::Rounds(40), rate: 10.0, pattern: Arrival::Poisson };
    run
}

#[test]
fn a_clear_difference_gives_a_verdict_in_both_directions() {
    check(&[Host::new("a", 200.0), Host::new("b", 300.0)], 40, Outcome::Faster);
    check(&[Host::new("a", 300.0), Host::new("b", 200.0)], 40, Outcome::Slower);
}

#[test]
fn equal_targets_are_the_same_only_within_a_narrow_interval() {
    check(&[Host::new("a", 200.0).spread(0.05), Host::new("b", 200.0).spread(0.05)], 40, Outcome::Same);
    let wide = run(3, &[Host::new("a", 200.0), Host::new("b", 200.0)], 40);
    assert!(matches!(outcome(&wide, 0, 1), Outcome::CannotTell(Uncertainty::MoreRounds(_))));
}

#[test]
fn three_rounds_are_too_few() {
    check(&[Host::new("a", 200.0), Host::new("b", 900.0)], 3, Outcome::CannotTell(Uncertainty::TooFewPairs));
}

#[test]
fn a_target_that_fails_more_often_never_wins() {
    let hosts = [Host::new("a", 100.0).failing(0.5), Host::new("b", 300.0)];
    check(&hosts, 40, Outcome::CannotTell(Uncertainty::FailsMore));
    assert_eq!(Summary::of(&run(3, &hosts, 40)).ranking(), [1, 0]);
}

#[test]
fn failures_are_counted_by_class_and_rank_as_infinite() {
    let summary = Summary::of(&run(3, &[Host::new("a", 100.0).failing(0.2)], 100));
    let target = &summary.targets[0];
    assert_eq!(target.good + target.errors["rate_limit"].count, 100);
    assert_eq!(target.ttft_p95_with_failures, RankedQuantile::Infinite);
    assert_eq!(target.figures(Metric::TtftMs).unwrap().n, target.good);
}

#[test]
fn a_clock_step_invalidates_the_call() {
    let mut run = run(3, &[Host::new("a", 100.0)], 40);
    run.samples[4].clock_stepped = true;
    let summary = Summary::of(&run);
    assert_eq!((summary.targets[0].calls, summary.targets[0].void), (39, 1));
    assert_eq!(summary.client.warnings, [ClientIssue::ClockSteps(1)]);
}

#[test]
fn late_starts_invalidate_an_open_loop_only() {
    let mut closed = run(3, &[Host::new("a", 100.0)], 40);
    for sample in &mut closed.samples {
        sample.sent = sample.due + Duration::from_millis(20);
    }
    assert!(Summary::of(&closed).client.is_valid());
    let open = Summary::of(&open(closed));
    assert_eq!(open.client.invalid, [ClientIssue::Late(20.0)]);
    let medians =
        [Metric::TtftMs, Metric::ServiceTtftMs].map(|metric| open.targets[0].figures(metric).unwrap().median());
    assert!((medians[0] - medians[1] - 20.0).abs() < 1e-6, "{medians:?}");
}

#[test]
fn dropped_starts_and_a_busy_cpu_invalidate_a_run() {
    let mut spoilt = open(run(3, &[Host::new("a", 100.0)], 40));
    spoilt.client.dropped = 5;
    spoilt.client.cpu = Some(spoilt.client.wall);
    assert_eq!(Summary::of(&spoilt).client.invalid, [ClientIssue::Dropped(5), ClientIssue::Busy(1.0)]);
}

#[test]
fn a_rate_limit_is_not_a_fault_of_the_client() {
    let mut limited = open(run(3, &[Host::new("a", 100.0)], 40));
    limited.client.rate_limited = 17;
    let client = Summary::of(&limited).client;
    assert_eq!((client.is_valid(), client.rate_limited, client.warnings), (true, 17, Vec::new()));
}

#[test]
fn the_network_share_comes_from_the_handshake() {
    let target = Summary::of(&run(3, &[Host::new("a", 100.0)], 40)).targets.remove(0);
    let (tcp, ttft) = (target.figures(Metric::TcpMs).unwrap(), target.figures(Metric::TtftMs).unwrap());
    assert!((10.0..=11.0).contains(&tcp.median()) && tcp.n == 1, "{tcp:?}");
    assert_eq!(target.network_share, Some(tcp.median() / ttft.median()));
}

#[test]
fn goodput_counts_failures_as_misses() {
    let mut run = run(3, &[Host::new("a", 100.0).failing(0.2)], 100);
    run.plan.slo = Slo { ttft: Some(Duration::from_secs(10)), ..Slo::default() };
    let target = Summary::of(&run).targets.remove(0);
    assert_eq!(target.goodput.unwrap().met, target.good);
    run.plan.slo.ttft = Some(Duration::from_millis(1));
    assert_eq!(Summary::of(&run).targets[0].goodput.unwrap().met, 0);
}

#[test]
fn cost_is_the_billed_amount_and_unknown_is_not_zero() {
    let mut run = run(3, &[Host::new("a", 100.0)], 10);
    let cost = Summary::of(&run).targets[0].cost.unwrap();
    assert!((cost.per_call * 10.0 - cost.spent).abs() < 1e-12 && cost.spent > 0.0);
    run.plan.targets[0].price = None;
    for sample in &mut run.samples {
        sample.cost_usd = None;
    }
    assert_eq!(Summary::of(&run).targets[0].cost, None);
}

#[test]
fn a_run_without_samples_has_a_summary() {
    let summary = Summary::of(&run(3, &[Host::new("a", 100.0), Host::new("b", 100.0)], 0));
    assert_eq!((summary.rounds, summary.targets[0].calls, summary.targets[0].error_rate), (0, 0, None));
}

#[test]
fn a_saved_run_has_the_same_summary() {
    let mut run = synthetic::mixed(5);
    // Floating-point amounts may lose their last bit in JSON; times do not.
    run.samples.iter_mut().for_each(|sample| sample.cost_usd = None);
    let summary = Summary::of(&run);
    let kept: Run = serde_json::from_str(&serde_json::to_string(&run).unwrap()).unwrap();
    assert!(Summary::of(&kept) == summary);
    let text = serde_json::to_string(&summary).unwrap();
    let back: Summary = serde_json::from_str(&text).unwrap();
    assert_eq!(back.targets[2].errors, summary.targets[2].errors);
    assert_eq!(back.pairs.len(), 9);
}

#[test]
fn every_metric_is_documented() {
    let page = include_str!("../../../../docs/bench.md");
    for metric in Metric::ALL {
        assert!(page.contains(&format!("`{}`", metric.key())), "{}", metric.key());
    }
}
