//! CPU time per routed call in one process: simulated deployments without delay, state in memory and in SQLite.
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::time::Duration;

use llmroute_router::{Deployment, Error, Group, Provider, Router, State};
use nix::sys::resource::{UsageWho, getrusage};

const CALLS: u32 = 2000;

fn router(state: State) -> Result<Router, Error> {
    let deployment = |name: &str| {
        let deployment = Deployment::new(name).option("tokens", 1);
        deployment.option("latency", "0s").option("ttft", "0s").option("itl", "0s")
    };
    Router::builder()
        .provider("lab", Provider::simulated())
        .group("main", Group::new().deployment(deployment("lab/a")).deployment(deployment("lab/b")))
        .state(state)
        .build()
}

/// The processor time that this process has used.
fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the kernel knows it");
    let micros = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec().unsigned_abs()) + Duration::from_micros(time.tv_usec().unsigned_abs())
    };
    micros(usage.user_time()) + micros(usage.system_time())
}

async fn measure(name: &str, state: State, at_once: u32) -> Result<(), Error> {
    let router = router(state)?;
    router.chat("main", "warm up").await?;
    let before = cpu();
    for _ in 0..CALLS / at_once {
        let calls = (0..at_once).map(|_| async { router.chat("main", "hello").await });
        futures_util::future::try_join_all(calls).await?;
    }
    // Writes in the background belong to the calls.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let spent = (cpu() - before) / CALLS;
    println!("{name:>8}, {at_once:>2} at once: {:>6.1} µs of CPU per call", spent.as_secs_f64() * 1e6);
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        for at_once in [1, 16] {
            measure("memory", State::Memory, at_once).await?;
            let folder = tempfile::tempdir()?;
            measure("sqlite", State::Directory(folder.path().to_owned()), at_once).await?;
        }
        Ok::<(), Box<dyn std::error::Error>>(())
    })
}
