//! Every key of a profile in one table: where it stands, its type, its default, what it means, and
//! whether its feature is built. To build a feature, flip its row. Values are read elsewhere.

use self::DefaultValue::{Count, Nothing, Seconds, Words};
use self::ValueKind::{
    Any, Budget, Cooldown, Duration, Faults, Flag, Headers, Keys, Names, Number, Params, Tables, Text, Url,
};
use llmroute_core::routing::strategy::Sticky;

/// A kind of table in a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// The top of the file.
    Top,
    /// `[router]`.
    Router,
    /// `[providers.NAME]`.
    Provider,
    /// `[groups.NAME]`.
    Group,
    /// One of a group's `deployments`.
    Deployment,
    /// One of a group's `rules`.
    Rule,
    /// `[templates.NAME]`.
    Template,
}

impl TableKind {
    /// How the place is called in messages and in the docs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Top => "top level",
            Self::Router => "[router]",
            Self::Provider => "[providers.NAME]",
            Self::Group => "[groups.NAME]",
            Self::Deployment => "a deployment",
            Self::Rule => "a rule",
            Self::Template => "[templates.NAME]",
        }
    }
}

/// The type of a value, as the reader checks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A span of time; zero only where `true`.
    Duration(bool),
    /// `"auto"` or a span of time.
    Cooldown,
    /// A whole number, at least this.
    Count(u64),
    /// A number from zero up.
    Number,
    /// `true` or `false`.
    Flag,
    /// Text.
    Text,
    /// A list of texts.
    Names,
    /// A key's source, or a list of them.
    Keys,
    /// Where an API is.
    Url,
    /// A name of a [`Protocol`](llmroute_core::protocols::Protocol).
    Protocol,
    /// A name of [`BUILT_IN`](llmroute_core::routing::strategy::BUILT_IN), or `exec:COMMAND`.
    Strategy,
    /// Arguments of a strategy: keys that a [`StrategyEntry`](llmroute_core::routing::strategy::StrategyEntry) lists.
    StrategyArgs,
    /// A name of [`STICKY`].
    Sticky,
    /// Header names with their values.
    Headers,
    /// Query parameters with their values.
    Query,
    /// Changes to the body of the request.
    Patch,
    /// Parameters of the request.
    Params,
    /// Faults of a simulated deployment.
    Faults,
    /// Numbers by class of failure.
    PerClass(ClassNumber),
    /// `"off"`, a percentile like `"p95"`, or a span of time.
    Hedge,
    /// An amount of money per span of time.
    Budget,
    /// The place of the shared state.
    State,
    /// Tables that have rows of their own here.
    Tables,
    /// Whatever a feature that is not built yet will want.
    Any,
}

/// What a number for a class of failure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassNumber {
    /// Further attempts after it; from 0 up.
    Retries,
    /// Failures in a minute that open the breaker; from 1 up.
    Fails,
}

impl ValueKind {
    /// The type in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Duration(_) => "duration",
            Self::Cooldown => "`\"auto\"` or duration",
            Self::Count(_) => "whole number",
            Self::Number => "number",
            Self::Flag => "`true` or `false`",
            Self::Text => "text",
            Self::Names => "list of texts",
            Self::Keys => "key source, or a list of them",
            Self::Url => "URL",
            Self::Protocol => "protocol",
            Self::Strategy => "strategy",
            Self::StrategyArgs => "table",
            Self::Sticky => "`\"user\"`, `\"conversation\"` or `\"prompt\"`",
            Self::Headers | Self::Query => "table of texts",
            Self::Patch => "table with `set` and `remove`",
            Self::Params => "table",
            Self::Faults => "faults",
            Self::PerClass(_) => "table of failure classes",
            Self::Hedge => "`\"off\"`, `\"p95\"` or duration",
            Self::Budget => "amount per time",
            Self::State => "directory, `memory`, `env:NAME` or Redis URL",
            Self::Tables => "table",
            Self::Any => "any",
        }
    }
}

/// What stands for a key that is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    /// Nothing.
    Nothing,
    /// A span of time.
    Seconds(u64),
    /// A whole number.
    Count(u64),
    /// Something that depends; in words.
    Words(&'static str),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Where it may stand.
    pub places: &'static [TableKind],
    /// Its type.
    pub kind: ValueKind,
    /// What holds when it is not written.
    pub default: DefaultValue,
    /// Whether its feature is built.
    pub built: bool,
    /// What it means, in one line.
    pub meaning: &'static str,
}

/// Strategies that are planned.
pub const UNBUILT_STRATEGIES: &[&str] = &["complexity-router"];

