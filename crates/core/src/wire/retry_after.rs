//! The wait that a server requests, in all forms that servers use.
//!
//! Seconds, milliseconds, durations like `1m12s`, dates, points in time, and hints inside a
//! message or a JSON body. Meaningless values are ignored: NaN, infinity, garbage.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use serde_json::Value;

use crate::model::Timestamp;

/// The longest wait that is distinguished; no caller would wait longer.
pub const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);

/// The time at the server: the `date` of its reply, or `now` without one.
///
/// Dates and epoch times that a server sends count from there, because the clock of this machine may differ.
#[must_use]
pub fn server_time(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let date = headers.get(http::header::DATE).and_then(|value| http_date(value.to_str().ok()?));
    date.unwrap_or(now)
}

/// The wait in the headers of a reply that arrived at `now`: `retry-after-ms`, then `retry-after` in seconds, as a
/// duration or as a date.
#[must_use]
pub fn from_headers(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let now = server_time(headers, now);
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let millis = text("retry-after-ms").and_then(number).and_then(|ms| seconds(ms / 1000.0));
    millis.or_else(|| text("retry-after").and_then(|value| from_value(value, Some(now))))
}

/// One value in any of the forms: `2`, `0.5`, `1m12s`, an HTTP date, an RFC 3339 time, epoch seconds (above 10⁹) or
/// epoch milliseconds (above 10¹²). A time in the past means no wait; without `now`, the time at the server, a time is
/// ignored.
#[must_use]
pub fn from_value(text: &str, now: Option<Timestamp>) -> Option<Duration> {
    let text = text.trim();
    if let Some(value) = number(text) {
        return from_number(value, now);
    }
    from_duration(text).or_else(|| {
        let date = http_date(text).or_else(|| calendar_time(text))?;
        Some(date.since(now?).min(LONGEST))
    })
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let millis = date.duration_since(UNIX_EPOCH).ok()?.as_millis();
    i64::try_from(millis).ok().map(Timestamp)
}

/// An RFC 3339 time.
fn calendar_time(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

/// A duration as Go writes it: `1s`, `6m0s`, `20ms`, `1h2m`, `2m59.56s`, `3d`.
#[must_use]
pub fn from_duration(text: &str) -> Option<Duration> {
    let (wait, rest) = duration_prefix(text.trim())?;
    rest.is_empty().then_some(wait)
}

/// A hint inside a message: `try again in 5.04s`, `retry in 40.02s`, `wait 3 seconds`, `retry after 12`.
#[must_use]
pub fn from_text(text: &str) -> Option<Duration> {
    const HINTS: [&str; 6] = ["try again in ", "retry in ", "retry after ", "retry-after: ", "wait for ", "wait "];
    let text = text.to_ascii_lowercase();
    HINTS.iter().find_map(|hint| {
        let (_, after) = text.split_once(hint)?;
        spoken(after.trim_start())
    })
}

/// A hint inside a JSON body: `retryDelay` of a `google.rpc.RetryInfo`, `retry_after`,
/// `retry_after_ms`, or a header that a gateway copied into it.
#[must_use]
pub fn from_json(body: &Value, now: Option<Timestamp>) -> Option<Duration> {
    let error = body.get("error").unwrap_or(body);
    let delay = error.get("details").and_then(Value::as_array).and_then(|details| {
        details.iter().find_map(|detail| detail.get("retryDelay")).and_then(|value| from_scalar(value, now))
    });
    let millis = || {
        let value = [error, body].into_iter().find_map(|at| at.get("retry_after_ms"))?.as_f64()?;
        seconds(value / 1000.0)
    };
    let fields = || {
        let places = [error.get("availability"), error.get("metadata"), Some(error), Some(body)];
        places.into_iter().flatten().find_map(|at| from_scalar(at.get("retry_after")?, now))
    };
    let copied = || {
        let headers = error.pointer("/metadata/headers")?.as_object()?;
        let named = |name: &str| headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        from_scalar(named("retry-after").or_else(|| named("x-ratelimit-reset"))?, now)
    };
    delay.or_else(millis).or_else(fields).or_else(copied)
}

fn from_scalar(value: &Value, now: Option<Timestamp>) -> Option<Duration> {
    match value {
        Value::Number(value) => from_number(value.as_f64()?, now),
        Value::String(text) => from_value(text, now),
        _ => None,
    }
}

fn from_number(value: f64, now: Option<Timestamp>) -> Option<Duration> {
    const EPOCH_SECONDS: f64 = 1e9;
    const EPOCH_MILLIS: f64 = 1e12;
    // A larger number is not a plausible date; as a wait it means "never".
    const END: f64 = 1e14;
    #[expect(clippy::cast_possible_truncation, reason = "below 10^14")]
    match value {
        v if v >= END => seconds(v),
        v if v >= EPOCH_MILLIS => Some(until(v as i64, now?)),
        v if v >= EPOCH_SECONDS => Some(until((v * 1000.0) as i64, now?)),
        v => seconds(v),
    }
}

/// From `now` until the epoch millisecond `at`; nothing when that is past.
fn until(at: i64, now: Timestamp) -> Duration {
    Timestamp(at).since(now).min(LONGEST)
}

/// A plain decimal number; `f64` would also take `inf`, `nan` and `1e999`.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|value| plain && value.is_finite())
}

