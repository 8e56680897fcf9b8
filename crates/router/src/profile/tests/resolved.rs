use super::*;

#[test]
fn the_nearest_table_wins() {
    let profile = lab("[router]\ntimeout = 50\nidle_timeout = 5\n[groups.main]\ntimeout = 40\n\
         deployments = [{ model = \"lab/a\", timeout = \"30s\" }, { model = \"lab/b\" }]");
    let timeouts = |n: usize| profile.map.groups[0].members[n].timeouts;
    assert_eq!(timeouts(0).attempt, Duration::from_secs(30));
    assert_eq!(timeouts(1).attempt, Duration::from_secs(40));
    assert_eq!(timeouts(1).idle, Duration::from_secs(5));
    assert_eq!(timeouts(1).connect, Duration::from_secs(5));
    assert_eq!(timeouts(1).first_token, Duration::from_secs(30));
}

#[test]
fn a_rule_has_no_fallbacks_but_its_own() {
    let profile = lab("[router]\nrule_env = [\"A\"]\ndefault_fallbacks = [\"open\"]\n\
         [groups.main]\ndeployments = [{ model = \"lab/a\" }]\n\
         [[groups.main.rules]]\nwhen = \"has_image\"\nuse = \"shut\"\nfallbacks = [\"more\"]\n\
         [groups.shut]\ndeployments = [{ model = \"lab/b\", tags = [\"eu\"] }]\n\
         [groups.more]\nfallbacks = [\"open\"]\ndeployments = [{ model = \"lab/c\" }]\n\
         [groups.open]\nfallbacks = []\ndeployments = [{ model = \"lab/d\" }]");
    let rule = &profile.map.rules.all[0];
    let target = profile.map.group(rule.target);
    assert_eq!((rule.group.as_str(), rule.number, target.name.as_str()), ("main", 1, "shut"));
    assert_eq!(target.members[0].tags, ["eu"]);
    let more = profile.map.group(target.fallbacks[0]);
    assert_eq!((target.fallbacks.len(), more.name.as_str(), more.fallbacks.len()), (1, "more", 0));
    assert_eq!(profile.map.rules.env.keys().collect::<Vec<_>>(), ["A"]);
    assert_eq!(profile.unbuilt(GroupId(0)), None);
}

/// The warnings on a profile, one line each.
fn warnings(rest: &str) -> Vec<String> {
    let vars = vars();
    let warnings = lab(rest).lint(&LoadOptions { env: &vars, long_lived: false });
    assert!(warnings.iter().all(|warning| warning.severity == Severity::Warning && warning.span.is_some()));
    warnings.into_iter().map(|warning| warning.message).collect()
}

#[test]
fn a_fallback_with_a_smaller_window_is_warned_about() {
    let groups = |small: u32, large: u32| {
        format!(
            "[groups.main]\nfallbacks = [\"small\"]\ncontext_window_fallbacks = [\"large\"]\n\
             deployments = [{{ model = \"lab/a\", context_window = 1000 }}]\n\
             [groups.small]\ndeployments = [{{ model = \"lab/b\", context_window = {small} }}]\n\
             [groups.large]\ndeployments = [{{ model = \"lab/c\", context_window = {large} }}]"
        )
    };
    assert_eq!(warnings(&groups(1000, 2000)), [""; 0]);
    let want = [
        "fallback `small` takes 500 tokens and `main` takes 1000: longer prompts have no fallback",
        "`large` takes 1000 tokens and `main` takes 1000: it is not larger, so it never helps",
    ];
    assert_eq!(warnings(&groups(500, 1000)), want);
}

#[test]
fn a_known_service_under_another_name_is_that_service() {
    let of = |host: &str| {
        let profile = lab(&format!(
            "[providers.work]\nprotocol = \"openai\"\nbase_url = \"https://{host}/v1\"\napi_key = \"env:A\"\n\
             [groups.main]\ndeployments = [{{ model = \"work/gpt-5-mini\" }}]"
        ));
        let id = profile.map.groups[0].members[0].deployment;
        let (endpoint, deployment) = (&profile.endpoints[id.0], profile.map.deployment(id));
        (endpoint.quirks.max_completion_tokens, deployment.price.is_some(), deployment.provider.clone())
    };
    assert_eq!(of("api.openai.com"), (true, true, "work".to_owned()));
    assert_eq!(of("proxy.example"), (false, false, "work".to_owned()));
}

