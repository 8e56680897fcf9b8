use super::*;

#[test]
fn a_profile_needs_a_group() {
    assert_eq!(first_error(""), "the profile has no group");
    assert_eq!(first_error("version = 1\n[router]\n"), "the profile has no group");
}

#[test]
fn several_groups_need_a_default_or_a_name() {
    let text = format!(
        "{LAB}[groups.a]\ndeployments = [{{ model = \"lab/a\" }}]\n[groups.b]\ndeployments = [{{ model = \"lab/a\" }}]"
    );
    let profile = parse(&text).unwrap();
    assert_eq!(profile.notes.len(), 1);
    assert_eq!(profile.notes[0].severity, Severity::Note);
    let error = profile.default_group().unwrap_err().to_string();
    let want = "the profile has several groups and does not set `default_group`\nhint: name a group: one of `a`, `b`";
    assert_eq!(error, want);
    assert_eq!(parse(&format!("default_group = \"b\"\n{text}")).unwrap().default_group(), Ok(GroupId(1)));
}

#[test]
fn a_malformed_key_concerns_its_deployments_only() {
    let vars = EnvVars::from_iter([("BAD", "sk-x\nsk-y"), ("PADDED", " sk-a\r\n")]);
    let text = format!(
        "{LAB}[groups.main]\ndeployments = [{{ model = \"lab/a\", api_key = \"env:BAD\" }}, \
         {{ model = \"lab/b\", api_key = \"env:PADDED\" }}]"
    );
    let profile = Profile::parse(Source::Demo, &text, &LoadOptions { env: &vars, long_lived: false }).unwrap();
    let reasons: Vec<_> = profile.map.deployments.iter().map(|deployment| deployment.no_key.as_deref()).collect();
    assert_eq!(reasons, [Some("BAD: the key contains a line break"), None]);
}

#[test]
fn a_wildcard_is_not_a_model() {
    let error = first_error("[groups.main]\ndeployments = [{ model = \"openai/*\" }]");
    assert_eq!(error, "`openai/*` is a wildcard, not a model");
}

/// The first mistake and its advice, for a key with this name in a deployment, a provider or at the top.
fn advice(place: &str, key: &str) -> (String, String) {
    let (top, provider, deployment) = match place {
        "top" => (format!("{key} = 1\n"), String::new(), String::new()),
        "provider" => (String::new(), format!("{key} = 1\n"), String::new()),
        _ => (String::new(), String::new(), format!(", {key} = 1")),
    };
    let text = format!("{top}{LAB}{provider}[groups.main]\ndeployments = [{{ model = \"lab/a\"{deployment} }}]");
    let error = parse(&text).unwrap_err().diagnostics[0].clone();
    (error.label.unwrap_or_default(), error.help.unwrap_or_default())
}

#[test]
fn names_of_litellm_are_translated() {
    let said = |label: &str, help: &str| (label.to_owned(), help.to_owned());
    assert_eq!(advice("provider", "api_base"), said("did you mean `base_url`?", ""));
    let elsewhere = "`base_url` belongs in [providers.NAME]";
    assert_eq!(advice("deployment", "api_base"), said("it is `base_url` here", elsewhere));
    assert_eq!(advice("deployment", "stream_timeout"), said("did you mean `first_token_timeout`?", ""));
    assert_eq!(advice("deployment", "max_budget"), said("did you mean `budget`?", ""));
    let elsewhere = "`num_retries` belongs in [router] or [groups.NAME]";
    assert_eq!(advice("deployment", "max_retries"), said("it is `num_retries` here", elsewhere));
    let elsewhere = "`max_wait` belongs in [router] or [groups.NAME]";
    assert_eq!(advice("deployment", "retry_after"), said("it is `max_wait` here", elsewhere));
    assert!(advice("top", "model_list").1.contains("[groups.NAME]"));
    assert!(advice("deployment", "litellm_params").1.contains("in the deployment itself"));
    let custom = "[providers.x]\nprotocol = \"custom\"\nbase_url = \"http://127.0.0.1\"\n[groups.main]\ndeployments = [{ model = \"x/a\" }]";
    assert_eq!(parse(custom).unwrap_err().diagnostics[0].help.as_deref(), Some("did you mean `openai`?"));
}

#[test]
fn a_disabled_deployment_is_in_no_group() {
    let group = "[groups.main]\ndeployments = [{ model = \"lab/a\", enabled = false }, { model = \"lab/b\" }]";
    let profile = lab(group);
    assert_eq!(profile.map.groups[0].members.len(), 1);
    assert_eq!(profile.notes[0].message, "`lab/a` is disabled in group `main`");
    let mut profile = lab(&format!("enabled = false\n{group}"));
    assert_eq!(profile.map.groups[0].members.len(), 0);
    let vars = vars();
    let error = profile.target("lab/c", &LoadOptions { env: &vars, long_lived: false }).unwrap_err();
    assert_eq!(error.message, "provider `lab` is disabled in the profile");
}

