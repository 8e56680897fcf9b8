//! The fuzzed functions: pure functions of any bytes that panic if an invariant is broken. Shared by the test binary
//! that mutates the fixtures and by the targets of cargo-fuzz in `fuzz/`; where the bytes come from is theirs.

pub mod calls;
pub mod errors;
pub mod frames;
pub mod profile;
pub mod repair;
pub mod replies;
pub mod terminal;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use llmroute_core::model::{Failure, Timestamp};
use llmroute_core::wire::retry_after;

/// 2025-03-06T23:59:50Z.
pub const NOW: Timestamp = Timestamp(1_741_305_590_000);

/// Luck that depends on the input alone: an input that fails will fail again.
fn luck(data: &[u8]) -> fastrand::Rng {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    fastrand::Rng::with_seed(hasher.finish())
}

/// Ways to cut `data` that a network could choose: not at all, into single bytes, anywhere.
fn splits(data: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut rng = luck(data);
    let mut cuts: Vec<usize> = (0..6).map(|_| rng.usize(0..=data.len())).collect();
    cuts.extend([0, data.len()]);
    cuts.sort_unstable();
    let anywhere = cuts.windows(2).map(|pair| &data[pair[0]..pair[1]]).collect();
    vec![vec![data], data.chunks(1).collect(), anywhere]
}

/// Every failure can be shown in one short line and waited for.
fn check_failure(failure: &Failure) {
    check_line(&failure.message);
    assert!(!failure.message.is_empty(), "a failure without a message: {failure:?}");
    failure.request_id.as_deref().into_iter().for_each(check_line);
    check_wait(failure.retry_after);
}

fn check_line(text: &str) {
    assert!(text.chars().count() <= 301, "a message of {} characters", text.chars().count());
    assert!(!text.contains(char::is_control), "a control character in {text:?}");
}

fn check_wait(wait: Option<Duration>) {
    assert!(wait.is_none_or(|wait| wait <= retry_after::LONGEST), "a wait of {wait:?}");
}
