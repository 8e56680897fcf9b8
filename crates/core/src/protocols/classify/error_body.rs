//! Extracts codes, message and ids from error bodies of any shape. It does not classify.

use http::StatusCode;
use serde_json::Value;

use crate::wire::sse;

/// An error body, read.
#[derive(Debug, Default)]
pub(crate) struct ErrorBody {
    /// Machine codes as [`key`]s: `code`, `type`, `status`, `reason`, … of the error and around it.
    pub codes: Vec<String>,
    /// A code that is an HTTP status.
    pub numeric: Option<u16>,
    /// The message, for people.
    pub message: String,
    /// All words, in lower case.
    pub text: String,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// A moderation result lies beside the error.
    pub flagged: bool,
    /// A limit per day is named by its id.
    pub daily: bool,
    /// The body is an HTML page.
    pub html: bool,
    /// The body is empty.
    pub empty: bool,
    /// The error of the server behind a gateway, which the gateway passes on.
    pub nested: Option<Box<ErrorBody>>,
    /// The body, for what else is in it.
    pub body: Value,
}

/// A code without case and punctuation: `rate_limit_exceeded` and `RateLimitExceeded` are one.
pub(crate) fn key(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

impl ErrorBody {
    /// Reads a body that may be anything.
    pub(crate) fn of_body(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Self { empty: true, ..Self::default() };
        }
        if text.starts_with('<') {
            return Self { html: true, ..Self::default() };
        }
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            return Self::of_json(&value);
        }
        if let Some(value) = first_event(text) {
            return Self::of_json(&value);
        }
        Self { message: text.to_owned(), text: text.to_ascii_lowercase(), ..Self::default() }
    }

    /// Reads a JSON body; one that is wrapped in an array is unwrapped.
    pub(crate) fn of_json(body: &Value) -> Self {
        let body = body.as_array().and_then(|list| list.first()).unwrap_or(body);
        let error = ["error", "detail", "fault"].iter().filter_map(|name| body.get(*name)).find(|at| at.is_object());
        // Some gateways wrap the error twice.
        let error = error.map_or(body, |error| error.get("error").filter(|inner| inner.is_object()).unwrap_or(error));
        let mut said = Self { body: body.clone(), ..Self::default() };
        said.message = message(body, error);
        if let Some(nested) = error.pointer("/metadata/raw").and_then(Self::of_nested) {
            said.message = [said.message.as_str(), &nested.message].join(": ");
            said.nested = Some(Box::new(nested));
        } else if said.message.trim_start().starts_with(['{', '['])
            && let Some(nested) = Self::of_nested(&Value::String(said.message.clone()))
        {
            said.message.clone_from(&nested.message);
            said.nested = Some(Box::new(nested));
        }
        if let Some(parameter) = error.get("param").and_then(Value::as_str).filter(|name| is_visible(name))
            && is_visible(&said.message)
            && !said.message.contains(parameter)
        {
            said.message = format!("{} (`{parameter}`)", said.message);
        }
        said.text = said.message.to_ascii_lowercase();
        for holder in holders(body, error) {
            said.read_codes(holder);
        }
        let metadata = error.get("metadata");
        said.flagged = ["flagged_input", "reasons"].iter().any(|name| metadata.and_then(|at| at.get(*name)).is_some());
        said.daily = details(error).any(names_a_day);
        said.request_id = [body, error]
            .iter()
            .find_map(|at| at.get("request_id").and_then(Value::as_str))
            .map(crate::model::failure::one_line);
        said
    }

    /// Reads an error inside another: an object, or a text that holds one.
    fn of_nested(raw: &Value) -> Option<Self> {
        let mut nested = match raw {
            Value::String(text) => Self::of_body(text.as_bytes()),
            Value::Object(_) | Value::Array(_) => Self::of_json(raw),
            Value::Null | Value::Bool(_) | Value::Number(_) => return None,
        };
        // A gateway behind a gateway is enough.
        nested.nested = None;
        is_visible(&nested.message).then_some(nested)
    }

    fn read_codes(&mut self, holder: &Value) {
        const NAMES: [&str; 10] = [
            "code",
            "type",
            "status",
            "error_type",
            "error_code",
            "errorcode",
            "reason",
            "status_code",
            "__type",
            "object",
        ];
        for name in NAMES {
            match holder.get(name) {
                Some(Value::String(code)) => {
                    self.numeric = self.numeric.or_else(|| http_status(code.parse().ok()?));
                    self.codes.push(key(code));
                }
                Some(Value::Number(code)) => {
                    self.numeric = self.numeric.or_else(|| http_status(code.as_u64()?));
                    self.codes.push(code.to_string());
                }
                _ => {}
            }
        }
    }

    /// The message, or the best replacement.
    pub(crate) fn message_for(&self, status: u16) -> String {
        if is_visible(&self.message) {
            return self.message.clone();
        }
        let page = if self.html { " (an HTML page)" } else { "" };
        match StatusCode::from_u16(status) {
            Ok(code) => match code.canonical_reason() {
                Some(reason) => format!("HTTP {status} {reason}{page}"),
                None => format!("HTTP {status}{page}"),
            },
            Err(_) => self.codes.first().map_or_else(
                || "the provider reports an error without a message".to_owned(),
                |code| format!("the provider reports `{code}`"),
            ),
        }
    }
}

