//! A conversation with a person at a terminal: the prompt, the keys, and what they lead to.

use super::commands::Carried;
use super::complete::Names;
use super::editor::{Key, LineEditor};
use super::outside;
use super::script::mistake;
use super::session::{Ended, Session};
use super::terminal::Terminal;
use crate::chat::command::{Command, Said, read};
use crate::chat::input;
use crate::cli::End;
use crate::cli::console::Console;
use crate::error::{Error, Kind};

/// What is typed next begins as this.
type Offer = String;

/// A person at a terminal.
pub struct Talk<'s, 'a> {
    session: &'s mut Session<'a>,
    /// `None` only while it reads.
    editor: Option<LineEditor>,
    terminal: Terminal,
    /// Markdown can be shown.
    rendering: bool,
    colour: bool,
}

/// What comes after a line.
enum Next {
    /// Another line, which begins as this.
    Line(Offer),
    End(End),
}

impl<'s, 'a> Talk<'s, 'a> {
    /// With the keys of vi, if `vi`; answers can be rendered, if `rendering`.
    ///
    /// # Errors
    /// When there is no terminal.
    pub fn new(session: &'s mut Session<'a>, vi: bool, rendering: bool, colour: bool) -> Result<Self, Error> {
        let names = names(session);
        let editor = LineEditor::new(vi, session.history_file(), names)
            .map_err(|error| Error::new(Kind::Input, format!("cannot read from the terminal: {error}")))?;
        Ok(Self { session, editor: Some(editor), terminal: Terminal::look(), rendering, colour })
    }

    /// Talks until the person leaves. The first line begins as `offer`.
    pub fn run(mut self, offer: Offer, console: &mut Console) -> Result<End, Error> {
        // The line editor sets its own modes while it reads, and goes back to these.
        self.terminal.hush(false);
        let end = self.talk(offer, console);
        self.terminal.restore();
        Ok(end)
    }

    fn talk(&mut self, mut offer: Offer, console: &mut Console) -> End {
        let mut breaks = 0;
        loop {
            let key = match self.key(&offer) {
                Ok(key) => key,
                Err(signal) => return End::Signal(signal),
            };
            breaks = if key == Key::Break { breaks + 1 } else { 0 };
            let next = match key {
                Key::End => return End::Success,
                Key::Break if breaks > 1 => return End::Success,
                Key::Break => {
                    console.event("Ctrl-C again, or Ctrl-D, leaves");
                    Next::Line(String::new())
                }
                Key::Cleared => Next::Line(String::new()),
                Key::Edit(text) => self.write(&text, console),
                Key::Line(line) => self.line(&line, console),
            };
            match next {
                Next::Line(text) => offer = text,
                Next::End(end) => return end,
            }
        }
    }

    /// What comes from the keyboard next, or the signal that ends the process.
    fn key(&mut self, offer: &str) -> Result<Key, i32> {
        let mut editor = self.editor.take().expect("nobody else reads");
        let (prompt, offer) = (self.prompt(), offer.to_owned());
        let (editor, key) = self.session.blocking(move || {
            let key = editor.read(&prompt, &offer);
            (editor, key)
        })?;
        self.editor = Some(editor);
        Ok(key)
    }

    /// The group and who answered last, without and with colours.
    fn prompt(&self) -> (String, String) {
        let group = self.session.group_name();
        let name = match &self.session.answered_by {
            Some(deployment) if deployment != group => format!("{group} ({deployment})"),
            _ => group.to_owned(),
        };
        let name = llmroute_core::model::plain::text(&name).into_owned();
        let pending = if self.session.pending.is_empty() { "" } else { " +" };
        let styled =
            if self.colour { format!("\u{1b}[1;36m{name}\u{1b}[0m{pending}> ") } else { format!("{name}{pending}> ") };
        (format!("{name}{pending}> "), styled)
    }

    fn line(&mut self, line: &str, console: &mut Console) -> Next {
        match read(&input::end(line)) {
            Ok(Said::Nothing) => Next::Line(String::new()),
            Ok(Said::Message(text)) => self.ask(text, console),
            Ok(Said::Command(command)) => self.command(command, console),
            Err(unknown) => {
                console.error(&mistake(unknown));
                Next::Line(String::new())
            }
        }
    }

    fn ask(&mut self, text: String, console: &mut Console) -> Next {
        let question = self.session.question(text);
        let group = self.session.ask.group;
        self.terminal.hush(true);
        let ended = self.session.turn(question, group, console);
        self.terminal.hush(false);
        self.after(ended, console)
    }

    fn command(&mut self, command: Command, console: &mut Console) -> Next {
        self.terminal.hush(true);
        let carried = self.session.carry_out(command, console);
        self.terminal.hush(false);
        let next = match carried {
            Ok(Carried::Done) => Next::Line(String::new()),
            Ok(Carried::Asked(ended)) => self.after(Ok(ended), console),
            Ok(Carried::Offer(text)) => Next::Line(text),
            Ok(Carried::Edit(text)) => self.write(&text, console),
            Ok(Carried::Vi(on)) => {
                self.editor().set_vi(on);
                Next::Line(String::new())
            }
            Ok(Carried::Markdown(on)) => {
                self.render(on, console);
                Next::Line(String::new())
            }
            Ok(Carried::Exit) => Next::End(End::Success),
            Err(error) => {
                console.error(&error);
                Next::Line(String::new())
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

    fn after(&mut self, ended: Result<Ended, Error>, console: &mut Console) -> Next {
        match ended {
            Ok(Ended::Answered | Ended::Stopped) => {}
            Ok(Ended::Failed(error)) | Err(error) => {
                console.error(&error);
                if self.session.unanswered.is_some() {
                    console.event("`/retry` asks again, `/retry GROUP|PROVIDER/MODEL` somebody else");
                }
            }
            Ok(Ended::Over(end)) => return Next::End(end),
        }
        Next::Line(String::new())
    }

    /// Lets the person write in an editor; what was written is offered to be sent.
    fn write(&mut self, text: &str, console: &mut Console) -> Next {
        let vars = &self.session.env.vars;
        let chosen = [vars.get("VISUAL"), vars.get("EDITOR")].into_iter().flatten().find(|editor| !editor.is_empty());
        let (editor, begun) = (chosen.unwrap_or("vi").to_owned(), text.to_owned());
        self.terminal.restore();
        let written = self.session.blocking(move || outside::edit(&editor, &begun));
        self.terminal.hush(false);
        match written {
            Ok(Ok(text)) => Next::Line(text),
            Ok(Err(error)) => {
                console.error(&error);
                Next::Line(text.to_owned())
            }
            Err(signal) => Next::End(End::Signal(signal)),
        }
    }

    fn editor(&mut self) -> &mut LineEditor {
        self.editor.as_mut().expect("nobody else reads")
    }
}

/// What Tab can offer.
fn names(session: &Session<'_>) -> Names {
    let map = session.router.map();
    let groups = map.groups.iter().map(|group| group.name.clone());
    let models = map.deployments.iter().map(|deployment| format!("{}/{}", deployment.provider, deployment.model));
    let mut targets: Vec<String> = groups.chain(models).collect();
    targets.sort();
    targets.dedup();
    Names { targets, home: session.env.vars.home() }
}
