//! Courses as text: a map, the failures that happen, and the calls that follow.

use std::time::Duration;

use super::*;
use crate::model::{Class, ConnectionFault, OutputFault, TimeoutKind};
use crate::routing::breaker::{BreakerContext, BreakerEvent, BreakerPolicy};
use crate::routing::limits::LimitExceeded;
use crate::routing::snapshot::HealthSignal;
use crate::routing::strategy::SimpleShuffle;
use crate::routing::{Deployment, Group, Member, Policy, Timeouts};

/// `main: a b | other: c`: groups and their deployments, in order; a deployment is `provider.name`,
/// with `@WINDOW` for a context window and `!` for a missing key; `provider.name%KEY%HOST` sets the
/// key and the host.
fn map(text: &str) -> Map {
    let mut map = Map::default();
    for (index, group) in text.split('|').enumerate() {
        let (name, members) = group.split_once(':').expect("`group: members`");
        let members = members.split_whitespace().enumerate().map(|(order, spec)| {
            let (spec, no_key) = match spec.strip_suffix('!') {
                Some(spec) => (spec, Some("KEY is not set".to_owned())),
                None => (spec, None),
            };
            let mut parts = spec.split('%');
            let spec = parts.next().unwrap_or(spec);
            let (credential, host) = (parts.next().unwrap_or_default(), parts.next().unwrap_or(spec));
            let (name, window) = spec
                .split_once('@')
                .map_or((spec, None), |(name, window)| (name, Some(window.parse().expect("a window is a number"))));
            let known = map.deployments.iter().position(|deployment| deployment.name == name);
            let id = known.unwrap_or_else(|| {
                map.deployments.push(Deployment {
                    name: name.to_owned(),
                    provider: name.split('.').next().unwrap_or(name).to_owned(),
                    model: name.to_owned(),
                    state_key: format!("{index}-{name}"),
                    credential: credential.to_owned(),
                    host: host.to_owned(),
                    context_window: window,
                    price: None,
                    prefill: false,
                    capabilities: crate::routing::Capabilities::default(),
                    no_key,
                });
                map.deployments.len() - 1
            });
            let timeouts = Timeouts {
                connect: Duration::from_secs(5),
                first_token: Duration::from_secs(30),
                idle: Duration::from_secs(60),
                attempt: Duration::from_secs(600),
            };
            let order = u32::try_from(order).expect("few members");
            Member {
                deployment: DeploymentId(id),
                weight: None,
                rpm: None,
                tpm: None,
                order,
                tags: Vec::new(),
                timeouts,
            }
        });
        let members = members.collect();
        map.groups.push(Group {
            name: name.trim().to_owned(),
            members,
            strategy: std::sync::Arc::new(SimpleShuffle::default()),
            policy: Policy::default(),
            fallbacks: Vec::new(),
            context_window_fallbacks: Vec::new(),
            content_policy_fallbacks: None,
        });
    }
    map
}

fn group(map: &Map, name: &str) -> GroupId {
    GroupId(map.groups.iter().position(|group| group.name == name).expect("a known group"))
}

fn failure(word: &str) -> Failure {
    let (word, wait) = word.split_once('+').map_or((word, None), |(word, wait)| (word, wait.parse().ok()));
    let class = match word {
        "503" => Class::Overloaded,
        "500" => Class::ServerError,
        "429" => Class::RateLimit,
        "401" => Class::Authentication,
        "400" => Class::BadRequest,
        "402" => Class::Quota,
        "silent" => Class::Timeout(TimeoutKind::FirstToken),
        "refused" => Class::Connection(ConnectionFault::Refused),
        "window" => Class::ContextWindow,
        "policy" => Class::ContentPolicy,
        "unsupported" => Class::Unsupported,
        "cut" => Class::Truncated,
        "rejected" => Class::InvalidOutput(OutputFault::Rejected),
        "too-short" => Class::InvalidOutput(OutputFault::Cut),
        other => panic!("unknown failure {other}"),
    };
    Failure { retry_after: wait.map(Duration::from_secs), ..Failure::new(class, word) }
}

#[test]
fn a_fallback_whose_window_is_too_small_is_skipped() {
    let mut map = map("main: a.x@100 | small: b.x@40 | large: c.x@5000");
    map.groups[0].fallbacks = vec![group(&map, "small"), group(&map, "large")];
    let attributes = RequestAttributes { prompt_tokens: 80, ..RequestAttributes::default() };
    walk(&map, StateSnapshot::new(&map), attributes, "401", "a.x c.x | exhausted");
}

