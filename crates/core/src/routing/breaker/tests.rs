//! Scripts for the breaker: events at given seconds, and its state after each.

use proptest::prelude::*;

use super::*;

const RULES: BreakerPolicy = BreakerPolicy {
    cooldown: Duration::from_secs(120),
    cooldown_max: Duration::from_secs(1800),
    allowed_fails: None,
    allowed_of_class: None,
    remembered: 0,
};

/// Plays `script` (`second event`, one a line) on a breaker and returns its state after each.
fn check(rules: BreakerPolicy, another_closed: bool, script: &str) {
    let mut breaker = Breaker::default();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (event, want) = line.split_once("->").expect("a line is `second event -> state`");
        let (second, event) = event.trim().split_once(' ').expect("a line is `second event -> state`");
        let now = Timestamp((second.parse::<f64>().expect("a number") * 1000.0) as i64);
        let context = BreakerContext { rules, another_closed, now, jitter: 0.5 };
        let failed = |class, retry_after| BreakerEvent::Failed { class, retry_after };
        match event.trim() {
            "ok" => breaker.observe(BreakerEvent::Alive, &context),
            "500" => breaker.observe(failed(Class::ServerError, None), &context),
            "503+300s" => breaker.observe(failed(Class::Overloaded, Some(Duration::from_secs(300))), &context),
            "refused" => breaker.observe(failed(Class::Connection(ConnectionFault::Refused), None), &context),
            "401" => breaker.observe(failed(Class::Authentication, None), &context),
            "look" => {}
            "probe" => assert!(breaker.claim_probe(now, now.after(Duration::from_secs(30))), "{line}"),
            "no-probe" => assert!(!breaker.claim_probe(now, now.after(Duration::from_secs(30))), "{line}"),
            other => panic!("unknown event {other}"),
        }
        let state = match breaker.state(now) {
            BreakerState::Closed => "closed".to_owned(),
            BreakerState::HalfOpen => "half-open".to_owned(),
            BreakerState::Open { until } => format!("open {}", until.since(now).as_secs()),
        };
        assert_eq!(state, want.trim(), "{line}");
    }
}

#[test]
fn in_sparse_use_the_first_failure_opens_it_if_another_is_closed() {
    check(RULES, true, "0 500 -> open 120");
    check(RULES, false, "0 500 -> closed");
}

#[test]
fn a_cooldown_of_zero_keeps_it_closed() {
    let rules = BreakerPolicy { cooldown: Duration::ZERO, ..RULES };
    check(rules, true, "0 500 -> closed\n1 refused -> closed\n2 401 -> closed\n3 503+300s -> closed");
}

#[test]
fn in_dense_use_one_failure_is_noise() {
    check(RULES, true, "0 ok -> closed\n 1 500 -> closed\n 2 ok -> closed\n 3 500 -> closed");
}

#[test]
fn five_in_a_row_open_it() {
    check(
        RULES,
        false,
        "0 ok -> closed\n1 500 -> closed\n2 500 -> closed\n3 500 -> closed\n4 500 -> closed\n5 500 -> open 120",
    );
}

#[test]
fn more_than_forty_percent_of_ten_open_it() {
    check(
        RULES,
        true,
        "0 ok -> closed\n0 ok -> closed\n0 ok -> closed\n0 ok -> closed\n0 ok -> closed\n0 500 -> closed
         0 ok -> closed\n0 500 -> closed\n0 500 -> closed\n0 500 -> closed\n0 500 -> open 120",
    );
}

#[test]
fn old_failures_fade() {
    check(
        RULES,
        false,
        "0 500 -> closed\n0 500 -> closed\n0 500 -> closed\n0 500 -> closed\n300 ok -> closed\n301 500 -> closed",
    );
}

#[test]
fn a_clock_that_stepped_back_by_much_keeps_nothing_shut() {
    check(RULES, false, "100000 refused -> open 120\n 0 look -> half-open\n 0 probe -> open 30\n 1 ok -> closed");
}

