//! JSON of replies: frames, complete documents, and the errors that stand in place of an answer.

use serde_json::Value;

use super::{classify, json_limits};
use crate::model::{Class, Failure};
use crate::wire::Frame;

/// The JSON of a frame.
pub(super) fn json_of(data: &[u8]) -> Result<Value, Failure> {
    check_value_count(data)?;
    serde_json::from_slice(data).map_err(|_| Failure::new(Class::Malformed, "a frame of the stream is not JSON"))
}

/// Fails for a text that would take many times its size once it is read.
pub(super) fn check_value_count(text: &[u8]) -> Result<(), Failure> {
    if json_limits::exceeds_value_limit(text) {
        return Err(Failure::new(Class::Malformed, "the reply holds more JSON values than an answer has"));
    }
    Ok(())
}

/// The failure in a frame with the event `error`, which need not be JSON.
pub(super) fn error_frame(frame: &Frame, codes: classify::Codes) -> Failure {
    if let Err(failure) = check_value_count(frame.data.as_bytes()) {
        return failure;
    }
    let body = serde_json::from_str(&frame.data).unwrap_or_else(|_| Value::String(frame.data.clone()));
    classify::inside(&body, codes)
}

/// The JSON of a whole reply, out of the array that some gateways wrap it in.
pub(super) fn whole_json(body: &[u8]) -> Result<Value, Failure> {
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
    let malformed = |message: &str| Err(Failure::new(Class::Malformed, message));
    check_value_count(text)?;
    match text.first() {
        None => Err(empty()),
        Some(b'<') => malformed("the server sent a web page instead of an answer; check `base_url`"),
        Some(_) => match serde_json::from_slice(text) {
            Ok(Value::Array(mut list)) if list.len() == 1 => Ok(list.remove(0)),
            Ok(value) => Ok(value),
            Err(_) if matches!(text[0], b'{' | b'[') => malformed("the reply is neither a stream nor whole JSON"),
            Err(_) => Err(words(&String::from_utf8_lossy(text))),
        },
    }
}

/// The failure of an empty reply.
pub(super) fn empty() -> Failure {
    Failure::new(Class::Malformed, "the reply is empty")
}

/// The failure of a reply of bare words: the error that they describe, or malformed.
fn words(text: &str) -> Failure {
    let failure = classify::inside(&Value::String(text.to_owned()), &[]);
    match failure.class {
        Class::ServerError => Failure::new(Class::Malformed, format!("the reply is neither a stream nor JSON: {text}")),
        _ => failure,
    }
}

/// The failure of a JSON reply without an answer: the error that it reports, or malformed.
pub(super) fn not_an_answer(body: &Value, codes: classify::Codes) -> Failure {
    let list = body.as_array().map(Vec::as_slice).unwrap_or_default();
    let body = list.iter().find(|body| classify::is_error(body)).unwrap_or(body);
    // A bare text is not an answer but the reason why there is none.
    if classify::is_error(body) || body.as_str().is_some_and(|text| !text.trim().is_empty()) {
        classify::inside(body, codes)
    } else {
        Failure::new(Class::Malformed, "the reply is JSON, but not an answer")
    }
}

/// Returns a count of tokens, which may be written as a float or as a text.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, and a count is small")]
pub(super) fn count(value: &Value) -> Option<u64> {
    let float = |number: f64| (number >= 0.0).then_some(number as u64);
    match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(float)),
        Value::String(text) => text.trim().parse().ok().and_then(float),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the cost that a gateway names in `usage`, in billionths of a USD: a number (OpenRouter, "Usage accounting") or
/// an object with the total (Perplexity). With keys of the caller the number is the gateway's fee alone, and the price
/// of the call stands beside it. A cost of 0 says nothing: the price of the model decides.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be small and positive")]
pub(super) fn cost_nanos(usage: &Value) -> Option<u64> {
    let number = |place: &str| usage.pointer(place).and_then(Value::as_f64);
    let own_key = usage.get("is_byok") == Some(&Value::Bool(true));
    let upstream = number("/cost_details/upstream_inference_cost").filter(|_| own_key).unwrap_or(0.0);
    let nanos = ((number("/cost").or_else(|| number("/cost/total_cost"))? + upstream) * 1e9).round();
    (1.0..1e15).contains(&nanos).then_some(nanos as u64)
}
