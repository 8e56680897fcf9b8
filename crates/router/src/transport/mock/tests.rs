//! Scripts on a paused clock: exact times, exact bytes.

use futures_util::StreamExt;
use http::HeaderMap;
use url::Url;

use super::*;
pub use llmroute_core::wire::script::{Script, parse_faults};

const MS: Duration = Duration::from_millis(1);

fn orders(faults: &str) -> Script {
    Script {
        latency: 10 * MS,
        ttft: 30 * MS,
        itl: 5 * MS,
        text: Some("one two three".into()),
        faults: parse_faults(faults).unwrap(),
        ..Script::default()
    }
}

fn request(script: Script, max_tokens: Option<u64>) -> WireRequest {
    let simulation = Simulation { model: "m".into(), prompt: "why is it so".into(), max_tokens, script };
    let body = serde_json::to_vec(&simulation).unwrap().into();
    WireRequest {
        method: http::Method::POST,
        url: Url::parse("mock://lab/m").unwrap(),
        headers: HeaderMap::new(),
        body,
        sign: None,
    }
}

/// The parts of one reply, with their virtual milliseconds.
#[derive(Debug, PartialEq)]
enum Seen {
    Failed(Class, String),
    Replied { status: u16, head: u128, chunks: Vec<(u128, String)>, closed: bool },
}

