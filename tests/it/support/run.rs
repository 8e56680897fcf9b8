//! Runs the command in an environment of its own, and compares all that comes out. Knows nothing of servers.

use std::fs::{self, File};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::sys::termios::{OutputFlags, SetArg, tcgetattr, tcsetattr};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::filter::{abridge, filter};

/// A run that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// A fresh home: configuration, state and everything else that the command may find or leave.
pub struct Home {
    root: TempDir,
}

impl Home {
    /// An empty home.
    pub fn new() -> Self {
        Self { root: TempDir::new().expect("a temporary folder can be made") }
    }

    /// A home with this profile.
    pub fn with(profile: &str) -> Self {
        let home = Self::new();
        home.write(".config/llmroute/profile.toml", profile);
        home
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// Writes a file in it and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("it is below the home")).expect("a folder can be made");
        fs::write(&path, content).expect("a file can be written");
        path
    }

    /// The variables of a process that lives here, and no others.
    pub(super) fn env(&self) -> Vec<(&'static str, String)> {
        let at = |name: &str| self.path().join(name).display().to_string();
        vec![
            // For `sh`, `cmd:` keys and the like.
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("HOME", at("")),
            ("XDG_CONFIG_HOME", at(".config")),
            ("XDG_STATE_HOME", at(".local/state")),
            ("XDG_DATA_HOME", at(".local/share")),
            ("XDG_CACHE_HOME", at(".cache")),
            ("TMPDIR", at("")),
            ("LLMROUTE_DISCOVER", "off".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
        ]
    }
}

/// The program's stdin.
pub enum Input {
    /// `/dev/null`.
    Null,
    /// These bytes through a pipe.
    Bytes(Vec<u8>),
    /// Descriptor 0 is not open.
    Closed,
    /// A pipe that is never written and never closed.
    Idle,
}

/// The program's stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// A pipe.
    Pipe,
    /// A regular file.
    File,
    /// A terminal of 80 columns. Only stdout: stderr is a pipe always.
    Terminal,
    /// A disk without room.
    Full,
    /// A pipe whose reader leaves after this many bytes.
    Head(usize),
}

/// One run of the command, to be started.
pub struct Run {
    home: Arc<Home>,
    program: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    input: Input,
    sink: Sink,
    limit: Duration,
}

impl Run {
    /// In a fresh home with this profile.
    pub fn with(profile: &str) -> Self {
        Self::at(&Arc::new(Home::with(profile)))
    }

    /// In a home that other runs use too.
    pub fn at(home: &Arc<Home>) -> Self {
        Self {
            home: Arc::clone(home),
            program: env!("CARGO_BIN_EXE_llmroute").to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            input: Input::Null,
            sink: Sink::Pipe,
            limit: LIMIT,
        }
    }

    /// Another program in the place of the command; `$LLMROUTE` is then the command.
    pub fn program(self, program: &str) -> Self {
        let command = self.program.clone();
        Self { program: program.to_owned(), ..self.env("LLMROUTE", &command) }
    }

    /// Appends arguments.
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Chooses what is read.
    pub fn input(self, input: Input) -> Self {
        Self { input, ..self }
    }

    /// Chooses where it is written.
    pub fn sink(self, sink: Sink) -> Self {
        Self { sink, ..self }
    }

    /// Bounds the run.
    pub fn limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Runs it to its end.
    pub fn output(self) -> Output {
        self.start().output()
    }

    /// Starts it.
    pub fn start(self) -> Running {
        super::signals::reset_for_children();
        let mut command = match self.input {
            // Only a shell closes a descriptor without `unsafe`.
            Input::Closed => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", r#"exec "$0" "$@" <&-"#, &self.program]);
                shell
            }
            _ => Command::new(&self.program),
        };
        command.args(&self.args).current_dir(self.home.path()).process_group(0);
        command.env_clear().envs(self.home.env()).envs(self.env);
        let writer = stdin(&mut command, self.input);
        let source = stdout(&mut command, self.sink, &self.home);
        let stderr = pipe();
        command.stderr(stderr.1);
        let mut child = command.spawn().expect("the program can be started");
        // Our copies of its descriptors: a pipe ends when its last writer is gone.
        drop(command);
        let pid = Pid::from_raw(child.id().cast_signed());
        let (sender, ended) = channel();
        thread::spawn(move || {
            let status = child.wait().expect("a child can be waited for");
            // The other side gives up when the run hangs.
            let _ = sender.send(status);
        });
        Running {
            pid,
            ended,
            home: self.home,
            limit: self.limit,
            stdout: Capture::start(source),
            stderr: Capture::start(Source::whole(stderr.0)),
            _writer: writer,
        }
    }
}

