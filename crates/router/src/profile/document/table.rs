//! Typed tables: [`table_keys!`] declares a table as a struct with one field for each key, and reads it.
//!
//! A mistake in one value does not stop the reading: it goes to the list of diagnostics, and the field
//! stays [`Field::Invalid`].

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::keys::{self, Key, TableKind};
use super::suggest;
use crate::profile::show;

/// A value that a key can have.
pub trait FromToml<'a>: Sized {
    /// The type in messages and in the docs.
    const TYPE: &'static str;
    /// The advice when a value has another type.
    const HELP: Option<&'static str> = None;
    /// The feature of the key is built.
    const BUILT: bool = true;

    /// Reads the value; mistakes go to `diagnostics`.
    fn from_toml(raw: &'a Spanned<DeValue<'a>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self>;

    /// The value in the output of `profile show`.
    fn shown(&self, name: &str, raw: &DeValue<'_>) -> Shown {
        Shown::Value(show::inline(name, raw))
    }
}

/// A value in the output of `profile show`.
pub enum Shown {
    /// In TOML, without secrets.
    Value(String),
    /// A description of a value that is not shown.
    Hidden(String),
}

/// Reports that a value does not have the type `T`.
pub(crate) fn wrong_type<'a, T: FromToml<'a>>(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) {
    let message = format!("expected {}, found {}", T::TYPE, raw.get_ref().type_str());
    let diagnostic = Diagnostic::error(message).at(raw.span());
    diagnostics.push(T::HELP.into_iter().fold(diagnostic, Diagnostic::help));
}

/// The text in `raw`, which is to become a `T`.
pub(crate) fn text<'v, 'a, T: FromToml<'a>>(
    raw: &'v Spanned<DeValue<'_>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'v str> {
    let text = raw.get_ref().as_str();
    if text.is_none() {
        wrong_type::<T>(raw, diagnostics);
    }
    text
}

/// The table in `raw`, which is to become a `T`.
pub(crate) fn table<'v, 'i, 'a, T: FromToml<'a>>(
    raw: &'v Spanned<DeValue<'i>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'v DeTable<'i>> {
    let table = raw.get_ref().as_table();
    if table.is_none() {
        wrong_type::<T>(raw, diagnostics);
    }
    table
}

/// One key of a table, as far as it is written.
#[derive(Debug, Default)]
pub enum Field<'a, T> {
    /// The key is not written.
    #[default]
    Absent,
    /// It is written with a wrong value, which is reported.
    Invalid,
    /// It is written.
    Set(Setting<'a, T>),
}

/// A key that is written, with its value.
#[derive(Debug)]
pub struct Setting<'a, T> {
    pub name: &'static str,
    pub value: T,
    pub raw: &'a DeValue<'a>,
    pub name_at: Range<usize>,
    pub at: Range<usize>,
}

impl<'a, T> Field<'a, T> {
    pub(crate) fn setting(&self) -> Option<&Setting<'a, T>> {
        match self {
            Self::Set(setting) => Some(setting),
            Self::Absent | Self::Invalid => None,
        }
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.setting().map(|setting| &setting.value)
    }

    /// Takes the value out, but leaves the key written.
    pub(crate) fn take(&mut self) -> T
    where
        T: Default,
    {
        match self {
            Self::Set(setting) => std::mem::take(&mut setting.value),
            Self::Absent | Self::Invalid => T::default(),
        }
    }

    /// Returns `true` if the key is written, with a valid or an invalid value.
    pub(crate) fn is_written(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// A key and its value in the text.
pub(crate) struct RawKey<'a> {
    pub name_at: Range<usize>,
    pub raw: &'a Spanned<DeValue<'a>>,
}

impl<'a, T: FromToml<'a>> Field<'a, T> {
    pub(crate) fn read(name: &'static str, key: &RawKey<'a>, diagnostics: &mut Vec<Diagnostic>) -> Self {
        if !T::BUILT {
            diagnostics.push(not_built(&format!("`{name}`"), key.name_at.clone()));
        }
        let RawKey { name_at, raw } = key;
        match T::from_toml(raw, diagnostics) {
            Some(value) => {
                let (name_at, at) = (name_at.clone(), raw.span());
                Self::Set(Setting { name, value, raw: raw.get_ref(), name_at, at })
            }
            None => Self::Invalid,
        }
    }

    pub(crate) fn written(&self) -> Option<Written> {
        let setting = self.setting()?;
        let Setting { name, name_at, .. } = setting;
        Some(Written { name, name_at: name_at.clone(), built: T::BUILT, shown: setting.value.shown(name, setting.raw) })
    }
}

