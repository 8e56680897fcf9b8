use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::{RateLimitReading, Refill, WindowEvidence};

fn cap(name: &'static str, limit: u64) -> Cap {
    let (counts, seconds) = match name {
        "rpm" => (LimitUnit::Requests, 60),
        "tpm" => (LimitUnit::Tokens, 60),
        "rpd" => (LimitUnit::Requests, 86_400),
        "budget" => (LimitUnit::Nanos, 86_400),
        other => panic!("unknown cap {other}"),
    };
    Cap { name, counts, span: Duration::from_secs(seconds), limit }
}

fn limits(caps: &[(&'static str, u64)], max_parallel: Option<u64>) -> Limits {
    Limits { caps: caps.iter().map(|(name, limit)| cap(name, *limit)).collect(), max_parallel }
}

fn need(prompt: u64, output: u64) -> Demand {
    Demand {
        prompt,
        output,
        bounded: true,
        nanos: Some((prompt + output) * 10),
        prompt_nanos: prompt * 10,
        calls: 1,
        tries_limit: false,
    }
}

fn at(seconds: f64) -> Timestamp {
    Timestamp(1_000_000_000).after(Duration::from_secs_f64(seconds))
}

/// Begins calls of 10 + 20 tokens, each over at once, at these seconds: `.` begins, or when it may.
fn check(limits: &Limits, seconds: &[f64], want: &str) {
    let mut meter = Meter::default();
    let said: Vec<String> = seconds
        .iter()
        .enumerate()
        .map(|(id, second)| {
            let now = at(*second);
            match meter.check(limits, &need(10, 20), now, "") {
                Ok(()) => {
                    meter.hold(limits, InFlightCall::new(id as u64, &need(10, 20), now));
                    meter.settle(id as u64, Consumption { tokens: 30, nanos: 300 });
                    ".".to_owned()
                }
                Err(LimitExceeded::Until { at: when, limit, .. } | LimitExceeded::Reported { at: when, limit }) => {
                    format!("{limit}@{}", when.since(at(0.0)).as_secs_f64())
                }
                Err(LimitExceeded::Never { limit, .. }) => format!("{limit} never"),
                Err(LimitExceeded::Unpriced) => "unpriced".to_owned(),
            }
        })
        .collect();
    assert_eq!(said.join(" "), want);
}

#[test]
fn requests_slide_out_of_the_minute_one_by_one() {
    let rpm = limits(&[("rpm", 2)], None);
    check(&rpm, &[0.0, 10.0, 20.0, 59.999, 60.0, 61.0, 70.0], ". . rpm@60 rpm@60 . rpm@70 .");
}

#[test]
fn a_minute_of_the_clock_is_no_border() {
    check(&limits(&[("rpm", 2)], None), &[59.0, 59.5, 60.5], ". . rpm@119");
}

#[test]
fn the_limit_that_holds_longest_says_when() {
    check(&limits(&[("rpm", 1), ("rpd", 2)], None), &[0.0, 1.0, 60.0, 61.0], ". rpm@60 . rpd@86400");
}

#[test]
fn tokens_and_money_count_what_was_used() {
    check(&limits(&[("tpm", 65)], None), &[0.0, 1.0, 2.0, 60.0], ". . tpm@60 .");
    check(&limits(&[("budget", 650)], None), &[0.0, 1.0, 2.0], ". . budget@86400");
}

#[test]
fn what_never_fits_is_said_so() {
    check(&limits(&[("tpm", 29)], None), &[0.0], "tpm never");
    check(&limits(&[("budget", 299)], None), &[0.0], "budget never");
}

#[test]
fn an_answer_whose_length_is_a_guess_takes_what_there_is() {
    let guess = Demand { bounded: false, ..need(10, 1000) };
    let tpm = limits(&[("tpm", 100)], None);
    let mut meter = Meter::default();
    assert_eq!(meter.check(&tpm, &guess, at(0.0), ""), Ok(()));
    meter.hold(&tpm, InFlightCall::new(1, &guess, at(0.0)));
    assert!(meter.check(&tpm, &need(1, 1), at(1.0), "").is_err(), "it may use all of it");
    meter.settle(1, Consumption { tokens: 40, nanos: 0 });
    assert_eq!(meter.check(&tpm, &need(30, 30), at(2.0), ""), Ok(()));
    assert!(meter.check(&tpm, &need(30, 31), at(2.0), "").is_err());
}

#[test]
fn a_budget_needs_a_price() {
    let unpriced = Demand { nanos: None, ..need(1, 1) };
    let budget = limits(&[("budget", 100)], None);
    assert_eq!(Meter::default().check(&budget, &unpriced, at(0.0), ""), Err(LimitExceeded::Unpriced));
}

#[test]
fn a_place_is_free_when_its_call_is_over_or_its_process_is_dead() {
    let one = limits(&[], Some(1));
    let mut meter = Meter::default();
    let shut = |meter: &mut Meter, seconds: f64| meter.check(&one, &need(1, 1), at(seconds), "").is_err();
    meter.hold(&one, InFlightCall::new(1, &need(1, 1), at(0.0)));
    assert!(shut(&mut meter, 1.0));
    meter.renew(1, at(20.0));
    assert!(shut(&mut meter, 49.0), "it is alive");
    assert!(!shut(&mut meter, 50.0), "it said nothing for as long as a lease");
    meter.hold(&one, InFlightCall::new(2, &need(1, 1), at(50.0)));
    meter.settle(2, Consumption::default());
    assert!(!shut(&mut meter, 51.0));
}

#[test]
fn a_killed_call_counts_as_what_it_was_expected_to_use() {
    let rpm = limits(&[("rpm", 1), ("tpm", 100)], None);
    let mut meter = Meter::default();
    assert_eq!(meter.check(&rpm, &need(10, 20), at(0.0), ""), Ok(()));
    meter.hold(&rpm, InFlightCall::new(1, &need(10, 20), at(0.0)));
    let Err(LimitExceeded::Until { at: when, .. }) = meter.check(&rpm, &need(1, 1), at(45.0), "") else {
        panic!("full")
    };
    assert_eq!(when, at(60.0));
    let json = serde_json::to_string(&meter).unwrap();
    assert_eq!(serde_json::from_str::<Meter>(&json).unwrap(), meter);
}

#[test]
fn a_call_that_was_never_sent_counts_for_nothing() {
    let rpm = limits(&[("rpm", 1)], None);
    let mut meter = Meter::default();
    assert_eq!(meter.check(&rpm, &need(1, 1), at(0.0), ""), Ok(()));
    meter.hold(&rpm, InFlightCall::new(1, &need(1, 1), at(0.0)));
    meter.cancel(1);
    assert_eq!(meter.check(&rpm, &need(1, 1), at(0.0), ""), Ok(()));
}

#[test]
fn of_two_limits_for_one_thing_the_lower_holds() {
    let mut both = limits(&[("rpm", 5), ("tpm", 7)], None);
    both.tighten(&limits(&[("rpm", 3), ("rpd", 9)], Some(2)));
    assert_eq!(both, limits(&[("rpm", 3), ("tpm", 7), ("rpd", 9)], Some(2)));
}

#[test]
fn headroom_is_that_of_the_tightest() {
    let both = limits(&[("rpm", 4), ("tpm", 1000)], Some(10));
    let mut meter = Meter::default();
    assert_eq!(headroom([(&both, &meter)], &ProviderLimit::default(), at(0.0)), Some(1.0));
    meter.hold(&both, InFlightCall::new(1, &need(10, 20), at(0.0)));
    assert_eq!(headroom([(&both, &meter)], &ProviderLimit::default(), at(1.0)), Some(0.75));
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 1.0, &[reading(100, 20, Refill::Over(Duration::from_secs(60)))], None);
    assert_eq!(headroom([(&both, &meter)], &quota, at(1.0)), Some(0.2));
    assert_eq!(headroom([], &ProviderLimit::default(), at(0.0)), None, "nothing is known");
}

fn reading(limit: u64, remaining: u64, refill: Refill) -> RateLimitReading {
    RateLimitReading {
        resource: Resource::Requests,
        span: None,
        limit: Some(limit),
        remaining,
        refill,
        window: WindowEvidence::None,
    }
}

fn hear(quota: &mut ProviderLimit, second: f64, readings: &[RateLimitReading], gate: Option<u64>) {
    let reply = Some((at(second), readings.to_vec()));
    let heard = LimitObservation { started: at(second), reply, gate: gate.map(Duration::from_secs), output: Some(5) };
    quota.observe(&heard, at(second));
}

/// The time at which a call may begin, in seconds; `None` is now.
fn wait(quota: &ProviderLimit, second: f64) -> Option<f64> {
    match quota.check(&need(10, 20), at(second)) {
        Ok(()) => None,
        Err(LimitExceeded::Until { at: when, .. } | LimitExceeded::Reported { at: when, .. }) => {
            Some(when.since(at(second)).as_secs_f64())
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_steady_bucket_fills_while_time_goes_on() {
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 0.0, &[reading(60, 0, Refill::Over(Duration::from_secs(60)))], None);
    assert_eq!(wait(&quota, 0.0), Some(1.001));
    assert_eq!(wait(&quota, 1.0), None);
    quota.take(&need(10, 20), at(1.0));
    assert_eq!(wait(&quota, 1.0), Some(1.001), "what was reserved since is not there");
    hear(&mut quota, 2.0, &[reading(60, 30, Refill::Over(Duration::from_secs(60)))], None);
    assert_eq!(wait(&quota, 2.0), None, "the reply knows what began before it");
}

#[test]
fn a_later_request_is_behind_those_that_wait() {
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 0.0, &[reading(60, 0, Refill::Over(Duration::from_secs(60)))], None);
    // They began long enough ago for the places to be certain.
    let ticket = |id: u64| Ticket { since: Timestamp(at(id as f64 / 10.0).0 - 10_000), id };
    let wait = |quota: &ProviderLimit, id, second| match quota
        .turn(need(10, 20), ticket(id), at(second))
        .check(|demand| quota.check(demand, at(second)))
    {
        Ok(()) => None,
        Err(LimitExceeded::Until { at: when, .. }) => {
            Some((when.since(at(second)).as_secs_f64() * 10.0).round() / 10.0)
        }
        Err(other) => panic!("{other:?}"),
    };
    quota.join(ticket(1), at(0.1));
    quota.join(ticket(2), at(0.2));
    assert_eq!(wait(&quota, 3, 0.3), Some(2.7), "two are in front of it");
    assert_eq!(wait(&quota, 3, 1.0), Some(2.0), "the one that there is belongs to the first");
    assert_eq!(wait(&quota, 1, 1.0), None);
    quota.leave(ticket(1));
    quota.leave(ticket(2));
    assert_eq!(wait(&quota, 3, 1.0), None);
}

/// A call that began at `second` and was answered 50 ms later.
fn answer(quota: &mut ProviderLimit, second: f64) {
    let ended = at(second + 0.05);
    let answered =
        LimitObservation { started: at(second), reply: Some((ended, Vec::new())), gate: None, output: Some(5) };
    quota.observe(&answered, ended);
}

/// A call that was refused at once, for a second.
fn refuse(quota: &mut ProviderLimit, second: f64) {
    let gate = Some(Duration::from_secs(1));
    let refused = LimitObservation { started: at(second), reply: Some((at(second), Vec::new())), gate, output: None };
    quota.observe(&refused, at(second));
}

#[test]
fn a_single_429_asks_for_its_gate_and_nothing_else() {
    let mut quota = ProviderLimit::default();
    (0..5).for_each(|call| answer(&mut quota, f64::from(call) * 0.1));
    refuse(&mut quota, 0.5);
    assert_eq!(wait(&quota, 0.6), Some(0.9));
    quota.take(&need(1, 1), at(1.5));
    assert_eq!(wait(&quota, 1.5), None);
    assert!(quota.is_scarce(&need(1, 1), at(1.5)), "other processes may have been refused too");
}

#[test]
fn a_second_429_paces_calls_at_the_rate_that_was_answered() {
    let mut quota = ProviderLimit::default();
    refuse(&mut quota, 0.0);
    (0..5).for_each(|call| answer(&mut quota, 1.0 + f64::from(call) * 0.1));
    refuse(&mut quota, 1.5);
    assert!(quota.is_scarce(&need(1, 1), at(2.5)));
    assert_eq!(wait(&quota, 2.5), None);
    quota.take(&need(1, 1), at(2.5));
    assert_eq!(wait(&quota, 2.5), Some(0.3), "five calls in 1.5 s");
}

#[test]
fn refusals_at_the_same_moment_count_what_was_answered_beside_them() {
    let mut quota = ProviderLimit::default();
    refuse(&mut quota, 0.011);
    refuse(&mut quota, 0.012);
    (0..10).for_each(|call| answer(&mut quota, f64::from(call) / 1000.0));
    quota.take(&need(1, 1), at(2.0));
    let gap = wait(&quota, 2.0).unwrap();
    assert!((0.09..0.11).contains(&gap), "ten calls in a second: {gap} s");
}

#[test]
fn a_pace_holds_then_doubles_and_is_forgotten_within_a_minute() {
    let paced = |second: f64| {
        let mut quota = ProviderLimit::default();
        refuse(&mut quota, 0.0);
        refuse(&mut quota, 0.0);
        quota.take(&need(1, 1), at(second));
        wait(&quota, second)
    };
    assert_eq!(paced(1.0), Some(1.0));
    assert_eq!(paced(16.0), Some(1.0));
    assert_eq!(paced(26.0), Some(0.5));
    assert_eq!(paced(36.0), Some(0.25));
    assert_eq!(paced(61.0), None);
}

#[test]
fn a_request_that_waits_longer_goes_first_at_a_pace_too() {
    let mut quota = ProviderLimit::default();
    refuse(&mut quota, 0.0);
    refuse(&mut quota, 0.0);
    let ticket = |id| Ticket { since: Timestamp(at(id as f64).0 - 10_000), id };
    quota.join(ticket(1), at(1.0));
    let turn = quota.turn(need(1, 1), ticket(2), at(1.0));
    assert_eq!(quota.check(&need(1, 1), at(1.0)), Ok(()));
    let exceeded = turn.check(|demand| quota.check(demand, at(1.0)));
    assert!(matches!(exceeded, Err(LimitExceeded::Until { at: when, .. }) if when == at(2.0)), "{exceeded:?}");
}

#[test]
fn a_reset_that_is_days_away_is_believed_for_a_day() {
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 0.0, &[reading(60, 0, Refill::At(Duration::from_secs(365 * 24 * 3600)))], None);
    let day = 24.0 * 3600.0;
    assert!(wait(&quota, 0.0).unwrap() <= day + 1.0);
    assert_eq!(wait(&quota, day + 1.0), None);
}

#[test]
fn a_reset_that_is_hours_away_can_be_tried_and_one_within_a_minute_cannot() {
    let tried = Demand { tries_limit: true, ..need(1, 1) };
    let check = |reset, want: bool| {
        let mut quota = ProviderLimit::default();
        hear(&mut quota, 0.0, &[reading(60, 0, Refill::At(Duration::from_secs(reset)))], None);
        assert!(quota.check(&need(1, 1), at(0.0)).is_err());
        assert_eq!(quota.check(&tried, at(0.0)).is_ok(), want, "{reset} s");
        hear(&mut quota, 0.0, &[], Some(5));
        assert!(quota.check(&tried, at(0.0)).is_err(), "the gate of a 429 holds");
    };
    check(3600, true);
    check(60, false);
}

#[test]
fn a_limit_that_once_was_a_window_opens_at_its_end() {
    let second = Duration::from_secs(1);
    let evidence = |left, refill, window| RateLimitReading { window, ..reading(10, left, refill) };
    // Nothing left: a bucket that fills in a second, or a window that ends in one.
    let ambiguous = evidence(0, Refill::Over(second), WindowEvidence::Possible(second));
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 0.0, &[ambiguous], None);
    assert_eq!(wait(&quota, 0.0), Some(0.101));
    hear(&mut quota, 1.0, &[evidence(5, Refill::At(second), WindowEvidence::Certain)], None);
    hear(&mut quota, 2.0, &[ambiguous], None);
    assert_eq!(wait(&quota, 2.0), Some(1.001));
    hear(&mut quota, 4000.0, &[ambiguous], None);
    assert_eq!(wait(&quota, 4000.0), Some(0.101), "it may have changed since");
}

