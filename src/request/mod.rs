//! From options to a routed request: the part that every command that sends prompts shares. It knows no argument
//! parser.

pub(crate) mod limits;
pub(crate) mod parameters;
pub(crate) mod template;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use self::limits::LimitOverrides;
use self::template::FilledTemplate;
use crate::error::{CommandError, ErrorKind};
use llmroute_core::model::{Message, Part, Prompt, Role, Sampling};
use llmroute_core::protocols::Params;
use llmroute_core::routing::failover::{Identity, RequestAttributes};
use llmroute_core::routing::{Group, GroupId};
pub(crate) use llmroute_router::profile::{LoadOptions, Profile, UnknownName, strategy};

/// The options of a request, as typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestOptions {
    /// A group, or `PROVIDER/MODEL`.
    pub model: Option<String>,
    /// The name of a template of the profile.
    pub template: Option<String>,
    /// `KEY=VALUE`: variables of the template, parameters, and further fields of the body.
    pub options: Vec<String>,
    /// Parameters that have an option of their own.
    pub sampling: Sampling,
    /// Tags for rules and statistics.
    pub tags: Vec<String>,
    /// Tags that a deployment must have, or must not have (`!TAG`).
    pub require_tags: Vec<String>,
    /// The user, for rules and for groups that are sticky by user.
    pub user: Option<String>,
    /// Groups or models that replace the fallbacks of the profile.
    pub fallbacks: Vec<String>,
    /// Uses no fallback groups.
    pub no_fallback: bool,
    /// The strategy of every group.
    pub strategy: Option<String>,
    /// The largest estimated cost, in US dollars.
    pub max_cost: Option<f64>,
    /// The seed of the random choices.
    pub route_seed: Option<u64>,
    /// Limits that replace those of the profile.
    pub limits: LimitOverrides,
}

/// A request whose options are resolved; its prompt is not read yet.
#[derive(Debug)]
pub(crate) struct ResolvedRequest {
    /// The requested group.
    pub group: GroupId,
    /// The attributes that routing uses.
    pub attributes: RequestAttributes,
    /// The template.
    pub template: Option<FilledTemplate>,
    /// Parameters of the answer.
    pub sampling: Sampling,
    /// Further body fields.
    pub extra: Map<String, Value>,
    /// The time limit of the whole request.
    pub deadline: Duration,
    /// The seed of the random choices.
    pub seed: u64,
}

/// Resolves `options` against the profile, whose groups take over the overrides. If no option names a group, it is
/// the `usual` one if the profile has it, else the default group.
///
/// # Errors
/// `usage` for an invalid value, `profile` for an unknown name.
pub(crate) fn resolve(
    options: &RequestOptions,
    profile: &mut Profile,
    inputs: &LoadOptions<'_>,
    usual: Option<&str>,
    entropy: u64,
) -> Result<ResolvedRequest, CommandError> {
    let (template, rest) = FilledTemplate::of(options, profile, parameters::is_neutral)?;
    let own = template.as_ref().map(FilledTemplate::template);
    let group = match options.model.as_ref().or(own.and_then(|own| own.model.as_ref())) {
        Some(name) => target(profile, name, inputs)?,
        None => match usual.and_then(|name| profile.target(name, inputs).ok()) {
            Some(group) => group,
            None => profile.default_group().map_err(unknown_name)?,
        },
    };
    let fallbacks: Vec<GroupId> =
        options.fallbacks.iter().map(|name| target(profile, name, inputs)).collect::<Result<_, _>>()?;
    if !fallbacks.is_empty() {
        profile.map.groups[group.0].fallbacks = fallbacks;
    }
    profile.map.groups.iter_mut().for_each(|group| options.limits.apply(group));
    if let Some(name) = &options.strategy {
        order_by(profile, name, inputs.long_lived)?;
    }
    let (require_tags, forbid_tags) = tags(&options.require_tags);
    let base = own.map(|own| own.params.clone()).unwrap_or_default();
    let Params { sampling, extra } = parameters::above(&options.sampling, parameters::apply(&rest, base)?)?;
    Ok(ResolvedRequest {
        group,
        attributes: RequestAttributes {
            prompt_tokens: 0,
            max_tokens: sampling.max_tokens,
            require_tags,
            forbid_tags,
            max_cost: amount("--max-cost", options.max_cost)?,
            no_fallback: options.no_fallback,
            tags: options.tags.clone(),
            user: options.user.clone(),
            identity: Identity { user: options.user.clone(), ..Identity::default() },
            ..RequestAttributes::default()
        },
        template,
        sampling,
        extra,
        deadline: profile.map.group(group).policy.deadline,
        seed: options.route_seed.unwrap_or(entropy),
    })
}

impl ResolvedRequest {
    /// The prompt as the model gets it.
    #[must_use]
    pub(crate) fn prompt(&self, system: Option<String>, text: String, attachments: Vec<Part>) -> Prompt {
        // Attachments come before the text that refers to them.
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

/// The error for a name that the profile does not have.
pub(crate) fn unknown_name(unknown: UnknownName) -> CommandError {
    CommandError::new(ErrorKind::Profile, unknown.message).hint(unknown.hint)
}

/// Gives every group the strategy called `name`; a group that has it already keeps its arguments.
fn order_by(profile: &mut Profile, name: &str, long_lived: bool) -> Result<(), CommandError> {
    let wanted = strategy::named(name, long_lived).map_err(|unknown| {
        CommandError::new(ErrorKind::Usage, format!("`--strategy`: {}", unknown.message)).hint(unknown.hint)
    })?;
    let others = |group: &&mut Group| group.strategy.name() != wanted.name() || wanted.command().is_some();
    profile.map.groups.iter_mut().filter(others).for_each(|group| group.strategy = Arc::clone(&wanted));
    Ok(())
}

/// Checks an amount of money.
pub(crate) fn amount(flag: &str, typed: Option<f64>) -> Result<Option<f64>, CommandError> {
    match typed {
        Some(value) if !value.is_finite() || value < 0.0 => {
            Err(CommandError::new(ErrorKind::Usage, format!("`{flag} {value}` is not an amount of money"))
                .hint("write US dollars, like `0.05`"))
        }
        value => Ok(value),
    }
}

fn tags(typed: &[String]) -> (Vec<String>, Vec<String>) {
    let (forbidden, required): (Vec<&String>, Vec<&String>) = typed.iter().partition(|tag| tag.starts_with('!'));
    (required.into_iter().cloned().collect(), forbidden.into_iter().map(|tag| tag[1..].to_owned()).collect())
}
