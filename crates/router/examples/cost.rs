//! The cost of an answer, and of the calls that it took.
#![allow(clippy::print_stdout, reason = "an example")]

use llmroute_router::{Deployment, Group, Provider, Router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), llmroute_router::Error> {
    let router = Router::builder()
        .provider("lab", Provider::simulated())
        .group("main", Group::new().deployment(Deployment::new("lab/priced").price(1e-6, 4e-6).option("tokens", 10)))
        .group("unpriced", Group::new().deployment("lab/unpriced"))
        .build()?;

    let answer = router.chat("main", "one two three").await?;
    let usage = answer.usage.unwrap_or_default();
    println!("{} + {} tokens, ${:?}", usage.input, usage.output, answer.cost_usd());
    assert_eq!((usage.input, usage.output), (3, 10));
    assert!(answer.cost_usd().is_some_and(|usd| (usd - 43e-6).abs() < 1e-12));

    let unknown = router.chat("unpriced", "hello").await?;
    assert_eq!(unknown.cost_usd(), None, "an unknown price is not zero");
    Ok(())
}
