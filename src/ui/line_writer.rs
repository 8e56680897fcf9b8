//! A pipe that gets whole lines, so that the outputs of several processes do not mix within a line.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The longest time that the beginning of a line waits for the rest.
const PATIENCE: Duration = Duration::from_millis(100);
/// The longest beginning of a line that waits.
const MAX_WAITING: usize = 64 << 10;

/// Writes each line in one piece. The beginning of a line waits for its end, but for 100 ms at most; a thread
/// then writes it.
pub(crate) struct LineWriter {
    shared: Arc<Shared>,
    /// The thread runs. Without one, everything is written at once.
    thread: Option<bool>,
}

struct Shared {
    pending: Mutex<Pending>,
    changed: Condvar,
}

struct Pending {
    output: Box<dyn Write + Send>,
    /// The beginning of a line.
    waiting: Vec<u8>,
    /// The number of times that `waiting` was written.
    written: u64,
    /// The error of an earlier write; every later one fails with it.
    error: Option<io::ErrorKind>,
    closed: bool,
}

impl LineWriter {
    pub(crate) fn new(output: Box<dyn Write + Send>) -> Self {
        let pending = Pending { output, waiting: Vec::new(), written: 0, error: None, closed: false };
        Self { shared: Arc::new(Shared { pending: Mutex::new(pending), changed: Condvar::new() }), thread: None }
    }

    /// Returns `true` if the thread runs or can be started.
    fn has_thread(&mut self) -> bool {
        *self.thread.get_or_insert_with(|| {
            let shared = Arc::clone(&self.shared);
            std::thread::Builder::new().name("stdout".to_owned()).spawn(move || shared.write_late()).is_ok()
        })
    }
}

impl Write for LineWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let partial = !bytes.ends_with(b"\n");
        let may_wait = partial && self.has_thread();
        let mut pending = self.shared.lock();
        pending.waiting.extend_from_slice(bytes);
        let end = match pending.waiting.iter().rposition(|byte| *byte == b'\n') {
            _ if !may_wait || pending.waiting.len() > MAX_WAITING => pending.waiting.len(),
            Some(newline) => newline + 1,
            None => 0,
        };
        pending.write_until(end)?;
        self.shared.changed.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut pending = self.shared.lock();
        let all = pending.waiting.len();
        pending.write_until(all)?;
        pending.output.flush()
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        // The caller has flushed if an error matters.
        let _ = self.flush();
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        // Each change of the state is one step, so it is consistent after a panic elsewhere.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what has waited long enough, until the end.
    fn write_late(&self) {
        let mut pending = self.lock();
        loop {
            let idle = |pending: &mut Pending| !pending.closed && pending.waiting.is_empty();
            pending = self.changed.wait_while(pending, idle).unwrap_or_else(PoisonError::into_inner);
            if pending.closed {
                return;
            }
            let written = pending.written;
            let same = |pending: &mut Pending| !pending.closed && pending.written == written;
            let (locked, timeout) =
                self.changed.wait_timeout_while(pending, PATIENCE, same).unwrap_or_else(PoisonError::into_inner);
            pending = locked;
            if timeout.timed_out() {
                let all = pending.waiting.len();
                // The next write reports the error.
                let _ = pending.write_until(all);
                self.changed.notify_all();
            }
        }
    }
}

impl Pending {
    fn write_until(&mut self, end: usize) -> io::Result<()> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        if end == 0 {
            return Ok(());
        }
        // What could not be written is not written again.
        let rest = self.waiting.split_off(end);
        let whole = std::mem::replace(&mut self.waiting, rest);
        self.written += 1;
        self.output.write_all(&whole).inspect_err(|error| self.error = Some(error.kind()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Passes on each write as a message.
    struct Messages(Sender<String>);

    impl Write for Messages {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8(bytes.to_vec()).map_err(io::Error::other)?;
            self.0.send(text).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn writer() -> (LineWriter, Receiver<String>) {
        let (sender, written) = channel();
        (LineWriter::new(Box::new(Messages(sender))), written)
    }

    #[test]
    fn a_line_is_one_write() {
        let (mut writer, written) = writer();
        for token in ["a ", "b", " c\nd\ne"] {
            writer.write_all(token.as_bytes()).unwrap();
        }
        drop(writer);
        let all: Vec<String> = written.iter().collect();
        // On a busy machine the beginning may have waited long enough.
        assert_eq!(all.concat(), "a b c\nd\ne");
        assert!(all.len() <= 4 && all.iter().any(|write| write.ends_with(" c\nd\n")), "{all:?}");
    }

    #[test]
    fn the_beginning_of_a_line_does_not_wait_for_ever() {
        let (mut writer, written) = writer();
        writer.write_all(b"a").unwrap();
        assert_eq!(written.recv().unwrap(), "a");
        writer.write_all(b"b").unwrap();
        assert_eq!(written.recv().unwrap(), "b");
    }

    #[test]
    fn an_error_of_the_thread_is_reported_by_the_next_writes() {
        let (mut writer, written) = writer();
        drop(written);
        writer.write_all(b"a").unwrap();
        let pending = writer.shared.lock();
        let unwritten = |pending: &mut Pending| pending.written == 0;
        let pending = writer.shared.changed.wait_timeout_while(pending, 100 * PATIENCE, unwritten).unwrap().0;
        drop(pending);
        for _ in 0..2 {
            assert_eq!(writer.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        }
    }

    #[test]
    fn a_very_long_line_is_written_in_pieces() {
        let (mut writer, written) = writer();
        writer.write_all("x".repeat(MAX_WAITING + 1).as_bytes()).unwrap();
        assert_eq!(written.try_recv().unwrap().len(), MAX_WAITING + 1);
    }
}
