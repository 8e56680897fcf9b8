//! From the JSON of models.dev to a table: what is read of it, and what is believed. Fetches nothing.
//!
//! Source: `packages/core/src/schema.ts` of anomalyco/models.dev. One object of providers, each with an
//! object of models; prices in USD per million tokens.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::fetched::FetchedTable;

/// Fewer models than this are not the list.
const FEWEST: usize = 50;

/// The highest plausible price, USD per million tokens.
const DEAREST: f64 = 100_000.0;

/// Tokens; no model takes more.
const LARGEST: f64 = 1e9;

/// The longest name of a model.
const LONGEST_NAME: usize = 200;

/// Providers that are called differently here.
const RENAMED: &[(&str, &str)] = &[
    ("amazon-bedrock", "bedrock"),
    ("cloudflare-workers-ai", "cloudflare"),
    ("fireworks-ai", "fireworks"),
    ("google", "gemini"),
    ("google-vertex", "vertex"),
    ("google-vertex-anthropic", "vertex-anthropic"),
    ("moonshotai", "moonshot"),
    ("novita-ai", "novita"),
    ("togetherai", "together"),
    ("zhipuai", "zhipu"),
];

/// A table, and how much of the list it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedList {
    /// The table.
    pub table: FetchedTable,
    /// Models in it.
    pub models: usize,
    /// Models that were left out, because something about them cannot be.
    pub skipped: usize,
}

/// The reason for rejecting a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelsDevError {
    /// It is not JSON of the right shape.
    #[error("it is not the list of models.dev: {0}")]
    Shape(String),
    /// It is too small.
    #[error("it holds {0} models only")]
    Small(usize),
    /// More is wrong with it than right.
    #[error("{0} of its {1} models cannot be")]
    Wrong(usize, usize),
}

#[derive(Deserialize)]
struct ListedProvider {
    models: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct ListedModel {
    #[serde(default)]
    reasoning: bool,
    #[serde(default)]
    tool_call: Value,
    #[serde(default)]
    structured_output: Option<bool>,
    #[serde(default)]
    temperature: Option<bool>,
    #[serde(default)]
    modalities: Modalities,
    #[serde(default)]
    cost: Option<ListedCost>,
    #[serde(default)]
    limit: ListedLimits,
    #[serde(default)]
    status: Option<String>,
}

#[derive(Deserialize, Default)]
struct Modalities {
    #[serde(default)]
    input: Vec<String>,
    #[serde(default)]
    output: Vec<String>,
}

#[derive(Deserialize)]
struct ListedCost {
    input: Option<f64>,
    output: Option<f64>,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
    #[serde(default)]
    tiers: Vec<ListedTier>,
    context_over_200k: Option<Box<ListedCost>>,
}

#[derive(Deserialize)]
struct ListedTier {
    input: Option<f64>,
    output: Option<f64>,
    cache_read: Option<f64>,
    tier: TierBound,
}

#[derive(Deserialize)]
struct TierBound {
    #[serde(rename = "type")]
    kind: String,
    size: f64,
}

#[derive(Deserialize, Default)]
struct ListedLimits {
    context: Option<f64>,
    input: Option<f64>,
    output: Option<f64>,
}

/// The table of the list in `json`, as of `date` (`YYYY-MM-DD`).
///
/// # Errors
/// When it is not the list, or little of it can be believed.
pub fn table(json: &[u8], date: &str) -> Result<ParsedList, ModelsDevError> {
    let providers: BTreeMap<String, ListedProvider> =
        serde_json::from_slice(json).map_err(|why| ModelsDevError::Shape(why.to_string()))?;
    let mut lines = BTreeMap::new();
    let (mut skipped, mut all) = (0, 0);
    for (id, provider) in providers {
        let id = RENAMED.iter().find(|(theirs, _)| *theirs == id).map_or(id.as_str(), |(_, ours)| ours);
        for (name, entry) in provider.models {
            all += 1;
            match line(id, &name, entry) {
                Some(ListedLine::Text(line)) => drop(lines.insert(format!("{id}/{name}"), line)),
                Some(ListedLine::NoText) => {}
                None => skipped += 1,
            }
        }
    }
    if all < FEWEST {
        return Err(ModelsDevError::Small(all));
    }
    if skipped * 2 > all {
        return Err(ModelsDevError::Wrong(skipped, all));
    }
    let lines: Vec<String> = lines.into_values().collect();
    Ok(ParsedList { models: lines.len(), table: FetchedTable::new(&lines, date), skipped })
}

enum ListedLine {
    /// A model that answers in words.
    Text(String),
    /// One that makes pictures, sounds or numbers.
    NoText,
}

/// The line of a model; `None` when something about it cannot be.
fn line(provider: &str, name: &str, entry: Value) -> Option<ListedLine> {
    let sane = |text: &str, most: usize| !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control);
    if !sane(provider, 64) || provider.contains('/') || !sane(name, LONGEST_NAME) || !entry.is_object() {
        return None;
    }
    let entry: ListedModel = serde_json::from_value(entry).ok()?;
    if !entry.modalities.output.is_empty() && !entry.modalities.output.iter().any(|kind| kind == "text") {
        return Some(ListedLine::NoText);
    }
    let price = price(name, entry.cost.as_ref())?;
    let [context, input, output] = [entry.limit.context, entry.limit.input, entry.limit.output].map(tokens);
    let status = match entry.status.as_deref() {
        Some("alpha" | "beta") => "b",
        Some("deprecated") => "d",
        Some(_) | None => "",
    };
    // The list reports that `temperature` is refused, but not when.
    let sampling = if entry.temperature == Some(false) { "n" } else { "" };
    let columns = [
        &format!("{provider}/{name}"),
        &price,
        &context?,
        &input?,
        &output?,
        &caps(&entry),
        "",
        sampling,
        "",
        "",
        status,
    ];
    Some(ListedLine::Text(columns.join("\t").trim_end_matches('\t').to_owned()))
}

