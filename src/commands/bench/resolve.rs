//! From arguments to targets and a plan.

use std::time::Duration;

use super::args::{ArrivalArg, BenchArgs};
use super::rules;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
pub(crate) use llmroute_bench::plan::{Arrival, Load, Slo, Stop};
pub(crate) use llmroute_bench::prompts::{self, PromptSource, Prompts};
pub(crate) use llmroute_bench::stats::quantile;
use llmroute_core::routing::{DeploymentId, GroupId};
pub(crate) use llmroute_router::profile::{LoadOptions, Profile, duration};

/// The default number of rounds: enough to show a difference of a quarter, and for a p90.
const ROUNDS: u32 = 40;
/// The first rate of a search, in calls a second.
pub(crate) const FIRST_RATE: f64 = 1.0;

/// A deployment to compare, and the group through which it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BenchDeployment {
    /// The group as typed; `None` for the default group.
    pub typed: Option<String>,
    /// The group.
    pub group: GroupId,
    /// The deployment.
    pub deployment: DeploymentId,
}

/// The deployments to compare, each once, in the order in which they were named.
///
/// # Errors
/// Fails on an unknown name.
pub(crate) fn targets(
    args: &BenchArgs,
    profile: &mut Profile,
    prompts: &Prompts,
    env: &Env,
) -> Result<Vec<BenchDeployment>, CommandError> {
    let mut found: Vec<BenchDeployment> = Vec::new();
    let typed: Vec<Option<String>> = args.models.iter().cloned().map(Some).collect();
    let typed = if typed.is_empty() { vec![None] } else { typed };
    for typed in typed {
        let (group, alone) = find(typed.as_deref(), profile, env)?;
        // A model that is named by itself is no group, and rules bind groups.
        let group = if alone.is_some() { group } else { rules::target(&profile.map, group, prompts, env)? };
        for member in &profile.map.group(group).members {
            let deployment = member.deployment;
            let is_meant = alone.is_none_or(|alone| alone == deployment);
            if is_meant && !found.iter().any(|named| profile.map.same(named.deployment, deployment)) {
                found.push(BenchDeployment { typed: typed.clone(), group, deployment });
            }
        }
    }
    Ok(found)
}

/// The group of that name, or a deployment of the profile, with its price and limits.
///
/// # Errors
/// Fails on an unknown name.
pub(crate) fn find(
    typed: Option<&str>,
    profile: &mut Profile,
    env: &Env,
) -> Result<(GroupId, Option<DeploymentId>), CommandError> {
    let is_group = |name: &str| profile.map.groups.iter().any(|group| group.name == name);
    if let Some(name) = typed.filter(|name| !is_group(name)) {
        let groups = profile.map.groups.iter().enumerate();
        let mut members =
            groups.flat_map(|(at, group)| group.members.iter().map(move |member| (at, member.deployment)));
        let named = members.find(|(_, deployment)| profile.map.deployment(*deployment).name == name);
        if let Some((group, deployment)) = named {
            return Ok((GroupId(group), Some(deployment)));
        }
    }
    Ok((group(typed, profile, env)?, None))
}

/// The group to rehearse.
///
/// # Errors
/// Fails if several groups are named, or an unknown one.
pub(crate) fn one_group(args: &BenchArgs, profile: &mut Profile, env: &Env) -> Result<GroupId, CommandError> {
    match args.models.as_slice() {
        [] => group(None, profile, env),
        [name] => group(Some(name), profile, env),
        _ => Err(CommandError::new(ErrorKind::Usage, "`--inject` rehearses one group").hint("give one `-m GROUP`")),
    }
}

/// The group of that name; a single model becomes a group of its own.
///
/// # Errors
/// Fails on an unknown name.
fn group(typed: Option<&str>, profile: &mut Profile, env: &Env) -> Result<GroupId, CommandError> {
    let inputs = LoadOptions { env: &env.vars, long_lived: true };
    let found = match typed {
        Some(name) => profile.target(name, &inputs),
        None => profile.default_group(),
    };
    found.map_err(|none| CommandError::new(ErrorKind::Profile, none.message).hint(none.hint))
}

/// The prompts.
///
/// # Errors
/// Fails if the file of prompts cannot be read or is empty.
pub(crate) fn prompts(args: &BenchArgs, seed: u64) -> Result<Prompts, CommandError> {
    let source = match (&args.prompts, args.input_tokens, args.prompt.is_empty()) {
        (Some(path), _, _) => {
            let message = || format!("cannot read `{}`", path.display());
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|error| CommandError::caused(ErrorKind::Input, message(), error))?;
            let texts = prompts::parse_file(&text);
            PromptSource::Texts(texts.map_err(|error| CommandError::caused(ErrorKind::Input, message(), error))?)
        }
        (None, Some(input), _) => PromptSource::Synthetic { input },
        (None, None, false) => PromptSource::Texts(vec![args.prompt.join(" ")]),
        (None, None, true) => PromptSource::default(),
    };
    Ok(Prompts { source, output: args.output_tokens, allow_cache: args.allow_cache, seed })
}

