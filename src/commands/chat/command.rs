//! The commands of a conversation: their names, arguments and parser. It executes none.

/// The meaning of a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ParsedLine {
    /// An empty line.
    Nothing,
    /// A message for the model.
    Message(String),
    /// A command.
    Command(ChatCommand),
}

/// A command of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ChatCommand {
    /// Shows the model, or switches to another one.
    Model(Option<String>),
    /// Shows or sets the system prompt; an empty one removes it.
    System(Option<String>),
    /// Puts the text of a file before the next message.
    File(String),
    /// Attaches an image or a document to the next message.
    Attach(String),
    /// Repeats the last question, possibly with another model.
    Retry(Option<String>),
    /// Opens the next message in an editor, starting with this text.
    Edit(String),
    /// Removes the last question and its answer.
    Undo,
    /// Copies the last answer to the clipboard.
    Copy,
    /// Writes the conversation to a file.
    Save {
        /// The file.
        path: String,
        /// An existing file is replaced.
        replace: bool,
    },
    /// Starts a new conversation.
    New,
    /// Resumes an earlier conversation, by default the last one.
    Resume(Option<String>),
    /// Shows the turns.
    History,
    /// Shows the cost.
    Cost,
    /// Shows the routing of the last answer.
    Why,
    /// Shows the settings.
    Settings,
    /// Changes a setting.
    Set {
        /// Its name.
        key: String,
        /// Its new value; `default` leaves it to the model.
        value: String,
    },
    /// Switches the footer after each answer.
    Usage(bool),
    /// Shows the commands.
    Help,
    /// Ends the program.
    Exit,
}

/// A line that begins with `/` and is not a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct InvalidCommand {
    /// The problem.
    pub message: String,
    /// A suggestion.
    pub hint: String,
}

/// The completions after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completes {
    /// No completion.
    Nothing,
    /// A group or a model.
    Target,
    /// A file.
    File,
    /// A setting.
    Setting,
    /// `on` or `off`.
    Switch,
}

/// A command in `/help`.
#[derive(Debug)]
pub(crate) struct CommandHelp {
    /// Its name, without the slash.
    pub name: &'static str,
    /// Its arguments.
    pub takes: &'static str,
    /// The completions of its arguments.
    pub offers: Completes,
    /// Its description.
    pub about: &'static str,
}

/// Settings of `/set`.
pub(crate) const SETTINGS: &[&str] =
    &["temperature", "top_p", "max_tokens", "reasoning_effort", "effort", "seed", "stop", "vi", "markdown", "usage"];

/// Every command, in the order of the help.
pub(crate) const COMMANDS: &[CommandHelp] = &[
    row(
        "model",
        "[GROUP|PROVIDER/MODEL]",
        Completes::Target,
        "show the current group, or choose another group or model",
    ),
    row("system", "[TEXT|none]", Completes::Nothing, "show the system prompt, or set it"),
    row("file", "FILE|none", Completes::File, "put the text of FILE before the next message; none leaves all out"),
    row("attach", "FILE|URL", Completes::File, "show an image or a PDF file with the next message"),
    row("retry", "[GROUP|PROVIDER/MODEL]", Completes::Target, "ask the last question again, here or there"),
    row("edit", "[TEXT]", Completes::Nothing, "write the next message in $VISUAL or $EDITOR (also Ctrl-O)"),
    row("undo", "", Completes::Nothing, "take back the last question and its answer"),
    row("copy", "", Completes::Nothing, "put the last answer into the clipboard"),
    row("save", "[-f] FILE", Completes::File, "write the conversation into FILE; -f replaces it"),
    row("new", "", Completes::Nothing, "begin another conversation"),
    row("resume", "[ID]", Completes::Nothing, "go on with an earlier conversation"),
    row("history", "", Completes::Nothing, "show what was said"),
    row("cost", "", Completes::Nothing, "show what this session cost"),
    row("why", "", Completes::Nothing, "show how the last answer was routed"),
    row("set", "[KEY VALUE]", Completes::Setting, "show the settings, or change one (`default` takes it back)"),
    row("usage", "on|off", Completes::Switch, "the line after each answer"),
    row("help", "", Completes::Nothing, "show this"),
    row("exit", "", Completes::Nothing, "leave (also Ctrl-D)"),
];

const fn row(name: &'static str, takes: &'static str, offers: Completes, about: &'static str) -> CommandHelp {
    CommandHelp { name, takes, offers, about }
}

