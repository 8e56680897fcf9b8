//! Providers whose address, key or query comes from the environment.

use crate::profile::{EnvVars, LoadOptions, Profile, Source};
pub use llmroute_core::model::KeySource;

/// Asks for `model` with a profile of `text`; the base URL, the query and the variables of the key.
fn check(text: &str, model: &str, set: &[(&str, &str)], want: Result<(&str, &str, &str), &str>) {
    let vars = EnvVars::from_iter(set.iter().copied());
    let inputs = LoadOptions { env: &vars, long_lived: false };
    let text = format!("{text}\n[groups.main]\ndeployments = [{{ model = {model:?} }}]\n");
    let got = Profile::parse(Source::Demo, &text, &inputs).map(|profile| {
        let endpoint = &profile.endpoints[0];
        let query: Vec<String> = endpoint.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let keys = match &profile.keys[0] {
            KeySource::Env(names) => names.join(" "),
            KeySource::None => String::new(),
            other => panic!("{other:?}"),
        };
        (endpoint.base_url.to_string(), query.join("&"), keys)
    });
    let got = got.map_err(|error| error.diagnostics[0].message.clone());
    let want = want.map(|(base, query, keys)| (base.to_owned(), query.to_owned(), keys.to_owned()));
    assert_eq!(got, want.map_err(str::to_owned), "{model} {set:?}");
}

const KEYS: &str = "AZURE_OPENAI_API_KEY AZURE_API_KEY AZURE_OPENAI_AD_TOKEN";

#[test]
fn an_address_of_an_account_comes_from_variables() {
    let whole = ("AZURE_OPENAI_ENDPOINT", "https://me.openai.azure.com/");
    check("", "azure/a", &[whole], Ok(("https://me.openai.azure.com/", "", KEYS)));
    check("", "azure/a", &[("AZURE_RESOURCE_NAME", "me")], Ok(("https://me.openai.azure.com/", "", KEYS)));
    let set = [("DATABRICKS_HOST", "https://dbc.cloud.example")];
    check("", "databricks/a", &set, Ok(("https://dbc.cloud.example/serving-endpoints", "", "DATABRICKS_TOKEN")));
    let missing = "the address of `azure` is not known: AZURE_RESOURCE_NAME is not set";
    check("", "azure/a", &[], Err(missing));
    check("", "azure/a", &[("AZURE_RESOURCE_NAME", "")], Err(missing));
}

#[test]
fn the_environment_may_set_the_query_and_the_profile_may_change_it() {
    let set = [("AZURE_RESOURCE_NAME", "me"), ("OPENAI_API_VERSION", "2024-10-21")];
    check("", "azure/a", &set, Ok(("https://me.openai.azure.com/", "api-version=2024-10-21", KEYS)));
    let own = "[providers.azure]\nquery = { api-version = \"preview\", a = \"b\" }";
    check(own, "azure/a", &set, Ok(("https://me.openai.azure.com/", "api-version=preview&a=b", KEYS)));
    check("", "azure-responses/a", &set, Ok(("https://me.openai.azure.com/", "", KEYS)));
    let wrong = "[providers.azure]\nquery = { a = 1 }";
    check(wrong, "azure/a", &set, Err("expected text, found integer"));
}

#[test]
fn a_key_goes_to_its_own_provider_and_to_no_other() {
    let at = |base: &str| format!("[providers.azure]\nbase_url = {base:?}");
    for base in ["https://me.openai.azure.com/openai/v1", "https://me.services.ai.azure.com/openai/v1"] {
        check(&at(base), "azure/a", &[], Ok((base, "", KEYS)));
    }
    check(&at("https://me.example/openai"), "azure/a", &[], Ok(("https://me.example/openai", "", "")));
}
