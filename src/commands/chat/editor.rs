//! The line that is typed: keys, history, completion. What it means is not its concern.

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

/// Lines that are remembered.
const REMEMBERED: usize = 5000;

/// What came from the keyboard.
#[derive(Debug, PartialEq, Eq)]
pub enum EditorEvent {
    /// A whole message or command, as typed.
    Line(String),
    /// Ctrl-O: this is to go on in an editor.
    Edit(String),
    /// Ctrl-C in a line that holds something.
    Cleared,
    /// Ctrl-C in an empty line.
    Break,
    /// Ctrl-D in an empty line, or the terminal is gone.
    End,
}

/// Reads lines from a terminal.
pub struct LineEditor {
    editor: Editor<EditorHelper, FileHistory>,
    /// What the key said that ended the line.
    said: Arc<Mutex<Option<EditorEvent>>>,
    history: Option<PathBuf>,
}

impl LineEditor {
    /// An editor that remembers in the file `history`.
    ///
    /// # Errors
    /// When there is no terminal.
    pub fn new(vi: bool, history: Option<PathBuf>, names: CompletionNames) -> rustyline::Result<Self> {
        let config = Config::builder()
            .max_history_size(REMEMBERED)?
            .completion_type(CompletionType::List)
            .bell_style(BellStyle::None)
            // Standard output may be a file: what is typed is not shown there.
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
        if let Some(history) = &history {
            // The first time there is none; one that cannot be read is begun anew.
            let _ = editor.load_history(history);
        }
        Ok(Self { editor, said, history })
    }

    /// Reads one message behind `prompt`, which begins as `initial`.
    pub fn read(&mut self, prompt: &(String, String), initial: &str) -> EditorEvent {
        *self.said() = None;
        let line = match self.editor.readline_with_initial(prompt, (initial, "")) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => return self.said().take().unwrap_or(EditorEvent::Break),
            Err(_) => return EditorEvent::End,
        };
        self.remember(&line);
        EditorEvent::Line(line)
    }

    /// Keeps `line` in the history.
    pub fn remember(&mut self, line: &str) {
        if line.trim().is_empty() || !self.editor.add_history_entry(line).unwrap_or(false) {
            return;
        }
        if let Some(path) = &self.history {
            // A history that cannot be written is not worth a word after each line.
            let _ = self.editor.append_history(path);
        }
    }

    /// Changes the keys.
    pub fn set_vi(&mut self, vi: bool) {
        self.editor.set_edit_mode(mode(vi));
    }

    /// Changes what Tab offers.
    pub fn set_names(&mut self, names: CompletionNames) {
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
