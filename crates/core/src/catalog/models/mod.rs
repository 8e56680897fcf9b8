//! Facts about models: prices, limits and capabilities, as of the table's date.
//!
//! The facts are lines of `models.tsv` (columns: `scripts/models_table.py`). A look-up is a binary
//! search over the text that parses one line.

mod family;
pub mod fetched;
pub mod models_dev;

pub use family::by_family;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::model::price::PriceTier;
use crate::model::{Effort, Price};

/// The date of the table; a model whose price is newer carries its own.
pub(crate) const AS_OF: &str = "2026-11-21";

const TABLE: &str = include_str!("models.tsv");

/// One model at one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The price of its tokens, if known.
    pub price: Option<Price>,
    /// Tokens that fit prompt and answer together, when known.
    pub context_window: Option<u64>,
    /// The most it reads, when that is less than the context window.
    pub max_input: Option<u64>,
    /// The most it generates, when known.
    pub max_output: Option<u64>,
    /// It sees images.
    pub vision: bool,
    /// It reads PDF files.
    pub pdf: bool,
    /// It hears.
    pub audio: bool,
    /// It calls tools.
    pub tools: bool,
    /// It holds to a JSON Schema.
    pub json_schema: bool,
    /// Its reasoning before an answer.
    pub reasoning: Reasoning,
    /// It continues an answer that was begun for it, when known.
    pub prefill: Option<bool>,
    /// Its support for `temperature` and `top_p`.
    pub sampling: Support,
    /// The levels of effort that it takes.
    pub efforts: Efforts,
    /// When it calls tools in chat completions; Responses have no such bound.
    pub chat_tools: Support,
    /// The form of effort in Anthropic's protocol.
    pub thinking: Thinking,
    /// The range of its reasoning budget in tokens, if it takes a budget instead of a level.
    pub budget: Option<Budget>,
    /// Its lifecycle status.
    pub status: Status,
    /// The source of the price.
    pub price_source: Source,
    /// The source of the other facts.
    pub source: Source,
}

/// The source of a fact, and its date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The source.
    pub origin: Origin,
    /// When, as `YYYY-MM-DD`.
    pub as_of: Cow<'static, str>,
}

/// A source of facts about models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The table of this program.
    Builtin,
    /// A table that was fetched from models.dev.
    ModelsDev,
}

impl Source {
    /// The built-in table, as of its own date or of `date` when that is not empty.
    fn builtin(date: &'static str) -> Self {
        Self { origin: Origin::Builtin, as_of: Cow::Borrowed(if date.is_empty() { AS_OF } else { date }) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.origin {
            Origin::Builtin => "builtin",
            Origin::ModelsDev => "models.dev",
        };
        write!(f, "{origin} {}", self.as_of)
    }
}

/// The levels of effort that a model takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Efforts {
    /// Unknown; any value can be tried.
    Unknown,
    /// None at all.
    None,
    /// These.
    Levels(Vec<Effort>),
}

/// The reasoning of a model before an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasoning {
    /// Never.
    No,
    /// Only if an effort is requested.
    WhenAsked,
    /// Unless the effort is `none`.
    ByDefault,
}

/// When a parameter may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// Always.
    Always,
    /// Only while the model does not reason.
    WithoutReasoning,
    /// Never; the reply would be an error.
    Never,
}

/// The form of effort in Anthropic's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thinking {
    /// Not known.
    Unknown,
    /// As a budget of tokens.
    Budget,
    /// As a level.
    Effort,
    /// As a level, beside adaptive thinking.
    Adaptive,
}

/// The range of a reasoning budget, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The fewest, when it thinks at all.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// Thinking can be switched off.
    pub off: bool,
}

/// The lifecycle status of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// In service.
    Current,
    /// Not finished.
    Beta,
    /// To be switched off.
    Deprecated,
    /// Switched off.
    Retired,
}

impl Model {
    /// Returns `true` if it reasons at `effort`.
    #[must_use]
    pub(crate) fn reasons(&self, effort: Option<Effort>) -> bool {
        match (self.reasoning, effort) {
            (Reasoning::No, _) | (_, Some(Effort::None)) | (Reasoning::WhenAsked, None) => false,
            (Reasoning::WhenAsked, Some(_)) | (Reasoning::ByDefault, _) => true,
        }
    }

    /// Returns `true` if `temperature` and `top_p` can be sent with `effort`.
    #[must_use]
    pub(crate) fn takes_sampling(&self, effort: Option<Effort>) -> bool {
        self.takes(self.sampling, effort)
    }

    /// Returns `false` if it is known to refuse this level of effort.
    #[must_use]
    pub(crate) fn takes_effort(&self, effort: Effort) -> bool {
        match (self.reasoning, &self.efforts, effort) {
            (Reasoning::No, _, _) | (_, Efforts::None, _) => false,
            (Reasoning::WhenAsked, _, Effort::None) | (_, Efforts::Unknown, _) => true,
            (_, Efforts::Levels(levels), effort) => levels.contains(&effort),
        }
    }