/// What a group may be sticky by.
pub const STICKY: &[(&str, Option<Sticky>)] =
    &[("user", Some(Sticky::User)), ("conversation", Some(Sticky::Conversation)), ("prompt", Some(Sticky::Prompt))];

/// The tiers of `complexity_router`.
pub const TIERS: &[&str] = &["SIMPLE", "MEDIUM", "COMPLEX", "REASONING"];

const TOP: &[TableKind] = &[TableKind::Top];
const ROUTER: &[TableKind] = &[TableKind::Router];
const PROVIDER: &[TableKind] = &[TableKind::Provider];
const GROUP: &[TableKind] = &[TableKind::Group];
const DEPLOYMENT: &[TableKind] = &[TableKind::Deployment];
const RULE: &[TableKind] = &[TableKind::Rule];
const TEMPLATE: &[TableKind] = &[TableKind::Template];
const ROUTING: &[TableKind] = &[TableKind::Router, TableKind::Group];
const PATIENCE: &[TableKind] = &[TableKind::Router, TableKind::Group, TableKind::Deployment];
const ENDPOINT: &[TableKind] = &[TableKind::Provider, TableKind::Deployment];
const LIMITED: &[TableKind] = &[TableKind::Provider, TableKind::Group, TableKind::Deployment];

const fn row(
    name: &'static str,
    places: &'static [TableKind],
    kind: ValueKind,
    default: DefaultValue,
    meaning: &'static str,
) -> Key {
    Key { name, places, kind, default, built: true, meaning }
}

const fn later(name: &'static str, places: &'static [TableKind], kind: ValueKind, meaning: &'static str) -> Key {
    Key { name, places, kind, default: Nothing, built: false, meaning }
}

