//! One provider: its table in the profile, on top of the catalog.

use http::{HeaderName, HeaderValue};
use toml::Spanned;
use url::Url;

pub use llmroute_core::catalog::{self, Auth, Prefill, ProviderRow, Quirks};
pub use llmroute_core::protocols::{Overrides, Protocol, vertex};

use super::precedence::Origin;
use crate::profile::EnvVars;
use crate::profile::credentials::{KeySpec, aws, google};
use crate::profile::document::base_url::{self, BaseUrl};
use crate::profile::document::diagnostic::Diagnostic;
use crate::profile::document::table::{Keys as _, NamedTable};
use crate::profile::document::{ProviderKeys, RequestKeys, VertexKeys};

/// A provider whose models can be called.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedProvider {
    pub name: String,
    /// Its name in the catalog and in the table of models; its own name if it is not in them.
    pub known_as: String,
    /// `None` if it is wrong, which is reported.
    pub protocol: Option<Protocol>,
    pub protocol_from: Origin,
    pub base_url: Url,
    pub base_url_from: Origin,
    /// Its region, if its address contains one.
    pub region: Option<(String, Origin)>,
    /// The sources of its keys; empty if it takes none.
    pub keys: Vec<KeySpec>,
    pub keys_from: Origin,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub query: Vec<(String, String)>,
    pub overrides: Overrides,
    pub quirks: Quirks,
    /// The thing that is missing beside a key, in words.
    pub missing: Option<String>,
    /// The keys whose features are not built yet.
    pub not_built: Vec<String>,
    /// Its deployments may be called.
    pub enabled: bool,
    /// The variable whose key is not sent, because the profile moved the provider to another host.
    pub withheld: Option<&'static str>,
}

impl ResolvedProvider {
    /// A provider that the profile does not mention.
    ///
    /// # Errors
    /// An address that is not known, or not valid.
    pub(crate) fn known(row: &ProviderRow, env: &EnvVars) -> Result<Self, Diagnostic> {
        let keys = known_keys(row, env);
        let region = region(row, None, &keys, env);
        let (base_url, base_url_from) = known_address(row, env, region.as_ref().map(|(name, _)| name.as_str()))?;
        let (base_url, missing) = match row.protocol {
            Protocol::Vertex => {
                let address = google::vertex_address(None, &VertexKeys::default(), env, &mut Vec::new());
                (address.base_url, address.missing)
            }
            _ => (base_url, None),
        };
        Ok(Self {
            name: row.id.to_owned(),
            known_as: row.id.to_owned(),
            protocol: Some(row.protocol),
            protocol_from: Origin::Catalog,
            base_url,
            base_url_from,
            region,
            keys,
            keys_from: Origin::Catalog,
            headers: Vec::new(),
            query: query_of(&row.quirks, env),
            overrides: Overrides::default(),
            quirks: row.quirks,
            missing,
            not_built: Vec::new(),
            enabled: true,
            withheld: None,
        })
    }

