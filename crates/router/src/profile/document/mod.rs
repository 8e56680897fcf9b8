//! The file, field for field: tables walked by the schema. Names are not resolved here.

pub(crate) mod base_url;
pub(crate) mod budget;
pub(crate) mod diagnostic;
pub mod duration;
pub(crate) mod failure_classes;
pub mod hedge;
pub mod keys;
pub(crate) mod mask;
pub(crate) mod params;
pub(crate) mod patch;
pub mod suggest;
pub(crate) mod value;

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::profile::diagnostic::Diagnostic;
use crate::profile::keys::{Key, TableKind, ValueKind};
use crate::profile::value::{Name, Value, not_built, wrong};

/// One key with its value.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub key: &'static Key,
    /// Where its name stands.
    pub name_at: Range<usize>,
    /// Where its value stands.
    pub at: Range<usize>,
    pub raw: &'a DeValue<'a>,
    pub value: Value,
}

/// The keys of one table, as written.
#[derive(Debug, Default)]
pub(crate) struct Settings<'a> {
    pub entries: Vec<Entry<'a>>,
    /// Where the table stands.
    pub at: Range<usize>,
    /// Names of keys that were written with a value that cannot be.
    pub broken: Vec<&'static str>,
}

impl<'a> Settings<'a> {
    /// The key called `name`, if it is written.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.key.name == name)
    }

    /// The text of `name`.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match &self.get(name)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of `name`.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)?.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The whole number of `name`.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        match self.get(name)?.value {
            Value::Count(count) => Some(count),
            _ => None,
        }
    }

    /// Whether `name` is `true` or `false`.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// The span of time of `name`.
    pub(crate) fn duration(&self, name: &str) -> Option<std::time::Duration> {
        match self.get(name)?.value {
            Value::Duration(span) => Some(span),
            _ => None,
        }
    }

    /// The texts of `name`.
    pub(crate) fn names(&self, name: &str) -> Option<&[Name]> {
        match &self.get(name)?.value {
            Value::Names(names) => Some(names),
            _ => None,
        }
    }

    /// Whether `name` is written, rightly or not.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.get(name).is_some() || self.broken.contains(&name)
    }
}

/// A provider or a template as written.
#[derive(Debug)]
pub(crate) struct ProviderTable<'a> {
    pub name: Name,
    pub settings: Settings<'a>,
}

/// A group as written.
#[derive(Debug)]
pub(crate) struct GroupTable<'a> {
    pub name: Name,
    pub settings: Settings<'a>,
    pub deployments: Vec<Settings<'a>>,
    pub rules: Vec<Settings<'a>>,
}

/// A profile as written.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub top: Settings<'a>,
    pub router: Settings<'a>,
    pub providers: Vec<ProviderTable<'a>>,
    pub groups: Vec<GroupTable<'a>>,
    pub templates: Vec<ProviderTable<'a>>,
}

/// Reads the whole table; what is wrong goes to `sink`.
pub(crate) fn read<'a>(root: &'a Spanned<DeTable<'a>>, sink: &mut Vec<Diagnostic>) -> File<'a> {
    let table = root.get_ref();
    let mut file = File {
        top: settings(TableKind::Top, table, 0..0, sink),
        router: Settings::default(),
        providers: Vec::new(),
        groups: Vec::new(),
        templates: Vec::new(),
    };
    if let Some(raw) = table.get("router")
        && let Some(router) = as_table(raw, sink)
    {
        file.router = settings(TableKind::Router, router, raw.span(), sink);
    }
    for (name, table, at) in named(table, "providers", sink) {
        check_name("a provider's name", &name, sink);
        file.providers.push(ProviderTable { name, settings: settings(TableKind::Provider, table, at, sink) });
    }
    for (name, table, at) in named(table, "templates", sink) {
        check_name("a template's name", &name, sink);
        file.templates.push(ProviderTable { name, settings: settings(TableKind::Template, table, at, sink) });
    }
    for (name, table, at) in named(table, "groups", sink) {
        check_name("a group's name", &name, sink);
        file.groups.push(GroupTable {
            name,
            deployments: list(TableKind::Deployment, table, "deployments", sink),
            rules: list(TableKind::Rule, table, "rules", sink),
            settings: settings(TableKind::Group, table, at, sink),
        });
    }
    file
}

