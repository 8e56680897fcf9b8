//! Text layout: tables, padding, wrapping, and plain ASCII.

use console::{measure_text_width, truncate_str};

use llmroute_core::model::failure::one_line;

/// A column of a table.
pub(crate) struct Column {
    /// The heading above the title, shared with adjacent columns of the same group.
    pub group: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The priority for dropping columns when space is short: the highest goes first, zero stays.
    pub drop: u8,
    /// Right-aligns the cells, for numbers.
    pub right: bool,
}

/// The widest name in a table.
const NAME: usize = 32;

/// Lays out a table at most `width` wide: drops columns and truncates names, never wraps.
#[must_use]
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>], width: usize) -> Vec<String> {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let mut widths: Vec<usize> = (0..columns.len()).map(|at| natural(columns, at, rows)).collect();
    let total = |shown: &[usize], widths: &[usize]| shown.iter().map(|at| widths[*at] + 2).sum::<usize>() - 2;
    while total(&shown, &widths) > width {
        let Some(at) = shown.iter().copied().filter(|at| columns[*at].drop > 0).max_by_key(|at| columns[*at].drop)
        else {
            break;
        };
        shown.retain(|other| *other != at);
    }
    let over = total(&shown, &widths).saturating_sub(width);
    // Names are the widest text, so they are truncated first.
    if let Some(at) = shown.iter().copied().filter(|at| !columns[*at].right).max_by_key(|at| widths[*at]) {
        widths[at] = widths[at].saturating_sub(over).max(4);
    }
    let line = |cell: &dyn Fn(usize) -> String| {
        let cells: Vec<String> = shown.iter().map(|at| pad(&cell(*at), widths[*at], columns[*at].right)).collect();
        cut(cells.join("  ").trim_end(), width)
    };
    let first_of_group = |at: usize| {
        let before = shown.iter().position(|other| *other == at).and_then(|place| place.checked_sub(1));
        before.is_none_or(|before| columns[shown[before]].group != columns[at].group)
    };
    let groups = cut(&groups(columns, &shown, &widths, &first_of_group), width);
    let mut lines = vec![groups, line(&|at| columns[at].title.to_owned())];
    lines.retain(|line| !line.is_empty());
    lines.push("─".repeat(total(&shown, &widths).min(width)));
    lines.extend(rows.iter().map(|row| line(&|at| row[at].clone())));
    lines
}

/// The line above the titles: each group once, left-aligned over its columns, or right-aligned over a single one.
fn groups(columns: &[Column], shown: &[usize], widths: &[usize], first: &dyn Fn(usize) -> bool) -> String {
    let mut line = String::new();
    let mut end = 0;
    for at in shown {
        let start = end;
        end = start + widths[*at] + 2;
        let name = columns[*at].group;
        if name.is_empty() || !first(*at) {
            continue;
        }
        let alone = shown.iter().filter(|other| columns[**other].group == name).count() == 1;
        let place = if columns[*at].right && alone { (end - 2).saturating_sub(name.len()) } else { start };
        let width = measure_text_width(&line);
        let used = if line.is_empty() { 0 } else { width + 2 };
        line.push_str(&" ".repeat(place.max(used) - width));
        line.push_str(name);
    }
    line
}

/// The natural width of a column, including the name of its group if that has only this column.
fn natural(columns: &[Column], at: usize, rows: &[Vec<String>]) -> usize {
    let column = &columns[at];
    let cells = rows.iter().map(|row| measure_text_width(&row[at])).max().unwrap_or(0);
    let alone = columns.iter().filter(|other| other.group == column.group).count() == 1;
    let group = if alone { column.group.len() } else { 0 };
    cells.max(column.title.len()).max(group).min(NAME)
}

/// Truncates or pads to a width.
#[must_use]
pub(crate) fn pad(text: &str, width: usize, right: bool) -> String {
    let text = cut(text, width);
    let fill = " ".repeat(width.saturating_sub(measure_text_width(&text)));
    if right { fill + &text } else { text + &fill }
}

/// Truncates to a width, with an ellipsis.
#[must_use]
pub(crate) fn cut(text: &str, width: usize) -> String {
    truncate_str(text, width, "…").into_owned()
}

/// Cleans and truncates a name to fit into one line.
#[must_use]
pub(crate) fn name(text: &str) -> String {
    cut(&one_line(text), NAME)
}

/// Wraps words into lines of at most `width`; all but the first are indented.
#[must_use]
pub(crate) fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is always a line");
        if last.is_empty() {
            last.push_str(word);
        } else if measure_text_width(last) + 1 + measure_text_width(word) <= width {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(" ".repeat(indent) + word);
        }
    }
    lines.into_iter().map(|line| cut(&line, width)).collect()
}

/// Replaces characters beyond ASCII by others of the same width.
#[must_use]
pub(crate) fn ascii(text: &str) -> String {
    let plain = |c: char| match c {
        '─' | '–' | '−' => '-',
        '│' | '┃' => '|',
        '└' | '┴' | '┘' | '├' | '┤' => '+',
        '×' => 'x',
        '…' => '.',
        '≤' => '<',
        '≥' => '>',
        '±' | '≈' => '~',
        '·' => '.',
        '○' => 'o',
        '█' => '=',
        c if c.is_ascii() => c,
        _ => '?',
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column { group: "", title: "name", drop: 0, right: false },
        Column { group: "g ms", title: "p50", drop: 0, right: true },
        Column { group: "g ms", title: "p90", drop: 1, right: true },
    ];

    fn check(width: usize, want: &str) {
        let rows = [vec!["abcdefgh".to_owned(), "1".to_owned(), "1000".to_owned()]];
        assert_eq!(table(&COLUMNS, &rows, width).join("\n"), want);
    }

    #[test]
    fn a_wide_page_shows_every_column() {
        check(40, "          g ms\nname      p50   p90\n───────────────────\nabcdefgh    1  1000");
    }

    #[test]
    fn a_narrow_page_drops_columns_and_then_truncates_names() {
        check(18, "         g ms\nname      p50\n─────────────\nabcdefgh    1");
        check(10, "      g ms\nname   p50\n──────────\nabcd…    1");
    }

    #[test]
    fn wrapped_lines_are_indented() {
        assert_eq!(wrap("aa bb cc", 5, 2), ["aa bb", "  cc"]);
    }
}
