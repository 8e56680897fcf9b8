//! The wait before a deployment is called again.

use std::time::Duration;

/// The first floor of the backoff; it doubles with every repeat.
const BASE: Duration = Duration::from_millis(500);
/// The highest floor.
const FLOOR_MAX: Duration = Duration::from_secs(8);
/// The largest random addition, as a share of the floor.
const JITTER: f64 = 0.5;

/// Returns the wait before the repeat `n` (0 for the first): at least `0.5 s · 2ⁿ`, at most 8 s, and up to
/// half as much on top at random.
///
/// The floor grows, because no other deployment is left to call: repeats that come too soon are lost.
/// Full jitter from zero (AWS Architecture Blog, 2015) lost three of four requests in an outage of a
/// second; see scenario D of `benches/sim`.
#[must_use]
pub(crate) fn wait(n: u32, rng: &mut fastrand::Rng) -> Duration {
    floor(n).mul_f64(1.0 + JITTER * rng.f64())
}

fn floor(n: u32) -> Duration {
    BASE.saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX)).min(FLOOR_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_doubles_up_to_eight_seconds() {
        let seconds: Vec<f64> = [0, 1, 2, 3, 4, 5, 31, 32, 99].map(|n| floor(n).as_secs_f64()).to_vec();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0]);
    }

    #[test]
    fn a_wait_lies_between_the_floor_and_half_as_much_again() {
        let mut rng = fastrand::Rng::with_seed(7);
        let waits: Vec<Duration> = (0..1000).map(|_| wait(1, &mut rng)).collect();
        assert!(waits.iter().all(|wait| (1.0..=1.5).contains(&wait.as_secs_f64())));
        assert!(waits.iter().any(|wait| wait.as_secs_f64() < 1.1));
        assert!(waits.iter().any(|wait| wait.as_secs_f64() > 1.4));
    }

    #[test]
    fn two_repeats_outlast_an_outage_of_a_second_and_a_half() {
        for seed in 0..1000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            assert!(wait(0, &mut rng) + wait(1, &mut rng) >= Duration::from_millis(1500));
        }
    }
}
