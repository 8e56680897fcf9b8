//! One value of a profile, checked against its type. Every mistake is reported; none stops the reading.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};
use url::Url;

use crate::profile::budget::{self, Budget};
use crate::profile::credentials::KeySpec;
use crate::profile::diagnostic::Diagnostic;
use crate::profile::keys::{self, ValueKind};
use crate::profile::strategy::StrategyChoice;
use crate::profile::{base_url, duration, failure_classes, hedge, params, patch, strategy, suggest};
use failure_classes::NumbersByClass;
use llmroute_core::model::StateSource;
use llmroute_core::protocols::mock::Fault;
use llmroute_core::protocols::{Params, Patch, Protocol, mock};
use llmroute_core::routing::hedge::Delay;
use llmroute_core::routing::strategy::Sticky;

/// A text with its place, to say where a name is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub text: String,
    pub at: Range<usize>,
}

/// A value that was understood.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Duration(Duration),
    /// `"auto"`.
    Auto,
    Count(u64),
    Flag(bool),
    Number(f64),
    Text(String),
    Names(Vec<Name>),
    Keys(Vec<KeySpec>),
    Url(Url),
    /// `None`: not built yet.
    Protocol(Protocol),
    /// `None`: not built yet.
    Strategy(Option<StrategyChoice>),
    StrategyArgs(strategy::Args),
    Sticky(Sticky),
    Headers(Vec<(HeaderName, HeaderValue)>),
    Query(Vec<(String, String)>),
    Patch(Patch),
    Params(Params),
    Faults(Vec<Fault>),
    PerClass(NumbersByClass),
    /// `None`: off.
    Hedge(Option<Delay>),
    Budget(Budget),
    State(StateSource),
    /// Understood by nobody yet, or read elsewhere.
    Opaque,
}

type Sink = Vec<Diagnostic>;

/// Reads `raw` as a value of `kind`; what is wrong goes to `sink`.
pub(crate) fn read(kind: ValueKind, raw: &Spanned<DeValue<'_>>, sink: &mut Sink) -> Option<Value> {
    let at = raw.span();
    match kind {
        ValueKind::Duration(zero) => span_of_time(raw, zero, sink).map(Value::Duration),
        ValueKind::Cooldown if raw.get_ref().as_str() == Some("auto") => Some(Value::Auto),
        ValueKind::Cooldown => span_of_time(raw, false, sink).map(Value::Duration),
        ValueKind::Count(least) => count(raw, least, sink).map(Value::Count),
        ValueKind::Number => number(raw, sink).map(Value::Number),
        ValueKind::Flag => match raw.get_ref() {
            DeValue::Boolean(flag) => Some(Value::Flag(*flag)),
            other => wrong(kind, other, at, sink),
        },
        ValueKind::Text => text(kind, raw, sink).map(|text| Value::Text(text.to_owned())),
        ValueKind::Names => names(raw, sink).map(Value::Names),
        ValueKind::Keys => keys(raw, sink).map(Value::Keys),
        ValueKind::Url => base_url(text(kind, raw, sink)?, at, sink).map(Value::Url),
        ValueKind::Protocol => protocol(text(kind, raw, sink)?, at, sink).map(Value::Protocol),
        ValueKind::Strategy => strategy_name(text(kind, raw, sink)?, at, sink).map(Value::Strategy),
        ValueKind::StrategyArgs => Some(Value::StrategyArgs(strategy::read(table(kind, raw, sink)?, sink))),
        ValueKind::Sticky => {
            choice("key to be sticky by", text(kind, raw, sink)?, keys::STICKY, at, sink)?.map(Value::Sticky)
        }
        ValueKind::Headers => headers(table(kind, raw, sink)?, sink).map(Value::Headers),
        ValueKind::Query => query(table(kind, raw, sink)?, sink).map(Value::Query),
        ValueKind::Patch => Some(Value::Patch(patch::read_patch(table(kind, raw, sink)?, sink))),
        ValueKind::Params => params::read(table(kind, raw, sink)?, sink).map(Value::Params),
        ValueKind::Faults => {
            let parsed = mock::parse_faults(text(kind, raw, sink)?);
            parsed.map_err(|why| sink.push(Diagnostic::error(why).at(at))).ok().map(Value::Faults)
        }
        ValueKind::PerClass(counted) => {
            Some(Value::PerClass(failure_classes::read(counted, table(kind, raw, sink)?, sink)))
        }
        ValueKind::Hedge => hedge::read(raw, sink).map(Value::Hedge),
        ValueKind::Budget => {
            let parsed = budget::budget(text(kind, raw, sink)?);
            parsed.map_err(|(why, help)| sink.push(Diagnostic::error(why).at(at).help(help))).ok().map(Value::Budget)
        }
        ValueKind::State => state(text(kind, raw, sink)?, at, sink).map(Value::State),
        ValueKind::Tables | ValueKind::Any => Some(Value::Opaque),
    }
}

