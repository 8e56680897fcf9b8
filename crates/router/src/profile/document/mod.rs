//! The profile as it is written: every table as a struct with a field for each key.
//!
//! Names are not resolved here. To add a key, add one field to one of these structs.

pub mod base_url;
pub(crate) mod budget;
pub(crate) mod diagnostic;
pub mod duration;
pub(crate) mod failure_classes;
pub(crate) mod headers;
pub mod hedge;
pub mod keys;
pub(crate) mod log;
pub(crate) mod mask;
pub(crate) mod params;
pub(crate) mod patch;
pub(crate) mod routing;
pub mod suggest;
pub(crate) mod table;
pub(crate) mod value;

use toml::de::DeTable;

pub use crate::state::{LogPlace, OnStateLoss};
pub use llmroute_core::model::StateSource;
pub use llmroute_core::protocols::{Params, Patch, Protocol};
pub use llmroute_core::routing::OnLength;
pub use llmroute_core::routing::strategy::Sticky;

use base_url::BaseUrl;
use budget::Budget;
use diagnostic::Diagnostic;
use failure_classes::{FailsByClass, RetriesByClass};
use headers::{Headers, Query};
use hedge::Hedge;
use keys::{DefaultValue, Key, TableKind};
use log::{ByteSize, Patterns};
use routing::{ComplexityRouter, StrategyArgs, StrategyName};
use table::{
    Field, FromToml, Keys, NamedTable, NamedTables, ProfileTable, RawKey, Table, TableList, Written, read_table,
    table_keys,
};
use value::{ApiKeys, Cooldown, Count, Faults, Names, NonZeroDuration, Planned};

table_keys! {
    /// The top of the file.
    struct TopKeys {
        /// version of the profile format
        version: Count<1> = 1,
        /// group that answers when a command names none
        default_group: String | "`main`, or the only group",
        /// settings of every group that does not repeat them
        router: Table<RouterKeys<'a>>,
        /// servers and accounts; providers of the catalog need no entry
        providers: NamedTables<ProviderKeys<'a>>,
        /// model groups; a name must not contain white space
        groups: NamedTables<GroupKeys<'a>>,
        /// where processes share what they learn
        state: StateSource | "the state directory of the user",
        /// what happens to calls with a limit or a budget when the state is lost: `deny` refuses them, `allow` lets
        /// each process count by itself, `auto` denies only while the state may come back
        on_state_loss: OnStateLoss = "auto",
        /// where the log is, how long it is kept, how large it may grow, and what is left out of it
        log: Table<LogKeys<'a>>,
        /// command that is told about every request
        hook: Planned,
        /// where traces are sent
        otlp: Planned,
        /// named prompts with placeholders, for `--template`
        templates: NamedTables<TemplateKeys<'a>>,
    }
}

table_keys! {
    /// Settings for choosing, retrying and waiting.
    struct RoutingKeys {
        /// how deployments are ordered
        routing_strategy: StrategyName = "simple-shuffle",
        /// `ttl` and `lowest_latency_buffer` of `latency-based-routing`; `w_latency`, `w_cost` and
        /// `w_failure` of `adaptive`
        routing_strategy_args: StrategyArgs,
        /// further attempts inside a group after the first
        num_retries: Count<0> = 2,
        /// attempts per deployment before moving on (only one after a timeout)
        attempts_per_deployment: Count<1> = 1,
        /// limit of a request: attempts, waits and fallbacks together
        deadline: NonZeroDuration = "900s",
        /// longest sleep for a `Retry-After`, a rate limit or a backoff
        max_wait: std::time::Duration = "20s",
        /// failures in a minute that open the breaker
        allowed_fails: Count<1> | "the breaker's own rules",
        /// first cooldown, which then doubles; `auto` is `120s` for one call and `5s` in long-lived commands
        cooldown_time: Cooldown = "auto",
        /// longest cooldown; `10s` in long-lived commands if `cooldown_time` is not written either
        cooldown_max: NonZeroDuration = "30m",
        /// fallback groups that one request may visit
        max_fallbacks: Count<0> = 5,
        /// `num_retries` after a failure of a class; a class that is named is retried even if it usually is not
        retry_policy: RetriesByClass | "`num_retries`",
        /// `allowed_fails` after a failure of a class
        allowed_fails_policy: FailsByClass | "`allowed_fails`",
        /// `simple-shuffle`: the same user, conversation or prompt gets the same deployment
        sticky: Sticky,
        /// wait for the first token after which a second deployment is called as well
        hedge: Hedge = "off",
        /// estimated cost in USD above which no second call is made
        hedge_max_cost: f64 | "no cap",
        /// `"fail"`: an answer that the token limit cut is a failure, and the next deployment is called
        on_length: OnLength = "accept",
        /// groups by the meaning of the prompt
        routes: Planned,
        /// stronger group after an answer that fails its check
        escalate: Planned,
        /// model that chooses the tier
        classifier: Planned,
    }
}