    /// Returns `true` if tools can be sent with `effort` in chat completions.
    #[must_use]
    pub(crate) fn takes_tools_in_chat(&self, effort: Option<Effort>) -> bool {
        self.takes(self.chat_tools, effort)
    }

    fn takes(&self, when: Support, effort: Option<Effort>) -> bool {
        match when {
            Support::Always => true,
            Support::WithoutReasoning => !self.reasons(effort),
            Support::Never => false,
        }
    }
}

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

/// The table without its first line, which names its source.
fn rows() -> &'static str {
    TABLE.split_once('\n').map_or("", |(_, rows)| rows)
}

/// The line of `table` whose first column is `key`; the lines are sorted by it.
fn line_of<'a>(table: &'a str, key: &str) -> Option<&'a str> {
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
fn parse<'a>(line: &'a str, source: impl Fn(&'a str) -> Source) -> Option<(&'a str, Model)> {
    let mut columns = line.split('\t');
    let mut next = || columns.next().unwrap_or_default();
    let key = next();
    let price = price([next(), next(), next(), next(), next()])?;
    let (context_window, max_input, max_output) = (number(next())?, number(next())?, number(next())?);
    let caps = next();
    let has = |letter: char| caps.contains(letter);
    let model = Model {
        price,
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
            &[("", Thinking::Unknown), ("b", Thinking::Budget), ("e", Thinking::Effort), ("a", Thinking::Adaptive)],
        )?,
        status: letter(
            next(),
            &[("", Status::Current), ("b", Status::Beta), ("d", Status::Deprecated), ("r", Status::Retired)],
        )?,
        price_source: source(next()),
        source: source(""),
        budget: budget(next())?,
        chat_tools: letter(next(), SUPPORT)?,
    };
    Some((key, model))
}