#[test]
fn quirks_can_be_overridden() {
    let asks = |provider: &str, deployment: &str| {
        let text = format!("{LAB}{provider}\n[groups.main]\ndeployments = [{{ model = \"lab/a\"{deployment} }}]");
        parse(&text).unwrap_or_else(|error| panic!("{error}")).endpoints[0].quirks.stream_options
    };
    assert!(asks("", ""));
    assert!(!asks("stream_usage = false", ""));
    assert!(asks("stream_usage = false", ", stream_usage = true"));
}

#[test]
fn a_model_that_needs_another_protocol_for_tools_uses_it() {
    pub use llmroute_core::protocols::Protocol;

    let of = |provider: &str, model: &str| {
        let text = format!("{provider}\n[groups.main]\ndeployments = [{{ model = \"openai/{model}\" }}]");
        let profile = parse(&text).unwrap_or_else(|error| panic!("{error}"));
        (profile.endpoints[0].protocol, profile.map.deployments[0].capabilities.tools)
    };
    assert_eq!(of("", "gpt-6-astra"), (Protocol::Responses, Some(true)));
    assert_eq!(of("", "gpt-6-sol"), (Protocol::Responses, Some(true)));
    assert_eq!(of("", "gpt-5.5"), (Protocol::Responses, Some(true)));
    assert_eq!(of("", "gpt-5.4"), (Protocol::Openai, Some(true)));
    let written = "[providers.openai]\nprotocol = \"openai\"";
    assert_eq!(of(written, "gpt-6-astra"), (Protocol::Openai, Some(false)));
    assert_eq!(of(written, "gpt-6-sol"), (Protocol::Openai, Some(true)));
    let proxy = "[providers.openai]\nbase_url = \"https://proxy.example/v1\"";
    assert_eq!(of(proxy, "gpt-6-sol"), (Protocol::Openai, Some(true)));
}

#[test]
fn deployments_with_one_key_or_host_are_warned_about() {
    let keys = |a: &str, b: &str| {
        format!(
            "[groups.main]\ndeployments = [{{ model = \"lab/a\", api_key = \"env:{a}\" }}, \
             {{ model = \"lab/b\", api_key = \"env:{b}\" }}]"
        )
    };
    assert_eq!(warnings(&keys("A", "A")), ["`lab/a` and `lab/b` share one key: if one fails, the other fails too"]);
    assert_eq!(warnings(&keys("A", "B")), [""; 0]);
    let host = "[providers.alias]\nprotocol = \"openai\"\nbase_url = \"https://lab.example/v2\"\n\
         [groups.main]\ndeployments = [{ model = \"lab/a\" }, { model = \"alias/b\" }]";
    let want = "`lab/a` and `alias/b` share the host `lab.example`: if one fails, the other fails too";
    assert_eq!(warnings(host), [want]);
    let fallback = |rest: &str| {
        format!(
            "[groups.main]\nfallbacks = [\"b\"]\ndeployments = [{{ model = \"lab/a\", api_key = \"env:A\" }}]\n\
             [groups.b]\ndeployments = [{{ model = \"lab/b\", api_key = \"env:A\" }}{rest}]"
        )
    };
    assert_eq!(warnings(&fallback("")), ["fallback `b` shares one key with every deployment of `main`"]);
    assert_eq!(warnings(&fallback(", { model = \"openai/gpt-4o\", api_key = \"env:B\" }")), [""; 0]);
}

#[test]
fn a_missing_price_is_warned_about_if_the_strategy_needs_it() {
    let group = |strategy: &str| {
        format!("[groups.main]\nrouting_strategy = \"{strategy}\"\ndeployments = [{{ model = \"lab/a\" }}]")
    };
    let want = "the price of `lab/a` is not known, and `routing_strategy` depends on prices";
    assert_eq!(warnings(&group("cost-based-routing")), [want]);
    assert_eq!(warnings(&group("simple-shuffle")), [""; 0]);
}

