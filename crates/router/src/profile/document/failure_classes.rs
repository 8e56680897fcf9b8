//! Numbers by class of failure, by our names of the classes and by those of LiteLLM's users.

use toml::de::DeTable;

use crate::profile::diagnostic::Diagnostic;
use crate::profile::keys::ClassNumber;
use crate::profile::{suggest, value};
use llmroute_core::model::{Class, ConnectionFault, TimeoutKind};
use llmroute_core::routing::per_class::{CLASSES, PerClass};

/// What was written: numbers for classes, and one for all others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NumbersByClass {
    pub numbers: PerClass,
    /// `default`.
    pub default: Option<u32>,
}

/// The exceptions that LiteLLM's `RetryPolicy` and `AllowedFailsPolicy` name (`types/router.py`,
/// without their suffixes), and what they are here; `None` is everything else.
const EXCEPTIONS: &[(&str, Option<Class>)] = &[
    ("BadRequestError", Some(Class::BadRequest)),
    ("AuthenticationError", Some(Class::Authentication)),
    ("TimeoutError", Some(Class::Timeout(TimeoutKind::Total))),
    ("RateLimitError", Some(Class::RateLimit)),
    ("ContentPolicyViolationError", Some(Class::ContentPolicy)),
    ("InternalServerError", Some(Class::ServerError)),
    ("ServiceUnavailableError", Some(Class::Overloaded)),
    ("BadGatewayError", Some(Class::Connection(ConnectionFault::Broken))),
    ("NotFoundError", Some(Class::NotFound)),
    ("Default", None),
];

/// What follows the name of an exception.
fn suffix(counted: ClassNumber) -> &'static str {
    match counted {
        ClassNumber::Retries => "Retries",
        ClassNumber::Fails => "AllowedFails",
    }
}

/// Reads the table; what is wrong goes to `sink`.
pub(crate) fn read(counted: ClassNumber, table: &DeTable<'_>, sink: &mut Vec<Diagnostic>) -> NumbersByClass {
    let mut found = NumbersByClass::default();
    let least = match counted {
        ClassNumber::Retries => 0,
        ClassNumber::Fails => 1,
    };
    for (name, raw) in table {
        let Some(class) = class(counted, name.get_ref()) else {
            let error = Diagnostic::error(format!("unknown class of failure `{}`", name.get_ref()));
            sink.push(error.at(name.span()).help(help(counted, name.get_ref())));
            continue;
        };
        let Some(number) = value::count(raw, least, sink) else { continue };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let before = match class {
            Some(class) => found.numbers.set(class, number),
            None => found.default.replace(number),
        };
        if before.is_some_and(|before| before != number) {
            let called = class.map_or("default", Class::as_str);
            sink.push(Diagnostic::error(format!("two numbers for `{called}`")).at(name.span()));
        }
        if let Some(class) = class
            && let Some(why) = without_effect(counted, class)
        {
            let message = format!("a number for `{class}` has no effect");
            sink.push(Diagnostic::warning(message).at(name.span()).help(why));
        }
    }
    found
}

/// The class called `name`; `Some(None)` is all others.
fn class(counted: ClassNumber, name: &str) -> Option<Option<Class>> {
    if name == "default" {
        return Some(None);
    }
    let ours = CLASSES.into_iter().find(|class| class.as_str() == name).map(Some);
    ours.or_else(|| {
        let theirs = name.strip_suffix(suffix(counted))?;
        EXCEPTIONS.iter().find(|(exception, _)| *exception == theirs).map(|(_, class)| *class)
    })
}

fn help(counted: ClassNumber, name: &str) -> String {
    let ours = || CLASSES.iter().map(|class| class.as_str()).chain(["default"]);
    let theirs: Vec<String> = EXCEPTIONS.iter().map(|(name, _)| format!("{name}{}", suffix(counted))).collect();
    match suggest::nearest(name, ours().chain(theirs.iter().map(String::as_str))) {
        Some(known) => format!("did you mean `{known}`?"),
        None => suggest::one_of(ours()),
    }
}

/// Why a number for `class` changes nothing, if it does not.
fn without_effect(counted: ClassNumber, class: Class) -> Option<&'static str> {
    match (class, counted) {
        (Class::BadRequest | Class::ContextWindow | Class::ContentPolicy, ClassNumber::Retries) => {
            Some("what is wrong with the request is not mended by repeating it")
        }
        (
            Class::BadRequest
            | Class::Unsupported
            | Class::ContextWindow
            | Class::ContentPolicy
            | Class::InvalidOutput(_),
            ClassNumber::Fails,
        ) => Some("who answers that a request is wrong is well: it does not cool down"),
        (Class::Budget, _) => Some("our own cap on spending is no failure of a deployment"),
        (
            Class::Authentication
            | Class::Permission
            | Class::NotFound
            | Class::RateLimit
            | Class::Quota
            | Class::Overloaded
            | Class::ServerError
            | Class::Timeout(_)
            | Class::Connection(_)
            | Class::Malformed
            | Class::Truncated,
            _,
        )
        | (Class::Unsupported | Class::InvalidOutput(_), ClassNumber::Retries) => None,
    }
}
