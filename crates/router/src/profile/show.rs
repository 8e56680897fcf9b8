//! A profile as it is understood: every value, and where it came from. Valid TOML without secrets.

use std::fmt::Write as _;
use std::time::Duration;

use toml::de::DeValue;

use crate::profile::credentials::KeySpec;
use crate::profile::diagnostic::LoadError;
use crate::profile::document::{File, GroupTable, Settings};
use crate::profile::keys::{self, DefaultValue, TableKind};
use crate::profile::precedence::{Origin, Precedence};
use crate::profile::provider::Provider;
use crate::profile::value::{self, Value};
use crate::profile::{LoadOptions, Profile, ProfileLocation, duration, mask, text_of, with_file};
use llmroute_core::routing::{GroupId, Member};

/// The profile at `located`, resolved, with the place that each value came from as a comment.
///
/// # Errors
/// Everything that is wrong with it.
pub fn show(located: &ProfileLocation, inputs: &LoadOptions<'_>) -> Result<String, LoadError> {
    let (source, text) = text_of(located)?;
    with_file(source, &text, inputs, |profile, file| Page::of(&profile, file))
}

impl Profile {
    /// As [`show()`], for a profile that is not at a place (a discovered one).
    ///
    /// # Errors
    /// As [`show()`].
    pub fn show_text(&self, inputs: &LoadOptions<'_>) -> Result<String, LoadError> {
        with_file(self.source.clone(), &self.document.text, inputs, |profile, file| Page::of(&profile, file))
    }
}

/// The text as it grows.
struct Page(String);

impl Page {
    fn of(profile: &Profile, file: &File<'_>) -> String {
        let mut page = Self(format!("# {}\n", profile.source.name()));
        page.line("version", "1", if file.top.mentions("version") { Origin::Profile } else { Origin::Default });
        let from = if file.top.mentions("default_group") { Origin::Profile } else { Origin::Default };
        page.line("default_group", &quoted(&profile.map.group(profile.default_group).name), from);
        page.unbuilt(&file.top, Origin::Profile);
        page.head("[router]");
        page.routing(TableKind::Router, &Precedence::router(&file.router));
        for provider in &profile.providers {
            page.provider(provider, file);
        }
        for (index, table) in file.groups.iter().enumerate() {
            page.group(profile, GroupId(index), table, file);
        }
        for table in &file.templates {
            page.head(&format!("[templates.{}]", key_name(&table.name.text)));
            for entry in &table.settings.entries {
                page.line(entry.key.name, &inline(entry.key.name, entry.raw), Origin::Profile);
            }
        }
        page.0
    }

    fn head(&mut self, head: &str) {
        let _ = write!(self.0, "\n{head}\n");
    }

    fn line(&mut self, key: &str, value: &str, from: Origin) {
        let _ = writeln!(self.0, "{key} = {value}  # {}", from.as_str());
    }

    /// A line that says something which cannot or must not be loaded again.
    fn remark(&mut self, key: &str, value: &str, from: Origin) {
        let _ = writeln!(self.0, "# {key} = {value}  # {}", from.as_str());
    }

    /// The keys of `settings` whose features are not built yet, as written.
    fn unbuilt(&mut self, settings: &Settings<'_>, from: Origin) {
        for entry in settings.entries.iter().filter(|entry| !entry.key.built) {
            self.line(entry.key.name, &inline(entry.key.name, entry.raw), from);
        }
    }

    /// Every key of routing at `place`, with its default where nobody sets it.
    fn routing(&mut self, place: TableKind, layers: &Precedence<'_, '_>) {
        for key in keys::KEYS.iter().filter(|key| key.places.contains(&place)) {
            let inherited = key.places.contains(&TableKind::Router);
            match (layers.find(key.name), key.default) {
                // Those that a group cannot have are shown as what they do to it.
                _ if !inherited => {}
                (Some((from, entry)), _) => self.line(key.name, &inline(key.name, entry.raw), from),
                (None, DefaultValue::Seconds(seconds)) => {
                    self.line(key.name, &span(Duration::from_secs(seconds)), Origin::Default);
                }
                (None, DefaultValue::Count(count)) => self.line(key.name, &count.to_string(), Origin::Default),
                (None, DefaultValue::Nothing | DefaultValue::Words(_)) => match key.name {
                    "routing_strategy" => self.line(key.name, "\"simple-shuffle\"", Origin::Default),
                    "cooldown_time" => self.line(key.name, "\"auto\"", Origin::Default),
                    _ => {}
                },
            }
        }
    }

