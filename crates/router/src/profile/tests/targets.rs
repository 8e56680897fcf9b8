use super::*;

fn check(name: &str, want: Result<&str, &str>) {
    let mut profile = lab("api_key = \"env:A\"\n[router]\nhedge = \"p95\"\nnum_retries = 7\n\
         [groups.main]\ndeployments = [{ model = \"lab/a\" }]");
    let vars = vars();
    let inputs = LoadOptions { env: &vars, long_lived: false };
    let got = profile.target(name, &inputs);
    let again = profile.target(name, &inputs);
    assert_eq!(got, again);
    let got = got.map(|id| profile.map.group(id).name.clone()).map_err(|problem| problem.to_string());
    assert_eq!(got.as_deref().map_err(String::as_str), want);
    assert!(profile.map.groups.iter().all(|group| group.policy.num_retries == 7));
    assert_eq!(profile.endpoints.len(), profile.map.deployments.len());
    assert_eq!(profile.keys.len(), profile.map.deployments.len());
}

#[test]
fn a_group() {
    check("main", Ok("main"));
}

#[test]
fn a_model_at_a_provider() {
    check("lab/b", Ok("lab/b"));
    check("lab/org/model:free", Ok("lab/org/model:free"));
}

#[test]
fn a_misspelt_group_or_provider() {
    check("mian", Err("unknown group `mian`\nhint: did you mean `main`?"));
    check("lob/a", Err("unknown provider `lob`\nhint: did you mean `lab`?"));
    check("a", Err("unknown group `a`\nhint: did you mean `lab/a`?"));
    check("xyz", Err("unknown group `xyz`\nhint: one of `main`, or `PROVIDER/MODEL`"));
}

#[test]
fn no_model() {
    check(
        "lab/",
        Err("`lab/` is not a `PROVIDER/MODEL`\nhint: write the provider, a slash and the model, like `openai/gpt-4o`"),
    );
}
