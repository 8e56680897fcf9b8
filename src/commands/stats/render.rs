//! Rows of figures as a table, as JSON and as CSV.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::By;
use crate::ui;
use crate::ui::sanitize;
use crate::ui::table::{Column, Fit};
use crate::ui::text::{NONE, millis, money};
use llmroute_core::model::failure::one_line;
use llmroute_router::history::CallStats;

/// Figures and their names, in the order of the groupings.
#[derive(Clone)]
pub(crate) struct Row {
    /// A deployment, a day, a group, …; `None` where a request has none.
    pub names: Vec<Option<String>>,
    /// The figures.
    pub stats: CallStats,
}

/// The names of the groupings.
const NAMES: [fn(&Row) -> String; 6] =
    [|row| row.name(0), |row| row.name(1), |row| row.name(2), |row| row.name(3), |row| row.name(4), |row| row.name(5)];

impl Row {
    fn name(&self, place: usize) -> String {
        self.names.get(place).map_or_else(String::new, |name| name.clone().unwrap_or_else(|| NONE.to_owned()))
    }

    /// One object.
    pub(crate) fn json(&self, by: &[By]) -> Value {
        let stats = &self.stats;
        let mut object: Map<String, Value> =
            by.iter().zip(&self.names).map(|(by, name)| (by.as_str().to_owned(), name.as_deref().into())).collect();
        let figures = json!({
            "requests": stats.requests,
            "not_called": stats.not_called,
            "calls": stats.calls,
            "ok": stats.ok,
            "failed": stats.failed,
            "failovers": stats.failovers,
            "unneeded": stats.unneeded,
            "success": stats.success(),
            "ttft_samples": stats.timed(),
            "ttft_p50_ms": stats.ttft_p50(),
            "ttft_p95_ms": stats.ttft_p95(),
            "tokens_per_second": stats.tokens_per_second(),
            "input_tokens": stats.input_tokens,
            "output_tokens": stats.output_tokens,
            "cost_usd": stats.cost,
            "wasted_usd": stats.wasted,
            "unpriced_calls": stats.unpriced,
            "classes": stats.classes,
            "finish_reasons": stats.finish_reasons,
        });
        if let Value::Object(figures) = figures {
            object.extend(figures);
        }
        Value::Object(object)
    }
}

impl By {
    /// The name in headings and in JSON.
    fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Day => "day",
            Self::Group => "group",
            Self::Model => "model",
            Self::Tag => "tag",
            Self::User => "user",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Deployment => "DEPLOYMENT",
            Self::Day => "DAY",
            Self::Group => "GROUP",
            Self::Model => "MODEL",
            Self::Tag => "TAG",
            Self::User => "USER",
        }
    }
}

/// A table with `total` in its last line, if there are several rows.
pub(crate) fn table(rows: &[Row], total: &CallStats, by: &[By], width: Option<u16>) -> String {
    let mut columns: Vec<Column<Row>> = by
        .iter()
        .zip(NAMES)
        .map(|(by, cell)| Column { title: by.title(), from_width: 0, fit: Fit::Cut(40), cell })
        .collect();
    let figure = |title, from_width, cell: fn(&Row) -> String| Column { title, from_width, fit: Fit::Number, cell };
    columns.push(figure("CALLS", 0, |row| row.stats.calls.to_string()));
    if total.not_called > 0 {
        columns.push(figure("NOT CALLED", 0, |row| row.stats.not_called.to_string()));
    }
    columns.push(figure("OK", 0, |row| share(row.stats.success())));
    columns.push(figure("FAILOVERS", 90, |row| row.stats.failovers.to_string()));
    columns.push(figure("TTFT P50", 60, |row| time(row.stats.ttft_p50())));
    columns.push(figure("P95", 70, |row| time(row.stats.ttft_p95())));
    columns.push(figure("TOK/S", 80, |row| row.stats.tokens_per_second().map_or(NONE.into(), |v| format!("{v:.0}"))));
    columns.push(figure("TOKENS IN", 100, |row| row.stats.input_tokens.to_string()));
    columns.push(figure("OUT", 100, |row| row.stats.output_tokens.to_string()));
    columns.push(figure("COST", 60, |row| row.stats.cost.map_or(NONE.into(), money)));
    columns.push(figure("WASTED", 110, |row| wasted(row.stats.wasted)));
    if total.unpriced > 0 {
        columns.push(figure("UNPRICED", 60, |row| row.stats.unpriced.to_string()));
    }
    let text = |title, cell: fn(&Row) -> String| Column { title, from_width: 140, fit: Fit::Cut(40), cell };
    columns.push(text("FINISH", |row| counts(&row.stats.finish_reasons, " ")));
    columns.push(text("FAILURES", |row| counts(&row.stats.classes, " ")));
    let sum = Row { names: vec![Some("all".to_owned())], stats: total.clone() };
    let sum = (rows.len() > 1).then(|| Row { names: pad(sum.names, by.len()), ..sum });
    let rows: Vec<Row> = rows.iter().cloned().chain(sum).collect();
    ui::table::render(&rows, &columns, width)
}