#[test]
fn what_a_model_is_known_not_to_do_is_not_asked_of_it() {
    let mut map = map("main: a.x b.x c.x");
    map.deployments[0].capabilities.vision = Some(false);
    map.deployments[1].capabilities.vision = Some(true);
    let attributes =
        RequestAttributes { needs: Needs { vision: true, ..Needs::default() }, ..RequestAttributes::default() };
    walk(&map, StateSnapshot::new(&map), attributes, "401", "b.x c.x | exhausted");
}

/// Walks a failover in which the calls fail with `failures` (the last one repeatedly), and
/// checks the calls: a name, `+` where it waited first, and the reason for the stop.
fn walk(map: &Map, mut snapshot: StateSnapshot, attributes: RequestAttributes, failures: &str, want: &str) {
    let mut rng = fastrand::Rng::with_seed(3);
    let mut now = Timestamp(1_000_000);
    let deadline = now.after(map.groups[0].policy.deadline);
    let mut failover = Failover::new(map, GroupId(0), attributes, deadline);
    let failures: Vec<Failure> = failures.split_whitespace().map(failure).collect();
    let mut said = Vec::new();
    let mut last: Option<Failure> = None;
    let reason = loop {
        match failover.next(last.as_ref(), &snapshot, now, &mut rng) {
            Step::Stop(stop) => break stop,
            Step::Call(call) => {
                now = now.after(call.wait);
                assert!(now < deadline, "a call after the deadline");
                let wait = if call.wait.is_zero() { "" } else { "+" };
                said.push(format!("{}{wait}", map.deployment(call.deployment).name));
                let failure = failures.get(said.len() - 1).or(failures.last()).expect("a failure").clone();
                now = now.after(Duration::from_millis(10));
                let lesson = HealthSignal::of(&failure);
                let policy = &map.group(call.group).policy;
                let rules = policy.breaker(Some(failure.class));
                let another_closed = snapshot.another_closed(map, call.group, call.deployment, now);
                let context = BreakerContext { rules, another_closed, now, jitter: 0.5 };
                if let Some(lesson) = lesson {
                    snapshot.deployments[call.deployment.0].observe(&lesson, &context);
                }
                snapshot.groups[call.group.0].retries.observe(false, now);
                last = Some(failure);
                assert!(said.len() < 50, "a failover that does not end: {said:?}");
            }
        }
    };
    let reason = match reason {
        Stop::Deadline => "deadline".to_owned(),
        Stop::Refused => "refused".to_owned(),
        Stop::NoKey => "no-key".to_owned(),
        Stop::RateLimited { next } => format!("limited-{}", next.as_secs()),
        Stop::Exhausted => "exhausted".to_owned(),
    };
    said.push(format!("| {reason}"));
    assert_eq!(said.join(" "), want);
}

fn check(map: &Map, failures: &str, want: &str) {
    walk(map, StateSnapshot::new(map), RequestAttributes::default(), failures, want);
}

fn open(snapshot: &mut StateSnapshot, deployment: usize, seconds: u64) {
    let rules = BreakerPolicy {
        cooldown: Duration::from_secs(seconds),
        cooldown_max: Duration::from_secs(1800),
        allowed_fails: None,
        allowed_of_class: None,
        remembered: 0,
    };
    let context = BreakerContext { rules, another_closed: true, now: Timestamp(1_000_000), jitter: 0.5 };
    let seen = BreakerEvent::Failed { class: Class::Connection(ConnectionFault::Refused), retry_after: None };
    snapshot.deployments[deployment].observe(&HealthSignal::Breaker(seen), &context);
}

fn gate(snapshot: &mut StateSnapshot, deployment: usize, seconds: u64) {
    snapshot.deployments[deployment].gate = Some(Timestamp(1_000_000).after(Duration::from_secs(seconds)));
}

#[test]
fn siblings_first_then_repeats_with_backoff() {
    check(&map("main: a b c"), "500", "a b c | exhausted");
    check(&map("main: a b"), "500", "a b a+ | exhausted");
    check(&map("main: a"), "500", "a a+ a+ | exhausted");
}

#[test]
fn an_answer_that_is_rejected_is_asked_for_once_more_at_once() {
    let mut patient = map("main: a b | other: c");
    patient.groups[0].policy.num_retries = 4;
    patient.groups[0].fallbacks = vec![group(&patient, "other")];
    check(&patient, "rejected", "a a b b c c | exhausted");
    // The repeat is a retry like any other: it is counted, and may fail in another way.
    check(&map("main: a b c"), "rejected", "a a b | exhausted");
    check(&map("main: a b"), "rejected 500 500", "a a b | exhausted");
    check(&map("main: a b"), "rejected silent 500", "a a b | exhausted");
    check(&map("main: a b"), "500 rejected", "a b b | exhausted");
}

