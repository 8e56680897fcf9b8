//! Signals that this process ignores because its parent did (`nohup`, a shell's background job, a CI runner).

use std::fs;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use signal_hook::consts::{SIGHUP, SIGINT};

/// Gives the programs that are started from now on the default actions of the signals that tests send.
///
/// An ignored signal stays ignored in a child, but one that is caught has its default action there.
pub fn reset_for_children() {
    static RESET: Once = Once::new();
    RESET.call_once(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        for signal in [SIGHUP, SIGINT].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 1) {
            let unused = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal, unused).expect("the signal can be caught");
        }
    });
}
