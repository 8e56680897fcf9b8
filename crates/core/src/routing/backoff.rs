//! How long to wait before a deployment is asked again.

use std::time::Duration;

/// The first ceiling of the backoff; it doubles with every repeat.
const BASE: Duration = Duration::from_millis(500);
/// The highest ceiling.
const CEILING: Duration = Duration::from_secs(8);

/// Exponential backoff with full jitter before the repeat `n` (0 for the first): a uniform draw
/// between zero and `0.5 s · 2ⁿ`, at most 8 s.
///
/// Full jitter spreads a crowd best; see "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#[must_use]
pub fn wait(n: u32, rng: &mut fastrand::Rng) -> Duration {
    ceiling(n).mul_f64(rng.f64())
}

fn ceiling(n: u32) -> Duration {
    BASE.saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX)).min(CEILING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_eight_seconds() {
        let seconds: Vec<f64> = [0, 1, 2, 3, 4, 5, 31, 32, 99].map(|n| ceiling(n).as_secs_f64()).to_vec();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0]);
    }

    #[test]
    fn a_wait_is_anywhere_below_the_ceiling() {
        let mut rng = fastrand::Rng::with_seed(7);
        let waits: Vec<Duration> = (0..1000).map(|_| wait(1, &mut rng)).collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(1)));
        assert!(waits.iter().any(|wait| *wait < Duration::from_millis(100)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(900)));
    }
}
