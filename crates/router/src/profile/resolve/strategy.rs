//! The strategy of a group: its name, its arguments and its stickiness together.

use std::sync::Arc;

pub use llmroute_core::routing::Strategy;
pub use llmroute_core::routing::strategy::StrategyConfig;

use super::precedence::{Origin, Precedence};
use super::target::UnknownName;
use crate::profile::document::diagnostic::Diagnostic;
use crate::profile::document::routing::StrategyName;
use crate::profile::document::suggest;

/// The strategy of a group.
///
/// # Errors
/// The name of a strategy that is not built yet.
pub(crate) fn resolve(precedence: &Precedence<'_, '_>, long_lived: bool) -> Result<Arc<dyn Strategy>, &'static str> {
    let mut config = precedence.strategy_args().config;
    config.sticky = precedence.sticky();
    config.long_lived = long_lived;
    precedence.strategy_name().build(&config)
}

/// Warns of settings that the strategy of a group ignores. Settings of `[router]` are for other groups too.
pub fn check(precedence: &Precedence<'_, '_>, diagnostics: &mut Vec<Diagnostic>) {
    let name = match precedence.strategy_name() {
        StrategyName::BuiltIn(entry) => entry.name,
        StrategyName::Command(_) => "exec",
        StrategyName::NotBuilt(_) => return,
    };
    if let Some((Origin::Group, setting)) = precedence.routing(|keys| &keys.routing_strategy_args)
        && let Some(other) = setting.value.strategy.filter(|other| *other != name)
    {
        let message = format!("these are arguments of `{other}`; the group uses `{name}`");
        diagnostics.push(Diagnostic::warning(message).at(setting.name_at.clone()));
    }
    if let Some((Origin::Group, setting)) = precedence.routing(|keys| &keys.sticky)
        && name != "simple-shuffle"
    {
        let message = format!("`sticky` is for `simple-shuffle`; the group uses `{name}`");
        diagnostics.push(Diagnostic::warning(message).at(setting.name_at.clone()));
    }
}

/// The strategy called `name` with its default arguments, for `--strategy`.
///
/// # Errors
/// An unknown name, with a suggestion.
pub fn named(name: &str, long_lived: bool) -> Result<Arc<dyn Strategy>, UnknownName> {
    let command = name.strip_prefix("exec:").map(str::trim).filter(|command| !command.is_empty());
    let found = command.map(|command| StrategyName::Command(command.into())).or_else(|| StrategyName::find(name));
    let unknown = || UnknownName {
        message: format!("unknown strategy `{name}`"),
        hint: suggest::help(name, StrategyName::names()),
    };
    found.ok_or_else(unknown)?.build(&StrategyConfig::new(long_lived)).map_err(|name| UnknownName {
        message: format!("strategy `{name}` is not built yet"),
        hint: suggest::one_of(StrategyName::names()),
    })
}
