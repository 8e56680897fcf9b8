//! One provider: what the profile says of it, on top of what the catalog knows.

use std::ops::Range;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::credential::KeySpec;
use super::diagnostic::Diagnostic;
use super::file::{ProviderTable, Settings};
use super::layers::Origin;
use super::value::Value;
use super::{Vars, address};
use crate::provider::catalog::Prefill;
use crate::provider::{Protocol, Quirks, Row, catalog};

/// A provider, ready to have models asked of it.
#[derive(Debug, Clone)]
pub(super) struct Provider {
    pub name: String,
    /// `None`: not built yet (or wrong, and reported).
    pub protocol: Option<Protocol>,
    pub protocol_from: Origin,
    pub base_url: Url,
    pub base_url_from: Origin,
    /// Where its keys are; empty when it takes none.
    pub keys: Vec<KeySpec>,
    pub keys_from: Origin,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub query: Vec<(String, String)>,
    pub quirks: Quirks,
    /// What it needs that is not built yet.
    pub unbuilt: Vec<String>,
}

impl Provider {
    /// A provider that the profile does not mention.
    ///
    /// # Errors
    /// When the variable that overrides its address holds no URL.
    pub(super) fn known(row: &Row, vars: &Vars) -> Result<Self, Diagnostic> {
        let (base_url, base_url_from) = known_address(row, vars)?;
        Ok(Self {
            name: row.id.to_owned(),
            protocol: Some(row.protocol),
            protocol_from: Origin::Catalog,
            base_url,
            base_url_from,
            keys: known_keys(row, vars),
            keys_from: Origin::Catalog,
            headers: Vec::new(),
            query: query_of(&row.quirks, vars),
            quirks: row.quirks,
            unbuilt: Vec::new(),
        })
    }

    /// A provider of the profile; what is wrong goes to `sink`.
    pub(super) fn read(table: &ProviderTable<'_>, vars: &Vars, sink: &mut Vec<Diagnostic>) -> Self {
        let (name, settings) = (&table.name, &table.settings);
        let row = catalog::row(&name.text);
        let (protocol, protocol_from) = protocol(settings, row, &name.text, name.at.clone(), sink);
        let simulated = protocol == Some(Protocol::Mock);
        let (base_url, base_url_from) = match settings.get("base_url").map(|entry| &entry.value) {
            Some(Value::Url(url)) => (url.clone(), Origin::Provider),
            _ if simulated => (simulated_address(&name.text), Origin::Default),
            _ => inherited_address(settings, row, vars, &name.text, name.at.clone(), sink),
        };
        let (keys, keys_from) = match settings.get("api_key").map(|entry| &entry.value) {
            Some(Value::Keys(keys)) => (keys.clone(), Origin::Provider),
            // A key goes to its own provider's host and to no other, unless the profile says so.
            _ => match row.filter(|row| base_url_from != Origin::Provider || catalog::is_home(row, &base_url)) {
                Some(row) if !simulated => (known_keys(row, vars), Origin::Catalog),
                _ => (Vec::new(), Origin::Default),
            },
        };
        let headers = match settings.get("headers").map(|entry| &entry.value) {
            Some(Value::Headers(headers)) => headers.clone(),
            _ => Vec::new(),
        };
        let quirks = with_prefill(quirks(row, protocol), settings);
        Self {
            name: name.text.clone(),
            protocol,
            protocol_from,
            base_url,
            base_url_from,
            keys,
            keys_from,
            headers,
            query: with_query(&query_of(&quirks, vars), settings),
            quirks,
            unbuilt: unbuilt_of_provider(settings, &name.text),
        }
    }

    /// A provider that is known and speaks `protocol`, which is not built yet.
    pub(super) fn later(name: &str, protocol: &str) -> Self {
        Self {
            name: name.to_owned(),
            protocol: None,
            protocol_from: Origin::Catalog,
            base_url: simulated_address(name),
            base_url_from: Origin::Catalog,
            keys: Vec::new(),
            keys_from: Origin::Catalog,
            headers: Vec::new(),
            query: Vec::new(),
            quirks: Quirks::PLAIN,
            unbuilt: vec![format!("protocol = {protocol:?}")],
        }
    }

    /// Whether the catalog knows it and its protocol is not built yet.
    pub(super) fn is_for_later(&self) -> bool {
        self.protocol.is_none() && self.protocol_from == Origin::Catalog
    }

    /// Whether it is simulated.
    pub(super) fn is_simulated(&self) -> bool {
        self.protocol == Some(Protocol::Mock)
    }
}

/// `quirks` with what `settings` say about continuing an answer.
pub(super) fn with_prefill(quirks: Quirks, settings: &Settings<'_>) -> Quirks {
    match settings.flag("prefill") {
        Some(true) => Quirks { prefill: Prefill::Always, ..quirks },
        Some(false) => Quirks { prefill: Prefill::Never, ..quirks },
        None => quirks,
    }
}

/// The names of the keys in `settings` whose features are not built yet.
pub(super) fn unbuilt(settings: &Settings<'_>) -> Vec<String> {
    settings.entries.iter().filter(|entry| !entry.key.built).map(|entry| entry.key.name.to_owned()).collect()
}