#[test]
fn no_retries_means_no_second_draw() {
    let mut map = map("main: a | other: b");
    map.groups.iter_mut().for_each(|group| group.policy.num_retries = 0);
    map.groups[0].fallbacks = vec![group(&map, "other")];
    check(&map, "rejected", "a b | exhausted");
}

#[test]
fn an_answer_without_room_is_not_asked_for_again() {
    check(&map("main: a b"), "too-short", "a b | exhausted");
}

#[test]
fn the_profile_may_ask_for_more_draws() {
    let mut map = map("main: a");
    map.groups[0].policy.retry_policy.set(Class::InvalidOutput(OutputFault::Rejected), 3);
    check(&map, "rejected", "a a a+ a+ | exhausted");
}

#[test]
fn one_that_was_silent_is_not_asked_again() {
    check(&map("main: a b"), "silent", "a b | exhausted");
    check(&map("main: a"), "silent", "a | exhausted");
}

#[test]
fn keys_and_money_are_not_asked_again() {
    check(&map("main: a b"), "401", "a b | exhausted");
    check(&map("main: a b"), "402 500", "a b b+ | exhausted");
}

#[test]
fn no_retries_means_one_attempt_in_a_group() {
    let mut map = map("main: a b | other: c");
    map.groups[0].policy.num_retries = 0;
    map.groups[0].fallbacks = vec![group(&map, "other")];
    check(&map, "500", "a c c+ c+ | exhausted");
}

#[test]
fn fallbacks_come_before_repeats() {
    let mut map = map("main: a b | other: c");
    map.groups[0].fallbacks = vec![group(&map, "other")];
    check(&map, "500", "a b c b+ c+ c+ | exhausted");
}

#[test]
fn fallbacks_are_followed_depth_first_and_each_once() {
    let mut map = map("main: a | b: b | c: c | d: d");
    map.groups[0].fallbacks = vec![GroupId(1), GroupId(2)];
    map.groups[1].fallbacks = vec![GroupId(3), GroupId(0)];
    map.groups[3].fallbacks = vec![GroupId(1)];
    check(&map, "401", "a b d c | exhausted");
    map.groups[0].policy.max_fallbacks = 2;
    check(&map, "401", "a b d | exhausted");
}

#[test]
fn no_fallback_asks_none() {
    let mut map = map("main: a | b: b");
    map.groups[0].fallbacks = vec![GroupId(1)];
    walk(
        &map,
        StateSnapshot::new(&map),
        RequestAttributes { no_fallback: true, ..RequestAttributes::default() },
        "401",
        "a | exhausted",
    );
}

#[test]
fn a_deployment_in_two_groups_is_asked_once() {
    let mut map = map("main: a b | other: b c");
    map.groups[0].fallbacks = vec![GroupId(1)];
    check(&map, "401", "a b c | exhausted");
}

#[test]
fn attempts_per_deployment_stays_before_moving_on() {
    let mut map = map("main: a b");
    map.groups[0].policy.attempts_per_deployment = 2;
    check(&map, "500", "a a+ b | exhausted");
    check(&map, "silent 500", "a b b+ | exhausted");
}

#[test]
fn a_rate_limit_fails_over_first_and_waits_last() {
    let mut map = map("main: a b | other: c");
    map.groups[0].fallbacks = vec![GroupId(1)];
    check(&map, "429+5 429+7 429+9 401", "a b c a+ c+ | exhausted");
}

#[test]
fn a_rate_limit_that_is_too_long_to_wait_for_says_when() {
    check(&map("main: a b"), "429+300 429+100", "a b | limited-100");
}

#[test]
fn a_gate_of_another_process_is_waited_for() {
    let map = map("main: a b");
    let mut snapshot = StateSnapshot::new(&map);
    gate(&mut snapshot, 0, 5);
    gate(&mut snapshot, 1, 3);
    walk(&map, snapshot, RequestAttributes::default(), "401", "b+ a+ | exhausted");
}

#[test]
fn a_bad_request_asks_one_other_provider_and_stops() {
    check(&map("main: x.a x.b y.c z.d"), "400", "x.a y.c | refused");
    check(&map("main: x.a x.b y.c z.d"), "400 500", "x.a y.c | refused");
    check(&map("main: x.a x.b"), "400", "x.a | refused");
}

#[test]
fn a_bad_request_looks_for_the_other_provider_in_fallbacks() {
    let mut map = map("main: x.a x.b | other: x.c y.d");
    map.groups[0].fallbacks = vec![GroupId(1)];
    check(&map, "400", "x.a y.d | refused");
}