    fn provider(&mut self, provider: &Provider, file: &File<'_>) {
        self.head(&format!("[providers.{}]", key_name(&provider.name)));
        let table = file.providers.iter().find(|table| table.name.text == provider.name);
        let written = table.and_then(|table| table.settings.get("protocol"));
        match (provider.protocol, written) {
            (Some(protocol), _) => self.line("protocol", &quoted(protocol.as_str()), provider.protocol_from),
            (None, Some(entry)) => self.line("protocol", &inline("protocol", entry.raw), provider.protocol_from),
            (None, None) => {}
        }
        if provider.base_url.scheme() != "mock" {
            self.line("base_url", &quoted(provider.base_url.as_str()), provider.base_url_from);
        }
        if let Some((region, from)) = &provider.region {
            self.line("region", &quoted(region), *from);
        }
        self.keys(&provider.keys, provider.keys_from);
        if !provider.query.is_empty() {
            let pair = |(name, value): &(String, String)| format!("{} = {}", quoted(name), quoted(value));
            let pairs: Vec<String> = provider.query.iter().map(pair).collect();
            let written = table.is_some_and(|table| table.settings.mentions("query"));
            let from = if written { Origin::Provider } else { Origin::Env };
            self.line("query", &format!("{{ {} }}", pairs.join(", ")), from);
        }
        if let Some(table) = table {
            self.headers(&table.settings, Origin::Provider);
            let changes =
                table.settings.entries.iter().filter(|entry| ["patch", "strict_params"].contains(&entry.key.name));
            changes.for_each(|entry| self.line(entry.key.name, &inline(entry.key.name, entry.raw), Origin::Provider));
            self.unbuilt(&table.settings, Origin::Provider);
            self.limits(&table.settings, Origin::Provider);
        }
    }

    /// The limits of a provider; those of groups and deployments stand among their other keys.
    fn limits(&mut self, settings: &Settings<'_>, from: Origin) {
        let limits =
            |key: &&keys::Key| key.places.contains(&TableKind::Provider) && key.places.contains(&TableKind::Group);
        for entry in settings.entries.iter().filter(|entry| entry.key.built && limits(&entry.key)) {
            self.line(entry.key.name, &inline(entry.key.name, entry.raw), from);
        }
    }

    fn keys(&mut self, keys: &[KeySpec], from: Origin) {
        let shown: Vec<String> = keys.iter().filter_map(reference).map(|text| quoted(&text)).collect();
        match shown.as_slice() {
            _ if shown.len() != keys.len() => self.remark("api_key", "(hidden)", from),
            [] => {}
            [one] => self.line("api_key", one, from),
            many => self.line("api_key", &format!("[{}]", many.join(", ")), from),
        }
    }

    fn headers(&mut self, settings: &Settings<'_>, from: Origin) {
        if let Some(Value::Headers(headers)) = settings.get("headers").map(|entry| &entry.value) {
            let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
            self.remark("headers", &format!("{} (values hidden)", names.join(", ")), from);
        }
    }

    fn group(&mut self, profile: &Profile, id: GroupId, table: &GroupTable<'_>, file: &File<'_>) {
        let name = key_name(&table.name.text);
        let layers = Precedence { deployment: None, group: Some(&table.settings), router: &file.router };
        let group = profile.map.group(id);
        self.head(&format!("[groups.{name}]"));
        self.routing(TableKind::Group, &layers);
        let fallbacks: Vec<String> = group.fallbacks.iter().map(|id| quoted(&profile.map.group(*id).name)).collect();
        let from = match (table.settings.mentions("fallbacks"), file.router.mentions("default_fallbacks")) {
            (true, _) => Origin::Group,
            (false, true) => Origin::Router,
            (false, false) => Origin::Default,
        };
        self.line("fallbacks", &format!("[{}]", fallbacks.join(", ")), from);
        let settings = &table.settings;
        let others = settings.entries.iter().filter(|entry| !entry.key.places.contains(&TableKind::Router));
        for entry in others.filter(|entry| !["fallbacks", "deployments", "rules"].contains(&entry.key.name)) {
            self.line(entry.key.name, &inline(entry.key.name, entry.raw), Origin::Group);
        }
        for settings in &table.deployments {
            self.head(&format!("[[groups.{name}.deployments]]"));
            self.deployment(profile, settings, &Precedence { deployment: Some(settings), ..layers }, &group.members);
        }
        for rule in &table.rules {
            self.head(&format!("[[groups.{name}.rules]]"));
            for entry in &rule.entries {
                self.line(entry.key.name, &inline(entry.key.name, entry.raw), Origin::Group);
            }
        }
    }