    /// A provider of the profile; mistakes go to `diagnostics`.
    pub(crate) fn read(table: &NamedTable<ProviderKeys<'_>>, env: &EnvVars, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let (name, keys) = (&table.name, &table.keys);
        let row = catalog::provider(name.get_ref());
        let (protocol, protocol_from) = protocol(keys, row, name, diagnostics);
        // Accounts and regions of a service share its address, whatever their name is.
        let row = row.or_else(|| catalog::regional_provider(protocol?));
        let written = keys.request.api_key.value();
        let region = row.and_then(|row| {
            region(row, keys.region.value().map(String::as_str), written.map_or(&[], |keys| &keys.0), env)
        });
        let address = Address::of(table, row, protocol, region.as_ref(), env, diagnostics);
        let Address { base_url, origin: base_url_from, missing } = address;
        let (api_keys, keys_from) = match written {
            Some(keys) => (keys.0.clone(), Origin::Provider),
            // Google's token goes to Google.
            None if protocol == Some(Protocol::Vertex) && vertex::is_google(&base_url) => {
                (vec![KeySpec::Adc(None)], Origin::Default)
            }
            // A key goes to the host of its provider and to no other, unless the profile says so.
            None => match row.filter(|row| base_url_from != Origin::Provider || catalog::is_home(row, &base_url)) {
                Some(row) if protocol != Some(Protocol::Mock) => (known_keys(row, env), Origin::Catalog),
                _ => (Vec::new(), Origin::Default),
            },
        };
        let moved = written.is_none() && missing.is_none() && api_keys.is_empty() && base_url_from == Origin::Provider;
        let withheld = row.filter(|row| moved && !row.key_is_optional()).and_then(|row| row.env.first().copied());
        check_region(row, keys, region.as_ref(), &api_keys, diagnostics);
        // A provider at the address of a known service is that service under another name.
        let at_home = |row: &&ProviderRow| {
            Some(row.protocol) == protocol && !row.key_is_optional() && catalog::is_home(row, &base_url)
        };
        let service = row.or_else(|| catalog::providers().iter().find(at_home));
        let quirks = with_own(quirks(service, protocol), &keys.request);
        Self {
            name: name.get_ref().clone(),
            known_as: service.map_or_else(|| name.get_ref().clone(), |row| row.id.to_owned()),
            protocol,
            protocol_from,
            base_url,
            base_url_from,
            region,
            keys: api_keys,
            keys_from,
            headers: keys.request.headers.value().map(|headers| headers.0.clone()).unwrap_or_default(),
            query: with_query(&query_of(&quirks, env), &keys.request),
            overrides: with_overrides(&Overrides::default(), &keys.request),
            quirks,
            missing,
            not_built: keys.not_built(),
            enabled: keys.request.enabled.value() != Some(&false),
            withheld,
        }
    }

    /// Says that a key is not sent, and how to send it.
    pub(crate) fn withheld_key(&self) -> Option<String> {
        let (name, host) = (self.withheld?, self.base_url.host_str()?);
        Some(format!("{name} is not sent to {host}; set `api_key = \"env:{name}\"` for it"))
    }

    /// Returns `true` if its address is not known.
    pub(crate) fn has_no_address(&self) -> bool {
        !self.is_simulated() && self.base_url.scheme() == "mock"
    }

    /// Returns `true` if it is simulated.
    pub(crate) fn is_simulated(&self) -> bool {
        self.protocol == Some(Protocol::Mock)
    }
}

/// `quirks` with the differences that are written.
pub(crate) fn with_own(quirks: Quirks, keys: &RequestKeys<'_>) -> Quirks {
    let prefill = match keys.prefill.value() {
        Some(true) => Prefill::Always,
        Some(false) => Prefill::Never,
        None => quirks.prefill,
    };
    let stream_options = keys.stream_usage.value().copied().unwrap_or(quirks.stream_options);
    Quirks { prefill, stream_options, ..quirks }
}

/// The changes that are written, after those in `base`.
pub(crate) fn with_overrides(base: &Overrides, keys: &RequestKeys<'_>) -> Overrides {
    let mut all = base.clone();
    all.patches.extend(keys.patch.value().cloned());
    all.strict = keys.strict_params.value().copied().unwrap_or(all.strict);
    all
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
    keys: &ProviderKeys<'_>,
    row: Option<&ProviderRow>,
    name: &Spanned<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Option<Protocol>, Origin) {
    match (keys.protocol.value(), row) {
        (Some(protocol), _) => (Some(*protocol), Origin::Provider),
        (None, Some(row)) => (Some(row.protocol), Origin::Catalog),
        (None, None) => {
            if !keys.protocol.is_written() {
                let error = Diagnostic::error(format!("provider `{}` has no `protocol`", name.get_ref()));
                diagnostics.push(error.at(name.span()).help("most servers speak `protocol = \"openai\"`"));
            }
            (None, Origin::Default)
        }
    }
}

