//! Strategies by what they are told: members in, an order with its numbers out.

use std::time::Duration;

use proptest::prelude::*;

use super::Strategy;
use super::*;
use crate::model::{Price, Timestamp};
use crate::routing::estimate::CallSample;
use crate::routing::failover::{Identity, RequestAttributes};
use crate::routing::snapshot::StateSnapshot;
use crate::routing::{Deployment, DeploymentId, Group, GroupId, Map, Member, Policy, Timeouts};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// A group of deployments called `a`, `b`, ….
fn map(strategy: Strategy, count: usize) -> Map {
    let second = Duration::from_secs(1);
    let name = |index: usize| char::from(b'a' + u8::try_from(index % 26).unwrap()).to_string();
    let deployments = (0..count).map(|index| Deployment {
        name: name(index),
        provider: "lab".to_owned(),
        model: name(index),
        state_key: index.to_string(),
        credential: String::new(),
        host: index.to_string(),
        context_window: None,
        price: None,
        prefill: false,
        capabilities: crate::routing::Capabilities::default(),
        no_key: None,
    });
    let timeouts = Timeouts { connect: second, first_token: second, idle: second, attempt: second };
    let members = (0..count).map(|index| Member {
        deployment: DeploymentId(index),
        weight: None,
        rpm: None,
        tpm: None,
        order: 0,
        tags: Vec::new(),
        timeouts,
    });
    let policy = Policy {
        num_retries: 2,
        attempts_per_deployment: 1,
        deadline: second,
        max_wait: second,
        allowed_fails: None,
        cooldown: second,
        cooldown_max: second,
        max_fallbacks: 5,
        retry_policy: crate::routing::per_class::PerClass::default(),
        allowed_fails_policy: crate::routing::per_class::PerClass::default(),
        hedge: None,
        hedge_max_cost: None,
    };
    let group = Group {
        name: "main".to_owned(),
        members: members.collect(),
        strategy,
        policy,
        fallbacks: Vec::new(),
        context_window_fallbacks: Vec::new(),
        content_policy_fallbacks: Vec::new(),
    };
    Map { deployments: deployments.collect(), groups: vec![group], ..Map::default() }
}

/// How often each member comes first in 2,000 draws, in percent, rounded to the nearest five.
fn check(map: &Map, snapshot: &StateSnapshot, attributes: &RequestAttributes, want: &[u32]) {
    let input = RankingInput { map, group: GroupId(0), attributes, snapshot, now: NOW };
    let mut rng = fastrand::Rng::with_seed(1);
    let count = map.groups[0].members.len();
    let all: Vec<usize> = (0..count).collect();
    let mut first = vec![0_u32; count];
    (0..2_000).for_each(|_| first[rank(&input, &all, &mut rng)[0].position] += 1);
    let percent: Vec<u32> = first.iter().map(|count| (count + 50) / 100 * 5).collect();
    assert_eq!(percent, want);
}

/// The order of one draw, as names.
fn order(map: &Map, snapshot: &StateSnapshot, attributes: &RequestAttributes, eligible: &[usize]) -> String {
    let input = RankingInput { map, group: GroupId(0), attributes, snapshot, now: NOW };
    let ranked = rank(&input, eligible, &mut fastrand::Rng::with_seed(1));
    ranked.iter().map(|ranked| map.deployments[ranked.position].name.as_str()).collect()
}

/// A snapshot on which deployment `index` answered `calls` times with this first token.
fn answered(snapshot: &mut StateSnapshot, index: usize, calls: usize, ttft: f64, output: f64) {
    let answer = CallSample::Answered {
        prompt_tokens: 10,
        ttft: Some(ttft),
        seconds_per_token: Some(0.01),
        output: Some(output),
        counted: None,
        cached: 0,
    };
    (0..calls).for_each(|_| snapshot.deployments[index].estimates.learn(&answer, 0.8, NOW));
}

mod shuffled {
    use super::*;