/// All keys, in the order of the docs.
pub const KEYS: &[Key] = &[
    row("version", TOP, ValueKind::Count(1), Count(1), "version of the profile format"),
    row("default_group", TOP, Text, Words("`main`, or the only group"), "group that is asked when none is named"),
    row("router", TOP, Tables, Nothing, "what holds for every group that does not say otherwise"),
    row("providers", TOP, Tables, Nothing, "servers and accounts; those of the catalog need no entry"),
    row("groups", TOP, Tables, Nothing, "model groups; a name holds no `/`"),
    row(
        "state",
        TOP,
        ValueKind::State,
        Words("the state directory of the user"),
        "where processes share what they learn",
    ),
    later("log", TOP, Any, "how long the log is kept, how large it may be, what is left out of it"),
    later("hook", TOP, Any, "command that is told about every request"),
    later("otlp", TOP, Any, "where traces are sent"),
    row("templates", TOP, Tables, Nothing, "named prompts with places to fill, for `--template`"),
    row("routing_strategy", ROUTING, ValueKind::Strategy, Words("`simple-shuffle`"), "how deployments are ordered"),
    row(
        "routing_strategy_args",
        ROUTING,
        ValueKind::StrategyArgs,
        Nothing,
        "`ttl`, `lowest_latency_buffer` of latency-based-routing; `w_latency`, `w_cost`, `w_failure` of adaptive",
    ),
    row("num_retries", ROUTING, ValueKind::Count(0), Count(2), "further attempts inside a group after the first"),
    row(
        "attempts_per_deployment",
        ROUTING,
        ValueKind::Count(1),
        Count(1),
        "attempts on a deployment before the next; one only after a timeout",
    ),
    row("timeout", PATIENCE, Duration(false), Seconds(600), "one attempt in all"),
    row("connect_timeout", PATIENCE, Duration(false), Seconds(5), "until there is a connection"),
    row(
        "first_token_timeout",
        PATIENCE,
        Duration(false),
        Words("`30s`; `120s` for reasoning models and servers on loopback"),
        "until the first token",
    ),
    row("idle_timeout", PATIENCE, Duration(false), Seconds(60), "silence between two chunks"),
    row("deadline", ROUTING, Duration(false), Seconds(900), "everything: attempts, waits, fallbacks"),
    row(
        "max_wait",
        ROUTING,
        Duration(true),
        Seconds(20),
        "longest sleep for a `Retry-After`, a rate limit or a backoff",
    ),
    row(
        "allowed_fails",
        ROUTING,
        ValueKind::Count(1),
        Words("the breaker's own rules"),
        "failures in a minute that open the breaker",
    ),
    row(
        "cooldown_time",
        ROUTING,
        Cooldown,
        Words("`auto`: `120s` for one call, `5s` in long-lived commands"),
        "first cooldown; it doubles",
    ),
    row(
        "cooldown_max",
        ROUTING,
        Duration(false),
        Seconds(1800),
        "longest cooldown; `10s` in long-lived commands where `cooldown_time` is unset too",
    ),
    row("max_fallbacks", ROUTING, ValueKind::Count(0), Count(5), "fallback groups that one request may visit"),
    row("default_fallbacks", ROUTER, Names, Nothing, "fallbacks of every group that names none"),
    row("rule_env", ROUTER, Names, Words("`LLMROUTE_*` only"), "further variables that rules may read as `env.NAME`"),
    row(
        "retry_policy",
        ROUTING,
        ValueKind::PerClass(ClassNumber::Retries),
        Words("`num_retries`"),
        "`num_retries` after a failure of a class; what it names is asked again even where that is not usual",
    ),
    row(
        "allowed_fails_policy",
        ROUTING,
        ValueKind::PerClass(ClassNumber::Fails),
        Words("`allowed_fails`"),
        "`allowed_fails` after a failure of a class",
    ),
    row(
        "sticky",
        ROUTING,
        ValueKind::Sticky,
        Nothing,
        "`simple-shuffle`: same user, conversation or prompt, same deployment",
    ),
    row(
        "hedge",
        ROUTING,
        ValueKind::Hedge,
        Words("`off`"),
        "how long a token is waited for before a second deployment is asked, too",
    ),
    row("hedge_max_cost", ROUTING, Number, Words("no cap"), "USD that the second call may cost by estimate"),
    later("routes", ROUTING, Any, "groups by the meaning of the prompt"),
    later("escalate", ROUTING, Any, "stronger group after an answer that fails its check"),
    later("classifier", ROUTING, Any, "model that chooses the tier"),
    row("fallbacks", GROUP, Names, Words("`default_fallbacks`"), "groups to ask when this one fails"),
    row("context_window_fallbacks", GROUP, Names, Nothing, "groups to ask when the prompt does not fit"),
    row("content_policy_fallbacks", GROUP, Names, Nothing, "groups to ask when a filter blocked or the model refused"),
    row("deployments", GROUP, Tables, Nothing, "who can answer"),
    row("rules", GROUP, Tables, Nothing, "conditions that decide before the strategy"),
    later("complexity_router", GROUP, Any, "which group answers prompts of which difficulty"),
    row("protocol", PROVIDER, ValueKind::Protocol, Words("the catalog's"), "what the server speaks"),
    row("base_url", PROVIDER, Url, Words("the catalog's"), "where the API is, with or without the version segment"),
    row(
        "region",
        PROVIDER,
        Text,
        Words("that of the variables or the files of the service"),
        "region of the models, where the address names one",
    ),
    row(
        "api_key",
        ENDPOINT,
        Keys,
        Words("the catalog's variable"),
        "`env:NAME`, `file:PATH`, `cmd:COMMAND`, `aws:PROFILE`, `adc:`, `keyring:NAME` or a list; one deployment per key",
    ),
    row("project", PROVIDER, Text, Words("`GOOGLE_CLOUD_PROJECT`, or the credentials'"), "`vertex`: who pays"),
    row("location", PROVIDER, Text, Words("`GOOGLE_CLOUD_LOCATION`, or `global`"), "`vertex`: where the models run"),
    row("headers", ENDPOINT, Headers, Nothing, "further headers of the request"),
    row("query", ENDPOINT, ValueKind::Query, Words("the catalog's variables"), "further query parameters; no keys"),
    row("patch", ENDPOINT, ValueKind::Patch, Nothing, "changes to the body of the request: fields by their path"),
    row(
        "strict_params",
        ENDPOINT,
        Flag,
        Words("`false`"),
        "a parameter that a model does not take is an error, in place of being left out",
    ),
    row("stream_usage", ENDPOINT, Flag, Words("the catalog"), "chat completions: a stream is asked for its usage"),
    row("prefill", ENDPOINT, Flag, Words("the catalog"), "continues an answer that was begun for it"),
    row("model", DEPLOYMENT, Text, Nothing, "`PROVIDER/MODEL`"),
    row("name", DEPLOYMENT, Text, Words("the model"), "name in messages"),
    row("weight", DEPLOYMENT, Number, Nothing, "share of the traffic"),
    row("order", DEPLOYMENT, ValueKind::Count(0), Count(0), "lower ones are asked first"),
    row("tags", DEPLOYMENT, Names, Nothing, "labels for `--require-tag`"),
    row("params", DEPLOYMENT, Params, Nothing, "parameters for every request, under those of the command line"),
    row("rpm", LIMITED, ValueKind::Count(1), Nothing, "requests in any minute"),
    row("tpm", LIMITED, ValueKind::Count(1), Nothing, "tokens in any minute, prompts and answers"),
    row("rpd", LIMITED, ValueKind::Count(1), Nothing, "requests in any 24 hours"),
    row("tpd", LIMITED, ValueKind::Count(1), Nothing, "tokens in any 24 hours, prompts and answers"),
    row("max_parallel_requests", LIMITED, ValueKind::Count(1), Nothing, "requests at the same time"),
    row("budget", LIMITED, Budget, Nothing, "spend per minute, hour, day, week or month: `\"5 USD/day\"`"),
    row("input_cost_per_token", DEPLOYMENT, Number, Words("the catalog's"), "USD per prompt token"),
    row("output_cost_per_token", DEPLOYMENT, Number, Words("the catalog's"), "USD per generated token"),
    row(
        "context_window",
        DEPLOYMENT,
        ValueKind::Count(1),
        Words("the catalog's"),
        "tokens that fit prompt and answer together",
    ),
    row("latency", DEPLOYMENT, Duration(true), Nothing, "`mock`: time to the head of the reply"),
    row("ttft", DEPLOYMENT, Duration(true), Nothing, "`mock`: time from the start to the first token"),
    row("itl", DEPLOYMENT, Duration(true), Nothing, "`mock`: time between two tokens"),
    row("tokens", DEPLOYMENT, ValueKind::Count(0), Nothing, "`mock`: length of the answer in words"),
    row("text", DEPLOYMENT, Text, Nothing, "`mock`: the answer"),
    row("faults", DEPLOYMENT, Faults, Nothing, "`mock`: what goes wrong, and how often"),
    row("jitter", DEPLOYMENT, Number, Nothing, "`mock`: spread of the times (0: none, 0.3: mild)"),
    row("seed", DEPLOYMENT, ValueKind::Count(0), Nothing, "`mock`: its luck"),
    row("when", RULE, Text, Nothing, "condition (CEL)"),
    row("use", RULE, Text, Nothing, "group or `PROVIDER/MODEL` that answers when it holds"),
    row("fallbacks", RULE, Names, Nothing, "groups to ask when that one fails"),
    row("prompt", TEMPLATE, Text, Nothing, "what is asked; `{{stdin}}` and `{{name}}` are filled, by `-o name=value`"),
    row("system", TEMPLATE, Text, Nothing, "system prompt, with the same places but `{{stdin}}`"),
    row("model", TEMPLATE, Text, Words("`default_group`"), "group or `PROVIDER/MODEL`, under `--model`"),
    row("params", TEMPLATE, Params, Nothing, "parameters, under those of the command line"),
];

