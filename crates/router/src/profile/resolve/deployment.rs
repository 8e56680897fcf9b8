//! From a provider and a model to deployments: one for each key.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::profile::credentials::{Credential, KeySpec, hex};
use crate::profile::diagnostic::Diagnostic;
use crate::profile::document::Settings;
use crate::profile::keys::MOCK_ONLY;
use crate::profile::precedence::Origin;
use crate::profile::provider::{Provider, with_own, with_query};
use crate::profile::value::Value;
use crate::profile::{EnvVars, Profile, base_url, patch};
use llmroute_core::catalog;
use llmroute_core::catalog::models::{self, Model, Support};
use llmroute_core::model::{KeySource, Price};
use llmroute_core::protocols::mock::Script;
use llmroute_core::protocols::{Endpoint, Params, Protocol};
use llmroute_core::routing::{Deployment, DeploymentId};

/// What is asked for: a model at a provider, with what the profile says of it.
pub(crate) struct DeploymentSpec<'s, 'a> {
    /// Position of the provider in the profile.
    pub provider: usize,
    pub model: &'s str,
    /// Where it is written, for mistakes.
    pub at: Range<usize>,
    pub settings: &'s Settings<'a>,
}

/// Deployments of one entry, and whether their first token may take long.
pub(crate) struct AddedDeployments {
    pub ids: Vec<DeploymentId>,
    pub slow: bool,
}

impl Profile {
    /// Adds the deployments of `wanted`, or finds them if they are there; none when something is
    /// wrong or the protocol is not built yet.
    pub(crate) fn add(
        &mut self,
        wanted: &DeploymentSpec<'_, '_>,
        vars: &EnvVars,
        sink: &mut Vec<Diagnostic>,
    ) -> AddedDeployments {
        let provider = self.providers[wanted.provider].clone();
        let known = self.models.find(&provider.known_as, wanted.model);
        let provider = with_tools(provider, wanted.settings, known.as_ref());
        let slow = known.as_ref().is_some_and(|model| model.reasoning != models::Reasoning::No)
            || base_url::is_loopback(&provider.base_url);
        let mut added = AddedDeployments { ids: Vec::new(), slow };
        check_script(&provider, wanted.settings, sink);
        let Some(protocol) = provider.protocol else { return added };
        let endpoint = endpoint(protocol, &provider, wanted, known.clone());
        let price = price(wanted.settings, known.as_ref(), sink);
        for (index, credential) in self.credentials(&provider, wanted, vars, sink).into_iter().enumerate() {
            let name = wanted
                .settings
                .text("name")
                .map_or_else(|| format!("{}/{}", provider.name, wanted.model), str::to_owned);
            let deployment = Deployment {
                name: if index == 0 { name } else { format!("{name} #{}", index + 1) },
                provider: provider.name.clone(),
                model: wanted.model.to_owned(),
                state_key: state_key(&endpoint, &credential.identity),
                host: host(&endpoint),
                credential: credential_hash(&credential.identity),
                context_window: wanted
                    .settings
                    .count("context_window")
                    .or_else(|| known.as_ref().and_then(|model| model.context_window)),
                price,
                prefill: catalog::takes_prefill(&endpoint),
                capabilities: endpoint.protocol.adapter().capabilities(&endpoint),
                no_key: credential.no_key,
            };
            self.map.limits.limit_deployment(&deployment.state_key, &wanted.settings.limits());
            let quota = quota_key(&endpoint, &credential.identity);
            let id = self.intern(deployment, &endpoint, credential.source, wanted, sink);
            self.map.limits.share_quota(id, quota);
            added.ids.push(id);
        }
        added
    }

    fn credentials(
        &self,
        provider: &Provider,
        wanted: &DeploymentSpec<'_, '_>,
        vars: &EnvVars,
        sink: &mut Vec<Diagnostic>,
    ) -> Vec<Credential> {
        let own = wanted.settings.get("api_key");
        let (specs, at): (&[KeySpec], _) = match own.map(|entry| (&entry.value, entry.at.clone())) {
            Some((Value::Keys(keys), at)) => (keys, at),
            _ => (&provider.keys, wanted.at.clone()),
        };
        if specs.is_empty() || provider.is_simulated() {
            return vec![Credential::none()];
        }
        let mut found = Vec::new();
        for spec in specs {
            match Credential::find(spec, vars, self.folder.as_deref()) {
                Ok(mut credential) => {
                    if matches!(spec, KeySpec::Adc(_)) {
                        credential.no_key = credential.no_key.or_else(|| provider.lacks.clone());
                    }
                    found.push(credential);
                }
                Err(why) => sink.push(Diagnostic::error(why).at(at.clone())),
            }
        }
        found
    }

    /// The position of `deployment`; the same one twice is one.
    fn intern(
        &mut self,
        deployment: Deployment,
        endpoint: &Endpoint,
        key: KeySource,
        wanted: &DeploymentSpec<'_, '_>,
        sink: &mut Vec<Diagnostic>,
    ) -> DeploymentId {
        let alike = |index: usize| same(&self.map.deployments[index], &deployment, &self.endpoints[index], endpoint);
        if let Some(index) = (0..self.endpoints.len()).find(|index| alike(*index)) {
            return DeploymentId(index);
        }
        if let Some(entry) = wanted.settings.get("name")
            && self.map.deployments.iter().any(|other| other.name == deployment.name)
        {
            let message = format!("duplicate name `{}` for another deployment", deployment.name);
            sink.push(Diagnostic::error(message).at(entry.at.clone()));
        }
        self.map.deployments.push(deployment);
        self.endpoints.push(endpoint.clone());
        self.keys.push(key);
        DeploymentId(self.endpoints.len() - 1)
    }
}

