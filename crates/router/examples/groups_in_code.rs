//! Groups in code, or from a profile; and a reload that requests in flight do not notice.
#![allow(clippy::print_stdout, reason = "an example")]

use std::time::Duration;

use llmroute_router::{Deployment, Group, Provider, Router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), llmroute_router::Error> {
    let router = Router::builder()
        .provider("lab", Provider::simulated())
        .provider("office", Provider::openai_compatible("http://10.0.0.7/v1").api_key_env("OFFICE_KEY"))
        .group(
            "main",
            Group::new()
                .deployment(Deployment::new("office/qwen3").order(1).rpm(60).timeout(Duration::from_secs(30)))
                .deployment(Deployment::new("lab/qwen3").order(2).weight(2.0).tag("eu"))
                .fallback("spare")
                .num_retries(2),
        )
        .group("spare", Group::new().deployment("lab/spare"))
        .build()?;
    println!("groups: {:?}", router.groups());
    // `office` has no key here, so it is passed over.
    let answer = router.chat("main", "hello").await?;
    assert_eq!(answer.deployment, "lab/qwen3");

    router.reload(
        r#"
            version = 1
            default_group = "spare"
            [providers.lab]
            protocol = "mock"
            [groups.spare]
            deployments = [{ model = "lab/new" }]
            [groups.main]
            deployments = [{ model = "lab/newer" }]
        "#,
    )?;
    let answer = router.chat("main", "hello").await?;
    println!("after the reload: {}", answer.deployment);
    assert_eq!(answer.deployment, "lab/newer");

    let error = Router::from_toml("[groups.main]\ndeployments = [{ modle = 'x' }]").expect_err("a misspelt key");
    println!("{error}");
    if let Some(source) = std::error::Error::source(&error) {
        println!("{source}");
    }
    Ok(())
}