#[test]
fn requests_that_wait_fill_the_next_windows() {
    let rpm = limits(&[("rpm", 2)], None);
    let mut meter = Meter::default();
    meter.hold(&rpm, InFlightCall::new(1, &need(1, 1), at(0.0)));
    meter.hold(&rpm, InFlightCall::new(2, &need(1, 1), at(10.0)));
    let turn = |ahead| need(1, 1).behind(ahead);
    let mut opens = |ahead| match meter.check(&rpm, &turn(ahead), at(20.0), "") {
        Err(LimitExceeded::Until { at: when, .. }) => when.since(at(0.0)).as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!([opens(0), opens(1), opens(2), opens(3), opens(9)], [60, 70, 120, 130, 310]);
}

#[test]
fn a_fixed_window_gives_nothing_before_its_end() {
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 0.0, &[reading(60, 0, Refill::At(Duration::from_secs(40)))], None);
    assert_eq!(wait(&quota, 39.0), Some(1.001));
    assert_eq!(wait(&quota, 40.0), None);
}

#[test]
fn an_older_reply_that_comes_later_changes_nothing() {
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 5.0, &[reading(60, 0, Refill::At(Duration::from_secs(40)))], None);
    let late = LimitObservation {
        reply: Some((at(4.0), vec![reading(60, 9, Refill::At(Duration::from_secs(41)))])),
        ..LimitObservation::default()
    };
    quota.observe(&late, at(6.0));
    assert!(wait(&quota, 6.0).is_some());
}

