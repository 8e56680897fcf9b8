//! Every recorded error means what it should.

use std::fs;
use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::super::Endpoint;
use super::{classify, endpoint};
use crate::model::Class;

fn body(file: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(file)).unwrap()
}

fn check(provider: &str, status: u16, file: &str, class: Class, says: &str) {
    let failure = classify(&endpoint(provider, "m"), status, &HeaderMap::new(), &body(file));
    assert_eq!(failure.class, class, "{file}");
    assert_eq!(failure.status, Some(status));
    assert!(failure.message.contains(says), "{file}: {}", failure.message);
}

#[test]
fn every_error_file_has_a_meaning() {
    let cases = [
        ("openai", 400, "openai-chat/error-400-context-length.json", Class::ContextWindow, "128000 tokens"),
        ("openai", 400, "openai-chat/error-400-empty-messages.json", Class::BadRequest, "empty array"),
        ("openai", 400, "openai-chat/error-400-invalid-image-format.json", Class::BadRequest, "unsupported image"),
        ("openai", 400, "openai-chat/error-400-invalid-image-url.json", Class::BadRequest, "downloading"),
        ("openai", 400, "openai-chat/error-400-system-role.json", Class::Unsupported, "'system'"),
        ("openai", 400, "openai-chat/error-400-temperature-unsupported.json", Class::Unsupported, "'temperature'"),
        ("openai", 401, "openai-chat/error-401-invalid-key.json", Class::Authentication, "Incorrect API key"),
        ("openai", 404, "openai-chat/error-404-model-not-found.json", Class::NotFound, "gpt-4.1-nano-wrong"),
        ("openai", 429, "openai-chat/error-429-insufficient-quota.json", Class::Quota, "current quota"),
        ("openai", 429, "openai-chat/error-429-rate-limit.json", Class::RateLimit, "Rate limit reached"),
        ("anthropic", 400, "anthropic/error-400-credit-balance.json", Class::Quota, "credit balance"),
        ("anthropic", 400, "anthropic/error-400-effort.json", Class::Unsupported, "xhigh"),
        ("anthropic", 400, "anthropic/error-400-prefill-unsupported.json", Class::Unsupported, "prefill"),
        ("anthropic", 400, "anthropic/error-400-prompt-too-long.json", Class::ContextWindow, "213462"),
        ("anthropic", 404, "anthropic/error-404-model.json", Class::NotFound, "claude-sonet"),
        ("anthropic", 429, "anthropic/error-429-rate-limit.json", Class::RateLimit, "per minute"),
        ("anthropic", 529, "anthropic/error-529-overloaded.json", Class::Overloaded, "Overloaded"),
        ("bedrock", 400, "bedrock/error-400-invalid-model.json", Class::NotFound, "identifier is invalid"),
        ("bedrock", 400, "bedrock/error-400-unsupported-block.json", Class::Unsupported, "video content block"),
        ("gemini", 400, "gemini/error-400-api-key-invalid.json", Class::Authentication, "API key not valid"),
        ("gemini", 404, "gemini/error-404-model.json", Class::NotFound, "gemini-3.6-flahs"),
        ("gemini", 429, "gemini/error-429-daily-quota.json", Class::Quota, "current quota"),
        ("gemini", 429, "gemini/error-429-per-minute-recorded.json", Class::RateLimit, "limit: 10000"),
        ("gemini", 429, "gemini/error-429-retry-info.json", Class::RateLimit, "current quota"),
        ("gemini", 503, "gemini/error-503-unavailable.json", Class::Overloaded, "overloaded"),
        ("vertex", 400, "vertex/error-400-role.json", Class::BadRequest, "valid role"),
        ("vertex", 404, "vertex/error-404-model.json", Class::NotFound, "not found"),
        ("mistral", 400, "mistral/error-400-model.json", Class::NotFound, "Invalid model"),
        ("mistral", 422, "mistral/error-422-validation.json", Class::Unsupported, "body.temperature: Input"),
        ("deepseek", 402, "openai-compatible/deepseek-error-402.json", Class::Quota, "Insufficient Balance"),
        ("fireworks", 412, "openai-compatible/fireworks-error-412.json", Class::Quota, "suspended"),
        ("groq", 400, "openai-compatible/groq-error-400-tool-use-failed.json", Class::BadRequest, "Tool call"),
        ("groq", 404, "openai-compatible/groq-error-404-model.json", Class::NotFound, "non-existent"),
        ("groq", 498, "openai-compatible/groq-error-498-capacity.json", Class::Overloaded, "capacity"),
        ("llamacpp", 400, "openai-compatible/llamacpp-error-400-context.json", Class::ContextWindow, "4390"),
        ("llamacpp", 503, "openai-compatible/llamacpp-error-503-loading.json", Class::Overloaded, "Loading"),
        ("openrouter", 402, "openai-compatible/openrouter-error-402.json", Class::Quota, "credits"),
        ("openrouter", 403, "openai-compatible/openrouter-error-403-moderation.json", Class::ContentPolicy, "flagged"),
        ("openrouter", 429, "openai-compatible/openrouter-error-429.json", Class::RateLimit, "rate-limited upstream"),
        ("vllm", 400, "openai-compatible/vllm-error-400-context.json", Class::ContextWindow, "1015"),
        ("vllm", 400, "openai-compatible/vllm-error-400-flat-old.json", Class::ContextWindow, "-186"),
        ("responses", 400, "openai-responses/error-400-bad-temperature.json", Class::Unsupported, "below minimum"),
        ("responses", 400, "openai-responses/error-400-deepseek-responses.json", Class::BadRequest, "No tool output"),
        ("responses", 400, "openai-responses/error-400-model-not-found.json", Class::NotFound, "gpt-5.2-proo"),
        ("azure", 400, "azure/error-400-content-filter-prompt.json", Class::ContentPolicy, "was filtered"),
        ("azure", 401, "azure/error-401-key.json", Class::Authentication, "invalid subscription key"),
        ("azure", 404, "azure/error-404-deployment.json", Class::NotFound, "deployment"),
        ("ollama", 404, "ollama/error-404-model.json", Class::NotFound, "'nope'"),
        ("cohere", 404, "cohere/error-404-model.json", Class::NotFound, "nonexistent"),
        ("xai", 400, "openai-compatible/xai-error-400-flat.json", Class::Unsupported, "reasoningEffort"),
    ];
    let mut files: Vec<String> = cases.iter().map(|case| case.2.to_owned()).collect();
    for (provider, status, file, class, says) in cases {
        check(provider, status, file, class, says);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let mut found = Vec::new();
    for folder in [
        "openai-chat",
        "openai-compatible",
        "openai-responses",
        "anthropic",
        "mistral",
        "azure",
        "ollama",
        "cohere",
        "bedrock",
        "gemini",
        "vertex",
    ] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.contains("error-4") || name.contains("error-5") {
                found.push(format!("{folder}/{name}"));
            }
        }
    }
    files.sort();
    found.sort();
    assert_eq!(files, found);
}