#[test]
fn a_deadline_shorter_than_the_chain_is_warned_about() {
    let group = |deadline: u32| {
        format!(
            "[groups.main]\ndeadline = {deadline}\nfallbacks = [\"b\"]\ndeployments = [{{ model = \"lab/a\" }}]\n\
             [groups.b]\nfirst_token_timeout = 20\ndeployments = [{{ model = \"lab/b\" }}]"
        )
    };
    assert_eq!(warnings(&group(50)), [""; 0]);
    assert_eq!(warnings(&group(49)), ["`main` and its fallbacks may be silent for 50s, but the deadline is 49s"]);
}

#[test]
fn a_template_is_read_and_its_mistakes_are_reported() {
    let profile = lab("[groups.main]\ndeployments = [{ model = \"lab/a\" }]\n\
         [templates.sum]\nprompt = \"{{stdin}} in {{n}} {{ unit }}\"\nsystem = \"{{n}}\"\nmodel = \"lab/b\"\n\
         params = { temperature = 0 }");
    let template = profile.template("sum").unwrap();
    assert_eq!(template.places(), ["stdin", "n", "unit"]);
    assert_eq!((template.model.as_deref(), template.params.sampling.temperature), (Some("lab/b"), Some(0.0)));
    assert_eq!(profile.template("sun").unwrap_err().hint, "did you mean `sum`?");
    let group = "[groups.main]\ndeployments = [{ model = \"lab/a\" }]\n";
    let broken = |rest: &str| first_error(&format!("{LAB}{group}[templates.t]\n{rest}"));
    assert_eq!(broken("model = \"moin\""), "unknown group `moin`");
    assert_eq!(broken("system = \"{{stdin}}\""), "`{{stdin}}` can only stand in `prompt`");
    assert_eq!(broken("prompts = \"x\""), "unknown field `prompts`");
}

#[test]
fn a_server_on_loopback_has_more_time_for_the_first_token() {
    let text = "[providers.here]\nprotocol = \"openai\"\nbase_url = \"http://localhost:1/v1\"\n\
         [groups.main]\ndeployments = [{ model = \"here/a\" }]";
    let profile = parse(text).unwrap();
    assert_eq!(profile.map.groups[0].members[0].timeouts.first_token, Duration::from_secs(120));
    assert_eq!(profile.keys, [KeySource::None]);
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let documented = |kind: keys::TableKind| -> String {
        let key = |key: keys::Key| match key.default {
            keys::DefaultValue::Toml(value) => Some(format!("{} = {value}\n", key.name)),
            keys::DefaultValue::None | keys::DefaultValue::Words(_) => None,
        };
        kind.keys().into_iter().filter_map(key).collect()
    };
    let router = documented(keys::TableKind::Router);
    assert!(router.lines().count() > 10, "{router}");
    let deployments = "deployments = [{ model = \"lab/a\" }]";
    let unset = lab(&format!("[groups.main]\n{deployments}"));
    for set in [
        format!("[router]\n{router}[groups.main]\n{deployments}"),
        format!("[groups.main]\n{}{deployments}", documented(keys::TableKind::Group)),
        format!(
            "strict_params = false\n[groups.main]\n[[groups.main.deployments]]\nmodel = \"lab/a\"\n{}",
            documented(keys::TableKind::Deployment)
        ),
    ] {
        let set = lab(&set);
        assert_eq!(format!("{:?}", set.map), format!("{:?}", unset.map));
        assert_eq!(set.endpoints[0].overrides, unset.endpoints[0].overrides);
    }
}

