//! The wait before a deployment is called again.

use std::time::Duration;

/// The floor of the first two repeats. It doubles with every further one.
const BASE: Duration = Duration::from_millis(1050);
/// The highest floor.
const FLOOR_MAX: Duration = Duration::from_secs(8);
/// The largest random addition, as a share of the floor.
const JITTER: f64 = 0.2;

/// Returns the wait before the repeat `n` (0 for the first): at least 1.05, 1.05, 2.1, 4.2, … and at most 8 s,
/// and up to a fifth more at random.
///
/// No other deployment is left to call, so a repeat that comes too soon is lost. Two repeats span at least
/// two seconds; a first one that comes sooner seldom helps more than it takes from the second. Scenario D of
/// `benches/sim` compares the waits.
#[must_use]
pub(crate) fn wait(n: u32, rng: &mut fastrand::Rng) -> Duration {
    floor(n).mul_f64(1.0 + JITTER * rng.f64())
}

fn floor(n: u32) -> Duration {
    let doublings = n.saturating_sub(1);
    BASE.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(FLOOR_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_doubles_from_the_third_repeat_up_to_eight_seconds() {
        let seconds: Vec<f64> = [0, 1, 2, 3, 4, 5, 32, 33, 99].map(|n| floor(n).as_secs_f64()).to_vec();
        assert_eq!(seconds, [1.05, 1.05, 2.1, 4.2, 8.0, 8.0, 8.0, 8.0, 8.0]);
    }

    #[test]
    fn a_wait_lies_between_the_floor_and_a_fifth_more() {
        let mut rng = fastrand::Rng::with_seed(7);
        let waits: Vec<Duration> = (0..1000).map(|_| wait(2, &mut rng)).collect();
        assert!(waits.iter().all(|wait| (2.1..=2.52).contains(&wait.as_secs_f64())));
        assert!(waits.iter().any(|wait| wait.as_secs_f64() < 2.15));
        assert!(waits.iter().any(|wait| wait.as_secs_f64() > 2.45));
    }

    #[test]
    fn two_repeats_outlast_an_outage_of_two_seconds() {
        for seed in 0..1000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            assert!(wait(0, &mut rng) + wait(1, &mut rng) >= Duration::from_secs(2));
        }
    }
}
