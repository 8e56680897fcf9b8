//! One provider: what the profile says of it, on top of what the catalog knows.

use std::ops::Range;

use http::{HeaderName, HeaderValue};
use url::Url;

use crate::profile::credentials::KeySpec;
use crate::profile::diagnostic::Diagnostic;
use crate::profile::document::{ProviderTable, Settings};
use crate::profile::precedence::Origin;
use crate::profile::value::{Name, Value};
use crate::profile::{EnvVars, aws, base_url, google, patch};
use llmroute_core::catalog::{self, ProviderRow, Quirks};
use llmroute_core::catalog::{Auth, Prefill};
use llmroute_core::protocols::{Overrides, Protocol, vertex};

/// A provider, ready to have models asked of it.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub name: String,
    /// The service that it is, in the catalog and the table of models; its own name if it is none of them.
    pub known_as: String,
    /// `None`: not built yet (or wrong, and reported).
    pub protocol: Option<Protocol>,
    pub protocol_from: Origin,
    pub base_url: Url,
    pub base_url_from: Origin,
    /// The region that it is in, where its address names one.
    pub region: Option<(String, Origin)>,
    /// Where its keys are; empty when it takes none.
    pub keys: Vec<KeySpec>,
    pub keys_from: Origin,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub query: Vec<(String, String)>,
    pub overrides: Overrides,
    pub quirks: Quirks,
    /// What it needs beside a key and does not have, in words.
    pub lacks: Option<String>,
    /// What it needs that is not built yet.
    pub unbuilt: Vec<String>,
}

impl Provider {
    /// A provider that the profile does not mention.
    ///
    /// # Errors
    /// When the variable that overrides its address holds no URL.
    pub(crate) fn known(row: &ProviderRow, vars: &EnvVars) -> Result<Self, Diagnostic> {
        let keys = known_keys(row, vars);
        let region = region(row, None, &keys, vars);
        let (base_url, base_url_from) = known_address(row, vars, region.as_ref().map(|(name, _)| name.as_str()))?;
        let place = google::place(row.protocol, base_url, None, vars, &mut Vec::new());
        Ok(Self {
            name: row.id.to_owned(),
            known_as: row.id.to_owned(),
            protocol: Some(row.protocol),
            protocol_from: Origin::Catalog,
            base_url: place.base_url,
            base_url_from,
            region,
            keys,
            keys_from: Origin::Catalog,
            headers: Vec::new(),
            query: query_of(&row.quirks, vars),
            overrides: Overrides::default(),
            quirks: row.quirks,
            lacks: place.lacks,
            unbuilt: Vec::new(),
        })
    }

    /// A provider of the profile; what is wrong goes to `sink`.
    pub(crate) fn read(table: &ProviderTable<'_>, vars: &EnvVars, sink: &mut Vec<Diagnostic>) -> Self {
        let (name, settings) = (&table.name, &table.settings);
        let row = catalog::provider(&name.text);
        let (protocol, protocol_from) = protocol(settings, row, &name.text, name.at.clone(), sink);
        // Accounts and regions of one service have the service's address, whatever they are called.
        let row = row.or_else(|| catalog::regional_provider(protocol?));
        let written: &[KeySpec] = match settings.get("api_key").map(|entry| &entry.value) {
            Some(Value::Keys(keys)) => keys,
            _ => &[],
        };
        let region = row.and_then(|row| region(row, settings.text("region"), written, vars));
        let simulated = protocol == Some(Protocol::Mock);
        let (base_url, base_url_from) = match settings.get("base_url").map(|entry| &entry.value) {
            Some(Value::Url(url)) => (url.clone(), Origin::Provider),
            _ if simulated => (simulated_address(&name.text), Origin::Default),
            _ if protocol == Some(Protocol::Vertex) => (google::everywhere(), Origin::Default),
            _ => {
                let region = region.as_ref().map(|(name, _)| name.as_str());
                inherited_address(settings, row, vars, region, name, sink)
            }
        };
        let google::VertexAddress { base_url, lacks } = match protocol {
            Some(protocol) => google::place(protocol, base_url, Some(settings), vars, sink),
            None => google::VertexAddress { base_url, lacks: None },
        };
        let (keys, keys_from) = match settings.get("api_key").map(|entry| &entry.value) {
            Some(Value::Keys(keys)) => (keys.clone(), Origin::Provider),
            // Google's token goes to Google.
            _ if protocol == Some(Protocol::Vertex) && vertex::is_google(&base_url) => {
                (vec![KeySpec::Adc(None)], Origin::Default)
            }
            // A key goes to its own provider's host and to no other, unless the profile says so.
            _ => match row.filter(|row| base_url_from != Origin::Provider || catalog::is_home(row, &base_url)) {
                Some(row) if !simulated => (known_keys(row, vars), Origin::Catalog),
                _ => (Vec::new(), Origin::Default),
            },
        };
        check_region(row, settings, region.as_ref(), &keys, sink);
        let headers = match settings.get("headers").map(|entry| &entry.value) {
            Some(Value::Headers(headers)) => headers.clone(),
            _ => Vec::new(),
        };
        // Who stands at the address of a known service under another name is that service.
        let at_home = |row: &&ProviderRow| {
            Some(row.protocol) == protocol && !row.key_is_optional() && catalog::is_home(row, &base_url)
        };
        let service = row.or_else(|| catalog::providers().iter().find(at_home));
        let quirks = with_own(quirks(service, protocol), settings);
        Self {
            name: name.text.clone(),
            known_as: service.map_or_else(|| name.text.clone(), |row| row.id.to_owned()),
            protocol,
            protocol_from,
            base_url,
            base_url_from,
            region,
            keys,
            keys_from,
            headers,
            query: with_query(&query_of(&quirks, vars), settings),
            overrides: patch::over(&Overrides::default(), settings),
            quirks,
            lacks,
            unbuilt: unbuilt(settings),
        }
    }

