//! Profiles: reads the file, resolves its names, and reports every mistake in one run.
//!
//! Reads the file of the profile and key files; the environment is an argument. Nothing is called here.

mod credentials;
pub mod discover;
mod document;
mod env;
mod files;
mod lint;
pub mod locate;
mod models;
mod provider_status;
mod resolve;
mod retired;
mod show;
mod state;
pub mod template;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeTable;

pub use llmroute_core::model::{KeySource, StateSource};
use llmroute_core::protocols::Endpoint;
use llmroute_core::routing::{self, GroupId, Policy};

pub use crate::state::{LogConfig, LogPlace, OnStateLoss};
pub use document::diagnostic::{Diagnostic, Document, LoadError, Severity};
pub use document::{duration, hedge, keys, suggest};
pub use env::EnvVars;
pub use files::{ReadError, read_text};
pub use locate::{ProfileLocation, locate, profiles_dir};
pub use models::{ModelTable, fetched_models_path};
pub use provider_status::{KeyStatus, ProviderStatus, Readiness, shown as describe_key, statuses as provider_statuses};
pub use resolve::strategy;
pub use resolve::target::UnknownName;
pub use show::show;
pub use state::{log_place, state_source};
pub use template::Template;

use credentials::KeySpec;
pub(crate) use credentials::{LARGEST as LARGEST_KEY_FILE, trim_key};
use document::table::{Keys as _, NamedTable, Setting};
use document::value::ApiKeys;
use document::{ProfileTables, diagnostic, mask};
use resolve::deployment::host_key;
use resolve::precedence::{Precedence, TimeoutConfig};
use resolve::provider::ResolvedProvider;

/// The origin of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Built in.
    Demo,
    /// Text that the program passed.
    Inline,
    /// Made from what this machine offers: key variables, or local servers.
    Discovered,
}

impl Source {
    /// Returns the name in messages.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Demo => "demo".into(),
            Self::Inline => "(inline)".into(),
            Self::Discovered => "(discovered)".into(),
        }
    }
}

/// The circumstances of a profile's use.
#[derive(Debug, Clone, Copy)]
pub struct LoadOptions<'a> {
    /// The environment.
    pub env: &'a EnvVars,
    /// The process makes many calls (chat, batch, bench), so the first cooldowns are short.
    pub long_lived: bool,
}

/// A profile, resolved: names are positions, defaults are applied.
#[derive(Debug)]
pub struct Profile {
    /// Its origin.
    pub source: Source,
    /// The group that answers if none is named. The first one where [`Profile::default_group`] is an error.
    pub default_group: GroupId,
    /// The profile has several groups and does not say which one is the default.
    no_default: bool,
    /// The endpoint of each deployment, by `DeploymentId`.
    pub endpoints: Vec<Endpoint>,
    /// The source of each deployment's key, by `DeploymentId`.
    pub keys: Vec<KeySource>,
    /// Groups, deployments, limits and rules.
    pub map: routing::Map,
    /// The shared state that it names.
    pub state: Option<StateSource>,
    /// The settings of the log.
    pub log: LogConfig,
    /// The fate of calls with a limit when the shared state is lost.
    pub on_state_loss: OnStateLoss,
    /// Named prompts.
    pub templates: Vec<Template>,
    /// Warnings and notes, in the order of the text.
    pub notes: Vec<Diagnostic>,
    /// The text that the notes point into.
    pub document: Document,
    /// The providers that were named up to now.
    providers: Vec<ResolvedProvider>,
    /// The keys of each group that are not built yet, by `GroupId`.
    not_built: Vec<Vec<String>>,
    /// The settings of a group that is not in the file.
    base: GroupDefaults,
    /// The folder that paths of key files are relative to.
    folder: Option<PathBuf>,
    /// Prices, windows and capabilities of models.
    models: ModelTable,
}

/// The settings of every group that does not set its own.
#[derive(Debug)]
struct GroupDefaults {
    policy: Policy,
    timeouts: TimeoutConfig,
    not_built: Vec<String>,
}

/// A key that a group needs, and whose feature is not built yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnbuiltFeature {
    /// The key, with its value if that decides (`routing_strategy = "least-busy"`).
    pub key: String,
    /// The group that needs it: the one that was named, or one of its fallbacks.
    pub group: String,
}

/// The built-in profile of simulated deployments.
const DEMO: &str = include_str!("demo.toml");

impl Profile {
    /// Loads the profile at `location`, which is not [`ProfileLocation::Discover`].
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn load(location: &ProfileLocation, options: &LoadOptions<'_>) -> Result<Self, LoadError> {
        let (source, text) = text_of(location)?;
        Self::parse(source, &text, options)
    }

