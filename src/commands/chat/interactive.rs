//! A conversation at a terminal: the prompt, the keys, and their actions.

use super::complete::CompletionNames;
use super::editor::{EditorEvent, LineEditor};
use super::execute::CommandOutcome;
use super::external_editor;
use super::script::mistake;
use super::session::{Session, TurnEnd};
use super::terminal::Terminal;
use crate::commands::Exit;
use crate::commands::chat::command::{ChatCommand, ParsedLine, read};
use crate::commands::chat::input;
use crate::error::{CommandError, ErrorKind};
use crate::signals::stop_until_continued;
use crate::ui::console::Console;

/// Switches off bracketed paste.
const PASTE_OFF: &str = "\u{1b}[?2004l";

/// The initial text of the next line.
type Prefill = String;

/// A person at a terminal.
pub(crate) struct Interactive<'s, 'a> {
    session: &'s mut Session<'a>,
    /// `None` only while it is reading.
    editor: Option<LineEditor>,
    terminal: Terminal,
    /// Markdown can be shown.
    rendering: bool,
    colour: bool,
}

/// The step after a line.
enum NextStep {
    /// Another line, with this initial text.
    Line(Prefill),
    End(Exit),
}

impl<'s, 'a> Interactive<'s, 'a> {
    /// Uses vi keys if `vi`, and renders answers if `rendering`.
    ///
    /// # Errors
    /// Fails without a terminal.
    pub(crate) fn new(
        session: &'s mut Session<'a>,
        vi: bool,
        rendering: bool,
        colour: bool,
    ) -> Result<Self, CommandError> {
        let names = names(session);
        let editor = LineEditor::new(vi, session.history_file(), names)
            .map_err(|error| CommandError::caused(ErrorKind::Input, "cannot read from the terminal", error))?;
        Ok(Self { session, editor: Some(editor), terminal: Terminal::current(), rendering, colour })
    }

    /// Runs until the person leaves. The first line starts with `offer`.
    pub(crate) fn run(mut self, offer: Prefill, console: &mut Console) -> Result<Exit, CommandError> {
        // The line editor sets its own modes while reading, and restores these.
        self.terminal.disable_echo(false);
        let end = self.run_loop(offer, console);
        if let Exit::Signal(_) = end {
            // The line editor still reads, and the shell must not get its mode of pasting.
            console.report(PASTE_OFF);
        }
        self.terminal.restore();
        Ok(end)
    }

    fn run_loop(&mut self, mut offer: Prefill, console: &mut Console) -> Exit {
        let mut breaks = 0;
        loop {
            let key = match self.key(&offer) {
                Ok(key) => key,
                Err(signal) => return Exit::Signal(signal),
            };
            breaks = if key == EditorEvent::Break { breaks + 1 } else { 0 };
            let next = match key {
                EditorEvent::End => return Exit::Success,
                EditorEvent::Break if breaks > 1 => return Exit::Success,
                EditorEvent::Break => {
                    console.event("Ctrl-C again, or Ctrl-D, leaves");
                    NextStep::Line(String::new())
                }
                EditorEvent::Cleared => NextStep::Line(String::new()),
                EditorEvent::Edit(text) => self.write(&text, console),
                EditorEvent::Suspend(text) => {
                    self.terminal.restore();
                    stop_until_continued();
                    self.terminal.disable_echo(false);
                    NextStep::Line(text)
                }
                EditorEvent::Line(line) => self.line(&line, console),
            };
            match next {
                NextStep::Line(text) => offer = text,
                NextStep::End(end) => return end,
            }
        }
    }

    /// The next keyboard input, or the signal that ends the process.
    fn key(&mut self, offer: &str) -> Result<EditorEvent, i32> {
        let mut editor = self.editor.take().expect("nobody else reads");
        let (prompt, offer) = (self.prompt(), offer.to_owned());
        let (editor, key) = self.session.blocking(move || {
            let key = editor.read(&prompt, &offer);
            (editor, key)
        })?;
        self.editor = Some(editor);
        Ok(key)
    }

    /// The group and the last deployment, without and with colours.
    fn prompt(&self) -> (String, String) {
        let group = self.session.group_name();
        let name = match &self.session.answered_by {
            Some(deployment) if deployment != group => format!("{group} ({deployment})"),
            _ => group.to_owned(),
        };
        let name = llmroute_core::model::sanitize::text(&name).into_owned();
        let pending = if self.session.pending.is_empty() { "" } else { " +" };
        let styled =
            if self.colour { format!("\u{1b}[1;36m{name}\u{1b}[0m{pending}> ") } else { format!("{name}{pending}> ") };
        (format!("{name}{pending}> "), styled)
    }

