//! Strategies as functions: members in, an order with its numbers out.

use std::sync::Arc;
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
fn map(strategy: impl Strategy + 'static, count: usize) -> Map {
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
    let group = Group {
        name: "main".to_owned(),
        members: members.collect(),
        strategy: Arc::new(strategy),
        policy: Policy::default(),
        fallbacks: Vec::new(),
        context_window_fallbacks: Vec::new(),
        content_policy_fallbacks: None,
    };
    Map { deployments: deployments.collect(), groups: vec![group], ..Map::default() }
}

/// The share of 2,000 draws in which each member comes first, in percent, rounded to the nearest five.
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
        let mut map = map(SimpleShuffle::default(), want.len());
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
        let mut map = map(SimpleShuffle::default(), 3);
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
        let map = map(sticky(Sticky::User), 2);
        let arms: Vec<String> = ["ann", "bob", "eve", "joe"].iter().map(|user| arm(&map, user, &[0, 1])).collect();
        assert_eq!(arms, ["ab", "ab", "ba", "ba"]);
        check(&map, &StateSnapshot::new(&map), &user("bob"), &[100, 0]);
    }

    #[test]
    fn users_split_by_weight() {
        let mut map = map(sticky(Sticky::User), 2);
        map.groups[0].members[0].weight = Some(0.1);
        map.groups[0].members[1].weight = Some(0.9);
        let first = (0..2_000).filter(|n| arm(&map, &n.to_string(), &[0, 1]).starts_with('a')).count();
        assert!((150..250).contains(&first), "{first}");
    }

    #[test]
    fn an_arm_that_goes_moves_only_its_own_users() {
        let map = map(sticky(Sticky::User), 3);
        for user in (0..200).map(|n| n.to_string()) {
            let with = arm(&map, &user, &[0, 1, 2]);
            let without = arm(&map, &user, &[0, 2]);
            assert_eq!(without, with.replace('b', ""));
        }
    }

    #[test]
    fn another_group_splits_otherwise() {
        let one = map(sticky(Sticky::User), 2);
        let mut other = one.clone();
        other.groups[0].name = "other".to_owned();
        let moved =
            (0..100).filter(|n| arm(&one, &n.to_string(), &[0, 1]) != arm(&other, &n.to_string(), &[0, 1])).count();
        assert!((30..70).contains(&moved), "{moved}");
    }

    #[test]
    fn without_a_key_it_is_luck() {
        let map = map(sticky(Sticky::Conversation), 2);
        check(&map, &StateSnapshot::new(&map), &user("bob"), &[50, 50]);
    }
}

mod in_turn {
    use super::*;

    fn turn(turn: u64, eligible: &[usize], want: &str) {
        let map = map(RoundRobin, 3);
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
    let map = map(LeastBusy, 3);
    let mut snapshot = StateSnapshot::new(&map);
    snapshot.deployments[1].leases.take(1, NOW.after(Duration::from_secs(1)), NOW);
    check(&map, &snapshot, &RequestAttributes::default(), &[50, 0, 50]);
}

mod fastest {
    use super::*;

    fn latency(args: LatencyBased, prepare: impl FnOnce(&mut StateSnapshot), want: &[u32]) {
        let map = map(args, want.len());
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
        latency(LatencyBased::ONE_SHOT, prepare, &[100, 0]);
    }

    #[test]
    fn the_unknown_is_tried_now_and_then() {
        latency(LatencyBased::ONE_SHOT, |snapshot| answered(snapshot, 0, 30, 0.4, 100.0), &[50, 50]);
    }

