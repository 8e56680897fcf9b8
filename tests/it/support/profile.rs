//! Profiles for the tests: which deployments stand in which order. Knows the profile's keys, and no server.

use std::fmt::Write;

/// A key as it stands in the environment of a run; it must never be seen again.
pub const KEY: &str = "sk-test-9f8e7d6c5b4a39281706";

/// A profile with the group `main`, made of deployments in their order.
#[derive(Debug, Default)]
pub struct Profile {
    providers: String,
    deployments: Vec<String>,
    retries: Option<usize>,
    router: String,
    rest: String,
}

impl Profile {
    /// No deployment yet, and no retry.
    pub fn new() -> Self {
        Self::default()
    }

    /// A provider at this server, with a key.
    pub fn provider(self, name: &str, protocol: &str, url: &str) -> Self {
        self.provider_with(name, protocol, url, "env:LAB_KEY")
    }

    /// The same with a key of the test's own.
    pub fn provider_with(mut self, name: &str, protocol: &str, url: &str, key: &str) -> Self {
        let key = key.replace('\\', "\\\\").replace('\n', "\\n");
        write!(
            self.providers,
            "[providers.{name}]\nprotocol = \"{protocol}\"\nbase_url = \"{url}\"\napi_key = \"{key}\"\n\n"
        )
        .expect("a string can be written to");
        self
    }

    /// The next deployment, with more of its keys (`, timeout = "1s"`).
    pub fn deployment(mut self, model: &str, more: &str) -> Self {
        let order = self.deployments.len() + 1;
        self.deployments.push(format!("  {{ model = \"{model}\", order = {order}{more} }},\n"));
        self
    }

    /// The number of retries; by default one for each further deployment.
    pub fn retries(mut self, retries: usize) -> Self {
        self.retries = Some(retries);
        self
    }

    /// Keys of the router, one a line.
    pub fn router(mut self, lines: &str) -> Self {
        self.router = format!("{lines}\n");
        self
    }

    /// Tables at the end.
    pub fn rest(mut self, tables: &str) -> Self {
        self.rest = tables.to_owned();
        self
    }

    /// The TOML text. Each deployment is called once, so that no test waits for a backoff.
    pub fn text(&self) -> String {
        let retries = self.retries.unwrap_or(self.deployments.len().saturating_sub(1));
        let router = format!("[router]\nnum_retries = {retries}\n{}", self.router);
        let group = format!("[groups.main]\ndeployments = [\n{}]\n", self.deployments.concat());
        format!("version = 1\ndefault_group = \"main\"\n\n{router}\n{}{group}\n{}", self.providers, self.rest)
    }
}