    fn weights(weights: &[Option<f64>], rpm: &[Option<u64>], tpm: &[Option<u64>], want: &[u32]) {
        let mut map = map(Strategy::SimpleShuffle, want.len());
        for (index, member) in map.groups[0].members.iter_mut().enumerate() {
            member.weight = weights.get(index).copied().flatten();
            member.rpm = rpm.get(index).copied().flatten();
            member.tpm = tpm.get(index).copied().flatten();
        }
        check(&map, &StateSnapshot::new(&map), &RequestAttributes::default(), want);
    }

    #[test]
    fn alike_when_nothing_is_said() {
        weights(&[], &[], &[], &[50, 50]);
    }

    #[test]
    fn by_weight_and_a_missing_weight_is_one() {
        weights(&[Some(0.1), Some(0.9)], &[], &[], &[10, 90]);
        weights(&[Some(9.0), None], &[Some(1), Some(1000)], &[], &[90, 10]);
    }

    #[test]
    fn a_weight_of_zero_comes_last() {
        weights(&[Some(0.0), Some(1.0)], &[], &[], &[0, 100]);
    }

    #[test]
    fn by_rpm_then_by_tpm() {
        weights(&[], &[Some(300), Some(100)], &[Some(1), Some(1000)], &[75, 25]);
        weights(&[], &[], &[Some(300), Some(100)], &[75, 25]);
    }

    #[test]
    fn a_member_without_a_limit_is_taken_for_an_average_one() {
        weights(&[], &[Some(100), None], &[], &[50, 50]);
    }

    #[test]
    fn the_lowest_order_comes_first_whatever_the_weight() {
        let mut map = map(Strategy::SimpleShuffle, 3);
        map.groups[0].members[0].order = 2;
        map.groups[0].members[0].weight = Some(1e6);
        map.groups[0].members[2].order = 1;
        assert_eq!(order(&map, &StateSnapshot::new(&map), &RequestAttributes::default(), &[0, 1, 2]), "bca");
    }
}

mod sticky {
    use super::*;

    fn user(user: &str) -> RequestAttributes {
        let identity = Identity { user: Some(user.to_owned()), ..Identity::default() };
        RequestAttributes { identity, ..RequestAttributes::default() }
    }

    fn arm(map: &Map, name: &str, eligible: &[usize]) -> String {
        order(map, &StateSnapshot::new(map), &user(name), eligible)
    }

    #[test]
    fn one_user_has_one_arm() {
        // The values are part of the promise: stable across runs, machines and versions.
        let map = map(Strategy::Sticky(Sticky::User), 2);
        let arms: Vec<String> = ["ann", "bob", "eve", "joe"].iter().map(|user| arm(&map, user, &[0, 1])).collect();
        assert_eq!(arms, ["ab", "ab", "ba", "ba"]);
        check(&map, &StateSnapshot::new(&map), &user("bob"), &[100, 0]);
    }

    #[test]
    fn users_split_by_weight() {
        let mut map = map(Strategy::Sticky(Sticky::User), 2);
        map.groups[0].members[0].weight = Some(0.1);
        map.groups[0].members[1].weight = Some(0.9);
        let first = (0..2_000).filter(|n| arm(&map, &n.to_string(), &[0, 1]).starts_with('a')).count();
        assert!((150..250).contains(&first), "{first}");
    }

    #[test]
    fn an_arm_that_goes_moves_only_its_own_users() {
        let map = map(Strategy::Sticky(Sticky::User), 3);
        for user in (0..200).map(|n| n.to_string()) {
            let with = arm(&map, &user, &[0, 1, 2]);
            let without = arm(&map, &user, &[0, 2]);
            assert_eq!(without, with.replace('b', ""));
        }
    }

    #[test]
    fn another_group_splits_otherwise() {
        let one = map(Strategy::Sticky(Sticky::User), 2);
        let mut other = one.clone();
        other.groups[0].name = "other".to_owned();
        let moved =
            (0..100).filter(|n| arm(&one, &n.to_string(), &[0, 1]) != arm(&other, &n.to_string(), &[0, 1])).count();
        assert!((30..70).contains(&moved), "{moved}");
    }

