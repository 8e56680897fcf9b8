//! Classifies error replies: status first, then machine codes, then text within a status.
//!
//! Shared by the protocols; it knows shapes and codes, no provider. What one provider means by a
//! own code is in its catalog row ([`crate::catalog::Quirks::codes`]).

mod error_body;
mod rules;

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use crate::model::{Class, Failure, TimeoutKind, Timestamp};
use crate::wire::{ErrorReply, retry_after};
use error_body::ErrorBody;

/// Codes of one provider and what they mean there; compared without case and punctuation, with the
/// status as a code too (`"412"`, or `"413 empty"` for one without a body). They go first.
pub(crate) type Codes = &'static [(&'static str, Class)];

/// A limit with a longer wait is an exhausted quota.
const LONGEST_RATE_LIMIT: Duration = Duration::from_secs(3600);

/// Classifies a reply with an error status.
#[must_use]
pub(crate) fn reply(reply: &ErrorReply<'_>, own: Codes) -> Failure {
    let said = ErrorBody::of_body(reply.body);
    let mut failure = failure(&said, reply.status, own, Some(reply.headers), Some(reply.now));
    failure.request_id = request_id(reply.headers).or(said.request_id);
    failure.status = (reply.status != 0).then_some(reply.status);
    if let Some(address) = redirect(reply) {
        failure.message = format!("the server redirects to {address}; set `base_url` to its address");
    }
    failure
}

/// The address that a redirect names, without its query; redirects are not followed.
fn redirect(reply: &ErrorReply<'_>) -> Option<String> {
    let location = reply.headers.get(http::header::LOCATION).filter(|_| (300..400).contains(&reply.status))?;
    let address = location.to_str().ok()?.split(['?', '#']).next()?;
    Some(crate::model::failure::one_line(address)).filter(|address| !address.is_empty())
}

/// Classifies an error inside a reply with status 200.
#[must_use]
pub(crate) fn inside(body: &Value, own: Codes) -> Failure {
    let said = ErrorBody::of_json(body);
    let mut failure = failure(&said, 0, own, None, None);
    failure.request_id = said.request_id;
    failure
}

/// The provider's id of the request, when the headers name one.
#[must_use]
pub fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "request-id", "x-generation-id", "apim-request-id", "x-amzn-requestid"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .map(crate::model::failure::one_line)
        .filter(|id| !id.is_empty())
}

/// Recognizes a `body` that reports an error instead of an answer, in the shapes that servers use.
#[must_use]
pub(crate) fn is_error(body: &Value) -> bool {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let present = |name: &str| body.get(name).is_some_and(is_present);
    // Beside an answer, an empty object is not an error.
    let has = |name: &&str| body.get(*name).is_some_and(|value| !value.is_null());
    let is = |name: &str, kind: fn(&Value) -> bool| body.get(name).is_some_and(kind);
    let answers = ["choices", "candidates", "output"].iter().any(has)
        || is("content", Value::is_array)
        || is("message", Value::is_object)
        || is("delta", Value::is_object)
        || is("response", Value::is_object);
    let is_error = |error: &Value| is_present(error) || (!answers && error.is_object());
    body.get("error").is_some_and(is_error)
        || text("object") == Some("error")
        || text("type") == Some("error")
        || present("error_code")
        || body.pointer("/base_resp/status_code").and_then(Value::as_i64).is_some_and(|code| code != 0)
        || (!answers && (present("detail") || present("errors") || (present("message") && present("code"))))
}

/// Returns `true` if a field says something: `null`, `false`, 0 and what is empty do not.
#[must_use]
pub(crate) fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty() && text != "0",
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn failure(said: &ErrorBody, status: u16, own: Codes, headers: Option<&HeaderMap>, now: Option<Timestamp>) -> Failure {
    let asks_to_wait_by_header = || {
        headers.is_some_and(|headers| ["retry-after", "retry-after-ms"].iter().any(|name| headers.contains_key(*name)))
    };
    let class = match class(said, status, own) {
        // A reply that says when to come back is about how much was asked, not about what.
        Class::BadRequest | Class::Permission if asks_to_wait_by_header() => Class::RateLimit,
        class => class,
    };
    let mut failure = Failure::new(class, said.message_for(status));
    if asks_to_wait(class) {
        let now = now.map(|now| headers.map_or(now, |headers| retry_after::server_time(headers, now)));
        let from_headers = || retry_after::from_headers(headers?, now?);
        let from_body = || retry_after::from_json(&said.body, now).or_else(|| retry_after::from_text(&said.text));
        // A delay in seconds beside a limit per day is about another limit.
        failure.retry_after = from_headers().or_else(|| if said.daily { None } else { from_body() });
    }
    if class == Class::RateLimit && failure.retry_after.is_some_and(|wait| wait > LONGEST_RATE_LIMIT) {
        failure.class = Class::Quota;
    }
    failure
}