const SUPPORT: &[(&str, Support)] = &[("", Support::Always), ("w", Support::WithoutReasoning), ("n", Support::Never)];

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
fn price([input, output, cache_read, cache_write, tier]: [&str; 5]) -> Option<Option<Price>> {
    let per_token = |text: &str| number::<f64>(text).map(|value| value.map(|value| value / 1e6));
    let (Some(input), Some(output)) = (per_token(input)?, per_token(output)?) else { return Some(None) };
    let tier = if tier.is_empty() {
        None
    } else {
        let mut parts = tier.split(':');
        let over = parts.next()?.parse().ok()?;
        let (tier_input, tier_output) =
            (per_token(parts.next()?)?.unwrap_or(input), per_token(parts.next()?)?.unwrap_or(output));
        let cache_read = per_token(parts.next()?)?.unwrap_or(tier_input);
        Some(PriceTier { over, input: tier_input, output: tier_output, cache_read })
    };
    let cache_read = per_token(cache_read)?.unwrap_or(input);
    let cache_write = per_token(cache_write)?.unwrap_or(input);
    Some(Some(Price { input, output, cache_read, cache_write, tier }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, input: f64, output: f64, cache_read: f64) {
        let (provider, model) = key.split_once('/').unwrap();
        let price = find(provider, model).unwrap().price.unwrap();
        for (got, want) in [(price.input, input), (price.output, output), (price.cache_read, cache_read)] {
            assert!((got * 1e6 - want).abs() < 1e-9, "{key}: {got}");
        }
    }

    #[test]
    fn every_line_parses_and_the_lines_are_sorted() {
        let keys: Vec<&str> = models().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), rows().lines().count());
        assert!(keys.len() > 2500);
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(TABLE.starts_with(&format!("# as of {AS_OF};")));
    }

    #[test]
    fn every_model_is_found_by_its_name() {
        for (key, model) in models() {
            let (provider, name) = key.split_once('/').unwrap();
            assert_eq!(find(provider, name), Some(model), "{key}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for (provider, model) in [
            ("openai", "gpt-4"),
            ("openai", "gpt-4o-mini"),
            ("zai", "glm-5"),
            ("ai", "x"),
            ("", ""),
            ("zzz", "z"),
            ("openai", "gpt-4\t30"),
        ] {
            let want =
                rows().lines().any(|line| line.starts_with(&format!("{provider}/{model}\t")) && !model.contains('\t'));
            assert_eq!(find(provider, model).is_some(), want, "{provider}/{model}");
        }
        assert_eq!(line_of("", "a"), None);
        assert_eq!(line_of("a\t1", "a"), Some("a\t1"));
        assert_eq!(line_of("a\t1\nb\t2\n", "b"), Some("b\t2"));
        assert_eq!(line_of("a\t1\nb\t2\n", "c"), None);
    }

    #[test]
    fn prices_are_those_of_the_vendors() {
        check("openai/gpt-4o", 2.5, 10.0, 1.25);
        check("openai/gpt-4o-mini", 0.15, 0.6, 0.075);
        check("anthropic/claude-sonnet-4-5", 3.0, 15.0, 0.3);
        check("deepseek/deepseek-v4-flash", 0.14, 0.28, 0.0028);
        // No cache price known: the input price.
        check("groq/llama-3.3-70b-versatile", 0.59, 0.79, 0.59);
        assert!((find("anthropic", "claude-sonnet-4-5").unwrap().price.unwrap().cache_write - 3.75e-6).abs() < 1e-15);
    }

    #[test]
    fn a_long_prompt_has_its_own_price() {
        let tier = find("openai", "gpt-5.4").unwrap().price.unwrap().tier.unwrap();
        assert_eq!(tier.over, 272_000);
        assert!((tier.input - 5e-6).abs() < 1e-15 && (tier.output - 22.5e-6).abs() < 1e-15);
    }

    #[test]
    fn a_price_of_nothing_is_known_only_where_the_name_says_so() {
        assert_eq!(find("nvidia", "moonshotai/kimi-k2.6").unwrap().price, None);
        for (key, model) in models() {
            assert!(model.price.is_none_or(|price| price.input > 0.0 || key.ends_with(":free")), "{key}");
        }
        assert!(models().any(|(key, model)| key.ends_with(":free") && model.price.is_some()));
    }

    #[test]
    fn limits_and_capabilities_are_read() {
        let model = find("anthropic", "claude-sonnet-4-5").unwrap();
        assert_eq!((model.context_window, model.max_output), (Some(200_000), Some(64_000)));
        assert!(model.vision && model.tools && model.json_schema && model.pdf && !model.audio);
        assert_eq!((model.prefill, model.thinking), (Some(true), Thinking::Budget));
        assert_eq!(find("anthropic", "claude-opus-4-6").unwrap().prefill, Some(false));
        assert_eq!(find("anthropic", "claude-opus-4-6").unwrap().thinking, Thinking::Adaptive);
        assert_eq!(find("anthropic", "claude-opus-4-5").unwrap().thinking, Thinking::Effort);
        assert!(!find("anthropic", "claude-3-haiku-20240307").unwrap().json_schema);
    }

    #[test]
    fn budgets_are_those_of_the_model() {
        let of = |model: &str| find("gemini", model).unwrap().budget.map(|has| (has.least, has.most, has.off));
        assert_eq!(of("gemini-2.5-pro"), Some((128, 32_768, false)));
        assert_eq!(of("gemini-2.5-flash-lite"), Some((512, 24_576, true)));
        assert_eq!(of("gemini-2.5-flash-preview-09-2025"), Some((0, 24_576, true)));
        assert_eq!(of("gemini-3.5-flash"), None);
    }

    #[test]
    fn reasoning_families_decide_about_sampling() {
        let takes = |model: &str, effort| find("openai", model).unwrap().takes_sampling(effort);
        for (model, plain, none, high) in [
            ("gpt-4o", true, true, true),
            ("gpt-5-chat-latest", true, true, true),
            ("o3", false, false, false),
            ("gpt-5-mini", false, false, false),
            ("gpt-5-mini-2025-08-07", false, false, false),
            ("gpt-5.1", true, true, false),
            ("gpt-5.1-codex", false, false, false),
            ("gpt-5.2-pro", false, false, false),
            ("gpt-5.3-chat-latest", false, false, false),
            ("gpt-5.5", false, true, false),
            ("gpt-5.6-sol", false, true, false),
            ("gpt-6-sol", false, true, false),
            ("gpt-6.1-sol", false, false, false),
            ("gpt-6.1-terra", false, true, false),
            ("gpt-6.2-sol", false, false, false),
        ] {
            let got = (takes(model, None), takes(model, Some(Effort::None)), takes(model, Some(Effort::High)));
            assert_eq!(got, (plain, none, high), "{model}");
        }
        assert!(!find("anthropic", "claude-opus-4-7").unwrap().takes_sampling(None));
    }

    #[test]
    fn efforts_are_those_of_the_model() {
        let model = find("openai", "gpt-5.1-2025-11-13").unwrap();
        assert!(model.takes_effort(Effort::None) && !model.takes_effort(Effort::Xhigh));
        assert!(!find("openai", "gpt-4o").unwrap().takes_effort(Effort::Low));
        assert_eq!(find("openai", "gpt-4o").unwrap().efforts, Efforts::None);
        assert_eq!(find("deepseek", "deepseek-flash").unwrap().efforts, Efforts::Unknown);
        assert!(!find("mistral", "magistral-medium-2509").unwrap().takes_effort(Effort::High));
    }

    #[test]
    fn some_models_call_tools_elsewhere() {
        let takes = |model: &str| {
            let model = find("openai", model).unwrap();
            [None, Some(Effort::None), Some(Effort::High)].map(|effort| model.takes_tools_in_chat(effort))
        };
        for (model, want) in [
            ("gpt-5.5", [true, true, true]),
            ("gpt-6-sol", [false, true, false]),
            ("gpt-6-astra", [false, false, false]),
            ("gpt-6.2-sol", [false, false, false]),
        ] {
            assert_eq!(takes(model), want, "{model}");
        }
    }
}
