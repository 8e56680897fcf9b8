//! Rows of figures as a table, as JSON and as CSV.

use serde_json::{Map, Value, json};

use super::By;
use crate::ui;
use crate::ui::table::{Column, Fit};
use crate::ui::text::{NONE, millis, money};
use llmroute_router::history::CallStats;

/// Figures and their names, in the order of the groupings.
pub(crate) struct Row {
    /// A deployment, a day, a group.
    pub names: Vec<String>,
    /// The figures.
    pub stats: CallStats,
}

/// The names of the groupings, at most three.
const NAMES: [fn(&Row) -> String; 3] = [|row| row.name(0), |row| row.name(1), |row| row.name(2)];

impl Row {
    fn name(&self, place: usize) -> String {
        self.names.get(place).cloned().unwrap_or_default()
    }

    /// One object.
    pub(crate) fn json(&self, by: &[By]) -> Value {
        let stats = &self.stats;
        let mut object: Map<String, Value> =
            by.iter().zip(&self.names).map(|(by, name)| (by.as_str().to_owned(), name.as_str().into())).collect();
        let figures = json!({
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
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Deployment => "DEPLOYMENT",
            Self::Day => "DAY",
            Self::Group => "GROUP",
        }
    }
}

/// A table with the totals in its last line.
pub(crate) fn table(rows: &[Row], by: &[By], width: Option<u16>) -> String {
    let mut columns: Vec<Column<Row>> = by
        .iter()
        .zip(NAMES)
        .map(|(by, cell)| Column { title: by.title(), from_width: 0, fit: Fit::Cut(40), cell })
        .collect();
    let figure = |title, from_width, cell: fn(&Row) -> String| Column { title, from_width, fit: Fit::Number, cell };
    columns.push(figure("CALLS", 0, |row| row.stats.calls.to_string()));
    columns.push(figure("OK", 0, |row| share(row.stats.success())));
    columns.push(figure("FAILOVERS", 90, |row| row.stats.failovers.to_string()));
    columns.push(figure("TTFT P50", 60, |row| time(row.stats.ttft_p50())));
    columns.push(figure("P95", 70, |row| time(row.stats.ttft_p95())));
    columns.push(figure("TOK/S", 80, |row| row.stats.tokens_per_second().map_or(NONE.into(), |v| format!("{v:.0}"))));
    columns.push(figure("TOKENS IN", 100, |row| row.stats.input_tokens.to_string()));
    columns.push(figure("OUT", 100, |row| row.stats.output_tokens.to_string()));
    columns.push(figure("COST", 60, |row| row.stats.cost.map_or(NONE.into(), money)));
    columns.push(figure("WASTED", 110, |row| wasted(row.stats.wasted)));
    let Some(sum) = sum(rows) else { return ui::table::render(rows, &columns, width) };
    let rows: Vec<Row> =
        rows.iter().map(|row| Row { names: row.names.clone(), stats: row.stats.clone() }).chain([sum]).collect();
    ui::table::render(&rows, &columns, width)
}

/// The totals, if there are several rows.
fn sum(rows: &[Row]) -> Option<Row> {
    let mut sum = Row { names: vec!["all".to_owned()], stats: CallStats::default() };
    rows.iter().for_each(|row| sum.stats.add(&row.stats));
    (rows.len() > 1).then_some(sum)
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
        Value::String(text) if text.contains([',', '"', '\n', '\r']) => format!("\"{}\"", text.replace('"', "\"\"")),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(names: &[&str], calls: u64, ok: u64) -> Row {
        let mut stats = CallStats::default();
        (stats.calls, stats.ok, stats.failed, stats.cost) = (calls, ok, calls - ok, Some(0.5));
        Row { names: names.iter().map(|name| (*name).to_owned()).collect(), stats }
    }

    #[test]
    fn several_rows_have_a_sum() {
        let rows = [row(&["a", "2026-11-22"], 3, 3), row(&["b", "2026-11-22"], 1000, 999)];
        let want = "DEPLOYMENT  DAY         CALLS      OK\n\
                    a           2026-11-22      3  100.0%\n\
                    b           2026-11-22   1000   99.9%\n\
                    all                      1003   99.9%";
        assert_eq!(table(&rows, &[By::Deployment, By::Day], Some(59)), want);
        assert!(!table(&rows[..1], &[By::Deployment], None).contains("all"));
    }

    #[test]
    fn csv_has_a_heading_and_quotes_what_needs_it() {
        let text = csv(&[row(&["a,\"b\""], 1, 1)], &[By::Deployment]);
        let want = "deployment,calls,ok,failed,failovers,unneeded,success,ttft_samples,ttft_p50_ms,ttft_p95_ms,\
            tokens_per_second,input_tokens,output_tokens,cost_usd,wasted_usd\n\
            \"a,\"\"b\"\"\",1,1,0,0,0,1.0,0,,,,0,0,0.5,0.0\n";
        assert_eq!(text, want);
    }
}
