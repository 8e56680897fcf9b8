//! The failures of commands: a kind with its exit code, a message, and hints.

use std::fmt;
use std::io;
use std::num::{IntErrorKind, ParseFloatError, ParseIntError};
use std::str::Utf8Error;
use std::string::FromUtf8Error;

use clap::error::{ContextKind, ContextValue};

pub(crate) use llmroute_router::history::HistoryError;

/// The kinds of failure. Each has one exit code, and nothing else chooses exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// No other kind applies.
    Other,
    /// The command line cannot be understood.
    Usage,
    /// The request was refused: bad request, context window, content policy, unsupported.
    Refused,
    /// An input cannot be read.
    Input,
    /// No deployment could answer.
    Unavailable,
    /// A bug of ours.
    Internal,
    /// The output broke, or cannot be written.
    Output,
    /// Every deployment left is gated by a rate limit.
    TryLater,
    /// Authentication or permission failed everywhere.
    Authentication,
    /// The profile is wrong, or there is none and no key.
    Profile,
    /// The deadline passed.
    Deadline,
}

impl ErrorKind {
    /// The exit code, after sysexits.h where it has a fitting one.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::Refused => 65,
            Self::Input => 66,
            Self::Unavailable => 69,
            Self::Internal => 70,
            Self::Output => 74,
            Self::TryLater => 75,
            Self::Authentication => 77,
            Self::Profile => 78,
            Self::Deadline => 124,
        }
    }
}

/// A failed command: its kind, its message with causes, and hints.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// Decides the exit code.
    pub kind: ErrorKind,
    /// Further lines of the message (one for each attempt), printed indented.
    pub details: Vec<String>,
    /// Hints, a line each.
    pub hints: Vec<String>,
    /// The failure with its causes: fragments in lower case without a full stop.
    source: anyhow::Error,
    /// The message already has its heading and place (diagnostics of a profile).
    rendered: bool,
}

impl CommandError {
    /// Makes an error without a cause.
    #[must_use]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::from_cause(kind, anyhow::Error::msg(message.into()))
    }

    /// Makes an error that says what failed, and keeps the cause.
    #[must_use]
    pub(crate) fn caused(kind: ErrorKind, message: impl Into<String>, cause: impl Into<anyhow::Error>) -> Self {
        Self::from_cause(kind, cause.into().context(message.into()))
    }

    /// Makes an error of one whose message says everything.
    #[must_use]
    pub(crate) fn from_cause(kind: ErrorKind, cause: impl Into<anyhow::Error>) -> Self {
        Self { kind, details: Vec::new(), hints: Vec::new(), source: cause.into(), rendered: false }
    }

    /// Makes an error whose text brings its own heading and place.
    #[must_use]
    pub(crate) fn rendered(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { rendered: true, ..Self::new(kind, text) }
    }

    /// Adds a hint.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Replaces the hints, if there are any: the same advice in the words of another command.
    #[must_use]
    pub(crate) fn with_hint_instead(mut self, hint: impl Into<String>) -> Self {
        if !self.hints.is_empty() {
            self.hints = vec![hint.into()];
        }
        self
    }

    /// Returns the message with its causes, on one line.
    #[must_use]
    pub(crate) fn message(&self) -> String {
        let causes: Vec<String> = self.source.chain().map(describe).collect();
        causes.join(": ").trim_end().to_owned()
    }

    /// Returns `true` if the text brings its own heading, place and colours.
    #[must_use]
    pub(crate) fn is_rendered(&self) -> bool {
        self.rendered
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.rendered {
            f.write_str("error: ")?;
        }
        f.write_str(&self.message())?;
        for detail in &self.details {
            write!(f, "\n  {detail}")?;
        }
        for hint in &self.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CommandError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}