    #[test]
    fn without_a_key_it_is_luck() {
        let map = map(Strategy::Sticky(Sticky::Conversation), 2);
        check(&map, &StateSnapshot::new(&map), &user("bob"), &[50, 50]);
    }
}

mod in_turn {
    use super::*;

    fn turn(turn: u64, eligible: &[usize], want: &str) {
        let map = map(Strategy::RoundRobin, 3);
        let mut snapshot = StateSnapshot::new(&map);
        snapshot.groups[0].turn = turn;
        assert_eq!(order(&map, &snapshot, &RequestAttributes::default(), eligible), want);
    }

    #[test]
    fn each_comes_first_in_its_turn() {
        turn(0, &[0, 1, 2], "abc");
        turn(1, &[0, 1, 2], "bca");
        turn(5, &[0, 1, 2], "cab");
        turn(u64::MAX, &[0, 1, 2], "abc");
    }

    #[test]
    fn the_turn_goes_round_those_that_are_eligible() {
        turn(1, &[0, 2], "ca");
        turn(2, &[0, 2], "ac");
        turn(7, &[], "");
    }
}

#[test]
fn least_busy_asks_the_idle_and_ties_are_luck() {
    let map = map(Strategy::LeastBusy, 3);
    let mut snapshot = StateSnapshot::new(&map);
    snapshot.deployments[1].leases.take(1, NOW.after(Duration::from_secs(1)), NOW);
    check(&map, &snapshot, &RequestAttributes::default(), &[50, 0, 50]);
}

mod fastest {
    use super::*;

    fn latency(args: LatencyArgs, prepare: impl FnOnce(&mut StateSnapshot), want: &[u32]) {
        let map = map(Strategy::LatencyBased(args), want.len());
        let mut snapshot = StateSnapshot::new(&map);
        prepare(&mut snapshot);
        check(&map, &snapshot, &RequestAttributes::default(), want);
    }

    #[test]
    fn the_well_known_fast_one_wins() {
        let prepare = |snapshot: &mut StateSnapshot| {
            answered(snapshot, 0, 30, 0.4, 100.0);
            answered(snapshot, 1, 30, 1.2, 100.0);
        };
        latency(LatencyArgs::ONE_SHOT, prepare, &[100, 0]);
    }

    #[test]
    fn the_unknown_is_tried_now_and_then() {
        latency(LatencyArgs::ONE_SHOT, |snapshot| answered(snapshot, 0, 30, 0.4, 100.0), &[50, 50]);
    }

    #[test]
    fn calls_under_way_count_as_if_they_were_in_front() {
        let prepare = |snapshot: &mut StateSnapshot| {
            answered(snapshot, 0, 30, 0.4, 100.0);
            answered(snapshot, 1, 30, 0.6, 100.0);
            (0..2).for_each(|id| snapshot.deployments[0].leases.take(id, NOW.after(Duration::from_secs(9)), NOW));
        };
        latency(LatencyArgs::LONG_LIVED, prepare, &[0, 100]);
    }

    #[test]
    fn a_crowd_counts_for_more_than_its_number() {
        let under_way = |first: u64, second: u64| {
            move |snapshot: &mut StateSnapshot| {
                answered(snapshot, 0, 30, 0.2, 100.0);
                answered(snapshot, 1, 30, 0.8, 100.0);
                let lease = NOW.after(Duration::from_secs(9));
                (0..first).for_each(|id| snapshot.deployments[0].leases.take(id, lease, NOW));
                (0..second).for_each(|id| snapshot.deployments[1].leases.take(id, lease, NOW));
            }
        };
        let args = LatencyArgs { explore: 0.0, ..LatencyArgs::LONG_LIVED };
        latency(args, under_way(2, 0), &[100, 0]);
        latency(args, under_way(20, 9), &[0, 100]);
    }

