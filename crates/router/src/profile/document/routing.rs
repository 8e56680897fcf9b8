//! Values for routing: strategies with their arguments, stickiness, tiers.

use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use llmroute_core::routing::Strategy;
use llmroute_core::routing::strategy::{AdaptiveArgs, LatencyArgs, Sticky};

use super::diagnostic::Diagnostic;
use super::suggest;
use super::table::{FromToml, not_built, table, text};
use super::value::NonZeroDuration;

/// The strategies by name; `None` is not built yet.
pub(crate) const STRATEGIES: &[(&str, Option<Strategy>)] = &[
    ("simple-shuffle", Some(Strategy::SimpleShuffle)),
    ("least-busy", Some(Strategy::LeastBusy)),
    ("latency-based-routing", Some(Strategy::LatencyBased(LatencyArgs::ONE_SHOT))),
    ("cost-based-routing", Some(Strategy::CostBased)),
    ("usage-based-routing", Some(Strategy::UsageBased)),
    ("usage-based-routing-v2", Some(Strategy::UsageBased)),
    ("complexity-router", None),
    ("round-robin", Some(Strategy::RoundRobin)),
    ("adaptive", Some(Strategy::Adaptive(AdaptiveArgs::ONE_SHOT))),
];

/// The values of `sticky`.
const STICKY: &[(&str, Sticky)] =
    &[("user", Sticky::User), ("conversation", Sticky::Conversation), ("prompt", Sticky::Prompt)];

/// The tiers of `complexity_router`.
const TIERS: &[&str] = &["SIMPLE", "MEDIUM", "COMPLEX", "REASONING"];

/// A strategy with its default arguments.
#[derive(Debug, Clone)]
pub(crate) enum StrategyName {
    Built(Strategy),
    /// The name of a strategy that is not built yet.
    NotBuilt(&'static str),
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
            return Some(Self::Built(Strategy::Exec(command.into())));
        }
        match STRATEGIES.iter().find(|(known, _)| *known == name) {
            Some((_, Some(strategy))) => Some(Self::Built(strategy.clone())),
            Some((known, None)) => {
                diagnostics.push(not_built(&format!("strategy `{known}`"), raw.span()));
                Some(Self::NotBuilt(known))
            }
            None => {
                let help = suggest::help(name, STRATEGIES.iter().map(|(name, _)| *name));
                diagnostics.push(Diagnostic::error(format!("unknown strategy `{name}`")).at(raw.span()).help(help));
                None
            }
        }
    }
}

/// The arguments of every strategy that has some.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StrategyArgs {
    pub ttl: Option<Duration>,
    pub lowest_latency_buffer: Option<f64>,
    pub w_latency: Option<f64>,
    pub w_cost: Option<f64>,
    pub w_failure: Option<f64>,
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
    const NAMES: [&'static str; 5] = ["ttl", "lowest_latency_buffer", "w_latency", "w_cost", "w_failure"];

    fn of(table: &DeTable<'_>, diagnostics: &mut Vec<Diagnostic>) -> Self {
        const LATENCY: Option<&str> = Some("latency-based-routing");
        const ADAPTIVE: Option<&str> = Some("adaptive");
        let mut args = Self::default();
        for (key, raw) in table {
            let strategy;
            match key.get_ref().as_ref() {
                "ttl" => {
                    args.ttl = NonZeroDuration::from_toml(raw, diagnostics).map(|ttl| ttl.0);
                    strategy = LATENCY;
                }
                "lowest_latency_buffer" => {
                    args.lowest_latency_buffer = f64::from_toml(raw, diagnostics);
                    strategy = LATENCY;
                }
                "w_latency" => {
                    args.w_latency = f64::from_toml(raw, diagnostics);
                    strategy = ADAPTIVE;
                }
                "w_cost" => {
                    args.w_cost = f64::from_toml(raw, diagnostics);
                    strategy = ADAPTIVE;
                }
                "w_failure" => {
                    args.w_failure = f64::from_toml(raw, diagnostics);
                    strategy = ADAPTIVE;
                }
                name => {
                    let error = Diagnostic::error(format!("unknown strategy argument `{name}`")).at(key.span());
                    diagnostics.push(error.help(suggest::help(name, Self::NAMES)));
                    continue;
                }
            }
            args.strategy = strategy;
        }
        args
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
pub(crate) struct ComplexityRouter {
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