/// The note about something that loads but cannot be used yet.
pub(crate) fn not_built(what: &str, at: Range<usize>) -> Diagnostic {
    Diagnostic::note(format!("{what} is not built yet")).at(at).label("a group that needs it exits 78")
}

/// A key that is written, whatever its type.
pub(crate) struct Written {
    pub name: &'static str,
    pub name_at: Range<usize>,
    pub built: bool,
    pub shown: Shown,
}

/// A struct that [`table_keys!`] declared: a table, or a part that several tables share.
pub(crate) trait Keys<'a>: Default {
    /// Appends the description of every key.
    fn describe(keys: &mut Vec<Key>);

    /// Reads the key called `name`; `false` if there is none.
    fn read_key(&mut self, name: &str, key: &RawKey<'a>, diagnostics: &mut Vec<Diagnostic>) -> bool;

    /// Appends every key, written or not, in the order of [`Keys::describe`].
    fn slots(&self, slots: &mut Vec<Option<Written>>);

    /// The keys that are written, in the order of the text.
    fn written(&self) -> Vec<Written> {
        let mut slots = Vec::new();
        self.slots(&mut slots);
        let mut written: Vec<Written> = slots.into_iter().flatten().collect();
        written.sort_by_key(|written| written.name_at.start);
        written
    }

    /// The names of the keys that are written and whose features are not built yet.
    fn not_built(&self) -> Vec<String> {
        self.written().into_iter().filter(|written| !written.built).map(|written| written.name.to_owned()).collect()
    }
}

/// A table of a profile, as opposed to a part of one.
pub(crate) trait ProfileTable<'a>: Keys<'a> {
    const KIND: TableKind;
}

