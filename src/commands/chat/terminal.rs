//! How the terminal was set when we came; it is left so, and typed keys do not mix into an answer.

use rustix::stdio::stdin;
use rustix::termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The settings of the terminal at standard input.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// `None` when it is none.
    settings: Option<Termios>,
}

impl Terminal {
    /// Looks at them.
    #[must_use]
    pub fn current() -> Self {
        Self { settings: tcgetattr(stdin()).ok() }
    }

    /// Until [`Terminal::restore`], what is typed while nobody reads is not shown, and waits for the line
    /// editor key for key. Ctrl-C is such a key too, unless it `interrupts`: then it sends its signal.
    pub fn disable_echo(&self, interrupts: bool) {
        if let Some(mut settings) = self.settings.clone() {
            settings.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            settings.local_modes.set(LocalModes::ISIG, interrupts);
            settings.input_modes.remove(InputModes::ICRNL);
            // A terminal that is gone shows nothing.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &settings);
        }
    }

    /// Sets it as it was.
    pub fn restore(&self) {
        if let Some(settings) = &self.settings {
            let _ = tcsetattr(stdin(), OptionalActions::Now, settings);
        }
    }
}
