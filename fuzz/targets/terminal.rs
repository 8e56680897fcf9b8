//! Text of a model on its way to a terminal.
#![no_main]

#[expect(dead_code, reason = "the others are for other targets")]
#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| targets::terminal::terminal(data));