    #[test]
    fn those_within_the_buffer_share_the_traffic() {
        let prepare = |snapshot: &mut StateSnapshot| {
            answered(snapshot, 0, 30, 0.40, 100.0);
            answered(snapshot, 1, 30, 0.43, 100.0);
            answered(snapshot, 2, 30, 0.60, 100.0);
        };
        let args = LatencyArgs { explore: 0.0, ..LatencyArgs::ONE_SHOT };
        latency(args, prepare, &[100, 0, 0]);
        latency(LatencyArgs { buffer: 0.1, ..args }, prepare, &[50, 50, 0]);
    }

    #[test]
    fn what_is_older_than_the_ttl_is_unknown() {
        let old = Timestamp(NOW.0 - 100_000);
        let prepare = |snapshot: &mut StateSnapshot| {
            let slow = CallSample::Failed { prompt_tokens: 10, seconds: 100.0 };
            snapshot.deployments[0].estimates.learn(&slow, 0.8, old);
        };
        let args = LatencyArgs { explore: 0.0, ..LatencyArgs::ONE_SHOT };
        latency(LatencyArgs { ttl: Some(Duration::from_secs(101)), ..args }, prepare, &[50, 50]);
        latency(LatencyArgs { ttl: Some(Duration::from_secs(99)), ..args }, prepare, &[50, 50]);
    }

    #[test]
    fn in_a_large_group_the_best_is_not_everybodys() {
        let prepare = |snapshot: &mut StateSnapshot| {
            answered(snapshot, 0, 50, 0.1, 100.0);
            (1..8).for_each(|index| answered(snapshot, index, 50, 1.0, 100.0));
        };
        let map = map(Strategy::LatencyBased(LatencyArgs { explore: 0.0, ..LatencyArgs::ONE_SHOT }), 8);
        let mut snapshot = StateSnapshot::new(&map);
        prepare(&mut snapshot);
        let input = RankingInput {
            map: &map,
            group: GroupId(0),
            attributes: &RequestAttributes::default(),
            snapshot: &snapshot,
            now: NOW,
        };
        let all: Vec<usize> = (0..8).collect();
        let mut rng = fastrand::Rng::with_seed(1);
        let first = (0..2_000).filter(|_| rank(&input, &all, &mut rng)[0].position == 0).count();
        // Two of eight are looked at.
        assert!((440..560).contains(&first), "{first}");
    }
}

mod cheapest {
    use super::*;

    fn cost(prices: &[Option<(f64, f64)>], outputs: &[f64], prompt_tokens: u64, max_tokens: Option<u64>, want: &str) {
        let mut map = map(Strategy::CostBased, prices.len());
        let mut snapshot = StateSnapshot::new(&map);
        for (index, price) in prices.iter().enumerate() {
            map.deployments[index].price = price.map(|(input, output)| Price::flat(input, output));
            if let Some(output) = outputs.get(index) {
                answered(&mut snapshot, index, 50, 1.0, *output);
            }
        }
        let attributes = RequestAttributes { prompt_tokens, max_tokens, ..RequestAttributes::default() };
        let all: Vec<usize> = (0..prices.len()).collect();
        assert_eq!(order(&map, &snapshot, &attributes, &all), want);
    }

    #[test]
    fn it_is_the_request_that_costs_not_the_token() {
        // The second is dearer a token and answers in a tenth of the words.
        cost(&[Some((1e-6, 2e-6)), Some((1e-6, 4e-6))], &[2000.0, 200.0], 10, None, "ba");
        cost(&[Some((1e-6, 2e-6)), Some((1e-6, 4e-6))], &[2000.0, 200.0], 10, Some(50), "ab");
    }

    #[test]
    fn a_long_prompt_is_decided_by_the_input_price() {
        cost(&[Some((9e-6, 1e-6)), Some((1e-6, 9e-6))], &[], 7_000, None, "ba");
        cost(&[Some((9e-6, 1e-6)), Some((1e-6, 9e-6))], &[], 10, None, "ab");
    }

