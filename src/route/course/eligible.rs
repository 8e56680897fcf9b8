//! Which members of a group may serve a request at this moment, and why the others may not.

use std::time::Duration;

use crate::model::prompt::{Part, Prompt};
use crate::model::{Price, Timestamp};
use crate::route::board::Board;
use crate::route::breaker::State;
use crate::route::limits::Shut;
use crate::route::rules::Detours;
use crate::route::{Capabilities, DeploymentId, GroupId, Map, Member};

/// Tokens of an answer assumed for a cost cap when the request sets no limit.
const EXPECTED_OUTPUT: f64 = 1000.0;

/// What routing knows of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Estimated prompt tokens.
    pub prompt_tokens: u64,
    /// The limit on generated tokens, if the request sets one.
    pub max_tokens: Option<u64>,
    /// Only deployments with this label.
    pub require_tags: Vec<String>,
    /// Only deployments without this label.
    pub forbid_tags: Vec<String>,
    /// Only deployments whose price is known and whose estimated cost is below this, in USD.
    pub max_cost: Option<f64>,
    /// Ask no fallback group.
    pub no_fallback: bool,
    /// Labels of the request, for rules and statistics.
    pub tags: Vec<String>,
    /// Who asks, if somebody said.
    pub user: Option<String>,
    /// The local hour from 0 to 23; a rule that asks for it cannot be evaluated without.
    pub hour: Option<u8>,
    /// What the request needs besides text.
    pub needs: Needs,
    /// Where rules lead; the engine decides it once for each request.
    pub detours: Detours,
    /// By what a sticky group may remember who asks.
    pub identity: Identity,
}

/// Who asks, in which conversation, and what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: Option<String>,
    /// The conversation.
    pub conversation: Option<String>,
    /// The last message of the prompt.
    pub prompt: Option<String>,
}

/// What a request needs besides text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// It holds images.
    pub vision: bool,
    /// It offers tools.
    pub tools: bool,
    /// Its answer must satisfy a JSON Schema.
    pub schema: bool,
}

impl Needs {
    /// What `prompt` needs.
    #[must_use]
    pub fn of(prompt: &Prompt) -> Self {
        let parts = prompt.messages.iter().flat_map(|message| &message.parts);
        Self {
            vision: parts.into_iter().any(|part| matches!(part, Part::Image { .. })),
            tools: !prompt.tools.is_empty(),
            schema: prompt.schema.is_some(),
        }
    }

    /// The first need that `capabilities` are known not to meet.
    fn unmet(self, capabilities: Capabilities) -> Option<Capability> {
        let needs = [
            (self.vision, capabilities.vision, Capability::Vision),
            (self.tools, capabilities.tools, Capability::Tools),
            (self.schema, capabilities.schema, Capability::Schema),
        ];
        needs.into_iter().find(|(needed, able, _)| *needed && *able == Some(false)).map(|(.., what)| what)
    }
}

/// Something that not every model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Images.
    Vision,
    /// Tools.
    Tools,
    /// A JSON Schema.
    Schema,
}

impl Capability {
    /// The word in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vision => "images",
            Self::Tools => "tools",
            Self::Schema => "a JSON Schema",
        }
    }
}

/// Why a deployment was passed over.
#[derive(Debug, Clone, PartialEq)]
pub struct Skip {
    /// Which one.
    pub deployment: DeploymentId,
    /// Why.
    pub reason: SkipReason,
}

/// The filters, in the order in which they are asked.
#[derive(Debug, Clone, PartialEq)]
pub enum SkipReason {
    /// Its key is missing; says which.
    NoKey(String),
    /// A rule of the group decided for another target.
    Ruled {
        /// The group that the rule belongs to.
        group: String,
        /// The number of the rule in it, from 1.
        number: usize,
    },
    /// It lacks a required label or has a forbidden one.
    Tags,
    /// It is known not to do what the request needs.
    Incapable(Capability),
    /// The prompt does not fit.
    ContextWindow {
        /// Estimated prompt tokens.
        prompt: u64,
        /// What fits.
        window: u64,
    },
    /// Its price is unknown and there is a cost cap.
    Unpriced,
    /// It would cost too much.
    OverCost {
        /// Estimated cost in USD.
        usd: f64,
    },
    /// Its breaker is open.
    CoolingDown {
        /// For how much longer.
        left: Duration,
        /// The class of failure that opened it.
        class: String,
    },
    /// A rate limit keeps it shut.
    Gated {
        /// For how much longer.
        left: Duration,
    },
    /// A limit has no room for it now.
    Limited {
        /// Which limit, in words.
        limit: String,
        /// For how much longer.
        left: Duration,
    },
    /// The request is larger than a limit ever leaves room for.
    TooLarge {
        /// Which limit, in words.
        limit: String,
    },
}

