use super::*;

fn check(vars: &[(&str, &str)], text: &str, want: Result<(&str, &str), &str>) {
    let vars: EnvVars = vars.iter().copied().collect();
    let text = format!("{text}\n[groups.main]\ndeployments = [{{ model = \"vertex/gemini-2.5-pro\" }}]");
    let profile = Profile::parse(Source::Demo, &text, &LoadOptions { env: &vars, long_lived: false });
    let got = profile.map(|profile| (profile.endpoints[0].base_url.to_string(), profile.keys[0].to_string()));
    let got = got.map_err(|error| error.diagnostics[0].message.clone());
    assert_eq!(got.as_ref().map(|(url, key)| (url.as_str(), key.as_str())).map_err(String::as_str), want);
}

#[test]
fn the_profile_comes_before_the_environment() {
    let vars = [("GOOGLE_CLOUD_PROJECT", "env"), ("GOOGLE_CLOUD_LOCATION", "us")];
    let us = "https://aiplatform.us.rep.googleapis.com/v1/projects/env/locations/us";
    check(&vars, "", Ok((us, "adc:")));
    let eu = "https://aiplatform.eu.rep.googleapis.com/v1/projects/mine/locations/eu";
    check(&vars, "[providers.vertex]\nproject = \"mine\"\nlocation = \"eu\"", Ok((eu, "adc:")));
    check(&[], "[providers.vertex]\nlocation = \"a b\"", Err("`a b` is not a location"));
}

#[test]
fn a_google_token_is_only_sent_to_google() {
    let other = "[providers.vertex]\nproject = \"p\"\nbase_url = \"https://gateway.example\"";
    let url = "https://gateway.example/v1/projects/p/locations/global";
    check(&[], other, Ok((url, "no key")));
    check(&[], &format!("{other}\napi_key = \"adc:\""), Ok((url, "adc:")));
    let own = "[providers.vertex]\nbase_url = \"https://us-east5-aiplatform.googleapis.com/v1/projects/q/locations/us-east5\"";
    check(&[], own, Ok(("https://us-east5-aiplatform.googleapis.com/v1/projects/q/locations/us-east5", "adc:")));
}

#[test]
fn without_a_project_there_is_no_key() {
    let profile = parse("[groups.main]\ndeployments = [{ model = \"vertex/gemini-2.5-pro\" }]").unwrap();
    let why = profile.map.deployments[0].no_key.as_deref();
    assert_eq!(why, Some("no project: GOOGLE_CLOUD_PROJECT is not set"));
}

#[test]
fn a_file_of_credentials_that_is_missing_is_no_key() {
    let text = "[providers.vertex]\nproject = \"p\"\napi_key = \"adc:/nowhere.json\"\n\
         [groups.main]\ndeployments = [{ model = \"vertex/gemini-2.5-pro\" }]";
    let why = parse(text).unwrap().map.deployments[0].no_key.clone();
    assert_eq!(why.as_deref(), Some("credentials file /nowhere.json does not exist"));
}

#[test]
fn a_project_is_only_for_vertex() {
    assert_eq!(
        first_error(&format!("{LAB}project = \"p\"\n[groups.main]\ndeployments = [{{ model = \"lab/a\" }}]")),
        "`project` is only for `protocol = \"vertex\"`"
    );
}
