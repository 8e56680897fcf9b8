//! The order of calls within a round and the start times of an open loop: pure functions of plan and seed.

use std::time::Duration;

use super::plan::{Arrival, Plan};

/// The calls of a round, grouped by host: the queues run in parallel, the calls of one queue one after another.
///
/// Every target occurs once. The order is drawn anew for every round.
#[must_use]
pub(crate) fn host_queues(plan: &Plan, round: u32) -> Vec<Vec<usize>> {
    let mut turns: Vec<(&str, Vec<usize>)> = Vec::new();
    for target in target_order(plan, round) {
        let host = plan.targets[target].host.as_str();
        match turns.iter_mut().find(|(other, _)| *other == host) {
            Some((_, turn)) => turn.push(target),
            None => turns.push((host, vec![target])),
        }
    }
    turns.into_iter().map(|(_, turn)| turn).collect()
}

/// The targets in the order drawn for this round.
#[must_use]
pub(crate) fn target_order(plan: &Plan, round: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..plan.targets.len()).collect();
    rng_for(plan.seed, RandomStream::Order, round).shuffle(&mut order);
    order
}

/// The start times of an open loop, counted from the start of the run: endless, at `rate` per second.
pub(crate) fn arrivals(seed: u64, rate: f64, pattern: Arrival) -> impl Iterator<Item = Duration> + Send {
    let mut rng = rng_for(seed, RandomStream::Arrivals, 0);
    let mut passed = 0.0;
    (0_u32..).map(move |number| match pattern {
        // Computed from the start, so that rounding errors do not accumulate.
        Arrival::Constant => seconds(f64::from(number) / rate),
        Arrival::Poisson => {
            // The inverse of the exponential distribution; 1 - u is never 0.
            passed += -(1.0 - rng.f64()).ln() / rate;
            seconds(passed)
        }
    })
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// The uses of randomness; each has a stream of its own.
#[derive(Clone, Copy)]
enum RandomStream {
    Order,
    Arrivals,
}

fn rng_for(seed: u64, draw: RandomStream, number: u32) -> fastrand::Rng {
    let kind = match draw {
        RandomStream::Order => 0x6f72_6465,
        RandomStream::Arrivals => 0x6172_7269,
    };
    // An odd constant (2^64 / golden ratio) keeps neighbouring seeds far apart.
    let number = (u64::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    fastrand::Rng::with_seed(seed.rotate_left(17) ^ number ^ kind)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn plan(hosts: &[u8], seed: u64) -> Plan {
        let hosts: Vec<String> = hosts.iter().map(|host| format!("h{host}")).collect();
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        Plan { seed, ..testing::plan(&hosts) }
    }

    proptest! {
        #[test]
        fn a_round_asks_each_once_and_one_host_in_turn(hosts in prop::collection::vec(0_u8..4, 1..9), seed: u64, round in 0_u32..1000) {
            let plan = plan(&hosts, seed);
            let turns = host_queues(&plan, round);
            let mut all: Vec<usize> = turns.iter().flatten().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..hosts.len()).collect::<Vec<_>>());
            let mut seen = Vec::new();
            for turn in &turns {
                let host = hosts[turn[0]];
                prop_assert!(turn.iter().all(|target| hosts[*target] == host) && !seen.contains(&host));
                seen.push(host);
            }
            prop_assert_eq!(turns, host_queues(&plan, round));
        }

        #[test]
        fn arrivals_never_go_back(seed: u64, rate in 0.01_f64..10_000.0) {
            for pattern in [Arrival::Constant, Arrival::Poisson] {
                let times: Vec<_> = arrivals(seed, rate, pattern).take(50).collect();
                prop_assert!(times.is_sorted());
                prop_assert_eq!(times, arrivals(seed, rate, pattern).take(50).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn each_target_comes_first_equally_often() {
        let plan = plan(&[0, 1, 2], 7);
        let first = (0..3000).filter(|round| target_order(&plan, *round)[0] == 0).count();
        assert!((900..1100).contains(&first), "{first}");
        let differs =
            (0..100).any(|round| target_order(&plan, round) != target_order(&Plan { seed: 8, ..plan.clone() }, round));
        assert!(differs);
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced() {
        let times: Vec<_> = arrivals(1, 400.0, Arrival::Constant).take(401).collect();
        assert_eq!(
            (times[0], times[1], times[400]),
            (Duration::ZERO, Duration::from_micros(2500), Duration::from_secs(1))
        );
    }

    #[test]
    fn poisson_arrivals_reach_the_rate() {
        let last = arrivals(1, 100.0, Arrival::Poisson).nth(9_999).unwrap().as_secs_f64();
        // The sum of 10,000 exponential gaps: its relative standard deviation is 1 %.
        assert!((95.0..105.0).contains(&last), "{last}");
    }
}
