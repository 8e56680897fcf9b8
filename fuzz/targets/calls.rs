//! Whole calls; the first byte chooses the protocol.
#![no_main]

#[expect(dead_code, reason = "the others are for other targets")]
#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

use libfuzzer_sys::fuzz_target;
use llmroute_core::protocols::Protocol;

fuzz_target!(|data: &[u8]| {
    if let Some((which, body)) = data.split_first() {
        targets::calls::call(Protocol::ALL[usize::from(*which) % Protocol::ALL.len()], body);
    }
});