/// Reports that a value has another type than is due.
pub(crate) fn wrong<T>(kind: ValueKind, got: &DeValue<'_>, at: Range<usize>, sink: &mut Sink) -> Option<T> {
    let message = format!("expected {}, found {}", kind.name(), got.type_str());
    let diagnostic = Diagnostic::error(message).at(at);
    sink.push(match kind {
        ValueKind::Duration(_) | ValueKind::Cooldown => {
            diagnostic.help("write a span of time like `30`, `\"90s\"`, `\"5m\"` or `\"1h30m\"`")
        }
        ValueKind::Budget => diagnostic.help("write an amount and a unit like `\"5 USD/day\"`"),
        _ => diagnostic,
    });
    None
}

fn text<'v>(kind: ValueKind, raw: &'v Spanned<DeValue<'_>>, sink: &mut Sink) -> Option<&'v str> {
    match raw.get_ref() {
        DeValue::String(text) => Some(text),
        other => wrong(kind, other, raw.span(), sink),
    }
}

fn table<'v, 'i>(kind: ValueKind, raw: &'v Spanned<DeValue<'i>>, sink: &mut Sink) -> Option<&'v DeTable<'i>> {
    match raw.get_ref() {
        DeValue::Table(table) => Some(table),
        other => wrong(kind, other, raw.span(), sink),
    }
}

pub(crate) fn span_of_time(raw: &Spanned<DeValue<'_>>, zero: bool, sink: &mut Sink) -> Option<Duration> {
    let parsed = match raw.get_ref() {
        DeValue::String(text) => duration::parse(text),
        DeValue::Integer(value) => integer(value).map_or(Err("too large".into()), |n| duration::seconds(n as f64)),
        DeValue::Float(value) => duration::seconds(float(value)),
        other => return wrong(ValueKind::Duration(zero), other, raw.span(), sink),
    };
    let problem = match parsed {
        Ok(span) if zero || !span.is_zero() => return Some(span),
        Ok(_) => "a limit of zero lets nothing pass".to_owned(),
        Err(why) => why,
    };
    let help = "write a span of time like `30`, `\"90s\"`, `\"5m\"` or `\"1h30m\"`";
    sink.push(Diagnostic::error(problem).at(raw.span()).help(help));
    None
}

pub(crate) fn count(raw: &Spanned<DeValue<'_>>, least: u64, sink: &mut Sink) -> Option<u64> {
    let DeValue::Integer(value) = raw.get_ref() else {
        return wrong(ValueKind::Count(least), raw.get_ref(), raw.span(), sink);
    };
    match integer(value).map(u64::try_from) {
        Some(Ok(count)) if count >= least => Some(count),
        _ => {
            sink.push(Diagnostic::error(format!("must be a whole number from {least} up")).at(raw.span()));
            None
        }
    }
}

fn number(raw: &Spanned<DeValue<'_>>, sink: &mut Sink) -> Option<f64> {
    match plain_number(raw.get_ref()) {
        None => wrong(ValueKind::Number, raw.get_ref(), raw.span(), sink),
        Some(value) if value.is_finite() && value >= 0.0 => Some(value),
        Some(_) => {
            sink.push(Diagnostic::error("must be a finite number from 0 up").at(raw.span()));
            None
        }
    }
}