#[test]
fn a_clock_that_stepped_back_leaves_no_old_counts() {
    let mut breaker = Breaker::default();
    let see = |breaker: &mut Breaker, seen, second: i64| {
        let context = BreakerContext { rules: RULES, another_closed: true, now: Timestamp(second * 1000), jitter: 0.5 };
        breaker.observe(seen, &context);
    };
    see(&mut breaker, BreakerEvent::Alive, 100_000);
    see(&mut breaker, BreakerEvent::Alive, 0);
    see(&mut breaker, BreakerEvent::Failed { class: Class::ServerError, retry_after: None }, 300);
    assert!(matches!(breaker.state(Timestamp(300_000)), BreakerState::Open { .. }), "use was sparse: {breaker:?}");
}

#[test]
fn a_refused_connection_opens_it_at_once() {
    check(RULES, false, "0 ok -> closed\n1 refused -> open 120");
}

#[test]
fn a_wrong_key_cools_for_a_minute_doubling_to_an_hour() {
    check(
        RULES,
        false,
        "0 401 -> open 60\n60 look -> half-open\n60 probe -> open 30\n61 401 -> open 120\n181 probe -> open 30
         182 401 -> open 240\n10000 probe -> open 30\n10001 401 -> open 480\n20000 probe -> open 30
         20001 401 -> open 960\n30000 probe -> open 30\n30001 401 -> open 1920\n40000 probe -> open 30
         40001 401 -> open 3600\n50000 probe -> open 30\n50001 401 -> open 3600",
    );
}

#[test]
fn exactly_one_probe_and_its_lease_expires() {
    check(RULES, true, "0 500 -> open 120\n120 probe -> open 30\n121 no-probe -> open 29\n150 probe -> open 30");
}

#[test]
fn a_probe_that_answers_closes_it() {
    check(RULES, true, "0 500 -> open 120\n120 probe -> open 30\n121 ok -> closed\n122 500 -> closed");
}

#[test]
fn a_late_failure_does_not_double_the_cooldown() {
    check(RULES, true, "0 500 -> open 120\n1 500 -> open 120\n2 500 -> open 120");
}

#[test]
fn retry_after_is_a_floor() {
    check(RULES, true, "0 503+300s -> open 300");
}

#[test]
fn allowed_fails_counts_failures_in_a_minute() {
    let rules = BreakerPolicy { allowed_fails: Some(2), remembered: 2, ..RULES };
    check(rules, true, "0 500 -> closed\n61 500 -> closed\n62 500 -> open 120");
    check(rules, true, "0 500 -> closed\n1 ok -> closed\n2 500 -> open 120");
}

#[test]
fn a_probe_that_goes_on_keeps_others_away() {
    let context = BreakerContext { rules: RULES, another_closed: true, now: Timestamp(0), jitter: 0.5 };
    let mut breaker = Breaker::default();
    breaker.observe(BreakerEvent::Failed { class: Class::ServerError, retry_after: None }, &context);
    let at = |second: i64| Timestamp(second * 1000);
    assert!(breaker.claim_probe(at(120), at(135)));
    breaker.extend_probe(at(130), at(150));
    assert!(!breaker.claim_probe(at(140), at(155)));
    assert!(breaker.claim_probe(at(150), at(165)));
    breaker.extend_probe(at(170), at(190));
    assert_eq!(breaker.state(at(171)), BreakerState::HalfOpen, "what has ended is not extended");
}

#[test]
fn what_is_allowed_of_a_class_goes_before_every_other_rule() {
    let rules = BreakerPolicy { allowed_of_class: Some(2), remembered: 2, ..RULES };
    check(rules, true, "0 500 -> closed\n1 500 -> open 120");
    check(rules, true, "0 401 -> closed\n1 401 -> open 60");
    check(rules, true, "0 refused -> closed\n1 refused -> open 120");
}

#[test]
fn a_clock_that_steps_back_leaves_it_half_open() {
    check(RULES, true, "1000 500 -> open 120\n10 look -> half-open\n10 probe -> open 30\n11 500 -> open 240");
    check(RULES, true, "1000 500 -> open 120\n10 500 -> open 120");
}

