//! `llmroute route`: what would happen to a prompt and why, without calling anyone.

use std::path::PathBuf;

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde_json::{Map as Object, Value, json};

use super::ask::args::AskArgs;
use super::ask::printer::{seconds, skip};
use super::ask::report::{Subject, rule_json};
use super::ask::{self, Prepared};
use super::console::Console;
use super::env::{Env, Sink};
use super::plain;
use super::{End, Global};
use crate::engine::{Candidate, Explained, Figures, RouteError};
use crate::error::Error;
use crate::model::failure::one_line;
use crate::route::Map;

/// Show who would be asked and why, without calling anyone.
///
/// Prints every deployment that the prompt may reach with what filtered it, the numbers that the
/// strategy weighs, the order of the calls, the fallbacks in the order of the visits, the rule that
/// decided, and the worst case. The exit code is 0, or that of `ask` when nobody may be asked.
#[derive(Debug, Args)]
pub struct RouteArgs {
    /// The prompt; `-` reads it from standard input
    #[arg(value_name = "PROMPT")]
    pub prompt: Vec<String>,

    /// The model group, or one model without routing
    #[arg(short, long, value_name = "GROUP|PROVIDER/MODEL")]
    pub model: Option<String>,
    /// System prompt
    #[arg(short, long, value_name = "TEXT")]
    pub system: Option<String>,
    /// This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`
    #[arg(short, long, value_name = "NAME")]
    pub template: Option<String>,
    /// Set a model option, a field of the request body or a variable of the template; may be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    pub options: Vec<String>,
    /// Put the text of FILE before the prompt; may be repeated
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Do not read standard input
    #[arg(long)]
    pub no_stdin: bool,
    /// The most tokens to generate
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u64>,

