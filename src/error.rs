//! What ends a command without success: a kind with its exit code, a message, and what to do next.

use std::fmt;

/// The kinds of failure a command can end with; each has one exit code and nothing else decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Something for which there is no better word.
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

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// Decides the exit code.
    pub kind: ErrorKind,
    /// What happened and where: a fragment in lower case without a full stop.
    pub message: String,
    /// Further lines of the message (one for each attempt), printed indented.
    pub details: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The message is already complete with heading and place (diagnostics of a profile).
    pub rendered: bool,
}

impl CommandError {
    /// An error without details or a hint.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), details: Vec::new(), hint: None, rendered: false }
    }

    /// The same error with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// An error whose message brings its own heading and place.
    #[must_use]
    pub fn rendered(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { rendered: true, ..Self::new(kind, message) }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.rendered {
            f.write_str("error: ")?;
        }
        f.write_str(self.message.trim_end())?;
        for detail in &self.details {
            write!(f, "\n  {detail}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CommandError {}
