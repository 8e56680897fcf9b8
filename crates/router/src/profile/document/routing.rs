//! Values for routing: strategies with their arguments, stickiness, tiers.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use llmroute_core::routing::strategy::{ArgumentKind, BUILT_IN, External, Sticky, StrategyConfig, StrategyEntry};
pub use llmroute_core::routing::{OnLength, Strategy};

use super::diagnostic::Diagnostic;
use super::suggest;
use super::table::{FromToml, not_built, table, text};
use super::value::NonZeroDuration;

/// Strategies that are not built yet.
const NOT_BUILT: &[&str] = &["complexity-router"];

/// The values of `sticky`.
const STICKY: &[(&str, Sticky)] =
    &[("user", Sticky::User), ("conversation", Sticky::Conversation), ("prompt", Sticky::Prompt)];

/// The values of `on_length`.
const ON_LENGTH: &[(&str, OnLength)] = &[("accept", OnLength::Accept), ("fail", OnLength::Fail)];

/// The tiers of `complexity_router`.
const TIERS: &[&str] = &["SIMPLE", "MEDIUM", "COMPLEX", "REASONING"];

/// A strategy without its arguments.
#[derive(Debug, Clone)]
pub enum StrategyName {
    BuiltIn(&'static StrategyEntry),
    /// The command of `exec:COMMAND`.
    Command(Arc<str>),
    /// The name of a strategy that is not built yet.
    NotBuilt(&'static str),
}

impl StrategyName {
    /// The strategy of a group that names none.
    pub(crate) const DEFAULT: Self = Self::BuiltIn(&BUILT_IN[0]);

    /// Finds the strategy called `name`.
    pub fn find(name: &str) -> Option<Self> {
        let not_built = || NOT_BUILT.iter().find(|known| **known == name).map(|known| Self::NotBuilt(known));
        StrategyEntry::find(name).map(Self::BuiltIn).or_else(not_built)
    }

    /// The names of the built-in strategies.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> + Clone {
        BUILT_IN.iter().flat_map(|entry| [entry.name].into_iter().chain(entry.aliases.iter().copied()))
    }

    /// Makes the strategy.
    ///
    /// # Errors
    /// The name of a strategy that is not built yet.
    pub(crate) fn build(self, config: &StrategyConfig) -> Result<Arc<dyn Strategy>, &'static str> {
        match self {
            Self::BuiltIn(entry) => Ok((entry.parse_args)(config)),
            Self::Command(command) => Ok(Arc::new(External { command })),
            Self::NotBuilt(name) => Err(name),
        }
    }
}

impl FromToml<'_> for StrategyName {
    const TYPE: &'static str = "strategy";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let name = text::<Self>(raw, diagnostics)?;
        if let Some(command) = name.strip_prefix("exec:").map(str::trim) {
            if command.is_empty() {
                let error = Diagnostic::error("`exec:` needs a command").at(raw.span());
                diagnostics.push(error.help("write the command after `exec:`"));
                return None;
            }
            return Some(Self::Command(command.into()));
        }
        let found = Self::find(name);
        match &found {
            Some(Self::NotBuilt(known)) => diagnostics.push(not_built(&format!("strategy `{known}`"), raw.span())),
            Some(Self::BuiltIn(_) | Self::Command(_)) => {}
            None => {
                let help = suggest::help(name, Self::names().chain(NOT_BUILT.iter().copied()));
                diagnostics.push(Diagnostic::error(format!("unknown strategy `{name}`")).at(raw.span()).help(help));
            }
        }
        found
    }
}

/// The written arguments of strategies; the table of strategies says which there are.
#[derive(Debug, Clone, Default)]
pub struct StrategyArgs {
    pub config: StrategyConfig,
    /// The strategy of the last argument that is written.
    pub strategy: Option<&'static str>,
}

impl FromToml<'_> for StrategyArgs {
    const TYPE: &'static str = "table";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        Some(Self::of(table::<Self>(raw, diagnostics)?, diagnostics))
    }
}

impl StrategyArgs {
    fn of(table: &DeTable<'_>, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut args = Self::default();
        for (key, raw) in table {
            let name = key.get_ref().as_ref();
            let found = BUILT_IN.iter().find_map(|entry| Some((entry.name, entry.argument(name)?)));
            let Some((strategy, argument)) = found else {
                let known = BUILT_IN.iter().flat_map(|entry| entry.arguments).map(|argument| argument.name);
                let error = Diagnostic::error(format!("unknown strategy argument `{name}`")).at(key.span());
                diagnostics.push(error.help(suggest::help(name, known)));
                continue;
            };
            args.strategy = Some(strategy);
            match argument.kind {
                ArgumentKind::Duration => {
                    if let Some(span) = NonZeroDuration::from_toml(raw, diagnostics) {
                        args.config.set_duration(argument.name, span.0);
                    }
                }
                ArgumentKind::Number => {
                    if let Some(number) = f64::from_toml(raw, diagnostics) {
                        args.config.set_number(argument.name, number);
                    }
                }
            }
        }
        args
    }
}

impl FromToml<'_> for OnLength {
    const TYPE: &'static str = "`\"accept\"` or `\"fail\"`";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let name = text::<Self>(raw, diagnostics)?;
        let found = ON_LENGTH.iter().find(|(known, _)| *known == name);
        if found.is_none() {
            let help = suggest::help(name, ON_LENGTH.iter().map(|(name, _)| *name));
            let message = format!("`{name}` is not a value of `on_length`");
            diagnostics.push(Diagnostic::error(message).at(raw.span()).help(help));
        }
        found.map(|(_, on_length)| *on_length)
    }
}

impl FromToml<'_> for Sticky {
    const TYPE: &'static str = "`\"user\"`, `\"conversation\"` or `\"prompt\"`";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let name = text::<Self>(raw, diagnostics)?;
        let found = STICKY.iter().find(|(known, _)| *known == name);
        if found.is_none() {
            let help = suggest::help(name, STICKY.iter().map(|(name, _)| *name));
            let message = format!("`{name}` is not a value of `sticky`");
            diagnostics.push(Diagnostic::error(message).at(raw.span()).help(help));
        }
        found.map(|(_, sticky)| *sticky)
    }
}

/// The tiers of a group that routes by difficulty; not built yet, but its names are checked.
#[derive(Debug, Default)]
pub struct ComplexityRouter {
    /// The groups or models that it names.
    pub targets: Vec<Spanned<String>>,
}

impl FromToml<'_> for ComplexityRouter {
    const TYPE: &'static str = "any";
    const BUILT: bool = false;

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let mut found = Self::default();
        let Some(table) = raw.get_ref().as_table() else { return Some(found) };
        let target = |raw: &Spanned<DeValue<'_>>| Some(Spanned::new(raw.span(), raw.get_ref().as_str()?.to_owned()));
        found.targets.extend(table.get("default").and_then(target));
        for (tier, raw) in table.get("tiers").and_then(|tiers| tiers.get_ref().as_table()).into_iter().flatten() {
            let name: &str = tier.get_ref();
            if !TIERS.contains(&name) {
                let help = suggest::help(name, TIERS.iter().copied());
                diagnostics.push(Diagnostic::error(format!("unknown tier `{name}`")).at(tier.span()).help(help));
            }
            found.targets.extend(target(raw));
        }
        Some(found)
    }
}