#[test]
fn a_later_and_shorter_wait_never_lowers_a_gate() {
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 0.0, &[], Some(60));
    hear(&mut quota, 1.0, &[], Some(5));
    assert_eq!(quota.gated(at(2.0)), Some(at(60.0)));
}

#[test]
fn with_headers_there_is_no_pace() {
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 0.0, &[reading(60, 50, Refill::Over(Duration::from_secs(60)))], Some(1));
    quota.take(&need(1, 1), at(2.0));
    assert_eq!(wait(&quota, 2.0), None);
}

#[test]
fn an_empty_window_that_looks_like_a_bucket_is_a_window_once_a_reply_showed_it() {
    let empty = RateLimitReading {
        window: WindowEvidence::Possible(Duration::from_millis(800)),
        ..reading(5, 0, Refill::Over(Duration::from_secs(1)))
    };
    let half =
        RateLimitReading { window: WindowEvidence::Certain, ..reading(5, 3, Refill::At(Duration::from_millis(950))) };
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 0.2, &[empty], None);
    assert_eq!(wait(&quota, 0.2), Some(0.201), "a fifth of a second refills one of five");
    hear(&mut quota, 1.1, &[half], None);
    hear(&mut quota, 1.2, &[empty], None);
    assert_eq!(wait(&quota, 1.2), Some(0.801), "the window ends");
    hear(&mut quota, 4000.0, &[empty], None);
    assert_eq!(wait(&quota, 4000.0), Some(0.201), "an hour later it may be another limit");
}

