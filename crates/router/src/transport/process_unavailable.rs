//! Stands in for `process` in a build without the feature `exec`: no command is run.

use std::io;
use std::marker::PhantomData;
use std::time::Duration;

pub(crate) use super::command_result::{Finished, ProcessError};

pub(crate) use self::UnavailableCommand as ShellCommand;

/// A command that is not run.
pub(crate) struct UnavailableCommand<'a>(PhantomData<&'a [u8]>);

impl<'a> UnavailableCommand<'a> {
    pub(crate) fn new(_: &str) -> Self {
        Self(PhantomData)
    }

    pub(crate) fn input(self, _: &'a [u8]) -> Self {
        self
    }

    pub(crate) fn stdout(self, _: u64) -> Self {
        self
    }

    pub(crate) fn may_ask_user(self) -> Self {
        self
    }

    pub(crate) fn without_keys<'n>(self, _: impl IntoIterator<Item = &'n str>) -> Self {
        self
    }

    #[expect(clippy::unused_async, reason = "replaces a function that waits")]
    pub(crate) async fn run(self, _: Duration) -> Result<Finished, ProcessError> {
        Err(ProcessError::Start(io::Error::new(io::ErrorKind::Unsupported, "commands need the feature `exec`")))
    }
}

/// Leaves it to the run to report the missing feature.
///
/// # Errors
/// Never.
pub fn find(_: &str) -> Result<(), String> {
    Ok(())
}
