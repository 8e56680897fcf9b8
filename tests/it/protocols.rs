//! Each protocol end to end: the program calls a server that answers with recorded bytes.

use std::io::Write;
use std::net::{Shutdown, TcpListener};
use std::path::Path;
use std::thread;

use serde_json::Value;

use crate::support::request::Call;
use crate::support::{End, KEY, Profile, Run};

/// A recorded reply to one request: the expected answer from `expected.json`, and the request.
struct Exchange {
    request: Call,
    stdout: String,
    expected: Value,
}

/// Calls a provider that speaks `protocol` and answers with `file` in pieces of seven bytes.
fn exchange(protocol: &str, file: &str) -> Exchange {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let (folder, name) = file.split_once('/').expect("a folder and a file");
    let body = std::fs::read(fixtures.join(file)).expect("the recorded reply");
    let expected: Value =
        serde_json::from_slice(&std::fs::read(fixtures.join(folder).join("expected.json")).expect("its answers"))
            .expect("JSON");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let request = Call::read(&stream).expect("a request").expect("a whole one");
        stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").expect("the head is sent");
        // A client that has the end of the answer may close the connection before the end of the stream.
        let _ = body.chunks(7).try_for_each(|piece| stream.write_all(piece));
        let _ = stream.shutdown(Shutdown::Write);
        request
    });
    let profile = Profile::new().provider("lab", protocol, &url).deployment("lab/model-x", "");
    let output = Run::with(&profile.text()).env("LAB_KEY", KEY).args(["ask", "--json", "hi"]).output();
    assert_eq!(output.end, End::Code(0), "{protocol}: {}", output.notes());
    let request = server.join().expect("the server ends");
    Exchange { request, stdout: output.text(), expected: expected[name].clone() }
}

fn check(protocol: &str, file: &str, path: &str, (header, value): (&str, &str)) {
    let Exchange { request, stdout, expected } = exchange(protocol, file);
    assert_eq!(request.path, path, "{protocol}");
    assert_eq!(request.header(header), Some(value), "{protocol}");
    assert_eq!(request.json()["stream"], true, "{protocol}");
    let answer: Value = serde_json::from_str(&stdout).expect("one JSON object");
    assert_eq!(answer["text"], expected["text"], "{protocol}");
    assert_eq!(answer["reasoning"].as_str().unwrap_or_default(), expected["reasoning"], "{protocol}");
    assert_eq!(answer["finish_reason"], expected["finish"], "{protocol}");
    let tokens = if expected["usage"].is_null() { Value::from(0) } else { expected["usage"]["output"].clone() };
    assert_eq!(answer["usage"]["output_tokens"].as_u64().unwrap_or(0), tokens, "{protocol}");
}

#[test]
fn every_protocol_works_end_to_end() {
    let bearer = format!("Bearer {KEY}");
    let bearer = ("authorization", bearer.as_str());
    check("openai-responses", "openai-responses/stream-text.sse", "/v1/responses", bearer);
    check("azure", "azure/stream-text.sse", "/openai/v1/chat/completions", ("api-key", KEY));
    check("ollama", "ollama/chat-stream.ndjson", "/api/chat", bearer);
    check("cohere", "cohere/stream-text.sse", "/v2/chat", bearer);
}

#[test]
fn an_unstreamed_reply_is_an_answer() {
    let bearer = format!("Bearer {KEY}");
    let bearer = ("authorization", bearer.as_str());
    check("openai-responses", "openai-responses/nonstream-reasoning.json", "/v1/responses", bearer);
    check("azure", "azure/nonstream-text.json", "/openai/v1/chat/completions", ("api-key", KEY));
    check("ollama", "ollama/chat-nonstream.json", "/api/chat", bearer);
    check("cohere", "cohere/nonstream-reasoning.json", "/v2/chat", bearer);
}