#[test]
fn a_clock_that_is_a_little_behind_another_changes_nothing() {
    check(RULES, true, "1000 500 -> open 120\n990 look -> open 130\n990 no-probe -> open 130");
}

#[test]
fn a_lease_of_a_clock_that_ran_ahead_holds_nobody_up() {
    check(RULES, true, "0 500 -> open 120\n90000 probe -> open 30\n200 look -> half-open");
}

#[test]
fn failures_of_a_clock_that_ran_ahead_do_not_count() {
    let rules = BreakerPolicy { allowed_fails: Some(2), remembered: 2, ..RULES };
    check(rules, true, "90000 500 -> closed\n10 500 -> closed\n11 500 -> open 120");
}

/// The traffic share at `at`, after a recovery at 1000 s with answers at `answers`.
fn ramp(answers: &[i64], at: f64, want: f64) {
    let mut breaker = Breaker::default();
    let mut see = |second: i64, seen| {
        let context = BreakerContext { rules: RULES, another_closed: true, now: Timestamp(second * 1000), jitter: 0.5 };
        breaker.observe(seen, &context);
    };
    see(0, BreakerEvent::Failed { class: Class::ServerError, retry_after: None });
    see(1000, BreakerEvent::Alive);
    answers.iter().for_each(|second| see(*second, BreakerEvent::Alive));
    let got = breaker.ramp(Timestamp((at * 1000.0) as i64));
    assert!((got - want).abs() < 1e-9, "{answers:?} at {at}: {got}");
}

#[test]
fn it_comes_back_over_fifteen_seconds() {
    ramp(&[], 1000.0, 0.1);
    ramp(&[], 1007.5, 0.5);
    ramp(&[], 1015.0, 1.0);
    ramp(&[], 0.0, 1.0);
}

#[test]
fn or_with_five_answers() {
    ramp(&[1000, 1000], 1000.0, 0.4);
    ramp(&[1000; 5], 1000.0, 1.0);
    ramp(&[1000; 50], 1000.0, 1.0);
}

#[test]
fn one_that_never_failed_has_its_full_share() {
    assert!((Breaker::default().ramp(Timestamp(0)) - 1.0).abs() < 1e-9);
}

#[test]
fn a_cell_of_an_earlier_version_is_read() {
    let json = r#"{"gate":{"open":{"until":120000,"cooldown_ms":120000,"class":"server_error"}},"consecutive":1,
        "good":0.0,"bad":1.0,"seen":0,"fails":[0]}"#;
    let breaker: Breaker = serde_json::from_str(json).unwrap();
    assert_eq!(breaker.state(Timestamp(1000)), BreakerState::Open { until: Timestamp(120_000) });
    assert!(serde_json::from_str::<Breaker>(r#"{"gate":"closed"}"#).is_ok());
}

proptest! {
    #[test]
    fn there_are_never_two_probes(times in prop::collection::vec((0u64..40_000, 1u64..40), 1..60)) {
        let mut breaker = Breaker::default();
        let context = BreakerContext { rules: RULES, another_closed: true, now: Timestamp(0), jitter: 0.5 };
        breaker.observe(BreakerEvent::Failed { class: Class::ServerError, retry_after: None }, &context);
        let mut now = Timestamp(120_000);
        let mut held_until = Timestamp(0);
        for (step, lease) in times {
            now = now.after(Duration::from_millis(step));
            let lease = now.after(Duration::from_secs(lease));
            if breaker.claim_probe(now, lease) {
                prop_assert!(now >= held_until, "a second probe at {now:?} while one is out until {held_until:?}");
                held_until = lease;
            }
        }
    }
}

#[test]
fn jitter_stays_within_ten_percent() {
    for jitter in [0.0, 0.25, 1.0] {
        let mut breaker = Breaker::default();
        let now = Timestamp(0);
        let seen = BreakerEvent::Failed { class: Class::ServerError, retry_after: None };
        breaker.observe(seen, &BreakerContext { rules: RULES, another_closed: true, now, jitter });
        let BreakerState::Open { until } = breaker.state(now) else { panic!("not open") };
        assert!((108..=132).contains(&until.since(now).as_secs()), "{until:?}");
    }
}
