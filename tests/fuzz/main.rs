//! Fuzzing on stable: the fixtures, mutated by seeded luck, against every target. See docs/testing.md.
//!
//! A plain run makes a small fixed number of inputs from a fixed seed; `LLMROUTE_FUZZ_SECONDS` makes it long.

mod corpus;
mod mutate;
mod run;
mod targets;

use llmroute_core::protocols::Protocol;

use corpus::Corpus;
use run::Fuzz;
use targets::{calls, errors, frames, profile, repair, replies, terminal};

/// The number of targets that share the given time: three for each protocol, and seven.
const TARGETS: usize = 3 * Protocol::ALL.len() + 7;

#[test]
fn frames_are_the_same_for_every_split() {
    let corpus = Corpus::bodies();
    let fuzz = Fuzz::share(TARGETS);
    fuzz.run("frames of events", &corpus, 60, frames::events);
    fuzz.run("frames of lines", &corpus, 60, frames::lines);
    fuzz.run("frames of aws", &corpus, 60, frames::aws);
}

#[test]
fn replies_are_answers_or_failures() {
    let corpus = Corpus::bodies();
    let fuzz = Fuzz::share(TARGETS);
    for protocol in Protocol::ALL {
        fuzz.run(&format!("replies of {}", protocol.as_str()), &corpus, 40, |data| replies::reply(protocol, data));
    }
}

#[test]
fn calls_end_with_an_answer_or_a_failure() {
    let mut corpus = Corpus::bodies();
    corpus.seeds.extend(Corpus::errors().seeds);
    let fuzz = Fuzz::share(TARGETS);
    for protocol in Protocol::ALL {
        fuzz.run(&format!("calls of {}", protocol.as_str()), &corpus, 40, |data| calls::call(protocol, data));
    }
}

#[test]
fn errors_have_a_meaning() {
    let corpus = Corpus::errors();
    let fuzz = Fuzz::share(TARGETS);
    for protocol in Protocol::ALL {
        fuzz.run(&format!("errors of {}", protocol.as_str()), &corpus, 100, |data| errors::classify(protocol, data));
    }
    fuzz.run("headers", &corpus, 200, errors::headers);
}

#[test]
fn any_text_is_a_profile_or_a_mistake() {
    Fuzz::share(TARGETS).run("profiles", &Corpus::profiles(), 30, profile::profile);
}

#[test]
fn json_is_repaired_once() {
    Fuzz::share(TARGETS).run("repair", &Corpus::bodies(), 200, repair::repair_twice);
}

#[test]
fn nothing_steers_the_terminal() {
    Fuzz::share(TARGETS).run("terminal", &Corpus::bodies(), 60, terminal::terminal);
}
