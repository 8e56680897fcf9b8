//! Tables: rows are held until the table ends, because the widths of its columns need all of them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::inline::Inline;
use super::style::{Style, StyledText};

/// The largest table that is drawn, in bytes; a larger one is emitted as written.
const MOST: usize = 64 * 1024;
/// The widest head that is repeated before each of its cells, in columns; repeated long heads would inflate the output.
const LABEL: usize = 20;

/// The rows so far, as written.
#[derive(Debug, Default)]
pub(crate) struct Table {
    lines: Vec<String>,
    bytes: usize,
}

/// The fate of a line that begins with `|`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RowResult {
    /// A row, or possibly one.
    Held,
    /// These lines are not a table.
    NoTable(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Middle,
    Right,
}

impl Table {
    /// Takes the next line.
    pub(crate) fn push(&mut self, line: String) -> RowResult {
        if self.lines.len() == 1 && !is_delimiter(&line) {
            let first = std::mem::replace(&mut self.lines, vec![line]);
            return RowResult::NoTable(first);
        }
        self.bytes += line.len();
        self.lines.push(line);
        if self.bytes > MOST { RowResult::NoTable(std::mem::take(self).lines) } else { RowResult::Held }
    }

    /// Returns `true` if nothing is held.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns the drawn table, at most `width` columns wide, or the held lines if they are not a table.
    pub(crate) fn end(&mut self, width: usize, ink: &mut StyledText) -> Vec<String> {
        let lines = std::mem::take(self).lines;
        if lines.len() < 2 {
            return lines;
        }
        let sides: Vec<Side> = cells(&lines[1]).iter().map(|cell| side(cell)).collect();
        let rows = lines.iter().enumerate().filter(|(n, _)| *n != 1).map(|(_, line)| cells(line));
        draw(&rows.collect::<Vec<_>>(), &sides, width, ink);
        Vec::new()
    }
}

/// `|---|:--:|`
fn is_delimiter(line: &str) -> bool {
    let cells = cells(line);
    let dashes = |cell: &String| cell.contains('-') && cell.chars().all(|c| matches!(c, '-' | ':'));
    !cells.is_empty() && cells.iter().all(dashes)
}

fn side(cell: &str) -> Side {
    match (cell.starts_with(':'), cell.ends_with(':')) {
        (true, true) => Side::Middle,
        (false, true) => Side::Right,
        (_, false) => Side::Left,
    }
}

/// The cells of a row; `\|` and a `|` in backticks do not end one.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut escaped, mut code) = (false, false);
    for c in line.trim().trim_start_matches('|').chars() {
        if c == '|' && !escaped && !code {
            cells.push(String::new());
            continue;
        }
        let last = cells.last_mut().expect("it begins with one");
        if c == '|' && escaped {
            last.pop();
        }
        code ^= c == '`' && !escaped;
        escaped = c == '\\' && !escaped;
        last.push(c);
    }
    if cells.len() > 1 && cells.last().is_some_and(|last| last.trim().is_empty()) {
        cells.pop();
    }
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}

fn draw(rows: &[Vec<String>], sides: &[Side], width: usize, ink: &mut StyledText) {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|n| rows.iter().filter_map(|row| row.get(n)).map(|cell| shown(cell)).max().unwrap_or(0))
        .collect();
    if widths.iter().sum::<usize>() + 3 * count.saturating_sub(1) > width {
        return records(rows, ink);
    }
    for (line, row) in rows.iter().enumerate() {
        // Missing cells are not drawn: a row of two characters would otherwise inflate to a full line.
        for (n, width) in widths.iter().enumerate().take(row.len()) {
            if n > 0 {
                ink.write(" │ ", Style::FRAME);
            }
            let cell = row.get(n).map_or("", String::as_str);
            let (left, right) = pad(sides.get(n).copied().unwrap_or(Side::Left), width - shown(cell));
            ink.write(&" ".repeat(left), Style::default());
            inside(cell, line == 0, ink);
            // The last column has no padding.
            if n + 1 < row.len() {
                ink.write(&" ".repeat(right), Style::default());
            }
        }
        ink.newline();
        if line == 0 {
            let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            ink.write(&rule.join("─┼─"), Style::FRAME);
            ink.newline();
        }
    }
}

/// Draws a table that is wider than the terminal: one cell a line, after its head.
fn records(rows: &[Vec<String>], ink: &mut StyledText) {
    let Some((heads, rows)) = rows.split_first() else { return };
    let labels: Vec<String> = heads.iter().map(|head| label(head)).collect();
    for (n, row) in rows.iter().enumerate() {
        if n > 0 {
            ink.write("───", Style::FRAME);
            ink.newline();
        }
        for (n, cell) in row.iter().enumerate() {
            ink.write(labels.get(n).map_or("", String::as_str), Style { bold: true, ..Style::default() });
            ink.write(": ", Style::FRAME);
            inside(cell, false, ink);
            ink.newline();
        }
    }
}

fn inside(cell: &str, head: bool, ink: &mut StyledText) {
    let mut inline = Inline::default();
    inline.begin(Style { bold: head, ..Style::default() }, ink);
    cell.chars().for_each(|c| inline.push(c, ink));
    inline.end(ink);
}

/// A head without its marks, cut to [`LABEL`] columns.
fn label(head: &str) -> String {
    let whole = bare(head);
    if whole.width() <= LABEL {
        return whole;
    }
    let mut cut = String::new();
    for c in whole.chars() {
        if cut.width() + c.width().unwrap_or(0) >= LABEL {
            break;
        }
        // Characters of zero width could be numerous.
        if c.width().is_some_and(|width| width > 0) {
            cut.push(c);
        }
    }
    cut + "…"
}

/// The text of a cell without its marks.
fn bare(cell: &str) -> String {
    let mut ink = StyledText::default();
    inside(cell, false, &mut ink);
    super::without_codes(&ink.take())
}

/// The width of a cell in columns.
fn shown(cell: &str) -> usize {
    bare(cell).width()
}

fn pad(side: Side, room: usize) -> (usize, usize) {
    match side {
        Side::Left => (0, room),
        Side::Middle => (room / 2, room - room / 2),
        Side::Right => (room, 0),
    }
}