/// Parses `line`. A message that begins with `//` is text that begins with `/`.
///
/// # Errors
/// Fails on an unknown command or a missing argument.
pub(crate) fn read(line: &str) -> Result<ParsedLine, InvalidCommand> {
    if line.trim().is_empty() {
        return Ok(ParsedLine::Nothing);
    }
    let Some(command) = line.trim_start().strip_prefix('/') else { return Ok(ParsedLine::Message(line.to_owned())) };
    if let Some(text) = command.strip_prefix('/') {
        // A comment of a program, or pasted code, is not an escaped command.
        let comment = text.is_empty() || text.starts_with([' ', '\t', '/', '!']) || line.trim_end().contains('\n');
        return Ok(ParsedLine::Message(if comment { line.to_owned() } else { command.to_owned() }));
    }
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    if !is_name(name) {
        return Ok(ParsedLine::Message(line.to_owned()));
    }
    parse(name, rest.trim()).map(ParsedLine::Command)
}

/// Returns `true` for the form of a command's name; `/etc/hosts`, `/*` and `/2` are text.
fn is_name(name: &str) -> bool {
    name == "?" || (!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_'))
}

fn parse(name: &str, rest: &str) -> Result<ChatCommand, InvalidCommand> {
    let some = (!rest.is_empty()).then(|| rest.to_owned());
    let needs = |what: &str| InvalidCommand { message: format!("`/{name}` needs {what}"), hint: usage(name) };
    let alone = |command: ChatCommand| match &some {
        None => Ok(command),
        Some(_) => Err(InvalidCommand { message: format!("`/{name}` takes nothing"), hint: usage(name) }),
    };
    match name {
        "model" => Ok(ChatCommand::Model(some)),
        "system" => Ok(ChatCommand::System(some.map(|text| if text == "none" { String::new() } else { text }))),
        "file" => some.map(ChatCommand::File).ok_or_else(|| needs("a file")),
        "attach" => some.map(ChatCommand::Attach).ok_or_else(|| needs("a file or an address")),
        "retry" => Ok(ChatCommand::Retry(some)),
        "edit" => Ok(ChatCommand::Edit(some.unwrap_or_default())),
        "undo" => alone(ChatCommand::Undo),
        "copy" => alone(ChatCommand::Copy),
        "save" => {
            let (replace, path) = match rest.strip_prefix("-f ") {
                Some(path) => (true, path.trim()),
                None => (false, rest),
            };
            if path.is_empty() || path == "-f" {
                return Err(needs("a file"));
            }
            Ok(ChatCommand::Save { path: path.to_owned(), replace })
        }
        "new" => alone(ChatCommand::New),
        "resume" => Ok(ChatCommand::Resume(some)),
        "history" => alone(ChatCommand::History),
        "cost" => alone(ChatCommand::Cost),
        "why" => alone(ChatCommand::Why),
        "set" => set(rest),
        "usage" => switch(rest).map(ChatCommand::Usage).ok_or_else(|| needs("`on` or `off`")),
        "help" | "?" => alone(ChatCommand::Help),
        "exit" | "quit" => alone(ChatCommand::Exit),
        _ => Err(unknown(name)),
    }
}

fn set(rest: &str) -> Result<ChatCommand, InvalidCommand> {
    if rest.is_empty() {
        return Ok(ChatCommand::Settings);
    }
    let (key, value) = rest.split_once([' ', '=']).unwrap_or((rest, ""));
    if !SETTINGS.contains(&key) {
        let hint = match nearest(key, SETTINGS.iter().copied()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("one of: {}", SETTINGS.join(", ")),
        };
        return Err(InvalidCommand { message: format!("unknown setting `{key}`"), hint });
    }
    let value = value.trim();
    if value.is_empty() {
        return Err(InvalidCommand { message: format!("`/set {key}` needs a value"), hint: usage("set") });
    }
    Ok(ChatCommand::Set { key: key.to_owned(), value: value.to_owned() })
}

/// `on` or `off`.
#[must_use]
pub(crate) fn switch(text: &str) -> Option<bool> {
    match text {
        "on" | "true" => Some(true),
        "off" | "false" => Some(false),
        _ => None,
    }
}

fn usage(name: &str) -> String {
    let takes = COMMANDS.iter().find(|row| row.name == name).map_or("", |row| row.takes);
    format!("/{name} {takes}").trim_end().to_owned()
}

fn unknown(name: &str) -> InvalidCommand {
    let hint = match nearest(name, COMMANDS.iter().map(|row| row.name)) {
        Some(known) => format!("did you mean `/{known}`?"),
        None => "`/help` lists the commands; a message that begins with `/` begins with `//`".to_owned(),
    };
    InvalidCommand { message: format!("unknown command `/{name}`; nothing was sent"), hint }
}

/// The most similar name, by the longest common prefix and Jaro-Winkler similarity.
fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(given, name);
    let best = known.max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(best) >= 0.8).then_some(best)
}

