//! From the bytes of a reply to its cost.

use super::{decode_all, endpoint};
use crate::model::{Price, Usage};

const PRICE: Price =
    Price { input: 1.0, output: 10.0, cache_read: 0.1, cache_write: 1.25, cache_write_1h: 2.0, tier: None };

fn check(provider: &str, body: &str, input: u64, want: f64) {
    let usage: Usage = decode_all(&endpoint(provider, "m"), &[body.as_bytes()]).unwrap().usage.unwrap();
    let got = usage.cost(Some(&PRICE)).unwrap();
    assert_eq!(usage.input, input, "{provider}");
    assert!((got - want).abs() < 1e-9, "{provider}: {got} is not {want}");
}

fn anthropic(usage: &str) -> String {
    format!(
        r#"{{"id":"m","type":"message","role":"assistant","model":"c","content":[{{"type":"text","text":"x"}}],"stop_reason":"end_turn","usage":{usage}}}"#
    )
}

#[test]
fn writes_to_a_cache_cost_by_their_lifetime() {
    let usage = r#"{"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":30,
        "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1}"#;
    check("anthropic", &anthropic(usage), 140, 10.0 + 10.0 + 10.0 * 1.25 + 20.0 * 2.0 + 10.0);
    let usage = r#"{"input_tokens":10,"cache_creation_input_tokens":30,"output_tokens":1}"#;
    check("anthropic", &anthropic(usage), 40, 10.0 + 30.0 * 1.25 + 10.0);
    let bedrock = r#"{"output":{"message":{"role":"assistant","content":[{"text":"x"}]}},"stopReason":"end_turn",
        "usage":{"inputTokens":10,"outputTokens":1,"totalTokens":41,"cacheReadInputTokens":0,"cacheWriteInputTokens":30,
        "cacheDetails":[{"inputTokens":10,"ttl":"5m"},{"inputTokens":20,"ttl":"1h"}]}}"#;
    check("bedrock", bedrock, 40, 10.0 + 10.0 * 1.25 + 20.0 * 2.0 + 10.0);
}

#[test]
fn every_call_of_a_compacted_request_is_billed() {
    let usage = r#"{"input_tokens":20,"output_tokens":3,"iterations":[
        {"type":"compaction","input_tokens":1000,"output_tokens":50,"cache_read_input_tokens":10},
        {"type":"message","input_tokens":20,"output_tokens":3}]}"#;
    check("anthropic", &anthropic(usage), 1030, 1020.0 + 1.0 + 530.0);
    let usage = r#"{"input_tokens":20,"output_tokens":3,"iterations":[]}"#;
    check("anthropic", &anthropic(usage), 20, 50.0);
}

#[test]
fn the_iterations_of_a_stream_count_once() {
    let body = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\",\
        \"usage\":{\"input_tokens\":20,\"output_tokens\":1}}}\n\n\
        data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"x\"}}\n\n\
        data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3,\
        \"iterations\":[{\"input_tokens\":1000,\"output_tokens\":50},{\"input_tokens\":20,\"output_tokens\":3}]}}\n\n\
        data: {\"type\":\"message_stop\"}\n\n";
    check("anthropic", body, 1020, 1020.0 + 530.0);
}

#[test]
fn cohere_bills_fewer_tokens_than_it_counts() {
    let body = r#"{"id":"m","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"x"}]},
        "usage":{"billed_units":{"input_tokens":5,"output_tokens":2},"tokens":{"input_tokens":71,"output_tokens":4}}}"#;
    check("cohere", body, 71, 25.0);
    let body = body.replace(r#""billed_units":{"input_tokens":5,"output_tokens":2},"#, "");
    check("cohere", &body, 71, 111.0);
}
