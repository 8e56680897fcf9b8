//! The strategy of a group: its name, its arguments and its stickiness together.

use llmroute_core::routing::Strategy;
use llmroute_core::routing::strategy::{AdaptiveArgs, LatencyArgs, Sticky};

use super::precedence::{Origin, Precedence};
use super::target::UnknownName;
use crate::profile::document::diagnostic::Diagnostic;
use crate::profile::document::routing::{STRATEGIES, StrategyArgs, StrategyName};
use crate::profile::document::suggest;

/// The strategy of a group.
///
/// # Errors
/// The name of a strategy that is not built yet.
pub(crate) fn resolve(precedence: &Precedence<'_, '_>, long_lived: bool) -> Result<Strategy, &'static str> {
    match precedence.strategy_name() {
        StrategyName::Built(strategy) => {
            Ok(complete(strategy, &precedence.strategy_args(), precedence.sticky(), long_lived))
        }
        StrategyName::NotBuilt(name) => Err(name),
    }
}

fn complete(strategy: Strategy, args: &StrategyArgs, sticky: Option<Sticky>, long_lived: bool) -> Strategy {
    match strategy {
        Strategy::SimpleShuffle => sticky.map_or(Strategy::SimpleShuffle, Strategy::Sticky),
        Strategy::LatencyBased(_) => {
            let default = if long_lived { LatencyArgs::LONG_LIVED } else { LatencyArgs::ONE_SHOT };
            Strategy::LatencyBased(LatencyArgs {
                ttl: args.ttl,
                buffer: args.lowest_latency_buffer.unwrap_or(default.buffer),
                ..default
            })
        }
        Strategy::Adaptive(_) => {
            let default = if long_lived { AdaptiveArgs::LONG_LIVED } else { AdaptiveArgs::ONE_SHOT };
            Strategy::Adaptive(AdaptiveArgs {
                latency: args.w_latency.unwrap_or(default.latency),
                cost: args.w_cost.unwrap_or(default.cost),
                failure: args.w_failure.unwrap_or(default.failure),
                ..default
            })
        }
        other @ (Strategy::Sticky(_)
        | Strategy::RoundRobin
        | Strategy::LeastBusy
        | Strategy::CostBased
        | Strategy::UsageBased
        | Strategy::Exec(_)
        | Strategy::Custom(_)) => other,
    }
}

/// Warns of settings that the strategy of a group ignores. Settings of `[router]` are for other groups too.
pub(crate) fn check(precedence: &Precedence<'_, '_>, diagnostics: &mut Vec<Diagnostic>) {
    let StrategyName::Built(strategy) = precedence.strategy_name() else { return };
    let name = strategy.as_str();
    if let Some((Origin::Group, setting)) = precedence.routing(|keys| &keys.routing_strategy_args)
        && let Some(other) = setting.value.strategy.filter(|other| *other != name)
    {
        let message = format!("these are arguments of `{other}`; the group uses `{name}`");
        diagnostics.push(Diagnostic::warning(message).at(setting.name_at.clone()));
    }
    if let Some((Origin::Group, setting)) = precedence.routing(|keys| &keys.sticky)
        && strategy != Strategy::SimpleShuffle
    {
        let message = format!("`sticky` is for `simple-shuffle`; the group uses `{name}`");
        diagnostics.push(Diagnostic::warning(message).at(setting.name_at.clone()));
    }
}

/// The strategy called `name` with its default arguments, for `--strategy`.
///
/// # Errors
/// An unknown name, with a suggestion.
pub fn named(name: &str, long_lived: bool) -> Result<Strategy, UnknownName> {
    if let Some(command) = name.strip_prefix("exec:").map(str::trim).filter(|command| !command.is_empty()) {
        return Ok(Strategy::Exec(command.into()));
    }
    let built = || STRATEGIES.iter().filter(|(_, strategy)| strategy.is_some()).map(|(name, _)| *name);
    match STRATEGIES.iter().find(|(known, _)| *known == name) {
        Some((_, Some(strategy))) => Ok(complete(strategy.clone(), &StrategyArgs::default(), None, long_lived)),
        Some((_, None)) => {
            Err(UnknownName { message: format!("strategy `{name}` is not built yet"), hint: suggest::one_of(built()) })
        }
        None => Err(UnknownName { message: format!("unknown strategy `{name}`"), hint: suggest::help(name, built()) }),
    }
}
