//! Profiles as a whole: what loads, what does not and how it says so, and what comes out.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use llmroute_core::model::{Class, KeySource, TimeoutKind};
use llmroute_core::routing::hedge::Delay;
use llmroute_core::routing::per_class::PerClass;

const LAB: &str = "[providers.lab]\nprotocol = \"openai\"\nbase_url = \"https://lab.example/v1\"\n";

fn vars() -> EnvVars {
    EnvVars::from_iter([("HOME", "/home/nobody"), ("A", "sk-a"), ("B", "sk-b")])
}

fn parse(text: &str) -> Result<Profile, LoadError> {
    let vars = vars();
    Profile::parse(Source::Demo, text, &LoadOptions { env: &vars, long_lived: false })
}

fn lab(rest: &str) -> Profile {
    parse(&format!("{LAB}{rest}")).unwrap_or_else(|error| panic!("{error}"))
}

fn first_error(text: &str) -> String {
    parse(text).unwrap_err().diagnostics[0].message.clone()
}

mod broken {
    use super::*;

    fn check(name: &str, text: &str) {
        let vars = vars();
        let source = Source::File(format!("{name}.toml").into());
        let error = Profile::parse(source, text, &LoadOptions { env: &vars, long_lived: false }).unwrap_err();
        let shown = error.render(false);
        for secret in ["hunter2", "sk-abc", "sk-live"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        insta::with_settings!({ snapshot_path => "../../../../tests/fixtures/profiles/broken", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, shown);
        });
    }

    macro_rules! broken {
        ($($name:ident),*) => {$(
            #[test]
            fn $name() {
                let name = stringify!($name);
                check(name, include_str!(concat!("../../../../tests/fixtures/profiles/broken/", stringify!($name), ".toml")));
            }
        )*};
    }

    broken!(names, types, values, addresses, keys, duplicates, rules, conditions, syntax);
}

mod examples {
    use super::*;