#[test]
fn a_base_url_may_come_from_a_variable() {
    let address = |value: Option<&str>| {
        let vars: EnvVars = value.map(|value| ("LAB_URL", value)).into_iter().collect();
        let text = "[providers.lab]\nprotocol = \"openai\"\nbase_url = \"env:LAB_URL\"\n[groups.main]\n\
             deployments = [{ model = \"lab/a\" }, { model = \"openai/gpt-4o\", api_key = \"sk-1\" }]";
        let profile = Profile::parse(Source::Demo, text, &LoadOptions { env: &vars, long_lived: false }).unwrap();
        assert_eq!(profile.map.deployments[1].no_key, None);
        let shown = profile.show_text(&LoadOptions { env: &vars, long_lived: false }).unwrap();
        assert_eq!(
            shown.contains("base_url = \"env:LAB_URL\"  # provider"),
            value.is_none_or(|url| !url.contains("://"))
        );
        (profile.endpoints[0].base_url.to_string(), profile.map.deployments[0].no_key.clone())
    };
    assert_eq!(address(Some(" http://10.0.0.7/v1\n")), ("http://10.0.0.7/v1".to_owned(), None));
    assert_eq!(address(None).1.as_deref(), Some("LAB_URL is not set"));
    assert_eq!(address(Some("10.0.0.7/v1")).1.as_deref(), Some("`LAB_URL`: the base URL has no scheme"));
    let broken = first_error("[providers.lab]\nprotocol = \"openai\"\nbase_url = \"env:\"\n[groups.main]\n");
    assert_eq!(broken, "`env:` needs the name of a variable");
}

#[test]
fn a_group_comes_before_a_model_of_the_same_name() {
    let mut profile = lab("[groups.\"openai/gpt-4o\"]\nfallbacks = [\"a:b/c\"]\n\
         deployments = [{ model = \"lab/a\" }, { model = \"openai/gpt-4o\" }]\n\
         [groups.\"a:b/c\"]\ndeployments = [{ model = \"lab/b\" }]\n[groups.main]\nfallbacks = [\"openai/gpt-4o\"]\n\
         deployments = [{ model = \"lab/c\" }]");
    let vars = vars();
    let options = LoadOptions { env: &vars, long_lived: false };
    assert_eq!(profile.target("openai/gpt-4o", &options), Ok(GroupId(0)));
    assert_eq!(profile.map.groups[0].members.len(), 2);
    assert_eq!(profile.map.groups[0].fallbacks, [GroupId(1)]);
    assert_eq!(profile.map.groups[2].fallbacks, [GroupId(0)]);
    let notes = profile.lint(&options);
    let want = ["group `openai/gpt-4o` takes the place of the model `openai/gpt-4o`"];
    assert_eq!(notes.iter().map(|note| note.message.as_str()).collect::<Vec<_>>(), want);
    assert_eq!(notes[0].severity, Severity::Note);
    assert_eq!(first_error("[groups.\"a b\"]\n"), "a group name must not contain white space");
    assert_eq!(
        first_error("[providers.\"a/b\"]\nprotocol = \"mock\"\n[groups.main]\n"),
        "a provider name must not contain `/`"
    );
}

#[test]
fn the_policy_has_its_defaults() {
    let policy = lab("[groups.main]\ndeployments = [{ model = \"lab/a\" }]").map.groups[0].policy;
    assert_eq!(policy, Policy::default());
}

fn policy(settings: &str) -> Policy {
    lab(&format!("{settings}\ndeployments = [{{ model = \"lab/a\" }}]")).map.groups[0].policy
}

#[test]
fn failure_classes_have_our_names_and_litellms() {
    for names in [
        "{ timeout = 3, rate_limit = 0, default = 1 }",
        "{ TimeoutErrorRetries = 3, RateLimitErrorRetries = 0, DefaultRetries = 1 }",
    ] {
        let policy = policy(&format!("[groups.main]\nretry_policy = {names}"));
        assert_eq!(policy.num_retries, 1);
        assert_eq!(policy.retry_policy.get(Class::Timeout(TimeoutKind::Idle)), Some(3));
        assert_eq!(policy.retry_policy.get(Class::RateLimit), Some(0));
        assert_eq!(policy.retry_policy.get(Class::ServerError), None);
    }
    let policy = policy("[groups.main]\nallowed_fails_policy = { RateLimitErrorAllowedFails = 100 }");
    assert_eq!(policy.breaker(Some(Class::RateLimit)).allowed_of_class, Some(100));
    assert_eq!(policy.breaker(Some(Class::ServerError)).allowed_of_class, None);
}

