//! Sources of keys, and whether they have a key. Commands are not run here, and values are never kept.

pub(crate) mod aws;
pub(crate) mod google;

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::profile::{EnvVars, files};
pub use llmroute_core::model::{KeySource, Secret};

/// The source of a key, as a profile writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySpec {
    /// An environment variable: the first of these that is set.
    Env(Vec<String>),
    /// The output of a command.
    Command(String),
    /// A file.
    File(String),
    /// A profile of the AWS tools, or the one that they would use.
    Aws(Option<String>),
    /// Google's application default credentials: those of a file, or the usual ones.
    Adc(Option<String>),
    /// An entry in the keyring of the system.
    Keyring(String),
    /// The key itself.
    Literal(Secret),
}

impl KeySpec {
    /// Reads `env:NAME`, `cmd:COMMAND`, `file:PATH`, `aws:PROFILE`, `keyring:NAME` or a key.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = trim_key(text);
        let spec = match text.split_once(':') {
            Some((_, rest)) if is_scheme(text) && rest.trim().is_empty() => {
                return Err("the source of the key is empty".into());
            }
            Some(("env", names)) => {
                let names: Vec<String> = names.split('|').map(|name| name.trim().to_owned()).collect();
                if let Some(wrong) = names.iter().find(|name| !is_variable(name)) {
                    // The text may be a key in the wrong place, so it is not repeated.
                    return Err(format!("these {} characters are not the name of a variable", wrong.chars().count()));
                }
                Self::Env(names)
            }
            Some(("cmd", command)) => Self::Command(command.trim().to_owned()),
            Some(("file", path)) => Self::File(path.trim().to_owned()),
            Some(("aws", profile)) => Self::Aws(Some(profile.trim().to_owned()).filter(|name| !name.is_empty())),
            Some(("adc", path)) => Self::Adc(Some(path.trim().to_owned()).filter(|path| !path.is_empty())),
            Some(("keyring", name)) => Self::Keyring(name.trim().to_owned()),
            _ if text.is_empty() => return Err("the key is empty".into()),
            _ => {
                sendable(text)?;
                Self::Literal(Secret::new(text))
            }
        };
        Ok(spec)
    }

    /// The source in the form in which a profile writes it, unless that may be secret.
    pub(crate) fn reference(&self) -> Option<String> {
        match self {
            Self::Env(names) => Some(format!("env:{}", names.join("|"))),
            Self::File(path) => Some(format!("file:{path}")),
            Self::Aws(profile) => Some(format!("aws:{}", profile.as_deref().unwrap_or_default())),
            Self::Adc(path) => Some(format!("adc:{}", path.as_deref().unwrap_or_default())),
            Self::Keyring(name) => Some(format!("keyring:{name}")),
            Self::Command(_) | Self::Literal(_) => None,
        }
    }
}

/// A key, as far as it is known without a call.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    /// Its source.
    pub source: KeySource,
    /// A text that differs for different keys and does not reveal them.
    pub identity: String,
    /// The reason why it cannot be used.
    pub no_key: Option<String>,
}

impl Credential {
    /// No key, for an endpoint that takes none.
    pub(crate) fn none() -> Self {
        Self { source: KeySource::None, identity: String::new(), no_key: None }
    }

    /// Looks for the key that `spec` names; paths are relative to `base`. A key that cannot stand in a
    /// header counts as missing: the other deployments of the profile still work.
    pub fn find(spec: &KeySpec, vars: &EnvVars, base: Option<&Path>) -> Self {
        match spec {
            KeySpec::Env(names) => {
                let source = KeySource::Env(names.clone());
                let Some((name, value)) = vars.first(names) else {
                    return Self { source, identity: names.join("|"), no_key: Some(not_set(names)) };
                };
                let key = trim_key(value);
                Self { source, identity: fingerprint(key), no_key: unusable(key, name) }
            }
            KeySpec::File(path) => {
                let path = expand_path(path, vars, base);
                let (identity, no_key) = match first_line(&path) {
                    Ok(key) => (fingerprint(&key), unusable(&key, &format!("key file {}", path.display()))),
                    Err(why) => (path.display().to_string(), Some(why)),
                };
                Self { source: KeySource::File(path), identity, no_key }
            }
            KeySpec::Command(command) => {
                Self { source: KeySource::Command(command.clone()), identity: command.clone(), no_key: None }
            }
            KeySpec::Adc(path) => {
                let file = google::credentials(path.as_deref(), vars, base);
                let (identity, no_key) = match file.as_deref().map(google::read) {
                    Some(Ok(text)) => (fingerprint(&text), None),
                    Some(Err(why)) => {
                        (file.as_ref().map_or_else(String::new, |path| path.display().to_string()), Some(why))
                    }
                    // The machine may have some, which only a call can tell.
                    None => ("adc:".to_owned(), None),
                };
                Self { source: KeySource::Google(file), identity, no_key }
            }
            KeySpec::Literal(secret) => Self {
                source: KeySource::Literal(secret.clone()),
                identity: fingerprint(secret.expose()),
                no_key: None,
            },
            KeySpec::Aws(profile) => aws::find(profile.as_deref(), vars),
            // Read only when a call needs it: a person may have to unlock it.
            KeySpec::Keyring(name) => Self {
                source: KeySource::Keyring(name.clone()),
                identity: format!("keyring:{name}"),
                no_key: (!cfg!(feature = "keyring")).then(|| "this build has no keyring (feature `keyring`)".into()),
            },
        }
    }
}

