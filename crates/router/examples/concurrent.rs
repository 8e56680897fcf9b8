//! 200 concurrent calls from spawned tasks. A router is a handle: each task has a clone.
#![allow(clippy::print_stdout, reason = "an example")]

use llmroute_router::{Deployment, Group, Provider, Router};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let deployment = |name: &str| Deployment::new(name).option("tokens", 5).option("faults", "503@10%");
    let router = Router::builder()
        .provider("lab", Provider::simulated())
        .group("main", Group::new().deployment(deployment("lab/a")).deployment(deployment("lab/b")).num_retries(5))
        .build()?;

    let mut tasks = JoinSet::new();
    for number in 0..200 {
        let router = router.clone();
        tasks.spawn(async move { router.chat("main", format!("question {number}")).await });
    }
    let answers = tasks.join_all().await;

    let succeeded = answers.iter().filter(|answer| answer.is_ok()).count();
    println!("{succeeded} of {} calls succeeded", answers.len());
    assert_eq!(succeeded, 200);
    Ok(())
}
