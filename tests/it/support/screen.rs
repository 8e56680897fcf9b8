//! A terminal with a person at it: keys are sent, the screen is read. Knows no command.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use super::run::Home;

/// The time limit for text to appear.
const LIMIT: Duration = Duration::from_secs(30);
const ROWS: u16 = 40;
const COLUMNS: u16 = 100;

/// A command at a terminal of its own.
pub struct Screen {
    child: Child,
    keys: File,
    shared: Arc<(Mutex<Seen>, Condvar)>,
}

struct Seen {
    parser: vt100::Parser,
    /// Everything that was written, with its escape codes.
    bytes: Vec<u8>,
    over: bool,
}

impl Screen {
    /// Starts `llmroute ARGS` in `home`, with these variables besides.
    pub fn start(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::run(home, env!("CARGO_BIN_EXE_llmroute"), args, env)
    }

    /// Starts a shell with job control; `$LLMROUTE` is the command.
    pub fn shell(home: &Home, env: &[(&str, &str)]) -> Self {
        let command = [("LLMROUTE", env!("CARGO_BIN_EXE_llmroute"))];
        Self::run(home, "bash", &["--norc", "--noprofile", "-i"], &[env, &command].concat())
    }

    fn run(home: &Home, program: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        super::signals::reset_for_children();
        let size = nix::pty::Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = nix::pty::openpty(Some(&size), None).expect("a terminal can be made");
        // Only a program of its own makes the terminal the one that its signals come from, without `unsafe`.
        let mut command = Command::new("setsid");
        command.args(["--ctty", program]).args(args).current_dir(home.path());
        command.env_clear().envs(home.env()).envs(env.iter().copied());
        let end = || Stdio::from(pty.slave.try_clone().expect("a descriptor can be copied"));
        command.stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().expect("this system has `setsid`");
        drop(command);
        let reader = File::from(pty.master);
        let keys = reader.try_clone().expect("a descriptor can be copied");
        let seen = Seen { parser: vt100::Parser::new(ROWS, COLUMNS, 0), bytes: Vec::new(), over: false };
        let shared = Arc::new((Mutex::new(seen), Condvar::new()));
        let writer = Arc::clone(&shared);
        // The terminal ends with its last writer: ours must not be one.
        drop(pty.slave);
        thread::spawn(move || read(reader, &writer));
        Self { child, keys, shared }
    }

    /// Types `keys` as they are.
    pub fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Types a line, and the key that ends it.
    pub fn line(&mut self, text: &str) {
        self.send(&format!("{text}\r"));
    }

    /// Waits until the screen shows `text`. Panics when it does not.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        self.wait(text, |seen| seen.parser.screen().contents().contains(text));
    }

    /// Waits until the last line that holds something is `text`, which is where the cursor is.
    #[track_caller]
    pub fn prompts(&self, text: &str) {
        self.wait(text, |seen| {
            let contents = seen.parser.screen().contents();
            contents.trim_end().lines().last().is_some_and(|line| line.trim_end() == text)
        });
    }

    /// Waits until these bytes were written. Panics when they are not.
    #[track_caller]
    pub fn wrote(&self, text: &str) {
        self.wait(text, |seen| String::from_utf8_lossy(&seen.bytes).contains(text));
    }

    /// The screen now, without blank ends.
    pub fn contents(&self) -> String {
        let seen = self.shared.0.lock().expect("nobody panics while holding it");
        seen.parser.screen().contents().trim_end().to_owned()
    }

    /// Waits for the process to end and returns its exit code.
    #[track_caller]
    pub fn end(mut self) -> Option<i32> {
        self.wait("the end", |seen| seen.over);
        self.child.wait().expect("it can be waited for").code()
    }

    /// Closes the window as a terminal does, waits for the process to end, and returns the signal that ended it.
    #[track_caller]
    pub fn hang_up(mut self) -> Option<i32> {
        let id = i32::try_from(self.child.id()).expect("it is small");
        let id = nix::unistd::Pid::from_raw(id);
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGHUP).expect("it runs still");
        std::os::unix::process::ExitStatusExt::signal(&self.child.wait().expect("it can be waited for"))
    }

    /// Kills it as nothing can be done against.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs still");
        self.child.wait().expect("it can be waited for");
    }

    #[track_caller]
    fn wait(&self, what: &str, holds: impl Fn(&Seen) -> bool) {
        let (lock, changed) = &*self.shared;
        let seen = lock.lock().expect("nobody panics while holding it");
        let going = |seen: &mut Seen| !seen.over && !holds(seen);
        let (seen, _) = changed.wait_timeout_while(seen, LIMIT, going).expect("nobody panics while holding it");
        let came = holds(&seen);
        let contents = seen.parser.screen().contents();
        drop(seen);
        assert!(came, "`{what}` did not come, but:\n{contents}");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut reader: File, shared: &(Mutex<Seen>, Condvar)) {
    let mut buffer = [0; 1 << 12];
    loop {
        // A terminal whose last writer is gone returns EIO.
        let count = reader.read(&mut buffer).unwrap_or(0);
        let mut seen = shared.0.lock().expect("nobody panics while holding it");
        seen.parser.process(&buffer[..count]);
        seen.bytes.extend(&buffer[..count]);
        seen.over = count == 0;
        shared.1.notify_all();
        if seen.over {
            return;
        }
    }
}
