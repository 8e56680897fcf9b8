//! A reply without an answer is a failure of the right class in every protocol.

use serde_json::Value;

use super::super::{Endpoint, Protocol};
use super::{decode_all, endpoint, errors, fixtures};
use crate::catalog::Quirks;
use crate::model::{Answer, Class, Failure, TimeoutKind};
use crate::wire::{Framing, event_stream};

/// A server of which nothing is known but the protocol.
fn plain(protocol: Protocol) -> Endpoint {
    Endpoint { protocol, quirks: Quirks::plain(protocol), ..endpoint("plain", "m") }
}

fn read(protocol: Protocol, body: &[u8]) -> Result<Answer, Failure> {
    let whole = decode_all(&plain(protocol), &[body]);
    let pieces: Vec<&[u8]> = body.chunks(5).collect();
    assert_eq!(decode_all(&plain(protocol), &pieces), whole, "{} {}", protocol.as_str(), body.escape_ascii());
    whole
}

/// In every protocol `body` is a failure of this class.
fn check(body: &str, class: Class) {
    for protocol in Protocol::ALL {
        check_one(protocol, body.as_bytes(), class);
    }
}

fn check_one(protocol: Protocol, body: &[u8], class: Class) {
    let got = read(protocol, body).map_err(|failure| failure.class);
    assert_eq!(got, Err(class), "{}: {}", protocol.as_str(), body.escape_ascii());
}

/// `error` as the frames of a stream, in each form that the framing has for it.
fn framed(framing: Framing, error: &str) -> Vec<Vec<u8>> {
    match framing {
        Framing::Sse => vec![
            format!("data: {error}\n\n").into_bytes(),
            format!("event: error\ndata: {error}\n\n").into_bytes(),
            format!(": wait\r\n\r\nevent: error\r\ndata: {error}\r\n\r\n").into_bytes(),
        ],
        Framing::Ndjson => vec![format!("{error}\n").into_bytes(), format!("\n{error}\r\n{error}\n").into_bytes()],
        Framing::AwsEventStream => {
            let headers = [(":message-type", "exception"), (":exception-type", "")];
            let event = [(":message-type", "event"), (":event-type", "new")];
            [&headers[..], &event].map(|headers| event_stream::encode::message(headers, error.as_bytes())).into()
        }
    }
}

const ERRORS: &[(&str, Class)] = &[
    (r#"{"error":{"message":"x","type":"overloaded_error"}}"#, Class::Overloaded),
    (r#"{"error":{"message":"x","type":"rate_limit_error"}}"#, Class::RateLimit),
    (r#"{"type":"error","error":{"type":"rate_limit_error","message":"x"}}"#, Class::RateLimit),
    (r#"{"error":{"message":"x","code":401}}"#, Class::Authentication),
    (r#"{"error":{"message":"x","code":"insufficient_quota"}}"#, Class::Quota),
    (r#"{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}"#, Class::Overloaded),
    (r#"{"error":"Something failed"}"#, Class::ServerError),
    (r#"{"error":"rate limit exceeded"}"#, Class::RateLimit),
    (r#"{"error":"the request timed out"}"#, Class::Timeout(TimeoutKind::Upstream)),
    (r#"{"object":"error","message":"maximum context length is 5","code":400}"#, Class::ContextWindow),
    (r#"{"detail":"Unauthorized","status":401}"#, Class::Authentication),
    (r#"{"error":{}}"#, Class::ServerError),
];

#[test]
fn an_error_inside_a_success_is_a_failure() {
    for (error, class) in ERRORS {
        let value: Value = serde_json::from_str(error).unwrap();
        check(error, *class);
        check(&format!("\u{feff}\r\n{error}\n"), *class);
        check(&format!("{value:#}"), *class);
    }
}

#[test]
fn an_error_in_an_array_is_a_failure() {
    for (error, class) in ERRORS {
        check(&format!("[{error}]"), *class);
        check(&format!("[\n  {error}\n]\n"), *class);
        check(&format!("[{error},{error}]"), *class);
    }
}

#[test]
fn an_error_in_a_stream_is_a_failure() {
    for (error, class) in ERRORS {
        for protocol in Protocol::ALL {
            for body in framed(protocol.adapter().framing(), error) {
                check_one(protocol, &body, *class);
            }
        }
    }
}

#[test]
fn an_error_in_words_is_a_failure() {
    for quoted in ["", "\""] {
        for (words, class) in [
            ("Rate limit exceeded", Class::RateLimit),
            ("rate limit: 5 requests", Class::RateLimit),
            ("error: the engine is overloaded", Class::Overloaded),
            ("internal error: the request timed out", Class::Timeout(TimeoutKind::Upstream)),
            ("You exceeded your current quota", Class::Quota),
        ] {
            check(&format!("{quoted}{words}{quoted}"), class);
        }
    }
    check("\"Something failed\"", Class::ServerError);
    for words in ["Something failed", "error code: 1015", "retry later", "no\nidea"] {
        check(words, Class::Malformed);
        for protocol in Protocol::ALL {
            let message = read(protocol, words.as_bytes()).unwrap_err().message;
            assert!(message.contains(&words.replace('\n', " ")), "{}: {message}", protocol.as_str());
        }
    }
}

#[test]
fn a_page_is_malformed() {
    for page in ["<!DOCTYPE html><title>billing overloaded</title>", "\r\n <html>\n</html>", "\u{feff}<?xml?>", "<"] {
        check(page, Class::Malformed);
    }
}

#[test]
fn nothing_is_malformed() {
    for body in ["", " ", "\n", "\r\n\r\n\t ", "\u{feff}", "\u{feff}\n"] {
        check(body, Class::Malformed);
        for protocol in Protocol::ALL {
            assert_eq!(read(protocol, body.as_bytes()).unwrap_err().message, "the reply is empty", "{body:?}");
        }
    }
}

#[test]
fn json_without_an_answer_is_malformed() {
    for body in ["[]", "null", "true", "1", "\"\"", "[[]]", "{\n}"] {
        check(body, Class::Malformed);
    }
}

#[test]
fn a_cut_document_is_a_failure() {
    for (file, bytes, to, _) in fixtures::answers() {
        if !file.ends_with(".json") {
            continue;
        }
        let end = bytes.trim_ascii_end().len();
        for at in [1, 2, 3, end / 4, end / 2, end - 2, end - 1] {
            let failure = decode_all(&to, &[&bytes[..at]]).expect_err(&file);
            assert!(matches!(failure.class, Class::Malformed | Class::Truncated), "{file} at {at}: {failure:?}");
        }
    }
}

#[test]
fn an_answer_in_another_protocol_is_a_failure() {
    for (file, bytes, _, want) in fixtures::answers() {
        for protocol in Protocol::ALL {
            let said = |answer: &Answer| (answer.text.clone(), answer.tool_calls.clone());
            match (read(protocol, &bytes), &want) {
                (Err(_), _) => {}
                // Some speak the same.
                (Ok(answer), Some(want)) => assert_eq!(said(&answer), said(want), "{file} as {}", protocol.as_str()),
                (Ok(answer), None) => panic!("{file} as {}: {answer:?}", protocol.as_str()),
            }
        }
    }
}

#[test]
fn what_providers_send_with_an_error_status_is_no_answer_with_another() {
    for (to, body) in errors::bodies() {
        assert!(decode_all(&to, &[&body]).is_err(), "{}", body.escape_ascii());
        for protocol in Protocol::ALL {
            assert!(read(protocol, &body).is_err(), "{}: {}", protocol.as_str(), body.escape_ascii());
        }
    }
}