#[test]
fn a_duplicate_name_says_what_differs() {
    let error = |other: &str| {
        first_error(&format!(
            "{LAB}[groups.main]\ndeployments = [{{ model = \"lab/a\", name = \"twin\" }}]\n\
             [groups.b]\ndeployments = [{{ {other}, name = \"twin\" }}]"
        ))
    };
    assert_eq!(error("model = \"lab/b\""), "duplicate name `twin`: it is already that of `lab/a`");
    let want = "duplicate name `twin`: it is already that of `lab/a` with another api_key, params";
    assert_eq!(error("model = \"lab/a\", api_key = \"env:A\", params = { seed = 1 }"), want);
}

#[test]
fn a_cooldown_of_zero_turns_cooldowns_off() {
    let profile = lab("[groups.main]\ncooldown_time = 0\ndeployments = [{ model = \"lab/a\" }]");
    assert_eq!(profile.map.groups[0].policy.cooldown, Duration::ZERO);
}

#[test]
fn values_of_unknown_fields_and_queries_are_not_shown() {
    for (provider, secret) in [
        ("bearer = \"hunter2\"", "hunter2"),
        ("pat = [\"hunter2\"]", "hunter2"),
        ("auth = \"\"\"\nhunter2\n\"\"\"", "hunter2"),
        ("query = { k = \"v\" }\nbase_url = \"https://x.example/?sig=hunter2\"", "hunter2"),
    ] {
        let text = format!(
            "[providers.x]\nprotocol = \"openai\"\n{provider}\n[groups.main]\ndeployments = [{{ model = \"x/a\" }}]"
        );
        let shown = parse(&text).unwrap_err().render(false);
        assert!(!shown.contains(secret), "{shown}");
    }
    let slip = "[groups.main]\ndeployments = [{ modle = \"lab/a\" }]";
    assert!(parse(slip).unwrap_err().render(false).contains("lab/a"));
}

#[test]
fn many_mistakes_in_one_line_take_linear_time() {
    let time = |count: usize| {
        let fields: String = (0..count).map(|index| format!("f{index} = 1, ")).collect();
        let text = format!("{LAB}[groups.main]\ndeployments = [{{ {fields} model = \"lab/a\" }}]");
        parse(&text).unwrap_err().render(false).len()
    };
    assert!(time(4_000) < 4_500_000, "{}", time(4_000));
}

#[test]
fn weights_must_not_all_be_zero() {
    let text = format!("{LAB}[groups.main]\ndeployments = [{{ model = \"lab/a\", weight = 0 }}]");
    assert_eq!(first_error(&text), "every weight in group `main` is 0: no deployment would be called");
}

fn words() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "[groups.main]",
        "[providers.lab]",
        "[router]",
        "[[groups.main.rules]]",
        "deployments",
        "model",
        "api_key",
        " = ",
        "{ ",
        " }",
        "[",
        "]",
        ", ",
        "\n",
        "\"",
        "'",
        "\"lab/a\"",
        "\"env:A\"",
        "5",
        "-1",
        "nan",
        "1e400",
        "\"5s\"",
        "true",
        "é",
        "\u{1b}",
        "\0",
        "fallbacks",
        "[\"main\"]",
        "base_url",
        "\"http://a:b@c\"",
        "protocol",
        "\"openai\"",
        "\"mock\"",
        "timeout",
        "complexity_router",
        "use",
        "#",
        ".",
        "1979-05-27",
        "headers",
        "params",
        "default_group",
        "\"main\"",
        "0x7fffffffffffffffff",
        "faults",
        "\"503\"",
        "\r",
        "\t",
        "\\u0000",
        "\"\"\"",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_ends_the_program(text in prop_oneof![words(), ".{0,200}"]) {
        match parse(&text) {
            Ok(profile) => drop(profile.render_notes(true)),
            Err(error) => drop(error.render(false)),
        }
    }

    #[test]
    fn no_edit_of_a_profile_ends_the_program(at in 0..DEMO.len(), piece in words()) {
        prop_assert!(DEMO.is_ascii());
        let text = format!("{}{piece}{}", &DEMO[..at], &DEMO[at..]);
        match parse(&text) {
            Ok(profile) => drop(profile.render_notes(true)),
            Err(error) => drop(error.render(true)),
        }
    }
}
