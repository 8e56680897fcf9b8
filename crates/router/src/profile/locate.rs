//! Finds the profile. Checks which files exist, and reads none.

use std::path::{Path, PathBuf};

use super::EnvVars;
use super::document::diagnostic::{Diagnostic, LoadError};
use super::document::suggest;

/// The location of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileLocation {
    /// In a file.
    File(PathBuf),
    /// Built in.
    Demo,
    /// Nowhere: it is made from the keys or servers of this machine.
    Discover,
}

/// Finds the profile: `arg` (`--profile`), else `$LLMROUTE_PROFILE`, else `profile.toml` in the
/// folder of profiles, else none. A value with a `/` or ending in `.toml` is a file; any other is a
/// name in the folder. A file in the working directory is never loaded by itself.
///
/// # Errors
/// A named profile that does not exist, with the names that do.
pub fn locate(arg: Option<&str>, vars: &EnvVars) -> Result<ProfileLocation, LoadError> {
    let Some(wanted) = arg.or_else(|| vars.get("LLMROUTE_PROFILE")) else {
        let default = profiles_dir(vars).map(|folder| folder.join("profile.toml")).filter(|path| path.exists());
        return Ok(default.map_or(ProfileLocation::Discover, ProfileLocation::File));
    };
    if is_file(wanted) {
        return Ok(ProfileLocation::File(PathBuf::from(wanted)));
    }
    if wanted == "demo" {
        return Ok(ProfileLocation::Demo);
    }
    let Some(folder) = profiles_dir(vars) else {
        let error = Diagnostic::error("neither `HOME` nor `XDG_CONFIG_HOME` is set");
        return Err(LoadError::plain("", error.help("name a file: `--profile ./profile.toml`")));
    };
    let path = folder.join(format!("{wanted}.toml"));
    if path.exists() { Ok(ProfileLocation::File(path)) } else { Err(missing(wanted, &folder)) }
}

/// Returns the folder of profiles: `$XDG_CONFIG_HOME/llmroute`, or `~/.config/llmroute`.
#[must_use]
pub fn profiles_dir(vars: &EnvVars) -> Option<PathBuf> {
    let config = vars.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    Some(config.or_else(|| vars.home().map(|home| home.join(".config")))?.join("llmroute"))
}

fn is_file(name: &str) -> bool {
    name.contains('/') || Path::new(name).extension().is_some_and(|extension| extension == "toml")
}

fn missing(wanted: &str, folder: &Path) -> LoadError {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
        .collect();
    names.sort();
    let known = || names.iter().map(String::as_str).chain(["demo"]);
    let help = match suggest::nearest(wanted, known()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => suggest::one_of(known()),
    };
    let error = Diagnostic::error(format!("no profile `{wanted}`")).help(help);
    LoadError::plain(folder.display().to_string(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(files: &[&str]) -> (tempfile::TempDir, EnvVars) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(".config/llmroute");
        std::fs::create_dir_all(&folder).unwrap();
        for file in files {
            std::fs::write(folder.join(file), "").unwrap();
        }
        let vars = EnvVars::from_iter([("HOME", dir.path().to_str().unwrap())]);
        (dir, vars)
    }

    fn check(files: &[&str], arg: Option<&str>, variable: &str, want: &str) {
        let (dir, vars) = home(files);
        let vars: EnvVars =
            vars.as_map().clone().into_iter().chain([("LLMROUTE_PROFILE".to_owned(), variable.to_owned())]).collect();
        let got = match locate(arg, &vars) {
            Ok(located) => format!("{located:?}"),
            Err(error) => error.diagnostics[0].help.clone().unwrap(),
        };
        assert_eq!(got.replace(dir.path().to_str().unwrap(), "~"), want);
    }

    #[test]
    fn a_name_is_in_the_folder() {
        check(&["work.toml"], Some("work"), "", r#"File("~/.config/llmroute/work.toml")"#);
    }

    #[test]
    fn a_slash_or_an_ending_is_a_file() {
        check(&[], Some("./p"), "", r#"File("./p")"#);
        check(&[], Some("p.toml"), "", r#"File("p.toml")"#);
    }

    #[test]
    fn the_argument_comes_before_the_variable() {
        check(&["work.toml"], Some("demo"), "work", "Demo");
        check(&["work.toml"], None, "work", r#"File("~/.config/llmroute/work.toml")"#);
    }

    #[test]
    fn without_a_name_it_is_the_default_file_or_none() {
        check(&["profile.toml"], None, "", r#"File("~/.config/llmroute/profile.toml")"#);
        check(&["work.toml"], None, "", "Discover");
    }

    #[test]
    fn a_missing_name_lists_those_that_exist() {
        check(&["work.toml", "home.toml"], Some("xyz"), "", "one of `home`, `work`, `demo`");
        check(&["work.toml"], Some("wrok"), "", "did you mean `work`?");
    }

    #[test]
    fn xdg_config_home_is_the_folder_when_absolute() {
        let vars = EnvVars::from_iter([("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]);
        assert_eq!(profiles_dir(&vars), Some(PathBuf::from("/x/llmroute")));
        let vars = EnvVars::from_iter([("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]);
        assert_eq!(profiles_dir(&vars), Some(PathBuf::from("/h/.config/llmroute")));
    }
}
