//! A group's strategy: its name, its arguments, what it is sticky by, put together.

use std::time::Duration;

use toml::de::DeTable;

use crate::profile::diagnostic::Diagnostic;
use crate::profile::keys::{STRATEGIES, STRATEGY_ARGS};
use crate::profile::precedence::{Origin, Precedence};
use crate::profile::value::{self, Value};
use crate::profile::{UnknownName, suggest};
use llmroute_core::routing::Strategy;
use llmroute_core::routing::strategy::{AdaptiveArgs, LatencyArgs, Sticky};

/// The arguments that are written, of whatever strategy.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Args {
    ttl: Option<Duration>,
    lowest_latency_buffer: Option<f64>,
    w_latency: Option<f64>,
    w_cost: Option<f64>,
    w_failure: Option<f64>,
    /// The strategy of one of them, to say when it is another one's.
    whose: Option<&'static str>,
}

/// Reads the arguments; what is wrong goes to `sink`.
pub(crate) fn read(table: &DeTable<'_>, sink: &mut Vec<Diagnostic>) -> Args {
    let mut args = Args::default();
    for (key, raw) in table {
        let name = key.get_ref().as_ref();
        let Some((whose, name, kind)) = STRATEGY_ARGS.iter().find(|(_, known, _)| *known == name) else {
            let help = suggest::help(name, STRATEGY_ARGS.iter().map(|(_, name, _)| *name));
            sink.push(Diagnostic::error(format!("no strategy has an argument `{name}`")).at(key.span()).help(help));
            continue;
        };
        args.whose = Some(whose);
        match (*name, value::read(*kind, raw, sink)) {
            ("ttl", Some(Value::Duration(ttl))) => args.ttl = Some(ttl),
            ("lowest_latency_buffer", Some(Value::Number(number))) => args.lowest_latency_buffer = Some(number),
            ("w_latency", Some(Value::Number(number))) => args.w_latency = Some(number),
            ("w_cost", Some(Value::Number(number))) => args.w_cost = Some(number),
            ("w_failure", Some(Value::Number(number))) => args.w_failure = Some(number),
            _ => {}
        }
    }
    args
}

/// The strategy of a group; `None` is not built yet.
pub(crate) fn resolve(layers: &Precedence<'_, '_>, long_lived: bool) -> Option<Strategy> {
    let args = match layers.find("routing_strategy_args").map(|(_, entry)| &entry.value) {
        Some(Value::StrategyArgs(args)) => *args,
        _ => Args::default(),
    };
    let sticky = match layers.find("sticky").map(|(_, entry)| &entry.value) {
        Some(Value::Sticky(sticky)) => Some(*sticky),
        _ => None,
    };
    Some(complete(layers.strategy()?, &args, sticky, long_lived))
}

fn complete(strategy: Strategy, args: &Args, sticky: Option<Sticky>, long_lived: bool) -> Strategy {
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

/// Warns of what a group says to a strategy that does not listen. What `[router]` says is for others.
pub(crate) fn check(layers: &Precedence<'_, '_>, sink: &mut Vec<Diagnostic>) {
    let Some(strategy) = layers.strategy() else { return };
    let name = strategy.as_str();
    if let Some((Origin::Group, entry)) = layers.find("routing_strategy_args")
        && let Value::StrategyArgs(Args { whose: Some(whose), .. }) = entry.value
        && whose != name
    {
        let message = format!("these are arguments of `{whose}`; the group uses `{name}`");
        sink.push(Diagnostic::warning(message).at(entry.name_at.clone()));
    }
    if let Some((Origin::Group, entry)) = layers.find("sticky")
        && strategy != Strategy::SimpleShuffle
    {
        let message = format!("`sticky` is for `simple-shuffle`; the group uses `{name}`");
        sink.push(Diagnostic::warning(message).at(entry.name_at.clone()));
    }
}

/// The strategy called `name` with its default arguments, for `--strategy`.
///
/// # Errors
/// When there is none, with what was probably meant.
pub fn named(name: &str, long_lived: bool) -> Result<Strategy, UnknownName> {
    if let Some(command) = name.strip_prefix("exec:").map(str::trim).filter(|command| !command.is_empty()) {
        return Ok(Strategy::Exec(command.into()));
    }
    let built = || STRATEGIES.iter().filter(|(_, strategy)| strategy.is_some()).map(|(name, _)| *name);
    match STRATEGIES.iter().find(|(known, _)| *known == name) {
        Some((_, Some(strategy))) => Ok(complete(strategy.clone(), &Args::default(), None, long_lived)),
        Some((_, None)) => {
            Err(UnknownName { message: format!("strategy `{name}` is not built yet"), hint: suggest::one_of(built()) })
        }
        None => Err(UnknownName { message: format!("unknown strategy `{name}`"), hint: suggest::help(name, built()) }),
    }
}