#[test]
fn a_group_takes_the_routers_policies_or_its_own() {
    let router = "[router]\nretry_policy = { timeout = 3 }\nhedge = \"2s\"\nhedge_max_cost = 0.01\n[groups.main]";
    let inherited = policy(router);
    assert_eq!(inherited.retry_policy.get(Class::Timeout(TimeoutKind::Idle)), Some(3));
    let fixed = Delay::Fixed(Duration::from_secs(2));
    assert_eq!((inherited.hedge, inherited.hedge_max_cost), (Some(fixed), Some(0.01)));
    let own = policy(&format!("{router}\nretry_policy = {{ quota = 1 }}\nhedge = \"p90\""));
    assert_eq!(own.retry_policy.get(Class::Timeout(TimeoutKind::Idle)), None);
    assert_eq!((own.hedge, own.hedge_max_cost), (Some(Delay::Percentile(90)), Some(0.01)));
    assert_eq!(policy(&format!("{router}\nhedge = \"off\"")).hedge, None);
}

#[test]
fn a_misspelt_class_is_a_mistake_with_a_suggestion() {
    let group = |settings: &str| {
        let text = format!("{LAB}[groups.main]\n{settings}\ndeployments = [{{ model = \"lab/a\" }}]");
        let error = parse(&text).unwrap_err().diagnostics[0].clone();
        (error.message, error.help.unwrap_or_default())
    };
    let said = |message: &str, help: &str| (message.to_owned(), help.to_owned());
    assert_eq!(
        group("retry_policy = { timout = 3 }"),
        said("unknown failure class `timout`", "did you mean `timeout`?")
    );
    assert_eq!(
        group("allowed_fails_policy = { TimeoutErorAllowedFails = 3 }"),
        said("unknown failure class `TimeoutErorAllowedFails`", "did you mean `TimeoutErrorAllowedFails`?")
    );
    assert_eq!(group("allowed_fails_policy = { timeout = 0 }"), said("must be a whole number from 1 up", ""));
    assert_eq!(group("retry_policy = { timeout = 1, TimeoutErrorRetries = 2 }"), said("two numbers for `timeout`", ""));
    assert_eq!(group("hedge = \"p0\"").0, "`p0` is not a valid percentile; use `p1` to `p99`");
}

#[test]
fn a_number_without_effect_is_warned_about() {
    let profile =
        lab("[groups.main]\nretry_policy = { BadRequestErrorRetries = 1 }\ndeployments = [{ model = \"lab/a\" }]");
    assert_eq!(profile.notes[0].message, "a number for `bad_request` has no effect");
    assert_eq!(profile.notes[0].severity, Severity::Warning);
}

#[test]
fn a_shared_key_or_host_is_recognised() {
    let profile = lab(
        "[groups.main]\ndeployments = [{ model = \"lab/a\", api_key = \"env:A\" }, { model = \"lab/b\", api_key = \"sk-a\" }, \
         { model = \"lab/c\" }]",
    );
    let deployments = &profile.map.deployments;
    assert_eq!(deployments[0].credential, deployments[1].credential);
    assert!(!deployments[0].credential.contains("sk-a"));
    assert_eq!(deployments[2].credential, "");
    assert!(deployments.iter().all(|deployment| deployment.host == "lab.example:443"));
}

#[test]
fn a_long_lived_process_has_shorter_cooldowns() {
    let vars = vars();
    let text = format!("{LAB}[groups.main]\ndeployments = [{{ model = \"lab/a\" }}]");
    let profile = Profile::parse(Source::Demo, &text, &LoadOptions { env: &vars, long_lived: true }).unwrap();
    assert_eq!(profile.map.groups[0].policy.cooldown, Duration::from_secs(5));
}

