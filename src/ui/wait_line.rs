//! A line on a terminal that says what a silent command waits for, and disappears before other output.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The silence before the line appears, and the interval at which it changes.
const STEP: Duration = Duration::from_secs(1);
/// The steps of silence before the line appears.
const SILENT_STEPS: u64 = 2;
/// Goes to the beginning of the line and clears it.
const ERASE: &str = "\r\u{1b}[2K";

/// Shows the line from a thread of its own.
pub(crate) struct WaitLine {
    shared: Arc<Shared>,
    running: bool,
}

struct Shared {
    state: Mutex<WaitState>,
    changed: Condvar,
}

struct WaitState {
    output: Box<dyn Write + Send>,
    /// The awaited deployment, and the steps since the wait began.
    awaited: Option<(String, u64)>,
    shown: bool,
    closed: bool,
}

impl WaitLine {
    pub(crate) fn new(output: Box<dyn Write + Send>) -> Self {
        let state = WaitState { output, awaited: None, shown: false, closed: false };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }), running: false }
    }

    /// Waits for `name` from now on.
    pub(crate) fn begin(&mut self, name: &str) {
        if !self.running {
            let shared = Arc::clone(&self.shared);
            // Without a thread there is no line.
            self.running = std::thread::Builder::new().name("wait".to_owned()).spawn(move || shared.run()).is_ok();
        }
        let mut state = self.shared.lock();
        state.erase();
        state.awaited = Some((name.to_owned(), 0));
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Ends the wait.
    pub(crate) fn end(&self) {
        let mut state = self.shared.lock();
        state.erase();
        state.awaited = None;
    }

    /// Removes the line for other output; it returns if the wait goes on.
    pub(crate) fn erase(&self) {
        self.shared.lock().erase();
    }
}

impl Drop for WaitLine {
    fn drop(&mut self) {
        self.end();
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, WaitState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut state = self.lock();
        while !state.closed {
            if state.awaited.is_none() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (next, timeout) = self.changed.wait_timeout(state, STEP).unwrap_or_else(PoisonError::into_inner);
            state = next;
            if timeout.timed_out() {
                state.step();
            }
        }
    }
}

impl WaitState {
    fn step(&mut self) {
        let Some((name, steps)) = &mut self.awaited else { return };
        *steps += 1;
        if *steps < SILENT_STEPS {
            return;
        }
        let line = format!("{ERASE}{}", text(name, *steps));
        self.shown = self.output.write_all(line.as_bytes()).is_ok();
    }

    fn erase(&mut self) {
        if std::mem::take(&mut self.shown) {
            // A terminal that is gone shows nothing.
            let _ = self.output.write_all(ERASE.as_bytes());
        }
    }
}

fn text(name: &str, seconds: u64) -> String {
    // A line that wraps could not be erased.
    let name: String = name.chars().take(40).collect();
    format!("waiting for {name} … {seconds} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("it is not poisoned").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_line_appears_after_two_steps_and_is_erased_before_other_output() {
        let screen = Screen::default();
        let written = || String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
        let output = Box::new(screen.clone());
        let mut state = WaitState { output, awaited: Some(("lab/a".to_owned(), 0)), shown: false, closed: false };
        state.step();
        state.erase();
        assert_eq!(written(), "");
        state.step();
        assert_eq!(written(), format!("{ERASE}waiting for lab/a … 2 s"));
        state.erase();
        state.erase();
        state.step();
        assert_eq!(written(), format!("{ERASE}waiting for lab/a … 2 s{ERASE}{ERASE}waiting for lab/a … 3 s"));
    }
}