/// The text of `/help`.
#[must_use]
pub(crate) fn help() -> String {
    let lines = COMMANDS.iter().map(|row| {
        let form = usage(row.name);
        format!("{form:<34} {}\n", row.about)
    });
    lines.collect::<String>()
        + "\nSeveral lines: `\"\"\"` … `\"\"\"`, Ctrl-J, or a backslash at the end of a line.\n\
           Ctrl-R searches the history; Tab completes; Ctrl-C stops an answer, twice on an empty line it leaves.\n\
           A message that begins with `//` is text that begins with `/`.\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: ChatCommand) {
        assert_eq!(read(line), Ok(ParsedLine::Command(want)));
    }

    fn check_mistake(line: &str, message: &str, hint: &str) {
        let mistake = read(line).expect_err("it means nothing");
        assert_eq!((mistake.message.as_str(), mistake.hint.as_str()), (message, hint));
    }

    #[test]
    fn a_message_is_sent_as_it_is() {
        assert_eq!(read(" a / b "), Ok(ParsedLine::Message(" a / b ".into())));
        assert_eq!(read("//etc/hosts"), Ok(ParsedLine::Message("/etc/hosts".into())));
        assert_eq!(read("  \n"), Ok(ParsedLine::Nothing));
    }

    #[test]
    fn a_line_that_only_looks_like_a_command_is_a_message() {
        for text in [
            "/etc/hosts is empty, why?",
            "/etc/hosts",
            "/* a comment */",
            "/",
            "/ 2",
            "/2 = x",
            "/Users is a folder",
            "/r.txt",
            "// a comment",
            "//",
            "/// a doc comment",
            "//! a crate",
            "//a\n//b",
        ] {
            assert_eq!(read(text), Ok(ParsedLine::Message(text.into())), "{text}");
        }
    }

    #[test]
    fn commands_take_what_they_take() {
        check("/model openai/gpt-4o ", ChatCommand::Model(Some("openai/gpt-4o".into())));
        check("/model", ChatCommand::Model(None));
        check("/system none", ChatCommand::System(Some(String::new())));
        check("/system You are  brief.", ChatCommand::System(Some("You are  brief.".into())));
        check("/file a b.txt", ChatCommand::File("a b.txt".into()));
        check("/retry", ChatCommand::Retry(None));
        check("/save -f a.md", ChatCommand::Save { path: "a.md".into(), replace: true });
        check("/save a.md", ChatCommand::Save { path: "a.md".into(), replace: false });
        check("/set temperature 0.5", ChatCommand::Set { key: "temperature".into(), value: "0.5".into() });
        check("/set temperature=0.5", ChatCommand::Set { key: "temperature".into(), value: "0.5".into() });
        check("/set", ChatCommand::Settings);
        check("/usage off", ChatCommand::Usage(false));
        check("/quit", ChatCommand::Exit);
    }

    #[test]
    fn a_misspelt_command_is_answered_with_a_suggestion() {
        check_mistake("/modle x", "unknown command `/modle`; nothing was sent", "did you mean `/model`?");
        let help = "`/help` lists the commands; a message that begins with `/` begins with `//`";
        check_mistake("/etc", "unknown command `/etc`; nothing was sent", help);
        check_mistake("/set temprature 1", "unknown setting `temprature`", "did you mean `temperature`?");
    }

    #[test]
    fn what_is_missing_is_named() {
        check_mistake("/file", "`/file` needs a file", "/file FILE|none");
        check_mistake("/save -f", "`/save` needs a file", "/save [-f] FILE");
        check_mistake("/usage maybe", "`/usage` needs `on` or `off`", "/usage on|off");
        check_mistake("/undo 2", "`/undo` takes nothing", "/undo");
        check_mistake("/set seed", "`/set seed` needs a value", "/set [KEY VALUE]");
    }

    #[test]
    fn every_command_of_the_help_is_one() {
        for row in COMMANDS {
            let known = parse(row.name, "");
            let unknown = unknown(row.name).message;
            assert!(known.map_or_else(|mistake| mistake.message != unknown, |_| true), "{}", row.name);
        }
    }
}
