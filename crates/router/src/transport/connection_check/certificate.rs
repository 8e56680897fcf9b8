//! Reads the expiry of a certificate from its DER encoding. It does not decide on trust.
//!
//! The form: RFC 5280, section 4.1 (`Certificate`, `Validity`), and X.690 for the encoding.

use jiff::civil;
use jiff::tz::TimeZone;

use llmroute_core::model::Timestamp;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// `[0]`: the optional version.
const VERSION: u8 = 0xA0;

/// Returns `notAfter` of the certificate in `der`; `None` if it cannot be parsed.
pub(crate) fn expiry(der: &[u8]) -> Option<Timestamp> {
    let (mut certificate, _) = value(der, SEQUENCE)?;
    let (mut body, _) = value(take(&mut certificate), SEQUENCE)?;
    if body.first() == Some(&VERSION) {
        skip(&mut body, VERSION)?;
    }
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        // Serial number, algorithm of the signature, issuer.
        skip(&mut body, tag)?;
    }
    let (mut validity, _) = value(body, SEQUENCE)?;
    let not_before = *validity.first()?;
    skip(&mut validity, not_before)?;
    match *validity.first()? {
        UTC_TIME => time(value(validity, UTC_TIME)?.0, 2),
        GENERALIZED_TIME => time(value(validity, GENERALIZED_TIME)?.0, 4),
        _ => None,
    }
}

fn take<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    std::mem::take(bytes)
}

/// Skips a value with this tag.
fn skip(bytes: &mut &[u8], tag: u8) -> Option<()> {
    *bytes = value(bytes, tag)?.1;
    Some(())
}

/// The content of the value at the beginning of `bytes`, if it has this tag, and what follows it.
fn value(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[first, length], rest) = bytes.split_first_chunk::<2>()?;
    if first != tag {
        return None;
    }
    let (length, rest) = match length {
        short @ 0..=0x7F => (usize::from(short), rest),
        // The number of length bytes; four are more than any certificate needs.
        long @ 0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7F))?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// Parses `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`; two-digit years from 50 are in the 20th century.
fn time(text: &[u8], year_digits: usize) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = text.split_at_checked(year_digits)?;
    let year: i16 = year.parse().ok()?;
    let year = match year_digits {
        2 if year >= 50 => 1900 + year,
        2 => 2000 + year,
        _ => year,
    };
    let two = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let at = civil::DateTime::new(year, two(0)?, two(2)?, two(4)?, two(6)?, two(8)?, 0).ok()?;
    Some(Timestamp(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &[u8] = include_bytes!("../http/testdata/localhost.der");

    #[track_caller]
    fn check(text: &str, digits: usize, want: Option<&str>) {
        let found = time(text.as_bytes(), digits);
        let found = found.map(|at| jiff::Timestamp::from_millisecond(at.0).unwrap().to_string());
        assert_eq!(found.as_deref(), want, "{text}");
    }

    #[test]
    fn both_forms_of_time_are_read() {
        check("261122134333Z", 2, Some("2026-11-22T13:43:33Z"));
        check("500101000000Z", 2, Some("1950-01-01T00:00:00Z"));
        check("20501122134333Z", 4, Some("2050-11-22T13:43:33Z"));
        for text in ["", "261122134333", "261322134333Z", "2611", "é61122134333Z"] {
            check(text, 2, None);
        }
    }

    #[test]
    fn the_end_of_a_certificate_is_found() {
        let at = expiry(CERTIFICATE).unwrap();
        assert_eq!(jiff::Timestamp::from_millisecond(at.0).unwrap().to_string(), "2126-10-29T07:41:33Z");
    }

    #[test]
    fn no_part_of_a_certificate_is_more_than_nothing() {
        for length in 0..CERTIFICATE.len().min(200) {
            assert_eq!(expiry(&CERTIFICATE[..length]), None, "{length}");
        }
    }
}
