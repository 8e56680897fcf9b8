//! The report as Markdown, to paste into an issue.

use crate::record::Run;
use crate::summary::Summary;

use super::{definitions, heading, layout, metric_tables, notes, table, title, verdict};

/// Renders GitHub-flavoured Markdown.
#[must_use]
pub fn markdown(run: &Run, summary: &Summary) -> String {
    let (titles, rows) = table::cells(summary);
    let mut text = format!("{}\n\n{}\n", escape(&heading(run, summary)), pipes(&titles, &rows));
    text += &list(&notes::all(run, summary));
    for verdicts in verdict::all(summary) {
        text += &format!("\n**{}**\n{}", title(verdicts.metric), list(&verdicts.lines));
    }
    for at in summary.ranking() {
        let target = &summary.targets[at];
        let mut titles = vec!["metric".to_owned()];
        titles.extend(metric_tables::FIGURES.map(str::to_owned));
        let name = escape(&layout::name(&target.name));
        let table = pipes(&titles, &metric_tables::rows(target));
        text += &format!("\n<details><summary>{name}</summary>\n\n{table}\n</details>\n");
    }
    text += &list(&definitions(run, summary, true));
    text += &list(&notes::last(run, summary));
    text
}

fn pipes(titles: &[String], rows: &[Vec<String>]) -> String {
    let line =
        |cells: &[String]| format!("| {} |\n", cells.iter().map(|cell| escape(cell)).collect::<Vec<_>>().join(" | "));
    let rule = format!("|---|{}\n", "---:|".repeat(titles.len() - 1));
    line(titles) + &rule + &rows.iter().map(|row| line(row)).collect::<String>()
}

fn list(lines: &[String]) -> String {
    let items: String = lines.iter().map(|line| format!("- {}\n", escape(line))).collect();
    if items.is_empty() { items } else { format!("\n{items}") }
}

/// Escapes Markdown; `~` in pairs would strike text through.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '|' | '[' | ']' | '~' | '#' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_syntax_is_escaped() {
        assert_eq!(escape("a|b <c> *d*"), "a\\|b &lt;c> \\*d\\*");
    }
}
