//! Replies with an error status, and what headers say: read by every protocol.
//!
//! An input is `STATUS`, lines `name: value`, a blank line and the body, each of which may be anything.

use http::{HeaderMap, HeaderName, HeaderValue};
use llmroute_core::model::Refill;
use llmroute_core::protocols::Protocol;
use llmroute_core::wire::{ErrorReply, rate_limit, retry_after};

use super::{NOW, check_failure, check_wait, replies};

/// A reply as far as it can be made of the input.
struct Reply<'a> {
    status: u16,
    headers: HeaderMap,
    body: &'a [u8],
}

/// Classifies `data` for a provider that speaks `protocol`.
pub fn classify(protocol: Protocol, data: &[u8]) {
    let to = replies::endpoint(protocol, data);
    let Reply { status, headers, body } = split(data);
    let reply = ErrorReply { status, headers: &headers, body, now: NOW };
    let failure = protocol.adapter().classify(&to, &reply);
    check_failure(&failure);
    assert_eq!(failure.status, (status != 0).then_some(status));
    // These are said by us, of our own making.
    let ours = ["invalid_output", "budget", "truncated", "connection"];
    assert!(!ours.contains(&failure.class.as_str()), "a reply with an error is {failure:?}");
    assert_eq!(protocol.adapter().classify(&to, &reply), failure, "one reply, two meanings");
}

/// The waits and limits of the headers, and the waits in words and in JSON.
pub fn headers(data: &[u8]) {
    let Reply { headers, body, .. } = split(data);
    check_wait(retry_after::from_headers(&headers, NOW));
    for reading in rate_limit::readings(&headers, NOW) {
        check_wait(reading.span);
        match reading.refill {
            Refill::Over(window) => check_wait(Some(window)),
            Refill::At(end) => check_wait(Some(end)),
        }
    }
    let values = headers.values().filter_map(|value| value.to_str().ok());
    let body = String::from_utf8_lossy(body);
    for text in values.chain(body.lines()) {
        check_wait(retry_after::from_value(text, Some(NOW)));
        check_wait(retry_after::from_value(text, None));
        check_wait(retry_after::from_duration(text));
        check_wait(retry_after::from_text(text));
    }
    if let Ok(json) = serde_json::from_str(&body) {
        check_wait(retry_after::from_json(&json, Some(NOW)));
        check_wait(retry_after::from_json(&json, None));
    }
}

fn split(data: &[u8]) -> Reply<'_> {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((data, &[][..]), |end| (&data[..end], &data[end + 2..]));
    let mut lines = head.split(|byte| *byte == b'\n');
    let status = lines.next().and_then(|line| std::str::from_utf8(line).ok()?.parse().ok()).unwrap_or(0);
    let mut headers = HeaderMap::new();
    // As many as a client takes.
    for line in lines.take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(line[colon + 1..].trim_ascii()));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    Reply { status, headers, body }
}
