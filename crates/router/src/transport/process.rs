//! Commands of the user: the one place that runs them.
//!
//! A command runs by `sh -c` as the head of its own process group. The whole group ends when the command is
//! given up, because its time is over or its caller has gone. What a command that ended by itself left
//! running stays, and is not waited for.

mod terminal;

use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use llmroute_core::catalog;

pub(crate) use super::command_result::{Finished, ProcessError};

use self::terminal::LentTerminal;

/// The time for the rest of the output after the command has ended, where a process that it left behind
/// holds the pipe open.
const LAST_OUTPUT: Duration = Duration::from_millis(200);
/// The time for a signal to this process to take effect.
const SIGNAL_DELIVERY: Duration = Duration::from_secs(1);
/// Bytes of standard error that are kept; the rest is read and dropped.
const MAX_STDERR: u64 = 4 << 10;
/// Variables with keys that no provider of the catalog names.
const OTHER_KEYS: [&str; 3] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"];

/// A command of the user.
pub(crate) struct ShellCommand<'a> {
    command: Command,
    input: Option<&'a [u8]>,
    max_stdout: u64,
    asks_user: bool,
}

impl<'a> ShellCommand<'a> {
    /// A command for `sh -c`, without input, whose output is dropped.
    pub(crate) fn new(text: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", text]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        Self { command, input: None, max_stdout: 0, asks_user: false }
    }

    /// Writes `input` to its standard input.
    pub(crate) fn input(mut self, input: &'a [u8]) -> Self {
        self.command.stdin(Stdio::piped());
        self.input = Some(input);
        self
    }

    /// Keeps the first `limit` bytes of its standard output. A command that prints more gets a closed pipe.
    pub(crate) fn stdout(mut self, limit: u64) -> Self {
        self.command.stdout(Stdio::piped());
        self.max_stdout = limit;
        self
    }

    /// Lends it the terminal when it reads there.
    pub(crate) fn may_ask_user(mut self) -> Self {
        self.asks_user = true;
        self
    }

    /// Withholds the variables that hold keys: those of the catalog, and `others`.
    pub(crate) fn without_keys<'n>(mut self, others: impl IntoIterator<Item = &'n str>) -> Self {
        let known = catalog::providers().iter().flat_map(|row| row.env).chain(&OTHER_KEYS).copied();
        for name in known.chain(others) {
            self.command.env_remove(name);
        }
        self
    }

    /// Runs it for at most `limit`.
    pub(crate) async fn run(self, limit: Duration) -> Result<Finished, ProcessError> {
        tokio::time::timeout(limit, self.finish()).await.unwrap_or(Err(ProcessError::TimedOut(limit)))
    }

    async fn finish(mut self) -> Result<Finished, ProcessError> {
        let mut child = self.command.spawn().map_err(ProcessError::Start)?;
        let group = ProcessGroup::of(&child);
        let mut lent = None;
        let mut lend = pin!(lend(group.0.filter(|_| self.asks_user)));
        let (stdin, mut stdout, mut stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let write = async {
            if let (Some(mut stdin), Some(input)) = (stdin, self.input) {
                // A command may know enough before it has read everything.
                let _ = stdin.write_all(input).await;
            }
        };
        let read_out = async {
            // Output that cannot be read is missing; the status decides.
            beginning(&mut stdout, self.max_stdout, &mut out).await;
            drop(stdout.take());
        };
        let read_err = async {
            beginning(&mut stderr, MAX_STDERR, &mut err).await;
            if let Some(mut pipe) = stderr.take() {
                let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
            }
        };
        let status = {
            let mut pipes = pin!(async { tokio::join!(write, read_out, read_err) });
            let mut read = false;
            let status = loop {
                tokio::select! {
                    status = child.wait() => break status,
                    _ = &mut pipes, if !read => read = true,
                    terminal = &mut lend, if lent.is_none() => lent = Some(terminal),
                }
            };
            if !read {
                let _ = tokio::time::timeout(LAST_OUTPUT, pipes).await;
            }
            status
        };
        group.release();
        let status = status.map_err(ProcessError::Wait)?;
        if lent.take().is_some() && status.signal() == Some(Signal::INT.as_raw()) {
            // Ctrl-C reached only the command; it is meant for the whole program.
            let _ = kill_process(getpid(), Signal::INT);
            // A program that ends by the signal drops this future first.
            tokio::time::sleep(SIGNAL_DELIVERY).await;
        }
        Ok(Finished { status, stdout: out, stderr: err })
    }
}

