//! From what was typed to what is meant: nothing is optional from here on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::args::AskArgs;
use super::question::MidstreamArg;
use super::template::FilledTemplate;
use crate::environment::Sink;
use crate::error::{CommandError, ErrorKind};
use crate::options;
use llmroute_core::model::{Effort, Message, Part, Prompt, Role, Sampling};
use llmroute_core::protocols::Params;
use llmroute_core::routing::failover::{Identity, RequestAttributes};
use llmroute_core::routing::hedge::Delay;
use llmroute_core::routing::{Group, GroupId};
use llmroute_router::engine::{Delivery, MidstreamMode};
pub(crate) use llmroute_router::profile::{LoadOptions, Profile, UnknownName, duration, hedge, strategy};

/// What standard output (or the file) is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Output {
    /// The text, as it comes.
    Streamed,
    /// The text, when it is whole.
    Whole,
    /// The first fenced block of the text.
    Extracted,
    /// One JSON object.
    Json,
    /// One JSON event a line.
    StreamJson,
}

/// A question, ready to be asked.
#[derive(Debug)]
pub(crate) struct ResolvedAsk {
    /// The group to ask.
    pub group: GroupId,
    /// What routing may look at.
    pub attributes: RequestAttributes,
    /// The template that is asked with.
    pub template: Option<FilledTemplate>,
    /// Parameters of the answer.
    pub sampling: Sampling,
    /// Further body fields.
    pub extra: Map<String, Value>,
    /// How the answer reaches its reader.
    pub delivery: Delivery,
    /// What is printed.
    pub output: Output,
    /// Where to, if not to standard output.
    pub file: Option<PathBuf>,
    /// All limits of time together.
    pub deadline: Duration,
    /// Seed of the routing's luck.
    pub seed: u64,
}

/// Resolves `args` against the profile, whose groups take over the overrides. Where nothing names a
/// group, it is the `usual` one if the profile has it, else the profile's own choice.
///
/// # Errors
/// `usage` for a value that cannot be, `profile` for a name that is not there.
pub(crate) fn resolve(
    args: &AskArgs,
    profile: &mut Profile,
    inputs: &LoadOptions<'_>,
    usual: Option<&str>,
    stdout: Sink,
    entropy: u64,
) -> Result<ResolvedAsk, CommandError> {
    let (template, options) = FilledTemplate::of(args, profile, options::is_neutral)?;
    let own = template.as_ref().map(FilledTemplate::template);
    let group = match args.question.model.as_ref().or(own.and_then(|own| own.model.as_ref())) {
        Some(name) => target(profile, name, inputs)?,
        None => match usual.and_then(|name| profile.target(name, inputs).ok()) {
            Some(group) => group,
            None => profile.default_group().map_err(unknown_name)?,
        },
    };
    let fallbacks: Vec<GroupId> =
        args.question.fallbacks.iter().map(|name| target(profile, name, inputs)).collect::<Result<_, _>>()?;
    if !fallbacks.is_empty() {
        profile.map.groups[group.0].fallbacks = fallbacks;
    }
    let limits = LimitOverrides::parse(args)?;
    profile.map.groups.iter_mut().for_each(|group| limits.apply(group));
    if let Some(name) = &args.question.strategy {
        order_by(profile, name, inputs.long_lived)?;
    }
    let (require_tags, forbid_tags) = tags(&args.question.require_tags);
    let (sampling, extra) = parameters(args, &options, own.map(|own| own.params.clone()).unwrap_or_default())?;
    let output = output(args, stdout);
    Ok(ResolvedAsk {
        group,
        attributes: RequestAttributes {
            prompt_tokens: 0,
            max_tokens: sampling.max_tokens,
            require_tags,
            forbid_tags,
            max_cost: positive("--max-cost", args.question.max_cost)?,
            no_fallback: args.question.no_fallback,
            tags: args.question.tags.clone(),
            user: args.question.user.clone(),
            identity: Identity { user: args.question.user.clone(), ..Identity::default() },
            ..RequestAttributes::default()
        },
        template,
        sampling,
        extra,
        delivery: delivery(args.question.midstream.filter(|_| !is_checked(args)), &output, stdout),
        output,
        // `-` is standard output, as everywhere.
        file: args.output.clone().filter(|path| path.as_os_str() != "-"),
        deadline: profile.map.group(group).policy.deadline,
        seed: args.question.route_seed.unwrap_or(entropy),
    })
}

