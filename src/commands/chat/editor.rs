//! The line editor: keys, history, completion. It does not interpret lines.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::completion::{Completer, Pair};
use rustyline::config::{Behavior, BellStyle, CompletionType, Configurer};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Cmd, ConditionalEventHandler, Config, Context, EditMode, Editor, Event, EventContext, EventHandler, Helper,
    KeyEvent, RepeatCount,
};

use super::complete::CompletionNames;
use crate::commands::chat::input::{TypedLines, read};

/// The length of the history, in lines.
const REMEMBERED: usize = 5000;

/// Keyboard input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EditorEvent {
    /// A whole message or command, as typed.
    Line(String),
    /// Ctrl-O: continues this text in an external editor.
    Edit(String),
    /// Ctrl-Z: stops the process; the line continues with this text.
    Suspend(String),
    /// Ctrl-C in a line with text.
    Cleared,
    /// Ctrl-C in an empty line.
    Break,
    /// Ctrl-D in an empty line, or the terminal disappeared.
    End,
}

/// Reads lines from a terminal.
pub(crate) struct LineEditor {
    editor: Editor<EditorHelper, FileHistory>,
    /// The action of the key that ended the line.
    said: Arc<Mutex<Option<EditorEvent>>>,
    history: Option<PathBuf>,
}

impl LineEditor {
    /// A line editor with the history file `history`.
    ///
    /// # Errors
    /// Fails without a terminal.
    pub(crate) fn new(vi: bool, history: Option<PathBuf>, names: CompletionNames) -> rustyline::Result<Self> {
        let config = Config::builder()
            .max_history_size(REMEMBERED)?
            .completion_type(CompletionType::List)
            .bell_style(BellStyle::None)
            // Standard output can be a file: typed text does not belong there.
            .behavior(Behavior::PreferTerm)
            .edit_mode(mode(vi))
            .build();
        let mut editor = Editor::with_history(config, FileHistory::new())?;
        editor.set_max_history_size(REMEMBERED)?;
        editor.set_helper(Some(EditorHelper { names }));
        let said: Arc<Mutex<Option<EditorEvent>>> = Arc::default();
        let bound = |key| EventHandler::Conditional(Box::new(KeyHandler { key, said: Arc::clone(&said) }));
        editor.bind_sequence(KeyEvent::ctrl('J'), Cmd::Newline);
        editor.bind_sequence(KeyEvent::ctrl('O'), bound(BoundKey::Edit));
        editor.bind_sequence(KeyEvent::ctrl('C'), bound(BoundKey::Break));
        editor.bind_sequence(KeyEvent::ctrl('Z'), bound(BoundKey::Suspend));
        if let Some(history) = &history {
            // At first there is none; an unreadable one is replaced.
            let _ = editor.load_history(history);
        }
        Ok(Self { editor, said, history })
    }

    /// Reads one message after `prompt`, starting with the text `initial`.
    pub(crate) fn read(&mut self, prompt: &(String, String), initial: &str) -> EditorEvent {
        *self.said() = None;
        let line = match self.editor.readline_with_initial(prompt, (initial, "")) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => return self.said().take().unwrap_or(EditorEvent::Break),
            Err(_) => return EditorEvent::End,
        };
        self.remember(&line);
        EditorEvent::Line(line)
    }

    /// Adds `line` to the history.
    pub(crate) fn remember(&mut self, line: &str) {
        if line.trim().is_empty() || !self.editor.add_history_entry(line).unwrap_or(false) {
            return;
        }
        if let Some(path) = &self.history {
            // An unwritable history is not worth a warning after each line.
            let _ = self.editor.append_history(path);
        }
    }

    /// Switches between vi and Emacs keys.
    pub(crate) fn set_vi(&mut self, vi: bool) {
        self.editor.set_edit_mode(mode(vi));
    }

    /// Sets the completions.
    pub(crate) fn set_names(&mut self, names: CompletionNames) {
        self.editor.set_helper(Some(EditorHelper { names }));
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Option<EditorEvent>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mode(vi: bool) -> EditMode {
    if vi { EditMode::Vi } else { EditMode::Emacs }
}

/// A key that ends the line.
#[derive(Debug, Clone, Copy)]
enum BoundKey {
    Edit,
    Break,
    Suspend,
}

struct KeyHandler {
    key: BoundKey,
    said: Arc<Mutex<Option<EditorEvent>>>,
}

impl ConditionalEventHandler for KeyHandler {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let line = context.line();
        let key = match self.key {
            BoundKey::Edit => EditorEvent::Edit(line.to_owned()),
            BoundKey::Suspend => EditorEvent::Suspend(line.to_owned()),
            BoundKey::Break if line.is_empty() => EditorEvent::Break,
            BoundKey::Break => EditorEvent::Cleared,
        };
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
        Some(Cmd::Interrupt)
    }
}

struct EditorHelper {
    names: CompletionNames,
}

impl Helper for EditorHelper {}

impl Highlighter for EditorHelper {}

impl Hinter for EditorHelper {
    type Hint = String;
}

impl Validator for EditorHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match read(context.input()) {
            TypedLines::Whole(_) => ValidationResult::Valid(None),
            TypedLines::More => ValidationResult::Incomplete,
        })
    }
}

impl Completer for EditorHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (begin, found) = self.names.complete(line, at);
        let pair = |replacement: String| Pair { display: replacement.trim_end().to_owned(), replacement };
        Ok((begin, found.into_iter().map(pair).collect()))
    }
}
