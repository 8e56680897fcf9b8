//! Numbers by failure class, by our names of the classes or by LiteLLM's.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::suggest;
use super::table::{FromToml, table};
use super::value::Count;
pub use llmroute_core::model::{Class, ConnectionFault, TimeoutKind};
pub use llmroute_core::routing::per_class::{CLASSES, PerClass};

/// The numbers that are written: for classes, and for all others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NumbersByClass {
    pub numbers: PerClass,
    /// `default`.
    pub default: Option<u32>,
}

/// `retry_policy`: further attempts after a failure, from 0 up.
#[derive(Debug, Clone, Copy)]
pub struct RetriesByClass(pub NumbersByClass);

impl FromToml<'_> for RetriesByClass {
    const TYPE: &'static str = "table of failure classes";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        Some(Self(read::<0>(Meaning::Retries, table::<Self>(raw, diagnostics)?, diagnostics)))
    }
}

/// `allowed_fails_policy`: failures in a minute that open the breaker, from 1 up.
#[derive(Debug, Clone, Copy)]
pub struct FailsByClass(pub NumbersByClass);

impl FromToml<'_> for FailsByClass {
    const TYPE: &'static str = "table of failure classes";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        Some(Self(read::<1>(Meaning::Fails, table::<Self>(raw, diagnostics)?, diagnostics)))
    }
}

/// The meaning of a number.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Retries,
    Fails,
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

/// The end of LiteLLM's names, after the exception.
fn suffix(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Retries => "Retries",
        Meaning::Fails => "AllowedFails",
    }
}

/// Reads the table of numbers from `MIN` up.
fn read<const MIN: u64>(meaning: Meaning, table: &DeTable<'_>, diagnostics: &mut Vec<Diagnostic>) -> NumbersByClass {
    let mut found = NumbersByClass::default();
    for (name, raw) in table {
        let Some(class) = class(meaning, name.get_ref()) else {
            let error = Diagnostic::error(format!("unknown failure class `{}`", name.get_ref()));
            diagnostics.push(error.at(name.span()).help(help(meaning, name.get_ref())));
            continue;
        };
        let Some(number) = Count::<MIN>::from_toml(raw, diagnostics).map(Count::as_u32) else { continue };
        let before = match class {
            Some(class) => found.numbers.set(class, number),
            None => found.default.replace(number),
        };
        if before.is_some_and(|before| before != number) {
            let called = class.map_or("default", Class::as_str);
            diagnostics.push(Diagnostic::error(format!("two numbers for `{called}`")).at(name.span()));
        }
        if let Some(class) = class
            && let Some(why) = without_effect(meaning, class)
        {
            let message = format!("a number for `{class}` has no effect");
            diagnostics.push(Diagnostic::warning(message).at(name.span()).help(why));
        }
    }
    found
}

/// The class called `name`; `Some(None)` is all others.
fn class(meaning: Meaning, name: &str) -> Option<Option<Class>> {
    if name == "default" {
        return Some(None);
    }
    let ours = CLASSES.into_iter().find(|class| class.as_str() == name).map(Some);
    ours.or_else(|| {
        let theirs = name.strip_suffix(suffix(meaning))?;
        EXCEPTIONS.iter().find(|(exception, _)| *exception == theirs).map(|(_, class)| *class)
    })
}

fn help(meaning: Meaning, name: &str) -> String {
    let ours = || CLASSES.iter().map(|class| class.as_str()).chain(["default"]);
    let theirs: Vec<String> = EXCEPTIONS.iter().map(|(name, _)| format!("{name}{}", suffix(meaning))).collect();
    match suggest::nearest(name, ours().chain(theirs.iter().map(String::as_str))) {
        Some(known) => format!("did you mean `{known}`?"),
        None => suggest::one_of(ours()),
    }
}

/// The reason why a number for `class` changes nothing, if it does not.
fn without_effect(meaning: Meaning, class: Class) -> Option<&'static str> {
    match (class, meaning) {
        (Class::BadRequest | Class::ContextWindow | Class::ContentPolicy, Meaning::Retries) => {
            Some("a request that is refused is refused again")
        }
        (
            Class::BadRequest
            | Class::Unsupported
            | Class::ContextWindow
            | Class::ContentPolicy
            | Class::InvalidOutput(_),
            Meaning::Fails,
        ) => Some("a deployment that refuses a request is healthy: it does not cool down"),
        (Class::Budget, _) => Some("the limit on spending is not a failure of a deployment"),
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
        | (Class::Unsupported | Class::InvalidOutput(_), Meaning::Retries) => None,
    }
}