#[test]
fn a_long_prompt_asks_larger_windows_only() {
    let mut map = map("main: a@8 b@4 c@16 | long: d | other: e@4 f@32");
    map.groups[0].fallbacks = vec![GroupId(2)];
    map.groups[0].context_window_fallbacks = vec![GroupId(1)];
    check(&map, "window", "a c d f | refused");
}

#[test]
fn a_larger_one_that_is_rate_limited_is_waited_for() {
    check(&map("main: small@10 long@100"), "window 429+5 401", "small long long+ | refused");
}

#[test]
fn a_larger_one_whose_breaker_is_open_is_asked_all_the_same() {
    let map = map("main: small@10 long@100");
    let mut snapshot = StateSnapshot::new(&map);
    open(&mut snapshot, 1, 100);
    walk(&map, snapshot, RequestAttributes::default(), "window 401", "small long | refused");
}

#[test]
fn a_deployment_with_two_names_is_asked_once() {
    let mut map = map("main: a b | other: c");
    map.groups[0].fallbacks = vec![GroupId(1)];
    map.deployments[2].state_key = map.deployments[0].state_key.clone();
    check(&map, "401", "a b | exhausted");
}

#[test]
fn a_prompt_that_is_known_not_to_fit_asks_nobody_small() {
    let mut map = map("main: a@8 | long: d@100");
    map.groups[0].context_window_fallbacks = vec![GroupId(1)];
    let attributes = RequestAttributes { prompt_tokens: 50, ..RequestAttributes::default() };
    walk(&map, StateSnapshot::new(&map), attributes.clone(), "401", "d | exhausted");
    map.groups[0].context_window_fallbacks.clear();
    walk(&map, StateSnapshot::new(&map), attributes, "401", "| refused");
}

#[test]
fn after_a_filter_the_groups_named_for_it_are_called_or_else_the_fallbacks() {
    let mut map = map("main: a b | other: c | safe: d e");
    check(&map, "policy", "a | refused");
    map.groups[0].fallbacks = vec![GroupId(1)];
    check(&map, "policy", "a c | refused");
    map.groups[0].content_policy_fallbacks = Some(vec![GroupId(2)]);
    check(&map, "policy", "a d | refused");
    check(&map, "policy 500", "a d e d+ | refused");
    map.groups[0].content_policy_fallbacks = Some(Vec::new());
    check(&map, "policy", "a | refused");
}

#[test]
fn an_unsupported_parameter_asks_the_next() {
    check(&map("main: a b"), "unsupported", "a b | exhausted");
}

#[test]
fn one_without_a_key_is_passed_over() {
    check(&map("main: a! b"), "401", "b | exhausted");
    check(&map("main: a! b!"), "401", "| no-key");
}

#[test]
fn an_open_breaker_is_passed_over_while_another_is_left() {
    let map = map("main: a b");
    let mut snapshot = StateSnapshot::new(&map);
    open(&mut snapshot, 0, 100);
    walk(&map, snapshot, RequestAttributes::default(), "401", "b a | exhausted");
}

#[test]
fn a_deployment_that_is_called_in_spite_of_its_cooldown_is_reported_once() {
    let map = map("main: a b");
    let mut snapshot = StateSnapshot::new(&map);
    open(&mut snapshot, 0, 100);
    open(&mut snapshot, 1, 10);
    let now = Timestamp(1_000_000);
    let mut failover =
        Failover::new(&map, GroupId(0), RequestAttributes::default(), now.after(Duration::from_secs(60)));
    let step = failover.next(None, &snapshot, now, &mut fastrand::Rng::with_seed(1));
    assert!(matches!(step, Step::Call(PlannedCall { deployment: DeploymentId(1), .. })), "{step:?}");
    let reasons = failover.take_skips().into_iter().map(|skip| (skip.deployment.0, skip.reason));
    let tried = reasons.map(|(index, reason)| (index, matches!(reason, SkipReason::TriedAnyway { .. })));
    assert_eq!(tried.collect::<Vec<_>>(), [(0, false), (1, true)]);
}

#[test]
fn a_deployment_that_is_called_after_a_wait_is_not_reported_as_skipped() {
    let map = map("main: a");
    let mut snapshot = StateSnapshot::new(&map);
    let now = Timestamp(1_000_000);
    snapshot.deployments[0].gate = Some(now.after(Duration::from_secs(2)));
    let mut failover =
        Failover::new(&map, GroupId(0), RequestAttributes::default(), now.after(Duration::from_secs(60)));
    let step = failover.next(None, &snapshot, now, &mut fastrand::Rng::with_seed(1));
    assert!(matches!(step, Step::Call(PlannedCall { wait, .. }) if wait == Duration::from_secs(2)), "{step:?}");
    assert_eq!(failover.take_skips(), []);
}