/// Declares a table or a part of one.
///
/// `..part: Part` takes over the keys of a part. `/// meaning` becomes the docs, `= literal` the default
/// value, `| "words"` a default that depends on something, `as "name"` a key that is not an identifier.
macro_rules! table_keys {
    (
        $(#[$attribute:meta])*
        struct $name:ident {
            $(..$part:ident: $part_type:ident,)*
            $($(#[doc = $meaning:literal])+ $field:ident $(as $key:literal)?: $type:ty $(= $default:literal)? $(| $words:literal)?,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Default)]
        pub struct $name<'a> {
            $(pub $part: $part_type<'a>,)*
            $(pub $field: Field<'a, $type>,)*
        }

        impl<'a> Keys<'a> for $name<'a> {
            fn describe(keys: &mut Vec<Key>) {
                $($part_type::describe(keys);)*
                $(keys.push(Key {
                    name: table_keys!(@name $field $($key)?),
                    value_type: <$type as FromToml>::TYPE,
                    default: table_keys!(@default $($default)? $(| $words)?),
                    built: <$type as FromToml>::BUILT,
                    meaning: &[$($meaning),+],
                });)*
            }

            fn read_key(&mut self, name: &str, key: &RawKey<'a>, diagnostics: &mut Vec<Diagnostic>) -> bool {
                $(if self.$part.read_key(name, key, diagnostics) {
                    return true;
                })*
                $(if name == table_keys!(@name $field $($key)?) {
                    self.$field = Field::read(table_keys!(@name $field $($key)?), key, diagnostics);
                    return true;
                })*
                false
            }

            fn slots(&self, slots: &mut Vec<Option<Written>>) {
                $(self.$part.slots(slots);)*
                $(slots.push(self.$field.written());)*
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $key:literal) => { $key };
    (@default) => { DefaultValue::None };
    (@default $default:literal) => { DefaultValue::Toml(stringify!($default)) };
    (@default | $words:literal) => { DefaultValue::Words($words) };
}
pub(crate) use table_keys;

/// A table with its place in the text.
#[derive(Debug, Default)]
pub struct Table<K> {
    pub keys: K,
    pub at: Range<usize>,
}

/// A table with a name, like a group.
#[derive(Debug)]
pub(crate) struct NamedTable<K> {
    pub name: Spanned<String>,
    pub keys: K,
}

/// Tables by name, like `[groups.NAME]`.
#[derive(Debug)]
pub(crate) struct NamedTables<K>(pub Vec<NamedTable<K>>);

impl<K> Default for NamedTables<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A list of tables, like `deployments`.
#[derive(Debug)]
pub struct TableList<K>(pub Vec<Table<K>>);

/// Reads every key of `table`.
pub(crate) fn read_table<'a, K: ProfileTable<'a>>(table: &'a DeTable<'a>, diagnostics: &mut Vec<Diagnostic>) -> K {
    let mut keys = K::default();
    for (name, raw) in table {
        if !keys.read_key(name.get_ref(), &RawKey { name_at: name.span(), raw }, diagnostics) {
            diagnostics.push(unknown(K::KIND, name, raw));
        }
    }
    keys
}

impl<'a, K: ProfileTable<'a>> FromToml<'a> for Table<K> {
    const TYPE: &'static str = "table";

    fn from_toml(raw: &'a Spanned<DeValue<'a>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let keys = read_table(table::<Self>(raw, diagnostics)?, diagnostics);
        Some(Self { keys, at: raw.span() })
    }
}

impl<'a, K: ProfileTable<'a>> FromToml<'a> for NamedTables<K> {
    const TYPE: &'static str = "table";

    fn from_toml(raw: &'a Spanned<DeValue<'a>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let mut found = Vec::new();
        for (name, raw) in table::<Self>(raw, diagnostics)? {
            let Some(table) = table::<Self>(raw, diagnostics) else { continue };
            check_name(K::KIND, name.get_ref(), name.span(), diagnostics);
            let name = Spanned::new(name.span(), name.get_ref().to_string());
            found.push(NamedTable { name, keys: read_table(table, diagnostics) });
        }
        Some(Self(found))
    }
}

impl<'a, K: ProfileTable<'a>> FromToml<'a> for TableList<K> {
    const TYPE: &'static str = "list of tables";

    fn from_toml(raw: &'a Spanned<DeValue<'a>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let Some(items) = raw.get_ref().as_array() else {
            wrong_type::<Self>(raw, diagnostics);
            return None;
        };
        Some(Self(items.iter().filter_map(|item| Table::from_toml(item, diagnostics)).collect()))
    }
}

/// A group may have any name without white space; other names are parts of longer ones.
fn check_name(kind: TableKind, name: &str, at: Range<usize>, diagnostics: &mut Vec<Diagnostic>) {
    let kept = match kind {
        TableKind::Group => "a group name",
        TableKind::Provider => "a provider name",
        TableKind::Template => "a template name",
        TableKind::Top | TableKind::Router | TableKind::Deployment | TableKind::Rule | TableKind::Log => return,
    };
    let problem = if name.is_empty() {
        "must not be empty"
    } else if name.contains(|c: char| c.is_control() || c.is_whitespace()) {
        "must not contain white space"
    } else if kind != TableKind::Group && name.contains('/') {
        "must not contain `/`"
    } else {
        return;
    };
    diagnostics.push(Diagnostic::error(format!("{kept} {problem}")).at(at));
}

/// The mistake of a key that is not known in a table of this kind. Its value may be a secret.
fn unknown(kind: TableKind, name: &Spanned<Cow<'_, str>>, raw: &Spanned<DeValue<'_>>) -> Diagnostic {
    let (name, at): (&str, _) = (name.get_ref(), name.span());
    let error = Diagnostic::error(format!("unknown field `{name}`")).at(at);
    let tables: Vec<(TableKind, Vec<&str>)> =
        TableKind::ALL.into_iter().map(|kind| (kind, keys::names(kind))).collect();
    let places_of = |name: &str| -> Vec<&str> {
        tables.iter().filter(|(_, names)| names.contains(&name)).map(|(kind, _)| kind.name()).collect()
    };
    let elsewhere = places_of(name);
    if !elsewhere.is_empty() {
        return error
            .label(format!("not in {}", kind.name()))
            .help(format!("it belongs in {}", elsewhere.join(" or ")));
    }
    let error = if suggest::is_slip(name, &keys::names(kind)) { error } else { hide(error, raw) };
    if kind == TableKind::Deployment && ["temperature", "top_p", "max_tokens", "stop"].contains(&name) {
        return error.help(format!("write it as a parameter of the request: `params = {{ {name} = … }}`"));
    }
    if let Some(advice) = suggest::advice(name) {
        return error.help(advice);
    }
    let names = keys::names(kind);
    match suggest::alias(name, &names) {
        Some(known) if names.contains(&known) => error.label(format!("did you mean `{known}`?")),
        Some(known) => {
            let tables = places_of(known).join(" or ");
            error.label(format!("it is `{known}` here")).help(format!("`{known}` belongs in {tables}"))
        }
        None => match suggest::field(name, &names) {
            Some(known) => error.label(format!("did you mean `{known}`?")),
            None => error.help(suggest::one_of(names)),
        },
    }
}

/// The mistake without the texts of the value.
fn hide(error: Diagnostic, raw: &Spanned<DeValue<'_>>) -> Diagnostic {
    match raw.get_ref() {
        DeValue::String(_) | DeValue::Array(_) => {
            let span = raw.span();
            error.hiding(span.start + 1..span.end.saturating_sub(1))
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
            error
        }
    }
}
