//! One request in full, for people.

use std::fmt::{Display, Write};

use jiff::tz::TimeZone;
use serde_json::Value;

use llmroute_core::model::Usage;
use llmroute_core::model::failure::one_line;
use llmroute_router::history::{LogEnd, LogEntry};

use super::sanitize;
use crate::ui::text::{full_time, millis, money};

/// The fields, the attempts and the texts of `entry`.
pub(crate) fn render(entry: &LogEntry, zone: &TimeZone) -> String {
    let mut page = DetailPage(String::new());
    page.question(entry, zone);
    if let Some(end) = &entry.end {
        page.ending(end);
    }
    for (n, attempt) in entry.attempts().iter().enumerate() {
        page.field(if n == 0 { "attempts" } else { "" }, format!("{}. {}", n + 1, attempt_line(attempt)));
    }
    if let Some(error) = entry.end.as_ref().and_then(|end| end.error.as_ref()) {
        page.error(error);
    }
    page.section("system", entry.start.system.as_deref().unwrap_or_default());
    page.section("prompt", &entry.start.prompt);
    if let Some(end) = &entry.end {
        page.section("reasoning", &end.reasoning);
        page.section("answer", &end.text);
    }
    page.0
}

struct DetailPage(String);

impl DetailPage {
    fn question(&mut self, entry: &LogEntry, zone: &TimeZone) {
        let start = &entry.start;
        self.field("id", &start.id);
        self.field("time", full_time(start.at, zone));
        self.field("command", &start.command);
        self.field("group", &start.group);
        self.optional("conversation", start.conversation());
        self.optional("follows", start.parent.as_ref());
        if !start.tags.is_empty() {
            self.field("tags", start.tags.join(", "));
        }
        self.field("outcome", entry.outcome());
    }

    fn ending(&mut self, end: &LogEnd) {
        self.optional("deployment", end.deployment.as_ref());
        self.optional("provider", end.provider.as_ref());
        self.optional("model", end.model.as_ref());
        self.optional("finish", end.finish_reason.as_ref());
        self.optional("tokens", end.usage.as_ref().map(tokens));
        self.field("cost", end.cost_usd.map_or_else(|| "unknown".to_owned(), money));
        self.optional("first token", end.ttft_ms.map(millis));
        self.field("duration", millis(end.duration_ms));
    }

    fn error(&mut self, error: &Value) {
        let class = text_of(error, "class");
        let message = text_of(error, "message");
        match (class, message) {
            (Some(class), Some(message)) => self.field("error", format!("{class}: {message}")),
            _ => self.field("error", error),
        }
        self.optional("hint", text_of(error, "hint"));
    }

    fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    fn field(&mut self, name: &str, value: impl Display) {
        let value = one_line(&value.to_string());
        self.line(format_args!("{name:<13}{}", sanitize::text(&value)));
    }

    fn section(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.line(format_args!("\n--- {name} ---\n{}", sanitize::text(text.trim_end_matches('\n'))));
        }
    }

    fn line(&mut self, line: impl Display) {
        writeln!(self.0, "{line}").expect("a string takes everything");
    }
}

fn tokens(usage: &Usage) -> String {
    let mut line = format!("{} in, {} out", usage.input, usage.output);
    for (count, name) in
        [(usage.cached, "cached"), (usage.cache_write, "written to the cache"), (usage.reasoning, "reasoning")]
    {
        if count > 0 {
            write!(line, ", {count} {name}").expect("a string takes everything");
        }
    }
    line
}

/// The fields of an attempt; other versions may write more or fewer.
fn attempt_line(attempt: &Value) -> String {
    let words = ["deployment", "outcome", "class"].map(|name| text_of(attempt, name).map(str::to_owned));
    let status = number_of(attempt, "status").map(|status| status.to_string());
    let waited = number_of(attempt, "waited_ms").filter(|ms| *ms > 0).map(|ms| format!("waited {}", millis(ms)));
    let took = number_of(attempt, "duration_ms").map(|ms| format!("took {}", millis(ms)));
    let request = text_of(attempt, "request_id").map(|id| format!("request {id}"));
    let parts = words.into_iter().chain([status, waited, took, request]);
    parts.flatten().collect::<Vec<_>>().join("  ")
}

fn text_of<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn number_of(object: &Value, name: &str) -> Option<u64> {
    object.get(name).and_then(Value::as_u64)
}
