//! Diagnoses from evidence.

use std::time::Duration;

use super::super::{Evidence, LiveCall};
use super::*;
use crate::engine::{ProbeResult, Standing};
use crate::ports::ConnectionCheck;
pub use llmroute_core::model::{ConnectionFault, Timestamp};
pub use llmroute_core::protocols::probe::Listed;

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

/// A deployment with a key and this result of the free probe.
fn evidence(outcome: ProbeOutcome) -> Evidence {
    Evidence {
        dialed: ConnectionCheck::default(),
        probed: ProbeResult { key: ProbeKey::Found { tail: None }, outcome },
        listed: Listed::Unknown,
        standing: Standing::default(),
        breaker: breaker::BreakerState::Closed,
        reason: None,
        gated: None,
        usual: None,
        live: None,
    }
}

fn keyed() -> Evidence {
    evidence(reply(None, true))
}

fn cooling(evidence: Evidence, class: &str) -> Evidence {
    Evidence {
        breaker: breaker::BreakerState::Open { until: Timestamp(9) },
        reason: Some(class.to_owned()),
        ..evidence
    }
}

fn live(evidence: Evidence, live: LiveCall) -> Evidence {
    Evidence { live: Some(live), ..evidence }
}

fn answered(millis: u64) -> LiveCall {
    LiveCall::Answered { ttft: Some(Duration::from_millis(millis)), took: Duration::ZERO, cost: None }
}

fn failed(class: Class) -> LiveCall {
    LiveCall::Failed { failure: failure(class), cost: None }
}

#[track_caller]
fn check(evidence: &Evidence, state: HealthState, lacks_key: bool) {
    let found = diagnose(evidence);
    assert_eq!((found.state, found.lacks_key), (state, lacks_key), "{found:?}");
}

#[test]
fn a_key_that_opened_the_door_is_proved() {
    check(&keyed(), HealthState::Ok, false);
}

#[test]
fn a_list_that_anybody_may_read_proves_no_key() {
    check(&evidence(reply(None, false)), HealthState::Unknown, false);
    let mut open = evidence(reply(None, false));
    open.probed.key = ProbeKey::NotNeeded;
    check(&open, HealthState::Ok, false);
}

#[test]
fn what_is_no_list_proves_nothing_with_a_key_or_without() {
    let page = |key_proved| {
        let ProbeOutcome::Replied(reply) = reply(None, key_proved) else { unreachable!("it is one") };
        evidence(ProbeOutcome::Replied(ProbeReply { list: ModelList::Unreadable, ..reply }))
    };
    let mut keyless = page(false);
    keyless.probed.key = ProbeKey::NotNeeded;
    for page in [page(false), keyless] {
        check(&page, HealthState::Unknown, false);
        assert!(diagnose(&page).why.is_some_and(|why| why.contains("no list of models")));
    }
    // A server that refuses the request without the key has accepted the key.
    check(&page(true), HealthState::Ok, false);
}

#[test]
fn who_has_nothing_free_is_unknown_unless_it_cannot_be_reached() {
    check(&evidence(ProbeOutcome::NoFreeRequest), HealthState::Unknown, false);
    let refused = Some(failure(Class::Connection(ConnectionFault::Refused)));
    let dialed = ConnectionCheck { failure: refused, ..ConnectionCheck::default() };
    check(&Evidence { dialed, ..evidence(ProbeOutcome::NoFreeRequest) }, HealthState::Down, false);
}

#[test]
fn who_was_not_asked_for_lack_of_time_is_unknown() {
    let mut late = evidence(ProbeOutcome::NoTime);
    check(&late, HealthState::Unknown, false);
    late.probed.key = ProbeKey::NotResolved;
    check(&late, HealthState::Unknown, false);
    check(&cooling(late, "quota"), HealthState::Cooling, false);
    let not_called = LiveCall::NotMade("not called: no time left".to_owned());
    check(&live(keyed(), not_called), HealthState::Ok, false);
}

