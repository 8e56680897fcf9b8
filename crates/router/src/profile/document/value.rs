//! Values of keys: numbers, texts, durations and lists.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeValue};

pub use llmroute_core::model::StateSource;
pub use llmroute_core::protocols::Protocol;
pub use llmroute_core::protocols::mock::{self, Fault};

use super::diagnostic::Diagnostic;
use super::table::{FromToml, Shown, text, wrong_type};
use super::{duration, suggest};
use crate::profile::credentials::KeySpec;

/// A whole number from `MIN` up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count<const MIN: u64>(pub u64);

impl<const MIN: u64> Count<MIN> {
    /// The number, or the largest `u32`.
    pub(crate) fn as_u32(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

impl<const MIN: u64> FromToml<'_> for Count<MIN> {
    const TYPE: &'static str = "whole number";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let DeValue::Integer(value) = raw.get_ref() else {
            wrong_type::<Self>(raw, diagnostics);
            return None;
        };
        let count = integer(value).and_then(|value| u64::try_from(value).ok()).filter(|count| *count >= MIN);
        if count.is_none() {
            diagnostics.push(Diagnostic::error(format!("must be a whole number from {MIN} up")).at(raw.span()));
        }
        count.map(Self)
    }
}

/// A finite number from zero up.
impl FromToml<'_> for f64 {
    const TYPE: &'static str = "number";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let Some(value) = plain_number(raw.get_ref()) else {
            wrong_type::<Self>(raw, diagnostics);
            return None;
        };
        let valid = value.is_finite() && value >= 0.0;
        if !valid {
            diagnostics.push(Diagnostic::error("must be a finite number from 0 up").at(raw.span()));
        }
        valid.then_some(value)
    }
}

impl FromToml<'_> for bool {
    const TYPE: &'static str = "`true` or `false`";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let flag = raw.get_ref().as_bool();
        if flag.is_none() {
            wrong_type::<Self>(raw, diagnostics);
        }
        flag
    }
}

impl FromToml<'_> for String {
    const TYPE: &'static str = "text";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        text::<Self>(raw, diagnostics).map(str::to_owned)
    }
}

/// Texts that differ from each other.
#[derive(Debug, Clone, Default)]
pub struct Names(pub Vec<Spanned<String>>);

impl FromToml<'_> for Names {
    const TYPE: &'static str = "list of texts";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let Some(items) = raw.get_ref().as_array() else {
            wrong_type::<Self>(raw, diagnostics);
            return None;
        };
        let mut names: Vec<Spanned<String>> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for item in items.iter() {
            let Some(name) = String::from_toml(item, diagnostics) else { continue };
            if seen.insert(name.clone()) {
                names.push(Spanned::new(item.span(), name));
            } else {
                diagnostics.push(Diagnostic::error(format!("duplicate `{name}`")).at(item.span()));
            }
        }
        Some(Self(names))
    }
}

/// The forms of a duration, as advice.
pub(crate) const DURATION_FORMS: &str = "write a duration like `30`, `\"90s\"`, `\"5m\"` or `\"1h30m\"`";

/// A duration; zero is one.
impl FromToml<'_> for Duration {
    const TYPE: &'static str = "duration";
    const HELP: Option<&'static str> = Some(DURATION_FORMS);

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let parsed = match raw.get_ref() {
            DeValue::String(text) => duration::parse(text),
            DeValue::Integer(_) | DeValue::Float(_) => {
                duration::seconds(plain_number(raw.get_ref()).unwrap_or(f64::MAX))
            }
            DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                wrong_type::<Self>(raw, diagnostics);
                return None;
            }
        };
        parsed.map_err(|why| diagnostics.push(Diagnostic::error(why).at(raw.span()).help(DURATION_FORMS))).ok()
    }
}

/// A duration longer than zero.
#[derive(Debug, Clone, Copy)]
pub struct NonZeroDuration(pub Duration);

impl FromToml<'_> for NonZeroDuration {
    const TYPE: &'static str = "duration";
    const HELP: Option<&'static str> = Some(DURATION_FORMS);

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let span = Duration::from_toml(raw, diagnostics)?;
        if span.is_zero() {
            let error = Diagnostic::error("a limit of zero lets nothing pass").at(raw.span());
            diagnostics.push(error.help(DURATION_FORMS));
            return None;
        }
        Some(Self(span))
    }
}

/// The first cooldown of a deployment that fails.
#[derive(Debug, Clone, Copy)]
pub enum Cooldown {
    /// Chosen by how long the process lives.
    Auto,
    /// Zero turns cooldowns off.
    Fixed(Duration),
}

impl FromToml<'_> for Cooldown {
    const TYPE: &'static str = "`\"auto\"` or duration";
    const HELP: Option<&'static str> = Some(DURATION_FORMS);

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        match raw.get_ref() {
            DeValue::String(text) if text == "auto" => Some(Self::Auto),
            _ => Duration::from_toml(raw, diagnostics).map(Self::Fixed),
        }
    }
}