/// Returns `true` if `text` begins like a source and not like a key.
fn is_scheme(text: &str) -> bool {
    ["env:", "cmd:", "file:", "keyring:"].iter().any(|scheme| text.starts_with(scheme))
}

/// Returns `true` if `name` can be the name of an environment variable.
pub(crate) fn is_variable(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// The key without what editors and shells leave at its ends: white space, line breaks, a byte order mark.
pub(crate) fn trim_key(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Checks that a key can stand in a header: visible ASCII.
fn sendable(key: &str) -> Result<(), String> {
    if key.contains(['\n', '\r']) {
        Err("the key contains a line break".into())
    } else if key.chars().any(|c| !c.is_ascii_graphic() && c != ' ') {
        Err("the key contains a character that cannot stand in a header".into())
    } else {
        Ok(())
    }
}

/// The reason why a key that is there cannot be used.
fn unusable(key: &str, place: &str) -> Option<String> {
    if key.is_empty() {
        return Some(format!("{place} is empty"));
    }
    sendable(key).err().map(|why| format!("{place}: {why}"))
}

fn not_set(names: &[String]) -> String {
    match names {
        [name] => format!("{name} is not set"),
        names => format!("none of {} is set", names.join(", ")),
    }
}

pub(crate) fn expand_path(path: &str, vars: &EnvVars, base: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), vars.home(), base) {
        (Some(rest), Some(home), _) => home.join(rest),
        (_, _, Some(base)) => base.join(path),
        _ => PathBuf::from(path),
    }
}

/// The largest file of keys that is read.
pub(crate) const LARGEST: u64 = 64 << 10;

fn first_line(path: &Path) -> Result<String, String> {
    let text = files::read_text(path, LARGEST).map_err(|why| format!("key file {} {why}", path.display()))?;
    if let Some(why) = files::writable_by_others(path) {
        return Err(format!("key file {} can be changed by others ({why})", path.display()));
    }
    match text.lines().next().map(trim_key) {
        None | Some("") => Err(format!("key file {} is empty", path.display())),
        Some(line) => Ok(line.to_owned()),
    }
}

/// The SHA-256 of a key, in hex.
pub(crate) fn fingerprint(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}

/// `bytes` in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Result<&str, &str>) {
        let vars = EnvVars::from_iter([
            ("SET", "sk-1"),
            ("EMPTY", ""),
            ("BROKEN", "sk-1\nsk-2"),
            ("BLANK", " \n"),
            ("PADDED", "\u{feff} sk-1\r\n"),
        ]);
        let got = KeySpec::parse(text).map(|spec| Credential::find(&spec, &vars, None));
        let got = got.map(|found| found.no_key.unwrap_or_else(|| "there".into()));
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{text}");
    }

    #[test]
    fn a_variable_that_is_set() {
        check("env:SET", Ok("there"));
        check("env:MISSING|SET", Ok("there"));
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        check("env:EMPTY", Ok("EMPTY is not set"));
        check("env:EMPTY|OTHER", Ok("none of EMPTY, OTHER is set"));
    }

    #[test]
    fn a_file_that_is_missing() {
        check("file:/nowhere/key", Ok("key file /nowhere/key does not exist"));
    }

    #[test]
    fn a_command_is_not_run() {
        check("cmd:exit 1", Ok("there"));
    }

    #[test]
    fn a_key_that_cannot_be_sent_counts_as_missing() {
        check("env:BROKEN", Ok("BROKEN: the key contains a line break"));
        check("env:BLANK", Ok("BLANK is empty"));
        check("sk-1\nsk-2", Err("the key contains a line break"));
    }

    #[test]
    fn white_space_around_a_key_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("key"), "\u{feff}sk-1 \r\n").unwrap();
        let vars = EnvVars::from_iter([("PADDED", "\u{feff} sk-1\r\n")]);
        let identity = |text: &str| Credential::find(&KeySpec::parse(text).unwrap(), &vars, Some(dir.path())).identity;
        assert_eq!(identity("env:PADDED"), fingerprint("sk-1"));
        assert_eq!(identity("file:key"), fingerprint("sk-1"));
        assert_eq!(identity(" sk-1\n"), fingerprint("sk-1"));
    }

    #[test]
    fn a_file_of_keys_that_others_can_change_or_that_is_a_device_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "sk-1").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let shown = path.display();
        check(&format!("file:{shown}"), Ok(&format!("key file {shown} can be changed by others (mode 0666)")));
        check("file:/dev/zero", Ok("key file /dev/zero is not a regular file"));
    }

    #[test]
    fn a_source_without_a_name_is_a_mistake() {
        check("env:", Err("the source of the key is empty"));
        check("env:sk-abc", Err("these 6 characters are not the name of a variable"));
        check("", Err("the key is empty"));
    }

    #[test]
    fn a_keyring_is_not_asked() {
        let without = "this build has no keyring (feature `keyring`)";
        check("keyring:work", Ok(if cfg!(feature = "keyring") { "there" } else { without }));
        check("keyring:", Err("the source of the key is empty"));
    }

    #[test]
    fn one_key_in_two_places_is_one_identity() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("key"), "sk-1\nsecond line\n").unwrap();
        let vars = EnvVars::from_iter([("A", "sk-1")]);
        let identity = |text: &str| Credential::find(&KeySpec::parse(text).unwrap(), &vars, Some(dir.path())).identity;
        assert_eq!(identity("env:A"), identity("file:key"));
        assert_eq!(identity("env:A"), identity("sk-1"));
        assert!(!identity("env:A").contains("sk-1"));
    }
}
