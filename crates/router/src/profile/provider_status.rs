//! Providers, and whether their keys are there. Runs no command, and reveals no key.

use std::path::Path;

use super::credentials::{Credential, KeySpec, google};
use super::resolve::provider::ResolvedProvider;
use super::{EnvVars, Profile};
use llmroute_core::catalog;
pub use llmroute_core::model::KeySource;

/// One provider, as far as it is known without a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderStatus {
    /// The name in `provider/model`.
    pub name: String,
    /// Its protocol; `None` if that is not known.
    pub protocol: Option<String>,
    /// The address of its API; `None` for a simulated one, and if it is not known.
    pub base_url: Option<String>,
    /// The profile mentions it.
    pub in_profile: bool,
    /// Its keys, in their order; empty if it takes none.
    pub keys: Vec<KeyStatus>,
    /// The reason why it cannot be called, apart from keys.
    pub obstacle: Option<String>,
    /// A key that is not sent to it, and how to send it.
    pub withheld: Option<String>,
}

/// One key of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// Its source (`env:NAME`, `file:PATH`).
    pub source: String,
    /// The reason why it is missing; the key of a command or a keyring counts as there.
    pub missing: Option<String>,
}

/// The distance of a provider from being usable, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readiness {
    /// A key is there.
    Ready,
    /// It takes no key.
    NoKeyNeeded,
    /// Its key is missing or malformed.
    NoKey,
    /// Something else is missing.
    Unusable,
}

impl ProviderStatus {
    /// Returns how far it is from being usable.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        match (&self.obstacle, self.keys.is_empty()) {
            (Some(_), _) => Readiness::Unusable,
            (None, true) => Readiness::NoKeyNeeded,
            (None, false) if self.keys.iter().any(|key| key.missing.is_none()) => Readiness::Ready,
            (None, false) => Readiness::NoKey,
        }
    }
}

/// Returns every provider of `profile` and of the catalog: usable ones first, then in the order of the text.
#[must_use]
pub fn statuses(profile: Option<&Profile>, vars: &EnvVars) -> Vec<ProviderStatus> {
    let mut found: Vec<ProviderStatus> = profile
        .iter()
        .flat_map(|profile| profile.providers.iter().map(|provider| profile.status(provider, vars)))
        .collect();
    let known = catalog::providers().iter().map(|row| match ResolvedProvider::known(row, vars) {
        Ok(provider) => status(&provider, None, vars),
        Err(why) => ProviderStatus {
            name: row.id.to_owned(),
            protocol: Some(row.protocol.as_str().to_owned()),
            base_url: None,
            in_profile: false,
            keys: Vec::new(),
            obstacle: Some(why.message),
            withheld: None,
        },
    });
    for other in known {
        if found.iter().all(|provider| provider.name != other.name) {
            found.push(other);
        }
    }
    found.sort_by_key(ProviderStatus::readiness);
    found
}

impl Profile {
    /// Returns the names of the providers that it mentions.
    pub fn provider_names(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().map(|provider| provider.name.as_str())
    }

    /// A provider with its own keys and those of its deployments.
    fn status(&self, provider: &ResolvedProvider, vars: &EnvVars) -> ProviderStatus {
        let mut found = status(provider, self.folder.as_deref(), vars);
        found.in_profile = true;
        for (deployment, source) in self.map.deployments.iter().zip(&self.keys) {
            let own = deployment.provider == provider.name && *source != KeySource::None;
            let key = KeyStatus { source: shown(source, vars), missing: deployment.no_key.clone() };
            if own && found.keys.iter().all(|other| other.source != key.source) {
                found.keys.push(key);
            }
        }
        found
    }
}

