//! From the server's write of a token to its arrival where a reader of the subject's stdout sees it.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::server::{self, Server};

/// The kind of stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Out {
    /// A pipe.
    Pipe,
    /// A pseudo-terminal.
    Terminal,
}

/// The delay of every token of one run, in milliseconds; nothing when the run was not whole.
pub fn of_tokens(mut command: Command, out: Out, server: &Server) -> Vec<f64> {
    let (reader, writer) = pair(out);
    command.stdout(writer).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return Vec::new() };
    // It holds our copy of the writing end, without which the reader would never see the end.
    drop(command);
    let seen = read(reader);
    let whole = child.wait().is_ok_and(|status| status.success()) && seen.len() == server::TOKENS;
    let written = server.written.lock().expect("no writer panics");
    if !whole || written.len() != seen.len() {
        return Vec::new();
    }
    let delays = seen.iter().zip(written.iter()).map(|(seen, written)| seen.duration_since(*written));
    delays.map(|delay| delay.as_secs_f64() * 1e3).collect()
}

fn pair(out: Out) -> (File, Stdio) {
    match out {
        Out::Pipe => {
            let (reader, writer) = std::io::pipe().expect("a pipe can be made");
            (File::from(OwnedFd::from(reader)), Stdio::from(writer))
        }
        Out::Terminal => {
            let pty = nix::pty::openpty(None, None).expect("a pseudo-terminal can be made");
            (File::from(pty.master), Stdio::from(pty.slave))
        }
    }
}

/// The arrival times of the tokens, in order.
fn read(mut from: File) -> Vec<Instant> {
    let (mut text, mut seen, mut buffer) = (Vec::new(), Vec::new(), [0; 65536]);
    // A pseudo-terminal ends with an error rather than with nothing.
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let now = Instant::now();
        text.extend_from_slice(&buffer[..count]);
        while let Some(end) = find(&text, server::token(seen.len()).as_bytes()) {
            text.drain(..end);
            seen.push(now);
        }
    }
    seen
}

fn find(text: &[u8], token: &[u8]) -> Option<usize> {
    text.windows(token.len()).position(|window| window == token).map(|at| at + token.len())
}