    #[test]
    fn calls_under_way_count_as_if_they_were_in_front() {
        let prepare = |snapshot: &mut StateSnapshot| {
            answered(snapshot, 0, 30, 0.4, 100.0);
            answered(snapshot, 1, 30, 0.6, 100.0);
            (0..2).for_each(|id| snapshot.deployments[0].leases.take(id, NOW.after(Duration::from_secs(9)), NOW));
        };
        latency(LatencyBased::LONG_LIVED, prepare, &[0, 100]);
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
        let args = LatencyBased { explore: 0.0, ..LatencyBased::LONG_LIVED };
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
        let args = LatencyBased { explore: 0.0, ..LatencyBased::ONE_SHOT };
        latency(args, prepare, &[100, 0, 0]);
        latency(LatencyBased { buffer: 0.1, ..args }, prepare, &[50, 50, 0]);
    }

    #[test]
    fn what_is_older_than_the_ttl_is_unknown() {
        let old = Timestamp(NOW.0 - 100_000);
        let prepare = |snapshot: &mut StateSnapshot| {
            let slow = CallSample::Failed { prompt_tokens: 10, seconds: 100.0 };
            snapshot.deployments[0].estimates.learn(&slow, 0.8, old);
        };
        let args = LatencyBased { explore: 0.0, ..LatencyBased::ONE_SHOT };
        latency(LatencyBased { ttl: Some(Duration::from_secs(101)), ..args }, prepare, &[50, 50]);
        latency(LatencyBased { ttl: Some(Duration::from_secs(99)), ..args }, prepare, &[50, 50]);
    }

    #[test]
    fn in_a_large_group_the_best_is_not_everybodys() {
        let prepare = |snapshot: &mut StateSnapshot| {
            answered(snapshot, 0, 50, 0.1, 100.0);
            (1..8).for_each(|index| answered(snapshot, index, 50, 1.0, 100.0));
        };
        let map = map(LatencyBased { explore: 0.0, ..LatencyBased::ONE_SHOT }, 8);
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
        let mut map = map(CostBased, prices.len());
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
        let mut map = map(CostBased, 2);
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
        let mut map = map(UsageBased, 2);
        map.groups[0].members[0].rpm = Some(10);
        check(&map, &StateSnapshot::new(&map), &RequestAttributes::default(), &[0, 100]);
    }
}

mod balanced {
    use super::*;

    fn adaptive(args: Adaptive, want: &str) {
        let args = Adaptive { explore: 0.0, ..args };
        let mut map = map(args, 3);
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
        let nothing = Adaptive { latency: 0.0, cost: 0.0, failure: 0.0, explore: 0.0 };
        adaptive(Adaptive { latency: 1.0, ..nothing }, "acb");
        adaptive(Adaptive { cost: 1.0, failure: 1.0, ..nothing }, "bac");
        adaptive(Adaptive { latency: 1.0, cost: 1.0, failure: 100.0, ..nothing }, "abc");
    }
}

mod external {
    use super::*;

    #[derive(Debug)]
    struct Backwards;

    impl Strategy for Backwards {
        fn name(&self) -> &str {
            "backwards"
        }

        fn rank(&self, candidates: &[Candidate<'_>], _: &RankingContext<'_>, _: &mut fastrand::Rng) -> Vec<Ranked> {
            let at = |position| Ranked { position, score: 0.0, reason: RankReason::External };
            let known = candidates.iter().rev().map(|candidate| candidate.position);
            known.flat_map(|position| [at(position), at(position), at(77)]).collect()
        }
    }

    #[test]
    fn positions_that_are_not_candidates_or_come_twice_are_removed() {
        let map = map(Backwards, 3);
        assert_eq!(order(&map, &StateSnapshot::new(&map), &RequestAttributes::default(), &[0, 1, 2]), "cba");
        assert_eq!(map.groups[0].strategy.name(), "backwards");
    }

    #[derive(Debug)]
    struct OnlyTheLast;

    impl Strategy for OnlyTheLast {
        fn name(&self) -> &str {
            "only-the-last"
        }

        fn rank(&self, candidates: &[Candidate<'_>], _: &RankingContext<'_>, rng: &mut fastrand::Rng) -> Vec<Ranked> {
            Ranked::by_score(candidates.last().map(|last| (last.position, 1.0)), rng)
        }
    }