    /// Reads and resolves `text`.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(source: Source, text: &str, options: &LoadOptions<'_>) -> Result<Self, LoadError> {
        with_tables(source, text, options, |profile, _| profile)
    }

    /// Returns the group that answers if none is named.
    ///
    /// # Errors
    /// A profile with several groups that does not say which one.
    pub fn default_group(&self) -> Result<GroupId, UnknownName> {
        if self.no_default {
            let message = "the profile has several groups and does not set `default_group`".to_owned();
            return Err(UnknownName { message, hint: format!("name a group: {}", suggest::one_of(self.names())) });
        }
        Ok(self.default_group)
    }

    /// Renders the warnings and notes as text for people.
    #[must_use]
    pub fn render_notes(&self, color: bool) -> String {
        diagnostic::render(&self.document, &self.notes, color)
    }
}

/// The text of the profile at `location`.
fn text_of(location: &ProfileLocation) -> Result<(Source, String), LoadError> {
    match location {
        ProfileLocation::File(path) => Ok((Source::File(path.clone()), read(path)?)),
        ProfileLocation::Demo => Ok((Source::Demo, DEMO.to_owned())),
        ProfileLocation::Discover => Err(discover::no_model_available()),
    }
}

/// The largest profile that is read.
const LARGEST: u64 = 16 << 20;

fn read(path: &Path) -> Result<String, LoadError> {
    read_text(path, LARGEST)
        .map_err(|why| LoadError::plain(path.display().to_string(), Diagnostic::error(format!("the profile {why}"))))
}

/// Reads and resolves `text`, and passes the result and the tables of the file to `use_it`.
fn with_tables<T>(
    source: Source,
    text: &str,
    options: &LoadOptions<'_>,
    use_it: impl FnOnce(Profile, &ProfileTables<'_>) -> T,
) -> Result<T, LoadError> {
    let mut diagnostics = Vec::new();
    let document = |masked| Document { name: source.name(), text: masked };
    let Some(table) = toml_table(text, &mut diagnostics) else {
        return Err(LoadError { document: document(mask::mask_unparsed(text)), diagnostics });
    };
    let tables = ProfileTables::read(table.get_ref(), &mut diagnostics);
    let private = diagnostics.iter().filter_map(|diagnostic| diagnostic.private.clone()).collect();
    let document = document(mask::mask(text, table.get_ref(), private));
    check_version(&tables, &mut diagnostics);
    check_mode(&source, &tables, &mut diagnostics);
    let mut profile = Profile::resolve(source, document, &tables, options, &mut diagnostics);
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.as_ref().map(|span| span.start), diagnostic.severity));
    diagnostics.dedup();
    if has_errors(&diagnostics) {
        return Err(LoadError { document: profile.document, diagnostics });
    }
    profile.notes = diagnostics;
    Ok(use_it(profile, &tables))
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// The TOML of `text`. A duplicate key does not hide the other mistakes.
fn toml_table<'t>(text: &'t str, diagnostics: &mut Vec<Diagnostic>) -> Option<Spanned<DeTable<'t>>> {
    const TWICE: &str = "duplicate key";
    let (table, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    if let Some(error) = errors.iter().find(|error| error.message() != TWICE) {
        // Mistakes after the first of this kind are guesswork.
        let diagnostic = Diagnostic::error(format!("not TOML: {}", error.message()));
        diagnostics.push(error.span().into_iter().fold(diagnostic, Diagnostic::at));
        return None;
    }
    for span in errors.iter().filter_map(toml::de::Error::span) {
        let name = text.get(span.clone()).unwrap_or_default();
        diagnostics.push(Diagnostic::error(format!("`{name}` is written twice")).at(span));
    }
    Some(table)
}

fn check_version(tables: &ProfileTables<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(version) = tables.top.version.setting()
        && version.value.0 != 1
    {
        let error = Diagnostic::error("unknown version of the profile format").at(version.at.clone());
        diagnostics.push(error.help("this llmroute reads `version = 1`"));
    }
}

/// Reports a secret in a file that others can read, and commands or key sources in one that they can change.
fn check_mode(source: &Source, tables: &ProfileTables<'_>, diagnostics: &mut Vec<Diagnostic>) {
    use std::os::unix::fs::PermissionsExt as _;
    let Source::File(path) = source else { return };
    let mode = std::fs::metadata(path).map_or(0, |data| data.permissions().mode());
    if let Some(at) = secret(tables)
        && mode & 0o077 != 0
    {
        let message = format!("the file contains a secret, and others can read it (mode {:04o})", mode & 0o777);
        let help = format!("`chmod 600 {}`, or keep the secret elsewhere", path.display());
        diagnostics.push(Diagnostic::error(message).at(at).help(help));
    } else if let Some(why) = files::writable_by_others(path) {
        let help = format!("make it your own: `chmod go-w {}`", path.display());
        diagnostics.push(match trusted(tables) {
            Some((what, at)) => {
                Diagnostic::error(format!("the file {what}, and others can change it ({why})")).at(at).help(help)
            }
            None => Diagnostic::warning(format!("others can change the profile ({why})")).help(help),
        });
    }
}

