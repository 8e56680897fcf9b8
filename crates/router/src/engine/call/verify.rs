//! Runs the command that judges an answer. Knows no policy.

use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::engine::process_group::ProcessGroup;

/// As much of its complaint as is kept; the rest is read and dropped.
const MAX_COMPLAINT: u64 = 4 << 10;
/// How long its last words are waited for when something that it started holds the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Whether the shell knows what `command` begins with, as far as that can be said without running it.
///
/// # Errors
/// The name that it does not know.
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
        // A shell that cannot be started is said when it is needed.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Runs `command` by `sh` with `answer` on its standard input; why the answer is not good, if it is not.
pub(in crate::engine) async fn verify(command: &str, answer: &str, limit: Duration) -> Result<(), String> {
    match tokio::time::timeout(limit, ask(command, answer)).await {
        Ok(verdict) => verdict,
        Err(_) => Err(format!("`--verify` gave no verdict within {limit:?}")),
    }
}

async fn ask(command: &str, answer: &str) -> Result<(), String> {
    let mut child = Command::new("sh");
    child.args(["-c", command]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child =
        child.process_group(0).spawn().map_err(|why| format!("`--verify` cannot be run: {}", why.kind()))?;
    let family = ProcessGroup::of(&child);
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let tell = async {
        if let Some(mut stdin) = stdin {
            // A command may know enough before it has read everything.
            let _ = stdin.write_all(answer.as_bytes()).await;
        }
    };
    let mut said = Vec::new();
    let listen = async {
        if let Some(mut stderr) = stderr {
            // What cannot be read is not said; the status decides.
            let _ = (&mut stderr).take(MAX_COMPLAINT).read_to_end(&mut said).await;
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        }
    };
    let status = {
        let mut talk = pin!(async { tokio::join!(tell, listen) });
        let (status, over) = tokio::select! {
            status = child.wait() => (status, false),
            _ = &mut talk => (child.wait().await, true),
        };
        if !over {
            let _ = tokio::time::timeout(LAST_WORDS, talk).await;
        }
        status
    };
    family.release();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(complaint(status, &String::from_utf8_lossy(&said))),
        Err(why) => Err(format!("`--verify` cannot be waited for: {}", why.kind())),
    }
}

/// Its first words, or how it ended.
fn complaint(status: ExitStatus, said: &str) -> String {
    match said.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(line) => format!("`--verify`: {line}"),
        None => format!("`--verify` ended with {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(command: &str, want: Result<(), &str>) {
        // The limit is not what is tested here, and the machine may be busy.
        let got = verify(command, "The sky.", Duration::from_secs(30)).await;
        assert_eq!(got, want.map_err(str::to_owned), "{command}");
    }

    #[test]
    fn a_command_that_is_not_there_is_found_out() {
        for there in ["grep -q sky", "  test -n x", "sh", "X=1 nowhere", "'no where'", "(exit 0)", "! grep x", ""] {
            assert_eq!(find(there), Ok(()), "{there}");
        }
        for gone in ["no-such-command-here -q", "/no/such/command"] {
            assert_eq!(find(gone), Err(gone.split(' ').next().unwrap().to_owned()));
        }
    }

    #[tokio::test]
    async fn the_status_decides() {
        check("grep -q sky", Ok(())).await;
        check("exit 0", Ok(())).await;
        check("echo fine >&2", Ok(())).await;
        check("exit 3", Err("`--verify` ended with exit status: 3")).await;
    }

    #[tokio::test]
    async fn its_first_words_are_the_reason() {
        check("cat >&2; printf '\\nmore' >&2; exit 1", Err("`--verify`: The sky.")).await;
        check("echo >&2; echo '  no rhyme' >&2; exit 1", Err("`--verify`: no rhyme")).await;
    }

    #[tokio::test]
    async fn one_that_hangs_is_left() {
        let got = verify("sleep 60", "", Duration::from_millis(20)).await;
        assert_eq!(got, Err("`--verify` gave no verdict within 20ms".to_owned()));
    }

    #[tokio::test]
    async fn what_it_leaves_running_is_not_waited_for() {
        check("echo no >&2; sleep 60 & exit 1", Err("`--verify`: no")).await;
    }

    #[tokio::test]
    async fn much_talk_does_not_stop_it() {
        check("head -c 300000 /dev/zero | tr '\\0' x >&2; exit 0", Ok(())).await;
    }
}
