//! Runs the `--verify` command on an answer.

use std::time::Duration;

use crate::transport::process::{Finished, ProcessError, ShellCommand};

/// Runs `command` with `answer` on its standard input. An error is the reason for which the answer is rejected.
/// The environment of the command holds no provider keys: neither those of the catalog nor `keys`.
pub(in crate::engine) async fn verify(
    command: &str,
    answer: &str,
    keys: &[&str],
    limit: Duration,
) -> Result<(), String> {
    let run = ShellCommand::new(command).input(answer.as_bytes()).without_keys(keys.iter().copied()).run(limit);
    match run.await {
        Ok(finished) if finished.status.success() => Ok(()),
        Ok(finished) => Err(complaint(&finished)),
        Err(ProcessError::TimedOut(limit)) => {
            Err(format!("`--verify` did not exit within {}", llmroute_core::model::format::duration(limit)))
        }
        Err(why @ (ProcessError::Start(_) | ProcessError::Wait(_))) => Err(format!("`--verify`: {why}")),
    }
}

/// Returns the first line of the command's standard error, or its exit status.
fn complaint(finished: &Finished) -> String {
    match finished.complaint() {
        Some(line) => format!("`--verify`: {line}"),
        None => format!("`--verify` ended with {}", finished.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(command: &str, want: Result<(), &str>) {
        // A generous limit: the machine may be busy.
        let got = verify(command, "The sky.", &[], Duration::from_secs(30)).await;
        assert_eq!(got, want.map_err(str::to_owned), "{command}");
    }

    #[tokio::test]
    async fn the_exit_status_decides() {
        check("grep -q sky", Ok(())).await;
        check("exit 0", Ok(())).await;
        check("echo fine >&2", Ok(())).await;
        check("exit 3", Err("`--verify` ended with exit status: 3")).await;
    }

    #[tokio::test]
    async fn the_first_line_of_standard_error_is_the_reason() {
        check("cat >&2; printf '\\nmore' >&2; exit 1", Err("`--verify`: The sky.")).await;
        check("echo >&2; echo '  no rhyme' >&2; exit 1", Err("`--verify`: no rhyme")).await;
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended() {
        let got = verify("sleep 60", "", &[], Duration::from_millis(20)).await;
        assert_eq!(got, Err("`--verify` did not exit within 20 ms".to_owned()));
    }

    #[tokio::test]
    async fn background_children_are_not_awaited() {
        check("echo no >&2; sleep 60 & exit 1", Err("`--verify`: no")).await;
    }

    #[tokio::test]
    async fn long_standard_error_does_not_block() {
        check("head -c 300000 /dev/zero | tr '\\0' x >&2; exit 0", Ok(())).await;
    }
}