fn unbuilt_of_provider(settings: &Settings<'_>, name: &str) -> Vec<String> {
    let mut found = unbuilt(settings);
    match settings.get("protocol").map(|entry| (&entry.value, entry.raw.as_str())) {
        Some((Value::Protocol(None), Some(protocol))) => found.push(format!("protocol = {protocol:?}")),
        Some(_) => {}
        None => found.extend(later(name).map(|protocol| format!("protocol = {protocol:?}"))),
    }
    found
}

/// The protocol of a provider that is known and cannot be asked yet.
pub(super) fn later(name: &str) -> Option<&'static str> {
    catalog::KNOWN_UNBUILT.iter().find(|(id, _)| *id == name).map(|(_, protocol)| *protocol)
}

/// The differences of a row are those of its own protocol.
fn quirks(row: Option<&Row>, protocol: Option<Protocol>) -> Quirks {
    match (row, protocol) {
        (Some(row), Some(protocol)) if row.protocol == protocol => row.quirks,
        (_, Some(protocol)) => Quirks::plain(protocol),
        (_, None) => Quirks::PLAIN,
    }
}

fn protocol(
    settings: &Settings<'_>,
    row: Option<&Row>,
    name: &str,
    at: Range<usize>,
    sink: &mut Vec<Diagnostic>,
) -> (Option<Protocol>, Origin) {
    match (settings.get("protocol").map(|entry| &entry.value), row) {
        (Some(Value::Protocol(protocol)), _) => (*protocol, Origin::Provider),
        (_, Some(row)) => (Some(row.protocol), Origin::Catalog),
        (_, None) if later(name).is_some() => (None, Origin::Catalog),
        (_, None) => {
            if !settings.mentions("protocol") {
                let message = format!("provider `{name}` has no `protocol`");
                let help = "most servers speak `protocol = \"openai\"`";
                sink.push(Diagnostic::error(message).at(at).help(help));
            }
            (None, Origin::Default)
        }
    }
}

fn inherited_address(
    settings: &Settings<'_>,
    row: Option<&Row>,
    vars: &Vars,
    name: &str,
    at: Range<usize>,
    sink: &mut Vec<Diagnostic>,
) -> (Url, Origin) {
    let found = match row {
        Some(row) => known_address(row, vars).map_err(|error| error.at(at)),
        None if settings.mentions("base_url") || later(name).is_some() => {
            return (simulated_address(name), Origin::Default);
        }
        None => Err(Diagnostic::error(format!("provider `{name}` has no `base_url`"))
            .at(at)
            .help("write where its API is: `base_url = \"https://…\"`")),
    };
    found.unwrap_or_else(|error| {
        sink.push(error);
        (simulated_address(name), Origin::Default)
    })
}

/// The address in the catalog, or in the variable that overrides it.
fn known_address(row: &Row, vars: &Vars) -> Result<(Url, Origin), Diagnostic> {
    let set = row.base_env.and_then(|name| Some((name, vars.get(name)?)));
    let Some((name, value)) = set else {
        let base = catalog::base_url(row, |name| vars.get(name)).map_err(|missing| no_address(row, missing))?;
        let url = address::check(&base).map_err(|why| Diagnostic::error(format!("`{}`: {}", row.id, why.message)))?;
        return Ok((url, if row.base_url.contains('{') { Origin::Env } else { Origin::Catalog }));
    };
    let url = catalog::base_from_env(row, value);
    let checked = address::check(url.as_ref().map_or(value, Url::as_str));
    checked.map(|url| (url, Origin::Env)).map_err(|why| Diagnostic::error(format!("`{name}`: {}", why.message)))
}

/// A provider whose address is another one for every account.
fn no_address(row: &Row, missing: &str) -> Diagnostic {
    let whole = row.base_env.map(|name| format!("`{name}` (the whole address), ")).unwrap_or_default();
    Diagnostic::error(format!("the address of `{}` is not known: {missing} is not set", row.id))
        .help(format!("set {whole}`{missing}`, or write `base_url` in `[providers.{}]`", row.id))
}

/// Where the catalog says that a provider's key is; nowhere when it may go without and none is set.
fn known_keys(row: &Row, vars: &Vars) -> Vec<KeySpec> {
    let spared = row.key_is_optional() && vars.first(row.env).is_none();
    let none = row.env.is_empty() || spared;
    if none { Vec::new() } else { vec![KeySpec::Env(row.env.iter().map(ToString::to_string).collect())] }
}

/// The query parameters that the environment sets.
fn query_of(quirks: &Quirks, vars: &Vars) -> Vec<(String, String)> {
    let value = |(name, from): &(&str, &[&str])| Some(((*name).to_owned(), vars.first(from)?.1.to_owned()));
    quirks.query_env.iter().filter_map(value).collect()
}

/// `under` with the parameters of `settings` over it.
pub(super) fn with_query(under: &[(String, String)], settings: &Settings<'_>) -> Vec<(String, String)> {
    let own = match settings.get("query").map(|entry| &entry.value) {
        Some(Value::Query(own)) => own.as_slice(),
        _ => &[],
    };
    let kept = under.iter().filter(|(name, _)| own.iter().all(|(other, _)| other != name));
    kept.chain(own).cloned().collect()
}

/// An address that nothing is ever sent to; it tells simulated providers apart.
fn simulated_address(name: &str) -> Url {
    Url::parse(&format!("mock://{name}")).or_else(|_| Url::parse("mock://simulated")).expect("the literal is a URL")
}

#[cfg(test)]
mod tests;