#[test]
fn when_all_breakers_are_open_the_one_that_closes_first_is_called() {
    let map = map("main: a b c");
    let mut snapshot = StateSnapshot::new(&map);
    open(&mut snapshot, 0, 100);
    open(&mut snapshot, 1, 10);
    open(&mut snapshot, 2, 50);
    walk(&map, snapshot, RequestAttributes::default(), "silent", "b c a | exhausted");
}

#[test]
fn the_retry_budget_bounds_repeats_and_not_first_visits() {
    let map = map("main: a b c");
    let mut snapshot = StateSnapshot::new(&map);
    (0..80).for_each(|_| snapshot.groups[0].retries.observe(false, Timestamp(1_000_000)));
    walk(&map, snapshot.clone(), RequestAttributes::default(), "500", "a b c | exhausted");
    let alone = self::map("main: a");
    snapshot.deployments.truncate(1);
    walk(&alone, snapshot, RequestAttributes::default(), "500", "a | exhausted");
}

#[test]
fn a_request_makes_at_most_six_attempts_when_it_repeats() {
    let mut map = map("main: a");
    map.groups[0].policy.num_retries = 100;
    let snapshot = StateSnapshot::new(&map);
    walk(&map, snapshot, RequestAttributes::default(), "500", "a a+ a+ a+ a+ a+ | exhausted");
}

#[test]
fn the_deadline_ends_it() {
    let mut map = map("main: a b");
    map.groups[0].policy.deadline = Duration::from_millis(15);
    check(&map, "500", "a b | deadline");
}

#[test]
fn a_wait_that_does_not_fit_is_not_begun() {
    let mut map = map("main: a");
    map.groups[0].policy.max_wait = Duration::from_secs(1);
    check(&map, "503+2", "a | exhausted");
}

#[test]
fn what_is_left_of_the_deadline_is_shared_by_those_still_to_try() {
    let mut map = map("main: a b c | other: d");
    map.groups[0].fallbacks = vec![GroupId(1)];
    let snapshot = StateSnapshot::new(&map);
    let mut rng = fastrand::Rng::with_seed(1);
    let mut failover = Failover::new(&map, GroupId(0), RequestAttributes::default(), Timestamp(40_000));
    let Step::Call(call) = failover.next(None, &snapshot, Timestamp(0), &mut rng) else { panic!("no call") };
    assert_eq!(call.first_token, Duration::from_secs(10));
    let Step::Call(call) = failover.next(Some(&failure("silent")), &snapshot, Timestamp(10_000), &mut rng) else {
        panic!("no call")
    };
    assert_eq!(call.first_token, Duration::from_secs(10));
}

#[test]
fn a_lost_probe_is_as_if_it_had_not_been_asked() {
    let map = map("main: a b");
    let snapshot = StateSnapshot::new(&map);
    let mut rng = fastrand::Rng::with_seed(1);
    let now = Timestamp(0);
    let mut failover = Failover::new(&map, GroupId(0), RequestAttributes::default(), Timestamp(40_000));
    let Step::Call(call) = failover.next(None, &snapshot, now, &mut rng) else { panic!("no call") };
    failover.probe_taken(call.deployment, Timestamp(30_000), now);
    assert_eq!(failover.take_skips().len(), 1);
    let Step::Call(call) = failover.next(None, &snapshot, now, &mut rng) else { panic!("no call") };
    assert_eq!(call.deployment, DeploymentId(1));
}

/// The same order for all members, so that the seed of [`walk`] or their kinship ranks them.
fn level(mut map: Map) -> Map {
    map.groups.iter_mut().flat_map(|group| &mut group.members).for_each(|member| member.order = 0);
    map
}

#[test]
fn siblings_with_the_same_key_are_asked_after_independent_ones() {
    let mut map = level(map("main: x.a%k x.b%k x.c%k y.d%j"));
    map.groups[0].members[0].order = 0;
    map.groups[0].members.iter_mut().skip(1).for_each(|member| member.order = 1);
    map.groups[0].policy.num_retries = 3;
    for failure in ["401", "402", "429+300", "500"] {
        first_two(&map, failure, "y.d");
    }
}

#[test]
fn siblings_at_the_same_host_are_asked_after_independent_ones() {
    let mut map = level(map("main: x.a%k1%h x.b%k2%h x.c%k3%h y.d%k4%i"));
    map.groups[0].members.iter_mut().skip(1).for_each(|member| member.order = 1);
    map.groups[0].policy.num_retries = 3;
    for failure in ["refused", "silent", "503", "cut"] {
        first_two(&map, failure, "y.d");
    }
}

