//! The sole owner of standard output and standard error.
//!
//! Standard output gets the answer or the data asked for; everything else goes to standard error.

use std::io::{self, Write};
use std::os::fd::AsFd;

use crate::environment::{Env, Sink};
use crate::ui::line_writer::LineWriter;
use crate::ui::markdown::Renderer;
use crate::ui::sanitize;
use crate::ui::wait_line::WaitLine;

/// The amount of output on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors only.
    Quiet,
    /// Waits, failures, skips.
    Normal,
    /// Every call, and the deployment that answered.
    Verbose,
}

/// Writes to the terminal, the pipe or the file behind the two streams.
pub(crate) struct Console {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    sink: Sink,
    verbosity: Verbosity,
    colour: bool,
    /// The line of the answer's text that was written last has not ended.
    open_line: bool,
    /// Renders the Markdown of answers.
    renderer: Option<Renderer>,
    /// Shows a silent wait; `None` if standard error is not a terminal, or the command is quiet.
    wait: Option<WaitLine>,
}

impl Console {
    /// The console of this process.
    #[must_use]
    pub(crate) fn new(env: &Env, verbosity: Verbosity, colour: bool) -> Self {
        Self {
            stdout: match env.stdout {
                Sink::Pipe => Box::new(LineWriter::new(unbuffered_stdout())),
                Sink::Terminal | Sink::File => unbuffered_stdout(),
            },
            stderr: Box::new(io::stderr()),
            sink: env.stdout,
            verbosity,
            colour,
            open_line: false,
            renderer: None,
            wait: (env.stderr_terminal && verbosity >= Verbosity::Normal && env.vars.get("TERM") != Some("dumb"))
                .then(|| WaitLine::new(Box::new(io::stderr()))),
        }
    }

    /// Writes text of an answer: at once, but into a pipe in whole lines where they are complete within 100 ms. On a
    /// terminal its control characters are made harmless.
    ///
    /// # Errors
    /// Fails if the stream cannot be written, or its reader left (`BrokenPipe`).
    pub(crate) fn answer(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.end_wait();
        if let Some(renderer) = &mut self.renderer {
            // What it holds back must be given out at the end.
            self.open_line = true;
            self.stdout.write_all(renderer.push(text).as_bytes())?;
            return self.stdout.flush();
        }
        self.open_line = !text.ends_with('\n');
        match self.sink {
            Sink::Terminal => self.stdout.write_all(sanitize::text(text).as_bytes())?,
            Sink::Pipe => return self.stdout.write_all(text.as_bytes()),
            Sink::File => self.stdout.write_all(text.as_bytes())?,
        }
        self.stdout.flush()
    }

    /// Writes a line of data (JSON, a table).
    ///
    /// # Errors
    /// As [`Console::answer`].
    pub(crate) fn data(&mut self, text: &str) -> io::Result<()> {
        let text = if self.sink == Sink::Terminal { sanitize::text(text) } else { text.into() };
        self.styled(&text)
    }

