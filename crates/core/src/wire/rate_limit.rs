//! Reads rate-limit headers as [`RateLimitReading`]s.
//!
//! Forms, not providers: what differs between servers is a row of `FAMILIES` or a word in a name.
//! Sources: recorded replies (`tests/fixtures/headers`) and the providers' documents.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderMap;

use super::retry_after;
use crate::model::{RateLimitReading, Refill, Resource, Timestamp, WindowEvidence};

/// A beginning of header names, and how what is counted under it comes back.
struct HeaderFamily {
    prefix: &'static str,
    refill: RefillRule,
}

/// The known refill of a header family.
#[derive(Clone, Copy, PartialEq)]
enum RefillRule {
    /// Bit by bit over a minute; the reset is the moment when it is full.
    Minute,
    /// Inferred from the form of the reset and the numbers: see [`steadily`].
    Told,
}

/// Longer prefixes first: the first that fits is taken.
const FAMILIES: &[HeaderFamily] = &[
    // A token bucket; the reset is an RFC 3339 time with whole seconds, too coarse to tell from.
    HeaderFamily { prefix: "anthropic-ratelimit-", refill: RefillRule::Minute },
    HeaderFamily { prefix: "x-ratelimit-", refill: RefillRule::Told },
    // `-call-limit` and `-call-remaining` of trial keys.
    HeaderFamily { prefix: "x-trial-endpoint-", refill: RefillRule::Minute },
    // The IETF's draft in its older form: `ratelimit-limit`, `-remaining`, `-reset`.
    HeaderFamily { prefix: "ratelimit-", refill: RefillRule::Told },
];

/// The default window.
const MINUTE: Duration = Duration::from_secs(60);
/// Windows that limits are made for, in seconds: one that is computed counts as the nearest of these.
const USUAL: [f64; 6] = [1.0, 10.0, 60.0, 3600.0, 86_400.0, 604_800.0];
/// The largest plausible value of a header; its square must not overflow.
const MOST: f64 = 1e15;

/// The parts of a limit, before they are combined.
#[derive(Default)]
struct LimitFields {
    refill_rule: Option<RefillRule>,
    limit: Option<u64>,
    remaining: Option<u64>,
    reset: Option<String>,
    /// `renewalperiod`: the window in seconds; the resets beside it are milliseconds.
    period: Option<Duration>,
}

/// Every limit in the `headers` of a reply that arrived at `now`.
#[must_use]
pub fn readings(headers: &HeaderMap, now: Timestamp) -> Vec<RateLimitReading> {
    let now = retry_after::server_time(headers, now);
    let mut found: BTreeMap<(Resource, Option<Duration>), LimitFields> = BTreeMap::new();
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        let Some((part, resource, span, refill_rule)) = header(name.as_str()) else { continue };
        let parts = found.entry((resource, span)).or_default();
        parts.refill_rule.get_or_insert(refill_rule);
        match part {
            LimitField::Limit => parts.limit = count(value),
            LimitField::Remaining => parts.remaining = count(value),
            LimitField::Reset => parts.reset = Some(value.to_owned()),
            LimitField::Period => parts.period = retry_after::from_value(value, None),
        }
    }
    let mut readings: Vec<RateLimitReading> =
        found.into_iter().filter_map(|(key, parts)| parts.reading(key, now)).collect();
    readings.extend(structured(headers));
    readings
}

impl LimitFields {
    fn reading(self, (resource, span): (Resource, Option<Duration>), now: Timestamp) -> Option<RateLimitReading> {
        let remaining = self.remaining?;
        let reset = self.reset.as_deref().map(str::trim);
        let window = self.period.or(span).filter(|window| !window.is_zero());
        let millis = reset.filter(|_| self.period.is_some()).and_then(|text| text.parse::<u32>().ok());
        let steady = millis.map(|millis| Duration::from_millis(millis.into()));
        let steady = steady.or_else(|| retry_after::from_duration(reset?));
        let refill = match (self.refill_rule, steady) {
            (Some(RefillRule::Minute), _) => Refill::Over(window.unwrap_or(MINUTE)),
            (Some(RefillRule::Told) | None, Some(full)) => steadily(self.limit, remaining, full, window),
            // Bare seconds and times are ends of fixed windows. A past one is ignored.
            (Some(RefillRule::Told) | None, None) => {
                match reset.and_then(|text| retry_after::from_value(text, Some(now))) {
                    Some(end) if !end.is_zero() => Refill::At(end),
                    Some(_) | None => Refill::Over(window.unwrap_or(MINUTE)),
                }
            }
        };
        let window = match (self.refill_rule, steady) {
            (Some(RefillRule::Told) | None, Some(reset)) => evidence(self.limit, remaining, reset, refill),
            (Some(RefillRule::Minute), _) | (Some(RefillRule::Told) | None, None) => WindowEvidence::None,
        };
        Some(RateLimitReading { resource, span, limit: self.limit, remaining, refill, window })
    }
}

