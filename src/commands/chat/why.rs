//! The routing of an answer in words: skipped deployments, calls, and their results.

use crate::commands::ask::printer::describe;
use crate::commands::ask::report::ReportContext;
use crate::ui::text::{duration, money};
use llmroute_router::engine::{AttemptRecord, Disposition};

/// The lines of `/why`.
#[must_use]
pub(crate) fn lines(subject: &ReportContext<'_>, skips: &[String], attempts: &[AttemptRecord]) -> String {
    let map = subject.map;
    let group = map.group(subject.group);
    let mut text = format!("group {}: {}\n", group.name, group.strategy.name());
    if let Some(rule) = subject.rule.map(|id| map.rules.rule(id)) {
        text += &format!(
            "rule {} of `{}` decided: {} ({})\n",
            rule.number,
            rule.group,
            map.group(rule.target).name,
            rule.when.text()
        );
    }
    for skip in skips {
        text += &format!("  -  skipped {skip}\n");
    }
    for (n, attempt) in attempts.iter().enumerate() {
        let name = &map.deployment(attempt.deployment).name;
        let through = match attempt.group == subject.group {
            true => String::new(),
            false => format!(" through {}", map.group(attempt.group).name),
        };
        text += &format!("  {}. {name}{through}: {}\n", n + 1, outcome(attempt));
    }
    text
}

fn outcome(attempt: &AttemptRecord) -> String {
    let mut parts = vec![match (&attempt.failure, attempt.disposition) {
        (Some(failure), _) => format!("failed ({})", describe(failure)),
        (None, Disposition::HedgeLoser) => "was slower than the other".to_owned(),
        (None, Disposition::Cancelled) => "was stopped".to_owned(),
        (None, Disposition::Delivered | Disposition::Discarded) => "answered".to_owned(),
    }];
    if !attempt.waited.is_zero() {
        parts.push(format!("waited {}", duration(attempt.waited)));
    }
    if let Some(first) = attempt.first_token {
        parts.push(format!("first token {}", duration(first)));
    }
    parts.push(format!("{} in all", duration(attempt.duration)));
    if let Some(cost) = attempt.cost {
        parts.push(money(cost));
    }
    parts.join(", ")
}
