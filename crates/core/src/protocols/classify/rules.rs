//! The tables: which code, shape and wording means which class. Order is priority.

use super::Codes;
use super::error_body::{ErrorBody, key};
use crate::model::refused_parameters::Parameter;
use crate::model::{Class, TimeoutKind};

/// The class from the provider's own table.
pub(crate) fn own(said: &ErrorBody, status: u16, own: Codes) -> Option<Class> {
    let (status, empty) = (status.to_string(), format!("{status}empty"));
    let named = |code: &str| {
        let code = key(code);
        code == status || (said.empty && code == empty) || said.codes.contains(&code)
    };
    own.iter().find(|(code, _)| named(code)).map(|(_, class)| *class)
}

/// The class from the shape of the body, beyond its codes.
pub(crate) fn shape(said: &ErrorBody, status: u16) -> Option<Class> {
    let client = matches!(status, 0 | 400 | 403 | 413 | 422 | 429);
    let exhausted = said.codes.iter().any(|code| code == "resourceexhausted");
    let never = ["limit: 0", "prepayment credits", "spend cap", "spending cap"];
    match () {
        () if !client => None,
        // A request that is larger than the allowance of a minute never succeeds here.
        () if said.text.contains("request too large for") => Some(Class::ContextWindow),
        () if said.flagged => Some(Class::ContentPolicy),
        () if said.daily => Some(Class::Quota),
        () if exhausted && never.iter().any(|words| said.text.contains(words)) => Some(Class::Quota),
        () => None,
    }
}

/// The class of a value that this model does not take.
pub(crate) fn model_limit(said: &ErrorBody, status: u16) -> Option<Class> {
    let is_limit = matches!(status, 0 | 400 | 422) && names_a_limit_of_the_model(said) && !is_too_long(&said.text);
    is_limit.then_some(Class::Unsupported)
}

/// Returns `true` if a parameter is beyond what this model takes and another may take: its largest answer, its
/// range of temperatures, its number of answers.
fn names_a_limit_of_the_model(said: &ErrorBody) -> bool {
    const LIMITS: [&str; 26] = [
        "too large",
        "too high",
        "too long",
        "at most",
        "maximum",
        "less than",
        "must be less",
        "must be between",
        "must be in",
        "must be one of",
        "must be 1",
        "in the range",
        "out of range",
        "range:",
        "range of",
        "valid range",
        "should be in",
        "should be between",
        "supports up to",
        "supported values",
        "exceeds",
        "exceed the model",
        "greater than",
        "<= ",
        "n = 1",
        "only 1 is allowed",
    ];
    const OTHERS: [&str; 3] = ["'stop'", "stop sequences", "stop_sequences"];
    let is_named = || {
        Parameter::ALL.iter().any(|parameter| parameter.is_named_in(&said.text))
            || OTHERS.iter().any(|name| said.text.contains(name))
    };
    LIMITS.iter().any(|words| said.text.contains(words)) && is_named()
}

/// Returns `true` if the wording is about the length of the prompt.
fn is_too_long(text: &str) -> bool {
    let context = TEXTS.iter().find(|(_, class)| *class == Class::ContextWindow);
    context.is_some_and(|(patterns, _)| patterns.iter().any(|pattern| holds(text, pattern)))
}

/// The class from machine codes, which are compared as a whole, without case and punctuation.
pub(crate) fn code(codes: &[String]) -> Option<Class> {
    CODES
        .iter()
        .find(|(names, _)| names.iter().any(|name| codes.iter().any(|code| code == name)))
        .map(|(_, class)| *class)
}