    /// Writes one line of JSON: the same value, in bytes that no terminal obeys.
    ///
    /// # Errors
    /// As [`Console::answer`].
    pub(crate) fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        self.styled(&sanitize::json(&value.to_string()))
    }

    /// Writes lines that bring their own colours.
    ///
    /// # Errors
    /// As [`Console::answer`].
    pub(crate) fn styled(&mut self, text: &str) -> io::Result<()> {
        self.end_wait();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.stdout.write_all(format!("{text}{end}").as_bytes())?;
        self.stdout.flush()
    }

    /// Prints one line, unless the command is quiet.
    pub(crate) fn event(&mut self, line: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(line);
        }
    }

    /// Prints one line if more output was requested.
    pub(crate) fn detail(&mut self, line: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.say(line);
        }
    }

    /// Prints one line that an option requested.
    pub(crate) fn say(&mut self, line: &str) {
        let (on, off) = if self.colour { ("\u{1b}[2m", "\u{1b}[0m") } else { ("", "") };
        self.stderr_line(&format!("{on}llmroute: {}{off}", sanitize::text(line)));
    }

    /// Asks a question that is answered by `y` or anything else; the caller reads the answer.
    pub(crate) fn question(&mut self, text: &str) {
        self.report(&format!("llmroute: {} [y/N] ", sanitize::text(text)));
    }

    /// Asks for a secret, on the terminal and without echo.
    ///
    /// # Errors
    /// Fails without a terminal, or if it cannot be read.
    pub(crate) fn secret(&mut self, text: &str) -> io::Result<String> {
        self.report(&format!("llmroute: {}", sanitize::text(text)));
        ::console::Term::stderr().read_secure_line()
    }

    /// Lines that are redrawn in place on standard error, at most `frames` times a second; `None` if standard error
    /// is not a terminal, or the command is quiet.
    #[must_use]
    pub(crate) fn bars(&self, frames: u8) -> Option<indicatif::MultiProgress> {
        let term = ::console::Term::stderr();
        (term.is_term() && self.verbosity >= Verbosity::Normal)
            .then(|| indicatif::MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::term(term, frames)))
    }

    /// Draws a line across the terminal between an answer that broke and the new one.
    pub(crate) fn rule(&mut self, text: &str) {
        self.stderr_line(&format!("── {text} ──"));
    }

    /// Prints the error that ended the command.
    pub(crate) fn error(&mut self, error: &crate::error::CommandError) {
        let text = error.to_string();
        // What is rendered already has its colours, if there are to be any.
        let mut text = if error.is_rendered() && self.colour {
            sanitize::styled(&text)
        } else {
            sanitize::text(&text).into_owned()
        };
        if self.colour
            && let Some(rest) = text.strip_prefix("error:")
        {
            text = format!("\u{1b}[1;31merror:\u{1b}[0m{rest}");
        }
        self.stderr_line(&text);
    }

    /// Ends the text of an answer: one newline, if it lacks one.
    ///
    /// # Errors
    /// As [`Console::answer`].
    pub(crate) fn end_answer(&mut self) -> io::Result<()> {
        match &mut self.renderer {
            _ if !self.open_line => Ok(()),
            Some(renderer) => {
                self.open_line = false;
                self.stdout.write_all(renderer.end_line().as_bytes())?;
                self.stdout.flush()
            }
            None => self.answer("\n"),
        }
    }

    /// Renders the Markdown of the answers from now on, on a terminal of `width` columns; `None` prints
    /// them unchanged.
    pub(crate) fn render(&mut self, width: Option<u16>) {
        self.end_line();
        self.renderer = width.map(|width| Renderer::new(usize::from(width)));
    }

    /// Reads the width of the terminal again, for rendered answers.
    pub(crate) fn measure(&mut self) {
        if self.renderer.is_some() {
            self.render(Some(self.width()));
        }
    }

    /// Puts `text` into the clipboard through the terminal (OSC 52).
    pub(crate) fn clipboard(&mut self, text: &str) {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        self.report(&format!("\u{1b}]52;c;{encoded}\u{7}"));
    }

    /// Ends the line of a partial answer on a terminal, so that a notice or the shell's prompt does
    /// not cut into it. In a pipe a partial answer stays as it is.
    pub(crate) fn end_line(&mut self) {
        // A terminal that is gone cannot show the notice either; a pipe reports its error at the next write.
        let _ = match self.sink {
            Sink::Terminal => self.end_answer(),
            Sink::Pipe | Sink::File => self.stdout.flush(),
        };
    }

    /// Prints text for people on standard error as it is: it brings its own headings and colours.
    pub(crate) fn report(&mut self, text: &str) {
        self.erase_wait();
        // There is no other place to report that standard error is closed.
        let _ = self.stderr.write_all(text.as_bytes());
    }

    /// Standard output itself, for a command that renders its own data.
    pub(crate) fn writer(&mut self) -> &mut dyn Write {
        self.end_wait();
        &mut *self.stdout
    }

    /// Columns of the terminal.
    #[must_use]
    pub(crate) fn width(&self) -> u16 {
        ::console::Term::stdout().size().1
    }

    /// Returns `true` if escape codes may be written to standard error.
    #[must_use]
    pub(crate) fn colour(&self) -> bool {
        self.colour
    }

    /// Shows on a terminal that the command waits for `name`, until [`Console::end_wait`] or an answer.
    pub(crate) fn begin_wait(&mut self, name: &str) {
        let name = sanitize::text(name);
        if let Some(wait) = &mut self.wait {
            wait.begin(&name);
        }
    }

    /// Ends the display of a wait.
    pub(crate) fn end_wait(&mut self) {
        if let Some(wait) = &self.wait {
            wait.end();
        }
    }

    /// Removes the display of a wait before other output.
    fn erase_wait(&self) {
        if let Some(wait) = &self.wait {
            wait.erase();
        }
    }

    fn stderr_line(&mut self, line: &str) {
        self.erase_wait();
        self.end_line();
        // There is no other place to report that standard error is closed.
        let _ = self.stderr.write_all(format!("{line}\n").as_bytes());
    }
}

/// Standard output without the line buffer of the standard library: a token is one write.
fn unbuffered_stdout() -> Box<dyn Write + Send> {
    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(fd) => Box::new(std::fs::File::from(fd)),
        Err(_) => Box::new(io::stdout()),
    }
}