/// Lends the terminal to the process group `head` once it needs it; never ends without a group.
async fn lend(head: Option<Pid>) -> LentTerminal {
    match head {
        Some(head) => LentTerminal::when_needed(head).await,
        None => std::future::pending().await,
    }
}

async fn beginning(pipe: &mut Option<impl AsyncRead + Unpin>, limit: u64, into: &mut Vec<u8>) {
    if let Some(pipe) = pipe {
        let _ = pipe.take(limit).read_to_end(into).await;
    }
}

/// Checks that the shell knows the first word of `command`, as far as that can be said without running it.
///
/// # Errors
/// The name that the shell does not know.
pub fn find(command: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./+@".contains(c);
    let name = command.split_whitespace().next().unwrap_or_default();
    // Anything else is for the shell to read: assignments, quotes, groups.
    if name.is_empty() || !name.chars().all(plain) {
        return Ok(());
    }
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "command -v -- \"$1\"", "sh", name]);
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match shell.status() {
        Ok(status) if !status.success() => Err(name.to_owned()),
        // A shell that cannot be started is reported when the command is run.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The process group of a command; dropping it ends every process in it.
struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    /// Leaves the group alone: the command ended by itself, and its number may become another's.
    fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(head) = self.0 {
            // It fails only when no process is left.
            let _ = kill_process_group(head, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    async fn output(command: ShellCommand<'_>) -> String {
        String::from_utf8(command.stdout(1000).run(LIMIT).await.unwrap().stdout).unwrap()
    }

    /// Waits until the process whose number is in `file` has ended.
    async fn assert_ended(file: &Path) {
        let pid = std::fs::read_to_string(file).unwrap();
        let stat = format!("/proc/{}/stat", pid.trim());
        for _ in 0..100 {
            // A zombie has ended, too.
            match std::fs::read_to_string(&stat) {
                Ok(text) if !text.contains(") Z ") => tokio::time::sleep(Duration::from_millis(20)).await,
                Ok(_) | Err(_) => return,
            }
        }
        panic!("process {pid} still runs");
    }

    #[tokio::test]
    async fn input_goes_in_and_output_comes_out() {
        assert_eq!(output(ShellCommand::new("cat; echo!").input(b"a ")).await, "a ");
        let failed = ShellCommand::new("echo >&2; echo ' no ' >&2; exit 3").run(LIMIT).await.unwrap();
        assert_eq!((failed.status.code(), failed.complaint().as_deref()), (Some(3), Some("no")));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_deadline_ends_the_whole_process_group() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let text = format!("sh -c 'echo $$ > {}; exec sleep 60' | cat", file.display());
        let late = ShellCommand::new(&text).run(Duration::from_millis(500)).await.unwrap_err();
        assert!(matches!(late, ProcessError::TimedOut(_)), "{late}");
        assert_ended(&file).await;
    }

    #[tokio::test]
    async fn a_background_child_is_not_waited_for() {
        let command = ShellCommand::new("echo key; sleep 30 &");
        let done = tokio::time::timeout(Duration::from_secs(10), output(command)).await;
        assert_eq!(done.as_deref(), Ok("key\n"));
    }

    #[tokio::test]
    async fn endless_output_is_cut_off() {
        let done = ShellCommand::new("yes").stdout(10).run(LIMIT).await.unwrap();
        assert_eq!((done.stdout.len(), done.status.success()), (10, false));
        let done = ShellCommand::new("head -c 300000 /dev/zero >&2").run(LIMIT).await.unwrap();
        assert_eq!((done.stderr.len() as u64, done.status.success()), (MAX_STDERR, true));
    }

    #[tokio::test]
    async fn keys_of_providers_are_withheld() {
        let set = || {
            let mut command = ShellCommand::new("echo \"${OPENAI_API_KEY-none} ${MY_KEY-none} ${OTHER-none}\"");
            command.command.env("OPENAI_API_KEY", "sk").env("MY_KEY", "k").env("OTHER", "kept");
            command
        };
        assert_eq!(output(set()).await, "sk k kept\n");
        assert_eq!(output(set().without_keys(["MY_KEY"])).await, "none none kept\n");
    }

    #[test]
    fn a_command_that_does_not_exist_is_found_out() {
        for there in ["grep -q sky", "  test -n x", "sh", "X=1 nowhere", "'no where'", "(exit 0)", "! grep x", ""] {
            assert_eq!(find(there), Ok(()), "{there}");
        }
        for gone in ["no-such-command-here -q", "/no/such/command"] {
            assert_eq!(find(gone), Err(gone.split(' ').next().unwrap().to_owned()));
        }
    }
}