table_keys! {
    /// The time limits of one attempt.
    struct TimeoutKeys {
        /// limit of one attempt
        timeout: NonZeroDuration = "600s",
        /// limit until a connection stands
        connect_timeout: NonZeroDuration = "5s",
        /// limit until the first token
        first_token_timeout: NonZeroDuration | "`30s`; `120s` for reasoning models and servers on loopback",
        /// longest silence between two chunks
        idle_timeout: NonZeroDuration = "60s",
    }
}

table_keys! {
    /// Limits of a deployment, a group or a provider.
    struct LimitKeys {
        /// requests in any minute
        rpm: Count<1>,
        /// tokens in any minute, prompts and answers
        tpm: Count<1>,
        /// requests in any 24 hours
        rpd: Count<1>,
        /// tokens in any 24 hours, prompts and answers
        tpd: Count<1>,
        /// requests at the same time
        max_parallel_requests: Count<1>,
        /// spend per minute, hour, day, week or month: `"5 USD/day"`
        budget: Budget,
    }
}

table_keys! {
    /// Settings of requests to an endpoint.
    struct RequestKeys {
        /// `env:NAME`, `file:PATH`, `cmd:COMMAND`, `aws:PROFILE`, `adc:`, `keyring:NAME` or a list; one
        /// deployment per key
        api_key: ApiKeys | "the catalog's variable",
        /// further headers of the request
        headers: Headers,
        /// further query parameters; no keys
        query: Query | "the catalog's variables",
        /// changes to the body of the request, as fields by their path
        patch: Patch,
        /// a parameter that the model does not take is an error instead of being left out
        strict_params: bool = false,
        /// chat completions: asks streams for their usage
        stream_usage: bool | "the catalog's",
        /// the API continues an answer that the request begins
        prefill: bool | "the catalog's",
        /// `false` takes the deployments out of every group
        enabled: bool = true,
    }
}

table_keys! {
    /// `[router]`: settings of every group that does not repeat them.
    struct RouterKeys {
        ..routing: RoutingKeys,
        ..timeouts: TimeoutKeys,
        /// fallbacks of every group that names none
        default_fallbacks: Names,
        /// further variables that rules may read as `env.NAME`
        rule_env: Names | "`LLMROUTE_*` only",
    }
}

table_keys! {
    /// `[groups.NAME]`.
    struct GroupKeys {
        ..routing: RoutingKeys,
        ..timeouts: TimeoutKeys,
        ..limits: LimitKeys,
        /// deployments that can answer
        deployments: TableList<DeploymentKeys<'a>>,
        /// groups to use when this one fails
        fallbacks: Names | "`default_fallbacks`",
        /// groups to use when the prompt does not fit
        context_window_fallbacks: Names,
        /// groups to use when a filter blocked the request or the model refused it (default: `fallbacks`; `[]` for none)
        content_policy_fallbacks: Names,
        /// conditions that decide before the strategy
        rules: TableList<RuleKeys<'a>>,
        /// groups for prompts by their difficulty
        complexity_router: ComplexityRouter,
    }
}

table_keys! {
    /// A project of Google Cloud.
    struct VertexKeys {
        /// `vertex`: the project that pays
        project: String | "`GOOGLE_CLOUD_PROJECT`, or that of the credentials",
        /// `vertex`: where the models run
        location: String | "`GOOGLE_CLOUD_LOCATION`, or `global`",
    }
}

table_keys! {
    /// `[providers.NAME]`.
    struct ProviderKeys {
        ..request: RequestKeys,
        ..limits: LimitKeys,
        ..vertex: VertexKeys,
        /// protocol that the server speaks
        protocol: Protocol | "the catalog's",
        /// address of the API, with or without the version segment; or `env:NAME`
        base_url: BaseUrl | "the catalog's",
        /// region of the models, if the address contains one
        region: String | "from the variables or files of the service",
    }
}

table_keys! {
    /// The behaviour of a simulated deployment.
    struct MockKeys {
        /// `mock`: time to the head of the reply
        latency: std::time::Duration,
        /// `mock`: time from the start to the first token
        ttft: std::time::Duration,
        /// `mock`: time between two tokens
        itl: std::time::Duration,
        /// `mock`: length of the answer in words
        tokens: Count<0>,
        /// `mock`: the answer
        text: String,
        /// `mock`: what goes wrong, and how often
        faults: Faults,
        /// `mock`: spread of the times (0: none, 0.3: mild)
        jitter: f64,
        /// `mock`: seed of its randomness
        seed: Count<0>,
    }
}

