//! Settings of one request: time limit, tags, cost limit, user, sampling, no fallbacks.
#![allow(clippy::print_stdout, reason = "an example")]

use std::time::Duration;

use llmroute_router::{Deployment, Effort, ErrorKind, Group, Provider, Router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), llmroute_router::Error> {
    let router = Router::builder()
        .provider("lab", Provider::simulated())
        .group(
            "main",
            Group::new()
                .deployment(Deployment::new("lab/us").tag("us").price(1e-6, 1e-6))
                .deployment(Deployment::new("lab/eu").tag("eu").price(2e-6, 2e-6))
                .fallback("spare"),
        )
        .group("spare", Group::new().deployment("lab/spare"))
        .build()?;

    let answer = router
        .chat("main", "Why is the sky blue?")
        .system("Answer in one sentence.")
        .timeout(Duration::from_secs(20))
        .require_tag("eu")
        .max_cost_usd(0.05)
        .max_tokens(4)
        .temperature(0.2)
        .effort(Effort::Low)
        .user("ann")
        .await?;
    println!("{}: {}", answer.deployment, answer.text);
    assert_eq!(answer.deployment, "lab/eu");
    assert_eq!(answer.finish_reason.as_deref(), Some("length"));

    let error = router.chat("main", "hello").require_tag("mars").fallbacks(false).await.expect_err("no such tag");
    println!("{error}");
    assert_eq!(error.kind(), ErrorKind::NoDeployment);
    Ok(())
}