fn caps(entry: &ListedModel) -> String {
    let reads = |kind: &str| entry.modalities.input.iter().any(|known| known == kind);
    let tools = entry.tool_call.as_bool().or_else(|| entry.tool_call.get("supported")?.as_bool()).unwrap_or(false);
    let all = [
        ('v', reads("image")),
        ('p', reads("pdf")),
        ('a', reads("audio")),
        ('t', tools),
        ('s', entry.structured_output == Some(true)),
        ('r', entry.reasoning),
    ];
    all.into_iter().filter(|(_, has)| *has).map(|(letter, _)| letter).collect()
}

/// Five columns of a price: empty where none is given, `None` where one is not valid.
fn price(name: &str, cost: Option<&ListedCost>) -> Option<String> {
    const UNKNOWN: &str = "\t\t\t\t";
    let Some(ListedCost { input: Some(input), output: Some(output), cache_read, cache_write, .. }) = cost else {
        return Some(UNKNOWN.to_owned());
    };
    let (cells, tier) = ([Some(*input), Some(*output), *cache_read, *cache_write].map(usd), tier(cost));
    let [input_cell, output_cell, read, write] = cells;
    // A 0 in a list means "free" only if the name says so; otherwise it is unknown.
    if *input == 0.0 && !name.ends_with(":free") {
        return Some(UNKNOWN.to_owned());
    }
    Some([input_cell?, output_cell?, read?, write?, tier?].join("\t"))
}

/// The price of long prompts, the first where there are several.
fn tier(cost: Option<&ListedCost>) -> Option<String> {
    let Some(cost) = cost else { return Some(String::new()) };
    let by_context = cost.tiers.iter().filter(|tier| tier.tier.kind == "context");
    let first = by_context.min_by(|a, b| a.tier.size.total_cmp(&b.tier.size));
    let (over, prices) = match (first, &cost.context_over_200k) {
        (Some(tier), _) => (tier.tier.size, [tier.input, tier.output, tier.cache_read]),
        (None, Some(over)) => (200_000.0, [over.input, over.output, over.cache_read]),
        (None, None) => return Some(String::new()),
    };
    let [input, output, read] = prices.map(usd);
    Some([tokens(Some(over))?, input?, output?, read?].join(":"))
}

/// A price as it is written; `None` when it cannot be one.
fn usd(price: Option<f64>) -> Option<String> {
    match price {
        None => Some(String::new()),
        Some(price) if price.is_finite() && (0.0..=DEAREST).contains(&price) => Some(price.to_string()),
        Some(_) => None,
    }
}

