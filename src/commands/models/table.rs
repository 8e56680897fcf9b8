//! Models as a table for people.

use super::entry::{ModelEntry, per_million};
use crate::ui::table::{Column, Fit};
use crate::ui::text::NONE;

/// The columns; prices in USD per million tokens.
pub(crate) const COLUMNS: [Column<ModelEntry>; 9] = [
    Column { title: "MODEL", from_width: 0, fit: Fit::Cut(48), cell: ModelEntry::name },
    Column {
        title: "IN $/M",
        from_width: 0,
        fit: Fit::Number,
        cell: |entry| usd(entry.price().map(|price| price.input)),
    },
    Column {
        title: "OUT $/M",
        from_width: 0,
        fit: Fit::Number,
        cell: |entry| usd(entry.price().map(|price| price.output)),
    },
    Column {
        title: "CACHED $/M",
        from_width: 100,
        fit: Fit::Number,
        cell: |entry| usd(entry.price().map(|price| price.cache_read)),
    },
    Column { title: "CONTEXT", from_width: 60, fit: Fit::Number, cell: |entry| tokens(entry.context_window()) },
    Column { title: "MAX OUT", from_width: 75, fit: Fit::Number, cell: |entry| tokens(entry.max_output()) },
    Column { title: "STATUS", from_width: 90, fit: Fit::Text, cell: |entry| entry.status().unwrap_or(NONE).to_owned() },
    Column { title: "CAN", from_width: 150, fit: Fit::Text, cell: |entry| words(&entry.capabilities()) },
    Column { title: "SOURCE", from_width: 130, fit: Fit::Cut(48), cell: ModelEntry::source },
];

fn words(words: &[&str]) -> String {
    if words.is_empty() { NONE.to_owned() } else { words.join(",") }
}

fn usd(price: Option<f64>) -> String {
    price.map_or_else(|| NONE.to_owned(), |price| per_million(price).to_string())
}

/// Formats a limit in thousands or millions.
fn tokens(count: Option<u64>) -> String {
    match count {
        None => NONE.to_owned(),
        Some(count @ 1_000_000..) => {
            let hundredths = (count + 5_000) / 10_000;
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            format!("{}M", text.trim_end_matches('0').trim_end_matches('.'))
        }
        Some(count @ 1_000..) => format!("{}k", (count + 500) / 1_000),
        Some(count) => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_short() {
        for (count, want) in
            [(512, "512"), (8_192, "8k"), (131_072, "131k"), (1_000_000, "1M"), (1_048_576, "1.05M"), (2_000_000, "2M")]
        {
            assert_eq!(tokens(Some(count)), want);
        }
        assert_eq!(tokens(None), NONE);
    }

    #[test]
    fn prices_are_those_of_the_vendor() {
        for (price, want) in [(2.5e-6, "2.5"), (0.075e-6, "0.075"), (0.0, "0"), (15e-6, "15"), (0.0028e-6, "0.0028")] {
            assert_eq!(usd(Some(price)), want);
        }
    }
}
