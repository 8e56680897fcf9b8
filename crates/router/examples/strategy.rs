//! A strategy of the program: the cheapest deployment first.
#![allow(clippy::print_stdout, reason = "an example")]

use llmroute_router::{Candidate, Deployment, Group, Provider, RequestContext, Router, Strategy};

struct Cheapest;

impl Strategy for Cheapest {
    fn rank(&self, candidates: &[Candidate<'_>], _: &RequestContext<'_>) -> Vec<usize> {
        let cost = |index: &usize| candidates[*index].expected_cost_usd().unwrap_or(f64::INFINITY);
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        order
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), llmroute_router::Error> {
    let router = Router::builder()
        .provider("lab", Provider::simulated())
        .group(
            "main",
            Group::new()
                .deployment(Deployment::new("lab/large").price(10e-6, 30e-6))
                .deployment(Deployment::new("lab/small").price(1e-6, 3e-6))
                .strategy(Cheapest),
        )
        .build()?;

    let answer = router.chat("main", "hello").await?;

    println!("{} for ${:?}", answer.deployment, answer.cost_usd());
    assert_eq!(answer.deployment, "lab/small");
    Ok(())
}
