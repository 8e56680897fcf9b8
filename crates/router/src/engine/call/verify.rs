//! Runs the command that judges an answer. Knows no policy.

use std::time::Duration;

use crate::transport::process::{Finished, ProcessError, ShellCommand};

/// Runs `command` with `answer` on its standard input; an error says why the answer is not good. The command
/// gets no provider's key: not those of the catalog, and none of `keys`.
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
        Err(ProcessError::TimedOut(limit)) => Err(format!("`--verify` gave no verdict within {limit:?}")),
        Err(why @ (ProcessError::Start(_) | ProcessError::Wait(_))) => Err(format!("`--verify`: {why}")),
    }
}

/// The first line of its standard error, or how it ended.
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
        // The limit is not what is tested here, and the machine may be busy.
        let got = verify(command, "The sky.", &[], Duration::from_secs(30)).await;
        assert_eq!(got, want.map_err(str::to_owned), "{command}");
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
        let got = verify("sleep 60", "", &[], Duration::from_millis(20)).await;
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