/// From the error tables of the providers' documentation and SDKs; see the fixtures for bodies.
const CODES: &[(&[&str], Class)] = &[
    (
        &[
            "insufficientquota",
            "creditbalanceexhausted",
            "organizationspendlimitexceeded",
            "projectspendlimitexceeded",
            "enforcedspendlimitreached",
            "organizationusagelimitexceeded",
            "billinghardlimitreached",
            "billingnotactive",
            "billingerror",
            "paymentrequired",
            "arrearage",
            "exceededcurrentquotaerror",
            "insufficientbalance",
            "insufficientcredits",
            "servicequotaexceededexception",
            "dailylimitexceeded",
            "quotaexceeded",
        ],
        Class::Quota,
    ),
    (
        &[
            "contextlengthexceeded",
            "exceedcontextsizeerror",
            "stringabovemaxlength",
            "modelcontextwindowexceeded",
            "tokenlimitexceeded",
            "stringtoolong",
            "payloadtoolarge",
        ],
        Class::ContextWindow,
    ),
    (
        &[
            "contentfilter",
            "contentpolicyviolation",
            "responsibleaipolicyviolation",
            "datainspectionfailed",
            "moderationblocked",
            "biopolicy",
            "imagecontentpolicyviolation",
            "refusal",
        ],
        Class::ContentPolicy,
    ),
    (
        &[
            "ratelimitexceeded",
            "userratelimitexceeded",
            "concurrentlimitexceeded",
            "ratelimiterror",
            "ratelimitreached",
            "ratelimitreachederror",
            "toomanyrequests",
            "toomanyrequestserror",
            "throttlingexception",
            "throttling",
            "throttlingratequota",
            "throttlingburstrate",
            "throttlingallocationquota",
            "slowdown",
            "resourceexhausted",
            "limitrequests",
            "requestlimitexceeded",
        ],
        Class::RateLimit,
    ),
    (
        &[
            "invalidapikey",
            "authenticationerror",
            "authentication",
            "unauthenticated",
            "apikeyinvalid",
            "unrecognizedclientexception",
            "invalidsignatureexception",
            "expiredtokenexception",
        ],
        Class::Authentication,
    ),
    (
        &[
            "permissionerror",
            "permissiondenied",
            "accessdenied",
            "accessdeniedexception",
            "forbidden",
            "requestforbidden",
            "insufficientpermissions",
            "unsupportedcountryregionterritory",
        ],
        Class::Permission,
    ),
    (
        &[
            "modelnotfound",
            "notfounderror",
            "notfound",
            "deploymentnotfound",
            "invalidmodel",
            "noendpoints",
            "modeldeprecated",
            "privacyrestricted",
            "constraintfiltered",
            "freevariantended",
            "resourcenotfoundexception",
        ],
        Class::NotFound,
    ),
    (
        &[
            "unsupportedparameter",
            "unsupportedvalue",
            "unknownparameter",
            "integerabovemaxvalue",
            "decimalabovemaxvalue",
            "arrayabovemaxlength",
            "integerbelowminvalue",
            "decimalbelowminvalue",
        ],
        Class::Unsupported,
    ),
    (
        &[
            "overloadederror",
            "serverisoverloaded",
            "engineoverloadederror",
            "serviceunavailableerror",
            "capacityexceeded",
            "servicetiercapacityexceeded",
            "nocapacity",
            "resourceunavailable",
            "unavailableerror",
            "unavailable",
            "provideroverloaded",
            "temporarilyunavailable",
            "modelnotreadyexception",
            "serviceunavailableexception",
        ],
        Class::Overloaded,
    ),
    (&["timeout", "timeouterror", "deadlineexceeded"], Class::Timeout(TimeoutKind::Upstream)),
    (
        &["servererror", "apierror", "internalservererror", "providerunavailable", "server", "unmapped"],
        Class::ServerError,
    ),
];