/// The sources of the keys of an endpoint.
#[derive(Debug, Clone)]
pub struct ApiKeys(pub Vec<KeySpec>);

impl FromToml<'_> for ApiKeys {
    const TYPE: &'static str = "key source, or a list of them";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let single = [raw];
        let items: Vec<&Spanned<DeValue<'_>>> = match raw.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => single.to_vec(),
        };
        if items.is_empty() {
            diagnostics.push(Diagnostic::error("a list of keys needs at least one").at(raw.span()));
        }
        let mut specs = Vec::new();
        for item in items {
            let Some(text) = text::<Self>(item, diagnostics) else { continue };
            match KeySpec::parse(text) {
                Ok(spec) => {
                    diagnostics.extend(literal_key(&spec, item.span()));
                    specs.push(spec);
                }
                Err(why) => {
                    let help = "write `env:NAME`, `file:PATH`, `cmd:COMMAND` or `keyring:NAME`";
                    diagnostics.push(Diagnostic::error(why).at(item.span()).help(help));
                }
            }
        }
        (!specs.is_empty()).then_some(Self(specs))
    }

    fn shown(&self, _: &str, _: &DeValue<'_>) -> Shown {
        let references: Vec<String> = self.0.iter().filter_map(KeySpec::reference).collect();
        if references.len() < self.0.len() {
            return Shown::Hidden("(hidden)".to_owned());
        }
        let quoted = |text: &String| toml::Value::from(text.as_str()).to_string();
        let quoted: Vec<String> = references.iter().map(quoted).collect();
        Shown::Value(match quoted.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        })
    }
}

fn literal_key(spec: &KeySpec, at: Range<usize>) -> Option<Diagnostic> {
    matches!(spec, KeySpec::Literal(_)).then(|| {
        Diagnostic::warning("the profile itself contains a key")
            .at(at)
            .help("`env:NAME`, `file:PATH` or `cmd:COMMAND` keep it out of backups and repositories")
    })
}

impl FromToml<'_> for Protocol {
    const TYPE: &'static str = "protocol";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let name = text::<Self>(raw, diagnostics)?;
        let found = Self::named(name);
        if found.is_none() {
            let help = match suggest::protocol(name) {
                Some(known) => format!("did you mean `{known}`?"),
                None => suggest::help(name, Self::ALL.iter().map(|protocol| protocol.as_str())),
            };
            diagnostics.push(Diagnostic::error(format!("unknown protocol `{name}`")).at(raw.span()).help(help));
        }
        found
    }
}

/// The faults of a simulated deployment.
#[derive(Debug, Clone)]
pub struct Faults(pub Vec<Fault>);

impl FromToml<'_> for Faults {
    const TYPE: &'static str = "faults";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let parsed = mock::parse_faults(text::<Self>(raw, diagnostics)?);
        parsed.map_err(|why| diagnostics.push(Diagnostic::error(why).at(raw.span()))).ok().map(Self)
    }
}

impl FromToml<'_> for StateSource {
    const TYPE: &'static str = "directory, `memory`, `env:NAME` or Redis URL";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let source = Self::parse(text::<Self>(raw, diagnostics)?).map_err(|why| {
            let help = "write a directory, `memory`, `env:NAME` or `redis://HOST`";
            diagnostics.push(Diagnostic::error(why).at(raw.span()).help(help));
        });
        let source = source.ok()?;
        if let Self::Redis(url) = &source
            && url.is_secret()
        {
            let warning = Diagnostic::warning("the profile itself contains a password").at(raw.span());
            diagnostics.push(warning.help("`state = \"env:NAME\"` keeps it out of backups and repositories"));
        }
        Some(source)
    }
}

/// The value of a key whose feature is not built yet.
#[derive(Debug)]
pub struct Planned;

impl FromToml<'_> for Planned {
    const TYPE: &'static str = "any";
    const BUILT: bool = false;

    fn from_toml(_: &Spanned<DeValue<'_>>, _: &mut Vec<Diagnostic>) -> Option<Self> {
        Some(Self)
    }
}

/// A number of either type.
#[expect(clippy::cast_precision_loss, reason = "numbers of a profile are far below 2^52")]
pub(crate) fn plain_number(raw: &DeValue<'_>) -> Option<f64> {
    match raw {
        DeValue::Integer(value) => integer(value).map(|value| value as f64),
        DeValue::Float(value) => Some(float(value)),
        DeValue::String(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// A whole number, if it fits.
pub(crate) fn integer(value: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(value.as_str(), value.radix()).ok()
}

/// A floating point number.
pub(crate) fn float(value: &DeFloat<'_>) -> f64 {
    value.as_str().parse().unwrap_or(f64::NAN)
}
