//! Verdicts of what was seen, each said in a word or two.

use std::time::Duration;

use super::super::{Live, Seen};
use super::*;
use crate::engine::{ProbeResult, Standing};
use crate::ports::ConnectionCheck;
use llmroute_core::model::{ConnectionFault, Timestamp};
use llmroute_core::protocols::probe::Listed;

fn failure(class: Class) -> Failure {
    Failure::new(class, "why")
}

fn reply(refusal: Option<Class>, key_proved: bool) -> ProbeOutcome {
    ProbeOutcome::Replied(ProbeReply {
        at: Timestamp(0),
        took: Duration::ZERO,
        status: if refusal.is_some() { 400 } else { 200 },
        refusal: refusal.map(failure),
        date: None,
        location: None,
        readings: Vec::new(),
        list: ModelList::None,
        key_proved,
    })
}

/// A deployment with a key, whose free question ended so.
fn seen(outcome: ProbeOutcome) -> Seen {
    Seen {
        dialed: ConnectionCheck::default(),
        probed: ProbeResult { key: ProbeKey::Found { tail: None }, outcome },
        listed: Listed::Unknown,
        standing: Standing::default(),
        breaker: breaker::State::Closed,
        reason: None,
        gated: None,
        usual: None,
        live: None,
    }
}

fn keyed() -> Seen {
    seen(reply(None, true))
}

fn cooling(seen: Seen, class: &str) -> Seen {
    Seen { breaker: breaker::State::Open { until: Timestamp(9) }, reason: Some(class.to_owned()), ..seen }
}

fn live(seen: Seen, live: Live) -> Seen {
    Seen { live: Some(live), ..seen }
}

fn answered(millis: u64) -> Live {
    Live::Answered { ttft: Some(Duration::from_millis(millis)), took: Duration::ZERO, cost: None }
}

fn failed(class: Class) -> Live {
    Live::Failed { failure: failure(class), cost: None }
}

#[track_caller]
fn check(seen: &Seen, state: State, lacks_key: bool) {
    let found = verdict(seen);
    assert_eq!((found.state, found.lacks_key), (state, lacks_key), "{found:?}");
}

#[test]
fn a_key_that_opened_the_door_is_proved() {
    check(&keyed(), State::Ok, false);
}

#[test]
fn a_list_that_anybody_may_read_proves_no_key() {
    check(&seen(reply(None, false)), State::Unknown, false);
    let mut open = seen(reply(None, false));
    open.probed.key = ProbeKey::NotNeeded;
    check(&open, State::Ok, false);
}

#[test]
fn what_is_no_list_proves_nothing_with_a_key_or_without() {
    let page = |key_proved| {
        let ProbeOutcome::Replied(reply) = reply(None, key_proved) else { unreachable!("it is one") };
        seen(ProbeOutcome::Replied(ProbeReply { list: ModelList::Unreadable, ..reply }))
    };
    let mut keyless = page(false);
    keyless.probed.key = ProbeKey::NotNeeded;
    for page in [page(false), keyless] {
        check(&page, State::Unknown, false);
        assert!(verdict(&page).why.is_some_and(|why| why.contains("no list of models")));
    }
    // Who refuses the same without the key has a lock, and the key fits.
    check(&page(true), State::Ok, false);
}

#[test]
fn who_has_nothing_free_is_unknown_unless_it_cannot_be_reached() {
    check(&seen(ProbeOutcome::NoFreeRequest), State::Unknown, false);
    let refused = Some(failure(Class::Connection(ConnectionFault::Refused)));
    let dialed = ConnectionCheck { failure: refused, ..ConnectionCheck::default() };
    check(&Seen { dialed, ..seen(ProbeOutcome::NoFreeRequest) }, State::Down, false);
}

#[test]
fn who_was_not_asked_for_lack_of_time_is_unknown() {
    let mut late = seen(ProbeOutcome::NoTime);
    check(&late, State::Unknown, false);
    late.probed.key = ProbeKey::NotResolved;
    check(&late, State::Unknown, false);
    check(&cooling(late, "quota"), State::Cooling, false);
    let not_called = Live::NotMade("not called: no time left".to_owned());
    check(&live(keyed(), not_called), State::Ok, false);
}