#[test]
fn waits_and_request_ids_are_found() {
    let to = endpoint("openai", "m");
    let wait = |body: &[u8], headers: &HeaderMap| classify(&to, 429, headers, body);
    let limited = body("openai-chat/error-429-rate-limit.json");
    assert_eq!(wait(&limited, &HeaderMap::new()).retry_after, Some(Duration::from_millis(5040)));
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("14"));
    headers.insert("x-request-id", HeaderValue::from_static("req_1"));
    let failure = wait(&limited, &headers);
    assert_eq!((failure.retry_after, failure.request_id.as_deref()), (Some(Duration::from_secs(14)), Some("req_1")));
    let failure = wait(&body("anthropic/error-429-rate-limit.json"), &HeaderMap::new());
    assert_eq!(failure.request_id.as_deref(), Some("req_000000000000000000000000"));
}

#[test]
fn details_of_an_error_say_how_long_to_wait() {
    let read = |file: &str| classify(&endpoint("gemini", "m"), 429, &HeaderMap::new(), &body(file)).retry_after;
    assert_eq!(read("gemini/error-429-retry-info.json"), Some(Duration::from_millis(34_400)));
    assert_eq!(read("gemini/error-429-per-minute-recorded.json"), Some(Duration::from_secs(40)));
    // A delay in seconds beside a limit per day is about another limit.
    assert_eq!(read("gemini/error-429-daily-quota.json"), None);
}