    /// Whether it is simulated.
    pub(crate) fn is_simulated(&self) -> bool {
        self.protocol == Some(Protocol::Mock)
    }
}

/// `quirks` with the differences that `settings` tell of.
pub(crate) fn with_own(quirks: Quirks, settings: &Settings<'_>) -> Quirks {
    let prefill = match settings.flag("prefill") {
        Some(true) => Prefill::Always,
        Some(false) => Prefill::Never,
        None => quirks.prefill,
    };
    let stream_options = settings.flag("stream_usage").unwrap_or(quirks.stream_options);
    Quirks { prefill, stream_options, ..quirks }
}

/// The names of the keys in `settings` whose features are not built yet.
pub(crate) fn unbuilt(settings: &Settings<'_>) -> Vec<String> {
    settings.entries.iter().filter(|entry| !entry.key.built).map(|entry| entry.key.name.to_owned()).collect()
}

/// The differences of a row are those of its own protocol.
fn quirks(row: Option<&ProviderRow>, protocol: Option<Protocol>) -> Quirks {
    match (row, protocol) {
        (Some(row), Some(protocol)) if row.protocol == protocol => row.quirks,
        (_, Some(protocol)) => Quirks::plain(protocol),
        (_, None) => Quirks::PLAIN,
    }
}

