//! One listed model: the data of a table or of the profile, with their sources.

use serde_json::{Value, json};

use llmroute_core::catalog::models::{Model, Origin, Reasoning, Source, Status};
use llmroute_core::model::Price;
use llmroute_router::profile::{ModelTable, Profile};

/// One model at one provider.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ModelEntry {
    /// The provider.
    pub provider: String,
    /// The model as the provider calls it.
    pub model: String,
    /// The row of a table; `None` if only the profile has the model.
    known: Option<Model>,
    /// The overrides of the profile.
    said: ProfileValues,
    /// Its lifecycle status today, if known.
    status: Option<Status>,
}

/// The data of a model in the profile.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct ProfileValues {
    price: Option<Price>,
    context_window: Option<u64>,
}

/// The models with data in the profile, then those of the tables, with their status on `today`.
pub(crate) fn all(profile: Option<&Profile>, facts: &ModelTable, today: &str) -> Vec<ModelEntry> {
    let mut entries: Vec<ModelEntry> = Vec::new();
    for deployment in profile.iter().flat_map(|profile| &profile.map.deployments) {
        let known = facts.find(&deployment.provider, &deployment.model);
        let by_table =
            (known.as_ref().and_then(|model| model.price), known.as_ref().and_then(|model| model.context_window));
        let said = ProfileValues {
            price: deployment.price.filter(|price| Some(*price) != by_table.0),
            context_window: deployment.context_window.filter(|window| Some(*window) != by_table.1),
        };
        let (provider, model) = (deployment.provider.clone(), deployment.model.clone());
        let status = known.as_ref().map(|model| model.status_on(today));
        let entry = ModelEntry { provider, model, known, said, status };
        if (entry.known.is_none() || entry.said != ProfileValues::default()) && !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    let tables = facts.all().into_iter().filter_map(|(key, model)| {
        let (provider, name) = key.split_once('/')?;
        Some(ModelEntry {
            provider: provider.to_owned(),
            model: name.to_owned(),
            status: Some(model.status_on(today)),
            known: Some(model),
            said: ProfileValues::default(),
        })
    });
    entries.extend(tables);
    entries
}

impl ModelEntry {
    /// `provider/model`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }

    /// The price of its tokens, if known.
    pub(crate) fn price(&self) -> Option<Price> {
        self.said.price.or_else(|| self.known.as_ref()?.price)
    }

    /// The context window in tokens, if known.
    pub(crate) fn context_window(&self) -> Option<u64> {
        self.said.context_window.or_else(|| self.known.as_ref()?.context_window)
    }

    /// The output limit in tokens, if known.
    pub(crate) fn max_output(&self) -> Option<u64> {
        self.known.as_ref()?.max_output
    }

    /// Its capabilities, in words.
    pub(crate) fn capabilities(&self) -> Vec<&'static str> {
        let Some(model) = &self.known else { return Vec::new() };
        let all = [
            ("vision", model.vision),
            ("pdf", model.pdf),
            ("audio", model.audio),
            ("tools", model.tools),
            ("schema", model.json_schema),
            ("reasoning", model.reasoning != Reasoning::No),
        ];
        all.into_iter().filter(|(_, has)| *has).map(|(word, _)| word).collect()
    }

    /// Its lifecycle status, if known.
    pub(crate) fn status(&self) -> Option<&'static str> {
        self.status.map(|status| match status {
            Status::Current => "current",
            Status::Beta => "beta",
            Status::Deprecated => "deprecated",
            Status::Retired => "retired",
        })
    }

    /// The source and date of the limits, then of the price if that differs.
    pub(crate) fn source(&self) -> String {
        let (rest, price) = (self.rest_source(), self.price_source());
        match price {
            Some(price) if price != rest => format!("{rest}, price {price}"),
            Some(_) | None => rest,
        }
    }

    fn rest_source(&self) -> String {
        match (&self.known, self.said.context_window) {
            (Some(model), None) => model.source.to_string(),
            (Some(model), Some(_)) => format!("profile and {}", model.source),
            (None, _) => "profile".to_owned(),
        }
    }

    fn price_source(&self) -> Option<String> {
        match (self.said.price, &self.known) {
            (Some(_), _) => Some("profile".to_owned()),
            (None, Some(model)) => model.price.map(|_| model.price_source.to_string()),
            (None, None) => None,
        }
    }

    /// One object; prices in USD per million tokens.
    pub(crate) fn json(&self) -> Value {
        let known = self.known.as_ref();
        let window_source = match self.said.context_window {
            Some(_) => profile_source(),
            None => known.map_or(Value::Null, |model| source(&model.source)),
        };
        let price_source = match self.said.price {
            Some(_) => profile_source(),
            None => known.map_or(Value::Null, |model| source(&model.price_source)),
        };
        json!({
            "provider": self.provider,
            "model": self.model,
            "price": self.price().map(|price| price_json(&price, &price_source)),
            "context_window": self.context_window(),
            "context_window_source": self.context_window().map(|_| window_source),
            "max_input": known.and_then(|model| model.max_input),
            "max_output": self.max_output(),
            "capabilities": known.map(|_| self.capabilities()),
            "status": self.status(),
            "shutdown": known.and_then(|model| model.shutdown.as_deref()),
            "successor": known.and_then(|model| model.successor.as_deref()),
            "source": known.map_or_else(profile_source, |model| source(&model.source)),
        })
    }
}

