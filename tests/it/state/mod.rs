//! The shared state: one suite for every store, many processes at once, and broken states.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic too")]

mod processes;
mod redis;
mod suite;
mod trouble;

pub use redis::Place;

use llmroute_core::model::{Timestamp, Usage};
use llmroute_router::ports::{LogEnd, LogStart, RequestOutcome, Store};

fn key(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}

fn get(store: &dyn Store, name: &str) -> Option<String> {
    store.read(&key(name)).expect("the store can be read").remove(0)
}

fn set(store: &dyn Store, name: &str, value: Option<&str>) {
    let mut change = |values: &mut [Option<String>]| values[0] = value.map(str::to_owned);
    store.update(&key(name), &mut change).expect("the store can be written");
}

/// Adds one to the number under `name`.
fn increment(store: &dyn Store, name: &str) {
    let mut change = |values: &mut [Option<String>]| {
        let n: u64 = values[0].as_deref().map_or(0, |n| n.parse().expect("only numbers are written"));
        values[0] = Some((n + 1).to_string());
    };
    store.update(&key(name), &mut change).expect("the store can be written");
}

pub fn start(id: &str) -> LogStart {
    LogStart {
        id: id.to_owned(),
        at: Timestamp(1_767_323_045_678),
        command: "ask".to_owned(),
        group: "main".to_owned(),
        conversation_id: Some("C1".to_owned()),
        parent: Some("B0".to_owned()),
        system: Some("be brief".to_owned()),
        prompt: "Why is the sky blue?".to_owned(),
        tags: vec!["a".to_owned(), "b c".to_owned()],
    }
}

pub fn end(text: &str) -> LogEnd {
    LogEnd {
        at: Timestamp(1_767_323_047_000),
        outcome: RequestOutcome::Ok,
        deployment: Some("openai/gpt-4o".to_owned()),
        provider: Some("openai".to_owned()),
        model: Some("gpt-4o-2024-08-06".to_owned()),
        text: text.to_owned(),
        reasoning: "hm".to_owned(),
        finish_reason: Some("stop".to_owned()),
        usage: Some(Usage { input: 12, output: 34, cached: 5, cache_write: 1, reasoning: 7, ..Usage::default() }),
        cost_usd: Some(0.00025),
        ttft_ms: Some(350),
        duration_ms: 1322,
        attempts: serde_json::json!([
            {"deployment": "lab/qwen3", "outcome": "failed", "class": "rate_limit", "status": 429, "waited_ms": 0, "duration_ms": 20},
            {"deployment": "openai/gpt-4o", "outcome": "ok", "class": null, "status": 200, "waited_ms": 500, "duration_ms": 802},
        ]),
        error: None,
    }
}
