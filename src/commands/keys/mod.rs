//! `llmroute keys set|list|rm`: keys in the operating system's keyring, for `keyring:NAME` in a profile.

mod names;

use std::io::{self, Read as _};

use clap::{Args, Subcommand};

use self::names::KeyNames;
use crate::commands::Exit;
use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::ui::console::Console;
use llmroute_core::model::Secret;
pub(crate) use llmroute_router::credentials::keyring::{Keyring, KeyringError, SystemKeyring};

/// Manage API keys in the system keyring
///
/// A profile uses such a key as `api_key = "keyring:NAME"`.
#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    /// The action.
    #[command(subcommand)]
    pub action: KeysAction,
}

/// An action on the keys.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum KeysAction {
    /// Store a key, read from the terminal without echo or from standard input
    Set {
        /// Name of the key
        name: String,
    },
    /// Print the names of the stored keys
    List,
    /// Delete a key
    Rm {
        /// Name of the key
        name: String,
    },
}

/// The longest key, in bytes.
const LONGEST: u64 = 64 << 10;

/// Runs the command on the console.
///
/// # Errors
/// `usage` if a name or a key is not valid, `input` if no key can be read, `other` if the
/// keyring is not available or has no such key.
pub(crate) fn run(args: &KeysArgs, _: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let names = KeyNames::at(env.state_dir());
    let ring = SystemKeyring::default();
    match &args.action {
        KeysAction::Set { name } => {
            check_name(name)?;
            let key = read_key(name, env, console)?;
            set(name, &key, &ring, &names)?;
            console.event(&format!("kept the key `{name}`; a profile uses it as `api_key = \"keyring:{name}\"`"));
        }
        KeysAction::List => {
            let names = names.read().map_err(|why| unwritable(&names, why))?;
            if names.is_empty() {
                console.event("no key was kept yet (`llmroute keys set NAME`)");
                return Ok(Exit::Success);
            }
            return console
                .data(&names.join("\n"))
                .map(|()| Exit::Success)
                .or_else(|error| crate::commands::ask::unwritable(&error));
        }
        KeysAction::Rm { name } => {
            remove(name, &ring, &names)?;
            console.event(&format!("forgot the key `{name}`"));
        }
    }
    Ok(Exit::Success)
}

fn set(name: &str, key: &Secret, ring: &dyn Keyring, names: &KeyNames) -> Result<(), CommandError> {
    ring.set(name, key).map_err(|why| failed(&why))?;
    names.add(name).map_err(|why| unwritable(names, why))
}

fn remove(name: &str, ring: &dyn Keyring, names: &KeyNames) -> Result<(), CommandError> {
    let there = ring.remove(name).map_err(|why| failed(&why))?;
    let listed = names.remove(name).map_err(|why| unwritable(names, why))?;
    if there || listed {
        return Ok(());
    }
    Err(CommandError::new(ErrorKind::Other, format!("there is no key `{name}`"))
        .hint("`llmroute keys list` prints their names"))
}

/// Checks a name, which goes into a profile and onto a line of a file.
fn check_name(name: &str) -> Result<(), CommandError> {
    let good = |c: char| c.is_alphanumeric() || "-_.@/+".contains(c);
    if !name.is_empty() && name.chars().count() <= 64 && name.chars().all(good) {
        return Ok(());
    }
    // Text that looks like a key is not repeated.
    Err(CommandError::new(ErrorKind::Usage, "this cannot be the name of a key")
        .hint("letters, digits and `-_.@/+`, 64 at most; the key itself is asked for, never an argument"))
}

fn read_key(name: &str, env: &Env, console: &mut Console) -> Result<Secret, CommandError> {
    let wrong = |why: io::Error| CommandError::caused(ErrorKind::Input, "cannot read the key", why);
    let text = if env.stdin_terminal {
        console.secret(&format!("key `{name}`: ")).map_err(wrong)?
    } else {
        let mut text = String::new();
        io::stdin().lock().take(LONGEST).read_to_string(&mut text).map_err(wrong)?;
        text
    };
    key_in(&text)
}

/// The single line of `text`, which must be valid in a header.
fn key_in(text: &str) -> Result<Secret, CommandError> {
    let key = text.trim();
    let wrong = |why: &str| CommandError::new(ErrorKind::Usage, why).hint("type it when asked, or pipe it: one line");
    match key {
        "" => Err(wrong("there is no key")),
        _ if key.contains(['\n', '\r']) => Err(wrong("the key has more than one line")),
        _ if key.chars().any(|c| !c.is_ascii_graphic() && c != ' ') => {
            Err(wrong("the key holds a character that cannot stand in a header"))
        }
        _ => Ok(Secret::new(key)),
    }
}

fn failed(why: &KeyringError) -> CommandError {
    CommandError::new(ErrorKind::Other, why.to_string()).hint(why.hint())
}

fn unwritable(names: &KeyNames, why: io::Error) -> CommandError {
    CommandError::caused(ErrorKind::Other, format!("cannot use the list of names `{}`", names.shown()), why)
}

#[cfg(test)]
mod tests {
    use super::*;
    pub(crate) use llmroute_router::credentials::keyring::MemoryKeyring;

    #[test]
    fn a_key_that_is_set_is_listed_until_it_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let names = KeyNames::at(Some(dir.path().to_path_buf()));
        let ring = MemoryKeyring::default();
        set("work", &Secret::new("sk-1"), &ring, &names).unwrap();
        set("home", &Secret::new("sk-2"), &ring, &names).unwrap();
        set("work", &Secret::new("sk-3"), &ring, &names).unwrap();
        assert_eq!(names.read().unwrap(), ["home", "work"]);
        assert_eq!(ring.get("work"), Ok(Some(Secret::new("sk-3"))));
        remove("work", &ring, &names).unwrap();
        assert_eq!((names.read().unwrap(), ring.get("work")), (vec!["home".to_owned()], Ok(None)));
        assert_eq!(remove("work", &ring, &names).unwrap_err().message(), "there is no key `work`");
    }

    #[test]
    fn a_name_that_could_be_a_key_or_break_a_line_is_none() {
        for name in ["", "a b", "a\nb", "a:b", &"x".repeat(65)] {
            let why = check_name(name).unwrap_err();
            assert!(!why.to_string().contains("xxx"), "{name:?}");
        }
        for name in ["work", "openai/main", "me@example.org"] {
            check_name(name).unwrap();
        }
    }

    #[test]
    fn what_is_no_key_is_said_and_not_repeated() {
        for text in ["", " \n", "sk-1\nsk-2", "sk-\u{7f}"] {
            let why = key_in(text).unwrap_err();
            assert!(why.kind == ErrorKind::Usage && !why.to_string().contains("sk-"), "{why}");
        }
        assert_eq!(key_in("sk-1\n").unwrap(), Secret::new("sk-1"));
    }
}
