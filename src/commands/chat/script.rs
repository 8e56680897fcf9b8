//! A conversation read from a pipe or a file: one turn or command a line, without a prompt.

use std::io::{BufRead, stdin};

use super::execute::CommandOutcome;
use super::session::{Session, TurnEnd};
use crate::commands::Exit;
use crate::commands::chat::command::{InvalidCommand, ParsedLine, read};
use crate::commands::chat::input::{self, TypedLines};
use crate::error::{CommandError, ErrorKind};
use crate::ui::console::Console;

/// Runs the script on standard input. The first failure ends it.
///
/// # Errors
/// Fails with the exit code that `ask` would have for the failed turn.
pub(crate) fn run(session: &mut Session<'_>, console: &mut Console) -> Result<Exit, CommandError> {
    let mut typed = String::new();
    loop {
        let line = match session.blocking(read_line) {
            Ok(line) => line?,
            Err(signal) => return Ok(Exit::Signal(signal)),
        };
        let Some(line) = line else {
            let rest = input::end(&typed);
            return Ok(said(session, &rest, console)?.unwrap_or(Exit::Success));
        };
        typed.push_str(&line);
        match input::read(&typed) {
            TypedLines::More => typed.push('\n'),
            TypedLines::Whole(text) => {
                typed.clear();
                if let Some(end) = said(session, &text, console)? {
                    return Ok(end);
                }
            }
        }
    }
}

fn unreadable(cause: impl Into<anyhow::Error>) -> CommandError {
    CommandError::caused(ErrorKind::Input, "cannot read standard input", cause)
}

/// The next line; `None` at the end.
fn read_line() -> Result<Option<String>, CommandError> {
    let mut line = Vec::new();
    let count = stdin().lock().read_until(b'\n', &mut line).map_err(unreadable)?;
    let line = String::from_utf8(line).map_err(unreadable)?;
    Ok((count > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
}

/// Executes a line; `Some` if it was the last one.
fn said(session: &mut Session<'_>, text: &str, console: &mut Console) -> Result<Option<Exit>, CommandError> {
    let ended = match read(text).map_err(mistake)? {
        ParsedLine::Nothing => return Ok(None),
        ParsedLine::Message(text) => {
            let question = session.question(text);
            let group = session.ask.group;
            session.turn(question, group, console)?
        }
        ParsedLine::Command(command) => match session.execute(command, console)? {
            CommandOutcome::Asked(ended) => ended,
            CommandOutcome::Exit => return Ok(Some(Exit::Success)),
            CommandOutcome::Edit(_) => {
                return Err(CommandError::new(ErrorKind::Usage, "a script cannot open an editor"));
            }
            // A script has no line editor and renders nothing.
            CommandOutcome::Done | CommandOutcome::Offer(_) | CommandOutcome::Vi(_) | CommandOutcome::Markdown(_) => {
                return Ok(None);
            }
        },
    };
    match ended {
        TurnEnd::Answered => Ok(None),
        TurnEnd::Stopped => Ok(Some(Exit::Signal(signal_hook::consts::SIGINT))),
        TurnEnd::Failed(error) => Err(error),
        TurnEnd::Over(end) => Ok(Some(end)),
    }
}

/// An unknown command as an error.
pub(crate) fn mistake(mistake: InvalidCommand) -> CommandError {
    CommandError::new(ErrorKind::Usage, mistake.message).hint(mistake.hint)
}