/// The class from the wording. Text counts only where the status leaves the question open: safety
/// and billing under a status that blames the request, never under a failing server.
pub(crate) fn text(text: &str, status: u16, inside: bool) -> Option<Class> {
    let blames_request = inside || matches!(status, 400 | 402 | 403 | 413 | 422 | 429);
    let rules = TEXTS.iter().filter(|rule| match rule.1 {
        Class::ContextWindow => blames_request || status == 500,
        Class::Quota | Class::ContentPolicy => blames_request,
        Class::Authentication => inside || status == 400,
        Class::Unsupported => inside || matches!(status, 400 | 422 | 500 | 501),
        Class::NotFound => inside || matches!(status, 400 | 422),
        Class::Overloaded => inside || matches!(status, 429 | 500),
        Class::RateLimit => inside || matches!(status, 400 | 403 | 422),
        _ => inside,
    });
    rules
        .map(|(patterns, class)| (patterns, *class))
        .find(|(patterns, _)| patterns.iter().any(|p| holds(text, p)))
        .map(|(_, class)| class)
}

/// Returns `true` if the pieces of `pattern`, split at `*`, occur in `text` in this order.
fn holds(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    pattern.split('*').all(|piece| match rest.split_once(piece) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

const TEXTS: &[(&[&str], Class)] = &[
    (
        &[
            "insufficient_quota",
            "credit balance is too low",
            "api usage limits",
            "used all available credits",
            "spending limit",
            "spend limit",
            "insufficient balance",
            "insufficient credits",
            "out of credits",
            "included credits",
            "exceeded your current quota",
            "prepayment credits",
            "payment required",
            "billing hard limit",
            "account is suspended",
            "per day",
            "per-day",
            "api calls / month",
        ],
        Class::Quota,
    ),
    (
        &[
            "prompt is too long",
            "input length and *max_tokens* exceed",
            "input is too long for requested model",
            "exceeds the context window",
            "maximum context length",
            "context length exceeded",
            "context_length_exceeded",
            "context window exceeds",
            "model's context length",
            "maximum model length",
            "input token count*exceeds the maximum",
            "maximum prompt length is",
            "reduce the length of the messages",
            "reduce the length of the input",
            "token*exceeds the limit of",
            "exceeds the available context size",
            "input length exceeds the context length",
            "context size has been exceeded",
            "greater than the context length",
            "exceeded model token limit",
            "too large for model with*maximum context",
            "too many tokens: total",
            "too many tokens: size",
            "requested tokens*exceed context window",
            "request body too large*tokens",
            "token count*max_tokens*exceed",
            "inputs` tokens + `max_new_tokens` must be",
            "total length of all messages is too long",
            "total length of messages",
            "range of input length",
            "max input characters",
            "must have less than*tokens. given",
            "prompt tokens*exceed",
            // An older vLLM subtracts the prompt from the window (vllm-project/vllm issue 4667).
            "max_tokens must be at least 1, got -",
        ],
        Class::ContextWindow,
    ),
    (
        &[
            "content management policy",
            "content filtering policy",
            "content policy",
            "content_policy",
            "content_filter",
            "usage policy",
            "usage policies",
            "was flagged",
            "input flagged",
            "safety system",
            "blocked*safety",
            "inappropriate content",
            "data_inspection_failed",
        ],
        Class::ContentPolicy,
    ),
    (
        &["api key not valid", "invalid api key", "incorrect api key", "invalid x-api-key", "api key is invalid"],
        Class::Authentication,
    ),
    (
        &["model*does not exist", "model*not found", "invalid model", "unknown model", "model identifier is invalid"],
        Class::NotFound,
    ),
    (
        &[
            "does not support",
            "doesn't support",
            "unsupported parameter",
            "unsupported value",
            "not supported with this model",
            "is not supported by",
            "input is not supported",
            "inputs are not supported",
            "tools param requires",
            "image(s) may be provided",
            "supports at most*image",
        ],
        Class::Unsupported,
    ),
    (&["overloaded", "over capacity", "high demand", "capacity exceeded", "loading model"], Class::Overloaded),
    (
        &[
            "rate limit",
            "rate-limit",
            "ratelimit",
            "too many requests",
            "too many tokens, please wait",
            "throttl",
            "request limit reached",
            "per minute",
            "per second",
            "requests are too frequent",
        ],
        Class::RateLimit,
    ),
    (&["timed out", "timeout"], Class::Timeout(TimeoutKind::Upstream)),
];
