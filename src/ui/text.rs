//! Times as people read them, beside the formats of durations, money, counts and sizes that all crates share.

use jiff::Zoned;
use jiff::tz::TimeZone;

use llmroute_core::model::Timestamp;
pub(crate) use llmroute_core::model::format::{bytes, count, duration, money, short_count, time_left};

/// Stands where a value is not known or does not apply.
pub(crate) const NONE: &str = "–";

/// Formats day and time, for a table of recent requests.
#[must_use]
pub(crate) fn short_time(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).map_or_else(|| NONE.to_owned(), |at| at.strftime("%m-%d %H:%M:%S").to_string())
}

/// Formats date, time and offset.
#[must_use]
pub(crate) fn full_time(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).map_or_else(|| at.0.to_string(), |at| at.strftime("%Y-%m-%d %H:%M:%S%.3f %:z").to_string())
}

/// Formats the date.
#[must_use]
pub(crate) fn date(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).map_or_else(|| NONE.to_owned(), |at| at.date().to_string())
}

/// Formats milliseconds.
#[must_use]
pub(crate) fn millis(ms: u64) -> String {
    duration(std::time::Duration::from_millis(ms))
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(at.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_the_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(short_time(Timestamp(0), &zone), "01-01 02:00:00");
        assert_eq!(full_time(Timestamp(1), &zone), "1970-01-01 02:00:00.001 +02:00");
        assert_eq!(date(Timestamp(0), &zone), "1970-01-01");
    }

    #[test]
    fn a_time_out_of_range_does_not_panic() {
        let zone = TimeZone::UTC;
        assert_eq!(
            (short_time(Timestamp(i64::MAX), &zone).as_str(), date(Timestamp(i64::MAX), &zone).as_str()),
            (NONE, NONE)
        );
        assert_eq!(full_time(Timestamp(i64::MAX), &zone), i64::MAX.to_string());
    }
}
