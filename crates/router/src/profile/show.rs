//! `profile show`: every value of a resolved profile and its origin. The output is valid TOML without secrets.

use std::fmt::Write as _;
use std::time::Duration;

use toml::de::DeValue;

use llmroute_core::routing::{GroupId, Member};

use super::credentials::KeySpec;
use super::document::diagnostic::LoadError;
use super::document::keys::{DefaultValue, Key};
use super::document::table::{Field, FromToml, Keys as _, NamedTable, Shown, Written};
use super::document::{DeploymentKeys, GroupKeys, ProfileTables, RouterKeys, RoutingKeys, TimeoutKeys};
use super::document::{duration, mask, value};
use super::resolve::precedence::{Origin, Precedence};
use super::resolve::provider::ResolvedProvider;
use super::{LoadOptions, Profile, ProfileLocation, text_of, with_tables};

/// The profile at `location`, resolved, with the origin of each value as a comment.
///
/// # Errors
/// Every mistake in it.
pub fn show(location: &ProfileLocation, options: &LoadOptions<'_>) -> Result<String, LoadError> {
    let (source, text) = text_of(location)?;
    with_tables(source, &text, options, |profile, tables| Page::of(&profile, tables))
}

impl Profile {
    /// Returns what [`show()`] returns, for a profile that has no location (a discovered one).
    ///
    /// # Errors
    /// As [`show()`].
    pub fn show_text(&self, options: &LoadOptions<'_>) -> Result<String, LoadError> {
        with_tables(self.source.clone(), &self.document.text, options, |profile, tables| Page::of(&profile, tables))
    }
}

/// The output so far.
struct Page(String);

impl Page {
    fn of(profile: &Profile, tables: &ProfileTables<'_>) -> String {
        let mut page = Self(format!("# {}\n", profile.source.name()));
        let top = &tables.top;
        let origin = |is_written: bool| if is_written { Origin::Profile } else { Origin::Default };
        page.line("version", "1", origin(top.version.is_written()));
        let default = &profile.map.group(profile.default_group).name;
        page.line("default_group", &quoted(default), origin(top.default_group.is_written()));
        page.field(&top.state, Origin::Profile);
        page.field(&top.on_state_loss, Origin::Profile);
        page.all(top.written().into_iter().filter(|written| !written.built), Origin::Profile);
        if let Some(log) = top.log.value() {
            page.head("[log]");
            page.field(&log.keys.place, Origin::Profile);
            page.field(&log.keys.keep_days, Origin::Profile);
            page.field(&log.keys.max_size, Origin::Profile);
            page.field(&log.keys.redact, Origin::Profile);
        }
        page.head("[router]");
        page.router(&tables.router);
        for provider in &profile.providers {
            page.provider(provider, tables);
        }
        for (index, table) in tables.groups.iter().enumerate() {
            page.group(profile, GroupId(index), table, tables);
        }
        for table in &tables.templates {
            page.head(&format!("[templates.{}]", key_name(table.name.get_ref())));
            page.all(table.keys.written(), Origin::Profile);
        }
        page.0
    }

    fn head(&mut self, head: &str) {
        let _ = write!(self.0, "\n{head}\n");
    }

    fn line(&mut self, key: &str, value: &str, from: Origin) {
        let _ = writeln!(self.0, "{key} = {value}  # {}", from.as_str());
    }

    /// A value that cannot or must not be loaded again.
    fn comment(&mut self, key: &str, value: &str, from: Origin) {
        let _ = writeln!(self.0, "# {key} = {value}  # {}", from.as_str());
    }

    fn written(&mut self, written: &Written, from: Origin) {
        match &written.shown {
            Shown::Value(value) => self.line(written.name, value, from),
            Shown::Hidden(words) => self.comment(written.name, words, from),
        }
    }

    fn all(&mut self, written: impl IntoIterator<Item = Written>, from: Origin) {
        written.into_iter().for_each(|written| self.written(&written, from));
    }

    fn field<'a, T: FromToml<'a>>(&mut self, field: &Field<'a, T>, from: Origin) {
        self.all(field.written(), from);
    }