/// The keys that only a `mock` deployment takes.
pub(crate) const MOCK_ONLY: &[&str] = &["latency", "ttft", "itl", "tokens", "text", "faults", "jitter", "seed"];

/// The key called `name` at `place`.
#[must_use]
pub fn key(place: TableKind, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name && key.places.contains(&place))
}

/// The names that may stand at `place`.
#[must_use]
pub fn names(place: TableKind) -> Vec<&'static str> {
    KEYS.iter().filter(|key| key.places.contains(&place)).map(|key| key.name).collect()
}

/// The table of all keys in Markdown, as `docs/profile.md` holds it.
#[must_use]
pub fn markdown() -> String {
    let rows = KEYS.iter().map(|key| {
        let places: Vec<&str> = key.places.iter().map(|place| place.name()).collect();
        let default = match key.default {
            Nothing => "–".to_owned(),
            Seconds(seconds) => {
                format!("`{}`", crate::profile::duration::show(std::time::Duration::from_secs(seconds)))
            }
            Count(count) => format!("`{count}`"),
            Words(words) => words.to_owned(),
        };
        let built = if key.built { "yes" } else { "not yet" };
        format!(
            "| `{}` | {} | {} | {default} | {} | {built} |\n",
            key.name,
            places.join(", "),
            key.kind.name(),
            key.meaning
        )
    });
    let head = "| key | where | type | default | meaning | built |\n|---|---|---|---|---|---|\n";
    std::iter::once(head.to_owned()).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_names_a_key_once() {
        for place in [
            TableKind::Top,
            TableKind::Router,
            TableKind::Provider,
            TableKind::Group,
            TableKind::Deployment,
            TableKind::Rule,
            TableKind::Template,
        ] {
            let mut seen = names(place);
            seen.sort_unstable();
            let count = seen.len();
            seen.dedup();
            assert_eq!(seen.len(), count, "{place:?}");
        }
    }

    #[test]
    fn the_docs_hold_this_table() {
        let docs = include_str!("../../../../../docs/profile.md");
        assert!(docs.contains(&markdown()), "docs/profile.md should hold:\n{}", markdown());
    }
}