/// Empty names, so that the total has no dash in its further groupings.
fn pad(mut names: Vec<Option<String>>, len: usize) -> Vec<Option<String>> {
    names.resize(len, Some(String::new()));
    names
}

/// `12 stop 1 length`: the most frequent first.
fn counts(counts: &BTreeMap<String, u64>, between: &str) -> String {
    let mut sorted: Vec<(&String, &u64)> = counts.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1));
    let words: Vec<String> = sorted.iter().map(|(name, count)| format!("{count} {name}")).collect();
    if words.is_empty() { NONE.to_owned() } else { words.join(between) }
}

fn share(share: Option<f64>) -> String {
    // Rounded down, so that 100% means all of them.
    share.map_or_else(|| NONE.to_owned(), |share| format!("{:.1}%", (share * 1000.0).floor() / 10.0))
}

fn time(ms: Option<u64>) -> String {
    ms.map_or_else(|| NONE.to_owned(), millis)
}

fn wasted(usd: f64) -> String {
    if usd > 0.0 { money(usd) } else { NONE.to_owned() }
}

/// RFC 4180: a header, then a line for each row; unknown values are empty.
pub(crate) fn csv(rows: &[Row], by: &[By]) -> String {
    let objects: Vec<Value> = rows.iter().map(|row| row.json(by)).collect();
    let mut text = String::new();
    if let Some(first) = objects.first().and_then(Value::as_object) {
        text.push_str(&first.keys().cloned().collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    for object in objects.iter().filter_map(Value::as_object) {
        text.push_str(&object.values().map(field).collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    text
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text_field(text),
        Value::Object(counts) => {
            let words: Vec<String> = counts.iter().map(|(name, count)| format!("{name}={count}")).collect();
            text_field(&words.join(" "))
        }
        other => other.to_string(),
    }
}

/// A text on one line, quoted if need be. An apostrophe keeps spreadsheets from reading it as a formula.
fn text_field(text: &str) -> String {
    let text = sanitize::text(&one_line(text)).into_owned();
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text };
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(names: &[&str], calls: u64, ok: u64) -> Row {
        let mut stats = CallStats::default();
        (stats.requests, stats.calls, stats.ok, stats.failed, stats.cost) = (calls, calls, ok, calls - ok, Some(0.5));
        Row { names: names.iter().map(|name| Some((*name).to_owned())).collect(), stats }
    }

    #[test]
    fn several_rows_have_a_total() {
        let rows = [row(&["a", "2026-11-22"], 3, 3), row(&["b", "2026-11-22"], 1000, 999)];
        let total = row(&[], 1003, 1002).stats;
        let want = "DEPLOYMENT  DAY         CALLS      OK\n\
                    a           2026-11-22      3  100.0%\n\
                    b           2026-11-22   1000   99.9%\n\
                    all                      1003   99.9%";
        assert_eq!(table(&rows, &total, &[By::Deployment, By::Day], Some(59)), want);
        assert!(!table(&rows[..1], &total, &[By::Deployment], None).contains("all"));
    }

    #[test]
    fn requests_without_a_call_have_a_column() {
        let mut refused = row(&[], 0, 0);
        refused.names = vec![None];
        (refused.stats.not_called, refused.stats.unpriced) = (20, 1);
        let total = refused.stats.clone();
        let want = "DEPLOYMENT  CALLS  NOT CALLED    OK\n\
                    –               0          20  0.0%";
        assert_eq!(table(&[refused], &total, &[By::Deployment], Some(59)), want);
    }

    #[test]
    fn csv_has_a_heading_and_quotes_what_needs_it() {
        let mut row = row(&["a,\"b\""], 1, 1);
        row.stats.finish_reasons = BTreeMap::from([("length".to_owned(), 1), ("stop".to_owned(), 2)]);
        let text = csv(&[row], &[By::Deployment]);
        let want = "deployment,requests,not_called,calls,ok,failed,failovers,unneeded,success,ttft_samples,\
            ttft_p50_ms,ttft_p95_ms,tokens_per_second,input_tokens,output_tokens,cost_usd,wasted_usd,unpriced_calls,\
            classes,finish_reasons\n\
            \"a,\"\"b\"\"\",1,0,1,1,0,0,0,1.0,0,,,,0,0,0.5,0.0,0,,length=1 stop=2\n";
        assert_eq!(text, want);
    }

    #[test]
    fn csv_fields_are_on_one_line_and_are_not_formulas() {
        for (name, want) in [
            ("=1+2", "'=1+2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-1,2", "\"'-1,2\""),
            ("+a", "'+a"),
            ("\t=1", "'=1"),
            ("a\r\nb", "a b"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(text_field(name), want, "{name:?}");
        }
    }
}
