//! `simple-shuffle`: by chance, in proportion to weights, else to rpm, else to tpm, else alike.

use crate::route::Member;

/// An order of `members` (as positions) drawn without replacement in proportion to their shares,
/// each multiplied by its part of `ramps`: who has just recovered gets less for a while.
///
/// Each draw is `-ln(u)/share`, smallest first: the exponential race gives the same law as drawing
/// one by one (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006).
#[must_use]
pub fn order(members: &[&Member], ramps: &[f64], rng: &mut fastrand::Rng) -> Vec<usize> {
    let shares = shares(members).into_iter().zip(ramps).map(|(share, ramp)| share * ramp);
    let mut race: Vec<(f64, usize)> = shares.map(|share| draw(share, rng.f64())).zip(0..members.len()).collect();
    race.sort_by(|a, b| a.0.total_cmp(&b.0));
    race.into_iter().map(|(_, position)| position).collect()
}

/// When a member of this share arrives in the race; one without a share arrives last.
fn draw(share: f64, luck: f64) -> f64 {
    if share > 0.0 { -(1.0 - luck).ln() / share } else { f64::INFINITY }
}

/// The share of each member. Where some have a weight, a missing one is 1, not nothing.
#[expect(clippy::cast_precision_loss, reason = "limits are far below 2^52")]
pub(crate) fn shares(members: &[&Member]) -> Vec<f64> {
    let by = |share: fn(&Member) -> Option<f64>, missing: Option<f64>| {
        let shares: Vec<Option<f64>> = members.iter().map(|member| share(member)).collect();
        let known = shares.iter().flatten().sum::<f64>() > 0.0;
        let missing = missing.unwrap_or_else(|| mean(&shares));
        known.then(|| shares.into_iter().map(|share| share.unwrap_or(missing).max(0.0)).collect::<Vec<f64>>())
    };
    by(|member| member.weight, Some(1.0))
        .or_else(|| by(|member| member.rpm.map(|rpm| rpm as f64), None))
        .or_else(|| by(|member| member.tpm.map(|tpm| tpm as f64), None))
        .unwrap_or_else(|| vec![1.0; members.len()])
}

/// The mean of what is known: a member without a limit is taken for an average one.
#[expect(clippy::cast_precision_loss, reason = "a group has few members")]
fn mean(shares: &[Option<f64>]) -> f64 {
    let known: Vec<f64> = shares.iter().flatten().copied().collect();
    if known.is_empty() { 1.0 } else { known.iter().sum::<f64>() / known.len() as f64 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::route::{DeploymentId, Timeouts};

    fn member(weight: Option<f64>, rpm: Option<u64>, tpm: Option<u64>) -> Member {
        let second = Duration::from_secs(1);
        let timeouts = Timeouts { connect: second, first_token: second, idle: second, attempt: second };
        Member { deployment: DeploymentId(0), weight, rpm, tpm, order: 1, tags: Vec::new(), timeouts }
    }

    /// How often each member comes first in 10,000 draws, in percent, rounded to the nearest five.
    fn check(members: &[Member], want: &[u32]) {
        check_ramped(members, &vec![1.0; members.len()], want);
    }

    fn check_ramped(members: &[Member], ramps: &[f64], want: &[u32]) {
        let members: Vec<&Member> = members.iter().collect();
        let mut rng = fastrand::Rng::with_seed(1);
        let mut first = vec![0_u32; members.len()];
        (0..10_000).for_each(|_| first[order(&members, ramps, &mut rng)[0]] += 1);
        let percent: Vec<u32> = first.iter().map(|count| (count + 250) / 500 * 5).collect();
        assert_eq!(percent, want);
    }

    #[test]
    fn alike_when_nothing_is_said() {
        check(&[member(None, None, None), member(None, None, None)], &[50, 50]);
    }

    #[test]
    fn by_weight_and_a_missing_weight_is_one() {
        check(&[member(Some(0.1), None, None), member(Some(0.9), None, None)], &[10, 90]);
        check(&[member(Some(9.0), Some(1), None), member(None, Some(1000), None)], &[90, 10]);
    }

    #[test]
    fn a_weight_of_zero_comes_last() {
        check(&[member(Some(0.0), None, None), member(Some(1.0), None, None)], &[0, 100]);
    }

    #[test]
    fn who_comes_back_gets_less_at_first() {
        check_ramped(&[member(None, None, None), member(None, None, None)], &[0.25, 1.0], &[20, 80]);
    }

    #[test]
    fn by_rpm_then_by_tpm() {
        check(&[member(None, Some(300), Some(1)), member(None, Some(100), Some(1000))], &[75, 25]);
        check(&[member(None, None, Some(300)), member(None, None, Some(100))], &[75, 25]);
    }

    #[test]
    fn a_member_without_a_limit_is_taken_for_an_average_one() {
        check(&[member(None, Some(100), None), member(None, None, None)], &[50, 50]);
    }

    proptest! {
        #[test]
        fn an_order_is_a_permutation_and_the_same_seed_gives_the_same(
            weights in prop::collection::vec(prop::option::of(0.0..1e9_f64), 0..20), seed: u64
        ) {
            let members: Vec<Member> = weights.into_iter().map(|weight| member(weight, None, None)).collect();
            let members: Vec<&Member> = members.iter().collect();
            let ramps = vec![1.0; members.len()];
            let once = order(&members, &ramps, &mut fastrand::Rng::with_seed(seed));
            prop_assert_eq!(&once, &order(&members, &ramps, &mut fastrand::Rng::with_seed(seed)));
            let mut sorted = once;
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..members.len()).collect::<Vec<_>>());
        }
    }
}