#[expect(clippy::disallowed_methods, reason = "measures virtual time")]
async fn see(mock: &MockTransport, request: WireRequest) -> Seen {
    let start = Instant::now();
    let reply = match mock.send(request, Duration::ZERO).await {
        Ok(reply) => reply,
        Err(failure) => return Seen::Failed(failure.class, failure.message),
    };
    let head = start.elapsed().as_millis();
    let (mut body, mut chunks) = (reply.body, Vec::new());
    let closed = loop {
        match tokio::time::timeout(Duration::from_secs(3600), body.next()).await {
            Ok(Some(chunk)) => {
                chunks.push((start.elapsed().as_millis(), String::from_utf8(chunk.unwrap().to_vec()).unwrap()));
            }
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    Seen::Replied { status: reply.status, head, chunks, closed }
}

/// The visible text, the finish reasons, and the presence of `[DONE]` and usage, as a decoder sees them.
fn read(chunks: &[(u128, String)]) -> (String, Vec<String>, bool, Option<u64>) {
    let all: String = chunks.iter().map(|(_, text)| text.as_str()).collect();
    let (mut text, mut finishes, mut done, mut usage) = (String::new(), Vec::new(), false, None);
    for data in all.split("\n\n").filter(|event| !event.is_empty()) {
        let data = data.strip_prefix("data: ").unwrap();
        if data == "[DONE]" {
            done = true;
            continue;
        }
        let chunk: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(chunk["object"], "chat.completion.chunk");
        text += chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default();
        finishes.extend(chunk["choices"][0]["finish_reason"].as_str().map(str::to_owned));
        usage = chunk["usage"]["completion_tokens"].as_u64().or(usage);
    }
    (text, finishes, done, usage)
}

/// `times`: the arrival of the head and of every chunk.
async fn check(faults: &str, times: &[u128], text: &str, finish: Option<&str>, closed: bool) {
    let seen = see(&MockTransport::new(1), request(orders(faults), None)).await;
    let Seen::Replied { status: 200, head, chunks, closed: got_closed } = seen else { panic!("{seen:?}") };
    let got: Vec<u128> = std::iter::once(head).chain(chunks.iter().map(|(at, _)| *at)).collect();
    let (got_text, finishes, done, usage) = read(&chunks);
    assert_eq!((got.as_slice(), got_text.as_str(), got_closed), (times, text, closed));
    assert_eq!(finishes.first().map(String::as_str), finish);
    assert_eq!((done, usage.is_some()), (finish.is_some(), finish.is_some()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_comes_at_its_times() {
    check("", &[10, 30, 35, 40], "one two three", Some("stop"), true).await;
}

#[tokio::test(start_paused = true)]
async fn slow_delays_head_and_first_token() {
    check("slow=2s", &[2010, 2030, 2035, 2040], "one two three", Some("stop"), true).await;
}

#[tokio::test(start_paused = true)]
async fn a_cut_ends_the_body_without_a_finish() {
    check("cut@2", &[10, 30, 35], "one two ", None, true).await;
    check("cut@0", &[10, 30], "", None, true).await;
    check("cut@9", &[10, 30, 35, 40], "one two three", None, true).await;
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_a_head_and_then_silence() {
    check("stall", &[10], "", None, false).await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_is_well_formed() {
    check("empty", &[10, 30], "", Some("stop"), true).await;
}

#[tokio::test(start_paused = true)]
async fn garbage_is_not_the_protocol() {
    let seen = see(&MockTransport::new(1), request(orders("garbage"), None)).await;
    let Seen::Replied { chunks, .. } = seen else { panic!("{seen:?}") };
    let data = chunks[0].1.strip_prefix("data: ").unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(data).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_comes_at_once_and_says_who() {
    let seen = see(&MockTransport::new(1), request(orders("refuse"), None)).await;
    let class = Class::Connection(ConnectionFault::Refused);
    assert_eq!(seen, Seen::Failed(class, "connection refused by lab (simulated)".into()));
}

#[tokio::test(start_paused = true)]
async fn an_error_reply_has_the_shape_of_openai() {
    let reply = MockTransport::new(1).send(request(orders("429=1500ms"), None), Duration::ZERO).await.unwrap();
    assert_eq!((reply.status, reply.headers["retry-after"].to_str().unwrap()), (429, "2"));
    let body: Vec<_> = reply.body.collect().await;
    let body: serde_json::Value = serde_json::from_slice(body[0].as_ref().unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "rate_limit_exceeded");
    assert_eq!(body["error"]["message"], "simulated error 429");
}

#[tokio::test(start_paused = true)]
async fn a_status_without_a_wait_has_no_retry_after() {
    let reply = MockTransport::new(1).send(request(orders("503"), None), Duration::ZERO).await.unwrap();
    assert_eq!((reply.status, reply.headers.get("retry-after")), (503, None));
}

#[tokio::test(start_paused = true)]
async fn the_token_limit_finishes_with_length() {
    let seen = see(&MockTransport::new(1), request(orders(""), Some(2))).await;
    let Seen::Replied { chunks, .. } = seen else { panic!("{seen:?}") };
    assert_eq!(read(&chunks), ("one two ".into(), vec!["length".into()], true, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn the_text_is_repeated_or_cut_to_the_wanted_length() {
    for (tokens, want) in [(5, "one two three one two "), (1, "one "), (0, "")] {
        let script = Script { tokens: Some(tokens), ..orders("") };
        let Seen::Replied { chunks, .. } = see(&MockTransport::new(1), request(script, None)).await else { panic!() };
        assert_eq!(read(&chunks).0, want);
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_text_says_that_it_is_simulated_and_what_was_asked() {
    let script = Script { text: None, ..orders("") };
    let Seen::Replied { chunks, .. } = see(&MockTransport::new(1), request(script, None)).await else { panic!() };
    let text = read(&chunks).0;
    assert!(text.starts_with("This is a simulated answer from m "), "{text}");
    assert!(text.contains("\u{201c}why is it so\u{201d}"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_bytes_and_the_next_call_others() {
    let script = Script { jitter: 0.5, ..orders("cut@1@50%") };
    let (one, two) = (MockTransport::new(7), MockTransport::new(7));
    let mut seen = Vec::new();
    for _ in 0..8 {
        let first = see(&one, request(script.clone(), None)).await;
        assert_eq!(first, see(&two, request(script.clone(), None)).await);
        assert!(!seen.contains(&first));
        seen.push(first);
    }
    assert_ne!(see(&MockTransport::new(8), request(script, None)).await, seen.remove(0));
}

#[tokio::test(start_paused = true)]
async fn a_chance_is_kept_in_the_long_run() {
    let mock = MockTransport::new(3);
    let mut refused = 0;
    for _ in 0..1000 {
        let reply = mock.send(request(orders("refuse@20%"), None), Duration::ZERO).await;
        refused += u32::from(reply.is_err());
    }
    assert!((150..250).contains(&refused), "{refused} of 1000");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_script_is_refused() {
    let request = WireRequest { body: Bytes::from_static(b"{}"), ..request(orders(""), None) };
    let seen = see(&MockTransport::new(1), request).await;
    assert!(matches!(&seen, Seen::Failed(Class::BadRequest, message) if message.contains("missing field")), "{seen:?}");
}
