//! Durations of a profile and of the command line: `30`, `"600s"`, `"1h30m"`, `"250ms"`, `"5 minutes"`.

use std::time::Duration;

/// The longest duration that is accepted; longer ones are typing mistakes.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A number of seconds.
pub(crate) fn seconds(value: f64) -> Result<Duration, String> {
    let span = Duration::try_from_secs_f64(value).map_err(|_| format!("`{value}` is not a duration"))?;
    if span > LONGEST { Err("longer than a year".into()) } else { Ok(span) }
}

/// Reads `1h30m`, `250ms`, `1.5s`, `5 minutes`, or a bare number of seconds.
///
/// jiff's friendly format has neither fractions of a larger unit (`1.5h30m`) nor fractions of a day.
///
/// # Errors
/// The mistake, as a message.
pub fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(value) = text.parse::<f64>() {
        return seconds(value);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let unit = rest[digits..].trim_start();
        let unit_end = unit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit.len());
        let wrong = || format!("`{text}` is not a duration");
        let value: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        total += value
            * match &unit[..unit_end] {
                "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 0.001,
                "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
                "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
                "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
                "d" | "day" | "days" => 86_400.0,
                _ => return Err(wrong()),
            };
        rest = unit[unit_end..].trim_start();
    }
    if text.is_empty() { Err("an empty text is not a duration".into()) } else { seconds(total) }
}

/// The duration in the shortest form that [`parse`] reads back.
pub fn show(span: Duration) -> String {
    let millis = span.as_millis();
    match millis {
        0 => "0s".into(),
        _ if !millis.is_multiple_of(1000) => format!("{millis}ms"),
        _ if millis.is_multiple_of(3_600_000) => format!("{}h", millis / 3_600_000),
        _ if millis.is_multiple_of(60_000) && millis > 900_000 => format!("{}m", millis / 60_000),
        _ => format!("{}s", millis / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<u64>) {
        assert_eq!(parse(text).ok(), want.map(Duration::from_millis), "{text}");
    }

    #[test]
    fn units_add_up() {
        check("1h30m", Some(5_400_000));
        check("250ms", Some(250));
        check("1.5s", Some(1500));
        check("1m 30s", Some(90_000));
        check("1.5h 1d", Some(91_800_000));
        check("5 minutes", Some(300_000));
        check("1 hour 30 mins 2sec", Some(5_402_000));
    }

    #[test]
    fn a_bare_number_is_seconds() {
        check("20", Some(20_000));
    }

    #[test]
    fn other_texts_are_not_durations() {
        for text in ["", "s", "5 parsecs", "-3s", "nan", "inf", "1e300", "5é", "1.2.3s", "99999d"] {
            check(text, None);
        }
    }

    #[test]
    fn shown_durations_are_read_back() {
        for millis in [0, 1, 250, 1000, 90_000, 600_000, 1_800_000, 5_400_000, 86_400_000] {
            check(&show(Duration::from_millis(millis)), Some(millis));
        }
    }
}
