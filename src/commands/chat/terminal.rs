//! The terminal's settings at the start, which are restored; typed keys do not mix into an answer.

use rustix::stdio::stdin;
use rustix::termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The settings of the terminal at standard input.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// `None` without a terminal.
    settings: Option<Termios>,
}

impl Terminal {
    /// Reads them.
    #[must_use]
    pub(crate) fn current() -> Self {
        Self { settings: tcgetattr(stdin()).ok() }
    }

    /// Until [`Terminal::restore`], keys typed while nothing reads are not echoed, and wait for the line
    /// editor. Ctrl-C is such a key, too, unless it `interrupts`: then it sends its signal.
    pub(crate) fn disable_echo(&self, interrupts: bool) {
        if let Some(mut settings) = self.settings.clone() {
            settings.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            settings.local_modes.set(LocalModes::ISIG, interrupts);
            settings.input_modes.remove(InputModes::ICRNL);
            // A terminal that disappeared shows nothing.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &settings);
        }
    }

    /// Restores the settings.
    pub(crate) fn restore(&self) {
        if let Some(settings) = &self.settings {
            let _ = tcsetattr(stdin(), OptionalActions::Now, settings);
        }
    }
}