/// The address of a provider.
struct Address {
    base_url: Url,
    origin: Origin,
    /// The thing that is missing to know it, in words.
    missing: Option<String>,
}

impl Address {
    fn of(
        table: &NamedTable<ProviderKeys<'_>>,
        row: Option<&ProviderRow>,
        protocol: Option<Protocol>,
        region: Option<&(String, Origin)>,
        env: &EnvVars,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let (name, keys) = (&table.name, &table.keys);
        let written = keys.base_url.value().map(|url| of_profile(url, env));
        let (written, missing) = match written {
            Some(Ok(url)) => (Some(url), None),
            Some(Err(why)) => (Some(placeholder(name.get_ref())), Some(why)),
            None => (None, None),
        };
        if protocol == Some(Protocol::Vertex) {
            let origin = if written.is_some() { Origin::Provider } else { Origin::Default };
            let address = google::vertex_address(written, &keys.vertex, env, diagnostics);
            return Self { base_url: address.base_url, origin, missing: missing.or(address.missing) };
        }
        google::reject(&keys.vertex, diagnostics);
        let (base_url, origin) = match written {
            Some(url) => (url, Origin::Provider),
            None if protocol == Some(Protocol::Mock) => (placeholder(name.get_ref()), Origin::Default),
            None => inherited(table, row, env, region.map(|(name, _)| name.as_str()), diagnostics),
        };
        Self { base_url, origin, missing }
    }
}

/// The address that a profile sets.
///
/// # Errors
/// A variable that is not set, or does not contain a valid URL: only the deployments of this provider
/// cannot be used then.
fn of_profile(base_url: &BaseUrl, env: &EnvVars) -> Result<Url, String> {
    match base_url {
        BaseUrl::Url(url) => Ok(url.clone()),
        BaseUrl::Env(name) => {
            let value = env.get(name).ok_or_else(|| format!("{name} is not set"))?;
            base_url::check(value.trim()).map_err(|why| format!("`{name}`: {}", why.message))
        }
    }
}

fn inherited(
    table: &NamedTable<ProviderKeys<'_>>,
    row: Option<&ProviderRow>,
    env: &EnvVars,
    region: Option<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Url, Origin) {
    let (name, at) = (table.name.get_ref(), table.name.span());
    let found = match row {
        Some(row) => known_address(row, env, region).map_err(|error| error.at(at)),
        None if table.keys.base_url.is_written() => return (placeholder(name), Origin::Default),
        None => Err(Diagnostic::error(format!("provider `{name}` has no `base_url`"))
            .at(at)
            .help("write the address of its API: `base_url = \"https://…\"`")),
    };
    found.unwrap_or_else(|error| {
        diagnostics.push(error);
        (placeholder(name), Origin::Default)
    })
}

/// The address in the catalog, or in the variable that overrides it.
fn known_address(row: &ProviderRow, env: &EnvVars, region: Option<&str>) -> Result<(Url, Origin), Diagnostic> {
    let set = row.base_env.and_then(|name| Some((name, env.get(name)?)));
    let Some((name, value)) = set else {
        // The region becomes a part of a host name.
        let fits = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let of = |name: &str| if name == "region" { region.filter(fits) } else { env.get(name) };
        let base = catalog::base_url(row, of).map_err(|missing| no_address(row, missing))?;
        let url = base_url::check(&base).map_err(|why| Diagnostic::error(format!("`{}`: {}", row.id, why.message)))?;
        let own = row.base_url.contains('{') && !row.base_url.contains("{region}");
        return Ok((url, if own { Origin::Env } else { Origin::Catalog }));
    };
    let url = catalog::base_from_env(row, value);
    let checked = base_url::check(url.as_ref().map_or(value, Url::as_str));
    checked.map(|url| (url, Origin::Env)).map_err(|why| Diagnostic::error(format!("`{name}`: {}", why.message)))
}

