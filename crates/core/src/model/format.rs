//! Durations, money, counts and sizes as people read them: one format each, for every text of the program.
//!
//! Times need a time zone and belong to the command line.

use std::fmt::Display;
use std::time::Duration;

/// Formats a duration: `295 ms`, `1.4 s`, `12 s`, `1m 49s`, `2h 5m`, `3d 4h`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let millis = rounded(duration.as_nanos(), 1_000_000);
    let tenths = rounded(duration.as_nanos(), 100_000_000);
    let seconds = rounded(duration.as_nanos(), 1_000_000_000);
    match millis {
        0..1000 => return format!("{millis} ms"),
        1000..9950 if !tenths.is_multiple_of(10) => return format!("{}.{} s", tenths / 10, tenths % 10),
        _ if seconds < 60 => return format!("{seconds} s"),
        _ => {}
    }
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, minutes, seconds) => two_units((minutes, "m"), (seconds, "s")),
        (0, hours, minutes, _) => two_units((hours, "h"), (minutes, "m")),
        (days, hours, ..) => two_units((days, "d"), (hours, "h")),
    }
}

/// Formats the time that is left until something happens: rounded up to whole seconds, so that it is never too short.
#[must_use]
pub fn time_left(left: Duration) -> String {
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    duration(Duration::from_secs(seconds))
}

/// Formats US dollars with three significant digits below a dollar and cents above: `$0.00`, `$0.00025`, `$12.35`.
#[must_use]
pub fn money(usd: f64) -> String {
    let size = usd.abs();
    let decimals = match size {
        _ if !(0.000_000_000_5..0.995).contains(&size) => 2,
        _ => (2..=12).find(|decimals| size * 10_f64.powi(*decimals) >= 99.5).unwrap_or(12),
    };
    let decimals = usize::try_from(decimals).unwrap_or(2);
    let text = format!("{size:.decimals$}");
    // At least cents.
    let cents = text.find('.').map_or(text.len(), |point| point + 3);
    let end = text.trim_end_matches('0').len().max(cents);
    let sign = if usd < 0.0 { "-" } else { "" };
    format!("{sign}${}", &text[..end])
}

/// Formats a count with its noun: `1 turn`, `3 turns`.
#[must_use]
pub fn count<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Formats a large count for a narrow column: `118`, `12k`, `1.9M`.
#[must_use]
pub fn short_count(number: u64) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..1_000_000 => format!("{}k", number / 1000),
        _ => format!("{}.{}M", number / 1_000_000, number / 100_000 % 10),
    }
}

/// Formats a size in decimal units, as providers state their limits: `812 B`, `1.5 MB`, `268 MB`.
#[must_use]
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if size < 1000 {
        return format!("{size} B");
    }
    let mut tenths = size / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    let text = match tenths {
        0..1000 if !tenths.is_multiple_of(10) => format!("{}.{}", tenths / 10, tenths % 10),
        _ => (tenths / 10).to_string(),
    };
    format!("{text} {}", UNITS[unit])
}

fn rounded(nanos: u128, unit: u128) -> u128 {
    (nanos + unit / 2) / unit
}

/// The smaller unit is omitted if it is zero.
fn two_units((large, large_unit): (u128, &str), (small, small_unit): (u128, &str)) -> String {
    match small {
        0 => format!("{large}{large_unit}"),
        _ => format!("{large}{large_unit} {small}{small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_at_most_two_units() {
        let cases = [
            (0, "0 ms"),
            (295, "295 ms"),
            (999, "999 ms"),
            (1000, "1 s"),
            (1449, "1.4 s"),
            (9949, "9.9 s"),
            (9950, "10 s"),
            (12_400, "12 s"),
            (59_499, "59 s"),
            (59_600, "1m"),
            (109_000, "1m 49s"),
            (3_600_000, "1h"),
            (7_500_000, "2h 5m"),
            (86_400_000, "1d"),
            (100_800_000, "1d 4h"),
        ];
        for (millis, expected) in cases {
            assert_eq!(duration(Duration::from_millis(millis)), expected, "{millis} ms");
        }
        assert_eq!(duration(Duration::from_micros(999_700)), "1 s");
        assert!(!duration(Duration::MAX).is_empty());
    }

    #[test]
    fn the_time_left_is_rounded_up() {
        for (millis, expected) in [(0, "0 ms"), (1, "1 s"), (1500, "2 s"), (108_001, "1m 49s")] {
            assert_eq!(time_left(Duration::from_millis(millis)), expected, "{millis} ms");
        }
    }

    #[test]
    fn money_has_cents_or_three_significant_digits() {
        let cases = [
            (0.0, "$0.00"),
            (0.5, "$0.50"),
            (0.123_456, "$0.123"),
            (0.000_25, "$0.00025"),
            (0.000_001_234, "$0.00000123"),
            (0.9951, "$1.00"),
            (1.5, "$1.50"),
            (12.345_678_9, "$12.35"),
            (-0.25, "-$0.25"),
            (1e-15, "$0.00"),
        ];
        for (usd, expected) in cases {
            assert_eq!(money(usd), expected, "{usd}");
        }
    }

    #[test]
    fn a_count_agrees_with_its_noun() {
        assert_eq!((count(0_u8, "turn"), count(1_usize, "turn")), ("0 turns".to_owned(), "1 turn".to_owned()));
        for (number, expected) in [(0, "0"), (9998, "9998"), (12_345, "12k"), (1_950_000, "1.9M")] {
            assert_eq!(short_count(number), expected);
        }
    }

    #[test]
    fn sizes_are_in_decimal_units() {
        let cases = [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (20_000_000, "20 MB"), (256 << 20, "268 MB")];
        for (size, expected) in cases {
            assert_eq!(bytes(size), expected);
        }
        assert_eq!(bytes(u64::MAX), "18446744 TB");
    }
}