impl ResolvedAsk {
    /// The prompt as the model gets it.
    #[must_use]
    pub(crate) fn prompt(&self, system: Option<String>, text: String, attachments: Vec<Part>) -> Prompt {
        // What the text speaks of comes before it.
        let text = Some(text).filter(|text| attachments.is_empty() || !text.trim().is_empty());
        let parts = attachments.into_iter().chain(text.map(Part::Text)).collect();
        Prompt {
            system,
            messages: vec![Message { role: Role::User, parts }],
            sampling: self.sampling.clone(),
            extra: self.extra.clone(),
            ..Prompt::default()
        }
    }
}

fn target(profile: &mut Profile, name: &str, inputs: &LoadOptions<'_>) -> Result<GroupId, CommandError> {
    profile.target(name, inputs).map_err(unknown_name)
}

fn unknown_name(unknown: UnknownName) -> CommandError {
    CommandError::new(ErrorKind::Profile, unknown.message).hint(unknown.hint)
}

/// Gives every group the strategy called `name`; one that has it keeps its arguments.
fn order_by(profile: &mut Profile, name: &str, long_lived: bool) -> Result<(), CommandError> {
    let wanted = strategy::named(name, long_lived).map_err(|unknown| {
        CommandError::new(ErrorKind::Usage, format!("`--strategy`: {}", unknown.message)).hint(unknown.hint)
    })?;
    let others = |group: &&mut Group| group.strategy.name() != wanted.name() || wanted.command().is_some();
    profile.map.groups.iter_mut().filter(others).for_each(|group| group.strategy = Arc::clone(&wanted));
    Ok(())
}

/// Limits that were typed; they hold for every group.
struct LimitOverrides {
    timeout: Option<Duration>,
    first_token: Option<Duration>,
    idle: Option<Duration>,
    deadline: Option<Duration>,
    num_retries: Option<u32>,
    /// `Some(None)`: off.
    hedge: Option<Option<Delay>>,
}

impl LimitOverrides {
    fn parse(args: &AskArgs) -> Result<Self, CommandError> {
        Ok(Self {
            timeout: limit("--timeout", args.question.timeout.as_deref())?,
            first_token: limit("--first-token-timeout", args.question.first_token_timeout.as_deref())?,
            idle: limit("--idle-timeout", args.question.idle_timeout.as_deref())?,
            deadline: limit("--deadline", args.question.deadline.as_deref())?,
            num_retries: args.question.num_retries,
            hedge: hedge(args.question.hedge.as_deref())?,
        })
    }

    fn apply(&self, group: &mut Group) {
        let set = |limit: &mut Duration, typed: Option<Duration>| {
            if let Some(typed) = typed {
                *limit = typed;
            }
        };
        set(&mut group.policy.deadline, self.deadline);
        group.policy.num_retries = self.num_retries.unwrap_or(group.policy.num_retries);
        group.policy.hedge = self.hedge.unwrap_or(group.policy.hedge);
        for member in &mut group.members {
            set(&mut member.timeouts.attempt, self.timeout);
            set(&mut member.timeouts.first_token, self.first_token);
            set(&mut member.timeouts.idle, self.idle);
        }
    }
}

fn hedge(typed: Option<&str>) -> Result<Option<Option<Delay>>, CommandError> {
    let wrong =
        |text: &str, why| CommandError::new(ErrorKind::Usage, format!("`--hedge={text}`: {why}")).hint(hedge::FORMS);
    typed.map(|text| hedge::parse(text).map_err(|why| wrong(text, why))).transpose()
}

fn limit(flag: &str, typed: Option<&str>) -> Result<Option<Duration>, CommandError> {
    let Some(typed) = typed else { return Ok(None) };
    match duration::parse(typed) {
        Ok(limit) if !limit.is_zero() => Ok(Some(limit)),
        Ok(_) => Err(CommandError::new(ErrorKind::Usage, format!("`{flag} {typed}` must be longer than zero"))),
        Err(reason) => Err(CommandError::new(ErrorKind::Usage, format!("`{flag} {typed}`: {reason}"))
            .hint("a duration is a number of seconds, or like `250ms`, `30s`, `5m`, `1h30m`")),
    }
}