fn price_json(price: &Price, source: &Value) -> Value {
    let tier = price.tier.map(|tier| {
        json!({
            "over_tokens": tier.over,
            "input": per_million(tier.input),
            "output": per_million(tier.output),
            "cache_read": per_million(tier.cache_read),
            "cache_write": per_million(tier.cache_write),
            "cache_write_1h": per_million(tier.cache_write_1h),
        })
    });
    json!({
        "input": per_million(price.input),
        "output": per_million(price.output),
        "cache_read": per_million(price.cache_read),
        "cache_write": per_million(price.cache_write),
        "cache_write_1h": per_million(price.cache_write_1h),
        "long_prompt": tier,
        "source": source,
    })
}

fn source(source: &Source) -> Value {
    let from = match source.origin {
        Origin::Builtin => "builtin",
        Origin::ModelsDev => "models.dev",
    };
    json!({"from": from, "as_of": source.as_of})
}

fn profile_source() -> Value {
    json!({"from": "profile", "as_of": null})
}

/// Converts USD per token to USD per million, without rounding noise.
pub(crate) fn per_million(price: f64) -> f64 {
    (price * 1e6 * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    pub(crate) use llmroute_router::profile::{EnvVars, LoadOptions, Source as Place};

    /// The entries of `lab` and of `openai/gpt-4o` with these deployments.
    fn of(deployments: &str) -> Vec<ModelEntry> {
        let text = format!(
            "[providers.lab]\nprotocol = \"openai\"\nbase_url = \"http://127.0.0.1:9\"\n\
             [groups.main]\ndeployments = [{deployments}]\n"
        );
        let vars = EnvVars::default();
        let profile = Profile::parse(Place::Demo, &text, &LoadOptions { env: &vars, long_lived: false }).unwrap();
        let all = all(Some(&profile), &ModelTable::from_env(&vars), "2026-11-21");
        all.into_iter().filter(|entry| ["lab/a", "openai/gpt-4o"].contains(&entry.name().as_str())).collect()
    }

    #[track_caller]
    fn check(deployments: &str, want: &[(&str, &str)]) {
        let found = of(deployments);
        let found: Vec<(String, String)> = found.iter().map(|entry| (entry.name(), entry.source())).collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, source)| (name.as_str(), source.as_str())).collect();
        assert_eq!(found, want);
    }

    const BUILTIN: (&str, &str) = ("openai/gpt-4o", "builtin 2026-11-21");

    #[test]
    fn a_model_of_the_profile_that_no_table_knows_is_listed() {
        check("{ model = \"lab/a\" }", &[("lab/a", "profile"), BUILTIN]);
    }

    #[test]
    fn a_model_of_which_the_profile_says_nothing_is_listed_once() {
        check("{ model = \"openai/gpt-4o\" }", &[BUILTIN]);
    }

    #[test]
    fn each_fact_names_its_source() {
        let price = "input_cost_per_token = 0.0, output_cost_per_token = 0.0";
        check(
            &format!("{{ model = \"openai/gpt-4o\", {price} }}"),
            &[("openai/gpt-4o", "builtin 2026-11-21, price profile"), BUILTIN],
        );
        check(
            "{ model = \"openai/gpt-4o\", context_window = 5 }",
            &[("openai/gpt-4o", "profile and builtin 2026-11-21, price builtin 2026-11-21"), BUILTIN],
        );
    }

    #[test]
    fn json_has_every_fact_with_its_source() {
        let entry = &of("{ model = \"openai/gpt-4o\", context_window = 5 }")[0];
        let json = entry.json();
        assert_eq!(json["price"]["input"], json!(2.5));
        assert_eq!(json["price"]["cache_read"], json!(1.25));
        assert_eq!(json["price"]["source"], json!({"from": "builtin", "as_of": "2026-11-21"}));
        assert_eq!(json["context_window_source"]["from"], json!("profile"));
        assert_eq!((&json["context_window"], &json["status"]), (&json!(5), &json!("deprecated")));
        assert!(json["capabilities"].as_array().unwrap().contains(&json!("vision")));
    }

    #[test]
    fn what_only_the_profile_knows_is_shown() {
        let price = "input_cost_per_token = 0.000001, output_cost_per_token = 0.000002";
        let entry = &of(&format!("{{ model = \"lab/a\", context_window = 5, {price} }}"))[0];
        assert_eq!((entry.context_window(), entry.price()), (Some(5), Some(Price::flat(1e-6, 2e-6))));
        assert_eq!(entry.source(), "profile");
    }

    #[test]
    fn what_is_not_known_is_null() {
        let json = of("{ model = \"lab/a\" }")[0].json();
        for key in ["price", "context_window", "max_output", "capabilities", "status"] {
            assert_eq!(json[key], Value::Null, "{key}");
        }
    }
}