fn status(provider: &ResolvedProvider, folder: Option<&Path>, vars: &EnvVars) -> ProviderStatus {
    let base = (provider.base_url.scheme() != "mock").then(|| provider.base_url.to_string());
    ProviderStatus {
        name: provider.name.clone(),
        protocol: provider.protocol.map(|protocol| protocol.as_str().to_owned()),
        base_url: base,
        in_profile: false,
        keys: provider.keys.iter().map(|spec| key(spec, provider, folder, vars)).collect(),
        obstacle: provider
            .not_built
            .first()
            .map(|key| format!("`{key}` is not built yet"))
            .or_else(|| provider.missing.clone().filter(|_| provider.has_no_address()))
            .or_else(|| (!provider.enabled).then(|| "disabled in the profile".to_owned())),
        withheld: provider.withheld_key(),
    }
}

fn key(spec: &KeySpec, provider: &ResolvedProvider, folder: Option<&Path>, vars: &EnvVars) -> KeyStatus {
    let found = Credential::find(spec, vars, folder);
    let missing = match &found.source {
        KeySource::Google(file) => {
            let missing = found.no_key.or_else(|| google::nowhere(file.as_deref(), vars));
            missing.or_else(|| provider.missing.clone())
        }
        _ => found.no_key,
    };
    KeyStatus { source: shown(&found.source, vars), missing }
}