impl From<HistoryError> for CommandError {
    fn from(error: HistoryError) -> Self {
        let kind = match &error {
            HistoryError::Store(_) => ErrorKind::Other,
            HistoryError::InMemory
            | HistoryError::NoHome
            | HistoryError::Empty(_)
            | HistoryError::Unknown(_)
            | HistoryError::UnknownConversation(_)
            | HistoryError::Ambiguous { .. } => ErrorKind::Input,
        };
        let hint = error.hint();
        let error = Self::from_cause(kind, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Returns the message of `cause`; errors of the standard library get the words of this program.
fn describe(cause: &(dyn std::error::Error + 'static)) -> String {
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return io_text(error);
    }
    if let Some(error) = cause.downcast_ref::<ParseIntError>() {
        return int_text(error).to_owned();
    }
    if cause.is::<ParseFloatError>() {
        return "not a number".to_owned();
    }
    if cause.is::<FromUtf8Error>() || cause.is::<Utf8Error>() {
        return "it is not UTF-8".to_owned();
    }
    cause.to_string()
}

/// Returns the meaning of an error of the operating system, without its code.
#[must_use]
pub(crate) fn io_text(error: &io::Error) -> String {
    if let Some(inner) = error.get_ref() {
        return describe(inner);
    }
    let text = match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::IsADirectory => "it is a directory",
        io::ErrorKind::NotADirectory => "a part of the path is not a directory",
        io::ErrorKind::AlreadyExists => "it already exists",
        io::ErrorKind::StorageFull => "the disk is full",
        io::ErrorKind::QuotaExceeded => "the disk quota is used up",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        io::ErrorKind::InvalidData => "it is not UTF-8",
        io::ErrorKind::UnexpectedEof => "the file ends too early",
        io::ErrorKind::BrokenPipe => "the reader closed the pipe",
        _ => return without_code(&error.to_string()),
    };
    text.to_owned()
}

/// `Too many open files (os error 24)` without the code, in lower case.
fn without_code(text: &str) -> String {
    let text = text.split(" (os error").next().unwrap_or(text);
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn int_text(error: &ParseIntError) -> &'static str {
    match error.kind() {
        IntErrorKind::Empty => "the value is empty",
        IntErrorKind::PosOverflow => "the number is too large",
        IntErrorKind::NegOverflow => "the number is too small",
        _ => "not a whole number",
    }
}

/// Returns the error for an invalid number on the command line, for which the parser has only the words of the
/// standard library.
#[must_use]
pub(crate) fn plain_parse_error(error: &clap::Error) -> Option<CommandError> {
    let source = std::error::Error::source(error)?;
    let known = source.is::<ParseIntError>() || source.is::<ParseFloatError>();
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (argument, value) = (context(ContextKind::InvalidArg)?, context(ContextKind::InvalidValue)?);
    known.then(|| {
        CommandError::new(ErrorKind::Usage, format!("invalid value `{value}` for `{argument}`: {}", describe(source)))
            .hint("`--help` shows what the option takes")
    })
}

/// Returns the error for a question in the place of a command.
#[must_use]
pub(crate) fn question_without_ask(error: &clap::Error) -> Option<CommandError> {
    if error.kind() != clap::error::ErrorKind::InvalidSubcommand
        || error.get(ContextKind::SuggestedSubcommand).is_some()
    {
        return None;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let error = CommandError::new(ErrorKind::Usage, format!("`{typed}` is not a command"));
    Some(error.hint(format!("`llmroute ask {typed:?}` sends it to a model; `llmroute --help` lists the commands")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_kept_and_stand_behind_the_message() {
        let cause = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = CommandError::caused(ErrorKind::Output, "cannot write `x`", cause).hint("a").hint("b");
        assert_eq!(error.to_string(), "error: cannot write `x`: permission denied\nhint: a\nhint: b");
        let source = std::error::Error::source(&error).and_then(|source| source.source());
        assert!(source.is_some_and(|cause| cause.is::<io::Error>()), "{source:?}");
    }

    #[test]
    fn the_words_of_the_standard_library_never_reach_a_person() {
        let text = |error: io::Error| io_text(&error);
        assert_eq!(text(io::ErrorKind::NotFound.into()), "no such file or directory");
        assert_eq!(text(io::Error::from_raw_os_error(13)), "permission denied");
        assert_eq!(text(io::Error::from_raw_os_error(24)), "too many open files");
        assert_eq!(text(io::Error::other("the lock is held")), "the lock is held");
        let error = |text: &str| describe(&text.parse::<u8>().unwrap_err());
        assert_eq!(
            (error("x"), error("256"), error("")),
            ("not a whole number".to_owned(), "the number is too large".to_owned(), "the value is empty".to_owned(),)
        );
    }
}