table_keys! {
    /// One of a group's `deployments`.
    struct DeploymentKeys {
        ..timeouts: TimeoutKeys,
        ..limits: LimitKeys,
        ..request: RequestKeys,
        ..mock: MockKeys,
        /// `PROVIDER/MODEL`
        model: String,
        /// name in messages
        name: String | "the model",
        /// share of the traffic
        weight: f64,
        /// lower ones come first
        order: Count<0> = 0,
        /// labels for `--require-tag`
        tags: Names,
        /// parameters of every request; the command line overrides them
        params: Params,
        /// USD per prompt token
        input_cost_per_token: f64 | "the catalog's",
        /// USD per generated token
        output_cost_per_token: f64 | "the catalog's",
        /// tokens that fit prompt and answer together
        context_window: Count<1> | "the catalog's",
    }
}

table_keys! {
    /// One of a group's `rules`.
    struct RuleKeys {
        /// condition (CEL)
        when: String,
        /// group or `PROVIDER/MODEL` that answers if it holds
        target as "use": String,
        /// groups to use when that one fails
        fallbacks: Names,
    }
}

table_keys! {
    /// `[log]`.
    struct LogKeys {
        /// `local` (this machine), `shared` (the place of the state) or `off`
        place as "where": LogPlace = "local",
        /// days after which a request is deleted
        keep_days: Count<1>,
        /// size of the database at which the oldest requests are deleted, like `"500 MB"`
        max_size: ByteSize,
        /// regular expressions; what they match is replaced by `[redacted]`
        redact: Patterns,
    }
}

table_keys! {
    /// `[templates.NAME]`.
    struct TemplateKeys {
        /// the prompt; `{{stdin}}` and `{{name}}` are filled in, by `-o name=value`
        prompt: String,
        /// system prompt, with the same placeholders except `{{stdin}}`
        system: String,
        /// group or `PROVIDER/MODEL`; `--model` overrides it
        model: String | "`default_group`",
        /// parameters; the command line overrides them
        params: Params,
    }
}

impl<'a> ProfileTable<'a> for TopKeys<'a> {
    const KIND: TableKind = TableKind::Top;
}

impl<'a> ProfileTable<'a> for RouterKeys<'a> {
    const KIND: TableKind = TableKind::Router;
}

impl<'a> ProfileTable<'a> for GroupKeys<'a> {
    const KIND: TableKind = TableKind::Group;
}

impl<'a> ProfileTable<'a> for ProviderKeys<'a> {
    const KIND: TableKind = TableKind::Provider;
}

impl<'a> ProfileTable<'a> for DeploymentKeys<'a> {
    const KIND: TableKind = TableKind::Deployment;
}

impl<'a> ProfileTable<'a> for RuleKeys<'a> {
    const KIND: TableKind = TableKind::Rule;
}

impl<'a> ProfileTable<'a> for LogKeys<'a> {
    const KIND: TableKind = TableKind::Log;
}

impl<'a> ProfileTable<'a> for TemplateKeys<'a> {
    const KIND: TableKind = TableKind::Template;
}

/// A profile as it is written.
#[derive(Debug)]
pub(crate) struct ProfileTables<'a> {
    /// The top, from which the tables below are taken.
    pub top: TopKeys<'a>,
    pub router: RouterKeys<'a>,
    pub providers: Vec<NamedTable<ProviderKeys<'a>>>,
    pub groups: Vec<NamedTable<GroupKeys<'a>>>,
    pub templates: Vec<NamedTable<TemplateKeys<'a>>>,
}

impl<'a> ProfileTables<'a> {
    /// Reads the whole file; mistakes go to `diagnostics`.
    pub(crate) fn read(root: &'a DeTable<'a>, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut top: TopKeys<'_> = read_table(root, diagnostics);
        Self {
            router: top.router.take().keys,
            providers: top.providers.take().0,
            groups: top.groups.take().0,
            templates: top.templates.take().0,
            top,
        }
    }
}

impl<'a> GroupKeys<'a> {
    /// The deployments as they are written.
    pub(crate) fn deployments(&self) -> &[Table<DeploymentKeys<'a>>] {
        self.deployments.value().map_or(&[], |list| &list.0)
    }

    /// The rules as they are written.
    pub(crate) fn rules(&self) -> &[Table<RuleKeys<'a>>] {
        self.rules.value().map_or(&[], |list| &list.0)
    }
}

/// The names in a list, each with its place.
pub(crate) fn names<'n>(field: &'n Field<'_, Names>) -> &'n [toml::Spanned<String>] {
    field.value().map_or(&[], |names| &names.0)
}
