//! One call: a group of two deployments, the first of which fails.
#![allow(clippy::print_stdout, reason = "an example")]

use llmroute_router::{Deployment, Group, Provider, Router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), llmroute_router::Error> {
    // A simulated provider needs no key and no network. A real one: `Group::new().deployment("openai/gpt-6-sol")`.
    let router = Router::builder()
        .provider("lab", Provider::simulated())
        .group(
            "main",
            Group::new()
                .deployment(Deployment::new("lab/first").order(1).option("faults", "503"))
                .deployment(Deployment::new("lab/second").order(2)),
        )
        .build()?;

    let answer = router.chat("main", "Why is the sky blue?").await?;

    println!("{}", answer.text);
    println!("answered by {} after {} calls", answer.deployment, answer.attempts.len());
    assert_eq!(answer.deployment, "lab/second");
    Ok(())
}
