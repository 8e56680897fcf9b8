//! Whole calls: a reply in any pieces, at any times, with any status and any end.

use std::time::Duration;

use http::HeaderMap;
use llmroute_core::call::{CallEnd, HttpCall};
use llmroute_core::model::{Answer, Class, ConnectionFault, Event, Failure, Secret};
use llmroute_core::protocols::{Endpoint, Protocol};
use llmroute_core::routing::Timeouts;

use super::replies::endpoint;
use super::{NOW, check_failure, luck, splits};

const KEY: &str = "sk-fuzz-0123456789-abcdef";
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    first_token: Duration::from_secs(30),
    idle: Duration::from_secs(20),
    attempt: Duration::from_secs(60),
};

/// Makes a call to a provider that speaks `protocol` and replies with `data`.
pub fn call(protocol: Protocol, data: &[u8]) {
    let to = endpoint(protocol, data);
    for status in [200, 429] {
        let mut ends = splits(data).into_iter().map(|pieces| at_once(&to, status, &pieces));
        let whole = ends.next().expect("there is one way to cut at least");
        check_end(&whole);
        for other in ends {
            assert_eq!(other, whole, "another split, another call");
        }
    }
    check_end(&at_any_time(&to, data));
}

fn at_once(to: &Endpoint, status: u16, pieces: &[&[u8]]) -> (Vec<Event>, CallEnd) {
    let (mut call, mut events) = (HttpCall::new(to, Some(&Secret::new(KEY)), TIMEOUTS, Duration::ZERO), Vec::new());
    call.head(Duration::ZERO, status, &HeaderMap::new(), NOW);
    pieces.iter().for_each(|piece| call.feed(Duration::ZERO, piece, &mut events));
    call.end(Duration::ZERO, &mut events);
    (events, call.finish())
}

/// Feeds pieces with pauses between them; the body ends, breaks, or is never finished.
fn at_any_time(to: &Endpoint, data: &[u8]) -> (Vec<Event>, CallEnd) {
    let (mut rng, mut at, mut events) = (luck(data), Duration::ZERO, Vec::new());
    let mut call = HttpCall::new(to, Some(&Secret::new(KEY)), TIMEOUTS, at);
    call.head(at, if rng.u8(..) < 200 { 200 } else { rng.u16(100..600) }, &HeaderMap::new(), NOW);
    for piece in data.chunks(rng.usize(1..64)) {
        at += Duration::from_millis(rng.u64(0..3000));
        assert!(call.deadline().0 <= TIMEOUTS.attempt, "a deadline beyond the total");
        let (over, before) = (call.is_over(), events.len());
        call.tick(at, &mut events);
        call.feed(at, piece, &mut events);
        assert!(!over || events.len() == before, "events after the end");
    }
    match rng.u8(..3) {
        0 => call.end(at, &mut events),
        1 => {
            let broken = Failure::new(Class::Connection(ConnectionFault::Broken), "the connection broke");
            call.fail(at, broken, &mut events);
        }
        _ => call.tick(TIMEOUTS.attempt, &mut events),
    }
    assert!(call.is_over(), "a call without an end");
    (events, call.finish())
}

fn check_end((events, end): &(Vec<Event>, CallEnd)) {
    let mut folded: Answer = events.iter().collect();
    if !folded.text.is_empty() && folded.usage.is_some_and(|usage| usage.output == 0) {
        // A server that counts no output beside text has not counted.
        folded.usage = None;
    }
    assert_eq!(folded, end.answer, "the answer is not the fold of the events");
    match &end.result {
        Ok(()) => assert!(end.answer.finish.is_some() && !end.answer.is_empty(), "an answer without an end or content"),
        Err(failure) => check_failure(failure),
    }
    let metadata = format!("{:?} {:?} {:?}", end.answer.id, end.answer.model, end.result);
    assert!(!metadata.contains(KEY), "the key came back");
}