/// The arrivals of a search for the highest rate, at its first rate.
///
/// # Errors
/// Fails if there are too few rounds for a p95.
pub(crate) fn search(args: &BenchArgs) -> Result<Load, CommandError> {
    let needs = u32::try_from(quantile::min_sample_size(0.95)).unwrap_or(u32::MAX);
    let stop = match (&args.duration, args.rounds) {
        (Some(text), _) => Stop::After(span("--duration", text)?),
        (None, Some(rounds)) if rounds < needs => {
            return Err(CommandError::new(
                ErrorKind::Usage,
                format!("a p95 needs {needs} rounds, and `--rounds {rounds}` are fewer"),
            ));
        }
        (None, rounds) => Stop::Rounds(rounds.unwrap_or(needs).max(needs)),
    };
    Ok(Load::Arrivals { stop, rate: FIRST_RATE, pattern: pattern(args) })
}

fn pattern(args: &BenchArgs) -> Arrival {
    match args.arrival {
        ArrivalArg::Constant => Arrival::Constant,
        ArrivalArg::Poisson => Arrival::Poisson,
    }
}

/// The arrivals of calls.
///
/// # Errors
/// Fails on an impossible rate or duration.
pub(crate) fn load(args: &BenchArgs) -> Result<Load, CommandError> {
    let stop = match (&args.duration, args.rounds) {
        (Some(text), _) => Stop::After(span("--duration", text)?),
        (None, rounds) => Stop::Rounds(rounds.unwrap_or(ROUNDS)),
    };
    let pattern = pattern(args);
    match args.rate {
        None if pattern == Arrival::Poisson => {
            Err(CommandError::new(ErrorKind::Usage, "`--arrival poisson` needs a rate").hint("add `--rate R`"))
        }
        None => Ok(Load::Rounds { stop, in_flight: args.concurrency }),
        Some(rate) if rate.is_finite() && rate > 0.0 && rate <= 10_000.0 => Ok(Load::Arrivals { stop, rate, pattern }),
        Some(rate) => Err(CommandError::new(ErrorKind::Usage, format!("`--rate {rate}` is not a rate"))
            .hint("it is calls a second, above 0 and up to 10000")),
    }
}

/// `ttft=500ms,tpot=50ms,e2e=5s`.
///
/// # Errors
/// Names the part that is not valid.
pub(crate) fn slo(text: Option<&str>) -> Result<Slo, CommandError> {
    let mut slo = Slo::default();
    for part in text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let wrong = |why: &str| {
            CommandError::new(ErrorKind::Usage, format!("`--slo`: `{part}` {why}"))
                .hint("limits are like `ttft=500ms,e2e=5s`")
        };
        let (name, limit) = part.split_once('=').ok_or_else(|| wrong("is not NAME=DURATION"))?;
        let limit = Some(span("--slo", limit)?);
        match name.trim() {
            "ttft" => slo.ttft = limit,
            "tpot" => slo.tpot = limit,
            "e2e" => slo.e2e = limit,
            _ => return Err(wrong("is none of ttft, tpot, e2e")),
        }
    }
    Ok(slo)
}

fn span(flag: &str, text: &str) -> Result<Duration, CommandError> {
    match duration::parse(text) {
        Ok(span) if !span.is_zero() => Ok(span),
        Ok(_) => Err(CommandError::new(ErrorKind::Usage, format!("`{flag} {text}` must be longer than zero"))),
        Err(reason) => Err(CommandError::new(ErrorKind::Usage, format!("`{flag} {text}`: {reason}"))
            .hint("a duration is a number of seconds, or like `250ms`, `30s`, `5m`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str, want: &str) {
        let error = slo(Some(text)).expect_err(text);
        assert!(error.message().contains(want), "{error}");
    }

    #[test]
    fn an_objective_names_its_limits() {
        let limits = slo(Some("ttft=500ms, e2e=5")).unwrap();
        assert_eq!(
            limits,
            Slo { ttft: Some(Duration::from_millis(500)), tpot: None, e2e: Some(Duration::from_secs(5)) }
        );
        assert_eq!(slo(None).unwrap(), Slo::default());
        wrong("ttft", "`ttft` is not NAME=DURATION");
        wrong("tft=1s", "`tft=1s` is none of ttft, tpot, e2e");
        wrong("ttft=0", "must be longer than zero");
    }

    #[test]
    fn a_load_is_closed_unless_it_has_a_rate() {
        let args = BenchArgs { concurrency: 1, ..BenchArgs::default() };
        assert_eq!(load(&args).unwrap(), Load::Rounds { stop: Stop::Rounds(40), in_flight: 1 });
        let open = BenchArgs { rate: Some(2.5), duration: Some("1m".to_owned()), ..args.clone() };
        let want = Load::Arrivals { stop: Stop::After(Duration::from_secs(60)), rate: 2.5, pattern: Arrival::Constant };
        assert_eq!(load(&open).unwrap(), want);
        assert!(load(&BenchArgs { rate: Some(0.0), ..args.clone() }).is_err());
        assert!(load(&BenchArgs { arrival: ArrivalArg::Poisson, ..args }).is_err());
    }
}
