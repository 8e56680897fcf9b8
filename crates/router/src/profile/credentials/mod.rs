//! Where one key is, and whether it is there. Commands are not run here, values are never kept.

pub(crate) mod aws;
pub(crate) mod google;

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::profile::EnvVars;
use llmroute_core::model::{KeySource, Secret};

/// A key's source as a profile writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySpec {
    /// In an environment variable: the first of these that is set.
    Env(Vec<String>),
    /// Printed by a command.
    Command(String),
    /// In a file.
    File(String),
    /// Where the tools of AWS look: in a profile of theirs, or wherever they do.
    Aws(Option<String>),
    /// Google's application default credentials: of a file that is named, or where they usually are.
    Adc(Option<String>),
    /// In the keyring of the system.
    Keyring(String),
    /// Here.
    Literal(Secret),
}

impl KeySpec {
    /// Reads `env:NAME`, `cmd:COMMAND`, `file:PATH`, `aws:PROFILE`, `keyring:NAME` or a key.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let spec = match text.split_once(':') {
            Some((_, rest)) if is_scheme(text) && rest.trim().is_empty() => {
                return Err("the source of the key is empty".into());
            }
            Some(("env", names)) => {
                let names: Vec<String> = names.split('|').map(|name| name.trim().to_owned()).collect();
                if let Some(wrong) = names.iter().find(|name| !is_variable(name)) {
                    // What is no name of a variable may be a key in the wrong place: it is not repeated.
                    return Err(format!("a variable's name cannot have these {} characters", wrong.chars().count()));
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

/// A key that was looked for.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    /// Where it is.
    pub source: KeySource,
    /// What tells it from other keys, without telling it.
    pub identity: String,
    /// Why it is not there.
    pub no_key: Option<String>,
}

impl Credential {
    /// The endpoint takes no key.
    pub(crate) fn none() -> Self {
        Self { source: KeySource::None, identity: String::new(), no_key: None }
    }

    /// Looks for the key that `spec` names; paths are relative to `base`.
    ///
    /// # Errors
    /// When the key is there but cannot stand in a header.
    pub(crate) fn find(spec: &KeySpec, vars: &EnvVars, base: Option<&Path>) -> Result<Self, String> {
        match spec {
            KeySpec::Env(names) => {
                let source = KeySource::Env(names.clone());
                let Some((name, value)) = vars.first(names) else {
                    return Ok(Self { source, identity: names.join("|"), no_key: Some(not_set(names)) });
                };
                sendable(value).map_err(|why| format!("`{name}`: {why}"))?;
                Ok(Self { source, identity: fingerprint(value), no_key: None })
            }
            KeySpec::File(path) => {
                let path = expand_path(path, vars, base);
                let (identity, no_key) = match first_line(&path) {
                    Ok(line) => {
                        sendable(&line).map_err(|why| format!("`{}`: {why}", path.display()))?;
                        (fingerprint(&line), None)
                    }
                    Err(why) => (path.display().to_string(), Some(why)),
                };
                Ok(Self { source: KeySource::File(path), identity, no_key })
            }
            KeySpec::Command(command) => {
                Ok(Self { source: KeySource::Command(command.clone()), identity: command.clone(), no_key: None })
            }
            KeySpec::Adc(path) => {
                let file = google::credentials(path.as_deref(), vars, base);
                let (identity, no_key) = match file.as_deref().map(google::read) {
                    Some(Ok(text)) => (fingerprint(&text), None),
                    Some(Err(why)) => {
                        (file.as_ref().map_or_else(String::new, |path| path.display().to_string()), Some(why))
                    }
                    // Whether the machine has some is known when it is asked.
                    None => ("adc:".to_owned(), None),
                };
                Ok(Self { source: KeySource::Google(file), identity, no_key })
            }
            KeySpec::Literal(secret) => Ok(Self {
                source: KeySource::Literal(secret.clone()),
                identity: fingerprint(secret.expose()),
                no_key: None,
            }),
            KeySpec::Aws(profile) => Ok(aws::find(profile.as_deref(), vars)),
            // Asked when a call needs it: it may want a person to unlock it.
            KeySpec::Keyring(name) => Ok(Self {
                source: KeySource::Keyring(name.clone()),
                identity: format!("keyring:{name}"),
                no_key: (!cfg!(feature = "keyring")).then(|| "this build has no keyring (feature `keyring`)".into()),
            }),
        }
    }
}

/// Whether `text` begins like a source and not like a key.
fn is_scheme(text: &str) -> bool {
    ["env:", "cmd:", "file:", "keyring:"].iter().any(|scheme| text.starts_with(scheme))
}

/// Returns `true` if `name` can be the name of an environment variable.
pub(crate) fn is_variable(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// Whether a key can stand in a header: visible ASCII.
fn sendable(key: &str) -> Result<(), String> {
    if key.contains(['\n', '\r']) {
        Err("the key holds a line break".into())
    } else if key.chars().any(|c| !c.is_ascii_graphic() && c != ' ') {
        Err("the key holds a character that cannot stand in a header".into())
    } else {
        Ok(())
    }
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

fn first_line(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("key file {} does not exist", path.display()),
        _ => format!("key file {} cannot be read", path.display()),
    })?;
    match text.lines().next().map(str::trim) {
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
        let vars = EnvVars::from_iter([("SET", "sk-1"), ("EMPTY", ""), ("BROKEN", "sk-1\n")]);
        let got = KeySpec::parse(text).and_then(|spec| Credential::find(&spec, &vars, None));
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
    fn a_line_break_is_a_mistake() {
        check("env:BROKEN", Err("`BROKEN`: the key holds a line break"));
        check("sk-1\nsk-2", Err("the key holds a line break"));
    }

    #[test]
    fn a_source_without_a_name_is_a_mistake() {
        check("env:", Err("the source of the key is empty"));
        check("env:sk-abc", Err("a variable's name cannot have these 6 characters"));
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
        let identity =
            |text: &str| Credential::find(&KeySpec::parse(text).unwrap(), &vars, Some(dir.path())).unwrap().identity;
        assert_eq!(identity("env:A"), identity("file:key"));
        assert_eq!(identity("env:A"), identity("sk-1"));
        assert!(!identity("env:A").contains("sk-1"));
    }
}
