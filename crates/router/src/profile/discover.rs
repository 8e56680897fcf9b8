//! The profile for a start without one: from key variables that are set, else from local servers.
//!
//! The servers are probed elsewhere.

use std::fmt::Write as _;

use url::Url;

use super::document::diagnostic::{Diagnostic, LoadError};
use super::{EnvVars, LoadOptions, Profile, Source, document};
use llmroute_core::catalog;

/// A local server that may be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalServer {
    /// Its name as a provider.
    pub name: String,
    /// Its address, without the version segment.
    pub base_url: Url,
}

/// A local server that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningServer {
    /// The server.
    pub candidate: LocalServer,
    /// A model that it offers.
    pub model: String,
}

/// Well-known ports, in the order in which they are preferred.
const PORTS: &[(&str, u16)] =
    &[("ollama", 11434), ("llama-cpp", 8080), ("lmstudio", 1234), ("vllm", 8000), ("sglang", 30000), ("litellm", 4000)];

/// Makes a profile from the keys in the environment, with one current model of each provider; `None` without a key.
///
/// The first provider in the order of the catalog answers; the others are its fallbacks.
///
/// # Errors
/// A variable with an invalid address.
pub fn from_keys(inputs: &LoadOptions<'_>) -> Result<Option<Profile>, LoadError> {
    let usable = catalog::providers().iter().filter(|row| inputs.env.first(row.env).is_some());
    let models = usable.filter_map(|row| Some(format!("{}/{}", row.id, row.default_model?)));
    match in_order(models) {
        Some(deployments) => {
            let text = format!("version = 1\n\n[groups.main]\ndeployments = [\n{deployments}]\n");
            Profile::parse(Source::Discovered, &text, inputs).map(Some)
        }
        None => Ok(None),
    }
}

/// Returns the servers to probe: well-known ports, or those in `LLMROUTE_DISCOVER` (`off`, or
/// `host:port,…`).
#[must_use]
pub fn candidates(vars: &EnvVars) -> Vec<LocalServer> {
    let candidate = |name: String, address: &str| {
        let text = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        Some(LocalServer { name, base_url: document::base_url::check(&text).ok()? })
    };
    match vars.get("LLMROUTE_DISCOVER") {
        Some("off") => Vec::new(),
        Some(list) => {
            let addresses = list.split(',').map(str::trim).filter(|address| !address.is_empty());
            addresses.enumerate().filter_map(|(n, address)| candidate(format!("local{}", n + 1), address)).collect()
        }
        None => PORTS
            .iter()
            .filter_map(|(name, port)| candidate((*name).to_owned(), &format!("127.0.0.1:{port}")))
            .collect(),
    }
}

/// Makes a profile from the servers that answered; `None` if none did. Names of models with control
/// characters are left out.
///
/// # Errors
/// A model name that does not make a valid profile.
pub fn from_servers(found: &[RunningServer], inputs: &LoadOptions<'_>) -> Result<Option<Profile>, LoadError> {
    let found = || found.iter().filter(|server| !server.model.contains(char::is_control));
    let models = found().map(|server| format!("{}/{}", server.candidate.name, server.model));
    let Some(deployments) = in_order(models) else { return Ok(None) };
    let mut text = String::from("version = 1\n");
    for LocalServer { name, base_url } in found().map(|server| &server.candidate) {
        let base_url = quoted(&format!("{}/v1", base_url.as_str().trim_end_matches('/')));
        let _ = write!(text, "\n[providers.{name}]\nprotocol = \"openai\"\nbase_url = {base_url}\n");
    }
    let _ = write!(text, "\n[groups.main]\ndeployments = [\n{deployments}]\n");
    Profile::parse(Source::Discovered, &text, inputs).map(Some)
}

/// The error without a profile, a key or a server.
#[must_use]
pub fn no_model_available() -> LoadError {
    let error = Diagnostic::error("no model is available: no profile, no key and no local server").help(
        "set OPENAI_API_KEY or ANTHROPIC_API_KEY; or start a local server (`ollama serve`, llama.cpp); \
         or try it without any: `llmroute --profile demo ask \"Why is the sky blue?\"`",
    );
    LoadError::plain("", error)
}

fn in_order(models: impl Iterator<Item = String>) -> Option<String> {
    let rows: String = models
        .enumerate()
        .map(|(n, model)| format!("  {{ model = {}, order = {} }},\n", quoted(&model), n + 1))
        .collect();
    (!rows.is_empty()).then_some(rows)
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(vars: &EnvVars) -> LoadOptions<'_> {
        LoadOptions { env: vars, long_lived: false }
    }

    #[test]
    fn without_a_key_there_is_no_profile() {
        let vars = EnvVars::from_iter([("OPENAI_API_KEY", "")]);
        assert!(from_keys(&inputs(&vars)).unwrap().is_none());
    }

    #[test]
    fn every_catalog_row_with_a_default_model_makes_a_profile() {
        for row in catalog::providers() {
            let (Some(name), Some(model)) = (row.env.first(), row.default_model) else { continue };
            let vars = EnvVars::from_iter([(*name, "sk-1")]);
            let profile = from_keys(&inputs(&vars)).unwrap().unwrap();
            let name = format!("{}/{model}", row.id);
            assert!(profile.map.deployments.iter().any(|found| found.name == name && found.no_key.is_none()), "{name}");
        }
    }

    #[test]
    fn servers_make_a_profile_in_their_order() {
        let vars = EnvVars::default();
        let found: Vec<RunningServer> = candidates(&vars)
            .into_iter()
            .take(2)
            .map(|candidate| RunningServer { candidate, model: "qwen3:8b \"q4\"".into() })
            .collect();
        let profile = from_servers(&found, &inputs(&vars)).unwrap().unwrap();
        let names: Vec<&str> = profile.map.deployments.iter().map(|deployment| deployment.name.as_str()).collect();
        assert_eq!(names, ["ollama/qwen3:8b \"q4\"", "llama-cpp/qwen3:8b \"q4\""]);
        assert_eq!(profile.source, Source::Discovered);
        assert!(profile.keys.iter().all(|key| *key == llmroute_core::model::KeySource::None));
        assert!(from_servers(&[], &inputs(&vars)).unwrap().is_none());
        let broken = RunningServer { model: "a\nb".into(), ..found[0].clone() };
        assert!(from_servers(&[broken], &inputs(&vars)).unwrap().is_none());
    }

    #[test]
    fn the_variable_replaces_the_ports() {
        let names = |value: &str| -> Vec<String> {
            let found = candidates(&EnvVars::from_iter([("LLMROUTE_DISCOVER", value)]));
            found.into_iter().map(|candidate| format!("{} {}", candidate.name, candidate.base_url)).collect()
        };
        assert_eq!(names("off"), Vec::<String>::new());
        assert_eq!(names("127.0.0.1:9, box:80"), ["local1 http://127.0.0.1:9/", "local2 http://box/"]);
        assert_eq!(names("").len(), PORTS.len());
    }

    #[test]
    fn without_a_model_every_way_out_is_named() {
        let text = no_model_available().to_string();
        for way in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ollama", "--profile demo"] {
            assert!(text.contains(way), "{way} in {text}");
        }
    }
}
