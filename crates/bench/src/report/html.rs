//! The report as one self-contained page: no scripts, no network, and readable without colour.

use crate::record::Run;
use crate::summary::Summary;

use super::svg::{self, escape};
use super::{definitions, heading, layout, metric_tables, notes, table, title, verdict};

/// Follows the light or dark scheme of the reader's system.
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8886; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.scroll { overflow-x: auto; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; fill: currentColor; }
svg .grid { stroke: #8884; }
svg .box { fill: #8885; }
svg .median { stroke: currentColor; stroke-width: 3; }
svg circle { fill: none; stroke: currentColor; opacity: .6; }
svg polyline { fill: none; stroke: currentColor; stroke-width: 1.5; }
svg .failed { font-weight: bold; }
.invalid { border: 3px solid currentColor; padding: .5rem 1rem; font-weight: bold; }
";

/// Renders the complete page.
#[must_use]
pub fn html(run: &Run, summary: &Summary) -> String {
    let (titles, rows) = table::cells(summary);
    let heading = escape(&heading(run, summary));
    let mut body = format!("<h1>llmroute bench</h1>\n<p>{heading}</p>\n");
    for complaint in &summary.client.invalid {
        body += &format!("<p class=\"invalid\">INVALID: {}</p>\n", escape(&complaint.to_string()));
    }
    body += &html_table(&titles, &rows);
    body += &list(&notes::all(run, summary));
    for verdicts in verdict::all(summary) {
        body += &format!("<h2>{}</h2>\n{}", title(verdicts.metric), list(&verdicts.lines));
    }
    body += &format!(
        "<h2>Distribution</h2>\n<p>Time to first token of every call, ms. Box: middle half; bar: median.</p>\n{}",
        svg::distributions(run, summary)
    );
    body += &format!(
        "<h2>Rounds</h2>\n<p>Time to first token, ms, from the first round to the last; × marks a failure.</p>\n{}",
        svg::timeline(run, summary)
    );
    body += "<h2>All figures</h2>\n";
    let mut titles = vec!["metric".to_owned()];
    titles.extend(metric_tables::FIGURES.map(str::to_owned));
    for at in summary.ranking() {
        let target = &summary.targets[at];
        let name = escape(&layout::name(&target.name));
        body += &format!("<h3>{name}</h3>\n{}", html_table(&titles, &metric_tables::rows(target)));
    }
    body += &format!("<h2>Definitions</h2>\n{}", list(&definitions(run, summary, true)));
    body += &list(&notes::last(run, summary));
    let version = escape(&run.version);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"generator\" content=\"llmroute {version}\">\n\
         <title>llmroute bench: {heading}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

fn html_table(titles: &[String], rows: &[Vec<String>]) -> String {
    let row = |cells: &[String], tag: &str| {
        let cells: String = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let body: String = rows.iter().map(|cells| row(cells, "td")).collect();
    format!("<div class=\"scroll\"><table>\n{}{body}</table></div>\n", row(titles, "th"))
}

fn list(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
    format!("<ul>\n{items}</ul>\n")
}
