//! Wilson's interval for proportions, such as the share of failed calls.
//!
//! Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927). Unlike the normal
//! approximation, it holds for few calls and for zero failures.

use super::{Interval, LEVEL, normal, number};

/// The share of `some` among `all` with its 95 % interval; `None` if `all` is zero.
#[must_use]
pub(crate) fn share(some: usize, all: usize) -> Option<Interval> {
    share_at(some, all, LEVEL)
}

/// Computes [`share`] at another level.
#[must_use]
pub(crate) fn share_at(some: usize, all: usize, level: f64) -> Option<Interval> {
    if all == 0 {
        return None;
    }
    let (n, z) = (number(all), normal::z_score(level));
    let at = number(some) / n;
    let middle = (at + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let reach = z / (1.0 + z * z / n) * (at * (1.0 - at) / n + z * z / (4.0 * n * n)).sqrt();
    Some(Interval { at, low: (middle - reach).max(0.0).min(at), high: (middle + reach).min(1.0).max(at) })
}

/// The difference of two independent shares, `now − earlier`: Newcombe's method 10, "Interval estimation for the
/// difference between independent proportions", Statistics in Medicine 17 (1998), from two Wilson intervals.
#[must_use]
pub(crate) fn difference(now: Interval, earlier: Interval) -> Interval {
    let at = now.at - earlier.at;
    let down = (now.at - now.low).hypot(earlier.high - earlier.at);
    let up = (now.high - now.at).hypot(earlier.at - earlier.low);
    Interval { at, low: at - down, high: at + up }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(some: usize, all: usize, low: f64, high: f64) {
        let got = share(some, all).unwrap();
        assert!((got.low - low).abs() < 5e-4 && (got.high - high).abs() < 5e-4, "{got:?}");
    }

    #[test]
    fn shares_match_published_tables() {
        // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
        check(81, 263, 0.2553, 0.3662);
        check(15, 148, 0.0624, 0.1605);
        check(0, 20, 0.0, 0.1611);
        check(1, 29, 0.0061, 0.1718);
    }

    #[test]
    fn no_calls_have_no_share() {
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn a_difference_matches_the_published_table() {
        // Newcombe 1998, table II, method 10: 56/70 − 48/80 is 0.0524 to 0.3339.
        let got = difference(share(56, 70).unwrap(), share(48, 80).unwrap());
        assert!((got.low - 0.0524).abs() < 5e-4 && (got.high - 0.3339).abs() < 5e-4, "{got:?}");
    }
}