/// The mistake of an address that differs for every account and is not set.
fn no_address(row: &ProviderRow, missing: &str) -> Diagnostic {
    let whole = row.base_env.map(|name| format!("`{name}` (the whole address), ")).unwrap_or_default();
    if missing == "region" {
        let help = "write it as `region`, or set the usual variable of the service";
        return Diagnostic::error(format!("no region is known for `{}`", row.id)).help(help);
    }
    Diagnostic::error(format!("the address of `{}` is not known: {missing} is not set", row.id))
        .help(format!("set {whole}`{missing}`, or write `base_url` in `[providers.{}]`", row.id))
}

/// The region of a provider: the one in the profile, or the one that the tools of its service would use.
fn region(row: &ProviderRow, written: Option<&str>, keys: &[KeySpec], env: &EnvVars) -> Option<(String, Origin)> {
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
        (None, Auth::Aws { .. }) => aws::region(profile, env).map(|region| (region, Origin::Env)),
        (None, Auth::Bearer | Auth::XApiKey | Auth::XGoogApiKey | Auth::GoogleToken | Auth::ApiKeyOrToken) => None,
    }
}

/// Reports a region that is not used, and keys that need one to sign.
fn check_region(
    row: Option<&ProviderRow>,
    keys: &ProviderKeys<'_>,
    region: Option<&(String, Origin)>,
    api_keys: &[KeySpec],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let signs = row.is_some_and(|row| matches!(row.quirks.auth, Auth::Aws { .. }));
    if let Some(setting) = keys.region.setting().filter(|_| !signs) {
        let message = "`region` is for providers whose address contains a region";
        diagnostics.push(Diagnostic::error(message).at(setting.name_at.clone()));
    }
    let elsewhere = keys.base_url.setting().filter(|_| signs && region.is_none());
    if let Some(setting) = elsewhere.filter(|_| api_keys.iter().any(|key| matches!(key, KeySpec::Aws(_)))) {
        let help = "write it as `region`, or set the usual variable of the service";
        diagnostics.push(Diagnostic::error("no region to sign requests for").at(setting.at.clone()).help(help));
    }
}

/// The key sources of the catalog; none if the key is optional and not set.
fn known_keys(row: &ProviderRow, env: &EnvVars) -> Vec<KeySpec> {
    if row.quirks.auth == Auth::GoogleToken {
        return vec![KeySpec::Adc(None)];
    }
    let signs = matches!(row.quirks.auth, Auth::Aws { .. });
    if signs && env.first(row.env).is_none() {
        return vec![KeySpec::Aws(None)];
    }
    let spared = row.key_is_optional() && env.first(row.env).is_none();
    let none = row.env.is_empty() || spared;
    if none { Vec::new() } else { vec![KeySpec::Env(row.env.iter().map(ToString::to_string).collect())] }
}

/// The query parameters that the environment sets.
fn query_of(quirks: &Quirks, env: &EnvVars) -> Vec<(String, String)> {
    let value = |(name, from): &(&str, &[&str])| Some(((*name).to_owned(), env.first(from)?.1.to_owned()));
    quirks.query_env.iter().filter_map(value).collect()
}

/// `base` with the query parameters that are written over it.
pub(crate) fn with_query(base: &[(String, String)], keys: &RequestKeys<'_>) -> Vec<(String, String)> {
    let own = keys.query.value().map_or(&[][..], |query| &query.0);
    let kept = base.iter().filter(|(name, _)| own.iter().all(|(other, _)| other != name));
    kept.chain(own).cloned().collect()
}

/// The address of a provider that has none; nothing is ever sent to it.
fn placeholder(name: &str) -> Url {
    Url::parse(&format!("mock://{name}")).or_else(|_| Url::parse("mock://simulated")).expect("the literal is a URL")
}

#[cfg(test)]
mod tests;