#[test]
fn default_fallbacks_apply_to_groups_that_name_none() {
    let profile = lab("[router]\ndefault_fallbacks = [\"b\"]\n\
         [groups.main]\ndeployments = [{ model = \"lab/a\" }]\n\
         [groups.b]\ndeployments = [{ model = \"lab/b\" }]\n\
         [groups.c]\nfallbacks = []\ndeployments = [{ model = \"lab/c\" }]");
    let fallbacks = |n: usize| profile.map.groups[n].fallbacks.clone();
    assert_eq!((fallbacks(0), fallbacks(1), fallbacks(2)), (vec![GroupId(1)], vec![], vec![]));
}

#[test]
fn a_list_of_keys_is_one_deployment_each() {
    let profile = lab("[groups.main]\ndeployments = [\
         { model = \"lab/a\", weight = 1.0, api_key = [\"env:A\", \"env:B\", \"env:C\"] }]");
    let names: Vec<&str> = profile.map.deployments.iter().map(|deployment| deployment.name.as_str()).collect();
    assert_eq!(names, ["lab/a", "lab/a #2", "lab/a #3"]);
    assert_eq!(profile.map.deployments[2].no_key.as_deref(), Some("C is not set"));
    assert_eq!(profile.keys[1], KeySource::Env(vec!["B".into()]));
    assert_eq!(profile.map.groups[0].members[0].weight, Some(1.0 / 3.0));
    let mut states: Vec<&str> =
        profile.map.deployments.iter().map(|deployment| deployment.state_key.as_str()).collect();
    states.sort_unstable();
    states.dedup();
    assert_eq!(states.len(), 3);
    assert!(states.iter().all(|state| state.len() == 32));
}

#[test]
fn one_deployment_in_two_groups_is_one() {
    let profile = lab("[groups.main]\ndeployments = [{ model = \"lab/a\", weight = 2 }]\n\
         [groups.b]\ndeployments = [{ model = \"lab/a\", order = 3 }, { model = \"lab/a\", name = \"warm\", params = { temperature = 1 } }]");
    assert_eq!(profile.map.deployments.len(), 2);
    assert_eq!(profile.map.groups[1].members[0].order, 3);
    assert_eq!(profile.endpoints[1].params.sampling.temperature, Some(1.0));
}

#[test]
fn the_state_is_shared_by_profiles_with_the_same_key() {
    let state = |key: &str, url: &str| {
        let text = format!(
            "[providers.x]\nprotocol = \"openai\"\nbase_url = \"{url}\"\napi_key = \"{key}\"\n\
             [groups.main]\ndeployments = [{{ model = \"x/m\" }}]"
        );
        parse(&text).unwrap().map.deployments[0].state_key.clone()
    };
    assert_eq!(state("env:A", "https://lab.example/v1"), state("sk-a", "https://LAB.example/"));
    assert_ne!(state("env:A", "https://lab.example/v1"), state("env:B", "https://lab.example/v1"));
    assert_ne!(state("env:A", "https://lab.example/v1"), state("env:A", "https://other.example/v1"));
}

#[test]
fn prices_of_the_profile_are_prices() {
    let profile = lab("[groups.main]\ndeployments = [\
         { model = \"lab/a\", input_cost_per_token = 0.0, output_cost_per_token = 2e-6, context_window = 8192 }]");
    assert_eq!(profile.map.deployments[0].price, Some(llmroute_core::model::Price::flat(0.0, 2e-6)));
    assert_eq!(profile.map.deployments[0].context_window, Some(8192));
}

#[test]
fn headers_of_the_deployment_replace_those_of_its_provider() {
    let profile = lab("headers = { X-A = \"1\", X-B = \"2\" }\n\
         [groups.main]\ndeployments = [{ model = \"lab/a\", headers = { x-a = \"3\" } }]");
    let headers: Vec<(&str, &str)> =
        profile.endpoints[0].headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(headers, [("x-b", "2"), ("x-a", "3")]);
}

#[test]
fn a_key_of_the_catalog_does_not_go_to_another_host() {
    for row in llmroute_core::catalog::providers() {
        let text = format!(
            "[providers.{0}]\nbase_url = \"https://other.example/v1\"\n\
             [groups.main]\ndeployments = [{{ model = \"{0}/m\" }}]",
            row.id
        );
        assert_eq!(parse(&text).unwrap().keys, [KeySource::None], "{}", row.id);
    }
}