/// A number of either type.
#[expect(clippy::cast_precision_loss, reason = "numbers of a profile are far below 2^52")]
pub(crate) fn plain_number(raw: &DeValue<'_>) -> Option<f64> {
    match raw {
        DeValue::Integer(value) => integer(value).map(|value| value as f64),
        DeValue::Float(value) => Some(float(value)),
        _ => None,
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

fn names(raw: &Spanned<DeValue<'_>>, sink: &mut Sink) -> Option<Vec<Name>> {
    let DeValue::Array(items) = raw.get_ref() else {
        return wrong(ValueKind::Names, raw.get_ref(), raw.span(), sink);
    };
    let mut names: Vec<Name> = Vec::new();
    for item in items.iter() {
        match item.get_ref().as_str() {
            Some(text) if names.iter().any(|name| name.text == text) => {
                sink.push(Diagnostic::error(format!("duplicate `{text}`")).at(item.span()));
            }
            Some(text) => names.push(Name { text: text.to_owned(), at: item.span() }),
            None => wrong(ValueKind::Text, item.get_ref(), item.span(), sink).unwrap_or_default(),
        }
    }
    Some(names)
}

fn keys(raw: &Spanned<DeValue<'_>>, sink: &mut Sink) -> Option<Vec<KeySpec>> {
    let single = [raw];
    let items: Vec<&Spanned<DeValue<'_>>> = match raw.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => single.to_vec(),
    };
    if items.is_empty() {
        sink.push(Diagnostic::error("a list of keys needs at least one").at(raw.span()));
    }
    let mut specs = Vec::new();
    for item in items {
        let Some(text) = text(ValueKind::Keys, item, sink) else { continue };
        match KeySpec::parse(text) {
            Ok(spec) => {
                remark(&spec, item.span(), sink);
                specs.push(spec);
            }
            Err(why) => {
                let help = "write `env:NAME`, `file:PATH`, `cmd:COMMAND` or `keyring:NAME`";
                sink.push(Diagnostic::error(why).at(item.span()).help(help));
            }
        }
    }
    (!specs.is_empty()).then_some(specs)
}

fn remark(spec: &KeySpec, at: Range<usize>, sink: &mut Sink) {
    match spec {
        KeySpec::Literal(_) => sink.push(
            Diagnostic::warning("a key stands in the profile itself")
                .at(at)
                .help("`env:NAME`, `file:PATH` or `cmd:COMMAND` keep it out of backups and repositories"),
        ),
        KeySpec::Env(_) | KeySpec::Command(_) | KeySpec::File(_) | KeySpec::Keyring(_) => {}
        KeySpec::Aws(_) | KeySpec::Adc(_) => {}
    }
}

/// The note about something that loads but cannot be used yet.
pub(crate) fn not_built(what: &str, at: Range<usize>) -> Diagnostic {
    Diagnostic::note(format!("{what} is not built yet")).at(at).label("a group that needs it exits 78")
}

fn base_url(text: &str, at: Range<usize>, sink: &mut Sink) -> Option<Url> {
    match base_url::check(text) {
        Ok(url) => {
            sink.extend(base_url::warning(&url).map(|warning| warning.at(at)));
            Some(url)
        }
        Err(problem) => {
            sink.push(problem.at(at));
            None
        }
    }
}

fn state(text: &str, at: Range<usize>, sink: &mut Sink) -> Option<StateSource> {
    let parsed = StateSource::parse(text).map_err(|why| {
        let help = "write a directory, `memory`, `env:NAME` or `redis://HOST`";
        sink.push(Diagnostic::error(why).at(at.clone()).help(help));
    });
    let source = parsed.ok()?;
    if let StateSource::Redis(url) = &source
        && url.is_secret()
    {
        let warning = Diagnostic::warning("a password stands in the profile itself").at(at);
        sink.push(warning.help("`state = \"env:NAME\"` keeps it out of backups and repositories"));
    }
    Some(source)
}

fn protocol(text: &str, at: Range<usize>, sink: &mut Sink) -> Option<Protocol> {
    let found = Protocol::named(text);
    if found.is_none() {
        let help = suggest::help(text, Protocol::ALL.iter().map(|protocol| protocol.as_str()));
        sink.push(Diagnostic::error(format!("unknown protocol `{text}`")).at(at).help(help));
    }
    found
}

fn choice<T: Clone>(
    what: &str,
    text: &str,
    known: &[(&'static str, Option<T>)],
    at: Range<usize>,
    sink: &mut Sink,
) -> Option<Option<T>> {
    let Some((_, built)) = known.iter().find(|(name, _)| *name == text) else {
        let help = suggest::help(text, known.iter().map(|(name, _)| *name));
        sink.push(Diagnostic::error(format!("unknown {what} `{text}`")).at(at).help(help));
        return None;
    };
    if built.is_none() {
        sink.push(not_built(&format!("{what} `{text}`"), at));
    }
    Some(built.clone())
}

fn strategy_name(text: &str, at: Range<usize>, sink: &mut Sink) -> Option<Option<StrategyChoice>> {
    match text.strip_prefix("exec:").map(str::trim) {
        Some("") => {
            let help = "write the command behind `exec:`";
            sink.push(Diagnostic::error("a strategy `exec:` without a command").at(at).help(help));
            None
        }
        Some(command) => Some(Some(StrategyChoice::Command(command.into()))),
        None => choice("strategy", text, &StrategyChoice::names(), at, sink),
    }
}

fn query(table: &DeTable<'_>, sink: &mut Sink) -> Option<Vec<(String, String)>> {
    let pair = |(key, raw): (&Spanned<Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        Some((key.get_ref().to_string(), text(ValueKind::Text, raw, sink)?.to_owned()))
    };
    Some(table.iter().filter_map(pair).collect())
}

/// Headers that the HTTP client sets itself.
const OWN_HEADERS: &[&str] = &["host", "content-length", "transfer-encoding", "connection"];

fn headers(table: &DeTable<'_>, sink: &mut Sink) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let mut headers = Vec::new();
    for (key, raw) in table {
        let Some(text) = text(ValueKind::Text, raw, sink) else { continue };
        let name = key.get_ref().to_lowercase();
        let (Ok(header), Ok(mut value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(text)) else {
            let message = format!("`{name}` is no header, or its value cannot stand in one");
            sink.push(Diagnostic::error(message).at(key.span()));
            continue;
        };
        if OWN_HEADERS.contains(&name.as_str()) {
            sink.push(Diagnostic::error(format!("`{name}` is set by the HTTP client")).at(key.span()));
        }
        value.set_sensitive(true);
        headers.push((header, value));
    }
    Some(headers)
}