#[test]
fn a_key_that_is_refused_says_nothing_about_the_host() {
    let map = map("main: x.a%k1%h x.b%k2%h y.c%k1%i");
    check(&map, "401", "x.a x.b y.c | exhausted");
}

#[test]
fn the_order_written_goes_before_kinship() {
    check(&map("main: x.a%k x.b%k y.c%j"), "401", "x.a x.b y.c | exhausted");
}

/// The second deployment after `failure`, for any seed.
fn first_two(map: &Map, word: &str, want: &str) {
    for seed in 0..20 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let snapshot = StateSnapshot::new(map);
        let mut failover = Failover::new(map, GroupId(0), RequestAttributes::default(), Timestamp(900_000));
        let step = failover.next(None, &snapshot, Timestamp(0), &mut rng);
        assert!(matches!(step, Step::Call(_)));
        let Step::Call(call) = failover.next(Some(&failure(word)), &snapshot, Timestamp(0), &mut rng) else {
            panic!("nobody is called after {word}")
        };
        assert_eq!(map.deployment(call.deployment).name, want, "{word}, seed {seed}");
    }
}

#[test]
fn a_host_at_which_two_thirds_are_down_is_passed_over() {
    let map = map("main: a%%h b%%h c%%h d%%i");
    let mut snapshot = StateSnapshot::new(&map);
    open(&mut snapshot, 0, 100);
    walk(&map, snapshot.clone(), RequestAttributes::default(), "401", "b c d | exhausted");
    open(&mut snapshot, 1, 50);
    walk(&map, snapshot, RequestAttributes::default(), "401", "d c b | exhausted");
}

#[test]
fn what_is_wrong_with_keys_does_not_shut_their_host() {
    let map = map("main: a%k%h b%k%h c%j%h");
    let mut snapshot = StateSnapshot::new(&map);
    for deployment in [0, 1] {
        let mut rules = map.groups[0].policy.breaker(None);
        rules.cooldown = Duration::from_secs(100);
        let context = BreakerContext { rules, another_closed: true, now: Timestamp(1_000_000), jitter: 0.5 };
        let seen = BreakerEvent::Failed { class: Class::Authentication, retry_after: None };
        snapshot.deployments[deployment].observe(&HealthSignal::Breaker(seen), &context);
    }
    walk(&map, snapshot, RequestAttributes::default(), "silent", "c a b | exhausted");
}

#[test]
fn a_host_of_two_is_shut_when_both_are() {
    let map = map("main: a%%h b%%h");
    let mut snapshot = StateSnapshot::new(&map);
    open(&mut snapshot, 0, 100);
    assert_eq!(snapshot.state(&map, DeploymentId(1), Timestamp(1_000_000)), BreakerState::Closed);
    open(&mut snapshot, 1, 50);
    assert!(matches!(snapshot.state(&map, DeploymentId(1), Timestamp(1_000_000)), BreakerState::Open { .. }));
    assert_eq!(snapshot.state(&map, DeploymentId(1), Timestamp(1_050_000)), BreakerState::HalfOpen);
}

/// Returns whether the first call of `map` is a probe, and its time limit, when `a` was open and is half-open.
fn probe(map: &Map, change: impl FnOnce(&mut StateSnapshot), want: (bool, u64)) {
    let mut snapshot = StateSnapshot::new(map);
    open(&mut snapshot, 0, 100);
    change(&mut snapshot);
    let now = Timestamp(1_000_000).after(Duration::from_secs(100));
    let mut failover =
        Failover::new(map, GroupId(0), RequestAttributes::default(), now.after(Duration::from_secs(900)));
    let Step::Call(call) = failover.next(None, &snapshot, now, &mut fastrand::Rng::with_seed(1)) else {
        panic!("no call")
    };
    assert_eq!((call.deployment, call.probe, call.first_token.as_secs()), (DeploymentId(0), want.0, want.1));
}

#[test]
fn a_probe_is_short_and_only_where_another_could_take_over() {
    probe(&map("main: a b"), |_| {}, (true, 5));
    probe(&map("main: a"), |_| {}, (false, 30));
    probe(&map("main: a b!"), |_| {}, (false, 30));
    probe(&map("main: a b"), |snapshot| open(snapshot, 1, 500), (false, 30));
    probe(&map("main: a b"), |snapshot| snapshot.deployments[1].gate = Some(Timestamp(1_500_000)), (false, 30));
}

#[test]
fn another_in_a_fallback_group_can_take_over_from_a_probe() {
    let mut map = map("main: a | other: b");
    map.groups[0].fallbacks = vec![GroupId(1)];
    probe(&map, |_| {}, (true, 5));
}