    /// Every key that groups inherit, with its default if no table sets it.
    fn inherited(&mut self, keys: &[Key], tables: &[(Origin, Vec<Option<Written>>)]) {
        for (index, key) in keys.iter().enumerate() {
            let nearest = tables.iter().find_map(|(origin, slots)| Some((*origin, slots.get(index)?.as_ref()?)));
            match (nearest, key.default) {
                (Some((from, written)), _) => self.written(written, from),
                (None, DefaultValue::Toml(value)) => self.line(key.name, value, Origin::Default),
                (None, DefaultValue::None | DefaultValue::Words(_)) => {}
            }
        }
    }

    fn router(&mut self, router: &RouterKeys<'_>) {
        let (keys, slots) = routing_and_timeouts(&router.routing, &router.timeouts);
        self.inherited(&keys, &[(Origin::Router, slots)]);
        self.field(&router.default_fallbacks, Origin::Router);
        self.field(&router.rule_env, Origin::Router);
    }

    fn provider(&mut self, provider: &ResolvedProvider, tables: &ProfileTables<'_>) {
        self.head(&format!("[providers.{}]", key_name(&provider.name)));
        let table = tables.providers.iter().find(|table| *table.name.get_ref() == provider.name);
        let keys = table.map(|table| &table.keys);
        if let Some(protocol) = provider.protocol {
            let name = quoted(protocol.as_str());
            match provider.protocol_from {
                // A written protocol holds for every model, also for one that the catalog serves by another.
                Origin::Catalog => self.comment("protocol", &name, Origin::Catalog),
                from => self.line("protocol", &name, from),
            }
        }
        match keys.filter(|_| provider.has_no_address()) {
            Some(keys) => self.field(&keys.base_url, Origin::Provider),
            None if provider.base_url.scheme() == "mock" => {}
            None => self.line("base_url", &quoted(provider.base_url.as_str()), provider.base_url_from),
        }
        if let Some((region, from)) = &provider.region {
            self.line("region", &quoted(region), *from);
        }
        match keys.filter(|keys| keys.request.api_key.is_written()) {
            Some(keys) => self.field(&keys.request.api_key, Origin::Provider),
            None => self.keys(&provider.keys, provider.keys_from),
        }
        if !provider.query.is_empty() {
            let pair = |(name, value): &(String, String)| format!("{} = {}", quoted(name), quoted(value));
            let pairs: Vec<String> = provider.query.iter().map(pair).collect();
            let is_written = keys.is_some_and(|keys| keys.request.query.is_written());
            let from = if is_written { Origin::Provider } else { Origin::Env };
            self.line("query", &format!("{{ {} }}", pairs.join(", ")), from);
        }
        if let Some(keys) = keys {
            self.field(&keys.request.headers, Origin::Provider);
            self.field(&keys.request.patch, Origin::Provider);
            self.field(&keys.request.strict_params, Origin::Provider);
            self.field(&keys.request.stream_usage, Origin::Provider);
            self.field(&keys.request.prefill, Origin::Provider);
            self.all(keys.limits.written(), Origin::Provider);
        }
    }

    /// The keys of a provider that does not set them.
    fn keys(&mut self, keys: &[KeySpec], from: Origin) {
        let shown: Vec<String> = keys.iter().filter_map(KeySpec::reference).map(|text| quoted(&text)).collect();
        match shown.as_slice() {
            [] => {}
            [one] => self.line("api_key", one, from),
            many => self.line("api_key", &format!("[{}]", many.join(", ")), from),
        }
    }

