//! `llmroute route`: explains the routing of a prompt without sending it.

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde_json::{Map as Object, Value, json};

use crate::commands::Exit;
use crate::commands::Global;
use crate::commands::ask::prepare::{Preparation, PreparedRequest};
use crate::commands::ask::printer::{skip, unordered};
use crate::commands::ask::question::QuestionArgs;
use crate::commands::ask::report::{ReportContext, rule_json};
use crate::commands::ask::unwritable;
use crate::environment::{Env, Sink};
use crate::error::CommandError;
use crate::signals::{Completion, until_signal};
use crate::ui::console::Console;
use crate::ui::sanitize;
use crate::ui::text::{NONE, count, duration};
use llmroute_core::model::failure::one_line;
use llmroute_core::routing::{DeploymentId, GroupId, Map};
use llmroute_router::engine::{Delivery, ExplainedCandidate, Explanation, HedgeInfo, NamedValues, RouteError};

/// Show which deployments a prompt would be sent to, and why, without sending it
///
/// Prints every deployment that the prompt can reach, with the filter that excludes it, the numbers that
/// the strategy ranks by, the order of the calls, the fallback groups in the order of their visits, the rule
/// that applies, and the worst case. The exit code is 0, or that of `ask` if no deployment is available.
#[derive(Debug, Args)]
pub(crate) struct RouteArgs {
    /// The question and its routing.
    #[command(flatten)]
    pub question: QuestionArgs,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// As `ask`, if no deployment is available.
pub(crate) fn run(args: &RouteArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let preparation = Preparation {
        question: &args.question,
        verify: None,
        fail_on_length: false,
        delivery: Delivery::Whole,
        logged: false,
    };
    let PreparedRequest { router, request, resolved, id, conversation, .. } =
        preparation.prepare(global, env, console)?;
    let mut rng = fastrand::Rng::with_seed(resolved.seed);
    let explained = match until_signal(router.explain(&request, &mut rng))? {
        Completion::Done(explained) => explained,
        Completion::Signal(signal) => return Ok(Exit::Signal(signal)),
    };
    let map = router.map();
    for (group, reason) in &explained.plan.unordered {
        console.event(&unordered(map, *group, reason));
    }
    let rule = explained.plan.rule_overrides.rule(request.group);
    let subject = ReportContext { map, group: request.group, rule, id: &id, conversation: conversation.as_deref() };
    let unavailable = explained.plan.calls.is_empty().then(|| {
        let Explanation { plan, .. } = &explained;
        let skips = plan.skips.clone();
        subject.error(&RouteError {
            why: plan.why,
            attempts: Vec::new(),
            skips,
            duration: std::time::Duration::ZERO,
            hedged: None,
        })
    });
    let text = if args.json {
        object(&subject, &explained, resolved.seed, unavailable.as_ref()).to_string()
    } else {
        let width = (env.stdout == Sink::Terminal).then(|| console.width());
        page(&subject, &explained, resolved.seed, width)
    };
    match (console.data(&text), unavailable) {
        (Ok(()), Some(error)) => Err(error),
        (Ok(()), None) => Ok(Exit::Success),
        (Err(error), _) => unwritable(&error),
    }
}

pub(super) fn page(subject: &ReportContext<'_>, explained: &Explanation, seed: u64, width: Option<u16>) -> String {
    let map = subject.map;
    let group = map.group(subject.group);
    let mut lines = vec![format!("group {}: {}, seed {seed}", clean(&group.name), group.strategy.name())];
    if let Some(rule) = subject.rule.map(|id| map.rules.rule(id)) {
        let (name, target) = (clean(&rule.group), clean(&map.group(rule.target).name));
        lines.push(format!("rule {} of `{name}` decides: {target} ({})", rule.number, clean(rule.when.text())));
    }
    lines.push(String::new());
    lines.push(table(map, explained, width));
    lines.push(String::new());
    let chain: Vec<String> = explained.plan.visited.iter().map(|id| clean(&map.group(*id).name)).collect();
    if !chain.is_empty() {
        lines.push(format!("chain: {}", chain.join(" → ")));
    }
    for planned in explained.plan.calls.iter().take(1) {
        if let Some(HedgeInfo { after, rival }) = planned.hedge {
            let (first, rival) = (name(map, planned.deployment), name(map, rival));
            lines.push(format!("hedge: {rival} is also called if {first} sends nothing for {}", duration(after)));
        }
    }
    let worst = explained.worst;
    if worst.attempts > 0 {
        let attempts = count(worst.attempts, "attempt");
        let by = if worst.by_deadline { " (the deadline)" } else { "" };
        lines.push(format!("worst case: {attempts}, {}{by}", duration(worst.duration)));
    }
    lines.join("\n")
}

fn name(map: &Map, id: DeploymentId) -> String {
    clean(&map.deployment(id).name)
}

/// Every candidate, one line each; no wider than the terminal.
fn table(map: &Map, explained: &Explanation, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.set_header(["#", "DEPLOYMENT", "GROUP", "NUMBERS", "LIMITS", "STATUS"]);
    for (group, candidate) in in_order(explained) {
        table.add_row([
            candidate.place.map_or_else(|| NONE.to_owned(), |place| place.to_string()),
            clean(&map.deployment(candidate.deployment).name),
            clean(&map.group(group).name),
            figures(&candidate.numbers),
            figures(&candidate.limits),
            clean(&status(candidate)),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// The candidates in the order of their calls, and then the others in the order of the profile.
fn in_order(explained: &Explanation) -> Vec<(GroupId, &ExplainedCandidate)> {
    let visits = explained.groups.iter();
    let mut all: Vec<_> =
        visits.flat_map(|visit| visit.candidates.iter().map(|candidate| (visit.group, candidate))).collect();
    all.sort_by_key(|(_, candidate)| (candidate.place.is_none(), candidate.place));
    all
}

fn status(candidate: &ExplainedCandidate) -> String {
    match (&candidate.skipped, candidate.place) {
        (None, Some(_)) if candidate.wait.is_zero() => "is called".to_owned(),
        (None, Some(_)) => format!("is called after {}", duration(candidate.wait)),
        (Some(reason), Some(_)) if reason.is_called() => skip(reason),
        (Some(reason), Some(_)) => format!("{}; called anyway because no other deployment is available", skip(reason)),
        (Some(reason), None) => skip(reason),
        (None, None) => "not reached: no attempt is left for it".to_owned(),
    }
}

fn figures(figures: &NamedValues) -> String {
    let shown: Vec<String> = figures.iter().map(|(label, value)| format!("{label} {value}")).collect();
    if shown.is_empty() { NONE.to_owned() } else { shown.join(", ") }
}

fn object(
    subject: &ReportContext<'_>,
    explained: &Explanation,
    seed: u64,
    unavailable: Option<&CommandError>,
) -> Value {
    let map = subject.map;
    let named = |figures: &NamedValues| -> Object<String, Value> {
        figures.iter().map(|(label, value)| ((*label).to_owned(), value.clone())).collect()
    };
    let candidates = in_order(explained).into_iter().map(|(group, candidate)| {
        json!({
            "deployment": map.deployment(candidate.deployment).name,
            "group": map.group(group).name,
            "place": candidate.place,
            "wait_ms": u64::try_from(candidate.wait.as_millis()).unwrap_or(u64::MAX),
            "skipped": candidate.skipped.as_ref().map(skip),
            "numbers": named(&candidate.numbers),
            "limits": named(&candidate.limits),
        })
    });
    json!({
        "group": map.group(subject.group).name,
        "strategy": map.group(subject.group).strategy.name(),
        "seed": seed,
        "rule": rule_json(map, subject.rule),
        "candidates": candidates.collect::<Vec<Value>>(),
        "chain": explained.plan.visited.iter().map(|id| map.group(*id).name.as_str()).collect::<Vec<&str>>(),
        "hedge": explained.plan.calls.first().and_then(|call| call.hedge).map(|hedge| {
            json!({
                "after_ms": u64::try_from(hedge.after.as_millis()).unwrap_or(u64::MAX),
                "deployment": map.deployment(hedge.rival).name,
            })
        }),
        "worst_case": {
            "attempts": explained.worst.attempts,
            "seconds": explained.worst.duration.as_secs_f64(),
            "deadline": explained.worst.by_deadline,
        },
        "error": unavailable.map(|error| json!({"message": error.message(), "exit_code": error.kind.exit_code()})),
    })
}

/// Returns one harmless line: names come from a file that another person may have written.
fn clean(text: &str) -> String {
    sanitize::text(&one_line(text)).into_owned()
}