/// The refill of a limit whose reset is a duration.
///
/// In a bucket that fills steadily the reset is the time until it is full, `(L − remaining)·W/L`:
/// if the `W` that follows is a usual window, it is one. Otherwise the reset is the end of a fixed
/// window, before which nothing comes back.
fn steadily(limit: Option<u64>, remaining: u64, full: Duration, window: Option<Duration>) -> Refill {
    let unknown = Refill::Over(window.unwrap_or(MINUTE));
    let Some(limit) = limit.filter(|limit| *limit > remaining) else {
        // Of unknown size and empty: then the reset is all that is known.
        return if remaining > 0 || full.is_zero() { unknown } else { Refill::At(full) };
    };
    if full.is_zero() {
        return unknown;
    }
    let told = period(full, limit, limit - remaining);
    let near = |usual: &f64| (told / usual - 1.0).abs() < 0.25;
    match window {
        Some(window) if near(&window.as_secs_f64()) => Refill::Over(window),
        Some(_) => Refill::At(full),
        None => USUAL
            .iter()
            .find(|usual| near(usual))
            .map_or(Refill::At(full), |usual| Refill::Over(Duration::from_secs_f64(*usual))),
    }
}

/// Returns the evidence for a window in the numbers of one reply.
///
/// Counts are rounded down and short times coarsely, so that the period of a bucket can appear shorter than it is,
/// by as much as one part in `used`.
#[expect(clippy::cast_precision_loss, reason = "counts are at most 10^15")]
fn evidence(limit: Option<u64>, remaining: u64, reset: Duration, refill: Refill) -> WindowEvidence {
    let Some(limit) = limit.filter(|limit| *limit > remaining && !reset.is_zero()) else { return WindowEvidence::None };
    if let Refill::Over(_) = refill {
        return WindowEvidence::Possible(reset);
    }
    let used = limit - remaining;
    let is_precise = (reset >= Duration::from_millis(50) && reset.subsec_nanos() != 0) || reset.as_secs() >= 10;
    let (told, least) = (period(reset, limit, used), 1.0 - 1.0 / used as f64);
    let is_bucket = USUAL.iter().any(|usual| (0.75 * least..=1.25).contains(&(told / usual)));
    if used > 1 && is_precise && !is_bucket { WindowEvidence::Certain } else { WindowEvidence::None }
}

/// The time in which a bucket fills that needs `reset` for what is used, in seconds.
#[expect(clippy::cast_precision_loss, reason = "counts are at most 10^15")]
fn period(reset: Duration, limit: u64, used: u64) -> f64 {
    reset.as_secs_f64() * limit as f64 / used as f64
}

enum LimitField {
    Limit,
    Remaining,
    Reset,
    Period,
}

/// Parses the name of a header: `x-ratelimit-remaining-tokens-minute`,
/// `anthropic-ratelimit-input-tokens-reset`, `x-ratelimit-limit-req-10-second`.
fn header(name: &str) -> Option<(LimitField, Resource, Option<Duration>, RefillRule)> {
    let (family, rest) = FAMILIES.iter().find_map(|family| Some((family, name.strip_prefix(family.prefix)?)))?;
    let mut words: Vec<&str> = rest.split('-').collect();
    let part = |word: &str| match word {
        "limit" => Some(LimitField::Limit),
        "remaining" => Some(LimitField::Remaining),
        "reset" => Some(LimitField::Reset),
        "renewalperiod" => Some(LimitField::Period),
        _ => None,
    };
    let at = words.iter().position(|word| part(word).is_some())?;
    let part = part(words.remove(at))?;
    let (resource, rest): (Resource, &[&str]) = match words.as_slice() {
        // The only count without a name is that of requests.
        [] => (Resource::Requests, &[]),
        ["requests" | "request" | "req" | "call", rest @ ..] => (Resource::Requests, rest),
        ["input", "tokens", rest @ ..] => (Resource::InputTokens, rest),
        ["output", "tokens", rest @ ..] => (Resource::OutputTokens, rest),
        ["tokens" | "token", rest @ ..] => (Resource::Tokens, rest),
        _ => return None,
    };
    let span = match rest {
        [] => None,
        [unit] => Some(seconds(unit)?),
        [count, unit] => Some(seconds(unit)?.saturating_mul(count.parse().ok()?)),
        _ => return None,
    };
    let span = span.map(|span| span.min(retry_after::LONGEST));
    Some((part, resource, span, family.refill))
}