    fn deployment(
        &mut self,
        profile: &Profile,
        settings: &Settings<'_>,
        layers: &Precedence<'_, '_>,
        members: &[Member],
    ) {
        for entry in &settings.entries {
            match &entry.value {
                Value::Keys(keys) => self.keys(keys, Origin::Deployment),
                Value::Headers(_) => self.headers(settings, Origin::Deployment),
                _ => self.line(entry.key.name, &inline(entry.key.name, entry.raw), Origin::Deployment),
            }
        }
        let model = settings.text("model").unwrap_or_default();
        let name = settings.text("name").unwrap_or(model);
        // A model may be written without its provider.
        let called = |full: &str| full == name || full.split_once('/').is_some_and(|(_, model)| model == name);
        let found = members.iter().find(|member| called(&profile.map.deployment(member.deployment).name));
        let Some(member) = found else { return };
        self.timeouts(settings, layers, member);
        self.known(settings, profile, member);
    }

    fn timeouts(&mut self, settings: &Settings<'_>, layers: &Precedence<'_, '_>, member: &Member) {
        let timeouts = member.timeouts;
        let all = [
            ("timeout", timeouts.attempt),
            ("connect_timeout", timeouts.connect),
            ("first_token_timeout", timeouts.first_token),
            ("idle_timeout", timeouts.idle),
        ];
        for (key, value) in all.into_iter().filter(|(key, _)| settings.get(key).is_none()) {
            self.line(key, &span(value), layers.find(key).map_or(Origin::Default, |(from, _)| from));
        }
    }

    /// What the catalog adds: as comments, for it may know more tomorrow.
    fn known(&mut self, settings: &Settings<'_>, profile: &Profile, member: &Member) {
        let deployment = profile.map.deployment(member.deployment);
        if let (Some(window), None) = (deployment.context_window, settings.get("context_window")) {
            self.remark("context_window", &window.to_string(), Origin::Catalog);
        }
        if let Some(price) = deployment.price {
            for (key, value) in [("input_cost_per_token", price.input), ("output_cost_per_token", price.output)] {
                if settings.get(key).is_none() {
                    self.remark(key, &value.to_string(), Origin::Catalog);
                }
            }
        }
        if let Some(why) = &deployment.no_key {
            let _ = writeln!(self.0, "# no key: {}", why.escape_debug());
        }
    }
}

/// How a key's source is written, where that is no secret.
fn reference(spec: &KeySpec) -> Option<String> {
    match spec {
        KeySpec::Env(names) => Some(format!("env:{}", names.join("|"))),
        KeySpec::File(path) => Some(format!("file:{path}")),
        KeySpec::Aws(profile) => Some(format!("aws:{}", profile.as_deref().unwrap_or_default())),
        KeySpec::Adc(path) => Some(format!("adc:{}", path.as_deref().unwrap_or_default())),
        KeySpec::Keyring(name) => Some(format!("keyring:{name}")),
        KeySpec::Command(_) | KeySpec::Literal(_) => None,
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn key_name(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { name.to_owned() } else { quoted(name) }
}

fn span(span: Duration) -> String {
    quoted(&duration::show(span))
}

/// The value in one line of TOML, with its secrets hidden.
fn inline(key: &str, raw: &DeValue<'_>) -> String {
    let secret = mask::is_secret_key(key);
    match raw {
        DeValue::String(text) if (secret && !mask::is_reference(text)) || mask::is_secret_value(text) => {
            "\"(hidden)\"".into()
        }
        DeValue::String(text) => quoted(text),
        DeValue::Integer(value) => value::integer(value).map_or_else(|| value.to_string(), |value| value.to_string()),
        DeValue::Float(value) => toml::Value::from(value::float(value)).to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(value) => value.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(key, item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let rows = table.iter().map(|(name, value)| {
                let inner = if secret { key } else { name.get_ref() };
                format!("{} = {}", key_name(name.get_ref()), inline(inner, value.get_ref()))
            });
            format!("{{ {} }}", rows.collect::<Vec<_>>().join(", "))
        }
    }
}