    /// Label that rules look at; may be repeated
    #[arg(long = "tag", value_name = "TAG", help_heading = "Routing")]
    pub tags: Vec<String>,
    /// Who asks, for rules
    #[arg(long, value_name = "USER", help_heading = "Routing")]
    pub user: Option<String>,
    /// Only deployments with this tag, or without it (`!TAG`); may be repeated
    #[arg(long = "require-tag", value_name = "TAG|!TAG", help_heading = "Routing")]
    pub require_tags: Vec<String>,
    /// This group or model when the first one fails, instead of the profile's fallbacks; may be repeated
    #[arg(long = "fallback", value_name = "GROUP|PROVIDER/MODEL", help_heading = "Routing")]
    pub fallbacks: Vec<String>,
    /// No fallback group
    #[arg(long, conflicts_with = "fallbacks", help_heading = "Routing")]
    pub no_fallback: bool,
    /// Further attempts inside a group after the first
    #[arg(long, value_name = "N", help_heading = "Routing")]
    pub num_retries: Option<u32>,
    /// Limit of everything: attempts, waits, fallbacks
    #[arg(long, value_name = "DURATION", help_heading = "Routing")]
    pub deadline: Option<String>,
    /// Only deployments whose estimated cost is known and at most this
    #[arg(long, value_name = "USD", help_heading = "Routing")]
    pub max_cost: Option<f64>,
    /// Seed of the routing's own luck
    #[arg(long, value_name = "N", help_heading = "Routing")]
    pub route_seed: Option<u64>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl RouteArgs {
    /// The same question to `ask`, which is told nothing to write down.
    fn ask(&self) -> AskArgs {
        AskArgs {
            prompt: self.prompt.clone(),
            model: self.model.clone(),
            system: self.system.clone(),
            template: self.template.clone(),
            options: self.options.clone(),
            files: self.files.clone(),
            no_stdin: self.no_stdin,
            max_tokens: self.max_tokens,
            tags: self.tags.clone(),
            user: self.user.clone(),
            require_tags: self.require_tags.clone(),
            fallbacks: self.fallbacks.clone(),
            no_fallback: self.no_fallback,
            num_retries: self.num_retries,
            deadline: self.deadline.clone(),
            max_cost: self.max_cost,
            route_seed: self.route_seed,
            no_log: true,
            ..AskArgs::default()
        }
    }
}

/// Runs the command.
///
/// # Errors
/// As `ask`, when nobody may be asked.
pub fn command(args: &RouteArgs, global: &Global, env: &Env, console: &mut Console) -> Result<End, Error> {
    let Prepared { router, request, ask, id } = ask::prepare(&args.ask(), global, env, console)?;
    let explained = router.explain(&request, &mut fastrand::Rng::with_seed(ask.seed));
    let map = router.map();
    let rule = explained.plan.detours.rule(request.group);
    let subject = Subject { map, group: request.group, rule, id: &id };
    let nobody = explained.plan.calls.is_empty().then(|| {
        let Explained { plan, .. } = &explained;
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
        object(&subject, &explained, ask.seed, nobody.as_ref()).to_string()
    } else {
        let width = (env.stdout == Sink::Terminal).then(|| console.width());
        page(&subject, &explained, ask.seed, width)
    };
    match (console.data(&text), nobody) {
        (Ok(()), Some(error)) => Err(error),
        (Ok(()), None) => Ok(End::Success),
        (Err(error), _) => ask::unwritable(&error),
    }
}

fn page(subject: &Subject<'_>, explained: &Explained, seed: u64, width: Option<u16>) -> String {
    let map = subject.map;
    let group = map.group(subject.group);
    let mut lines = vec![format!("group {}: {}, seed {seed}", clean(&group.name), group.strategy.as_str())];
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
    let worst = explained.worst;
    if worst.attempts > 0 {
        let attempts =
            if worst.attempts == 1 { "1 attempt".to_owned() } else { format!("{} attempts", worst.attempts) };
        let by = if worst.by_deadline { " (the deadline)" } else { "" };
        lines.push(format!("worst case: {attempts}, {}{by}", seconds(worst.duration)));
    }
    lines.join("\n")
}

/// Every candidate, one line each; no wider than the terminal.
fn table(map: &Map, explained: &Explained, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.set_header(["#", "DEPLOYMENT", "GROUP", "NUMBERS", "LIMITS", "STATUS"]);
    for leg in &explained.legs {
        for candidate in &leg.candidates {
            table.add_row([
                candidate.place.map_or_else(|| "-".to_owned(), |place| place.to_string()),
                clean(&map.deployment(candidate.deployment).name),
                clean(&map.group(leg.group).name),
                figures(&candidate.numbers),
                figures(&candidate.limits),
                clean(&status(candidate)),
            ]);
        }
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

fn status(candidate: &Candidate) -> String {
    match (&candidate.skipped, candidate.place) {
        (None, Some(_)) if candidate.wait.is_zero() => "is asked".to_owned(),
        (None, Some(_)) => format!("is asked after {}", seconds(candidate.wait)),
        (Some(reason), Some(_)) => format!("{}; is asked all the same", skip(reason)),
        (Some(reason), None) => skip(reason),
        (None, None) => "not reached: no attempt is left for it".to_owned(),
    }
}

fn figures(figures: &Figures) -> String {
    let shown: Vec<String> = figures.iter().map(|(label, value)| format!("{label} {value}")).collect();
    if shown.is_empty() { "-".to_owned() } else { shown.join(", ") }
}

fn object(subject: &Subject<'_>, explained: &Explained, seed: u64, nobody: Option<&Error>) -> Value {
    let map = subject.map;
    let named = |figures: &Figures| -> Object<String, Value> {
        figures.iter().map(|(label, value)| ((*label).to_owned(), value.clone())).collect()
    };
    let candidates = explained.legs.iter().flat_map(|leg| {
        leg.candidates.iter().map(move |candidate| {
            json!({
                "deployment": map.deployment(candidate.deployment).name,
                "group": map.group(leg.group).name,
                "place": candidate.place,
                "wait_ms": u64::try_from(candidate.wait.as_millis()).unwrap_or(u64::MAX),
                "skipped": candidate.skipped.as_ref().map(skip),
                "numbers": named(&candidate.numbers),
                "limits": named(&candidate.limits),
            })
        })
    });
    json!({
        "group": map.group(subject.group).name,
        "strategy": map.group(subject.group).strategy.as_str(),
        "seed": seed,
        "rule": rule_json(map, subject.rule),
        "candidates": candidates.collect::<Vec<Value>>(),
        "chain": explained.plan.visited.iter().map(|id| map.group(*id).name.as_str()).collect::<Vec<&str>>(),
        "worst_case": {
            "attempts": explained.worst.attempts,
            "seconds": explained.worst.duration.as_secs_f64(),
            "deadline": explained.worst.by_deadline,
        },
        "error": nobody.map(|error| json!({"message": error.message, "exit_code": error.kind.exit_code()})),
    })
}

/// One harmless line: names come from a file that somebody else may have written.
fn clean(text: &str) -> String {
    plain::text(&one_line(text)).into_owned()
}