#[test]
fn a_probe_is_never_longer_than_configured() {
    let mut map = map("main: a b");
    map.groups[0].members[0].timeouts.first_token = Duration::from_secs(2);
    probe(&map, |_| {}, (true, 2));
}

#[test]
fn a_fallback_that_is_too_small_is_skipped_and_not_tried() {
    let mut map = map("main: a@100 | small: b@8 | large: c@100");
    map.groups[0].fallbacks = vec![GroupId(1), GroupId(2)];
    let attributes = RequestAttributes { prompt_tokens: 50, ..RequestAttributes::default() };
    walk(&map, StateSnapshot::new(&map), attributes, "401", "a c | exhausted");
}

fn policy(map: &mut Map, class: Class, retries: u32) {
    map.groups[0].policy.retry_policy.set(class, retries);
}

#[test]
fn a_retry_policy_says_how_often_after_which_class() {
    let mut map = map("main: a");
    policy(&mut map, Class::ServerError, 4);
    policy(&mut map, Class::Overloaded, 0);
    check(&map, "500", "a a+ a+ a+ a+ | exhausted");
    check(&map, "503", "a | exhausted");
    check(&map, "500 503", "a a+ | exhausted");
    check(&map, "cut", "a a+ a+ | exhausted");
}

#[test]
fn a_retry_policy_asks_again_what_would_not_be() {
    let mut map = map("main: a");
    policy(&mut map, Class::Timeout(TimeoutKind::FirstToken), 1);
    check(&map, "silent", "a a+ | exhausted");
    policy(&mut map, Class::Authentication, 2);
    check(&map, "401", "a a+ a+ | exhausted");
}

#[test]
fn a_retry_policy_of_none_goes_on_to_the_fallbacks() {
    let mut map = map("main: a b | other: c");
    map.groups[0].fallbacks = vec![GroupId(1)];
    policy(&mut map, Class::Overloaded, 0);
    check(&map, "503 401", "a c | exhausted");
}

/// A limit has no room for `deployment` until this second.
fn fill(snapshot: &mut StateSnapshot, deployment: usize, second: u64) {
    let at = Timestamp(1_000_000).after(Duration::from_secs(second));
    snapshot.deployments[deployment].headroom.exceeded = Some(LimitExceeded::Until { at, limit: "rpm".to_owned() });
}

#[test]
fn one_without_room_is_passed_over_and_waited_for_last() {
    let map = map("main: a b");
    let mut snapshot = StateSnapshot::new(&map);
    fill(&mut snapshot, 0, 5);
    walk(&map, snapshot.clone(), RequestAttributes::default(), "401", "b a+ | exhausted");
    fill(&mut snapshot, 1, 7);
    walk(&map, snapshot.clone(), RequestAttributes::default(), "401", "a+ b+ | exhausted");
    fill(&mut snapshot, 0, 300);
    fill(&mut snapshot, 1, 400);
    walk(&map, snapshot, RequestAttributes::default(), "401", "| limited-300");
}

/// Headers report that `deployment` has no room until this second.
fn report(snapshot: &mut StateSnapshot, deployment: usize, second: u64) {
    let at = Timestamp(1_000_000).after(Duration::from_secs(second));
    let limit = "the provider's limit of requests".to_owned();
    snapshot.deployments[deployment].headroom.exceeded = Some(LimitExceeded::Reported { at, limit });
}

#[test]
fn a_limit_that_is_reported_for_hours_is_tried_when_no_other_deployment_is_left() {
    let map = map("main: a b");
    let mut snapshot = StateSnapshot::new(&map);
    report(&mut snapshot, 0, 86_400);
    walk(&map, snapshot.clone(), RequestAttributes::default(), "401", "b a | exhausted");
    report(&mut snapshot, 1, 3_600);
    walk(&map, snapshot.clone(), RequestAttributes::default(), "401", "a b | exhausted");
    // A limit of the profile holds.
    fill(&mut snapshot, 1, 300);
    walk(&map, snapshot.clone(), RequestAttributes::default(), "401", "a | limited-299");
    // So does the gate of a 429.
    snapshot.deployments[0].gate = Some(Timestamp(1_000_000).after(Duration::from_secs(600)));
    walk(&map, snapshot, RequestAttributes::default(), "401", "| limited-300");
}

#[test]
fn a_deployment_that_is_called_despite_a_reported_limit_is_retried_despite_it() {
    let map = map("main: a");
    let mut snapshot = StateSnapshot::new(&map);
    report(&mut snapshot, 0, 86_400);
    walk(&map, snapshot, RequestAttributes::default(), "500", "a a+ a+ | exhausted");
}