fn asks_to_wait(class: Class) -> bool {
    match class {
        Class::RateLimit | Class::Quota | Class::Overloaded | Class::ServerError | Class::Timeout(_) => true,
        Class::Authentication
        | Class::Permission
        | Class::NotFound
        | Class::BadRequest
        | Class::Unsupported
        | Class::ContextWindow
        | Class::ContentPolicy
        | Class::Connection(_)
        | Class::Malformed
        | Class::Truncated
        | Class::InvalidOutput(_)
        | Class::Budget => false,
    }
}

fn class(said: &ErrorBody, status: u16, own: Codes) -> Class {
    // Inside a 200 a numeric code is the status that another server gave.
    let effective = if status == 0 { said.numeric.unwrap_or(0) } else { status };
    rules::own(said, effective, own)
        .or_else(|| decisive(effective))
        .or_else(|| nested(said, effective, own))
        .or_else(|| rules::shape(said, effective))
        .or_else(|| rules::code(&said.codes).filter(|class| fits(*class, effective)))
        .or_else(|| rules::model_limit(said, effective))
        .or_else(|| rules::text(&said.text, effective, status == 0))
        .unwrap_or_else(|| fallback(effective))
}

/// Classifies the error of a server behind a gateway, if it is recognized and fits the gateway's status.
fn nested(said: &ErrorBody, status: u16, own: Codes) -> Option<Class> {
    let nested = said.nested.as_deref()?;
    Some(class(nested, 0, own))
        .filter(|class| !matches!(class, Class::ServerError | Class::Malformed) && fits(*class, status))
}

/// Statuses with one meaning, whatever the body.
fn decisive(status: u16) -> Option<Class> {
    match status {
        401 => Some(Class::Authentication),
        402 => Some(Class::Quota),
        404 => Some(Class::NotFound),
        408 | 504 | 524 => Some(Class::Timeout(TimeoutKind::Upstream)),
        498 | 503 | 529 => Some(Class::Overloaded),
        _ => None,
    }
}

/// Returns `true` if a code can mean `class` under `status`: a failing server does not judge the request.
fn fits(class: Class, status: u16) -> bool {
    let servers = matches!(class, Class::Overloaded | Class::Timeout(_) | Class::ContextWindow | Class::ServerError);
    status < 500 || servers
}

