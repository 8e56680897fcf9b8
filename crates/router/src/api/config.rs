//! Providers, groups and deployments in code: the tables of a profile, key for key.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::strategy::Strategy;

/// A server or an account: `[providers.NAME]` of a profile.
///
/// Providers of the built-in catalog (`openai`, `anthropic`, …) need no definition.
#[derive(Clone, Default)]
pub struct Provider {
    pub(super) keys: Map<String, Value>,
}

impl Provider {
    /// Creates a provider without settings; an entry of the catalog with the same name fills them.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a provider that speaks the chat completions API of OpenAI, such as vLLM, Ollama or llama.cpp.
    #[must_use]
    pub fn openai_compatible(base_url: impl Into<String>) -> Self {
        Self::new().option("protocol", "openai").base_url(base_url)
    }

    /// Creates a provider that speaks the messages API of Anthropic.
    #[must_use]
    pub fn anthropic_compatible(base_url: impl Into<String>) -> Self {
        Self::new().option("protocol", "anthropic").base_url(base_url)
    }

    /// Creates a simulated provider, for tests: its deployments need neither a key nor a network.
    #[must_use]
    pub fn simulated() -> Self {
        Self::new().option("protocol", "mock")
    }

    /// Sets the address of the API.
    #[must_use]
    pub fn base_url(self, url: impl Into<String>) -> Self {
        self.option("base_url", url.into())
    }

    /// Sets the API key.
    #[must_use]
    pub fn api_key(self, key: impl Into<String>) -> Self {
        self.option("api_key", key.into())
    }

    /// Reads the API key from an environment variable when a call needs it.
    #[must_use]
    pub fn api_key_env(self, name: impl AsRef<str>) -> Self {
        self.option("api_key", format!("env:{}", name.as_ref()))
    }

    /// Reads the API key from a file when a call needs it.
    #[must_use]
    pub fn api_key_file(self, path: impl AsRef<std::path::Path>) -> Self {
        self.option("api_key", format!("file:{}", path.as_ref().display()))
    }

    /// Adds a header to every request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let headers = self.keys.entry("headers").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(headers) = headers {
            headers.insert(name.into(), Value::String(value.into()));
        }
        self
    }

    /// Sets any key of `[providers.NAME]`.
    #[must_use]
    pub fn option(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.keys.insert(key.into(), value.into());
        self
    }
}

/// Shows the names of the keys only: values may be secret.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

/// A model group: `[groups.NAME]` of a profile.
#[derive(Clone, Default)]
pub struct Group {
    pub(super) keys: Map<String, Value>,
    pub(super) deployments: Vec<Deployment>,
    pub(super) fallbacks: Option<Vec<String>>,
    pub(super) strategy: Option<Arc<dyn Strategy>>,
}

impl Group {
    /// Creates an empty group.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a deployment; the text `PROVIDER/MODEL` is one.
    #[must_use]
    pub fn deployment(mut self, deployment: impl Into<Deployment>) -> Self {
        self.deployments.push(deployment.into());
        self
    }

    /// Adds a group to try when every deployment of this one has failed.
    #[must_use]
    pub fn fallback(mut self, group: impl Into<String>) -> Self {
        self.fallbacks.get_or_insert_default().push(group.into());
        self
    }

    /// Sets the number of further attempts after the first.
    #[must_use]
    pub fn num_retries(self, retries: u32) -> Self {
        self.option("num_retries", retries)
    }

    /// Sets the time limit of a whole request: attempts, waits and fallbacks.
    #[must_use]
    pub fn deadline(self, limit: Duration) -> Self {
        self.option("deadline", millis(limit))
    }

    /// Sets the time limit of one attempt.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        self.option("timeout", millis(limit))
    }

    /// Calls a second deployment when the first has been silent for this long.
    #[must_use]
    pub fn hedge(self, after: Duration) -> Self {
        self.option("hedge", millis(after))
    }

    /// Orders the deployments by a built-in strategy, such as `least-busy` or `adaptive`.
    #[must_use]
    pub fn routing_strategy(self, name: impl Into<String>) -> Self {
        self.option("routing_strategy", name.into())
    }

    /// Orders the deployments by a strategy of this program.
    #[must_use]
    pub fn strategy(mut self, strategy: impl Strategy + 'static) -> Self {
        self.strategy = Some(Arc::new(strategy));
        self
    }

    /// Sets any key of `[groups.NAME]`.
    #[must_use]
    pub fn option(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.keys.insert(key.into(), value.into());
        self
    }

    /// The table of a profile.
    pub(super) fn table(&self) -> Value {
        let mut table = self.keys.clone();
        if let Some(fallbacks) = &self.fallbacks {
            table.insert("fallbacks".to_owned(), fallbacks.clone().into());
        }
        let deployments = self.deployments.iter().map(|deployment| Value::Object(deployment.keys.clone())).collect();
        table.insert("deployments".to_owned(), Value::Array(deployments));
        Value::Object(table)
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("keys", &self.keys.keys())
            .field("deployments", &self.deployments)
            .field("fallbacks", &self.fallbacks)
            .field("strategy", &self.strategy.as_ref().map(|strategy| strategy.name()))
            .finish()
    }
}

/// A member of a group: one of its `deployments` in a profile.
#[derive(Clone)]
pub struct Deployment {
    keys: Map<String, Value>,
}

impl Deployment {
    /// Creates a deployment of `PROVIDER/MODEL`.
    #[must_use]
    pub fn new(model: impl Into<String>) -> Self {
        Self { keys: Map::new() }.option("model", model.into())
    }

    /// Sets the name in events and errors; `PROVIDER/MODEL` by default.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.option("name", name.into())
    }

    /// Sets the order; deployments of a lower order are called first.
    #[must_use]
    pub fn order(self, order: u32) -> Self {
        self.option("order", order)
    }

    /// Sets the share of the traffic.
    #[must_use]
    pub fn weight(self, weight: f64) -> Self {
        self.option("weight", weight)
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        let tags = self.keys.entry("tags").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(tags) = tags {
            tags.push(Value::String(tag.into()));
        }
        self
    }

    /// Sets the requests per minute.
    #[must_use]
    pub fn rpm(self, limit: u64) -> Self {
        self.option("rpm", limit)
    }

    /// Sets the tokens per minute.
    #[must_use]
    pub fn tpm(self, limit: u64) -> Self {
        self.option("tpm", limit)
    }

    /// Sets the number of calls at the same time.
    #[must_use]
    pub fn max_parallel_requests(self, limit: u64) -> Self {
        self.option("max_parallel_requests", limit)
    }

    /// Sets the time limit of one attempt.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        self.option("timeout", millis(limit))
    }

    /// Sets the time limit for the first token.
    #[must_use]
    pub fn first_token_timeout(self, limit: Duration) -> Self {
        self.option("first_token_timeout", millis(limit))
    }

    /// Sets the price in USD per token.
    #[must_use]
    pub fn price(self, input: f64, output: f64) -> Self {
        self.option("input_cost_per_token", input).option("output_cost_per_token", output)
    }

    /// Sets any key of a deployment.
    #[must_use]
    pub fn option(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.keys.insert(key.into(), value.into());
        self
    }
}

impl From<&str> for Deployment {
    fn from(model: &str) -> Self {
        Self::new(model)
    }
}

impl From<String> for Deployment {
    fn from(model: String) -> Self {
        Self::new(model)
    }
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployment").field("model", &self.keys.get("model")).finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}
