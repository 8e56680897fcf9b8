//! Tab completion of commands and their arguments.

use std::path::{Path, PathBuf};

use crate::commands::chat::command::{COMMANDS, Completes, SETTINGS};

use super::files::expand;

/// The names that can be completed.
#[derive(Debug, Clone, Default)]
pub(crate) struct CompletionNames {
    /// Groups and models.
    pub targets: Vec<String>,
    /// The home directory, for `~`.
    pub home: Option<PathBuf>,
}

impl CompletionNames {
    /// The start of the word before `at` in `line`, and its completions.
    #[must_use]
    pub(crate) fn complete(&self, line: &str, at: usize) -> (usize, Vec<String>) {
        let said = &line[..at];
        let Some(command) = said.strip_prefix('/') else { return (at, Vec::new()) };
        let Some((name, rest)) = command.split_once(' ') else {
            let names = COMMANDS.iter().map(|row| row.name).filter(|name| name.starts_with(command));
            return (0, names.map(|name| format!("/{name} ")).collect());
        };
        let word = rest.trim_start();
        let word = word.strip_prefix("-f ").unwrap_or(word);
        let begin = at - word.len();
        let offers = COMMANDS.iter().find(|row| row.name == name).map_or(Completes::Nothing, |row| row.offers);
        let fits = |known: &&str| known.starts_with(word);
        let found = match offers {
            Completes::Nothing => Vec::new(),
            Completes::Target => self.targets.iter().map(String::as_str).filter(fits).map(str::to_owned).collect(),
            Completes::File => self.files(word),
            Completes::Setting => SETTINGS.iter().copied().filter(fits).map(|name| format!("{name} ")).collect(),
            Completes::Switch => ["on", "off"].into_iter().filter(fits).map(str::to_owned).collect(),
        };
        (begin, found)
    }

    /// The files whose path begins with `word`; hidden ones only if `word` names one.
    fn files(&self, word: &str) -> Vec<String> {
        let (folder, begin) =
            word.rsplit_once('/').map_or(("", word), |(folder, begin)| (&word[..=folder.len()], begin));
        let place = if folder.is_empty() { PathBuf::from(".") } else { expand(folder, self.home.as_deref()) };
        let Ok(entries) = std::fs::read_dir(place) else { return Vec::new() };
        let mut found: Vec<String> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let hidden = name.starts_with('.') && !begin.starts_with('.');
                let end = if is_folder(&entry.path()) { "/" } else { "" };
                (name.starts_with(begin) && !hidden).then(|| format!("{folder}{name}{end}"))
            })
            .collect();
        found.sort();
        found
    }
}

fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, begin: usize, want: &[&str]) {
        let names = CompletionNames { targets: vec!["main".into(), "mini".into(), "lab/a".into()], home: None };
        assert_eq!(names.complete(line, line.len()), (begin, want.iter().map(|&name| name.to_owned()).collect()));
    }

    #[test]
    fn commands_are_offered() {
        check("/re", 0, &["/retry ", "/resume "]);
        check("hello /re", 9, &[]);
    }

    #[test]
    fn groups_and_models_are_offered() {
        check("/model m", 7, &["main", "mini"]);
        check("/retry lab/", 7, &["lab/a"]);
        check("/model ", 7, &["main", "mini", "lab/a"]);
    }

    #[test]
    fn settings_and_switches_are_offered() {
        check("/set te", 5, &["temperature "]);
        check("/usage o", 7, &["on", "off"]);
        check("/undo ", 6, &[]);
    }

    #[test]
    fn files_are_offered() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("one.md"), "").unwrap();
        std::fs::write(dir.path().join(".two"), "").unwrap();
        std::fs::create_dir(dir.path().join("other")).unwrap();
        let at = dir.path().display();
        check(&format!("/file {at}/o"), 6, &[&format!("{at}/one.md"), &format!("{at}/other/")]);
        check(&format!("/save -f {at}/.t"), 9, &[&format!("{at}/.two")]);
        check(&format!("/attach {at}/none/"), 8, &[]);
    }
}