/// The class if neither code nor text helps.
fn fallback(status: u16) -> Class {
    match status {
        202 => Class::Overloaded,
        200..=299 => Class::Malformed,
        // Redirects are not followed: the base URL is wrong.
        300..=399 | 410 => Class::NotFound,
        403 => Class::Permission,
        409 | 424 | 425 | 499 => Class::ServerError,
        429 => Class::RateLimit,
        400..=499 => Class::BadRequest,
        _ => Class::ServerError,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_741_305_590_000);

    fn ask(status: u16, headers: &[(&str, &str)], body: &[u8], own: Codes) -> Failure {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap())
        };
        let headers = headers.iter().map(pair).collect();
        reply(&ErrorReply { status, headers: &headers, body, now: NOW }, own)
    }

    fn check(status: u16, body: &str, class: Class) {
        assert_eq!(ask(status, &[], body.as_bytes(), &[]).class, class, "{status} {body}");
    }

    fn message(status: u16, body: &str, want: &str) {
        assert_eq!(ask(status, &[], body.as_bytes(), &[]).message, want, "{status} {body}");
    }

    #[test]
    fn the_status_decides_before_the_text() {
        check(401, r#"{"error":"insufficient_quota: billing"}"#, Class::Authentication);
        check(500, r#"{"error":{"message":"billing safety flagged"}}"#, Class::ServerError);
        check(503, r#"{"error":{"type":"server_error","message":"Slow Down"}}"#, Class::Overloaded);
        check(404, r#"{"error":{"message":"flagged by our usage policy"}}"#, Class::NotFound);
    }

    #[test]
    fn a_code_decides_before_the_text() {
        let body = r#"{"error":{"code":"rate_limit_exceeded","message":"add a payment method at /account/billing: insufficient balance"}}"#;
        check(429, body, Class::RateLimit);
        check(429, r#"{"error":{"type":"insufficient_quota","code":null}}"#, Class::Quota);
        check(
            429,
            r#"{"error":{"type":"rate_limit_error","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
            Class::Quota,
        );
    }

    #[test]
    fn a_code_of_the_server_does_not_blame_the_request() {
        check(500, r#"{"error":{"type":"authentication_error"}}"#, Class::ServerError);
        check(500, r#"{"error":{"type":"overloaded_error"}}"#, Class::Overloaded);
        check(500, r#"{"error":"Context size has been exceeded."}"#, Class::ContextWindow);
    }

    #[test]
    fn codes_of_the_provider_go_first() {
        let own: Codes = &[("1113", Class::Quota), ("412", Class::Quota)];
        assert_eq!(ask(429, &[], br#"{"error":{"code":"1113","message":"x"}}"#, own).class, Class::Quota);
        assert_eq!(ask(412, &[], b"", own).class, Class::Quota);
        let empty: Codes = &[("413 empty", Class::ContextWindow)];
        assert_eq!(ask(413, &[], b"", empty).class, Class::ContextWindow);
        assert_eq!(ask(413, &[], b"x", empty).class, Class::BadRequest);
        assert_eq!(ask(401, &[], b"", empty).class, Class::Authentication);
        assert_eq!(ask(400, &[], br#"{"base_resp":{"status_code":1113}}"#, own).class, Class::Quota);
    }

    #[test]
    fn statuses_without_a_body_have_a_meaning() {
        for (status, class) in [
            (400, Class::BadRequest),
            (402, Class::Quota),
            (403, Class::Permission),
            (405, Class::BadRequest),
            (409, Class::ServerError),
            (413, Class::BadRequest),
            (422, Class::BadRequest),
            (424, Class::ServerError),
            (429, Class::RateLimit),
            (499, Class::ServerError),
            (500, Class::ServerError),
            (502, Class::ServerError),
            (504, Class::Timeout(TimeoutKind::Upstream)),
            (520, Class::ServerError),
            (524, Class::Timeout(TimeoutKind::Upstream)),
            (529, Class::Overloaded),
            (302, Class::NotFound),
            (204, Class::Malformed),
            (202, Class::Overloaded),
            (0, Class::ServerError),
        ] {
            check(status, "", class);
            check(status, "<!DOCTYPE html><title>billing flagged</title>", class);
        }
    }

    #[test]
    fn the_limit_of_a_minute_is_not_the_limit_of_a_day() {
        let body = |id: &str| {
            format!(
                r#"[{{"error":{{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota, please check your plan and billing details.",
                "details":[{{"@type":"t/google.rpc.QuotaFailure","violations":[{{"quotaId":"{id}"}}]}},{{"@type":"t/google.rpc.RetryInfo","retryDelay":"34s"}}]}}}}]"#
            )
        };
        let minute = ask(429, &[], body("GenerateRequestsPerMinutePerProject").as_bytes(), &[]);
        assert_eq!((minute.class, minute.retry_after), (Class::RateLimit, Some(Duration::from_secs(34))));
        let day = ask(429, &[], body("GenerateRequestsPerDayPerProject").as_bytes(), &[]);
        assert_eq!((day.class, day.retry_after), (Class::Quota, None));
    }

    #[test]
    fn a_wait_of_hours_is_an_allowance_used_up() {
        assert_eq!(ask(429, &[("retry-after", "3600")], b"", &[]).class, Class::RateLimit);
        assert_eq!(ask(429, &[("retry-after", "3601")], b"", &[]).class, Class::Quota);
    }

    #[test]
    fn headers_go_before_the_body_and_only_waiting_classes_wait() {
        let body = br#"{"error":{"code":"rate_limit_exceeded","message":"Please try again in 5.04s."}}"#;
        assert_eq!(ask(429, &[], body, &[]).retry_after, Some(Duration::from_millis(5040)));
        assert_eq!(ask(429, &[("retry-after-ms", "20")], body, &[]).retry_after, Some(Duration::from_millis(20)));
        assert_eq!(ask(401, &[("retry-after", "9")], b"", &[]).retry_after, None);
    }

    #[test]
    fn the_message_is_found_in_every_shape() {
        message(400, r#"{"error":{"message":"a"}}"#, "a");
        message(400, r#"{"error":"b"}"#, "b");
        message(400, r#"{"message":"c","code":1}"#, "c");
        message(400, r#"[{"error":{"message":"d"}}]"#, "d");
        message(422, r#"{"detail":[{"loc":["body","x"],"msg":"e"}]}"#, "body.x: e");
        message(401, r#"{"detail":"Unauthorized"}"#, "Unauthorized");
        message(400, r#"{"detail":{"error":"f"}}"#, "f");
        message(400, r#"{"errors":[{"code":1,"message":"g"}]}"#, "g");
        message(400, r#"{"base_resp":{"status_code":1,"status_msg":"h"}}"#, "h");
        message(400, r#"{"message":{"detail":[{"loc":["x"],"msg":"i"}]}}"#, "x: i");
        message(400, r#"{"title":"Bad","detail":"j"}"#, "j");
        message(
            429,
            r#"{"error":{"message":"Provider returned error","metadata":{"raw":"k"}}}"#,
            "Provider returned error: k",
        );
        message(400, "data: {\"error\":{\"message\":\"l\"}}\n\n", "l");
        message(502, "<html><h1>x</h1></html>", "HTTP 502 Bad Gateway (an HTML page)");
        message(500, "", "HTTP 500 Internal Server Error");
        message(500, "upstream connect error\n", "upstream connect error");
        message(599, "{}", "HTTP 599");
        // Nothing of it can be shown.
        message(500, "\u{1}", "HTTP 500 Internal Server Error");
        message(500, r#"{"error":{"message":"\u0000 "},"message":"\u001b","title":"m"}"#, "m");
        message(0, "\u{7f}", "the provider reports an error without a message");
    }

    #[test]
    fn the_request_id_is_in_a_header_or_the_body() {
        let id = |headers: &[(&str, &str)], body: &str| ask(500, headers, body.as_bytes(), &[]).request_id;
        assert_eq!(id(&[("x-request-id", "a")], r#"{"request_id":"b"}"#).as_deref(), Some("a"));
        assert_eq!(id(&[("request-id", "c")], "").as_deref(), Some("c"));
        assert_eq!(id(&[], r#"{"request_id":"b"}"#).as_deref(), Some("b"));
        assert_eq!(id(&[], ""), None);
    }

    #[test]
    fn shapes_of_errors_are_told_from_answers() {
        let is = |body: &str| is_error(&serde_json::from_str(body).unwrap());
        for body in [
            r#"{"error":{}}"#,
            r#"{"error":"x"}"#,
            r#"{"object":"error","message":"x"}"#,
            r#"{"type":"error"}"#,
            r#"{"detail":"x"}"#,
            r#"{"message":"x","code":"y"}"#,
            r#"{"base_resp":{"status_code":1002}}"#,
        ] {
            assert!(is(body), "{body}");
        }
        for body in [
            r#"{"error":null,"choices":[]}"#,
            r#"{"error":"","choices":[]}"#,
            r#"{"choices":[],"message":"x","code":1}"#,
            r#"{"base_resp":{"status_code":0},"choices":[]}"#,
            "[]",
            "1",
        ] {
            assert!(!is(body), "{body}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_replies_never_panic(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = ask(status, &[], &body, &[]);
        }

        #[test]
        fn arbitrary_json_never_panics(
            status in prop::sample::select(vec![0u16, 200, 400, 403, 429, 500]),
            key in "(error|message|detail|errors|code|type|metadata|details|base_resp|choices)",
            inner in "(error|message|code|raw|details|retryDelay|status|headers|flagged_input)",
            value in "(1|-1|1e300|null|true|\"x\"|\"9s\"|\\[\\]|\\[1\\]|\\[\\{\\}\\]|\\{\\})",
        ) {
            for body in [format!(r#"{{"{key}":{value}}}"#), format!(r#"{{"{key}":{{"{inner}":{value}}}}}"#), format!(r#"[{{"{key}":[{{"{inner}":{value}}}]}}]"#)] {
                let _ = ask(status, &[], body.as_bytes(), &[]);
                let _ = inside(&serde_json::from_str(&body).unwrap(), &[]);
            }
        }
    }
}
