//! `hedge` in a profile and on the command line: `off`, a percentile or a duration.

use toml::Spanned;
use toml::de::DeValue;

pub use llmroute_core::routing::hedge::Delay;

use super::diagnostic::Diagnostic;
use super::duration;
use super::table::FromToml;
use super::value::NonZeroDuration;

/// The forms of a value, as advice.
pub const FORMS: &str = "write `off`, a percentile like `p95`, or a duration like `1.5s`";

/// Reads `text`; `None` is off.
///
/// # Errors
/// The mistake in it, as a message.
pub fn parse(text: &str) -> Result<Option<Delay>, String> {
    if text == "off" {
        return Ok(None);
    }
    if let Some(number) = text.strip_prefix('p')
        && let Ok(percentile) = number.parse::<u8>()
    {
        return match percentile {
            1..=99 => Ok(Some(Delay::Percentile(percentile))),
            _ => Err(format!("`{text}` is not a valid percentile; use `p1` to `p99`")),
        };
    }
    match duration::parse(text) {
        Ok(delay) if !delay.is_zero() => Ok(Some(Delay::Fixed(delay))),
        Ok(_) => Err("`hedge` must be greater than zero".to_owned()),
        Err(why) => Err(why),
    }
}

/// The value of the key `hedge`; `None` is off.
#[derive(Debug, Clone, Copy)]
pub struct Hedge(pub Option<Delay>);

impl FromToml<'_> for Hedge {
    const TYPE: &'static str = "`\"off\"`, `\"p95\"` or duration";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let Some(text) = raw.get_ref().as_str() else {
            return NonZeroDuration::from_toml(raw, diagnostics).map(|delay| Self(Some(Delay::Fixed(delay.0))));
        };
        parse(text).map_err(|why| diagnostics.push(Diagnostic::error(why).at(raw.span()).help(FORMS))).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(text: &str, want: Result<Option<Delay>, &str>) {
        assert_eq!(parse(text), want.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn a_percentile() {
        check("p95", Ok(Some(Delay::Percentile(95))));
        check("p100", Err("`p100` is not a valid percentile; use `p1` to `p99`"));
        check("p0", Err("`p0` is not a valid percentile; use `p1` to `p99`"));
    }

    #[test]
    fn a_span_of_time() {
        check("1.5s", Ok(Some(Delay::Fixed(Duration::from_millis(1500)))));
        check("0s", Err("`hedge` must be greater than zero"));
        assert!(parse("soon").is_err());
    }

    #[test]
    fn off() {
        check("off", Ok(None));
    }
}