#[test]
fn no_key_and_a_wrong_one_lack_a_key() {
    let mut none = keyed();
    none.probed.key = ProbeKey::Missing("X is not set".to_owned());
    check(&none, State::NoKey, true);
    check(&seen(reply(Some(Class::Authentication), false)), State::Down, true);
    check(&live(keyed(), failed(Class::Permission)), State::Down, true);
}

#[test]
fn a_list_that_is_refused_is_not_a_call_that_is() {
    for class in [Class::Permission, Class::NotFound, Class::BadRequest] {
        check(&seen(reply(Some(class), false)), State::Unknown, false);
    }
    check(&seen(reply(Some(Class::RateLimit), false)), State::Limited, false);
    check(&seen(reply(Some(Class::ServerError), false)), State::Down, false);
    check(&live(keyed(), failed(Class::NotFound)), State::Down, false);
}

#[test]
fn an_open_breaker_is_closed_by_a_call_only() {
    check(&cooling(keyed(), "quota"), State::Cooling, false);
    check(&live(cooling(keyed(), "quota"), answered(1)), State::Ok, false);
    // The key was refused by calls, and nothing proves it since.
    check(&cooling(seen(ProbeOutcome::NoFreeRequest), "authentication"), State::Cooling, true);
    check(&cooling(keyed(), "authentication"), State::Cooling, false);
    check(&cooling(seen(ProbeOutcome::Failed(failure(Class::Malformed))), "quota"), State::Down, false);
}

#[test]
fn a_rate_limit_is_no_death() {
    check(&Seen { gated: Some(Timestamp(9)), ..keyed() }, State::Limited, false);
    check(&live(keyed(), Live::Gated), State::Limited, false);
    check(&live(keyed(), failed(Class::RateLimit)), State::Limited, false);
}

#[test]
fn slow_is_three_times_the_usual() {
    let usual = |seen: Seen| Seen { usual: Some(Duration::from_millis(100)), ..seen };
    check(&usual(live(keyed(), answered(299))), State::Ok, false);
    check(&usual(live(keyed(), answered(301))), State::Slow, false);
    check(&live(keyed(), answered(9000)), State::Ok, false);
}

#[test]
fn a_call_that_is_refused_for_its_size_proves_nothing_bad() {
    check(&live(keyed(), failed(Class::BadRequest)), State::Unknown, false);
    let spent = Live::Answered { ttft: None, took: Duration::ZERO, cost: None };
    check(&live(keyed(), spent), State::Ok, false);
    check(&live(keyed(), Live::Late), State::Down, false);
}

fn of(state: State, lacks_key: bool) -> Verdict {
    Verdict { lacks_key, ..Verdict::plain(state) }
}

#[track_caller]
fn check_groups(groups: &[&[Verdict]], want: Option<Lack>) {
    let lacks = groups.iter().map(|members| (String::new(), lack(&members.iter().collect::<Vec<_>>())));
    assert_eq!(exit(&lacks.collect::<Vec<_>>()), want);
}

#[test]
fn one_live_deployment_is_enough_for_a_group() {
    for state in [State::Ok, State::Slow, State::Unknown, State::Limited, State::Simulated] {
        check_groups(&[&[of(State::Down, false), of(state, false)]], None);
    }
}

#[test]
fn what_lacks_is_keys_only_if_nothing_else_does() {
    let (no_key, wrong, down) = (of(State::NoKey, true), of(State::Down, true), of(State::Down, false));
    let alive = of(State::Ok, false);
    check_groups(&[&[no_key.clone(), wrong.clone()], &[alive]], Some(Lack::Key));
    check_groups(&[&[no_key.clone(), down.clone()]], Some(Lack::Other));
    check_groups(&[&[no_key], &[down]], Some(Lack::Other));
    check_groups(&[&[of(State::Cooling, false)]], Some(Lack::Other));
}