/// `provider` as it must be spoken to for a model that calls tools in full only in another protocol at
/// the same address. Who writes a protocol, or sends elsewhere, is not second-guessed.
fn with_tools(provider: Provider, settings: &Settings<'_>, known: Option<&Model>) -> Provider {
    let other = || {
        let row = catalog::provider(&provider.known_as).filter(|row| catalog::is_home(row, &provider.base_url))?;
        catalog::provider(row.for_tools?).filter(|_| provider.protocol_from == Origin::Catalog)
    };
    match known.filter(|model| model.chat_tools != Support::Always).and_then(|_| other()) {
        Some(row) => Provider { protocol: Some(row.protocol), quirks: with_own(row.quirks, settings), ..provider },
        None => provider,
    }
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
    provider: &Provider,
    wanted: &DeploymentSpec<'_, '_>,
    known: Option<Model>,
) -> Endpoint {
    let settings = wanted.settings;
    let mut headers = provider.headers.clone();
    if let Some(Value::Headers(own)) = settings.get("headers").map(|entry| &entry.value) {
        headers.retain(|(name, _)| own.iter().all(|(other, _)| other != name));
        headers.extend(own.iter().cloned());
    }
    let params = match settings.get("params").map(|entry| &entry.value) {
        Some(Value::Params(params)) => params.clone(),
        _ => Params::default(),
    };
    Endpoint {
        protocol,
        provider: provider.known_as.clone(),
        base_url: provider.base_url.clone(),
        region: provider.region.as_ref().map(|(name, _)| name.clone()),
        model: wanted.model.to_owned(),
        quirks: with_own(provider.quirks, settings),
        known,
        params,
        headers,
        query: with_query(&provider.query, settings),
        overrides: patch::over(&provider.overrides, settings),
        script: (protocol == Protocol::Mock).then(|| script(settings)),
    }
}

/// What a simulated deployment does; what is not written stays as `mock` has it.
fn script(settings: &Settings<'_>) -> Script {
    let mut script = Script::default();
    if let Some(span) = settings.duration("latency") {
        script.latency = span;
    }
    if let Some(span) = settings.duration("ttft") {
        script.ttft = span;
    }
    if let Some(span) = settings.duration("itl") {
        script.itl = span;
    }
    if let Some(Value::Faults(faults)) = settings.get("faults").map(|entry| &entry.value) {
        script.faults.clone_from(faults);
    }
    if let Some(jitter) = settings.number("jitter") {
        script.jitter = jitter;
    }
    if let Some(seed) = settings.count("seed") {
        script.seed = seed;
    }
    script.tokens = settings.count("tokens").map(|count| u32::try_from(count).unwrap_or(u32::MAX)).or(script.tokens);
    script.text = settings.text("text").map(str::to_owned).or(script.text);
    script
}

fn check_script(provider: &Provider, settings: &Settings<'_>, sink: &mut Vec<Diagnostic>) {
    if provider.is_simulated() {
        return;
    }
    for entry in settings.entries.iter().filter(|entry| MOCK_ONLY.contains(&entry.key.name)) {
        let message = format!("`{}` is only for `protocol = \"mock\"`", entry.key.name);
        sink.push(Diagnostic::error(message).at(entry.name_at.clone()));
    }
}

fn price(settings: &Settings<'_>, known: Option<&Model>, sink: &mut Vec<Diagnostic>) -> Option<Price> {
    let known = known.and_then(|model| model.price);
    let written = (settings.get("input_cost_per_token"), settings.get("output_cost_per_token"));
    let at = match written {
        (None, None) => return known,
        (Some(entry), _) | (None, Some(entry)) => entry.name_at.clone(),
    };
    let input = settings.number("input_cost_per_token").or(known.map(|price| price.input));
    let output = settings.number("output_cost_per_token").or(known.map(|price| price.output));
    match (input, output) {
        (Some(input), Some(output)) => Some(Price::flat(input, output)),
        _ => {
            let help = "write `input_cost_per_token` and `output_cost_per_token`";
            sink.push(Diagnostic::error("half a price").at(at).help(help));
            None
        }
    }
}

/// What tells a key from others: a hash, for the identity of a command is its text. Empty for no key.
fn credential_hash(identity: &str) -> String {
    if identity.is_empty() { String::new() } else { digest(&[identity]) }
}

/// Where a deployment is: what fails together. A simulated one stands for itself.
fn host(endpoint: &Endpoint) -> String {
    if endpoint.protocol == Protocol::Mock {
        return format!("{}/{}", endpoint.provider, endpoint.model);
    }
    let base = &endpoint.base_url;
    format!("{}:{}", base.host_str().unwrap_or_default(), base.port_or_known_default().unwrap_or(0))
}

/// What tells a provider from others of its name: a hash of the name and the host.
pub(crate) fn host_key(provider: &Provider) -> String {
    digest(&[&provider.name, &base_url::normal(&provider.base_url)])
}

/// What a provider limits: a model at a host, for a key. The protocol and the path do not matter.
fn quota_key(endpoint: &Endpoint, credential: &str) -> String {
    digest(&[&host(endpoint), &endpoint.model, credential])
}

/// The key of a deployment's shared state: a hash, so that it tells no key and no address.
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
