//! The attributes of a request that routing uses, and the reasons for skipping a deployment.

use std::time::Duration;

use crate::model::Class;
use crate::model::prompt::{Part, Prompt};
use crate::routing::limits::LimitUnit;
use crate::routing::rules::RuleOverrides;
use crate::routing::{Capabilities, DeploymentId, GroupId};

/// The attributes of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestAttributes {
    /// Estimated prompt tokens.
    pub prompt_tokens: u64,
    /// The limit on generated tokens, if the request sets one.
    pub max_tokens: Option<u64>,
    /// Only deployments with this label.
    pub require_tags: Vec<String>,
    /// Only deployments without this label.
    pub forbid_tags: Vec<String>,
    /// The cost limit in USD: only deployments with a known price and a lower estimate are eligible.
    pub max_cost: Option<f64>,
    /// Disables fallback groups.
    pub no_fallback: bool,
    /// Labels of the request, for rules and statistics.
    pub tags: Vec<String>,
    /// The user, if given.
    pub user: Option<String>,
    /// The local hour from 0 to 23; a rule that uses it cannot be evaluated without it.
    pub hour: Option<u8>,
    /// The capabilities that the request needs.
    pub needs: Needs,
    /// The results of rules; the engine evaluates them once for each request.
    pub rule_overrides: RuleOverrides,
    /// The identities that a sticky group can use.
    pub identity: Identity,
}

/// The user, the conversation and the prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: Option<String>,
    /// The conversation.
    pub conversation: Option<String>,
    /// The last message of the prompt.
    pub prompt: Option<String>,
}

/// The capabilities that a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// It holds images.
    pub vision: bool,
    /// It holds PDF files.
    pub pdf: bool,
    /// It offers tools.
    pub tools: bool,
    /// Its answer must satisfy a JSON Schema.
    pub schema: bool,
}

impl Needs {
    /// The capabilities that `prompt` needs.
    #[must_use]
    pub fn of(prompt: &Prompt) -> Self {
        let parts = || prompt.messages.iter().flat_map(|message| &message.parts);
        Self {
            vision: parts().any(|part| matches!(part, Part::Image { .. })),
            pdf: parts().any(|part| matches!(part, Part::File { .. })),
            tools: !prompt.tools.is_empty(),
            schema: prompt.schema.is_some(),
        }
    }

    /// The first need that `capabilities` are known not to meet.
    pub(super) fn unmet(self, capabilities: Capabilities) -> Option<Capability> {
        let needs = [
            (self.vision, capabilities.vision, Capability::Vision),
            (self.pdf, capabilities.pdf, Capability::Pdf),
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
    /// PDF files.
    Pdf,
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
            Self::Pdf => "PDF files",
            Self::Tools => "tools",
            Self::Schema => "a JSON Schema",
        }
    }
}

/// The reason for skipping a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Skip {
    /// In which group.
    pub group: GroupId,
    /// The deployment.
    pub deployment: DeploymentId,
    /// The reason.
    pub reason: SkipReason,
}

/// The filters, in the order of their evaluation.
#[derive(Debug, Clone, PartialEq)]
pub enum SkipReason {
    /// The missing key.
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
        /// Prompt tokens, as far as it is known how this model counts them.
        prompt: u64,
        /// By which share that may be off.
        margin: f64,
        /// The limit that fits.
        window: u64,
    },
    /// The prompt is estimated as too long, and it is called because it may fit and no other deployment is available.
    WindowTried {
        /// Prompt tokens, as far as it is known how this model counts them.
        prompt: u64,
        /// By which share that may be off.
        margin: f64,
        /// The limit that fits.
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
    /// Its breaker is open, and it is called because no other deployment is available.
    TriedAnyway {
        /// The rest of its cooldown.
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
        /// The limit in words.
        limit: String,
        /// The quantity that it counts.
        counts: LimitUnit,
        /// For how much longer.
        left: Duration,
    },
    /// Headers of the provider report no room for a long time, and it is called because no other deployment is
    /// available.
    LimitTried {
        /// The limit in words.
        limit: String,
        /// For how much longer.
        left: Duration,
    },
    /// The request is larger than a limit ever leaves room for.
    TooLarge {
        /// The limit in words.
        limit: String,
        /// The quantity that it counts.
        counts: LimitUnit,
    },
}

impl SkipReason {
    /// The class of failure that this reason amounts to: `budget`, `rate_limit`, `context_window`, …; `None` for
    /// a choice (a rule, tags) and for a cooldown, which follows an earlier failure.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::NoKey(_) => Some(Class::Authentication),
            Self::Incapable(_) => Some(Class::Unsupported),
            Self::ContextWindow { .. } => Some(Class::ContextWindow),
            Self::Unpriced | Self::OverCost { .. } => Some(Class::Budget),
            Self::Limited { counts: LimitUnit::Nanos, .. } | Self::TooLarge { counts: LimitUnit::Nanos, .. } => {
                Some(Class::Budget)
            }
            Self::Gated { .. } | Self::Limited { .. } | Self::TooLarge { .. } => Some(Class::RateLimit),
            Self::Ruled { .. }
            | Self::Tags
            | Self::CoolingDown { .. }
            | Self::TriedAnyway { .. }
            | Self::LimitTried { .. }
            | Self::WindowTried { .. } => None,
        }
    }

    /// Returns `true` if the deployment is called after all, because no other is available.
    #[must_use]
    pub fn is_called(&self) -> bool {
        match self {
            Self::TriedAnyway { .. } | Self::LimitTried { .. } | Self::WindowTried { .. } => true,
            Self::NoKey(_)
            | Self::Ruled { .. }
            | Self::Tags
            | Self::Incapable(_)
            | Self::ContextWindow { .. }
            | Self::Unpriced
            | Self::OverCost { .. }
            | Self::CoolingDown { .. }
            | Self::Gated { .. }
            | Self::Limited { .. }
            | Self::TooLarge { .. } => false,
        }
    }
}