/// The place of a command or of the source of a key, if there is one.
fn trusted(tables: &ProfileTables<'_>) -> Option<(&'static str, Range<usize>)> {
    let groups = tables.groups.iter().map(|table| &table.keys.routing);
    let mut strategies = groups.chain([&tables.router.routing]).filter_map(|keys| keys.routing_strategy.setting());
    let command = strategies.find(|setting| setting.raw.as_str().is_some_and(|name| name.starts_with("exec:")));
    let command = command.map(|setting| ("runs a command", setting.at.clone()));
    command.or_else(|| Some(("says where keys are", api_keys(tables).next()?.at.clone())))
}

/// Every `api_key` of the file.
fn api_keys<'t, 'a>(tables: &'t ProfileTables<'a>) -> impl Iterator<Item = &'t Setting<'a, ApiKeys>> {
    let providers = tables.providers.iter().map(|table| &table.keys.request);
    let deployments = tables.groups.iter().flat_map(|table| table.keys.deployments());
    let requests = providers.chain(deployments.map(|table| &table.keys.request));
    requests.filter_map(|keys| keys.api_key.setting())
}

/// The place of a secret in the file, if there is one.
fn secret(tables: &ProfileTables<'_>) -> Option<Range<usize>> {
    let is_literal = |spec: &KeySpec| matches!(spec, KeySpec::Literal(_));
    let key = api_keys(tables).find(|keys| keys.value.0.iter().any(is_literal)).map(|setting| setting.at.clone());
    let is_secret = |state: &StateSource| matches!(state, StateSource::Redis(url) if url.is_secret());
    let state = tables.top.state.setting().filter(|state| is_secret(&state.value));
    key.or_else(|| state.map(|setting| setting.at.clone()))
}

impl Profile {
    /// Turns names into positions; mistakes go to `diagnostics`.
    fn resolve(
        source: Source,
        document: Document,
        tables: &ProfileTables<'_>,
        options: &LoadOptions<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let precedence = Precedence::router(&tables.router);
        // The order in a group of one deployment does not matter, so the strategy is not one of the defaults.
        let mut not_built = tables.top.not_built();
        not_built.extend(tables.router.not_built());
        let (policy, timeouts) = (precedence.policy(options.long_lived), precedence.timeout_config());
        let mut profile = Self {
            folder: match &source {
                Source::File(path) => path.parent().map(Path::to_path_buf),
                Source::Demo | Source::Inline | Source::Discovered => None,
            },
            source,
            default_group: GroupId(0),
            no_default: false,
            endpoints: Vec::new(),
            keys: Vec::new(),
            map: routing::Map::default(),
            state: None,
            log: tables.top.log.value().map(|table| table.keys.config()).unwrap_or_default(),
            on_state_loss: tables.top.on_state_loss.value().copied().unwrap_or_default(),
            templates: Vec::new(),
            notes: Vec::new(),
            document,
            providers: Vec::new(),
            not_built: Vec::new(),
            models: ModelTable::from_env(options.env),
            base: GroupDefaults { policy, timeouts, not_built },
        };
        for table in &tables.providers {
            let provider = ResolvedProvider::read(table, options.env, diagnostics);
            let limits = table.keys.limits.limits();
            profile.map.limits.limit_provider(&provider.name, host_key(&provider), limits);
            profile.providers.push(provider);
        }
        for table in &tables.groups {
            profile.add_group(table, tables, options, diagnostics);
        }
        profile.state = state::of_top(&tables.top, options.env, profile.folder.as_deref());
        profile.link(tables, options, diagnostics);
        profile.add_rules(tables, options, diagnostics);
        profile.add_templates(tables, options, diagnostics);
        profile.choose_default(tables, diagnostics);
        diagnostics.extend(profile.models.warning().map(Diagnostic::warning));
        profile
    }

    fn choose_default(&mut self, tables: &ProfileTables<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let names = || tables.groups.iter().map(|NamedTable { name, .. }| name.get_ref().as_str());
        let named = |name: &str| names().position(|group| group == name).map(GroupId);
        if let Some(default) = tables.top.default_group.setting() {
            match named(&default.value) {
                Some(id) => self.default_group = id,
                None => {
                    let error = Diagnostic::error(format!("unknown group `{}`", default.value));
                    diagnostics.push(error.at(default.at.clone()).help(suggest::help(&default.value, names())));
                }
            }
            return;
        }
        match (named("main"), tables.groups.len()) {
            (Some(id), _) => self.default_group = id,
            (None, 1) => {}
            (None, 0) if tables.top.groups.is_written() && has_errors(diagnostics) => {}
            (None, 0) => {
                let help = "write `[groups.main]` with `deployments = [{ model = \"PROVIDER/MODEL\" }]`";
                diagnostics.push(Diagnostic::error("the profile has no group").help(help));
            }
            (None, _) if tables.top.default_group.is_written() => {}
            (None, _) => {
                self.no_default = true;
                let note = Diagnostic::note("the profile does not set `default_group`: commands need `-m GROUP`");
                diagnostics.push(note.help(format!("write `default_group` = {}", suggest::one_of(names()))));
            }
        }
    }
}