fn seconds(unit: &str) -> Option<Duration> {
    Some(Duration::from_secs(match unit {
        "second" => 1,
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        "week" => 604_800,
        "month" => 30 * 86_400,
        _ => return None,
    }))
}

/// A count; what is less than nothing is nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10^15")]
fn count(text: &str) -> Option<u64> {
    let value: f64 = text.trim().parse().ok()?;
    value.is_finite().then(|| value.clamp(0.0, MOST) as u64)
}

/// The IETF's draft as structured fields: `ratelimit: "api";r=999;t=295` beside
/// `ratelimit-policy: "api";q=1000;w=300`. Among several policies, the named one counts.
fn structured(headers: &HeaderMap) -> Option<RateLimitReading> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let item = text("ratelimit")?.split(',').next()?;
    let name = item.split(';').next().map(str::trim).unwrap_or_default();
    let policies = text("ratelimit-policy").unwrap_or_default();
    let policy = policies.split(',').find(|policy| policy.split(';').any(|part| part.trim() == name));
    let number = |item: &str, key: &str| {
        let parameters = item.split(';').filter_map(|part| part.trim().split_once('='));
        parameters.into_iter().find(|(name, _)| *name == key).and_then(|(_, value)| count(value))
    };
    let limit = policy.and_then(|policy| number(policy, "q"));
    let window = policy.and_then(|policy| number(policy, "w"));
    let window = window.map(|seconds| Duration::from_secs(seconds).min(retry_after::LONGEST));
    let refill = match number(item, "t").map(Duration::from_secs) {
        Some(reset) => Refill::At(reset.min(retry_after::LONGEST)),
        None => Refill::Over(window.filter(|window| !window.is_zero()).unwrap_or(MINUTE)),
    };
    // `r` may be missing in a policy's own header; then nothing is known of what is left.
    let remaining = number(item, "r")?;
    Some(RateLimitReading {
        resource: Resource::Requests,
        span: window,
        limit,
        remaining,
        refill,
        window: WindowEvidence::None,
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    /// 2025-11-15T20:26:30Z.
    const NOW: Timestamp = Timestamp(1_763_238_390_000);

    fn show(reading: &RateLimitReading) -> String {
        let span = reading.span.map(|span| format!(" per {}s", span.as_secs())).unwrap_or_default();
        let limit = reading.limit.map_or("?".to_owned(), |limit| limit.to_string());
        let refill = match reading.refill {
            Refill::Over(window) => format!("over {}s", window.as_secs_f64()),
            Refill::At(reset) => format!("in {}s", reset.as_secs_f64()),
        };
        format!("{}{span} {}/{limit} {refill}", reading.resource.as_str(), reading.remaining)
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn check(pairs: &[(&str, &str)], want: &[&str]) {
        let got: Vec<String> = readings(&headers(pairs), NOW).iter().map(show).collect();
        assert_eq!(got, want, "{pairs:?}");
    }

    /// The recorded reply of a host with a status.
    fn check_recorded(host: &str, want: &[&str]) {
        let recorded: serde_json::Value =
            serde_json::from_str(include_str!("../../../../tests/fixtures/headers/recorded-response-headers.json"))
                .unwrap();
        let recorded = recorded[host]["200"].as_object().unwrap_or_else(|| panic!("{host} was recorded"));
        let pairs: Vec<(&str, &str)> =
            recorded.iter().map(|(name, value)| (&**name, value.as_str().unwrap())).collect();
        check(&pairs, want);
    }

    #[test]
    fn durations_as_go_writes_them_are_steady_refills() {
        check_recorded("api.openai.com", &["requests 499/500 over 60s", "tokens 199221/200000 over 60s"]);
        check_recorded("api.groq.com", &["requests 14399/14400 over 86400s", "tokens 5987/6000 over 60s"]);
    }

    #[test]
    fn times_of_the_calendar() {
        let want = [
            "requests 3999/4000 over 60s",
            "tokens 2399000/2400000 over 60s",
            "input tokens 1999000/2000000 over 60s",
            "output tokens 400000/400000 over 60s",
        ];
        check_recorded("api.anthropic.com", &want);
    }

    #[test]
    fn a_bare_number_beside_a_renewal_period_is_milliseconds() {
        check_recorded("azure-openai", &["requests 119/120 over 60s", "tokens 119986/120000 over 60s"]);
    }

    #[test]
    fn no_reset_means_a_minute_or_what_the_name_says() {
        check_recorded("azure-foundry", &["requests 99/100 over 60s", "tokens 99998/100000 over 60s"]);
        let want = [
            "requests per 10s 53/60 over 10s",
            "tokens per 60s 1999370/2000000 over 60s",
            "tokens per 2592000s 9999999370/10000000000 over 2592000s",
        ];
        check_recorded("api.mistral.ai", &want);
    }

    #[test]
    fn one_count_without_a_name_is_of_requests() {
        check_recorded("api.together.xyz", &["requests 1/2 in 2s"]);
        check_recorded("api.cohere.com", &["requests 39/40 over 60s"]);
    }

    #[test]
    fn the_draft_of_the_ietf() {
        check_recorded("huggingface.co", &["requests per 300s 999/1000 in 295s"]);
        check(&[("ratelimit", "\"a\";r=0")], &["requests 0/? over 60s"]);
        check(
            &[("ratelimit-limit", "100"), ("ratelimit-remaining", "40"), ("ratelimit-reset", "17")],
            &["requests 40/100 in 17s"],
        );
    }

    #[test]
    fn a_point_in_time_is_the_end_of_a_window() {
        let at = |reset| [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "20"), ("x-ratelimit-reset", reset)];
        check(&at("1763238400"), &["requests 20/5000 in 10s"]);
        check(&at("1763238395000"), &["requests 20/5000 in 5s"]);
        check(&at("1763230000"), &["requests 20/5000 over 60s"]);
    }

    #[test]
    fn numbers_that_fit_no_bucket_are_a_window() {
        let check = |remaining, reset, want| {
            let headers = headers(&[
                ("x-ratelimit-limit-requests", "10"),
                ("x-ratelimit-remaining-requests", remaining),
                ("x-ratelimit-reset-requests", reset),
            ]);
            assert_eq!(readings(&headers, NOW)[0].window, want, "{remaining} left, reset in {reset}");
        };
        check("5", "1850ms", WindowEvidence::Certain);
        check("0", "950ms", WindowEvidence::Possible(Duration::from_millis(950)));
        check("9", "1850ms", WindowEvidence::None);
        check("10", "0s", WindowEvidence::None);
    }

    #[test]
    fn a_point_in_time_counts_from_the_date_of_the_reply() {
        // The clock of this machine is an hour and ten seconds behind.
        for reset in ["1763242010", "1763242010000", "2025-11-15T21:26:50Z", "Sat, 15 Nov 2025 21:26:50 GMT"] {
            for resource in ["requests", "tokens"] {
                let name = |part: &str| format!("x-ratelimit-{part}-{resource}");
                let (limit, remaining, end) = (name("limit"), name("remaining"), name("reset"));
                let date = ("date", "Sat, 15 Nov 2025 21:26:40 GMT");
                let pairs = [date, (limit.as_str(), "50"), (remaining.as_str(), "0"), (end.as_str(), reset)];
                check(&pairs, &[&format!("{resource} 0/50 in 10s")]);
            }
        }
    }

    #[test]
    fn floating_seconds_and_the_window_in_the_name() {
        let day = [
            ("x-ratelimit-limit-requests-day", "14400"),
            ("x-ratelimit-remaining-requests-day", "14000"),
            ("x-ratelimit-reset-requests-day", "33011.38"),
        ];
        check(&day, &["requests per 86400s 14000/14400 in 33011.38s"]);
    }

    #[test]
    fn nothing_left_and_no_limit_waits_for_the_reset() {
        check(&[("x-ratelimit-remaining-tokens", "-3"), ("x-ratelimit-reset-tokens", "7s")], &["tokens 0/? in 7s"]);
    }

    #[test]
    fn what_is_no_limit_is_no_reading() {
        for host in ["generativelanguage.googleapis.com", "bedrock-runtime.us-east-1.amazonaws.com", "openrouter.ai"] {
            check_recorded(host, &[]);
        }
        check(&[("x-ratelimit-remaining-input-images", "5"), ("x-ratelimit-limit-tokens", "9")], &[]);
        check(&[("x-ratelimit-remaining-tokens", "soon"), ("x-ratelimit-remaining-tokens-fortnight", "5")], &[]);
    }

    #[test]
    fn a_reset_in_thousands_of_years_is_the_longest_wait() {
        let far = ("x-ratelimit-reset-tokens", "9000-01-01T00:00:00Z");
        check(&[("x-ratelimit-remaining-tokens", "0"), far], &["tokens 0/? in 34560000s"]);
    }

    proptest! {
        #[test]
        fn no_header_panics(value in "[0-9a-zA-Z:.;=\", +-]{0,30}", remaining in "[0-9e.+-]{0,12}") {
            for reset in ["x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset", "ratelimit", "ratelimit-policy"] {
                let pairs = [
                    (reset, value.as_str()),
                    ("x-ratelimit-remaining-tokens", remaining.as_str()),
                    ("x-ratelimit-limit-tokens", "100"),
                    ("x-ratelimit-renewalperiod-tokens", value.as_str()),
                ];
                let _ = readings(&headers(&pairs), NOW);
            }
        }
    }
}