fn protocol(
    settings: &Settings<'_>,
    row: Option<&ProviderRow>,
    name: &str,
    at: Range<usize>,
    sink: &mut Vec<Diagnostic>,
) -> (Option<Protocol>, Origin) {
    match (settings.get("protocol").map(|entry| &entry.value), row) {
        (Some(Value::Protocol(protocol)), _) => (Some(*protocol), Origin::Provider),
        (_, Some(row)) => (Some(row.protocol), Origin::Catalog),
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
    row: Option<&ProviderRow>,
    vars: &EnvVars,
    region: Option<&str>,
    name: &Name,
    sink: &mut Vec<Diagnostic>,
) -> (Url, Origin) {
    let (name, at) = (name.text.as_str(), name.at.clone());
    let found = match row {
        Some(row) => known_address(row, vars, region).map_err(|error| error.at(at)),
        None if settings.mentions("base_url") => return (simulated_address(name), Origin::Default),
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
fn known_address(row: &ProviderRow, vars: &EnvVars, region: Option<&str>) -> Result<(Url, Origin), Diagnostic> {
    let set = row.base_env.and_then(|name| Some((name, vars.get(name)?)));
    let Some((name, value)) = set else {
        // It becomes a part of a host's name.
        let fits = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let of = |name: &str| if name == "region" { region.filter(fits) } else { vars.get(name) };
        let base = catalog::base_url(row, of).map_err(|missing| no_address(row, missing))?;
        let url = base_url::check(&base).map_err(|why| Diagnostic::error(format!("`{}`: {}", row.id, why.message)))?;
        let own = row.base_url.contains('{') && !row.base_url.contains("{region}");
        return Ok((url, if own { Origin::Env } else { Origin::Catalog }));
    };
    let url = catalog::base_from_env(row, value);
    let checked = base_url::check(url.as_ref().map_or(value, Url::as_str));
    checked.map(|url| (url, Origin::Env)).map_err(|why| Diagnostic::error(format!("`{name}`: {}", why.message)))
}

/// A provider whose address is another one for every account.
fn no_address(row: &ProviderRow, missing: &str) -> Diagnostic {
    let whole = row.base_env.map(|name| format!("`{name}` (the whole address), ")).unwrap_or_default();
    if missing == "region" {
        let help = "write it as `region`, or set the usual variable of the service";
        return Diagnostic::error(format!("no region is known for `{}`", row.id)).help(help);
    }
    Diagnostic::error(format!("the address of `{}` is not known: {missing} is not set", row.id))
        .help(format!("set {whole}`{missing}`, or write `base_url` in `[providers.{}]`", row.id))
}

/// The region of a provider that has one: as written, or as the tools of its service would find it.
fn region(row: &ProviderRow, written: Option<&str>, keys: &[KeySpec], vars: &EnvVars) -> Option<(String, Origin)> {
    let profile = keys.iter().find_map(|key| match key {
        KeySpec::Aws(profile) => profile.as_deref(),
        KeySpec::Env(_)
        | KeySpec::Command(_)
        | KeySpec::File(_)
        | KeySpec::Adc(_)
        | KeySpec::Keyring(_)
        | KeySpec::Literal(_) => None,
    });
    match (written, row.quirks.auth) {
        (Some(region), _) => Some((region.to_owned(), Origin::Provider)),
        (None, Auth::Aws { .. }) => aws::region(profile, vars).map(|region| (region, Origin::Env)),
        (None, Auth::Bearer | Auth::XApiKey | Auth::XGoogApiKey | Auth::GoogleToken | Auth::ApiKeyOrToken) => None,
    }
}

/// Reports a region that nobody asks for, and keys that sign without one.
fn check_region(
    row: Option<&ProviderRow>,
    settings: &Settings<'_>,
    region: Option<&(String, Origin)>,
    keys: &[KeySpec],
    sink: &mut Vec<Diagnostic>,
) {
    let signs = row.is_some_and(|row| matches!(row.quirks.auth, Auth::Aws { .. }));
    let elsewhere = settings.get("base_url").filter(|_| signs && region.is_none());
    if let Some(entry) = settings.get("region").filter(|_| !signs) {
        sink.push(Diagnostic::error("`region` is for providers whose address names one").at(entry.name_at.clone()));
    }
    if let Some(entry) = elsewhere.filter(|_| keys.iter().any(|key| matches!(key, KeySpec::Aws(_)))) {
        let help = "write it as `region`, or set the usual variable of the service";
        sink.push(Diagnostic::error("no region is known to sign for").at(entry.at.clone()).help(help));
    }
}

/// Where the catalog says that a provider's key is; nowhere when it may go without and none is set.
fn known_keys(row: &ProviderRow, vars: &EnvVars) -> Vec<KeySpec> {
    if row.quirks.auth == Auth::GoogleToken {
        return vec![KeySpec::Adc(None)];
    }
    let signs = matches!(row.quirks.auth, Auth::Aws { .. });
    if signs && vars.first(row.env).is_none() {
        return vec![KeySpec::Aws(None)];
    }
    let spared = row.key_is_optional() && vars.first(row.env).is_none();
    let none = row.env.is_empty() || spared;
    if none { Vec::new() } else { vec![KeySpec::Env(row.env.iter().map(ToString::to_string).collect())] }
}

/// The query parameters that the environment sets.
fn query_of(quirks: &Quirks, vars: &EnvVars) -> Vec<(String, String)> {
    let value = |(name, from): &(&str, &[&str])| Some(((*name).to_owned(), vars.first(from)?.1.to_owned()));
    quirks.query_env.iter().filter_map(value).collect()
}

/// `under` with the parameters of `settings` over it.
pub(crate) fn with_query(under: &[(String, String)], settings: &Settings<'_>) -> Vec<(String, String)> {
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