/// Why `member` may not be asked at `now`, if it may not.
pub(super) fn barred(map: &Map, member: &Member, facts: &Facts, board: &Board, now: Timestamp) -> Option<SkipReason> {
    unable(map, member, facts)
        .or_else(|| {
            let cell = board.cell(member.deployment);
            match board.state(map, member.deployment, now) {
                State::Open { until } => {
                    // One that is well itself is shut with the others at its host.
                    let own = matches!(cell.breaker.state(now), State::Open { .. });
                    let class = cell.breaker.reason().filter(|_| own).unwrap_or("failures of its host").to_owned();
                    Some(SkipReason::CoolingDown { left: until.since(now), class })
                }
                State::Closed | State::HalfOpen => {
                    let full = cell.room.shut.as_ref().and_then(|shut| closed(shut, now));
                    full.or_else(|| cell.gated(now).map(|until| SkipReason::Gated { left: until.since(now) }))
                }
            }
        })
        .or_else(|| too_dear(map, member, facts))
}

/// The positions of the members of `group` that may be asked at `now`.
#[must_use]
pub fn eligible(map: &Map, group: GroupId, facts: &Facts, board: &Board, now: Timestamp) -> Vec<usize> {
    let members = map.group(group).members.iter().enumerate();
    members.filter(|(_, member)| barred(map, member, facts, board, now).is_none()).map(|(at, _)| at).collect()
}

/// Why a limit keeps a deployment shut at `now`, if it does.
pub(super) fn closed(shut: &Shut, now: Timestamp) -> Option<SkipReason> {
    match shut {
        Shut::Until { at, limit } if now < *at => {
            Some(SkipReason::Limited { limit: limit.clone(), left: at.since(now) })
        }
        Shut::Until { .. } => None,
        Shut::Never { limit } => Some(SkipReason::TooLarge { limit: limit.clone() }),
        Shut::Unpriced => Some(SkipReason::Unpriced),
    }
}

/// Why `member` cannot serve this request at all, whatever the hour.
pub(super) fn unfit(map: &Map, member: &Member, facts: &Facts) -> Option<SkipReason> {
    unable(map, member, facts).or_else(|| too_dear(map, member, facts))
}

fn unable(map: &Map, member: &Member, facts: &Facts) -> Option<SkipReason> {
    let deployment = map.deployment(member.deployment);
    if let Some(missing) = &deployment.no_key {
        return Some(SkipReason::NoKey(missing.clone()));
    }
    let has = |tag: &String| member.tags.contains(tag);
    if !facts.require_tags.iter().all(has) || facts.forbid_tags.iter().any(has) {
        return Some(SkipReason::Tags);
    }
    if let Some(what) = facts.needs.unmet(deployment.capabilities) {
        return Some(SkipReason::Incapable(what));
    }
    let prompt = facts.prompt_tokens;
    let window = deployment.context_window.filter(|window| prompt > *window)?;
    Some(SkipReason::ContextWindow { prompt, window })
}

fn too_dear(map: &Map, member: &Member, facts: &Facts) -> Option<SkipReason> {
    let deployment = map.deployment(member.deployment);
    let cap = facts.max_cost?;
    let Some(price) = deployment.price else { return Some(SkipReason::Unpriced) };
    let usd = estimated_cost(facts, price);
    (usd > cap).then_some(SkipReason::OverCost { usd })
}

#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
pub(super) fn estimated_cost(facts: &Facts, price: Price) -> f64 {
    let output = facts.max_tokens.map_or(EXPECTED_OUTPUT, |tokens| tokens as f64);
    facts.prompt_tokens as f64 * price.input + output * price.output
}