#[test]
fn the_calls_that_wait_for_the_end_of_a_window_are_counted() {
    let mut quota = ProviderLimit::default();
    hear(&mut quota, 0.0, &[reading(5, 0, Refill::At(Duration::from_secs(2)))], None);
    assert_eq!(wait(&quota, 3.0), None);
    assert!(quota.is_scarce(&need(1, 1), at(3.0)), "twenty may wait for five places");
    assert!(!quota.is_scarce(&need(1, 1), at(61.0)));
}

#[test]
fn more_than_there_ever_is_waits_until_all_is_there() {
    let mut quota = ProviderLimit::default();
    let tokens =
        RateLimitReading { resource: Resource::Tokens, ..reading(20, 10, Refill::Over(Duration::from_secs(60))) };
    hear(&mut quota, 0.0, &[tokens], None);
    assert_eq!(wait(&quota, 0.0), Some(30.001));
    assert_eq!(wait(&quota, 30.1), None);
}

#[test]
fn calls_are_counted_before_they_begin_where_little_is_left() {
    let scarce = |remaining| {
        let mut quota = ProviderLimit::default();
        hear(&mut quota, 0.0, &[reading(100, remaining, Refill::At(Duration::from_secs(60)))], None);
        quota.is_scarce(&need(1, 1), at(1.0))
    };
    assert!(!scarce(90));
    assert!(scarce(20));
    assert!(!ProviderLimit::default().is_scarce(&need(1, 1), at(0.0)));
}

