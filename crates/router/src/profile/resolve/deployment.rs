//! From a provider and a model to deployments: one for each key.

use sha2::{Digest, Sha256};

use llmroute_core::catalog;
pub use llmroute_core::catalog::models::{self, Model, Support};
pub use llmroute_core::model::{KeySource, Price};
pub use llmroute_core::protocols::mock::Script;
pub use llmroute_core::protocols::{Endpoint, Protocol};
use llmroute_core::routing::{Deployment, DeploymentId};

use super::precedence::Origin;
use super::provider::{ResolvedProvider, with_overrides, with_own, with_query};
use crate::profile::credentials::{Credential, hex};
use crate::profile::document::diagnostic::Diagnostic;
use crate::profile::document::table::Keys as _;
use crate::profile::document::value::Count;
use crate::profile::document::{DeploymentKeys, MockKeys, RequestKeys, base_url};
use crate::profile::{EnvVars, Profile};

/// A model at a provider, with the keys of its entry in the profile.
pub(crate) struct DeploymentSpec<'s, 'a> {
    /// Position of the provider in the profile.
    pub provider: usize,
    pub model: &'s str,
    pub keys: &'s DeploymentKeys<'a>,
}

/// The deployments of one entry.
pub(crate) struct AddedDeployments {
    pub ids: Vec<DeploymentId>,
    /// The first token may take long.
    pub slow: bool,
}

