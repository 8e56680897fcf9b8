//! Prices, windows and capabilities of models: the built-in table, and over it the one that `models refresh`
//! left in the cache. That one is read when a model is first looked up.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::profile::EnvVars;
pub use llmroute_core::catalog::aliases;
pub use llmroute_core::catalog::models::fetched::{FetchedTable, newest};
pub use llmroute_core::catalog::models::{self, Model};

/// The largest table that is read.
const LARGEST: u64 = 32 << 20;

/// The built-in and the fetched table of models.
#[derive(Debug, Default)]
pub struct ModelTable {
    /// The path of the fetched table.
    path: Option<PathBuf>,
    table: OnceLock<Option<FetchedTable>>,
    /// The reason why the fetched table, or a part of it, is ignored.
    wrong: OnceLock<&'static str>,
}

impl ModelTable {
    /// Returns the tables for an environment. Reads nothing yet.
    #[must_use]
    pub fn from_env(vars: &EnvVars) -> Self {
        Self { path: fetched_models_path(vars), ..Self::default() }
    }

    /// Returns the entry for `model` at `provider`, by the nearest name in the tables.
    #[must_use]
    pub fn find(&self, provider: &str, model: &str) -> Option<Model> {
        let exact = aliases::in_table(provider, model).find_map(|(table, name)| self.exactly(table, &name));
        exact.or_else(|| models::by_family(provider, model))
    }

    /// Returns true if the tables have `model` at `provider` under a name of its own.
    pub(crate) fn lists(&self, provider: &str, model: &str) -> bool {
        aliases::in_table(provider, model).any(|(table, name)| self.exactly(table, &name).is_some())
    }

    fn exactly(&self, provider: &str, model: &str) -> Option<Model> {
        let known = models::find(provider, model);
        let Some(table) = self.table() else { return known };
        let fetched = table.find(provider, model).unwrap_or_else(|why| {
            self.wrong.get_or_init(|| why);
            None
        });
        newest(known, fetched)
    }

    /// Returns every model as `provider/model`, sorted.
    #[must_use]
    pub fn all(&self) -> Vec<(String, Model)> {
        let mut all: std::collections::BTreeMap<String, Model> =
            models::models().map(|(key, model)| (key.to_owned(), model)).collect();
        for (key, model) in self.table().into_iter().flat_map(FetchedTable::models) {
            let known = all.remove(key);
            all.extend(newest(known, Some(model)).map(|model| (key.to_owned(), model)));
        }
        all.into_iter().collect()
    }

    /// Returns a warning about a fetched table that cannot be used.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let path = self.path.as_ref()?.display();
        self.wrong.get().map(|why| {
            format!("the fetched table of models `{path}` is ignored: {why} (`llmroute models refresh` replaces it)")
        })
    }

    fn table(&self) -> Option<&FetchedTable> {
        let read = || match self.path.as_deref().map(read)? {
            Ok(table) => table,
            Err(why) => {
                self.wrong.get_or_init(|| why);
                None
            }
        };
        self.table.get_or_init(read).as_ref()
    }
}

/// Returns the path of the fetched table: `$XDG_CACHE_HOME/llmroute/models.tsv`, or below `~/.cache`.
#[must_use]
pub fn fetched_models_path(vars: &EnvVars) -> Option<PathBuf> {
    let cache = vars.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    Some(cache.or_else(|| vars.home().map(|home| home.join(".cache")))?.join("llmroute/models.tsv"))
}

/// The table in the file at `path`; `None` without a file.
fn read(path: &Path) -> Result<Option<FetchedTable>, &'static str> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(_) => return Err("it cannot be read"),
    };
    let mut text = Vec::new();
    let size = file.take(LARGEST + 1).read_to_end(&mut text).map_err(|_| "it cannot be read")?;
    if size as u64 > LARGEST {
        return Err("it is too large");
    }
    FetchedTable::read(String::from_utf8(text).map_err(|_| "it is not text")?).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{LoadOptions, Profile, Source};

    /// A cache with `content`, if any.
    fn cache(content: Option<&[u8]>) -> (tempfile::TempDir, EnvVars) {
        let dir = tempfile::tempdir().unwrap();
        let vars = EnvVars::from_iter([("XDG_CACHE_HOME", dir.path().to_str().unwrap())]);
        if let Some(content) = content {
            let path = fetched_models_path(&vars).unwrap();
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        (dir, vars)
    }

    fn fetched(line: &str) -> Vec<u8> {
        FetchedTable::new(&[line.to_owned()], "2999-01-02").text().as_bytes().to_vec()
    }

    /// Checks the warnings of a profile with `openai/gpt-4o`, which must load and know the model.
    fn check(content: Option<&[u8]>, want: Option<&str>) {
        let (_dir, vars) = cache(content);
        let inputs = LoadOptions { env: &vars, long_lived: false };
        let text = "[groups.main]\ndeployments = [{ model = \"openai/gpt-4o\" }, { model = \"openai/gpt-4o-mini\" }]";
        let profile = Profile::parse(Source::Demo, text, &inputs).unwrap();
        let notes: Vec<&str> = profile.notes.iter().map(|note| note.message.as_str()).collect();
        match want {
            None => assert_eq!(notes, [""; 0]),
            Some(why) => assert!(notes.len() == 1 && notes[0].contains(why), "{notes:?}"),
        }
        assert!(profile.map.deployments[1].price.is_some());
    }

    #[test]
    fn without_a_cache_there_is_no_warning() {
        check(None, None);
        assert_eq!(ModelTable::default().find("openai", "gpt-4o"), models::find("openai", "gpt-4o"));
    }

    #[test]
    fn a_broken_cache_is_one_warning_and_no_more() {
        check(Some(b"{\"openai\": {}}"), Some("it is no table of this version"));
        check(Some(b"\xff\xfe"), Some("it is not text"));
        check(Some(b""), Some("it is no table of this version"));
        check(Some(&fetched("openai/gpt-4o\tx\ty")), Some("a line of it is broken"));
        let cut = fetched("openai/gpt-4o\t1\t2");
        check(Some(&cut[..cut.len() - 1]), Some("it is not whole"));
    }

    #[test]
    fn a_fetched_table_decides_about_price_and_window() {
        let (_dir, vars) = cache(Some(&fetched("openai/gpt-4o\t1\t2\t\t\t\t77")));
        let inputs = LoadOptions { env: &vars, long_lived: false };
        let text = "[groups.main]\ndeployments = [{ model = \"openai/gpt-4o\" }]";
        let profile = Profile::parse(Source::Demo, text, &inputs).unwrap();
        let deployment = &profile.map.deployments[0];
        assert_eq!(deployment.context_window, Some(77));
        assert!((deployment.price.unwrap().output - 2e-6).abs() < 1e-15);
        // Requests follow the same table.
        assert_eq!(profile.endpoints[0].known.as_ref().and_then(|model| model.context_window), Some(77));
    }

    #[test]
    fn all_models_are_those_of_both_tables() {
        let (_dir, vars) = cache(Some(&fetched("zzz/new\t1\t2")));
        let facts = ModelTable::from_env(&vars);
        let all = facts.all();
        assert_eq!(all.len(), models::models().count() + 1);
        assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(all.last().map(|(key, _)| key.as_str()), Some("zzz/new"));
        assert_eq!(facts.find("zzz", "new").as_ref(), all.last().map(|(_, model)| model));
    }
}
