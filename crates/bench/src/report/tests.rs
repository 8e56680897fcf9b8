//! Tests of reports on simulated runs.

use super::*;
use crate::cost::CostEstimate;
use crate::plan::{Arrival, Target};
use crate::summary::Summary;
use crate::synthetic::{self, SimulatedTarget};

/// The example run, with a seed at which the fast target sometimes fails.
fn mixed() -> Run {
    synthetic::mixed(SEED)
}

const SEED: u64 = 8;

fn shown(run: &Run, style: &ReportStyle) -> String {
    text(run, &Summary::of(run), style)
}

/// A run with names that try to break out of their context.
fn hostile() -> Run {
    let mut run =
        synthetic::run(1, &[SimulatedTarget::new("a", 100.0).failing(0.5), SimulatedTarget::new("b", 100.0)], 40);
    run.plan.targets[0].name = "<script>alert(1)</script>|,\"\u{1b}[2J\n".to_owned();
    run
}

fn snapshot(name: &str, text: &str) {
    insta::assert_snapshot!(name, text);
}

#[test]
fn the_text_at_100_columns() {
    snapshot("text", &shown(&mixed(), &ReportStyle::default()));
}

#[test]
fn the_text_with_every_figure_in_ascii_at_79_columns() {
    let text = shown(&mixed(), &ReportStyle { width: 79, ascii: true, detail: true });
    assert!(text.is_ascii());
    snapshot("ascii", &text);
}

#[test]
fn a_few_calls_of_one_target() {
    snapshot("few", &shown(&synthetic::run(1, &[SimulatedTarget::new("a", 100.0)], 3), &ReportStyle::default()));
}

#[test]
fn the_markdown_report() {
    let run = mixed();
    snapshot("markdown", &markdown(&run, &Summary::of(&run)));
}

#[test]
fn the_plan() {
    let plan = mixed().plan;
    snapshot(
        "plan",
        &plan_lines(&plan, &[CostEstimate::AtMost(0.0042), CostEstimate::AtMost(0.0042), CostEstimate::Unknown])
            .join("\n"),
    );
}

#[test]
fn skipped_starts_are_reported_and_do_not_invalidate_the_run() {
    let mut run = mixed();
    run.client.rate_limited = 17;
    let text = shown(&run, &ReportStyle::default());
    assert!(text.contains("skipped: 17 starts while a deployment was rate limiting"), "{text}");
    assert!(!text.contains("INVALID"), "{text}");
}

#[test]
fn no_line_is_wider_than_the_page() {
    let mut open = mixed();
    open.plan.load = Load::Arrivals { stop: Stop::Rounds(40), rate: 2.5, pattern: Arrival::Poisson };
    open.client.dropped = 9;
    for run in
        [mixed(), hostile(), open, synthetic::run(1, &[], 0), synthetic::run(1, &[SimulatedTarget::new("a", 1.0)], 0)]
    {
        let summary = Summary::of(&run);
        for width in [20, 40, 60, 79, 80, 100, 140] {
            for ascii in [false, true] {
                let text = text(&run, &summary, &ReportStyle { width, ascii, detail: true });
                let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
                assert!(widest.chars().count() <= width, "at {width}: {widest}");
                assert!(!text.contains('\u{1b}'));
            }
        }
    }
}

#[test]
fn the_html_page_is_self_contained_and_escapes_names() {
    for run in [mixed(), hostile()] {
        let page = html(&run, &Summary::of(&run));
        for bad in ["<script", "http://", "https://", "src=", "\u{1b}", "NaN", "inf"] {
            assert!(!page.contains(bad), "{bad}");
        }
        assert_eq!(page.matches("<svg").count(), 2);
        balanced(&page);
    }
}

#[test]
fn the_html_plots_show_a_target_that_failed_every_time() {
    let run =
        synthetic::run(1, &[SimulatedTarget::new("down", 100.0).failing(1.0), SimulatedTarget::new("up", 100.0)], 8);
    let page = html(&run, &Summary::of(&run));
    let (_, plots) = page.split_once("<svg").expect("there are plots");
    assert_eq!(plots.matches(">down</text>").count(), 2, "{plots}");
    assert!(plots.contains("no complete answer, 8 failures"), "{plots}");
    assert_eq!(plots.matches(">×</text>").count(), 8, "{plots}");
    let all = synthetic::run(1, &[SimulatedTarget::new("down", 100.0).failing(1.0)], 8);
    assert_eq!(html(&all, &Summary::of(&all)).matches(">×</text>").count(), 8);
}

/// Asserts that every opened element is closed.
fn balanced(page: &str) {
    for tag in ["table", "tr", "td", "th", "ul", "li", "svg", "text", "div", "body", "html", "title", "p", "h1", "h2"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn the_csv_has_a_row_per_call() {
    for run in [mixed(), hostile()] {
        let text = csv(&run, &Summary::of(&run));
        let records = records(&text);
        assert_eq!(records.len(), run.samples.len() + 1);
        assert!(records.iter().all(|record| record.len() == records[0].len()));
        assert_eq!(records[1][0], run.plan.targets[0].name);
    }
}

/// A parser of RFC 4180.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => cell.extend(chars.next()),
            ('"', _) => quoted = !quoted,
            (',', false) => record.push(std::mem::take(&mut cell)),
            ('\r', false) => {}
            ('\n', false) => {
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            (c, _) => cell.push(c),
        }
    }
    records
}

#[test]
fn the_json_holds_the_run_and_its_summary() {
    let mut run = mixed();
    // Floating-point amounts may lose their last bit in JSON; times do not.
    run.samples.iter_mut().for_each(|sample| sample.cost_usd = None);
    run.plan.targets.iter_mut().for_each(|target| target.price = None);
    let value: serde_json::Value = serde_json::from_str(&json(&run, &Summary::of(&run))).unwrap();
    let back: Run = serde_json::from_value(value["run"].clone()).unwrap();
    assert!(back == run);
    assert_eq!(
        value["summary"]["targets"][2]["metrics"]["ttft_ms"]["p99"]["missing"],
        368 - value["summary"]["targets"][2]["good"].as_u64().unwrap()
    );
}

#[test]
fn equal_runs_give_equal_reports() {
    let forms = |run: &Run| {
        let summary = Summary::of(run);
        [
            shown(run, &ReportStyle::default()),
            html(run, &summary),
            json(run, &summary),
            csv(run, &summary),
            markdown(run, &summary),
        ]
    };
    assert!(forms(&mixed()) == forms(&mixed()));
}

#[test]
fn many_targets_are_compared_with_the_first_only() {
    let shapes = [100.0, 200.0, 300.0, 400.0, 500.0].map(|ms| SimulatedTarget::new("x", ms));
    let mut run = synthetic::run(1, &shapes, 40);
    let named = |(at, target): (usize, Target)| Target { name: format!("t{at}"), ..target };
    run.plan.targets = run.plan.targets.into_iter().enumerate().map(named).collect();
    let text = shown(&run, &ReportStyle::default());
    assert_eq!(text.matches("faster to first token than").count(), 4, "{text}");
    assert_eq!(text.matches("  best").count(), 1, "{text}");
}
