//! One clock for all timestamps: monotonic since an origin, with a conversion from the kernel's wall time.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// The distance of a pair of readings that is close enough.
const CLOSE: Duration = Duration::from_micros(5);
/// The number of pairs to read before using the closest.
const TRIES: usize = 5;
/// A larger difference means that a clock was set: both are slewed alike (`clock_gettime(2)`).
const STEP: Duration = Duration::from_micros(500);

/// The origin of the timestamps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockOrigin(Instant);

impl ClockOrigin {
    /// A clock that starts at zero.
    #[expect(clippy::disallowed_methods, reason = "the meter's clock; a test can pause it")]
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    /// The time since the origin.
    pub(crate) fn now(self) -> Duration {
        self.0.elapsed()
    }

    /// The instant for tokio's timers.
    pub(crate) fn instant(self, at: Duration) -> Instant {
        self.0 + at
    }

    /// The offset of the wall clock.
    pub(crate) fn bridge(self) -> WallClock {
        let mut best = self.pair();
        for _ in 1..TRIES {
            if best.1 <= CLOSE {
                break;
            }
            let next = self.pair();
            if next.1 < best.1 {
                best = next;
            }
        }
        best.0
    }

    /// Both clocks, and the time it took to read them.
    fn pair(self) -> (WallClock, Duration) {
        let before = self.now();
        let wall = wall();
        let took = self.now().saturating_sub(before);
        (WallClock { wall, mono: before + took / 2 }, took)
    }
}

#[expect(clippy::disallowed_methods, reason = "stamps of the kernel are wall time")]
fn wall() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Both clocks at the same time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WallClock {
    wall: Duration,
    mono: Duration,
}

impl WallClock {
    /// The time on the meter's clock when the wall clock showed `wall` since 1970.
    pub(crate) fn at(&self, wall: Duration) -> Duration {
        if wall >= self.wall { self.mono + (wall - self.wall) } else { self.mono.saturating_sub(self.wall - wall) }
    }

    /// Returns `true` if a clock was set between the two readings.
    pub(crate) fn stepped(&self, later: &Self) -> bool {
        self.at(later.wall).abs_diff(later.mono) > STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn check_step(wall: u32, mono: u32, want: bool) {
        let before = WallClock { wall: 1_000_000 * MS, mono: 50 * MS };
        let later = WallClock { wall: before.wall + wall * MS, mono: before.mono + mono * MS };
        assert_eq!(before.stepped(&later), want);
    }

    #[test]
    fn a_clock_that_was_set_is_seen() {
        check_step(700, 700, false);
        check_step(702, 700, true);
        check_step(700, 702, true);
    }

    #[test]
    fn a_wall_time_is_a_time_of_the_meter() {
        let bridge = WallClock { wall: 1_000_000 * MS, mono: 50 * MS };
        assert_eq!(bridge.at(1_000_007 * MS), 57 * MS);
        assert_eq!(bridge.at(999_990 * MS), 40 * MS);
        assert_eq!(bridge.at(Duration::ZERO), Duration::ZERO);
    }

    #[tokio::test]
    async fn both_clocks_go_alike() {
        let origin = ClockOrigin::new();
        let bridge = origin.bridge();
        assert!(!bridge.stepped(&origin.bridge()));
    }
}