/// Keeps the write end of stdin open, or feeds it.
enum Feeder {
    None,
    Idle { _writer: PipeWriter },
    Thread { _thread: JoinHandle<()> },
}

fn stdin(command: &mut Command, input: Input) -> Feeder {
    match input {
        Input::Null | Input::Closed => {
            command.stdin(Stdio::null());
            Feeder::None
        }
        Input::Idle => {
            let (reader, writer) = pipe();
            command.stdin(reader);
            Feeder::Idle { _writer: writer }
        }
        Input::Bytes(bytes) => {
            let (reader, mut writer) = pipe();
            command.stdin(reader);
            // A command may leave without having read everything.
            Feeder::Thread { _thread: thread::spawn(move || drop(writer.write_all(&bytes))) }
        }
    }
}

/// The test's end of stdout.
struct Source {
    reader: Box<dyn Read + Send>,
    /// The largest number of bytes to read.
    bytes: u64,
    /// Read from here once the run is over.
    file: Option<PathBuf>,
}

impl Source {
    fn whole(reader: impl Read + Send + 'static) -> Self {
        Self { reader: Box::new(reader), bytes: u64::MAX, file: None }
    }
}

fn stdout(command: &mut Command, sink: Sink, home: &Home) -> Source {
    match sink {
        Sink::Pipe => {
            let (reader, writer) = pipe();
            command.stdout(writer);
            Source::whole(reader)
        }
        Sink::Head(bytes) => {
            let (reader, writer) = pipe();
            command.stdout(writer);
            Source { bytes: bytes as u64, ..Source::whole(reader) }
        }
        Sink::File => {
            let path = home.path().join("stdout");
            command.stdout(File::create(&path).expect("a file can be made"));
            Source { file: Some(path), ..Source::whole(io::empty()) }
        }
        Sink::Full => {
            command.stdout(File::options().write(true).open("/dev/full").expect("this system has /dev/full"));
            Source::whole(io::empty())
        }
        Sink::Terminal => {
            let (master, slave) = terminal();
            command.stdout(slave);
            Source::whole(File::from(master))
        }
    }
}

/// A terminal that passes on what is written, byte for byte.
fn terminal() -> (OwnedFd, OwnedFd) {
    let size = nix::pty::Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = nix::pty::openpty(Some(&size), None).expect("a terminal can be made");
    let mut settings = tcgetattr(&pty.slave).expect("it is a terminal");
    settings.output_flags.remove(OutputFlags::OPOST);
    tcsetattr(&pty.slave, SetArg::TCSANOW, &settings).expect("it is a terminal");
    (pty.master, pty.slave)
}

fn pipe() -> (PipeReader, PipeWriter) {
    io::pipe().expect("a pipe can be made")
}

/// Reads a stream in a thread and gives access to the bytes so far.
struct Capture {
    shared: Arc<(Mutex<Captured>, Condvar)>,
    file: Option<PathBuf>,
}

#[derive(Default)]
struct Captured {
    bytes: Vec<u8>,
    over: bool,
}

impl Capture {
    fn start(source: Source) -> Self {
        let shared: Arc<(Mutex<Captured>, Condvar)> = Arc::default();
        let writer = Arc::clone(&shared);
        let mut reader = source.reader.take(source.bytes);
        thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            loop {
                // A terminal whose last writer is gone returns EIO.
                let count = reader.read(&mut buffer).unwrap_or(0);
                let mut captured = writer.0.lock().expect("nobody panics while holding it");
                captured.bytes.extend(&buffer[..count]);
                captured.over = count == 0;
                writer.1.notify_all();
                if captured.over {
                    return;
                }
            }
        });
        Self { shared, file: source.file }
    }

    /// Waits until `holds`, or the end, or `limit`.
    fn wait(&self, limit: Duration, holds: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let (lock, changed) = &*self.shared;
        let captured = lock.lock().expect("nobody panics while holding it");
        let (captured, _) = changed
            .wait_timeout_while(captured, limit, |captured| !captured.over && !holds(&captured.bytes))
            .expect("nobody panics while holding it");
        captured.bytes.clone()
    }

    fn all(&self, limit: Duration) -> Vec<u8> {
        match &self.file {
            Some(path) => fs::read(path).expect("the file was made"),
            None => self.wait(limit, |_| false),
        }
    }
}