fn settings<'a>(
    place: TableKind,
    table: &'a DeTable<'a>,
    at: Range<usize>,
    sink: &mut Vec<Diagnostic>,
) -> Settings<'a> {
    let mut settings = Settings { at, ..Settings::default() };
    for (name, raw) in table {
        let Some(key) = keys::key(place, name.get_ref()) else {
            sink.push(unknown(place, name.get_ref(), name.span()));
            continue;
        };
        match value::read(key.kind, raw, sink) {
            Some(value) => {
                let entry = Entry { key, name_at: name.span(), at: raw.span(), raw: raw.get_ref(), value };
                settings.entries.push(entry);
            }
            None => settings.broken.push(key.name),
        }
        if !key.built {
            sink.push(not_built(&format!("`{}`", key.name), name.span()));
        }
    }
    settings
}

/// The mistake of a key that is not known at this place.
fn unknown(place: TableKind, name: &str, at: Range<usize>) -> Diagnostic {
    let error = Diagnostic::error(format!("unknown field `{name}`")).at(at);
    if let Some(key) = keys::KEYS.iter().find(|key| key.name == name) {
        let places: Vec<&str> = key.places.iter().map(|place| place.name()).collect();
        return error.label(format!("not in {}", place.name())).help(format!("it belongs in {}", places.join(" or ")));
    }
    if place == TableKind::Deployment && ["temperature", "top_p", "max_tokens", "stop"].contains(&name) {
        return error.help(format!("parameters of the request stand in `params = {{ {name} = … }}`"));
    }
    let names = keys::names(place);
    match suggest::field(name, &names) {
        Some(known) => error.label(format!("did you mean `{known}`?")),
        None => error.help(suggest::one_of(names)),
    }
}

fn as_table<'a>(raw: &'a Spanned<DeValue<'a>>, sink: &mut Vec<Diagnostic>) -> Option<&'a DeTable<'a>> {
    match raw.get_ref() {
        DeValue::Table(table) => Some(table),
        other => wrong(ValueKind::Tables, other, raw.span(), sink),
    }
}

/// The tables in the table `key`.
fn named<'a>(
    root: &'a DeTable<'a>,
    key: &str,
    sink: &mut Vec<Diagnostic>,
) -> Vec<(Name, &'a DeTable<'a>, Range<usize>)> {
    let Some(tables) = root.get(key).and_then(|raw| as_table(raw, sink)) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, raw) in tables {
        if let Some(table) = as_table(raw, sink) {
            found.push((Name { text: name.get_ref().to_string(), at: name.span() }, table, raw.span()));
        }
    }
    found
}

/// The tables in the array `key`.
fn list<'a>(place: TableKind, group: &'a DeTable<'a>, key: &str, sink: &mut Vec<Diagnostic>) -> Vec<Settings<'a>> {
    let Some(raw) = group.get(key) else { return Vec::new() };
    let DeValue::Array(items) = raw.get_ref() else {
        sink.push(
            Diagnostic::error(format!("expected a list of tables, found {}", raw.get_ref().type_str())).at(raw.span()),
        );
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items.iter() {
        if let Some(table) = as_table(item, sink) {
            found.push(settings(place, table, item.span(), sink));
        }
    }
    found
}

fn check_name(what: &str, name: &Name, sink: &mut Vec<Diagnostic>) {
    let wrong = name.text.chars().find(|c| c.is_control() || c.is_whitespace() || *c == '/');
    match wrong {
        Some('/') => sink.push(Diagnostic::error(format!("{what} holds no `/`")).at(name.at.clone())),
        Some(_) => sink.push(Diagnostic::error(format!("{what} holds no white space")).at(name.at.clone())),
        None if name.text.is_empty() => {
            sink.push(Diagnostic::error(format!("{what} cannot be empty")).at(name.at.clone()));
        }
        None => {}
    }
}