#[test]
fn one_that_has_room_by_the_time_the_others_failed_is_asked_at_once() {
    let map = map("main: a b");
    let mut snapshot = StateSnapshot::new(&map);
    snapshot.deployments[0].headroom.exceeded =
        Some(LimitExceeded::Until { at: Timestamp(1_000_005), limit: "rpm".to_owned() });
    walk(&map, snapshot, RequestAttributes::default(), "401", "b a | exhausted");
}

#[test]
fn a_request_that_is_too_large_for_a_limit_never_waits_for_it() {
    let map = map("main: a b");
    let mut snapshot = StateSnapshot::new(&map);
    snapshot.deployments[0].headroom.exceeded = Some(LimitExceeded::Never { limit: "tpm".to_owned() });
    walk(&map, snapshot.clone(), RequestAttributes::default(), "401", "b | exhausted");
    snapshot.deployments[1].headroom.exceeded = Some(LimitExceeded::Unpriced);
    walk(&map, snapshot, RequestAttributes::default(), "401", "| exhausted");
}

#[test]
fn slots_that_others_take_are_waited_for_no_longer_than_max_wait_in_all() {
    let map = map("main: a");
    let mut snapshot = StateSnapshot::new(&map);
    let mut rng = fastrand::Rng::with_seed(1);
    let mut now = Timestamp(1_000_000);
    let mut failover =
        Failover::new(&map, GroupId(0), RequestAttributes::default(), now.after(Duration::from_secs(900)));
    let mut calls = 0;
    let mut skips = 0;
    let stop = loop {
        match failover.next(None, &snapshot, now, &mut rng) {
            Step::Stop(stop) => break stop,
            Step::Call(call) => {
                calls += 1;
                now = now.after(call.wait);
                let at = now.after(Duration::from_secs(3));
                snapshot.deployments[0].headroom.exceeded = Some(LimitExceeded::Until { at, limit: "rpm".to_owned() });
                failover.limit_reached(&call, &snapshot, now);
                skips += failover.take_skips().len();
            }
        }
    };
    assert_eq!(stop, Stop::RateLimited { next: Duration::from_secs(3) });
    assert_eq!((now.since(Timestamp(1_000_000)).as_secs(), calls, skips), (18, 7, 1));
}

#[test]
fn the_window_is_compared_with_tokens_as_the_model_counts_them() {
    let map = map("main: a@100 b@100");
    let mut snapshot = StateSnapshot::new(&map);
    let counted = |counted| crate::routing::estimate::CallSample::Answered {
        prompt_tokens: 1000,
        ttft: None,
        seconds_per_token: None,
        output: None,
        counted: Some(counted),
        cached: 0,
    };
    let now = Timestamp(1_000_000);
    (0..50).for_each(|_| snapshot.deployments[0].estimates.learn(&counted(2000), 1.0, now));
    (0..50).for_each(|_| snapshot.deployments[1].estimates.learn(&counted(500), 1.0, now));
    let attributes = |prompt_tokens| RequestAttributes { prompt_tokens, ..RequestAttributes::default() };
    walk(&map, snapshot.clone(), attributes(40), "401", "a b | exhausted");
    walk(&map, snapshot.clone(), attributes(90), "401", "b | exhausted");
    walk(&map, snapshot.clone(), attributes(150), "401", "b | exhausted");
    walk(&map, snapshot, attributes(250), "401", "| refused");
}

#[test]
fn a_prompt_within_its_uncertainty_is_sent_to_the_only_deployment() {
    let map = map("main: a@2048");
    let snapshot = StateSnapshot::new(&map);
    let attributes = |prompt_tokens| RequestAttributes { prompt_tokens, ..RequestAttributes::default() };
    walk(&map, snapshot.clone(), attributes(2252), "401", "a | exhausted");
    walk(&map, snapshot.clone(), attributes(3600), "401", "a | exhausted");
    walk(&map, snapshot.clone(), attributes(3700), "401", "| refused");
    let two = self::map("main: a@2048 b@2100 c@8192");
    walk(&two, StateSnapshot::new(&two), attributes(2252), "401", "c b a | exhausted");
}

#[test]
fn a_window_that_an_error_named_counts_instead_of_the_table() {
    let map = map("main: a@8192 b@100");
    let mut snapshot = StateSnapshot::new(&map);
    let now = Timestamp(1_000_000);
    let named = |tokens| {
        let failure =
            Failure::new(Class::ContextWindow, format!("This model's maximum context length is {tokens} tokens"));
        crate::routing::context_window::NamedWindow::of(&failure, now)
    };
    snapshot.deployments[0].window = named(1024);
    snapshot.deployments[1].window = named(4096);
    let attributes = RequestAttributes { prompt_tokens: 3000, ..RequestAttributes::default() };
    walk(&map, snapshot, attributes, "401", "b | exhausted");
}
