//! Profiles: the file field for field, names resolved to positions, and every mistake in one run.
//!
//! Reads the profile's file and key files, and nothing else of the outside: the environment is an
//! argument. It knows providers and routes; it calls nobody.

mod credentials;
pub mod discover;
mod document;
mod env;
mod lint;
mod locate;
mod models;
mod provider_status;
mod resolve;
mod show;
mod state;
pub mod template;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeTable;

use credentials::{aws, google};
use document::{base_url, budget, diagnostic, failure_classes, mask, params, patch, value};
pub use document::{duration, hedge, keys, suggest};
pub use resolve::strategy;
use resolve::{deployment, precedence, provider, target};

use llmroute_core::model::{KeySource, StateSource};
use llmroute_core::protocols::Endpoint;
use llmroute_core::routing::{self, GroupId, Policy};

pub use diagnostic::{Diagnostic, Document, LoadError, Severity};
pub use env::EnvVars;
pub use locate::{ProfileLocation, locate, profiles_dir};
pub use models::{ModelTable, fetched_models_path};
pub use provider_status::{KeyStatus, ProviderStatus, Readiness, shown as describe_key, statuses as provider_statuses};
pub use show::show;
pub use state::state_source;
pub use target::UnknownName;
pub use template::Template;

use precedence::{Precedence, TimeoutConfig};
use provider::Provider;

/// Where a profile came from.
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
    /// The name in messages.
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

/// What a profile is resolved against.
#[derive(Debug, Clone, Copy)]
pub struct LoadOptions<'a> {
    /// The environment.
    pub env: &'a EnvVars,
    /// Whether the process makes many calls (chat, batch, bench): short first cooldowns.
    pub long_lived: bool,
}

/// A profile, resolved: names are positions, defaults are applied.
#[derive(Debug)]
pub struct Profile {
    /// Where it came from.
    pub source: Source,
    /// The group that is asked when none is named.
    pub default_group: GroupId,
    /// What adapters need of each deployment, by `DeploymentId`.
    pub endpoints: Vec<Endpoint>,
    /// Where the key of each deployment is, by `DeploymentId`.
    pub keys: Vec<KeySource>,
    /// What routing needs.
    pub map: routing::Map,
    /// Where it says that the shared state is.
    pub state: Option<StateSource>,
    /// Named prompts.
    pub templates: Vec<Template>,
    /// Warnings and notes, in the order of the text.
    pub notes: Vec<Diagnostic>,
    /// What the notes point into.
    pub document: Document,
    /// Providers that were named so far.
    providers: Vec<Provider>,
    /// What each group needs that is not built yet, by `GroupId`.
    unbuilt: Vec<Vec<String>>,
    /// What holds for a group that is not in the file.
    base: Base,
    /// The folder that paths of key files are relative to.
    folder: Option<PathBuf>,
    /// What is known of models.
    models: ModelTable,
}

/// What holds for every group that does not say otherwise.
#[derive(Debug)]
struct Base {
    policy: Policy,
    timeout_config: TimeoutConfig,
    unbuilt: Vec<String>,
}

/// Something that a group needs and that is not built yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnbuiltFeature {
    /// The key, with its value where that decides (`routing_strategy = "least-busy"`).
    pub key: String,
    /// The group that needs it: the one that was asked for, or one of its fallbacks.
    pub group: String,
}

/// The built-in profile of simulated deployments.
const DEMO: &str = include_str!("demo.toml");

impl Profile {
    /// Loads the profile at `located`, which is not [`ProfileLocation::Discover`].
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(located: &ProfileLocation, inputs: &LoadOptions<'_>) -> Result<Self, LoadError> {
        let (source, text) = text_of(located)?;
        Self::parse(source, &text, inputs)
    }

    /// Reads and resolves `text`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(source: Source, text: &str, inputs: &LoadOptions<'_>) -> Result<Self, LoadError> {
        with_file(source, text, inputs, |profile, _| profile)
    }

    /// The warnings and notes as text for people.
    #[must_use]
    pub fn render_notes(&self, color: bool) -> String {
        diagnostic::render(&self.document, &self.notes, color)
    }
}

