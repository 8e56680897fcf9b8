//! The baseline: a reqwest client that reads the clock when it receives a chunk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use llmroute_bench::self_test::{Accuracy, ObservedCall, ReferenceServer, TokenSchedule, accuracy};

/// Measures `calls` calls, `streams` at a time.
pub fn measure(schedule: TokenSchedule, streams: u32, calls: u32) -> Accuracy {
    let server = ReferenceServer::start(schedule).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = format!("{}/chat/completions", server.url());
    let (before, began) = (cpu(), Instant::now());
    let found = runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().unwrap();
        let next = Arc::new(AtomicU32::new(0));
        let slots = (0..streams).map(|_| tokio::spawn(slot(client.clone(), url.clone(), Arc::clone(&next), calls)));
        let slots: Vec<_> = slots.collect();
        let mut found = Vec::new();
        for slot in slots {
            found.extend(slot.await.unwrap());
        }
        found
    });
    let (wall, used) = (began.elapsed(), cpu().saturating_sub(before));
    let (truths, server) = server.stop();
    let cpu = Some(used.saturating_sub(server.unwrap_or_default()));
    Accuracy { streams, cpu, wall, ..accuracy(&found, &truths) }
}

async fn slot(client: reqwest::Client, url: String, next: Arc<AtomicU32>, calls: u32) -> Vec<ObservedCall> {
    let mut found = Vec::new();
    loop {
        let call = next.fetch_add(1, Ordering::Relaxed);
        if call >= calls {
            return found;
        }
        found.push(ask(&client, &url, call).await);
    }
}

async fn ask(client: &reqwest::Client, url: &str, call: u32) -> ObservedCall {
    let body = format!("{{\"messages\":[{{\"role\":\"user\",\"content\":\"call={call};\"}}]}}");
    let mut reply = client.post(url).header("content-type", "application/json").body(body).send().await.unwrap();
    let mut times = Vec::new();
    while let Some(chunk) = reply.chunk().await.unwrap() {
        let at = Instant::now();
        let tokens = String::from_utf8_lossy(&chunk).matches("\"content\"").count();
        times.extend(std::iter::repeat_n(at, tokens));
    }
    let gaps = times.windows(2).map(|pair| (pair[1] - pair[0], pair[0] == pair[1])).collect();
    ObservedCall { call, first: times.first().copied(), gaps, late: Duration::ZERO }
}

fn cpu() -> Duration {
    use nix::sys::resource::{UsageWho, getrusage};
    let used = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let span = |time: nix::sys::time::TimeVal| {
        Duration::new(time.tv_sec().unsigned_abs(), u32::try_from(time.tv_usec()).unwrap() * 1000)
    };
    span(used.user_time()) + span(used.system_time())
}