/// A number of tokens as it is written, nothing for 0; `None` when it cannot be one.
fn tokens(count: Option<f64>) -> Option<String> {
    match count {
        None | Some(0.0) => Some(String::new()),
        Some(count) if count.fract() == 0.0 && (0.0..=LARGEST).contains(&count) => Some(count.to_string()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Model, Reasoning, Status, Support};
    use super::*;

    /// A list with `entry` as `google/m` and enough others around it.
    fn list(entry: &Value) -> Vec<u8> {
        let others: serde_json::Map<String, Value> = (0..FEWEST)
            .map(|n| {
                (format!("m{n}"), json!({"cost": {"input": 1, "output": 2}, "limit": {"context": 10, "output": 5}}))
            })
            .collect();
        json!({"other": {"id": "other", "models": others}, "google": {"models": {"m": entry}}}).to_string().into_bytes()
    }

    fn read(entry: &Value) -> ParsedList {
        table(&list(entry), "2999-01-02").unwrap()
    }

    #[track_caller]
    fn model(entry: &Value) -> Model {
        read(entry).table.find("gemini", "m").unwrap().unwrap()
    }

    #[test]
    fn everything_that_is_told_is_read() {
        let model = model(&json!({
            "id": "m", "name": "M", "family": "x", "attachment": true, "reasoning": true, "temperature": false,
            "tool_call": true, "structured_output": true, "open_weights": false, "unknown": {"a": 1},
            "modalities": {"input": ["text", "image", "pdf"], "output": ["text"]},
            "cost": {"input": 1.25, "output": 10, "cache_read": 0.31, "context_over_200k": {"input": 2.5, "output": 15}},
            "limit": {"context": 1_048_576, "output": 65_536}, "status": "deprecated",
        }));
        let price = model.price.unwrap();
        assert!((price.input - 1.25e-6).abs() < 1e-15 && (price.cache_read - 0.31e-6).abs() < 1e-15);
        assert!((price.cache_write - price.input).abs() < 1e-15);
        assert_eq!(price.tier.map(|tier| tier.over), Some(200_000));
        assert_eq!((model.context_window, model.max_output), (Some(1_048_576), Some(65_536)));
        assert!(model.vision && model.pdf && !model.audio && model.tools && model.json_schema);
        assert_eq!((model.reasoning, model.sampling), (Reasoning::ByDefault, Support::Never));
        assert_eq!(model.status, Status::Deprecated);
    }

    #[test]
    fn tiers_are_preferred_to_their_older_form() {
        let model = model(&json!({"cost": {
            "input": 5, "output": 30, "context_over_200k": {"input": 10, "output": 45},
            "tiers": [{"input": 10, "output": 45, "cache_read": 1, "tier": {"type": "context", "size": 272_000}}],
        }}));
        assert_eq!(model.price.unwrap().tier.map(|tier| tier.over), Some(272_000));
    }

    #[test]
    fn tools_may_be_told_in_detail() {
        assert!(model(&json!({"tool_call": {"supported": true, "parallel": false}})).tools);
        assert!(!model(&json!({"tool_call": {"supported": false}})).tools);
    }

    #[test]
    fn a_price_of_nothing_is_unknown() {
        assert_eq!(model(&json!({"cost": {"input": 0, "output": 0}})).price, None);
        assert_eq!(model(&json!({})).price, None);
    }

    #[test]
    fn what_makes_no_text_is_left_out() {
        let read = read(&json!({"modalities": {"input": ["text"], "output": ["image"]}}));
        assert_eq!((read.models, read.skipped), (FEWEST, 0));
    }

    #[test]
    fn what_cannot_be_is_skipped() {
        for entry in [
            json!({"cost": {"input": -1, "output": 2}}),
            json!({"cost": {"input": 1, "output": 1e300}}),
            json!({"cost": {"input": 1, "output": 2, "cache_read": -0.1}}),
            json!({"cost": {"input": "1", "output": 2}}),
            json!({"limit": {"context": -5}}),
            json!({"limit": {"context": 1.5}}),
            json!({"limit": {"context": 1e12}}),
            json!({"modalities": {"input": "text"}}),
            json!([]),
        ] {
            assert_eq!(read(&entry).skipped, 1, "{entry}");
        }
    }

    #[test]
    fn names_that_could_break_a_line_are_skipped() {
        for name in ["a\tb", "a\nb", "a\u{1b}b", "", &"x".repeat(201)] {
            let mut value: Value = serde_json::from_slice(&list(&json!({}))).unwrap();
            value["other"]["models"][name] = json!({});
            let read = table(value.to_string().as_bytes(), "2999-01-02").unwrap();
            assert_eq!((read.skipped, read.models), (1, FEWEST + 1), "{name:?}");
        }
    }

    #[test]
    fn every_line_of_a_table_can_be_read_and_they_are_sorted() {
        let read = read(&json!({"cost": {"input": 0.000_001, "output": 2e-7}}));
        assert_eq!(read.table.models().count(), read.models);
        let keys: Vec<&str> = read.table.models().map(|(key, _)| key).collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn what_is_not_the_list_is_not_taken() {
        let wrong: serde_json::Map<String, Value> = (0..60).map(|n| (format!("m{n}"), json!([]))).collect();
        let wrong = json!({"p": {"models": wrong}}).to_string();
        for (text, want) in [
            ("<html>", "it is not the list of models.dev"),
            ("[]", "it is not the list of models.dev"),
            ("{\"a\": {}}", "it is not the list of models.dev"),
            ("{}", "it holds 0 models only"),
            (wrong.as_str(), "60 of its 60 models cannot be"),
        ] {
            let why = table(text.as_bytes(), "2999-01-02").unwrap_err().to_string();
            assert!(why.starts_with(want), "{why}");
        }
    }
}