impl Profile {
    /// Adds the deployments of `spec`, or finds those that are there; none if something is wrong.
    pub(crate) fn add(
        &mut self,
        spec: &DeploymentSpec<'_, '_>,
        env: &EnvVars,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> AddedDeployments {
        let DeploymentSpec { keys, model, .. } = spec;
        let provider = self.providers[spec.provider].clone();
        let known = self.models.find(&provider.known_as, model);
        let provider = with_tools(provider, &keys.request, known.as_ref());
        let slow = known.as_ref().is_some_and(|model| model.reasoning != models::Reasoning::No)
            || base_url::is_loopback(&provider.base_url);
        let mut added = AddedDeployments { ids: Vec::new(), slow };
        if !provider.is_simulated() {
            reject_mock(&keys.mock, diagnostics);
        }
        let Some(protocol) = provider.protocol else { return added };
        let endpoint = endpoint(protocol, &provider, spec, known.clone());
        let price = price(keys, known.as_ref(), diagnostics);
        let name = keys.name.value().cloned().unwrap_or_else(|| format!("{}/{model}", provider.name));
        for (index, credential) in self.credentials(&provider, spec, env).into_iter().enumerate() {
            let deployment = Deployment {
                name: if index == 0 { name.clone() } else { format!("{name} #{}", index + 1) },
                provider: provider.name.clone(),
                model: (*model).to_owned(),
                state_key: state_key(&endpoint, &credential.identity),
                host: host(&endpoint),
                credential: credential_hash(&credential.identity),
                context_window: (keys.context_window.value().map(|count| count.0))
                    .or_else(|| known.as_ref().and_then(|model| model.context_window)),
                price,
                prefill: catalog::takes_prefill(&endpoint),
                capabilities: endpoint.protocol.adapter().capabilities(&endpoint),
                no_key: credential.no_key,
            };
            self.map.limits.limit_deployment(&deployment.state_key, &keys.limits.limits());
            let quota = quota_key(&endpoint, &credential.identity);
            let id = self.intern(deployment, &endpoint, credential.source, spec, diagnostics);
            self.map.limits.share_quota(id, quota);
            added.ids.push(id);
        }
        added
    }

    fn credentials(
        &self,
        provider: &ResolvedProvider,
        spec: &DeploymentSpec<'_, '_>,
        env: &EnvVars,
    ) -> Vec<Credential> {
        let sources = spec.keys.request.api_key.value().map_or(provider.keys.as_slice(), |own| &own.0);
        let mut found = Vec::new();
        if sources.is_empty() || provider.is_simulated() {
            found.push(Credential::none());
        }
        for source in sources.iter().filter(|_| !provider.is_simulated()) {
            found.push(Credential::find(source, env, self.folder.as_deref()));
        }
        for credential in &mut found {
            // A key of express mode needs no project.
            let needs_address = provider.has_no_address() || matches!(credential.source, KeySource::Google(_));
            if needs_address && credential.no_key.is_none() {
                credential.no_key.clone_from(&provider.missing);
            }
        }
        found
    }

    /// The position of `deployment`; an equal one that is there is reused.
    fn intern(
        &mut self,
        deployment: Deployment,
        endpoint: &Endpoint,
        key: KeySource,
        spec: &DeploymentSpec<'_, '_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> DeploymentId {
        let alike = |index: usize| same(&self.map.deployments[index], &deployment, &self.endpoints[index], endpoint);
        if let Some(index) = (0..self.endpoints.len()).find(|index| alike(*index)) {
            return DeploymentId(index);
        }
        if let Some(setting) = spec.keys.name.setting()
            && let Some(other) = self.map.deployments.iter().position(|other| other.name == deployment.name)
        {
            let (known, new) = ((&self.map.deployments[other], &self.endpoints[other]), (&deployment, endpoint));
            let message = format!("duplicate name `{}`: {}", deployment.name, difference(known, new));
            diagnostics.push(Diagnostic::error(message).at(setting.at.clone()).help("give each its own `name`"));
        }
        self.map.deployments.push(deployment);
        self.endpoints.push(endpoint.clone());
        self.keys.push(key);
        DeploymentId(self.endpoints.len() - 1)
    }
}

/// `provider` with the protocol of a model that calls tools in full only in another one at the same
/// address. A protocol or an address of the profile is never changed.
fn with_tools(provider: ResolvedProvider, keys: &RequestKeys<'_>, known: Option<&Model>) -> ResolvedProvider {
    let other = || {
        let row = catalog::provider(&provider.known_as).filter(|row| catalog::is_home(row, &provider.base_url))?;
        catalog::provider(row.for_tools?).filter(|_| provider.protocol_from == Origin::Catalog)
    };
    match known.filter(|model| model.chat_tools != Support::Always).and_then(|_| other()) {
        Some(row) => ResolvedProvider { protocol: Some(row.protocol), quirks: with_own(row.quirks, keys), ..provider },
        None => provider,
    }
}

/// The difference between two deployments with one name.
fn difference((known, one): (&Deployment, &Endpoint), (new, other): (&Deployment, &Endpoint)) -> String {
    if (&known.provider, &known.model) != (&new.provider, &new.model) {
        return format!("it is already that of `{}/{}`", known.provider, known.model);
    }
    let differences = [
        ("api_key", known.credential != new.credential),
        ("base_url", one.base_url != other.base_url),
        ("price", known.price != new.price),
        ("context_window", known.context_window != new.context_window),
        ("params", one.params != other.params),
        ("headers", one.headers != other.headers),
        ("query", one.query != other.query),
        ("patch", one.overrides != other.overrides),
    ];
    let names: Vec<&str> = differences.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    let what = if names.is_empty() { "settings".to_owned() } else { names.join(", ") };
    format!("it is already that of `{}/{}` with another {what}", known.provider, known.model)
}

fn same(a: &Deployment, b: &Deployment, x: &Endpoint, y: &Endpoint) -> bool {
    a.state_key == b.state_key
        && a.name == b.name
        && a.price == b.price
        && a.context_window == b.context_window
        && x.params == y.params
        && x.headers == y.headers
        && x.query == y.query
        && x.overrides == y.overrides
        && x.quirks == y.quirks
        && x.script == y.script
}

fn endpoint(
    protocol: Protocol,
    provider: &ResolvedProvider,
    spec: &DeploymentSpec<'_, '_>,
    known: Option<Model>,
) -> Endpoint {
    let request = &spec.keys.request;
    let mut headers = provider.headers.clone();
    if let Some(own) = request.headers.value() {
        headers.retain(|(name, _)| own.0.iter().all(|(other, _)| other != name));
        headers.extend(own.0.iter().cloned());
    }
    Endpoint {
        protocol,
        provider: provider.known_as.clone(),
        base_url: provider.base_url.clone(),
        region: provider.region.as_ref().map(|(name, _)| name.clone()),
        model: spec.model.to_owned(),
        quirks: with_own(provider.quirks, request),
        known,
        params: spec.keys.params.value().cloned().unwrap_or_default(),
        headers,
        query: with_query(&provider.query, request),
        overrides: with_overrides(&provider.overrides, request),
        script: (protocol == Protocol::Mock).then(|| script(&spec.keys.mock)),
    }
}

/// The behaviour of a simulated deployment, over the defaults of `mock`.
fn script(keys: &MockKeys<'_>) -> Script {
    let default = Script::default();
    Script {
        latency: keys.latency.value().copied().unwrap_or(default.latency),
        ttft: keys.ttft.value().copied().unwrap_or(default.ttft),
        itl: keys.itl.value().copied().unwrap_or(default.itl),
        faults: keys.faults.value().map_or(default.faults, |faults| faults.0.clone()),
        jitter: keys.jitter.value().copied().unwrap_or(default.jitter),
        seed: keys.seed.value().map_or(default.seed, |seed| seed.0),
        tokens: keys.tokens.value().map(|count| Count::as_u32(*count)).or(default.tokens),
        text: keys.text.value().cloned().or(default.text),
    }
}

/// Reports keys that only simulated deployments have.
fn reject_mock(keys: &MockKeys<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for written in keys.written() {
        let message = format!("`{}` is only for `protocol = \"mock\"`", written.name);
        diagnostics.push(Diagnostic::error(message).at(written.name_at));
    }
}

fn price(keys: &DeploymentKeys<'_>, known: Option<&Model>, diagnostics: &mut Vec<Diagnostic>) -> Option<Price> {
    let known = known.and_then(|model| model.price);
    let (input, output) = (&keys.input_cost_per_token, &keys.output_cost_per_token);
    let Some(written) = input.setting().or(output.setting()) else { return known };
    let input = input.value().copied().or(known.map(|price| price.input));
    let output = output.value().copied().or(known.map(|price| price.output));
    if let (Some(input), Some(output)) = (input, output) {
        return Some(Price::flat(input, output));
    }
    let help = "write `input_cost_per_token` and `output_cost_per_token`";
    diagnostics.push(Diagnostic::error("only one of two prices").at(written.name_at.clone()).help(help));
    None
}

/// A hash that differs for different keys; empty without a key. The identity of a command is its text, so it is
/// hashed too.
fn credential_hash(identity: &str) -> String {
    if identity.is_empty() { String::new() } else { digest(&[identity]) }
}

/// The host of a deployment: deployments of one host fail together. A simulated one is a host of its own.
fn host(endpoint: &Endpoint) -> String {
    if endpoint.protocol == Protocol::Mock {
        return format!("{}/{}", endpoint.provider, endpoint.model);
    }
    let base = &endpoint.base_url;
    format!("{}:{}", base.host_str().unwrap_or_default(), base.port_or_known_default().unwrap_or(0))
}

/// A hash of a provider's name and host, which differs for providers of the same name.
pub(crate) fn host_key(provider: &ResolvedProvider) -> String {
    digest(&[&provider.name, &base_url::normal(&provider.base_url)])
}

/// The scope of a provider's own limits: a model at a host, for a key. The protocol and the path do not matter.
fn quota_key(endpoint: &Endpoint, credential: &str) -> String {
    digest(&[&host(endpoint), &endpoint.model, credential])
}

/// The key of a deployment's shared state: a hash, so that it reveals no key and no address.
fn state_key(endpoint: &Endpoint, credential: &str) -> String {
    digest(&[endpoint.protocol.as_str(), &base_url::normal(&endpoint.base_url), &endpoint.model, credential])
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize()[..16])
}
