//! Names of models without a provider (`gpt-4o`): their makers, and the providers that offer them.

use std::cmp::Reverse;

pub use llmroute_core::catalog::aliases::FIRST_PARTY;

use super::target::UnknownName;
use crate::profile::document::suggest;
use crate::profile::{EnvVars, Profile};

/// The number of candidates that a hint names.
const CANDIDATES: usize = 5;

impl Profile {
    /// The provider and the model in `text`: `PROVIDER/MODEL`, or a model of a well-known maker.
    pub(crate) fn model<'t>(&mut self, text: &'t str, vars: &EnvVars) -> Result<(usize, &'t str), UnknownName> {
        if text.contains(char::is_control) {
            let message = "a model name must not contain control characters".to_owned();
            return Err(UnknownName { message, hint: "write it on one line".to_owned() });
        }
        match text.split_once('/') {
            Some((provider, "*")) => Err(UnknownName {
                message: format!("`{text}` is a wildcard, not a model"),
                hint: format!("name each model; `llmroute models {provider}` lists them"),
            }),
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
                match self.provider(provider, vars) {
                    Ok(index) => Ok((index, model)),
                    Err(problem) => Err(self.offered(text).map_or(problem, |hint| UnknownName {
                        message: format!("unknown provider `{provider}`"),
                        hint,
                    })),
                }
            }
            Some(_) => Err(UnknownName {
                message: format!("`{text}` is not a `PROVIDER/MODEL`"),
                hint: "write the provider, a slash and the model, like `openai/gpt-4o`".into(),
            }),
            None => match self.maker(text) {
                Some(provider) => Ok((self.provider(provider, vars)?, text)),
                None => Err(UnknownName {
                    message: format!("`{text}` is not a `PROVIDER/MODEL`"),
                    hint: self
                        .hint_for(text)
                        .unwrap_or_else(|| "write the provider, a slash and the model, like `openai/gpt-4o`".into()),
                }),
            },
        }
    }

    /// The well-known provider of the model `name`, if there is exactly one.
    ///
    /// `None` as well if the profile has the model at other providers only.
    pub(crate) fn maker(&self, name: &str) -> Option<&'static str> {
        let mut makers = FIRST_PARTY.iter().filter(|provider| self.models.lists(provider, name));
        let (Some(maker), None) = (makers.next(), makers.next()) else { return None };
        let mut own = self.map.deployments.iter().filter(|deployment| deployment.model == name).peekable();
        (own.peek().is_none() || own.any(|deployment| deployment.provider == *maker)).then_some(*maker)
    }

    /// A hint: the providers of the model `name`, or a model with a similar name.
    pub(crate) fn hint_for(&self, name: &str) -> Option<String> {
        self.offered(name).or_else(|| {
            let all = self.models.all();
            let own = all.iter().filter_map(|(key, _)| {
                let (provider, model) = key.split_once('/')?;
                FIRST_PARTY.contains(&provider).then(|| (strsim::osa_distance(name, model), key))
            });
            // A typing mistake, and not a name with the same beginning.
            let (_, key) = own.min().filter(|(slips, _)| slips * 3 <= name.chars().count())?;
            Some(format!("did you mean `{key}`?"))
        })
    }

    /// A hint: the providers of a model with this name, with or without its maker in front. The profile comes
    /// first, then makers, then other providers.
    fn offered(&self, name: &str) -> Option<String> {
        let own = self.map.deployments.iter().filter(|deployment| deployment.model == name);
        let mut found: Vec<String> = own.map(|deployment| format!("{}/{name}", deployment.provider)).collect();
        let all = self.models.all();
        let called = |key: &str| {
            key.split_once('/').is_some_and(|(_, model)| model == name || model.ends_with(&format!("/{name}")))
        };
        let mut offers: Vec<&str> = all.iter().map(|(key, _)| key.as_str()).filter(|key| called(key)).collect();
        let is_maker = |key: &str| key.split_once('/').is_some_and(|(provider, _)| FIRST_PARTY.contains(&provider));
        offers.sort_by_key(|key| Reverse(is_maker(key)));
        found.extend(offers.into_iter().map(str::to_owned));
        let mut seen = Vec::new();
        found.retain(|key| {
            !seen.contains(key) && {
                seen.push(key.clone());
                true
            }
        });
        found.truncate(CANDIDATES);
        match found.as_slice() {
            [] => None,
            [one] => Some(format!("did you mean `{one}`?")),
            many => Some(suggest::one_of(many.iter().map(String::as_str))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{LoadOptions, Source};

    /// A profile with these deployments beside a simulated one.
    fn profile(deployments: &str) -> Result<Profile, String> {
        let text = format!(
            "[providers.lab]\nprotocol = \"openai\"\nbase_url = \"http://127.0.0.1:9\"\n\
             [groups.main]\ndeployments = [{{ model = \"lab/a\" }}, {deployments}]\n"
        );
        let vars = EnvVars::from_iter([("OPENAI_API_KEY", "sk-1"), ("ANTHROPIC_API_KEY", "sk-2")]);
        Profile::parse(Source::Demo, &text, &LoadOptions { env: &vars, long_lived: false }).map_err(|error| {
            let first = &error.diagnostics[0];
            format!("{}\nhint: {}", first.message, first.help.clone().unwrap_or_default())
        })
    }

    /// The deployment that `-m NAME` calls.
    fn check(deployments: &str, name: &str, want: Result<&str, &str>) {
        let vars = EnvVars::default();
        let mut profile = profile(deployments).unwrap();
        let got = profile.target(name, &LoadOptions { env: &vars, long_lived: false }).map(|group| {
            let member = &profile.map.group(group).members[0];
            profile.map.deployment(member.deployment).name.clone()
        });
        assert_eq!(got.as_deref().map_err(ToString::to_string), want.map_err(str::to_owned), "{name}");
    }

    #[test]
    fn a_model_of_one_maker_belongs_to_that_maker() {
        check("", "gpt-4o", Ok("openai/gpt-4o"));
        check("", "claude-sonnet-4-5", Ok("anthropic/claude-sonnet-4-5"));
        check("", "gemini-2.5-pro", Ok("gemini/gemini-2.5-pro"));
        check("", "mistral-large-latest", Ok("mistral/mistral-large-latest"));
    }

    #[test]
    fn other_names_of_providers_are_understood() {
        check("", "together_ai/zai-org/GLM-5.2", Ok("together/zai-org/GLM-5.2"));
        check("", "google/gemini-2.5-pro", Ok("gemini/gemini-2.5-pro"));
        check("", "ollama_chat/llama3", Ok("ollama/llama3"));
    }

    #[test]
    fn a_model_of_no_known_maker_is_suggested_with_its_providers() {
        let error =
            profile("").unwrap().target("gpt-oss-120b", &LoadOptions { env: &EnvVars::default(), long_lived: false });
        let hint = error.unwrap_err().hint;
        assert!(hint.starts_with("one of `") && hint.contains("cerebras/gpt-oss-120b"), "{hint}");
        assert!(hint.matches('`').count() == 2 * CANDIDATES, "{hint}");
    }

    #[test]
    fn a_model_with_the_name_of_its_maker_in_front_is_suggested() {
        let error = profile("")
            .unwrap()
            .target("moonshotai-x/kimi", &LoadOptions { env: &EnvVars::default(), long_lived: false });
        assert!(error.unwrap_err().to_string().starts_with("unknown provider `moonshotai-x`"));
        let error = profile("")
            .unwrap()
            .target("zai-org/GLM-5.2", &LoadOptions { env: &EnvVars::default(), long_lived: false });
        assert!(error.unwrap_err().hint.contains("/zai-org/GLM-5.2`"));
    }

    #[test]
    fn a_misspelt_model_is_suggested_with_its_provider() {
        check("", "gpt4o", Err("unknown group `gpt4o`\nhint: did you mean `openai/gpt-4o`?"));
    }

    #[test]
    fn a_model_that_the_profile_has_elsewhere_is_ambiguous() {
        let elsewhere = "{ model = \"openrouter/gpt-4o\" }";
        let Err(text) =
            profile(elsewhere).unwrap().target("gpt-4o", &LoadOptions { env: &EnvVars::default(), long_lived: false })
        else {
            panic!("the provider is ambiguous");
        };
        assert!(text.hint.starts_with("one of `openrouter/gpt-4o`, `openai/gpt-4o`"), "{}", text.hint);
        let both = "{ model = \"openrouter/gpt-4o\" }, { model = \"openai/gpt-4o\" }";
        check(both, "gpt-4o", Ok("openai/gpt-4o"));
    }

    #[test]
    fn a_profile_may_name_models_without_their_provider() {
        let profile = profile("{ model = \"gpt-4o\" }").unwrap();
        assert_eq!(profile.map.deployments[1].name, "openai/gpt-4o");
        assert!(profile.map.deployments[1].price.is_some());
    }

    #[test]
    fn an_unknown_model_of_a_profile_is_a_mistake_with_a_suggestion() {
        let error = profile("{ model = \"gtp-4o\" }").unwrap_err();
        assert_eq!(error, "`gtp-4o` is not a `PROVIDER/MODEL`\nhint: did you mean `openai/gpt-4o`?");
    }
}
