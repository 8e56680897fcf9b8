//! Lists for people: a table of one line a row, no wider than the terminal. What is in it is not its concern.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width};

use crate::environment::{Env, Sink};
use crate::ui::console::Console;
use crate::ui::sanitize;
use llmroute_core::model::failure::one_line;

/// The behaviour of a column if the table is wider than the terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fit {
    /// It keeps its width, text to the left.
    Text,
    /// It keeps its width, numbers to the right.
    Number,
    /// It is cut at so many characters, and further when need be.
    Cut(u16),
}

/// A column, and the width of a terminal from which on it is shown.
pub(crate) struct Column<T> {
    /// Its heading.
    pub title: &'static str,
    /// The narrowest terminal that has room for it.
    pub from_width: u16,
    /// Its behaviour in a narrow one.
    pub fit: Fit,
    /// Its content.
    pub cell: fn(&T) -> String,
}

/// The columns of the terminal; `None` if the output is not a terminal: then lines are not shortened.
#[must_use]
pub(crate) fn width(env: &Env, console: &Console) -> Option<u16> {
    (env.stdout == Sink::Terminal).then(|| console.width())
}

/// The table, without a newline at its end; no cell can steer a terminal.
#[must_use]
pub(crate) fn render<T>(rows: &[T], columns: &[Column<T>], width: Option<u16>) -> String {
    let columns: Vec<&Column<T>> =
        columns.iter().filter(|column| column.from_width <= width.unwrap_or(u16::MAX)).collect();
    let mut table = Table::new();
    table.load_style(NOTHING).set_truncation_indicator("…");
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.set_header(line(columns.iter().map(|column| column.title.to_owned())));
    for row in rows {
        table.add_row(line(columns.iter().map(|column| sanitize::text(&one_line(&(column.cell)(row))).into_owned())));
    }
    for (column, shape) in columns.iter().zip(table.column_iter_mut()) {
        column.fit.apply(shape, width.is_some());
    }
    table.trim_fmt()
}

impl Fit {
    fn apply(self, column: &mut comfy_table::Column, narrow: bool) {
        column.set_padding((0, 2));
        match self {
            Self::Text => {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            Self::Number => {
                column.set_cell_alignment(CellAlignment::Right);
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            Self::Cut(most) if narrow => {
                column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(most.saturating_add(2))));
            }
            Self::Cut(_) => {}
        }
    }
}

/// A row of one line, whatever is in it.
fn line(cells: impl Iterator<Item = String>) -> Row {
    let mut row = Row::from(cells.map(Cell::new).collect::<Vec<_>>());
    row.max_height(1);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column<(&'static str, u32)>; 2] = [
        Column { title: "NAME", from_width: 0, fit: Fit::Cut(4), cell: |row| row.0.to_owned() },
        Column { title: "N", from_width: 20, fit: Fit::Number, cell: |row| row.1.to_string() },
    ];

    fn check(rows: &[(&'static str, u32)], width: Option<u16>, want: &str) {
        assert_eq!(render(rows, &COLUMNS, width), want);
    }

    #[test]
    fn numbers_stand_to_the_right() {
        check(&[("a", 1), ("bb", 10)], None, "NAME   N\na      1\nbb    10");
    }

    #[test]
    fn a_narrow_terminal_drops_columns_and_cuts_names() {
        check(&[("abcdefgh", 1)], Some(19), "NAME\nabc…");
    }

    #[test]
    fn a_cell_is_one_line_and_harmless() {
        check(&[("a\n\u{1b}[2Jb", 1)], None, "NAME    N\na [2Jb  1");
    }
}
