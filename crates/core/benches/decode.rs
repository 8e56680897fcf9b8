//! Frames decoded per second, from the bytes of a stream to events, for each protocol that streams text.
//!
//! `cargo bench -p llmroute-core --bench decode`; the throughput in elements per second is the frames.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use llmroute_core::catalog::Quirks;
pub use llmroute_core::protocols::{Endpoint, Overrides, Params, Protocol, ReplyReader};

/// Frames of text in a stream.
const FRAMES: usize = 500;

fn endpoint(protocol: Protocol) -> Endpoint {
    Endpoint {
        protocol,
        provider: "lab".to_owned(),
        base_url: "http://localhost/v1".parse().expect("an address"),
        model: "m".to_owned(),
        region: None,
        quirks: Quirks::plain(protocol),
        known: None,
        params: Params::default(),
        headers: Vec::new(),
        query: Vec::new(),
        overrides: Overrides::default(),
        script: None,
    }
}

/// Text that differs between frames, as tokens do.
fn token(at: usize) -> String {
    format!(" token{}", at % 97)
}

/// Frames with the fields of OpenAI's recorded streams.
fn chat() -> Vec<String> {
    let head = r#"data: {"id":"chatcmpl-CMKB4CzjM9AbvNcftqEsFcWBSrZNT","object":"chat.completion.chunk","created":1759436814,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_cbf1785567","choices":[{"index":0,"#;
    let frame = |delta: &str, finish: &str| {
        format!(
            "{head}\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}],\"usage\":null,\"obfuscation\":\"4Oxy6YfjXTmQk\"}}\n\n"
        )
    };
    let mut frames = vec![frame(r#"{"role":"assistant","content":"","refusal":null}"#, "null")];
    frames.extend((0..FRAMES).map(|at| frame(&format!("{{\"content\":\"{}\"}}", token(at)), "null")));
    frames.push(frame("{}", "\"stop\""));
    frames.push("data: [DONE]\n\n".to_owned());
    frames
}

/// Events with the fields of OpenAI's recorded streams.
fn responses() -> Vec<String> {
    let event = |kind: &str, rest: &str| format!("event: {kind}\ndata: {{\"type\":\"{kind}\",{rest}}}\n\n");
    let mut frames = vec![
        event(
            "response.created",
            r#""sequence_number":0,"response":{"id":"resp_1","model":"m","status":"in_progress","output":[]}"#,
        ),
        event(
            "response.output_item.added",
            r#""sequence_number":1,"output_index":0,"item":{"id":"msg_1","type":"message","content":[]}"#,
        ),
    ];
    frames.extend((0..FRAMES).map(|at| {
        let delta = token(at);
        event("response.output_text.delta", &format!("\"sequence_number\":{at},\"item_id\":\"msg_0a6bdf8a3b7c4a1d\",\"output_index\":0,\"content_index\":0,\"delta\":\"{delta}\",\"logprobs\":[],\"obfuscation\":\"AKXhbOMBl\""))
    }));
    let usage = r#""usage":{"input_tokens":14,"output_tokens":500}"#;
    frames.push(event(
        "response.completed",
        &format!("\"response\":{{\"id\":\"resp_1\",\"status\":\"completed\",\"output\":[],{usage}}}"),
    ));
    frames
}

/// Events with the fields of Anthropic's recorded streams.
fn messages() -> Vec<String> {
    let event = |kind: &str, rest: &str| format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{rest}}}\n\n");
    let mut frames = vec![
        event("message_start", r#","message":{"id":"msg_1","model":"m","usage":{"input_tokens":9,"output_tokens":1}}"#),
        event("content_block_start", r#","index":0,"content_block":{"type":"text","text":""}"#),
    ];
    frames.extend((0..FRAMES).map(|at| {
        event(
            "content_block_delta",
            &format!(",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{}\"}}", token(at)),
        )
    }));
    frames.push(event("content_block_stop", ",\"index\":0"));
    frames.push(event("message_delta", r#","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":500}"#));
    frames.push(event("message_stop", ""));
    frames
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for (name, protocol, frames) in [
        ("chat completions", Protocol::Openai, chat()),
        ("responses", Protocol::Responses, responses()),
        ("messages", Protocol::Anthropic, messages()),
    ] {
        let to = endpoint(protocol);
        group.throughput(Throughput::Elements(u64::try_from(frames.len()).expect("few frames")));
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || (ReplyReader::new(&to), Vec::new()),
                |(reader, events)| {
                    for frame in &frames {
                        events.clear();
                        reader.feed(black_box(frame.as_bytes()), events).expect("a frame of the protocol");
                        black_box(&events);
                    }
                    reader.end(events).expect("a complete answer");
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
