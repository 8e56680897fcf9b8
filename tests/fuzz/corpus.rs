//! The inputs that mutation begins with: everything under `tests/fixtures` that suits a target.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Whole inputs, and pieces that may be put into any of them.
pub struct Corpus {
    pub seeds: Vec<Vec<u8>>,
    /// Strings and numbers of the seeds: the words of the protocols.
    pub words: Vec<Vec<u8>>,
}

impl Corpus {
    /// Bodies of replies, of every protocol.
    pub fn bodies() -> Self {
        let folders =
            files(&root()).into_iter().filter(|path| !path.components().any(|part| part.as_os_str() == "profiles"));
        Self::of(
            folders.filter(|path| path.file_name().is_some_and(|name| name != "expected.json")).map(|path| read(&path)),
        )
    }

    /// Replies with an error status, as the targets for errors take them.
    pub fn errors() -> Self {
        let table: Vec<Value> = serde_json::from_slice(&read(&root().join("provider_errors.json"))).expect("a table");
        let rows = table.iter().map(|row| reply(&row["status"], &row["headers"], &row["body"]));
        let recorded: Value =
            serde_json::from_slice(&read(&root().join("headers/recorded-response-headers.json"))).expect("JSON");
        let hosts = recorded.as_object().expect("hosts").values().filter_map(Value::as_object);
        let heads =
            hosts.flatten().map(|(status, headers)| reply(&Value::from(status.as_str()), headers, &Value::Null));
        let bodies = files(&root()).into_iter().filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let status = name.split_once("error-")?.1.get(..3)?.parse::<u16>().ok()?;
            Some([format!("{status}\n\n").as_bytes(), &read(&path)].concat())
        });
        Self::of(rows.chain(heads).chain(bodies))
    }

    /// Profiles: right ones, wrong ones and the examples.
    pub fn profiles() -> Self {
        let examples = root().join("../../examples/profiles");
        let all = files(&root()).into_iter().chain(files(&examples));
        Self::of(
            all.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).map(|path| read(&path)),
        )
    }

    fn of(seeds: impl Iterator<Item = Vec<u8>>) -> Self {
        let seeds: Vec<Vec<u8>> = seeds.collect();
        assert!(seeds.len() >= 5, "there are {} seeds only", seeds.len());
        let mut words: Vec<Vec<u8>> = seeds.iter().flat_map(|seed| words(seed)).collect();
        words.sort_unstable();
        words.dedup();
        Self { seeds, words }
    }
}

/// The texts between quotes.
fn words(seed: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let parts = seed.split(|byte| *byte == b'"').filter(|part| (1..40).contains(&part.len()));
    parts.map(|part| [b"\"", part, b"\""].concat())
}

fn reply(status: &Value, headers: &Value, body: &Value) -> Vec<u8> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let headers = headers.as_object().into_iter().flatten().map(|(name, value)| format!("{name}: {}\n", text(value)));
    format!("{}\n{}\n{}", text(status), headers.collect::<String>(), text(body)).into_bytes()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// All files below `folder`, in an order that does not change.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a file that can be read")
}