/// Returns `true` if some of it is visible on a terminal.
fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !c.is_control())
}

fn http_status(code: u64) -> Option<u16> {
    u16::try_from(code).ok().filter(|code| (400..600).contains(code))
}

fn first_event(text: &str) -> Option<Value> {
    let (mut parser, mut frames) = (sse::SseParser::default(), Vec::new());
    parser.feed(text.as_bytes(), &mut frames).ok()?;
    parser.end(&mut frames).ok()?;
    frames.iter().find_map(|frame| serde_json::from_str(&frame.data).ok())
}

fn details(error: &Value) -> impl Iterator<Item = &Value> {
    error.get("details").and_then(Value::as_array).into_iter().flatten()
}

/// A `google.rpc.QuotaFailure` whose quota counts days.
fn names_a_day(detail: &Value) -> bool {
    let violations = detail.get("violations").and_then(Value::as_array).into_iter().flatten();
    violations.filter_map(|violation| violation.get("quotaId")?.as_str()).any(|id| id.contains("PerDay"))
}

/// Every object in which a code may stand.
fn holders<'a>(body: &'a Value, error: &'a Value) -> Vec<&'a Value> {
    let mut holders = vec![error];
    holders.extend(["metadata", "innererror", "details"].iter().filter_map(|name| error.get(*name)));
    holders.extend(details(error));
    if !std::ptr::eq(body, error) {
        holders.push(body);
    }
    holders.extend(body.get("base_resp"));
    holders.extend(body.pointer("/errors/0"));
    holders.extend(error.get("errors").and_then(Value::as_array).into_iter().flatten());
    holders
}

fn message(body: &Value, error: &Value) -> String {
    let said = [
        error.get("message"),
        error.pointer("/errors/0/message"),
        error.get("faultstring"),
        body.get("error"),
        body.get("message"),
        body.get("Message"),
        body.get("detail"),
        error.get("msg"),
        body.get("error_msg"),
        body.get("error_message"),
        body.get("errorMessage"),
        body.get("error_description"),
        body.pointer("/errors/0"),
        body.get("errors"),
        body.pointer("/base_resp/status_msg"),
        body.get("title"),
        body.get("reason"),
        Some(body).filter(|body| body.is_string()),
    ];
    said.into_iter().flatten().find_map(words).unwrap_or_default()
}

/// The words of a message that may be a text, a list of complaints, or an object around one.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| is_visible(text)),
        Value::Array(list) => list.first().and_then(words),
        Value::Object(map) => {
            if let Some(Value::String(complaint)) = map.get("msg") {
                let place = map.get("loc").and_then(Value::as_array).into_iter().flatten();
                let place: Vec<String> =
                    place.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect();
                let place = place.join(".");
                return Some(if place.is_empty() { complaint.clone() } else { format!("{place}: {complaint}") });
            }
            ["message", "error", "detail"].iter().find_map(|name| words(map.get(*name)?))
        }
        _ => None,
    }
}
