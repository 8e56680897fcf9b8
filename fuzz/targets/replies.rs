//! Replies with status 200; the first byte says in which protocol.
#![no_main]

#[expect(dead_code, reason = "the others are for other targets")]
#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

use libfuzzer_sys::fuzz_target;
use llmroute_core::protocols::Protocol;

fuzz_target!(|data: &[u8]| {
    if let Some((which, body)) = data.split_first() {
        targets::replies::reply(Protocol::ALL[usize::from(*which) % Protocol::ALL.len()], body);
    }
});
