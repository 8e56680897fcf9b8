//! The result of a command of the user.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// A command that ended by itself.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit status.
    pub(crate) status: ExitStatus,
    /// The beginning of its standard output.
    pub(crate) stdout: Vec<u8>,
    /// The beginning of its standard error.
    pub(crate) stderr: Vec<u8>,
}

/// The reason why a command has no result.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(not(feature = "exec"), expect(dead_code, reason = "no command is run"))]
pub(crate) enum ProcessError {
    /// The shell cannot be started.
    #[error("it cannot be started: {0}")]
    Start(#[source] io::Error),
    /// Its end cannot be waited for.
    #[error("its end cannot be waited for: {0}")]
    Wait(#[source] io::Error),
    /// Its time was over; its process group has been ended.
    #[error("it did not end within {0:?}")]
    TimedOut(Duration),
}

impl Finished {
    /// The first line of its standard error that is not blank.
    pub(crate) fn complaint(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.stderr);
        text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    }
}