    fn line(&mut self, line: &str, console: &mut Console) -> NextStep {
        match read(&input::end(line)) {
            Ok(ParsedLine::Nothing) => NextStep::Line(String::new()),
            Ok(ParsedLine::Message(text)) => self.ask(text, console),
            Ok(ParsedLine::Command(command)) => self.command(command, console),
            Err(unknown) => {
                console.error(&mistake(unknown));
                NextStep::Line(String::new())
            }
        }
    }

    fn ask(&mut self, text: String, console: &mut Console) -> NextStep {
        let question = self.session.question(text);
        let group = self.session.ask.group;
        self.terminal.disable_echo(true);
        let ended = self.session.turn(question, group, console);
        self.terminal.disable_echo(false);
        self.after(ended, console)
    }

    fn command(&mut self, command: ChatCommand, console: &mut Console) -> NextStep {
        self.terminal.disable_echo(true);
        let outcome = self.session.execute(command, console);
        self.terminal.disable_echo(false);
        let next = match outcome {
            Ok(CommandOutcome::Done) => NextStep::Line(String::new()),
            Ok(CommandOutcome::Asked(ended)) => self.after(Ok(ended), console),
            Ok(CommandOutcome::Offer(text)) => NextStep::Line(text),
            Ok(CommandOutcome::Edit(text)) => self.write(&text, console),
            Ok(CommandOutcome::Vi(on)) => {
                self.editor().set_vi(on);
                NextStep::Line(String::new())
            }
            Ok(CommandOutcome::Markdown(on)) => {
                self.render(on, console);
                NextStep::Line(String::new())
            }
            Ok(CommandOutcome::Exit) => NextStep::End(Exit::Success),
            Err(error) => {
                console.error(&error);
                NextStep::Line(String::new())
            }
        };
        let names = names(self.session);
        self.editor().set_names(names);
        next
    }

    fn render(&mut self, on: bool, console: &mut Console) {
        if on && !self.rendering {
            console.event("this terminal shows no Markdown, or was told not to");
        }
        self.session.markdown = on && self.rendering;
        console.render((on && self.rendering).then(|| console.width()));
    }

    fn after(&mut self, ended: Result<TurnEnd, CommandError>, console: &mut Console) -> NextStep {
        match ended {
            Ok(TurnEnd::Answered | TurnEnd::Stopped) => {}
            Ok(TurnEnd::Failed(error)) | Err(error) => {
                console.error(&error);
                if self.session.unanswered.is_some() {
                    console.event("`/retry` sends the message again, `/retry GROUP|PROVIDER/MODEL` sends it elsewhere");
                }
            }
            Ok(TurnEnd::Over(end)) => return NextStep::End(end),
        }
        NextStep::Line(String::new())
    }

    /// Opens the editor; its text becomes the next line.
    fn write(&mut self, text: &str, console: &mut Console) -> NextStep {
        let vars = &self.session.env.vars;
        let chosen = [vars.get("VISUAL"), vars.get("EDITOR")].into_iter().flatten().find(|editor| !editor.is_empty());
        let (editor, begun) = (chosen.unwrap_or("vi").to_owned(), text.to_owned());
        self.terminal.restore();
        let written = self.session.blocking(move || external_editor::edit(&editor, &begun));
        self.terminal.disable_echo(false);
        match written {
            Ok(Ok(text)) => NextStep::Line(text),
            Ok(Err(error)) => {
                console.error(&error);
                NextStep::Line(text.to_owned())
            }
            Err(signal) => NextStep::End(Exit::Signal(signal)),
        }
    }

    fn editor(&mut self) -> &mut LineEditor {
        self.editor.as_mut().expect("nobody else reads")
    }
}

/// The names for completion.
fn names(session: &Session<'_>) -> CompletionNames {
    let map = session.router.map();
    let groups = map.groups.iter().map(|group| group.name.clone());
    let models = map.deployments.iter().map(|deployment| format!("{}/{}", deployment.provider, deployment.model));
    let mut targets: Vec<String> = groups.chain(models).collect();
    targets.sort();
    targets.dedup();
    CompletionNames { targets, home: session.env.vars.home() }
}