/// Never fails to fit: negative is nothing, too much is [`LONGEST`].
fn seconds(value: f64) -> Option<Duration> {
    if value.is_nan() {
        return None;
    }
    Some(Duration::try_from_secs_f64(value.max(0.0)).unwrap_or(LONGEST).min(LONGEST))
}

/// The `(number unit)+` at the start of `text`, and what follows it.
fn duration_prefix(text: &str) -> Option<(Duration, &str)> {
    let (mut total, mut rest, mut any) = (Duration::ZERO, text, false);
    loop {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (count, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        let (Some(count), Some(unit)) = (number(count), unit_seconds(unit)) else { break };
        total = total.saturating_add(seconds(count * unit)?).min(LONGEST);
        (rest, any) = (after, true);
    }
    any.then_some((total, rest))
}

/// A wait in words: `5.04s. Visit …`, `3 seconds`, `1 minute`, `12`.
fn spoken(text: &str) -> Option<Duration> {
    if let Some((wait, _)) = duration_prefix(text) {
        return Some(wait);
    }
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (count, rest) = text.split_at(digits);
    let count = number(count.trim_end_matches('.'))?;
    let unit: String = rest.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    seconds(count * unit_seconds(&unit).unwrap_or(1.0))
}

fn unit_seconds(unit: &str) -> Option<f64> {
    match unit {
        "ns" => Some(1e-9),
        "us" => Some(1e-6),
        "ms" | "millisecond" | "milliseconds" => Some(1e-3),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1.0),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60.0),
        "h" | "hr" | "hour" | "hours" => Some(3600.0),
        "d" | "day" | "days" => Some(86_400.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// 2025-03-06T23:59:50Z.
    const NOW: Timestamp = Timestamp(1_741_305_590_000);

    fn ms(millis: u64) -> Option<Duration> {
        Some(Duration::from_millis(millis))
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn check(pairs: &[(&str, &str)], want: Option<Duration>) {
        assert_eq!(from_headers(&headers(pairs), NOW), want, "{pairs:?}");
    }

    #[test]
    fn seconds_may_have_a_fraction() {
        check(&[("retry-after", "2")], ms(2000));
        check(&[("retry-after", " 0.25 ")], ms(250));
    }

    #[test]
    fn times_count_from_the_date_of_the_reply() {
        // The clock of this machine is ten minutes ahead, then ten minutes behind.
        for date in ["Thu, 06 Mar 2025 23:49:50 GMT", "Fri, 07 Mar 2025 00:09:50 GMT"] {
            let server = server_time(&headers(&[("date", date)]), NOW);
            let http = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(server.0 as u64 + 2000));
            let epoch = (server.0 / 1000 + 2).to_string();
            let millis = (server.0 + 2000).to_string();
            let calendar = jiff::Timestamp::from_millisecond(server.0 + 2000).unwrap().to_string();
            for value in [&http, &epoch, &millis, &calendar] {
                check(&[("date", date), ("retry-after", value)], ms(2000));
            }
        }
        assert_eq!(server_time(&headers(&[("date", "yesterday")]), NOW), NOW);
    }

    #[test]
    fn milliseconds_win_over_seconds() {
        check(&[("retry-after", "2"), ("retry-after-ms", "1500.5")], Some(Duration::from_micros(1_500_500)));
        check(&[("retry-after", "2"), ("retry-after-ms", "soon")], ms(2000));
    }

    #[test]
    fn a_date_is_counted_from_now() {
        check(&[("retry-after", "Fri, 07 Mar 2025 00:00:00 GMT")], ms(10_000));
        check(&[("retry-after", "Thu, 06 Mar 2025 00:00:00 GMT")], ms(0));
    }

    #[test]
    fn a_point_in_time_is_counted_from_now() {
        check(&[("retry-after", "1741305600")], ms(10_000));
        check(&[("retry-after", "1741305600000")], ms(10_000));
        check(&[("retry-after", "1741305500")], ms(0));
        assert_eq!(from_value("1741305600", None), None);
    }

    #[test]
    fn a_duration_may_have_units() {
        for (text, want) in [
            ("1s", 1000),
            ("6m0s", 360_000),
            ("20ms", 20),
            ("1h2m", 3_720_000),
            ("2m59.56s", 179_560),
            ("1m12s", 72_000),
            ("2d", 172_800_000),
        ] {
            assert_eq!(from_duration(text), ms(want), "{text}");
            check(&[("retry-after", text)], ms(want));
        }
    }

    #[test]
    fn what_makes_no_sense_is_no_wish() {
        for text in ["", "nan", "inf", "-inf", "infinity", "soon", "1x", "s", "1e999", "--1", "1s!", "."] {
            check(&[("retry-after", text)], None);
            check(&[("retry-after-ms", text)], None);
        }
    }

    #[test]
    fn the_past_is_now_and_for_ever_is_bounded() {
        check(&[("retry-after", "-5")], ms(0));
        check(&[("retry-after", "1e300")], Some(LONGEST));
        check(&[("retry-after", "99999999999999999999999")], Some(LONGEST));
        check(&[("retry-after", "99999999999d")], Some(LONGEST));
        check(&[("retry-after-ms", "1e300")], Some(LONGEST));
    }

    #[test]
    fn a_message_may_hold_a_hint() {
        for (text, want) in [
            ("Limit 3, Used 3. Please try again in 5.04s. Visit https://x.", ms(5040)),
            ("Please try again in 1m12s.", ms(72_000)),
            ("try again in 20ms", ms(20)),
            ("Please retry in 40.02s.", ms(40_020)),
            ("wait 3 seconds before retrying", ms(3000)),
            ("Please wait for 2 minutes", ms(120_000)),
            ("retry after 12", ms(12_000)),
            ("retry after 12.", ms(12_000)),
            ("Please try again later", None),
            ("wait a little", None),
            ("5s", None),
        ] {
            assert_eq!(from_text(text), want, "{text}");
        }
    }

    #[test]
    fn a_body_may_hold_a_hint() {
        for (body, want) in [
            (
                json!({"error": {"details": [{"@type": "x"}, {"@type": "t/google.rpc.RetryInfo", "retryDelay": "34.4s"}]}}),
                ms(34_400),
            ),
            (json!({"error": {"availability": {"retry_after": 7}}}), ms(7000)),
            (json!({"retry_after": "1m"}), ms(60_000)),
            (json!({"error": {"retry_after_ms": 250}}), ms(250)),
            (json!({"error": {"metadata": {"headers": {"X-RateLimit-Reset": "1741305600000"}}}}), ms(10_000)),
            (json!({"error": "no"}), None),
            (json!(["x"]), None),
            (json!({"error": {"details": "x", "retry_after": null}}), None),
        ] {
            assert_eq!(from_json(&body, Some(NOW)), want, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}", hint in "(try again in |wait )?[0-9.eE+-]{0,25}[a-z]{0,3}") {
            for text in [text, hint] {
                let _ = (from_value(&text, Some(NOW)), from_text(&text), from_duration(&text));
            }
        }
    }
}
