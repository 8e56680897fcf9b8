//! Conversations as a table or as JSON, one line each.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Value, json};

use super::table::{ColumnFit, bounded, clean, row, tail};
use super::{Layout, rfc3339};
use crate::ui::text::short_time;
use llmroute_router::history::ConversationSummary;

/// The table, without a newline at its end.
pub(crate) fn render(conversations: &[ConversationSummary], sheet: &Layout) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_truncation_indicator("…");
    bounded(&mut table, sheet);
    let columns = [
        ("ID", ColumnFit::Text),
        ("LAST", ColumnFit::Text),
        ("TURNS", ColumnFit::Number),
        ("GROUP", ColumnFit::Name),
        ("FIRST", ColumnFit::Rest),
    ];
    table.set_header(row(columns.iter().map(|(title, _)| (*title).to_owned())));
    for conversation in conversations {
        let last = short_time(conversation.last, &sheet.zone);
        let cells = [
            tail(&conversation.id),
            last,
            conversation.turns.to_string(),
            clean(&conversation.group),
            clean(&conversation.first_prompt),
        ];
        table.add_row(row(cells.into_iter()));
    }
    for ((_, fit), column) in columns.iter().zip(table.column_iter_mut()) {
        fit.apply(column);
    }
    table.trim_fmt()
}

/// The object of `--json`.
pub(crate) fn object(conversation: &ConversationSummary) -> Value {
    json!({
        "conversation_id": conversation.id, "started_at": rfc3339(conversation.started), "last_at": rfc3339(conversation.last),
        "turns": conversation.turns, "group": conversation.group, "first_prompt": conversation.first_prompt,
    })
}
