//! The terminal of a command that asks the user, for a passphrase for example.
//!
//! A command runs in a process group of its own, so the terminal stops it as soon as it reads or changes a
//! setting. Like a shell with job control, this process then makes that group the foreground one, and takes
//! the terminal back when the command has ended.

use std::fs::File;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal as Blocked};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgrp, kill_process_group, waitid};
use rustix::termios::{tcgetpgrp, tcsetpgrp};

/// The interval between two looks at a command that may have been stopped.
const INTERVAL: Duration = Duration::from_millis(50);

/// A terminal that another process group uses; dropping it takes the terminal back.
pub(super) struct LentTerminal {
    terminal: File,
    own_group: Pid,
}

impl LentTerminal {
    /// Waits until the terminal stops the command `head`, and makes its process group the foreground one.
    ///
    /// Never returns where this process has no terminal or is in the background itself.
    pub(super) async fn when_needed(head: Pid) -> Self {
        loop {
            tokio::time::sleep(INTERVAL).await;
            if is_stopped_by_terminal(head)
                && let Some(lent) = Self::lend(head)
            {
                return lent;
            }
        }
    }

    fn lend(group: Pid) -> Option<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let own_group = getpgrp();
        if tcgetpgrp(&terminal).ok()? != own_group {
            return None;
        }
        tcsetpgrp(&terminal, group).ok()?;
        let lent = Self { terminal, own_group };
        kill_process_group(group, Signal::CONT).ok()?;
        Some(lent)
    }
}

impl Drop for LentTerminal {
    fn drop(&mut self) {
        // A process in the background gets this signal when it takes the terminal, unless it blocks it.
        let mut signals = SigSet::empty();
        signals.add(Blocked::SIGTTOU);
        let before = signals.thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK);
        // It fails only when the terminal is gone.
        let _ = tcsetpgrp(&self.terminal, self.own_group);
        if let Ok(before) = before {
            let _ = before.thread_set_mask();
        }
    }
}

fn is_stopped_by_terminal(head: Pid) -> bool {
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status = waitid(WaitId::Pid(head), options).ok().flatten();
    let signal = status.and_then(|status| status.stopping_signal());
    signal.is_some_and(|signal| signal == Signal::TTIN.as_raw() || signal == Signal::TTOU.as_raw())
}