/// Returns the source of a key; of several variables the one that is set.
#[must_use]
pub fn shown(source: &KeySource, vars: &EnvVars) -> String {
    if let KeySource::Env(names) = source
        && let Some((name, _)) = vars.first(names)
    {
        return format!("env:{name}");
    }
    source.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{LoadOptions, Source};

    /// The status of `name` in a profile of `text` with `set` in the environment.
    fn of(text: &str, set: &[(&str, &str)], name: &str) -> ProviderStatus {
        let vars = EnvVars::from_iter(set.iter().copied());
        let inputs = LoadOptions { env: &vars, long_lived: false };
        let profile = (!text.is_empty()).then(|| Profile::parse(Source::Demo, text, &inputs).unwrap());
        statuses(profile.as_ref(), &vars).into_iter().find(|found| found.name == name).unwrap()
    }

    /// The keys of `name`, each as its source and why it is missing.
    fn check(text: &str, set: &[(&str, &str)], name: &str, want: &[(&str, Option<&str>)], ready: Readiness) {
        let found = of(text, set, name);
        let keys: Vec<_> = found.keys.iter().map(|key| (key.source.as_str(), key.missing.as_deref())).collect();
        assert_eq!((keys.as_slice(), found.readiness()), (want, ready), "{found:?}");
        assert!(!format!("{found:?}").contains("sk-"), "{found:?}");
    }

    const LAB: &str = "[providers.lab]\nprotocol = \"openai\"\nbase_url = \"http://127.0.0.1:9\"\n";
    const MAIN: &str = "[groups.main]\ndeployments = [{ model = \"lab/a\" }]\n";

    #[test]
    fn a_variable_that_is_set_is_named() {
        check("", &[("OPENAI_API_KEY", "sk-1")], "openai", &[("env:OPENAI_API_KEY", None)], Readiness::Ready);
        check("", &[("CLAUDE_API_KEY", "sk-1")], "anthropic", &[("env:CLAUDE_API_KEY", None)], Readiness::Ready);
    }

    #[test]
    fn a_variable_that_is_missing_or_empty_is_named() {
        let want = [("env:OPENAI_API_KEY", Some("OPENAI_API_KEY is not set"))];
        check("", &[("OPENAI_API_KEY", "")], "openai", &want, Readiness::NoKey);
    }

    #[test]
    fn a_local_server_needs_no_key() {
        check("", &[], "vllm", &[], Readiness::NoKeyNeeded);
    }

    #[test]
    fn keys_of_the_profile_come_from_where_it_says() {
        let text = format!("{LAB}api_key = [\"env:A\", \"cmd:pass show lab\"]\n{MAIN}");
        let want = [("env:A", Some("A is not set")), ("cmd:pass …", None)];
        check(&text, &[], "lab", &want, Readiness::Ready);
    }

    #[test]
    fn a_deployment_with_a_key_of_its_own_is_seen() {
        let main = "[groups.main]\ndeployments = [{ model = \"lab/a\", api_key = \"env:OWN\" }]\n";
        check(&format!("{LAB}{main}"), &[("OWN", "sk-2")], "lab", &[("env:OWN", None)], Readiness::Ready);
    }

    #[test]
    fn credentials_of_a_cloud_are_there_only_when_they_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap();
        let found = of("", &[("HOME", home)], "vertex");
        assert_eq!(found.readiness(), Readiness::NoKey);
        assert!(found.keys[0].missing.as_ref().unwrap().starts_with("no Google credentials"), "{found:?}");
        let file = dir.path().join("adc.json");
        std::fs::write(&file, r#"{"type":"authorized_user"}"#).unwrap();
        let set = [("HOME", home), ("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap())];
        let found = of("", &set, "vertex");
        assert_eq!(found.keys[0].missing.as_deref(), Some("no project: GOOGLE_CLOUD_PROJECT is not set"));
        assert_eq!(
            of("", &[&set[..], &[("GOOGLE_CLOUD_PROJECT", "p")]].concat(), "vertex").readiness(),
            Readiness::Ready
        );
        let service = [("HOME", home), ("K_SERVICE", "s"), ("GOOGLE_CLOUD_PROJECT", "p")];
        assert_eq!(of("", &service, "vertex").readiness(), Readiness::Ready);
    }

    #[test]
    fn a_literal_and_a_broken_key_are_not_told() {
        let text = format!("{LAB}api_key = \"sk-3\"\n{MAIN}");
        check(&text, &[], "lab", &[("a key in the profile", None)], Readiness::Ready);
        let want = [("env:OPENAI_API_KEY", Some("OPENAI_API_KEY: the key contains a line break"))];
        check("", &[("OPENAI_API_KEY", "sk-4\nsk-5")], "openai", &want, Readiness::NoKey);
    }

    #[test]
    fn a_key_that_is_not_sent_to_another_host_is_named() {
        let text = format!("[providers.openai]\nbase_url = \"https://proxy.example/v1\"\n{LAB}{MAIN}");
        let withheld = "OPENAI_API_KEY is not sent to proxy.example; set `api_key = \"env:OPENAI_API_KEY\"` for it";
        let found = of(&text, &[("OPENAI_API_KEY", "sk-1")], "openai");
        assert_eq!((found.withheld.as_deref(), found.readiness()), (Some(withheld), Readiness::NoKeyNeeded));
        let vars = EnvVars::from_iter([("OPENAI_API_KEY", "sk-1")]);
        let options = LoadOptions { env: &vars, long_lived: false };
        let warnings = Profile::parse(Source::Demo, &text, &options).unwrap().lint(&options);
        assert!(warnings.iter().any(|warning| warning.message == withheld), "{warnings:?}");
        assert_eq!(of("", &[], "openai").withheld, None);
    }

    #[test]
    fn a_wrong_address_in_a_variable_is_an_obstacle() {
        let found = of("", &[("OPENAI_BASE_URL", "ftp://x")], "openai");
        assert_eq!(found.readiness(), Readiness::Unusable);
        assert!(found.obstacle.unwrap().contains("`OPENAI_BASE_URL`"));
    }

    #[test]
    fn each_provider_is_there_once_and_the_ready_ones_come_first() {
        let vars = EnvVars::from_iter([("XAI_API_KEY", "sk-1")]);
        let found = statuses(None, &vars);
        let place = |name: &str| found.iter().position(|provider| provider.name == name);
        assert!(place("xai") < place("vllm") && place("vllm") < place("openai"));
        let mut names: Vec<&str> = found.iter().map(|provider| provider.name.as_str()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(names.len(), catalog::providers().len());
    }
}