#[test]
fn status_names_of_google_have_a_meaning() {
    let case = |provider: &str, status: u16, name: &str, message: &str, class: Class| {
        let error = format!(r#"{{"error":{{"code":{status},"message":"{message}","status":"{name}"}}}}"#);
        for body in [error.clone(), format!("[{error}]")] {
            let got = classify(&endpoint(provider, "m"), status, &HeaderMap::new(), body.as_bytes());
            assert_eq!(got.class, class, "{provider} {body}");
        }
    };
    let upstream = Class::Timeout(crate::model::TimeoutKind::Upstream);
    for provider in ["gemini", "vertex"] {
        let long = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).";
        case(provider, 400, "INVALID_ARGUMENT", long, Class::ContextWindow);
        case(provider, 400, "INVALID_ARGUMENT", "Invalid JSON payload received.", Class::BadRequest);
        case(provider, 401, "UNAUTHENTICATED", "no", Class::Authentication);
        case(provider, 402, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.", Class::Quota);
        case(provider, 403, "PERMISSION_DENIED", "API has not been used in project 1 before", Class::Permission);
        case(provider, 429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later.", Class::RateLimit);
        case(provider, 429, "RESOURCE_EXHAUSTED", "Quota exceeded for metric: x, limit: 0, model: y", Class::Quota);
        case(provider, 499, "CANCELLED", "The operation was cancelled.", Class::ServerError);
        case(provider, 500, "INTERNAL", "An internal error has occurred.", Class::ServerError);
        case(provider, 503, "UNAVAILABLE", "This model is experiencing high demand.", Class::Overloaded);
        case(provider, 504, "DEADLINE_EXCEEDED", "Deadline expired", upstream);
    }
    case("gemini", 400, "FAILED_PRECONDITION", "User location is not supported for the API use.", Class::Quota);
}

/// The labels of the table and our classes.
fn class_of(kind: &str) -> Class {
    match kind {
        "auth" => Class::Authentication,
        "permission" => Class::Permission,
        "not_found" => Class::NotFound,
        "rate_limit" => Class::RateLimit,
        "quota_exhausted" => Class::Quota,
        // Larger than the allowance of a minute: only a smaller prompt or another deployment helps.
        "context_window" | "request_too_large_for_tier" => Class::ContextWindow,
        "content_policy" => Class::ContentPolicy,
        "request_too_large" | "bad_request" => Class::BadRequest,
        "overloaded" => Class::Overloaded,
        "server_error" => Class::ServerError,
        other => panic!("unknown kind {other}"),
    }
}

/// The bodies of the table, each with its endpoint.
pub(super) fn bodies() -> Vec<(Endpoint, Vec<u8>)> {
    let rows: Vec<Value> = serde_json::from_slice(&body("provider_errors.json")).unwrap();
    let sent = |row: &Value| row["body"].as_str().map_or_else(|| row["body"].to_string(), str::to_owned).into_bytes();
    rows.iter().map(|row| (endpoint(row["provider"].as_str().unwrap(), "m"), sent(row))).collect()
}

#[test]
fn providers_errors_mean_what_their_label_says() {
    let rows: Vec<Value> = serde_json::from_slice(&body("provider_errors.json")).unwrap();
    assert_eq!(rows.len(), 55);
    for row in rows {
        let id = match row["provider"].as_str().unwrap() {
            "llama.cpp" => "llamacpp",
            id => id,
        };
        let pair = |(name, value): (&String, &Value)| {
            let value = HeaderValue::try_from(value.as_str().unwrap()).unwrap();
            (HeaderName::try_from(name).unwrap(), value)
        };
        let headers: HeaderMap = row["headers"].as_object().unwrap().iter().map(pair).collect();
        let body = row["body"].as_str().map_or_else(|| row["body"].to_string(), str::to_owned);
        let status = u16::try_from(row["status"].as_u64().unwrap()).unwrap();
        let failure = classify(&endpoint(id, "m"), status, &headers, body.as_bytes());
        assert_eq!(failure.class, class_of(row["kind"].as_str().unwrap()), "{row}");
        assert!(!failure.message.is_empty(), "{row}");
    }
}

#[test]
fn codes_and_words_of_one_provider_mean_what_they_mean_there() {
    let check = |provider: &str, status: u16, body: &str, class: Class| {
        let got = classify(&endpoint(provider, "m"), status, &HeaderMap::new(), body.as_bytes());
        assert_eq!(got.class, class, "{provider} {status} {body}");
    };
    check("cohere", 498, r#"{"message":"blocked"}"#, Class::ContentPolicy);
    check("cohere", 429, r#"{"message":"trial keys are limited to 1000 API calls / month"}"#, Class::Quota);
    check("cohere", 400, r#"{"message":"too many tokens: total number of tokens exceeds 4096"}"#, Class::ContextWindow);
    check("ollama", 400, r#"{"error":"the input length exceeds the context length"}"#, Class::ContextWindow);
    check("ollama", 400, r#"{"error":"registry.ollama.ai/library/x does not support tools"}"#, Class::Unsupported);
    check("ollama", 503, r#"{"error":"server busy, please try again"}"#, Class::Overloaded);
    check("azure", 429, r#"{"error":{"code":"429","message":"Please retry after 7 seconds."}}"#, Class::RateLimit);
    check("azure", 429, r#"{"error":{"code":"insufficient_quota","message":"x"}}"#, Class::Quota);
    check("azure", 500, r#"{"error":{"code":"NoCapacity","message":"x"}}"#, Class::Overloaded);
    check("alibaba", 429, r#"{"error":{"code":"insufficient_quota","message":"x"}}"#, Class::RateLimit);
    check("alibaba", 403, r#"{"error":{"code":"AllocationQuota.FreeTierOnly","message":"x"}}"#, Class::Quota);
    check("cloudflare", 429, r#"{"success":false,"errors":[{"code":3036,"message":"x"}]}"#, Class::Quota);
    check("cloudflare", 429, r#"{"success":false,"errors":[{"code":3040,"message":"x"}]}"#, Class::Overloaded);
    check("mistral", 429, r#"{"object":"error","message":"x","type":"y","code":"3505"}"#, Class::Overloaded);
    check("mistral", 401, r#"{"detail":"Unauthorized"}"#, Class::Authentication);
}

#[test]
fn odd_shapes_of_errors_have_a_meaning() {
    let check = |status: u16, headers: &[(&'static str, &'static str)], body: &str, class: Class, says: &str| {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let got = classify(&endpoint("plain", "m"), status, &headers.collect(), body.as_bytes());
        assert_eq!(got.class, class, "{status} {body}");
        assert!(got.message.contains(says), "{body}: {}", got.message);
    };
    let limited = |status: u16, body: &str, says: &str| check(status, &[], body, Class::RateLimit, says);
    limited(403, r#"{"message":"API rate limit exceeded"}"#, "exceeded");
    limited(403, r#"{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded"}],"message":"x"}}"#, "x");
    limited(403, r#"{"error":{"errors":[{"reason":"userRateLimitExceeded","message":"Too fast"}]}}"#, "Too fast");
    limited(400, r#"{"code":"Throttling.RateQuota","message":"Requests throttled"}"#, "throttled");
    limited(400, r#"{"code":"Throttling.AllocationQuota","message":"Allocated quota exceeded"}"#, "Allocated");
    limited(400, r#"{"error_code":18,"error_msg":"Open api qps request limit reached"}"#, "qps");
    limited(400, r#"{"error_code":336501,"error_msg":"Rate limit reached for RPM"}"#, "RPM");
    limited(400, r#"{"code":1302,"msg":"Rate limit reached for requests"}"#, "reached");
    limited(
        400,
        r#"{"error":{"message":"ThrottlingException: Too many tokens, please wait before trying again."}}"#,
        "wait",
    );
    limited(400, "Too Many Requests", "Too Many");
    limited(422, r#"{"detail":"Request was throttled. Expected available in 3 seconds."}"#, "throttled");
    limited(403, r#"{"success":false,"error":"requests per minute exceeded"}"#, "per minute");
    limited(429, r#"{"error":"Too many requests"}"#, "Too many");
    limited(429, r#"{"message":"rate limit of 5,000,000 input tokens per minute"}"#, "5,000,000");
    limited(429, r#"{"status":429,"title":"Too Many Requests","type":"about:blank"}"#, "Too Many");
    check(403, &[("retry-after", "2")], "", Class::RateLimit, "403");
    check(400, &[("retry-after-ms", "200")], r#"{"message":"slow"}"#, Class::RateLimit, "slow");
    // A gateway passes the error on: as an object, as JSON in a text, or in the message.
    let raw = |raw: &str| {
        format!(r#"{{"error":{{"message":"Provider returned error","code":400,"metadata":{{"raw":{raw}}}}}}}"#)
    };
    check(400, &[], &raw(r#"{"error":{"message":"prompt is too long: 9 > 8"}}"#), Class::ContextWindow, "9 > 8");
    check(
        400,
        &[],
        &raw(r#""{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow\"}}""#),
        Class::RateLimit,
        "slow",
    );
    check(
        400,
        &[],
        &raw(r#""data: {\"error\":{\"code\":\"insufficient_quota\",\"message\":\"pay\"}}""#),
        Class::Quota,
        "pay",
    );
    check(
        400,
        &[],
        &raw(r#""[{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"later\"}}]""#),
        Class::RateLimit,
        "later",
    );
    let flat = r#"{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"Too many requests\"}}"}}"#;
    check(400, &[], flat, Class::RateLimit, "Too many");
    let in_message =
        r#"{"error":{"message":"{\"error\":{\"code\":429,\"message\":\"later\",\"status\":\"RESOURCE_EXHAUSTED\"}}"}}"#;
    check(400, &[], in_message, Class::RateLimit, "later");
    let in_text = r#"{"error":"{\"error\":{\"message\":\"maximum context length is 8\",\"type\":\"x\"}}"}"#;
    check(400, &[], in_text, Class::ContextWindow, "maximum context");
    check(
        400,
        &[],
        r#"{"error":{"error":{"message":"inner","code":"content_filter"}}}"#,
        Class::ContentPolicy,
        "inner",
    );
    check(400, &[], r#"{"detail":{"error":{"message":"inner","type":"insufficient_quota"}}}"#, Class::Quota, "inner");
    check(400, &[], r#"{"errors":{"message":"m"}}"#, Class::BadRequest, "m");
    check(400, &[], r#"{"error":["first","second"]}"#, Class::BadRequest, "first");
    check(400, &[], r#"{"reason":"why"}"#, Class::BadRequest, "why");
    check(
        400,
        &[],
        r#"{"fault":{"faultstring":"Rate limit quota violation","detail":{"errorcode":"x"}}}"#,
        Class::RateLimit,
        "violation",
    );
    let window = |body: &str| check(400, &[], body, Class::ContextWindow, "");
    window(r#"{"error":{"message":"The total length of all messages is too long"}}"#);
    window(r#"{"code":"InvalidParameter","message":"Range of input length should be [1, 30720]"}"#);
    window(r#"{"error_code":336007,"error_msg":"the max input characters is 11200"}"#);
    window(r#"{"error":{"message":"Input validation error: `inputs` must have less than 1024 tokens. Given: 2000"}}"#);
    window(
        r#"{"error":{"message":"Requested token count exceeds the model's maximum context length of 4096 tokens"}}"#,
    );
    window(r#"{"detail":"This endpoint's maximum context length is 128000 tokens"}"#);
    window(r#"{"error":{"message":"Your input exceeds the context window of this model","code":"x"}}"#);
    window(r#"{"error":{"message":"The prompt is too long: 9000, model maximum context length: 8192"}}"#);
    window(r#"{"error":{"message":"Request exceeds the maximum size: prompt tokens (9000) exceed context window"}}"#);
}

#[test]
fn a_feature_that_a_model_lacks_is_unsupported_under_any_status() {
    let check = |status: u16, message: &str, class: Class| {
        let body = format!(r#"{{"error":{{"message":"{message}"}}}}"#);
        let got = classify(&endpoint("plain", "m"), status, &HeaderMap::new(), body.as_bytes());
        assert_eq!(got.class, class, "{status} {message}");
    };
    for status in [400, 422, 500, 501] {
        for message in [
            "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
            "this model does not support image input",
            "tools param requires --jinja flag",
            "audio input is not supported",
            "The model does not support function calling",
            "Multimodal inputs are not supported by this model",
            "m does not support tools",
            "At most 0 image(s) may be provided in one request",
            "Model m supports at most 1 image per prompt",
        ] {
            check(status, message, Class::Unsupported);
        }
    }
    check(500, "out of memory", Class::ServerError);
    check(500, "the image of the container is not available", Class::ServerError);
}