    #[test]
    fn candidates_that_a_strategy_leaves_out_follow_in_random_order() {
        let map = map(OnlyTheLast, 3);
        check(&map, &StateSnapshot::new(&map), &RequestAttributes::default(), &[0, 0, 100]);
        let all = order(&map, &StateSnapshot::new(&map), &RequestAttributes::default(), &[0, 1, 2]);
        assert!(["cab", "cba"].contains(&all.as_str()), "{all}");
    }

    #[test]
    fn deployments_that_a_command_lists_come_first() {
        let map = map(External { command: "x".into() }, 3);
        let mut snapshot = StateSnapshot::new(&map);
        snapshot.orders.insert(GroupId(0), vec![2]);
        check(&map, &snapshot, &RequestAttributes::default(), &[0, 0, 100]);
    }

    #[test]
    fn without_an_order_of_the_command_the_group_is_shuffled() {
        let map = map(External { command: "x".into() }, 2);
        check(&map, &StateSnapshot::new(&map), &RequestAttributes::default(), &[50, 50]);
    }
}

fn sticky(sticky: Sticky) -> SimpleShuffle {
    SimpleShuffle { sticky: Some(sticky) }
}

/// Every built-in strategy with its defaults, and the variants that rank differently.
fn strategies() -> Vec<Arc<dyn Strategy>> {
    let built_in = BUILT_IN.iter().map(|entry| (entry.parse_args)(&StrategyConfig::default()));
    let variants: [Arc<dyn Strategy>; 3] = [
        Arc::new(sticky(Sticky::Prompt)),
        Arc::new(LatencyBased { buffer: 0.5, ..LatencyBased::ONE_SHOT }),
        Arc::new(External { command: "x".into() }),
    ];
    built_in.chain(variants).collect()
}

#[test]
fn the_table_names_each_strategy_once_by_its_own_name() {
    let mut names: Vec<&str> = Vec::new();
    for entry in BUILT_IN {
        assert_eq!((entry.parse_args)(&StrategyConfig::default()).name(), entry.name);
        names.extend(entry.aliases.iter().chain([&entry.name]));
        assert!(!entry.summary.is_empty());
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
    assert_eq!(StrategyEntry::find("usage-based-routing-v2").map(|entry| entry.name), Some("usage-based-routing"));
    assert_eq!(StrategyEntry::find("fastest"), None);
}

#[test]
fn arguments_reach_the_strategy() {
    let mut config = StrategyConfig::new(true);
    config.set_number("w_cost", 7.0);
    config.set_number("lowest_latency_buffer", 0.25);
    config.set_duration("ttl", Duration::from_secs(9));
    let built = |name| format!("{:?}", (StrategyEntry::find(name).unwrap().parse_args)(&config));
    let latency = LatencyBased { ttl: Some(Duration::from_secs(9)), buffer: 0.25, ..LatencyBased::LONG_LIVED };
    assert_eq!(built("latency-based-routing"), format!("{latency:?}"));
    assert_eq!(built("adaptive"), format!("{:?}", Adaptive { cost: 7.0, ..Adaptive::LONG_LIVED }));
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
        let mut map = map(RoundRobin, 12);
        map.groups[0].strategy = strategies().swap_remove(which);
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
        prop_assert!(once.iter().all(|ranked| !ranked.score.is_nan() && !ranked.reason.to_string().is_empty()));
        let mut sorted: Vec<usize> = once.iter().map(|ranked| ranked.position).collect();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, eligible);
    }
}

#[test]
fn a_deployment_that_recovers_gets_less_traffic_at_first() {
    comes_back(SimpleShuffle::default());
    comes_back(LeastBusy);
    comes_back(CostBased);
    comes_back(UsageBased);
}

fn comes_back(strategy: impl Strategy + 'static) {
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
