//! A setting whose feature is not in this build is an error that names the feature.

#![cfg(not(any(feature = "exec", feature = "redis", feature = "rules", feature = "sqlite")))]

use llmroute_router::{ErrorKind, Group, MissingFeature, Provider, Router};

const GROUP: &str = r#"
[providers.lab]
protocol = "mock"
[groups.main]
deployments = [{ model = "lab/works" }]
"#;

fn check(profile: &str, feature: &str) {
    let error = Router::from_toml(profile).expect_err(profile);
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    let source = std::error::Error::source(&error).expect("an error has a source");
    assert!(source.to_string().contains(&format!("the feature `{feature}`")), "{source}");
    if let Some(missing) = source.downcast_ref::<MissingFeature>() {
        assert_eq!(missing.feature, feature);
    }
}

#[test]
fn a_missing_feature_is_an_error_when_the_router_is_built() {
    check(&format!("{GROUP}rules = [{{ when = 'tokens > 9', use = 'lab/works' }}]"), "rules");
    check(&format!("state = '/nowhere'\n{GROUP}"), "sqlite");
    check(&format!("state = 'redis://127.0.0.1'\n{GROUP}"), "redis");
    check(&format!("{GROUP}routing_strategy = 'exec:order'"), "exec");
    check("[groups.main]\ndeployments = [{ model = 'openai/gpt-4o', api_key = 'cmd:key' }]", "exec");
}

#[tokio::test]
async fn groups_in_code_need_no_feature() {
    let group = Group::new().deployment("lab/works");
    let router = Router::builder().provider("lab", Provider::simulated()).group("main", group).build();
    let answer = router.expect("the settings are valid").chat("main", "Why is the sky blue?").await;
    assert_eq!(answer.expect("a simulated deployment answers").deployment, "lab/works");
}
