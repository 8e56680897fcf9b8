//! A group's strategy: its name, its arguments, what it is sticky by, put together.

use std::sync::Arc;

use toml::de::DeTable;

use crate::profile::diagnostic::Diagnostic;
use crate::profile::keys::{UNBUILT_STRATEGIES, ValueKind};
use crate::profile::precedence::{Origin, Precedence};
use crate::profile::value::{self, Value};
use crate::profile::{UnknownName, suggest};
use llmroute_core::routing::Strategy;
use llmroute_core::routing::strategy::{ArgumentKind, BUILT_IN, External, Sticky, StrategyConfig, StrategyEntry};

/// A strategy by name, without its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StrategyChoice {
    /// A row of the table.
    BuiltIn(&'static StrategyEntry),
    /// The command of `exec:COMMAND`.
    Command(Arc<str>),
}

impl StrategyChoice {
    /// The names that a profile may use; `None` is not built yet.
    pub(crate) fn names() -> Vec<(&'static str, Option<Self>)> {
        let built = BUILT_IN.iter().flat_map(|entry| {
            [entry.name].into_iter().chain(entry.aliases.iter().copied()).map(|name| (name, Some(Self::BuiltIn(entry))))
        });
        built.chain(UNBUILT_STRATEGIES.iter().map(|name| (*name, None))).collect()
    }

    fn name(&self) -> &'static str {
        match self {
            Self::BuiltIn(entry) => entry.name,
            Self::Command(_) => "exec",
        }
    }

    fn build(self, config: &StrategyConfig) -> Arc<dyn Strategy> {
        match self {
            Self::BuiltIn(entry) => (entry.parse_args)(config),
            Self::Command(command) => Arc::new(External { command }),
        }
    }
}

/// The arguments that are written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Args {
    config: StrategyConfig,
    /// The strategy that reads one of them.
    owner: Option<&'static str>,
}

/// Reads the arguments; mistakes go to `sink`.
pub(crate) fn read(table: &DeTable<'_>, sink: &mut Vec<Diagnostic>) -> Args {
    let mut args = Args::default();
    for (key, raw) in table {
        let name = key.get_ref().as_ref();
        let found = BUILT_IN.iter().find_map(|entry| Some((entry.name, entry.argument(name)?)));
        let Some((owner, argument)) = found else {
            let known = BUILT_IN.iter().flat_map(|entry| entry.arguments).map(|argument| argument.name);
            let help = suggest::help(name, known);
            sink.push(Diagnostic::error(format!("no strategy has an argument `{name}`")).at(key.span()).help(help));
            continue;
        };
        args.owner = Some(owner);
        let kind = match argument.kind {
            ArgumentKind::Duration => ValueKind::Duration(false),
            ArgumentKind::Number => ValueKind::Number,
        };
        match value::read(kind, raw, sink) {
            Some(Value::Duration(span)) => args.config.set_duration(argument.name, span),
            Some(Value::Number(number)) => args.config.set_number(argument.name, number),
            _ => {}
        }
    }
    args
}

/// The strategy of a group; `None` is not built yet.
pub(crate) fn resolve(layers: &Precedence<'_, '_>, long_lived: bool) -> Option<Arc<dyn Strategy>> {
    let mut config = match layers.find("routing_strategy_args").map(|(_, entry)| &entry.value) {
        Some(Value::StrategyArgs(args)) => args.config.clone(),
        _ => StrategyConfig::default(),
    };
    config.sticky = match layers.find("sticky").map(|(_, entry)| &entry.value) {
        Some(Value::Sticky(sticky)) => Some(*sticky),
        _ => None::<Sticky>,
    };
    config.long_lived = long_lived;
    Some(layers.strategy()?.build(&config))
}

/// Warns of what a group says to a strategy that does not listen. What `[router]` says is for others.
pub(crate) fn check(layers: &Precedence<'_, '_>, sink: &mut Vec<Diagnostic>) {
    let Some(strategy) = layers.strategy() else { return };
    let name = strategy.name();
    if let Some((Origin::Group, entry)) = layers.find("routing_strategy_args")
        && let Value::StrategyArgs(Args { owner: Some(owner), .. }) = &entry.value
        && *owner != name
    {
        let message = format!("these are arguments of `{owner}`; the group uses `{name}`");
        sink.push(Diagnostic::warning(message).at(entry.name_at.clone()));
    }
    if let Some((Origin::Group, entry)) = layers.find("sticky")
        && name != BUILT_IN[0].name
    {
        let message = format!("`sticky` is for `simple-shuffle`; the group uses `{name}`");
        sink.push(Diagnostic::warning(message).at(entry.name_at.clone()));
    }
}

/// The strategy called `name` with its default arguments, for `--strategy`.
///
/// # Errors
/// When there is none, with what was probably meant.
pub fn named(name: &str, long_lived: bool) -> Result<Arc<dyn Strategy>, UnknownName> {
    let config = StrategyConfig::new(long_lived);
    if let Some(command) = name.strip_prefix("exec:").map(str::trim).filter(|command| !command.is_empty()) {
        return Ok(StrategyChoice::Command(command.into()).build(&config));
    }
    let names = StrategyChoice::names();
    let built = || names.iter().filter(|(_, choice)| choice.is_some()).map(|(name, _)| *name);
    match names.iter().find(|(known, _)| *known == name) {
        Some((_, Some(choice))) => Ok(choice.clone().build(&config)),
        Some((_, None)) => {
            Err(UnknownName { message: format!("strategy `{name}` is not built yet"), hint: suggest::one_of(built()) })
        }
        None => Err(UnknownName { message: format!("unknown strategy `{name}`"), hint: suggest::help(name, built()) }),
    }
}
