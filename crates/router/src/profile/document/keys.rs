//! Descriptions of every key: its tables, its type, its default, its meaning. Makes the table in
//! `docs/profile.md`; `document` declares the keys.

use super::table::Keys;
use super::{DeploymentKeys, GroupKeys, LogKeys, ProviderKeys, RouterKeys, RuleKeys, TemplateKeys, TopKeys};

/// A kind of table in a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableKind {
    /// The top of the file.
    Top,
    /// `[router]`.
    Router,
    /// `[groups.NAME]`.
    Group,
    /// `[providers.NAME]`.
    Provider,
    /// One of a group's `deployments`.
    Deployment,
    /// One of a group's `rules`.
    Rule,
    /// `[templates.NAME]`.
    Template,
    /// `[log]`.
    Log,
}

impl TableKind {
    /// Every kind, in the order of the docs.
    pub(crate) const ALL: [Self; 8] =
        [Self::Top, Self::Router, Self::Group, Self::Provider, Self::Deployment, Self::Rule, Self::Template, Self::Log];

    /// Returns the name in messages and in the docs.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Top => "top level",
            Self::Router => "[router]",
            Self::Provider => "[providers.NAME]",
            Self::Group => "[groups.NAME]",
            Self::Deployment => "a deployment",
            Self::Rule => "a rule",
            Self::Template => "[templates.NAME]",
            Self::Log => "[log]",
        }
    }

    /// Returns the keys of such a table.
    #[must_use]
    pub fn keys(self) -> Vec<Key> {
        let mut keys = Vec::new();
        match self {
            Self::Top => TopKeys::describe(&mut keys),
            Self::Router => RouterKeys::describe(&mut keys),
            Self::Provider => ProviderKeys::describe(&mut keys),
            Self::Group => GroupKeys::describe(&mut keys),
            Self::Deployment => DeploymentKeys::describe(&mut keys),
            Self::Rule => RuleKeys::describe(&mut keys),
            Self::Template => TemplateKeys::describe(&mut keys),
            Self::Log => LogKeys::describe(&mut keys),
        }
        keys
    }
}

/// The default of a key that is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DefaultValue {
    /// Nothing.
    None,
    /// A value, in TOML.
    Toml(&'static str),
    /// A value that depends on something, in words.
    Words(&'static str),
}

/// The description of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// Its name.
    pub name: &'static str,
    /// Its type, in words.
    pub value_type: &'static str,
    /// Its default.
    pub default: DefaultValue,
    /// Its feature is built.
    pub built: bool,
    /// Its meaning, in lines.
    pub meaning: &'static [&'static str],
}

/// The names of the keys that may stand in a table.
pub(crate) fn names(kind: TableKind) -> Vec<&'static str> {
    kind.keys().into_iter().map(|key| key.name).collect()
}

/// Returns the table of all keys in Markdown, as `docs/profile.md` contains it.
#[must_use]
pub fn markdown() -> String {
    let mut rows: Vec<(Key, Vec<&str>)> = Vec::new();
    for kind in TableKind::ALL {
        for key in kind.keys() {
            match rows.iter_mut().find(|(known, _)| *known == key) {
                Some((_, tables)) => tables.push(kind.name()),
                None => rows.push((key, vec![kind.name()])),
            }
        }
    }
    let row = |(key, tables): &(Key, Vec<&str>)| {
        let default = match key.default {
            DefaultValue::None => "–".to_owned(),
            DefaultValue::Toml(value) => format!("`{value}`"),
            DefaultValue::Words(words) => words.to_owned(),
        };
        let meaning: String = key.meaning.concat();
        let built = if key.built { "yes" } else { "not yet" };
        let Key { name, value_type, .. } = key;
        format!("| `{name}` | {} | {value_type} | {default} |{meaning} | {built} |\n", tables.join(", "))
    };
    let head = "| key | where | type | default | meaning | built |\n|---|---|---|---|---|---|\n";
    std::iter::once(head.to_owned()).chain(rows.iter().map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_each_key_once() {
        for kind in TableKind::ALL {
            let mut seen = names(kind);
            seen.sort_unstable();
            let count = seen.len();
            seen.dedup();
            assert_eq!(seen.len(), count, "{kind:?}");
        }
    }

    const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/profile.md");

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
    fn the_docs_contain_the_table_of_keys() {
        let docs = std::fs::read_to_string(DOCS).unwrap();
        if std::env::var_os("UPDATE").is_some() {
            let (before, table) = docs.split_at(docs.find("| key | where |").unwrap());
            let after = table.find("\n\n").map_or("", |end| &table[end + 1..]);
            std::fs::write(DOCS, format!("{before}{}{after}", markdown())).unwrap();
        } else {
            let command = "UPDATE=1 cargo test -p llmroute-router the_docs_contain_the_table_of_keys";
            assert!(docs.contains(&markdown()), "docs/profile.md is out of date; run `{command}`");
        }
    }
}
