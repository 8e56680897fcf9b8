//! The processes that a command of the user started: they end with it when it is given up.

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// The group of a command that was started as the head of its own.
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    /// The command ended by itself: what it left behind is meant, and its number may become another's.
    pub(super) fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(head) = self.0 {
            // Nobody is left when this fails.
            let _ = kill_process_group(head, Signal::KILL);
        }
    }
}
