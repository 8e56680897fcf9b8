//! Runs a target on many inputs, and makes the input of a failure small.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::corpus::Corpus;
use super::mutate::mutate;

/// How many times a failing input is cut down at most.
const CUTS: usize = 2000;

thread_local! {
    /// Panics are expected here and are not reported.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// How long to run, and with which luck.
pub struct Fuzz {
    /// For each target; none: a fixed number of inputs.
    time: Option<Duration>,
    seed: u64,
}

impl Fuzz {
    /// The part of the time that each of so many targets gets.
    pub fn share(targets: usize) -> Self {
        let parts = u32::try_from(targets).expect("few targets");
        let time = variable("LLMROUTE_FUZZ_SECONDS").map(|seconds| Duration::from_secs(seconds) / parts);
        // A long run uses a new seed each time; a short one is reproducible.
        let seed = variable("LLMROUTE_FUZZ_SEED").unwrap_or_else(|| if time.is_some() { fastrand::u64(..) } else { 1 });
        Self { time, seed }
    }

    /// Calls `target` with every seed of `corpus` and with mutations of them.
    ///
    /// # Panics
    /// When the target does: with the input, made small.
    #[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "the time is what was asked for; a report")]
    pub fn run(&self, name: &str, corpus: &Corpus, inputs: usize, target: impl Fn(&[u8])) {
        let (start, mut rng) = (Instant::now(), Rng::with_seed(self.seed));
        corpus.seeds.iter().for_each(|seed| self.check(name, seed, &target));
        let (mut count, mut slowest) = (corpus.seeds.len(), Duration::ZERO);
        while self.time.map_or(count < corpus.seeds.len() + inputs, |time| start.elapsed() < time) {
            let data = mutate(corpus, &mut rng);
            let begun = Instant::now();
            self.check(name, &data, &target);
            slowest = slowest.max(begun.elapsed());
            count += 1;
        }
        let (took, seed) = (start.elapsed().as_secs_f64(), self.seed);
        println!("fuzz: {name}: {count} inputs in {took:.1} s, the slowest {slowest:.1?}, seed {seed}");
    }

    fn check(&self, name: &str, data: &[u8], target: &impl Fn(&[u8])) {
        if !fails(target, data) {
            return;
        }
        let small = shrink(target, data.to_vec());
        let why = panic::catch_unwind(AssertUnwindSafe(|| quietly(|| target(&small)))).expect_err("it failed before");
        let words = why.downcast_ref::<String>().map(String::as_str).or_else(|| why.downcast_ref::<&str>().copied());
        panic!(
            "{name}, seed {}: {}\non {} bytes: b\"{}\"",
            self.seed,
            words.unwrap_or("a panic without words"),
            small.len(),
            small.escape_ascii()
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "a test asks for its own settings")]
fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
}

fn fails(target: &impl Fn(&[u8]), data: &[u8]) -> bool {
    panic::catch_unwind(AssertUnwindSafe(|| quietly(|| target(data)))).is_err()
}

fn quietly(run: impl FnOnce()) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info)
            }
        }));
    });
    QUIET.set(true);
    // Left behind by a panic, too.
    let _loud = Loud;
    run();
}

struct Loud;

impl Drop for Loud {
    fn drop(&mut self) {
        QUIET.set(false);
    }
}

/// Cuts pieces out of `data`, large ones first, as long as it goes on to fail.
fn shrink(target: &impl Fn(&[u8]), mut data: Vec<u8>) -> Vec<u8> {
    let (mut size, mut cuts) = (data.len().div_ceil(2), 0);
    while size > 0 {
        let (mut at, mut cut) = (0, false);
        while at < data.len() && cuts < CUTS {
            let less = [&data[..at], &data[(at + size).min(data.len())..]].concat();
            cuts += 1;
            if fails(target, &less) {
                (data, cut) = (less, true);
            } else {
                at += size;
            }
        }
        if !cut || cuts == CUTS {
            size /= 2;
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_fails_is_made_small() {
        let bad = |data: &[u8]| assert!(!data.windows(3).any(|part| part == b"bad"));
        assert!(!fails(&bad, b"good"));
        assert_eq!(shrink(&bad, b"this is long and bad and longer".to_vec()), b"bad");
    }
}
