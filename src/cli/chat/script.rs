//! A conversation that is read from a pipe or a file: one turn or command a line. Nobody is prompted.

use std::io::{BufRead, stdin};

use super::commands::Carried;
use super::session::{Ended, Session};
use crate::chat::command::{Mistake, Said, read};
use crate::chat::input::{self, Typed};
use crate::cli::End;
use crate::cli::console::Console;
use crate::error::{Error, Kind};

/// Runs the script at standard input. The first thing that fails ends it.
///
/// # Errors
/// With the exit code that `ask` would have for the turn that failed.
pub fn run(session: &mut Session<'_>, console: &mut Console) -> Result<End, Error> {
    let mut typed = String::new();
    loop {
        let line = match session.blocking(read_line) {
            Ok(line) => line?,
            Err(signal) => return Ok(End::Signal(signal)),
        };
        let Some(line) = line else {
            let rest = input::end(&typed);
            return Ok(said(session, &rest, console)?.unwrap_or(End::Success));
        };
        typed.push_str(&line);
        match input::read(&typed) {
            Typed::More => typed.push('\n'),
            Typed::Whole(text) => {
                typed.clear();
                if let Some(end) = said(session, &text, console)? {
                    return Ok(end);
                }
            }
        }
    }
}

/// The next line, `None` at the end.
fn read_line() -> Result<Option<String>, Error> {
    let mut line = Vec::new();
    let failed = |why: String| Error::new(Kind::Input, format!("cannot read standard input: {why}"));
    let count = stdin().lock().read_until(b'\n', &mut line).map_err(|error| failed(error.to_string()))?;
    let line = String::from_utf8(line).map_err(|_| failed("it is not UTF-8".to_owned()))?;
    Ok((count > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
}

/// Does what a line says; `Some` when it was the last one.
fn said(session: &mut Session<'_>, text: &str, console: &mut Console) -> Result<Option<End>, Error> {
    let ended = match read(text).map_err(mistake)? {
        Said::Nothing => return Ok(None),
        Said::Message(text) => {
            let question = session.question(text);
            let group = session.ask.group;
            session.turn(question, group, console)?
        }
        Said::Command(command) => match session.carry_out(command, console)? {
            Carried::Asked(ended) => ended,
            Carried::Exit => return Ok(Some(End::Success)),
            Carried::Edit(_) => return Err(Error::new(Kind::Usage, "a script cannot open an editor")),
            // There is no line to edit, and nothing is rendered.
            Carried::Done | Carried::Offer(_) | Carried::Vi(_) | Carried::Markdown(_) => return Ok(None),
        },
    };
    match ended {
        Ended::Answered => Ok(None),
        Ended::Stopped => Ok(Some(End::Signal(signal_hook::consts::SIGINT))),
        Ended::Failed(error) => Err(error),
        Ended::Over(end) => Ok(Some(end)),
    }
}

/// A command that means nothing, as an error.
pub fn mistake(mistake: Mistake) -> Error {
    Error::new(Kind::Usage, mistake.message).hint(mistake.hint)
}