    #[test]
    fn free_is_a_price_and_unknown_is_last() {
        cost(&[None, Some((1e-6, 1e-6)), Some((0.0, 0.0))], &[], 10, None, "cba");
    }

    #[test]
    fn one_that_fails_costs_more() {
        let mut map = map(Strategy::CostBased, 2);
        map.deployments[0].price = Some(Price::flat(1e-6, 1e-6));
        map.deployments[1].price = Some(Price::flat(1.1e-6, 1.1e-6));
        let mut snapshot = StateSnapshot::new(&map);
        assert_eq!(order(&map, &snapshot, &RequestAttributes::default(), &[0, 1]), "ab");
        snapshot.deployments[0].estimates.record.learn(false, NOW);
        assert_eq!(order(&map, &snapshot, &RequestAttributes::default(), &[0, 1]), "ba");
    }
}

mod roomiest {
    use super::*;

    #[test]
    fn one_without_limits_has_all_the_room() {
        let mut map = map(Strategy::UsageBased, 2);
        map.groups[0].members[0].rpm = Some(10);
        check(&map, &StateSnapshot::new(&map), &RequestAttributes::default(), &[0, 100]);
    }
}

mod balanced {
    use super::*;

    fn adaptive(args: AdaptiveArgs, want: &str) {
        let args = AdaptiveArgs { explore: 0.0, ..args };
        let mut map = map(Strategy::Adaptive(args), 3);
        // Fast and dear, slow and cheap, cheap and failing.
        let prices = [1e-4, 1e-7, 1e-7];
        (0..3).for_each(|index| map.deployments[index].price = Some(Price::flat(prices[index], prices[index])));
        let mut snapshot = StateSnapshot::new(&map);
        answered(&mut snapshot, 0, 30, 0.3, 100.0);
        answered(&mut snapshot, 1, 30, 3.0, 100.0);
        answered(&mut snapshot, 2, 30, 0.5, 100.0);
        (0..30).for_each(|_| snapshot.deployments[2].estimates.record.learn(false, NOW));
        assert_eq!(order(&map, &snapshot, &RequestAttributes::default(), &[0, 1, 2]), want);
    }

    #[test]
    fn the_weights_decide() {
        let nothing = AdaptiveArgs { latency: 0.0, cost: 0.0, failure: 0.0, explore: 0.0 };
        adaptive(AdaptiveArgs { latency: 1.0, ..nothing }, "acb");
        adaptive(AdaptiveArgs { cost: 1.0, failure: 1.0, ..nothing }, "bac");
        adaptive(AdaptiveArgs { latency: 1.0, cost: 1.0, failure: 100.0, ..nothing }, "abc");
    }
}

mod said {
    use super::*;

    struct Backwards;

    impl CustomOrder for Backwards {
        fn name(&self) -> &str {
            "backwards"
        }
        fn order(&self, candidates: &[Candidate<'_>], _: &RequestAttributes, _: &mut fastrand::Rng) -> Vec<usize> {
            let known = candidates.iter().rev().map(|candidate| candidate.position);
            known.flat_map(|position| [position, position, 77]).collect()
        }
    }

    #[test]
    fn a_program_orders_and_what_is_no_order_is_mended() {
        let map = map(Strategy::Custom(Custom::new(Backwards)), 3);
        assert_eq!(order(&map, &StateSnapshot::new(&map), &RequestAttributes::default(), &[0, 1, 2]), "cba");
        assert_eq!(map.groups[0].strategy.as_str(), "backwards");
    }

    #[test]
    fn those_that_a_command_names_come_first() {
        let map = map(Strategy::Exec("x".into()), 3);
        let mut snapshot = StateSnapshot::new(&map);
        snapshot.orders.insert(GroupId(0), vec![2]);
        check(&map, &snapshot, &RequestAttributes::default(), &[0, 0, 100]);
    }