/// The text of the profile at `located`.
fn text_of(located: &ProfileLocation) -> Result<(Source, String), LoadError> {
    match located {
        ProfileLocation::File(path) => Ok((Source::File(path.clone()), read(path)?)),
        ProfileLocation::Demo => Ok((Source::Demo, DEMO.to_owned())),
        ProfileLocation::Discover => Err(discover::no_model_available()),
    }
}

fn read(path: &Path) -> Result<String, LoadError> {
    let why = |why: &str| LoadError::plain(path.display().to_string(), Diagnostic::error(why));
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => why("the profile does not exist"),
        _ => why(&format!("the profile cannot be read: {error}")),
    })?;
    String::from_utf8(bytes).map_err(|error| {
        why(&format!("the profile is not UTF-8: wrong byte at offset {}", error.utf8_error().valid_up_to()))
    })
}

/// Reads and resolves `text`, and gives `use_it` both the result and the file as written.
fn with_file<T>(
    source: Source,
    text: &str,
    inputs: &LoadOptions<'_>,
    use_it: impl FnOnce(Profile, &document::File<'_>) -> T,
) -> Result<T, LoadError> {
    let mut sink = Vec::new();
    let document = |masked| Document { name: source.name(), text: masked };
    let Some(table) = toml_table(text, &mut sink) else {
        return Err(LoadError { document: document(mask::mask_unparsed(text)), diagnostics: sink });
    };
    let document = document(mask::mask(text, table.get_ref()));
    let file = document::read(&table, &mut sink);
    check_version(&file, &mut sink);
    check_mode(&source, &file, &mut sink);
    let mut profile = Profile::resolve(source, document, &file, inputs, &mut sink);
    sink.sort_by_key(|diagnostic| (diagnostic.span.as_ref().map(|span| span.start), diagnostic.severity));
    sink.dedup();
    if sink.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(LoadError { document: profile.document, diagnostics: sink });
    }
    profile.notes = sink;
    Ok(use_it(profile, &file))
}

/// The TOML of `text`. A key that is written twice does not hide the other mistakes.
fn toml_table<'t>(text: &'t str, sink: &mut Vec<Diagnostic>) -> Option<Spanned<DeTable<'t>>> {
    const TWICE: &str = "duplicate key";
    let (table, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    if let Some(error) = errors.iter().find(|error| error.message() != TWICE) {
        // What follows the first mistake of this kind is guesswork.
        let diagnostic = Diagnostic::error(format!("not TOML: {}", error.message()));
        sink.push(error.span().into_iter().fold(diagnostic, Diagnostic::at));
        return None;
    }
    for span in errors.iter().filter_map(toml::de::Error::span) {
        let name = text.get(span.clone()).unwrap_or_default();
        sink.push(Diagnostic::error(format!("`{name}` is written twice")).at(span));
    }
    Some(table)
}

fn check_version(file: &document::File<'_>, sink: &mut Vec<Diagnostic>) {
    if let Some(entry) = file.top.get("version")
        && file.top.count("version") != Some(1)
    {
        let error = Diagnostic::error("this version of the format is not known").at(entry.at.clone());
        sink.push(error.help("this llmroute reads `version = 1`"));
    }
}