    fn group(&mut self, profile: &Profile, id: GroupId, table: &NamedTable<GroupKeys<'_>>, tables: &ProfileTables<'_>) {
        let (name, keys) = (key_name(table.name.get_ref()), &table.keys);
        let group = profile.map.group(id);
        self.head(&format!("[groups.{name}]"));
        let (described, own) = routing_and_timeouts(&keys.routing, &keys.timeouts);
        let (_, inherited) = routing_and_timeouts(&tables.router.routing, &tables.router.timeouts);
        self.inherited(&described, &[(Origin::Group, own), (Origin::Router, inherited)]);
        let fallbacks: Vec<String> = group.fallbacks.iter().map(|id| quoted(&profile.map.group(*id).name)).collect();
        let from = match (keys.fallbacks.is_written(), tables.router.default_fallbacks.is_written()) {
            (true, _) => Origin::Group,
            (false, true) => Origin::Router,
            (false, false) => Origin::Default,
        };
        self.line("fallbacks", &format!("[{}]", fallbacks.join(", ")), from);
        self.field(&keys.context_window_fallbacks, Origin::Group);
        self.field(&keys.content_policy_fallbacks, Origin::Group);
        self.field(&keys.complexity_router, Origin::Group);
        self.all(keys.limits.written(), Origin::Group);
        let precedence = Precedence { deployment: None, group: Some(keys), router: &tables.router };
        for deployment in keys.deployments() {
            self.head(&format!("[[groups.{name}.deployments]]"));
            let precedence = Precedence { deployment: Some(&deployment.keys), ..precedence };
            self.deployment(profile, &deployment.keys, &precedence, &group.members);
        }
        for rule in keys.rules() {
            self.head(&format!("[[groups.{name}.rules]]"));
            self.all(rule.keys.written(), Origin::Group);
        }
    }

    fn deployment(
        &mut self,
        profile: &Profile,
        keys: &DeploymentKeys<'_>,
        precedence: &Precedence<'_, '_>,
        members: &[Member],
    ) {
        self.all(keys.written(), Origin::Deployment);
        let model = keys.model.value().map_or("", String::as_str);
        let name = keys.name.value().map_or(model, String::as_str);
        // A model may be written without its provider.
        let has_name = |full: &str| full == name || full.split_once('/').is_some_and(|(_, model)| model == name);
        let found = members.iter().find(|member| has_name(&profile.map.deployment(member.deployment).name));
        let Some(member) = found else { return };
        self.timeouts(precedence, member);
        self.known(keys, profile, member);
    }

    /// The time limits of a deployment that it does not set itself.
    fn timeouts(&mut self, precedence: &Precedence<'_, '_>, member: &Member) {
        let origin = |found: Option<(Origin, Duration)>| found.map_or(Origin::Default, |(origin, _)| origin);
        let timeouts = member.timeouts;
        let all = [
            ("timeout", timeouts.attempt, precedence.timeout(|keys| &keys.timeout)),
            ("connect_timeout", timeouts.connect, precedence.timeout(|keys| &keys.connect_timeout)),
            ("first_token_timeout", timeouts.first_token, precedence.timeout(|keys| &keys.first_token_timeout)),
            ("idle_timeout", timeouts.idle, precedence.timeout(|keys| &keys.idle_timeout)),
        ];
        for (key, limit, found) in all {
            let from = origin(found);
            if from != Origin::Deployment {
                self.line(key, &quoted(&duration::show(limit)), from);
            }
        }
    }

    /// The additions of the catalog, as comments, because the catalog may change.
    fn known(&mut self, keys: &DeploymentKeys<'_>, profile: &Profile, member: &Member) {
        let deployment = profile.map.deployment(member.deployment);
        if let (Some(window), None) = (deployment.context_window, keys.context_window.value()) {
            self.comment("context_window", &window.to_string(), Origin::Catalog);
        }
        if let Some(price) = deployment.price {
            if keys.input_cost_per_token.value().is_none() {
                self.comment("input_cost_per_token", &price.input.to_string(), Origin::Catalog);
            }
            if keys.output_cost_per_token.value().is_none() {
                self.comment("output_cost_per_token", &price.output.to_string(), Origin::Catalog);
            }
        }
        if let Some(why) = &deployment.no_key {
            let _ = writeln!(self.0, "# no key: {}", why.escape_debug());
        }
    }
}

/// The keys that groups inherit, described and as far as one table sets them.
fn routing_and_timeouts(routing: &RoutingKeys<'_>, timeouts: &TimeoutKeys<'_>) -> (Vec<Key>, Vec<Option<Written>>) {
    let (mut keys, mut slots) = (Vec::new(), Vec::new());
    RoutingKeys::describe(&mut keys);
    TimeoutKeys::describe(&mut keys);
    routing.slots(&mut slots);
    timeouts.slots(&mut slots);
    (keys, slots)
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn key_name(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { name.to_owned() } else { quoted(name) }
}

/// The value in one line of TOML, with its secrets hidden.
pub(crate) fn inline(key: &str, raw: &DeValue<'_>) -> String {
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
