//! Generates manual pages and completions from the definition of the command line.

use clap_complete::Shell;

use crate::error::{CommandError, ErrorKind};

/// Every generated file with its path in the repository.
#[must_use]
pub fn all() -> Vec<(String, String)> {
    let shells = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell];
    let completions = shells.into_iter().map(|shell| {
        let name = clap_complete::Generator::file_name(&shell, "llmroute");
        (format!("completions/{name}"), completions(shell))
    });
    let pages = pages().into_iter().map(|(name, text)| (format!("man/{name}.1"), text));
    completions.chain(pages).collect()
}

/// The completions of one shell.
#[must_use]
pub(crate) fn completions(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut crate::commands::definition(), "llmroute", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The manual page of a command, given as its words.
///
/// # Errors
/// `usage` when there is no such command.
pub(crate) fn man(words: &[String]) -> Result<String, CommandError> {
    let name = [&["llmroute".to_owned()], words].concat().join("-");
    pages().into_iter().find(|(page, _)| *page == name).map(|(_, text)| text).ok_or_else(|| {
        let known: Vec<String> = pages().into_iter().map(|(name, _)| name.replace('-', " ")).collect();
        CommandError::new(ErrorKind::Usage, format!("there is no command `{}`", words.join(" ")))
            .hint(format!("one of: {}", known.join(", ")))
    })
}

/// One page for the program and one for each command.
fn pages() -> Vec<(String, String)> {
    let mut root = crate::commands::definition();
    root.build();
    let mut pages = Vec::new();
    collect(&root, "llmroute", &mut pages);
    pages
}

fn collect(command: &clap::Command, name: &str, pages: &mut Vec<(String, String)>) {
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(command.clone().name(name.to_owned()).display_name(name.to_owned()));
    // Rendering into memory cannot fail.
    let _ = page.render(&mut text);
    pages.push((name.to_owned(), String::from_utf8_lossy(&text).into_owned()));
    let commands = command.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set());
    for command in commands {
        collect(command, &format!("{name}-{}", command.get_name()), pages);
    }
}