/// A file with a key in it is for its owner alone.
fn check_mode(source: &Source, file: &document::File<'_>, sink: &mut Vec<Diagnostic>) {
    use std::os::unix::fs::PermissionsExt as _;
    let Source::File(path) = source else { return };
    let tables = file.providers.iter().map(|table| &table.settings);
    let tables = tables.chain(file.groups.iter().flat_map(|table| &table.deployments));
    let literal = |spec: &credentials::KeySpec| matches!(spec, credentials::KeySpec::Literal(_));
    let entry = tables
        .filter_map(|table| table.get("api_key"))
        .find(|entry| matches!(&entry.value, value::Value::Keys(keys) if keys.iter().any(literal)));
    let secret = |entry: &&document::Entry<'_>| matches!(&entry.value, value::Value::State(StateSource::Redis(url)) if url.is_secret());
    let entry = entry.or_else(|| file.top.get("state").filter(secret));
    let mode = std::fs::metadata(path).map_or(0, |data| data.permissions().mode());
    if let Some(entry) = entry
        && mode & 0o077 != 0
    {
        let message = format!("a secret stands in a file that others can read (mode {:04o})", mode & 0o777);
        let help = format!("`chmod 600 {}`, or keep the secret elsewhere", path.display());
        sink.push(Diagnostic::error(message).at(entry.at.clone()).help(help));
    }
}

impl Profile {
    /// Names to positions; what is wrong goes to `sink`.
    fn resolve(
        source: Source,
        document: Document,
        file: &document::File<'_>,
        inputs: &LoadOptions<'_>,
        sink: &mut Vec<Diagnostic>,
    ) -> Self {
        let layers = Precedence::router(&file.router);
        // How a group of one is ordered does not matter, so strategies are no part of the base.
        let mut unbuilt = provider::unbuilt(&file.top);
        unbuilt.extend(provider::unbuilt(&file.router));
        let mut profile = Self {
            folder: match &source {
                Source::File(path) => path.parent().map(Path::to_path_buf),
                Source::Demo | Source::Inline | Source::Discovered => None,
            },
            source,
            default_group: GroupId(0),
            endpoints: Vec::new(),
            keys: Vec::new(),
            map: routing::Map::default(),
            state: None,
            templates: Vec::new(),
            notes: Vec::new(),
            document,
            providers: Vec::new(),
            unbuilt: Vec::new(),
            models: ModelTable::from_env(inputs.env),
            base: Base { policy: layers.policy(inputs.long_lived), timeout_config: layers.timeout_config(), unbuilt },
        };
        for table in &file.providers {
            let provider = Provider::read(table, inputs.env, sink);
            let limits = table.settings.limits();
            profile.map.limits.limit_provider(&provider.name, deployment::host_key(&provider), limits);
            profile.providers.push(provider);
        }
        for table in &file.groups {
            profile.add_group(table, file, inputs, sink);
        }
        profile.state = state::of_top(&file.top, inputs.env, profile.folder.as_deref());
        profile.link(file, inputs, sink);
        profile.add_rules(file, inputs, sink);
        profile.add_templates(file, inputs, sink);
        profile.choose_default(file, sink);
        sink.extend(profile.models.warning().map(Diagnostic::warning));
        profile
    }

    fn choose_default(&mut self, file: &document::File<'_>, sink: &mut Vec<Diagnostic>) {
        let named = |name: &str| file.groups.iter().position(|group| group.name.text == name).map(GroupId);
        let names = || file.groups.iter().map(|group| group.name.text.as_str());
        if let Some(entry) = file.top.get("default_group") {
            let name = file.top.text("default_group").unwrap_or_default();
            match named(name) {
                Some(id) => self.default_group = id,
                None => sink.push(
                    Diagnostic::error(format!("unknown group `{name}`"))
                        .at(entry.at.clone())
                        .help(suggest::help(name, names())),
                ),
            }
            return;
        }
        match (named("main"), file.groups.len()) {
            (Some(id), _) => self.default_group = id,
            (None, 1) => {}
            (None, 0) if file.top.mentions("groups") && sink.iter().any(|d| d.severity == Severity::Error) => {}
            (None, 0) => {
                let help = "write `[groups.main]` with `deployments = [{ model = \"PROVIDER/MODEL\" }]`";
                sink.push(Diagnostic::error("the profile has no group").help(help));
            }
            (None, _) if file.top.mentions("default_group") => {}
            (None, _) => {
                let help = format!("write `default_group` = {}", suggest::one_of(names()));
                sink.push(Diagnostic::error("the profile does not say which group is asked by default").help(help));
            }
        }
    }
}
