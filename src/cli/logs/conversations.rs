//! Conversations as a table or as JSON, one line each.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Value, json};

use super::table::{Fit, bounded, clean, row, tail};
use super::units::short_time;
use super::{Sheet, rfc3339};
use llmroute_router::history::Overview;

/// The table, without a newline at its end.
pub fn render(talks: &[Overview], sheet: &Sheet) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_truncation_indicator("…");
    bounded(&mut table, sheet);
    let columns =
        [("ID", Fit::Text), ("LAST", Fit::Text), ("TURNS", Fit::Number), ("GROUP", Fit::Name), ("FIRST", Fit::Rest)];
    table.set_header(row(columns.iter().map(|(title, _)| (*title).to_owned())));
    for talk in talks {
        let last = short_time(talk.last, &sheet.zone);
        let cells = [tail(&talk.id), last, talk.turns.to_string(), clean(&talk.group), clean(&talk.first_prompt)];
        table.add_row(row(cells.into_iter()));
    }
    for ((_, fit), column) in columns.iter().zip(table.column_iter_mut()) {
        fit.apply(column);
    }
    table.trim_fmt()
}

/// The object of `--json`.
pub fn object(talk: &Overview) -> Value {
    json!({
        "conversation_id": talk.id, "started_at": rfc3339(talk.started), "last_at": rfc3339(talk.last),
        "turns": talk.turns, "group": talk.group, "first_prompt": talk.first_prompt,
    })
}