    fn check(text: &str) -> Profile {
        parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_design_loads_and_can_be_used() {
        let mut profile = check(include_str!("../../../../tests/fixtures/profiles/design.toml"));
        assert_eq!(profile.map.group(profile.default_group).name, "main");
        assert_eq!(profile.unbuilt(profile.default_group), None);
        let vars = vars();
        let direct = profile.target("lab/qwen3", &LoadOptions { env: &vars, long_lived: false }).unwrap();
        assert_eq!(profile.unbuilt(direct), None);
        assert!(profile.notes.iter().all(|note| note.severity == Severity::Note), "{}", profile.render_notes(false));
    }

    #[test]
    fn the_examples_load_and_can_be_used() {
        for text in [
            include_str!("../../../../examples/profiles/two-providers.toml"),
            include_str!("../../../../examples/profiles/local-first.toml"),
            include_str!("../../../../examples/profiles/rehearsal.toml"),
            DEMO,
        ] {
            let profile = check(text);
            assert!(profile.notes.is_empty(), "{}", profile.render_notes(false));
            for index in 0..profile.map.groups.len() {
                assert_eq!(profile.unbuilt(GroupId(index)), None);
            }
        }
    }

    #[test]
    fn the_demo_needs_no_key_and_fails_over() {
        let profile = check(DEMO);
        let main = profile.map.group(profile.default_group);
        assert_eq!(main.members.len(), 2);
        assert!(profile.map.deployments.iter().all(|deployment| deployment.no_key.is_none()));
        assert!(!profile.endpoints[main.members[0].deployment.0].script.as_ref().unwrap().faults.is_empty());
        assert!(profile.endpoints[main.members[1].deployment.0].script.as_ref().unwrap().faults.is_empty());
        assert!(main.members[0].order < main.members[1].order);
    }
}

mod resolved {
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
    fn a_rule_leads_to_deployments_alone() {
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

    /// The remarks on a profile, one line each.
    fn remarks(rest: &str) -> Vec<String> {
        let vars = vars();
        let remarks = lab(rest).lint(&LoadOptions { env: &vars, long_lived: false });
        assert!(remarks.iter().all(|remark| remark.severity == Severity::Warning && remark.span.is_some()));
        remarks.into_iter().map(|remark| remark.message).collect()
    }

    #[test]
    fn a_fallback_with_a_smaller_window_is_remarked_upon() {
        let groups = |small: u32, large: u32| {
            format!(
                "[groups.main]\nfallbacks = [\"small\"]\ncontext_window_fallbacks = [\"large\"]\n\
                 deployments = [{{ model = \"lab/a\", context_window = 1000 }}]\n\
                 [groups.small]\ndeployments = [{{ model = \"lab/b\", context_window = {small} }}]\n\
                 [groups.large]\ndeployments = [{{ model = \"lab/c\", context_window = {large} }}]"
            )
        };
        assert_eq!(remarks(&groups(1000, 2000)), [""; 0]);
        let want = [
            "fallback `small` takes 500 tokens and `main` takes 1000: longer prompts have no fallback",
            "`large` takes 1000 tokens and `main` takes 1000: it is not larger, so it never helps",
        ];
        assert_eq!(remarks(&groups(500, 1000)), want);
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
    fn differences_can_be_written_down() {
        let asks = |provider: &str, deployment: &str| {
            let text = format!("{LAB}{provider}\n[groups.main]\ndeployments = [{{ model = \"lab/a\"{deployment} }}]");
            parse(&text).unwrap_or_else(|error| panic!("{error}")).endpoints[0].quirks.stream_options
        };
        assert!(asks("", ""));
        assert!(!asks("stream_usage = false", ""));
        assert!(asks("stream_usage = false", ", stream_usage = true"));
    }

    #[test]
    fn a_model_that_calls_tools_elsewhere_is_spoken_to_there() {
        use llmroute_core::protocols::Protocol;

        let of = |provider: &str, model: &str| {
            let text = format!("{provider}\n[groups.main]\ndeployments = [{{ model = \"openai/{model}\" }}]");
            let profile = parse(&text).unwrap_or_else(|error| panic!("{error}"));
            (profile.endpoints[0].protocol, profile.map.deployments[0].capabilities.tools)
        };
        assert_eq!(of("", "gpt-6-astra"), (Protocol::Responses, Some(true)));
        assert_eq!(of("", "gpt-6-sol"), (Protocol::Responses, Some(true)));
        assert_eq!(of("", "gpt-5.5"), (Protocol::Openai, Some(true)));
        let written = "[providers.openai]\nprotocol = \"openai\"";
        assert_eq!(of(written, "gpt-6-astra"), (Protocol::Openai, Some(false)));
        assert_eq!(of(written, "gpt-6-sol"), (Protocol::Openai, Some(true)));
        let proxy = "[providers.openai]\nbase_url = \"https://proxy.example/v1\"";
        assert_eq!(of(proxy, "gpt-6-sol"), (Protocol::Openai, Some(true)));
    }

    #[test]
    fn deployments_with_one_key_or_host_are_remarked_upon() {
        let keys = |a: &str, b: &str| {
            format!(
                "[groups.main]\ndeployments = [{{ model = \"lab/a\", api_key = \"env:{a}\" }}, \
                 {{ model = \"lab/b\", api_key = \"env:{b}\" }}]"
            )
        };
        assert_eq!(remarks(&keys("A", "A")), ["`lab/a` and `lab/b` share one key: if one fails, the other fails too"]);
        assert_eq!(remarks(&keys("A", "B")), [""; 0]);
        let host = "[providers.alias]\nprotocol = \"openai\"\nbase_url = \"https://lab.example/v2\"\n\
             [groups.main]\ndeployments = [{ model = \"lab/a\" }, { model = \"alias/b\" }]";
        let want = "`lab/a` and `alias/b` share the host `lab.example`: if one fails, the other fails too";
        assert_eq!(remarks(host), [want]);
        let fallback = |rest: &str| {
            format!(
                "[groups.main]\nfallbacks = [\"b\"]\ndeployments = [{{ model = \"lab/a\", api_key = \"env:A\" }}]\n\
                 [groups.b]\ndeployments = [{{ model = \"lab/b\", api_key = \"env:A\" }}{rest}]"
            )
        };
        assert_eq!(remarks(&fallback("")), ["fallback `b` shares one key with every deployment of `main`"]);
        assert_eq!(remarks(&fallback(", { model = \"openai/gpt-4o\", api_key = \"env:B\" }")), [""; 0]);
    }

    #[test]
    fn a_price_that_is_missing_where_it_decides_is_remarked_upon() {
        let group = |strategy: &str| {
            format!("[groups.main]\nrouting_strategy = \"{strategy}\"\ndeployments = [{{ model = \"lab/a\" }}]")
        };
        let want = "the price of `lab/a` is not known, and `routing_strategy` depends on prices";
        assert_eq!(remarks(&group("cost-based-routing")), [want]);
        assert_eq!(remarks(&group("simple-shuffle")), [""; 0]);
    }

    #[test]
    fn a_deadline_that_the_chain_cannot_fit_is_remarked_upon() {
        let group = |deadline: u32| {
            format!(
                "[groups.main]\ndeadline = {deadline}\nfallbacks = [\"b\"]\ndeployments = [{{ model = \"lab/a\" }}]\n\
                 [groups.b]\nfirst_token_timeout = 20\ndeployments = [{{ model = \"lab/b\" }}]"
            )
        };
        assert_eq!(remarks(&group(50)), [""; 0]);
        assert_eq!(remarks(&group(49)), ["`main` and its fallbacks may be silent for 50s, but the deadline is 49s"]);
    }

    #[test]
    fn a_template_has_its_parts_and_its_mistakes() {
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
    fn a_server_on_loopback_may_take_longer_to_begin() {
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
        let want = Policy {
            num_retries: 2,
            attempts_per_deployment: 1,
            deadline: Duration::from_secs(900),
            max_wait: Duration::from_secs(20),
            allowed_fails: None,
            cooldown: Duration::from_secs(120),
            cooldown_max: Duration::from_secs(1800),
            max_fallbacks: 5,
            retry_policy: PerClass::default(),
            allowed_fails_policy: PerClass::default(),
            hedge: None,
            hedge_max_cost: None,
        };
        assert_eq!(policy, want);
    }

    fn policy(settings: &str) -> Policy {
        lab(&format!("{settings}\ndeployments = [{{ model = \"lab/a\" }}]")).map.groups[0].policy
    }

    #[test]
    fn classes_of_failure_by_our_names_and_by_litellms() {
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
    fn a_class_that_is_misspelt_is_a_mistake_with_a_suggestion() {
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
        assert_eq!(
            group("retry_policy = { timeout = 1, TimeoutErrorRetries = 2 }"),
            said("two numbers for `timeout`", "")
        );
        assert_eq!(group("hedge = \"p0\"").0, "`p0` is not a valid percentile; use `p1` to `p99`");
    }

    #[test]
    fn a_number_that_changes_nothing_is_warned_about() {
        let profile =
            lab("[groups.main]\nretry_policy = { BadRequestErrorRetries = 1 }\ndeployments = [{ model = \"lab/a\" }]");
        assert_eq!(profile.notes[0].message, "a number for `bad_request` has no effect");
        assert_eq!(profile.notes[0].severity, Severity::Warning);
    }

    #[test]
    fn what_shares_a_key_or_a_host_is_known() {
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
    fn a_long_lived_process_cools_down_for_less() {
        let vars = vars();
        let text = format!("{LAB}[groups.main]\ndeployments = [{{ model = \"lab/a\" }}]");
        let profile = Profile::parse(Source::Demo, &text, &LoadOptions { env: &vars, long_lived: true }).unwrap();
        assert_eq!(profile.map.groups[0].policy.cooldown, Duration::from_secs(5));
    }

    #[test]
    fn default_fallbacks_are_for_groups_that_name_none() {
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
}

mod vertex {
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
    fn the_profile_goes_before_the_environment() {
        let vars = [("GOOGLE_CLOUD_PROJECT", "env"), ("GOOGLE_CLOUD_LOCATION", "us")];
        let us = "https://aiplatform.us.rep.googleapis.com/v1/projects/env/locations/us";
        check(&vars, "", Ok((us, "adc:")));
        let eu = "https://aiplatform.eu.rep.googleapis.com/v1/projects/mine/locations/eu";
        check(&vars, "[providers.vertex]\nproject = \"mine\"\nlocation = \"eu\"", Ok((eu, "adc:")));
        check(&[], "[providers.vertex]\nlocation = \"a b\"", Err("`a b` is not a location"));
    }

    #[test]
    fn a_token_of_google_is_for_google() {
        let other = "[providers.vertex]\nproject = \"p\"\nbase_url = \"https://gateway.example\"";
        let url = "https://gateway.example/v1/projects/p/locations/global";
        check(&[], other, Ok((url, "no key")));
        check(&[], &format!("{other}\napi_key = \"adc:\""), Ok((url, "adc:")));
        let own = "[providers.vertex]\nbase_url = \"https://us-east5-aiplatform.googleapis.com/v1/projects/q/locations/us-east5\"";
        check(&[], own, Ok(("https://us-east5-aiplatform.googleapis.com/v1/projects/q/locations/us-east5", "adc:")));
    }

    #[test]
    fn without_a_project_nobody_is_asked() {
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
    fn a_project_is_only_for_those_who_have_them() {
        assert_eq!(
            first_error(&format!("{LAB}project = \"p\"\n[groups.main]\ndeployments = [{{ model = \"lab/a\" }}]")),
            "`project` is only for `protocol = \"vertex\"`"
        );
    }
}

mod targets {
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
            Err(
                "`lab/` is not a `PROVIDER/MODEL`\nhint: write the provider, a slash and the model, like `openai/gpt-4o`",
            ),
        );
    }
}

mod strategies {
    use std::time::Duration;

    use super::*;
    use llmroute_core::routing::Strategy;
    use llmroute_core::routing::strategy::{AdaptiveArgs, LatencyArgs, Sticky};

    fn group(settings: &str) -> String {
        format!("[groups.main]\n{settings}\ndeployments = [{{ model = \"lab/a\" }}]")
    }

    fn check(settings: &str, want: &Strategy) {
        let profile = lab(&group(settings));
        assert_eq!(&profile.map.group(GroupId(0)).strategy, want);
        assert!(profile.notes.is_empty(), "{}", profile.render_notes(false));
        assert_eq!(profile.unbuilt(GroupId(0)), None);
    }

    fn warns(settings: &str, want: &str) {
        let profile = lab(&group(settings));
        let said: Vec<&str> = profile.notes.iter().map(|note| note.message.as_str()).collect();
        assert_eq!(said, [want]);
    }

    #[test]
    fn every_name_is_its_strategy() {
        check("", &Strategy::SimpleShuffle);
        check("routing_strategy = \"round-robin\"", &Strategy::RoundRobin);
        check("routing_strategy = \"least-busy\"", &Strategy::LeastBusy);
        check("routing_strategy = \"cost-based-routing\"", &Strategy::CostBased);
        check("routing_strategy = \"usage-based-routing\"", &Strategy::UsageBased);
        check("routing_strategy = \"usage-based-routing-v2\"", &Strategy::UsageBased);
        check("routing_strategy = \"latency-based-routing\"", &Strategy::LatencyBased(LatencyArgs::ONE_SHOT));
        check("routing_strategy = \"adaptive\"", &Strategy::Adaptive(AdaptiveArgs::ONE_SHOT));
        check("routing_strategy = \"exec:./choose it\"", &Strategy::Exec("./choose it".into()));
    }

    #[test]
    fn arguments_are_those_of_the_strategy() {
        check(
            "routing_strategy = \"latency-based-routing\"
             routing_strategy_args = { ttl = \"1h\", lowest_latency_buffer = 0.1 }",
            &Strategy::LatencyBased(LatencyArgs {
                ttl: Some(Duration::from_secs(3600)),
                buffer: 0.1,
                ..LatencyArgs::ONE_SHOT
            }),
        );
        check(
            "routing_strategy = \"adaptive\"\nrouting_strategy_args = { w_latency = 2, w_cost = 0.5, w_failure = 0 }",
            &Strategy::Adaptive(AdaptiveArgs { latency: 2.0, cost: 0.5, failure: 0.0, ..AdaptiveArgs::ONE_SHOT }),
        );
        warns(
            "routing_strategy_args = { ttl = 60 }",
            "these are arguments of `latency-based-routing`; the group uses `simple-shuffle`",
        );
    }

    #[test]
    fn sticky_belongs_to_the_shuffle() {
        check("sticky = \"user\"", &Strategy::Sticky(Sticky::User));
        warns(
            "routing_strategy = \"adaptive\"\nsticky = \"user\"",
            "`sticky` is for `simple-shuffle`; the group uses `adaptive`",
        );
    }

    #[test]
    fn mistakes_are_named() {
        let mistakes = "routing_strategy = \"exec: \"\nsticky = \"usr\"
            routing_strategy_args = { ttls = 1, lowest_latency_buffer = \"x\", w_cost = -1 }";
        let error = parse(&format!("version = 1\n{}", group(mistakes).replace("lab/a", "openai/a"))).unwrap_err();
        let error = error.to_string();
        for part in [
            "`exec:` needs a command",
            "`usr` is not a value of `sticky`",
            "did you mean `user`?",
            "unknown strategy argument `ttls`",
            "did you mean `ttl`?",
            "expected number, found string",
            "must be a finite number from 0 up",
        ] {
            assert!(error.contains(part), "no {part} in\n{error}");
        }
    }

    #[test]
    fn a_long_lived_process_explores_less() {
        let vars = vars();
        let text = format!("version = 1\n{}", group("routing_strategy = \"latency-based-routing\""));
        let text = text.replace("lab/a", "openai/a");
        let inputs = LoadOptions { env: &vars, long_lived: true };
        let profile = Profile::parse(Source::Demo, &text, &inputs).unwrap();
        assert_eq!(profile.map.group(GroupId(0)).strategy, Strategy::LatencyBased(LatencyArgs::LONG_LIVED));
    }
}

mod unbuilt {
    use super::*;

    fn check(rest: &str, want: Option<(&str, &str)>) {
        let profile = lab(rest);
        let got = profile.unbuilt(GroupId(0));
        assert_eq!(got.as_ref().map(|unbuilt| (unbuilt.key.as_str(), unbuilt.group.as_str())), want);
        assert_eq!(profile.notes.is_empty(), want.is_none(), "{}", profile.render_notes(false));
    }

    #[test]
    fn what_is_built_is_built() {
        check("[groups.main]\nrouting_strategy = \"simple-shuffle\"\ndeployments = [{ model = \"lab/a\" }]", None);
    }

    #[test]
    fn a_strategy() {
        check(
            "[groups.main]\nrouting_strategy = \"complexity-router\"\ndeployments = [{ model = \"lab/a\" }]",
            Some(("routing_strategy = \"complexity-router\"", "main")),
        );
    }

    #[test]
    fn a_key_of_the_group_the_router_or_the_top() {
        check("[groups.main]\nescalate = \"b\"\ndeployments = [{ model = \"lab/a\" }]", Some(("escalate", "main")));
        check(
            "[router]\nclassifier = \"x\"\n[groups.main]\ndeployments = [{ model = \"lab/a\" }]",
            Some(("classifier", "main")),
        );
        check("[log]\nkeep_days = 3\n[groups.main]\ndeployments = [{ model = \"lab/a\" }]", Some(("log", "main")));
    }

    #[test]
    fn a_key_of_a_fallback() {
        let rest = "[groups.main]\nfallbacks = [\"b\"]\ndeployments = [{ model = \"lab/a\" }]\n\
             [groups.b]\nfallbacks = [\"main\", \"c\"]\ndeployments = [{ model = \"lab/a\" }]\n\
             [groups.c]\nescalate = \"b\"\ndeployments = [{ model = \"lab/a\" }]";
        check(rest, Some(("escalate", "c")));
    }
}

mod files {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn check(mode: u32, key: &str, want: Result<usize, &str>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.toml");
        let text = format!("{LAB}api_key = \"{key}\"\n[groups.main]\ndeployments = [{{ model = \"lab/a\" }}]");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let vars = vars();
        let got = Profile::load(&ProfileLocation::File(path), &LoadOptions { env: &vars, long_lived: false });
        let got = got.map(|profile| profile.notes.len()).map_err(|error| {
            assert!(!error.to_string().contains("sk-literal"));
            error.diagnostics.iter().find(|d| d.severity == Severity::Error).unwrap().message.clone()
        });
        assert_eq!(got.as_ref().copied().map_err(String::as_str), want);
    }

    #[test]
    fn a_literal_key_is_for_the_owner_alone() {
        check(0o600, "sk-literal", Ok(1));
        check(0o400, "sk-literal", Ok(1));
        check(0o640, "sk-literal", Err("the file contains a secret, and others can read it (mode 0640)"));
    }

    #[test]
    fn a_file_that_only_says_where_keys_are_may_be_read_by_all() {
        check(0o644, "env:A", Ok(0));
    }

    #[test]
    fn a_file_that_others_can_change_is_refused_if_it_names_keys_or_commands() {
        check(0o664, "env:A", Err("the file says where keys are, and others can change it (mode 0664)"));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.toml");
        let vars = vars();
        let load = |group: &str| {
            std::fs::write(&path, format!("{LAB}[groups.main]\n{group}deployments = [{{ model = \"lab/a\" }}]"))
                .unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
            Profile::load(&ProfileLocation::File(path.clone()), &LoadOptions { env: &vars, long_lived: false })
        };
        let notes = load("").unwrap().notes;
        assert_eq!(notes[0].message, "others can change the profile (mode 0666)");
        assert_eq!(notes[0].severity, Severity::Warning);
        let refused = load("routing_strategy = \"exec:./choose\"\n").unwrap_err().diagnostics[0].message.clone();
        assert_eq!(refused, "the file runs a command, and others can change it (mode 0666)");
    }

    #[test]
    fn a_device_or_a_named_pipe_is_not_a_profile() {
        let vars = vars();
        let options = LoadOptions { env: &vars, long_lived: false };
        let error = Profile::load(&ProfileLocation::File("/dev/zero".into()), &options).unwrap_err();
        assert_eq!(error.diagnostics[0].message, "the profile is not a regular file");
    }

    #[test]
    fn a_missing_file_and_one_that_is_not_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.toml");
        let vars = vars();
        let load = || {
            let located = ProfileLocation::File(path.clone());
            Profile::load(&located, &LoadOptions { env: &vars, long_lived: false }).unwrap_err().diagnostics[0]
                .message
                .clone()
        };
        assert_eq!(load(), "the profile does not exist");
        std::fs::write(&path, b"a = \"\xff\"").unwrap();
        assert_eq!(load(), "the profile is not UTF-8: wrong byte at offset 5");
    }

    #[test]
    fn key_files_are_beside_the_profile() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("lab.key"), "sk-a\n").unwrap();
        let path = dir.path().join("p.toml");
        std::fs::write(
            &path,
            format!("{LAB}api_key = \"file:lab.key\"\n[groups.main]\ndeployments = [{{ model = \"lab/a\" }}]"),
        )
        .unwrap();
        let vars = vars();
        let profile =
            Profile::load(&ProfileLocation::File(path), &LoadOptions { env: &vars, long_lived: false }).unwrap();
        assert_eq!(profile.keys, [KeySource::File(dir.path().join("lab.key"))]);
        assert_eq!(profile.map.deployments[0].no_key, None);
    }
}

mod whole {
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
        let want =
            "the profile has several groups and does not set `default_group`\nhint: name a group: one of `a`, `b`";
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
    fn zero_weights_ask_nobody() {
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
}

mod shown {
    use super::*;

    fn round_trip(text: &str) -> String {
        let vars = vars();
        let inputs = LoadOptions { env: &vars, long_lived: false };
        let first = parse(text).unwrap_or_else(|error| panic!("{error}"));
        let shown = first.show_text(&inputs).unwrap();
        let second = parse(&shown).unwrap_or_else(|error| panic!("{error}\n{shown}"));
        assert_eq!(format!("{:?}", first.map), format!("{:?}", second.map), "{shown}");
        let endpoint =
            |endpoint: &Endpoint| (format!("{endpoint:?}"), endpoint.params.clone(), endpoint.script.clone());
        let endpoints = |profile: &Profile| profile.endpoints.iter().map(endpoint).collect::<Vec<_>>();
        assert_eq!(endpoints(&first), endpoints(&second), "{shown}");
        assert_eq!(first.keys, second.keys, "{shown}");
        assert_eq!(first.unbuilt(first.default_group), second.unbuilt(second.default_group));
        shown
    }

    #[test]
    fn what_is_shown_loads_as_the_same() {
        round_trip(DEMO);
        round_trip(include_str!("../../../../tests/fixtures/profiles/design.toml"));
        round_trip(include_str!("../../../../examples/profiles/two-providers.toml"));
        round_trip(include_str!("../../../../examples/profiles/local-first.toml"));
    }

    #[test]
    fn every_value_says_where_it_came_from() {
        let shown = round_trip(&format!(
            "{LAB}api_key = [\"env:A\", \"env:C\"]\n[router]\ntimeout = 50\ndefault_fallbacks = [\"b\"]\n\
             [groups.main]\nmax_wait = \"1m\"\ndeployments = [{{ model = \"lab/a\", idle_timeout = 3, params = {{ x = [1.0, \"y\"] }} }}]\n\
             [groups.b]\ndeployments = [{{ model = \"lab/b\", context_window = 100, rpm = 5 }}]"
        ));
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn secrets_are_hidden() {
        let text = format!(
            "state = \"redis://me:hunter2@host\"\n{LAB}api_key = \"hunter2\"\nheaders = {{ X-Token = \"hunter2\" }}\npatch = {{ set = {{ secret = \"hunter2\" }} }}\n\
             [groups.main]\ndeployments = [{{ model = \"lab/a\", api_key = \"cmd:echo hunter2\" }}]"
        );
        let vars = vars();
        let profile = parse(&text).unwrap();
        let shown = profile.show_text(&LoadOptions { env: &vars, long_lived: false }).unwrap();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(!profile.render_notes(false).contains("hunter2"));
        assert!(!format!("{profile:?}").contains("hunter2"));
    }
}