/// An event at a meter that several processes share.
#[derive(Debug, Clone)]
enum Act {
    /// A process asks for a call with this number of tokens.
    Begin(u64),
    /// One of the calls in flight ends, having used this part (percent) of what it was expected to.
    End(usize, u64),
    /// One of the calls in flight was never sent.
    Cancel(usize),
    /// The process of one dies.
    Kill(usize),
    /// Time goes on by so many milliseconds.
    Pass(i64),
    /// The clock is set back by so many milliseconds; no time passes.
    StepBack(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (1u64..40).prop_map(Act::Begin),
        3 => (any::<usize>(), 0u64..=100).prop_map(|(which, part)| Act::End(which, part)),
        1 => any::<usize>().prop_map(Act::Cancel),
        1 => any::<usize>().prop_map(Act::Kill),
        4 => (0i64..30_000).prop_map(Act::Pass),
        1 => prop_oneof![0i64..2000, 0i64..100_000, 0i64..100_000_000].prop_map(Act::StepBack),
    ]
}

proptest! {
    /// In real time, of which the clock may lose any amount, no window holds more than the limit.
    #[test]
    fn no_window_ever_holds_more_than_the_limit(acts in prop::collection::vec(act(), 1..120)) {
        let limits = limits(&[("rpm", 5), ("tpm", 100)], Some(3));
        let (mut meter, mut real, mut clock) = (Meter::default(), 0i64, 1_000_000_000i64);
        // When each call that was sent began, and the tokens it used.
        let mut sent: Vec<(i64, u64)> = Vec::new();
        // In flight: position in `sent`, expected tokens, when it began, whether its process lives.
        let mut flight: Vec<(u64, usize, i64, bool)> = Vec::new();
        for (id, act) in acts.into_iter().enumerate() {
            let id = id as u64;
            match act {
                Act::Begin(tokens) => {
                    let need = need(tokens / 2, tokens - tokens / 2);
                    if meter.check(&limits, &need, Timestamp(clock), "").is_ok() {
                        meter.hold(&limits, InFlightCall::new(id, &need, Timestamp(clock)));
                        flight.push((id, sent.len(), real, true));
                        sent.push((real, tokens));
                    }
                }
                Act::End(which, part) if !flight.is_empty() => {
                    let (id, index, _, alive) = flight.swap_remove(which % flight.len());
                    if alive {
                        sent[index].1 = sent[index].1 * part / 100;
                        meter.settle(id, Consumption { tokens: sent[index].1, nanos: 0 });
                    }
                }
                Act::Cancel(which) if !flight.is_empty() => {
                    let (id, index, _, alive) = flight.swap_remove(which % flight.len());
                    if alive {
                        meter.cancel(id);
                        sent[index] = (i64::MIN / 2, 0);
                    }
                }
                Act::Kill(which) if !flight.is_empty() => {
                    let which = which % flight.len();
                    flight[which].3 = false;
                }
                Act::End(..) | Act::Cancel(_) | Act::Kill(_) => {}
                Act::Pass(millis) => {
                    // A live process renews its lease every ten seconds.
                    for passed in (0..millis).step_by(10_000) {
                        for (id, ..) in flight.iter().filter(|call| call.3) {
                            meter.renew(*id, Timestamp(clock + passed));
                        }
                    }
                    real += millis;
                    clock += millis;
                }
                Act::StepBack(millis) => clock -= millis,
            }
            let alive = flight.iter().filter(|call| call.3).count();
            prop_assert!(alive <= 3, "{alive} at the same time");
            for end in sent.iter().map(|(begun, _)| *begun) {
                let window = sent.iter().filter(|(begun, _)| *begun <= end && *begun > end - 60_000);
                let (count, tokens) = window.fold((0, 0), |(count, sum), (_, tokens)| (count + 1, sum + tokens));
                prop_assert!(end < 0 || (count <= 5 && tokens <= 100), "{count} calls, {tokens} tokens");
            }
        }
    }
}

#[test]
fn tokens_that_calls_in_flight_may_give_back_are_looked_at_again_soon() {
    let tpm = limits(&[("tpm", 2500)], None);
    let mut meter = Meter::default();
    meter.hold(&tpm, InFlightCall::new(1, &need(25, 1000), at(0.0)));
    meter.hold(&tpm, InFlightCall::new(2, &need(25, 1000), at(0.0)));
    let next = |meter: &mut Meter| match meter.check(&tpm, &need(25, 1000), at(1.0), "") {
        Err(LimitExceeded::Until { at: when, .. }) => when.since(at(1.0)).as_secs_f64(),
        other => panic!("{other:?}"),
    };
    assert_eq!(next(&mut meter), 0.25);
    meter.settle(1, Consumption { tokens: 1200, nanos: 0 });
    meter.settle(2, Consumption { tokens: 1200, nanos: 0 });
    assert_eq!(next(&mut meter), 59.0, "what was used stays until it leaves the window");
}