/// A run that was started.
pub struct Running {
    pid: Pid,
    ended: Receiver<ExitStatus>,
    home: Arc<Home>,
    limit: Duration,
    stdout: Capture,
    stderr: Capture,
    _writer: Feeder,
}

impl Running {
    /// Waits until stdout holds this text. Panics when it does not come.
    pub fn wait_for_stdout(&self, text: &str) {
        wait_for(&self.stdout, self.limit, text);
    }

    /// Waits until stderr holds this text. Panics when it does not come.
    pub fn wait_for_stderr(&self, text: &str) {
        wait_for(&self.stderr, self.limit, text);
    }

    /// Sends a signal to the process and its children, as a terminal does.
    pub fn signal(&self, signal: Signal) {
        killpg(self.pid, signal).expect("it runs still");
    }

    /// Bounds what is left of it.
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Waits for the end. A run that goes on beyond its limit is killed, with all its children.
    pub fn output(self) -> Output {
        let end = match self.ended.recv_timeout(self.limit) {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => End::Code(code),
                (None, Some(signal)) => End::Signal(Signal::try_from(signal).expect("it is a signal's number")),
                (None, None) => unreachable!("a process ends by a code or by a signal"),
            },
            Err(RecvTimeoutError::Timeout) => {
                let _ = killpg(self.pid, Signal::SIGKILL);
                End::Hung
            }
            Err(RecvTimeoutError::Disconnected) => unreachable!("the thread that waits sends before it ends"),
        };
        // A grandchild may hold a pipe open: what it does later is not waited for.
        let rest = Duration::from_secs(5);
        Output { end, stdout: self.stdout.all(rest), stderr: self.stderr.all(rest), home: self.home }
    }
}

fn wait_for(capture: &Capture, limit: Duration, text: &str) {
    let holds = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(text);
    let bytes = capture.wait(limit, holds);
    assert!(holds(&bytes), "`{text}` did not come, but: {}", String::from_utf8_lossy(&bytes));
}

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(Signal),
    /// Not within its limit.
    Hung,
}

/// The result of a run.
pub struct Output {
    /// Its end.
    pub end: End,
    /// Byte for byte.
    pub stdout: Vec<u8>,
    /// Byte for byte.
    pub stderr: Vec<u8>,
    /// Its home directory.
    pub home: Arc<Home>,
}

impl Output {
    /// stdout as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// stderr as text, without what differs from run to run.
    pub fn notes(&self) -> String {
        self.filtered(&self.stderr)
    }

    fn filtered(&self, bytes: &[u8]) -> String {
        filter(&String::from_utf8_lossy(bytes), &self.home.path().display().to_string())
    }

    /// Compares everything: the end, the whole of stdout, the whole of stderr.
    #[track_caller]
    pub fn is(&self, end: impl Into<End>, stdout: &str, stderr: &str) {
        let found = (self.end, self.filtered(&self.stdout), self.notes());
        let expected = (end.into(), stdout.to_owned(), stderr.to_owned());
        assert!(found == expected, "expected {expected:#?}\nfound {found:#?}");
    }

    /// Everything, for a snapshot; `repeated` is what an endless answer repeats.
    pub fn cell(&self, repeated: &str) -> String {
        let end = match self.end {
            End::Code(code) => format!("exit {code}"),
            End::Signal(signal) => format!("killed by {signal}"),
            End::Hung => "hung".to_owned(),
        };
        // Short before filtered: a filter takes its time over 16 MB.
        let stdout = self.filtered(abridge(&self.text(), repeated).as_bytes());
        format!("{end}\n--- stdout\n{}--- stderr\n{}", lines(&stdout), lines(&self.notes()))
    }
}

/// `text` with a visible mark where the last line has no end.
fn lines(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}<no newline>\n") }
}

impl From<i32> for End {
    fn from(code: i32) -> Self {
        Self::Code(code)
    }
}

impl From<Signal> for End {
    fn from(signal: Signal) -> Self {
        Self::Signal(signal)
    }
}