    #[test]
    fn without_an_answer_of_the_command_it_is_luck() {
        let map = map(Strategy::Exec("x".into()), 2);
        check(&map, &StateSnapshot::new(&map), &RequestAttributes::default(), &[50, 50]);
    }
}

fn strategies() -> Vec<Strategy> {
    vec![
        Strategy::SimpleShuffle,
        Strategy::Sticky(Sticky::Prompt),
        Strategy::RoundRobin,
        Strategy::LeastBusy,
        Strategy::LatencyBased(LatencyArgs { buffer: 0.5, ..LatencyArgs::ONE_SHOT }),
        Strategy::CostBased,
        Strategy::UsageBased,
        Strategy::Adaptive(AdaptiveArgs::ONE_SHOT),
        Strategy::Exec("x".into()),
    ]
}

proptest! {
    #[test]
    fn an_order_is_a_permutation_of_the_eligible_and_the_same_seed_gives_the_same(
        which in 0..strategies().len(),
        eligible in prop::collection::btree_set(0..12_usize, 0..12),
        weights in prop::collection::vec(prop::option::of(0.0..1e9_f64), 12),
        orders in prop::collection::vec(0..3_u32, 12),
        samples in prop::collection::vec((0..12_usize, any::<f64>(), any::<i64>()), 0..20),
        turn: u64,
        seed: u64,
    ) {
        let mut map = map(strategies().swap_remove(which), 12);
        let mut snapshot = StateSnapshot::new(&map);
        for (index, member) in map.groups[0].members.iter_mut().enumerate() {
            (member.weight, member.order) = (weights[index], orders[index]);
        }
        for (index, value, at) in samples {
            let failed = CallSample::Failed { prompt_tokens: 1, seconds: value };
            snapshot.deployments[index].estimates.learn(&failed, value, Timestamp(at));
        }
        snapshot.groups[0].turn = turn;
        let eligible: Vec<usize> = eligible.into_iter().collect();
        let before = snapshot.clone();
        let attributes = RequestAttributes::default();
        let input = RankingInput { map: &map, group: GroupId(0), attributes: &attributes, snapshot: &snapshot, now: NOW };
        let once = rank(&input, &eligible, &mut fastrand::Rng::with_seed(seed));
        prop_assert_eq!(&once, &rank(&input, &eligible, &mut fastrand::Rng::with_seed(seed)));
        prop_assert_eq!(&before, &snapshot);
        prop_assert!(once.iter().all(|ranked| !ranked.score.is_nan() && !ranked.why.to_string().is_empty()));
        let mut sorted: Vec<usize> = once.iter().map(|ranked| ranked.position).collect();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, eligible);
    }
}

#[test]
fn who_comes_back_from_an_outage_gets_less_at_first() {
    for strategy in [Strategy::SimpleShuffle, Strategy::LeastBusy, Strategy::CostBased, Strategy::UsageBased] {
        comes_back(strategy);
    }
}

fn comes_back(strategy: Strategy) {
    use crate::model::Class;
    use crate::routing::breaker::{BreakerContext, BreakerEvent};

    let map = map(strategy, 2);
    let mut snapshot = StateSnapshot::new(&map);
    let context =
        BreakerContext { rules: map.groups[0].policy.breaker(None), another_closed: true, now: NOW, jitter: 0.5 };
    let breaker = &mut snapshot.deployments[0].breaker;
    breaker.observe(BreakerEvent::Failed { class: Class::ServerError, retry_after: None }, &context);
    breaker.observe(BreakerEvent::Alive, &context);
    let first = |seconds: u64| {
        let now = NOW.after(Duration::from_secs(seconds));
        let input = RankingInput {
            map: &map,
            group: GroupId(0),
            attributes: &RequestAttributes::default(),
            snapshot: &snapshot,
            now,
        };
        let mut rng = fastrand::Rng::with_seed(1);
        (0..1000).filter(|_| rank(&input, &[0, 1], &mut rng)[0].position == 0).count()
    };
    assert!((20..90).contains(&first(0)), "{}", first(0));
    assert!((450..550).contains(&first(15)), "{}", first(15));
}
