//! Times, durations and money as people write them.

use jiff::Zoned;
use jiff::tz::TimeZone;

use llmroute_core::model::Timestamp;

/// Day and time, for a table of recent things.
pub fn short_time(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).map_or_else(|| "-".to_owned(), |at| at.strftime("%m-%d %H:%M:%S").to_string())
}

/// Date, time and offset.
pub fn full_time(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).map_or_else(|| at.0.to_string(), |at| at.strftime("%Y-%m-%d %H:%M:%S%.3f %:z").to_string())
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(at.to_zoned(zone.clone()))
}

/// Milliseconds below ten seconds, then seconds.
pub fn millis(ms: u64) -> String {
    if ms < 10_000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1000, ms % 1000 / 100) }
}

/// Dollars to a millionth, without idle zeros beyond cents.
pub fn cost(usd: f64) -> String {
    let text = format!("{usd:.6}");
    let cents = text.len() - 4;
    let end = text.trim_end_matches('0').len().max(cents);
    format!("${}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_shows_cents_and_what_is_smaller() {
        for (usd, want) in [(0.0, "$0.00"), (0.000_25, "$0.00025"), (1.5, "$1.50"), (12.345_678_9, "$12.345679")] {
            assert_eq!(cost(usd), want);
        }
    }

    #[test]
    fn durations_have_three_or_four_digits() {
        for (ms, want) in [(0, "0 ms"), (9_999, "9999 ms"), (10_000, "10.0 s"), (61_950, "61.9 s")] {
            assert_eq!(millis(ms), want);
        }
    }

    #[test]
    fn times_are_of_the_zone_and_nonsense_is_no_panic() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(short_time(Timestamp(0), &zone), "01-01 02:00:00");
        assert_eq!(full_time(Timestamp(1), &zone), "1970-01-01 02:00:00.001 +02:00");
        assert_eq!(short_time(Timestamp(i64::MAX), &zone), "-");
        assert_eq!(full_time(Timestamp(i64::MAX), &zone), i64::MAX.to_string());
    }
}