fn positive(flag: &str, typed: Option<f64>) -> Result<Option<f64>, CommandError> {
    match typed {
        Some(value) if !value.is_finite() || value < 0.0 => {
            Err(CommandError::new(ErrorKind::Usage, format!("`{flag} {value}` is not an amount")))
        }
        value => Ok(value),
    }
}

fn tags(typed: &[String]) -> (Vec<String>, Vec<String>) {
    let (forbidden, required): (Vec<&String>, Vec<&String>) = typed.iter().partition(|tag| tag.starts_with('!'));
    (required.into_iter().cloned().collect(), forbidden.into_iter().map(|tag| tag[1..].to_owned()).collect())
}

fn output(args: &AskArgs, stdout: Sink) -> Output {
    if args.json {
        Output::Json
    } else if args.stream_json {
        Output::StreamJson
    } else if args.extract {
        Output::Extracted
    } else if args.no_stream || args.output.is_some() || is_checked(args) || stdout == Sink::File {
        Output::Whole
    } else {
        Output::Streamed
    }
}

/// Whether an answer may be refused when it is whole: until then it is not printed, and an event stream
/// must be able to begin again.
fn is_checked(args: &AskArgs) -> bool {
    args.question.schema.is_some() || args.verify.is_some()
}

/// What is streamed to a person begins again when it breaks; what is streamed into a pipe cannot be
/// taken back; what nobody has seen yet is of no concern.
fn delivery(midstream: Option<MidstreamArg>, output: &Output, stdout: Sink) -> Delivery {
    let default = match (output, stdout) {
        (Output::Whole | Output::Extracted | Output::Json, _) => return Delivery::Whole,
        (Output::StreamJson, _) | (Output::Streamed, Sink::Terminal) => MidstreamMode::Restart,
        (Output::Streamed, Sink::Pipe | Sink::File) => MidstreamMode::Exact,
    };
    Delivery::Streamed(match midstream {
        None => default,
        Some(MidstreamArg::Exact) => MidstreamMode::Exact,
        Some(MidstreamArg::Restart) => MidstreamMode::Restart,
        Some(MidstreamArg::Resume) => MidstreamMode::Resume,
        Some(MidstreamArg::Fail) => MidstreamMode::Fail,
    })
}

/// Neutral parameters from their own flags and from `-o`, above those of a template; every other `-o`
/// is a body field.
fn parameters(
    args: &AskArgs,
    options: &[String],
    base: Params,
) -> Result<(Sampling, Map<String, Value>), CommandError> {
    let Params { mut sampling, extra } = options::apply(options, base)?;
    sampling.temperature = args.question.temperature.or(sampling.temperature);
    sampling.max_tokens = args.question.max_tokens.or(sampling.max_tokens);
    sampling.effort = args.question.reasoning_effort.map(Effort::from).or(sampling.effort);
    sampling.seed = args.question.seed.or(sampling.seed);
    possible(&sampling)?;
    Ok((sampling, extra))
}

/// Refuses values that no model takes.
fn possible(sampling: &Sampling) -> Result<(), CommandError> {
    if [sampling.temperature, sampling.top_p].into_iter().flatten().any(|value| !value.is_finite()) {
        return Err(CommandError::new(ErrorKind::Usage, "a sampling parameter is not a number"));
    }
    if sampling.max_tokens == Some(0) {
        return Err(CommandError::new(ErrorKind::Usage, "`--max-tokens 0` asks for no answer"));
    }
    Ok(())
}

/// Sets the parameter `key`, which all providers share, to what was typed; nothing changes when that cannot be.
///
/// # Errors
/// `usage` for a value that cannot be.
pub(crate) fn set(sampling: &mut Sampling, key: &str, typed: &str) -> Result<(), CommandError> {
    let base = Params { sampling: sampling.clone(), ..Params::default() };
    let Params { sampling: changed, .. } = options::apply(&[format!("{key}={typed}")], base)?;
    possible(&changed)?;
    *sampling = changed;
    Ok(())
}