#[test]
fn no_key_and_a_wrong_one_lack_a_key() {
    let mut none = keyed();
    none.probed.key = ProbeKey::Missing("X is not set".to_owned());
    check(&none, HealthState::NoKey, true);
    check(&evidence(reply(Some(Class::Authentication), false)), HealthState::Down, true);
    check(&live(keyed(), failed(Class::Permission)), HealthState::Down, true);
}

#[test]
fn a_list_that_is_refused_is_not_a_call_that_is() {
    for class in [Class::Permission, Class::NotFound, Class::BadRequest] {
        check(&evidence(reply(Some(class), false)), HealthState::Unknown, false);
    }
    check(&evidence(reply(Some(Class::RateLimit), false)), HealthState::Limited, false);
    check(&evidence(reply(Some(Class::ServerError), false)), HealthState::Down, false);
    check(&live(keyed(), failed(Class::NotFound)), HealthState::Down, false);
}

#[test]
fn an_open_breaker_is_closed_by_a_call_only() {
    check(&cooling(keyed(), "quota"), HealthState::Cooling, false);
    check(&live(cooling(keyed(), "quota"), answered(1)), HealthState::Ok, false);
    // Calls refused the key, and nothing shows otherwise since.
    check(&cooling(evidence(ProbeOutcome::NoFreeRequest), "authentication"), HealthState::Cooling, true);
    check(&cooling(keyed(), "authentication"), HealthState::Cooling, false);
    check(&cooling(evidence(ProbeOutcome::Failed(failure(Class::Malformed))), "quota"), HealthState::Down, false);
}

#[test]
fn a_rate_limit_is_no_death() {
    check(&Evidence { gated: Some(Timestamp(9)), ..keyed() }, HealthState::Limited, false);
    check(&live(keyed(), LiveCall::Gated), HealthState::Limited, false);
    check(&live(keyed(), failed(Class::RateLimit)), HealthState::Limited, false);
}

#[test]
fn slow_is_three_times_the_usual() {
    let usual = |evidence: Evidence| Evidence { usual: Some(Duration::from_millis(100)), ..evidence };
    check(&usual(live(keyed(), answered(299))), HealthState::Ok, false);
    check(&usual(live(keyed(), answered(301))), HealthState::Slow, false);
    check(&live(keyed(), answered(9000)), HealthState::Ok, false);
}

#[test]
fn a_call_that_is_refused_for_its_size_proves_nothing_bad() {
    check(&live(keyed(), failed(Class::BadRequest)), HealthState::Unknown, false);
    let spent = LiveCall::Answered { ttft: None, took: Duration::ZERO, cost: None };
    check(&live(keyed(), spent), HealthState::Ok, false);
    check(&live(keyed(), LiveCall::TimedOut), HealthState::Down, false);
}

fn of(state: HealthState, lacks_key: bool) -> Diagnosis {
    Diagnosis { lacks_key, ..Diagnosis::plain(state) }
}

#[track_caller]
fn check_groups(groups: &[&[Diagnosis]], want: Option<Problem>) {
    let lacks = groups.iter().map(|members| (String::new(), problem(&members.iter().collect::<Vec<_>>())));
    assert_eq!(common_problem(&lacks.collect::<Vec<_>>()), want);
}

#[test]
fn one_live_deployment_is_enough_for_a_group() {
    for state in
        [HealthState::Ok, HealthState::Slow, HealthState::Unknown, HealthState::Limited, HealthState::Simulated]
    {
        check_groups(&[&[of(HealthState::Down, false), of(state, false)]], None);
    }
}

#[test]
fn what_lacks_is_keys_only_if_nothing_else_does() {
    let (no_key, wrong, down) =
        (of(HealthState::NoKey, true), of(HealthState::Down, true), of(HealthState::Down, false));
    let alive = of(HealthState::Ok, false);
    check_groups(&[&[no_key.clone(), wrong.clone()], &[alive]], Some(Problem::Key));
    check_groups(&[&[no_key.clone(), down.clone()]], Some(Problem::Other));
    check_groups(&[&[no_key], &[down]], Some(Problem::Other));
    check_groups(&[&[of(HealthState::Cooling, false)]], Some(Problem::Other));
}
