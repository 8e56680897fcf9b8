//! Requests as a table, one line each, no wider than the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width};
use jiff::tz::TimeZone;

use llmroute_core::model::failure::one_line;
use llmroute_router::history::{LogEnd, LogEntry};

use super::{Layout, sanitize};
use crate::ui::text::{NONE, millis, money, short_time};

/// The number of characters shown of an id: the last ones, in which ids of one minute differ.
const ID_TAIL: usize = 6;

/// The largest width of a name beside a prompt, in columns.
const NAME_WIDTH: u16 = 32;

/// The behaviour of a column when the table is wider than the terminal.
#[derive(Clone, Copy)]
pub(super) enum ColumnFit {
    /// Fixed width, left-aligned.
    Text,
    /// Fixed width, right-aligned.
    Number,
    /// Truncated at [`NAME_WIDTH`], and further if necessary.
    Name,
    /// The rest of the width.
    Rest,
}

/// A column, and the smallest terminal width that shows it.
struct LogColumn {
    title: &'static str,
    from_width: u16,
    fit: ColumnFit,
    cell: fn(&LogEntry, &TimeZone) -> String,
}

const COLUMNS: [LogColumn; 10] = [
    LogColumn { title: "ID", from_width: 0, fit: ColumnFit::Text, cell: |entry, _| tail(&entry.start.id) },
    LogColumn {
        title: "TIME",
        from_width: 50,
        fit: ColumnFit::Text,
        cell: |entry, zone| short_time(entry.start.at, zone),
    },
    LogColumn { title: "OUTCOME", from_width: 30, fit: ColumnFit::Text, cell: |entry, _| entry.outcome().to_owned() },
    LogColumn { title: "GROUP", from_width: 115, fit: ColumnFit::Name, cell: |entry, _| clean(&entry.start.group) },
    LogColumn { title: "DEPLOYMENT", from_width: 70, fit: ColumnFit::Name, cell: |entry, _| deployment(entry) },
    LogColumn { title: "TRIES", from_width: 135, fit: ColumnFit::Number, cell: |entry, _| tries(entry) },
    LogColumn { title: "TOKENS", from_width: 105, fit: ColumnFit::Number, cell: |entry, _| tokens(entry) },
    LogColumn {
        title: "COST",
        from_width: 90,
        fit: ColumnFit::Number,
        cell: |entry, _| end(entry, |end| end.cost_usd.map(money)),
    },
    LogColumn {
        title: "TTFT",
        from_width: 125,
        fit: ColumnFit::Number,
        cell: |entry, _| end(entry, |end| end.ttft_ms.map(millis)),
    },
    LogColumn { title: "PROMPT", from_width: 0, fit: ColumnFit::Rest, cell: |entry, _| clean(&entry.start.prompt) },
];

/// The table, without a newline at its end.
pub(crate) fn render(entries: &[LogEntry], sheet: &Layout) -> String {
    let width = sheet.width.unwrap_or(u16::MAX);
    let columns: Vec<&LogColumn> = COLUMNS.iter().filter(|column| column.from_width <= width).collect();
    let mut table = Table::new();
    table.load_style(NOTHING).set_truncation_indicator("…");
    bounded(&mut table, sheet);
    table.set_header(row(columns.iter().map(|column| column.title.to_owned())));
    for entry in entries {
        table.add_row(row(columns.iter().map(|column| (column.cell)(entry, &sheet.zone))));
    }
    for (column, shape) in columns.iter().zip(table.column_iter_mut()) {
        column.fit.apply(shape);
    }
    table.trim_fmt()
}

/// Fits the table to the terminal.
pub(super) fn bounded(table: &mut Table, sheet: &Layout) {
    if let Some(width) = sheet.width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
}

impl ColumnFit {
    pub(super) fn apply(self, column: &mut comfy_table::Column) {
        column.set_padding((0, 2));
        match self {
            Self::Text => column.set_constraint(ColumnConstraint::ContentWidth),
            Self::Number => {
                column.set_cell_alignment(CellAlignment::Right);
                column.set_constraint(ColumnConstraint::ContentWidth)
            }
            Self::Name => column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(NAME_WIDTH))),
            Self::Rest => column.set_padding((0, 0)),
        };
    }
}

/// A row on a single line, whatever its content.
pub(super) fn row(cells: impl Iterator<Item = String>) -> Row {
    let mut row = Row::from(cells.map(Cell::new).collect::<Vec<_>>());
    row.max_height(1);
    row
}

pub(super) fn clean(text: &str) -> String {
    sanitize::text(&one_line(text)).into_owned()
}

pub(super) fn tail(id: &str) -> String {
    let skip = id.chars().count().saturating_sub(ID_TAIL);
    clean(&id.chars().skip(skip).collect::<String>())
}

fn deployment(entry: &LogEntry) -> String {
    end(entry, |end| end.deployment.as_deref().map(clean))
}

fn tries(entry: &LogEntry) -> String {
    end(entry, |_| Some(entry.attempts().len().to_string()))
}

fn tokens(entry: &LogEntry) -> String {
    end(entry, |end| end.usage.map(|usage| format!("{}→{}", usage.input, usage.output)))
}

fn end(entry: &LogEntry, cell: impl Fn(&LogEnd) -> Option<String>) -> String {
    entry.end.as_ref().and_then(cell).unwrap_or_else(|| NONE.to_owned())
}
