//! The lines of a table of models. A look-up is a binary search over the text that parses one line.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Budget, Efforts, Model, Reasoning, Source, Status, Support, Thinking};
use crate::model::price::PriceTier;
use crate::model::{Effort, Price};

/// Looks up `model` at `provider`; parses one line of the table.
#[must_use]
pub fn find(provider: &str, model: &str) -> Option<Model> {
    let key = format!("{provider}/{model}");
    line_of(rows(), &key).and_then(builtin).map(|(_, model)| model)
}

/// Every model, as `provider/model` in the order of the table.
pub fn models() -> impl Iterator<Item = (&'static str, Model)> {
    rows().lines().filter_map(builtin)
}

/// The text of the table.
pub(super) const TABLE: &str = include_str!("models.tsv");

/// The table without its first line, which names its source.
pub(super) fn rows() -> &'static str {
    TABLE.split_once('\n').map_or("", |(_, rows)| rows)
}

/// The line of `table` whose first column is `key`; the lines are sorted by it.
pub(super) fn line_of<'a>(table: &'a str, key: &str) -> Option<&'a str> {
    let (mut low, mut high) = (0, table.len());
    while low < high {
        // A newline is never inside a character, so these are boundaries.
        let middle = low + (high - low) / 2;
        let bytes = table.as_bytes();
        let start = bytes[low..middle].iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
        let end = bytes[middle..high].iter().position(|byte| *byte == b'\n').map_or(high, |at| middle + at);
        let line = table.get(start..end)?;
        match line.split('\t').next().unwrap_or_default().cmp(key) {
            Ordering::Less => low = end + 1,
            Ordering::Equal => return Some(line),
            Ordering::Greater => high = start,
        }
    }
    None
}

/// A line of the built-in table.
fn builtin(line: &'static str) -> Option<(&'static str, Model)> {
    parse(line, Source::builtin)
}

/// A line of a table; `source` knows where it comes from, given the date that the line holds.
pub(super) fn parse<'a>(line: &'a str, source: impl Fn(&'a str) -> Source) -> Option<(&'a str, Model)> {
    let mut columns = line.split('\t');
    let mut next = || columns.next().unwrap_or_default();
    let key = next();
    let prices = [next(), next(), next(), next(), next()];
    let (context_window, max_input, max_output) = (number(next())?, number(next())?, number(next())?);
    let caps = next();
    let has = |letter: char| caps.contains(letter);
    let mut model = Model {
        price: None,
        context_window,
        max_input,
        max_output,
        vision: has('v'),
        pdf: has('p'),
        audio: has('a'),
        tools: has('t'),
        json_schema: has('s'),
        reasoning: match (has('r'), has('o')) {
            (true, _) => Reasoning::ByDefault,
            (false, true) => Reasoning::WhenAsked,
            (false, false) => Reasoning::No,
        },
        prefill: letter(next(), &[("", None), ("y", Some(true)), ("n", Some(false))])?,
        sampling: letter(next(), SUPPORT)?,
        efforts: efforts(next(), caps)?,
        thinking: letter(
            next(),
            &[
                ("", Thinking::Unknown),
                ("b", Thinking::Budget),
                ("e", Thinking::Effort),
                ("a", Thinking::Adaptive),
                ("t", Thinking::BetweenTools),
                ("f", Thinking::Flat),
                ("r", Thinking::Nested),
                ("q", Thinking::Config),
                ("n", Thinking::MaxEffort),
            ],
        )?,
        status: letter(
            next(),
            &[("", Status::Current), ("b", Status::Beta), ("d", Status::Deprecated), ("r", Status::Retired)],
        )?,
        price_source: source(next()),
        source: source(""),
        budget: budget(next())?,
        chat_tools: letter(next(), SUPPORT)?,
        shutdown: None,
        successor: None,
    };
    model.price = price(prices, next())?;
    [model.shutdown, model.successor] =
        [next(), next()].map(|text| (!text.is_empty()).then(|| Cow::Owned(text.to_owned())));
    Some((key, model))
}

const SUPPORT: &[(&str, Support)] =
    &[("", Support::Always), ("w", Support::WithoutReasoning), ("e", Support::WithoutEffort), ("n", Support::Never)];

fn letter<T: Copy>(text: &str, meanings: &[(&str, T)]) -> Option<T> {
    meanings.iter().find(|(letter, _)| *letter == text).map(|(_, meaning)| *meaning)
}

/// Digits; `-` for none. A model that never reasons has none.
fn efforts(text: &str, caps: &str) -> Option<Efforts> {
    match text {
        "-" => Some(Efforts::None),
        "" if caps.contains(['r', 'o']) => Some(Efforts::Unknown),
        "" => Some(Efforts::None),
        digits => digits.bytes().map(effort).collect::<Option<_>>().map(Efforts::Levels),
    }
}

fn effort(digit: u8) -> Option<Effort> {
    Effort::ALL.get(usize::from(digit.checked_sub(b'0')?)).copied()
}

/// Empty means unknown; anything but a number is an error in the table.
#[expect(clippy::option_option, reason = "a mistake is not the same as unknown")]
fn number<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

/// `least:most`, and `:off` behind it.
#[expect(clippy::option_option, reason = "a mistake is not the same as unknown")]
fn budget(text: &str) -> Option<Option<Budget>> {
    if text.is_empty() {
        return Some(None);
    }
    let (range, off) = text.strip_suffix(":off").map_or((text, false), |range| (range, true));
    let (least, most) = range.split_once(':')?;
    Some(Some(Budget { least: least.parse().ok()?, most: most.parse().ok()?, off }))
}

/// From USD per million tokens to USD per token.
#[expect(clippy::option_option, reason = "a mistake is not the same as unknown")]
fn price([input, output, cache_read, cache_write, tier]: [&str; 5], write_1h: &str) -> Option<Option<Price>> {
    let (Some(input), Some(output)) = (per_token(input)?, per_token(output)?) else { return Some(None) };
    let cache_write = per_token(cache_write)?.unwrap_or(input);
    let base = Price {
        input,
        output,
        cache_read: per_token(cache_read)?.unwrap_or(input),
        cache_write,
        cache_write_1h: per_token(write_1h)?.unwrap_or(cache_write),
        tier: None,
    };
    let tier = if tier.is_empty() { None } else { Some(price_tier(tier, &base)?) };
    Some(Some(Price { tier, ..base }))
}

/// `over:input:output:cache read:cache write:cache write 1 h`; the last ones may be absent.
fn price_tier(text: &str, base: &Price) -> Option<PriceTier> {
    let mut parts = text.split(':');
    let over = parts.next()?.parse().ok()?;
    let mut next = || per_token(parts.next().unwrap_or_default());
    let (input, output) = (next()?.unwrap_or(base.input), next()?.unwrap_or(base.output));
    let cache_read = next()?.unwrap_or(input);
    let cache_write = next()?.unwrap_or(input);
    let cache_write_1h = next()?.unwrap_or(cache_write);
    Some(PriceTier { over, input, output, cache_read, cache_write, cache_write_1h })
}

#[expect(clippy::option_option, reason = "a mistake is not the same as unknown")]
fn per_token(text: &str) -> Option<Option<f64>> {
    number::<f64>(text).map(|value| value.map(|value| value / 1e6))
}
